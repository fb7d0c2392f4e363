# Samples of a trace, with intervals: tables, rows, the same with any number of threads; what is
# refused; how often the interval is right, on a few traces.
"$REAPSIM" gen restart-loop -o t.rtrace 2>/dev/null
compare() { "$REAPSIM" compare t.rtrace -p v1,demote -e mrelease -M 60% "$@"; }
compare --sample 1/8 | tee table
awk 'length > 72' table
compare --sample 1/8 -l mglru -C pgactivate
compare --sample 1/8 --csv - | tee rows | grep -E '^trace|,(workingset_refault_file|sim_victims),'
compare --sample 1/8 --json - | head -1
for seed in 1 2; do
	"$REAPSIM" run "$SRC/traces/shipped/db-session.csv" --set memcg_pages=80% --sample 1/8 \
		--sample-seed $seed --csv - | md5sum
done | uniq | wc -l
for jobs in 1 3; do compare --sample 1/8 --csv - -j $jobs | md5sum; done | uniq | wc -l
"$REAPSIM" run t.rtrace --set memcg_pages=60% --sample 1/8 | tee table | head -14
awk 'length > 72' table
"$REAPSIM" run t.rtrace --set memcg_pages=60% --sample 1/8 --csv - | sed -n '1p;/refault_file/p'
try() {
	"$REAPSIM" "$@"
	echo "exit $?"
}
try run t.rtrace --sample 8
try run t.rtrace --sample 1/4
try run t.rtrace --set memcg_pages=60% --sample 1/64
try run "$SRC/tests/cli/tiny.csv" --sample 1/8
try run t.rtrace --set memcg_pages=60% --set kmem=on --sample 1/8
try run t.rtrace --set memcg_pages=60% --sample 1/8 --pages p.csv
try compare t.rtrace -M 60% --sample 1/8 --ensemble 8
try compare t.rtrace -M 60% --sample 1/8 --plots p
try compare t.rtrace -M 60% --sample 1/8 --differences d.csv
try outcome t.rtrace -M 60% --sample 1/8
# files of 64 pages in a large memory: four extents are used
printf 'reapsim-trace,1\nmachine,memcg_pages,20000\nfile,a,64\nspawn,1\nread,1,a,0,64\n' >few.csv
try run few.csv --sample 1/8
"$SRC/traces/studies/sampling.sh" --brief
