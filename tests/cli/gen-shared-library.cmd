"$REAPSIM" gen shared-library processes=3 dying=1 rounds=2 lib_pages=9 own_pages=2 stay_touches=2 big_pages=33
