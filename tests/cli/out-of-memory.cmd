# The simulated machine runs out of memory: a failed run, exit 1, and the
# others of a comparison are kept.
cat >t.csv <<'T'
reapsim-trace,1
machine,memcg_pages,200
spawn,1
anon,1,0x1000,300,rw-p
touch,1,0x1000,300,w
exit,1
T
"$REAPSIM" run t.csv
echo "run: $?"
"$REAPSIM" compare t.csv -p baseline,v1 --memory 200,400 --csv out.csv
echo "compare: $?"
cut -d, -f1-8 out.csv
"$REAPSIM" run t.csv --set swap_pages=500 | grep -E 'psw|swap'
