"$REAPSIM" gen app-rotation apps=3 rounds=2 cached_limit=2 file_pages=200 anon_pages=8 gap_ms=5 optin_percent=50
