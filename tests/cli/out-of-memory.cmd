# The simulated machine is out of memory: the run fails, exit 1, and the other runs of a
# comparison are kept.
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
# kswapd finds all memory younger than min_ttl_ms, and only a timed run has an OOM killer.
cat >ttl.csv <<'T'
reapsim-trace,1
machine,memory_pages,1000
machine,min_ttl_ms,1000
file,a,2000
spawn,1
anon,1,0x1000,100,rw-p
touch,1,0x1000,100,w
read,1,a,0,2000
advance,1s
T
"$REAPSIM" run ttl.csv --lru mglru
echo "run: $?"
"$REAPSIM" outcome ttl.csv -n 1 -p baseline --lru mglru --csv - | awk -F, '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	NR > 1 { print "oom_kills:", $at["oom_kills"] }'
"$REAPSIM" run ttl.csv >/dev/null
echo "classic: $?"

# More pages than a run can number: it does not begin, but the others do. Bug: reapsim waited
# for the run forever.
"$REAPSIM" compare t.csv -p baseline --memory 400,4294967295
echo "compare: $?"
"$REAPSIM" outcome t.csv -n 1 -p baseline --memory 4294967295 >/dev/null
echo "outcome: $?"
