"$REAPSIM" gen restart-loop app_pages=10 big_pages=40 big_op=read death=kill optin=no -o loop.trace
cat loop.trace
ls
