# Timed runs: tables of 72 columns, killers and restarts, and the same bytes with any number
# of threads.
T=$SRC/traces/examples/second-mark.csv
cat >phone.conf <<-END
	[machine]
	memory_pages=12000
	cpus=2
	fault_us=1
	scan_ns=200
	read_us=150
	device_mbps=800
	device_depth=8
	device_spread_percent=50
	zap_file_ps=7800
	mark_first_ps=2000
	mark_activate_ps=8500
	mark_active_ps=200
	zap_anon_ps=220000
	evict_ps=100000
END
"$REAPSIM" gen app-rotation apps=5 rounds=3 cached_limit=3 file_pages=1200 anon_pages=1600 \
	gap_ms=200 memcg_pages=0 -o rotation.rtrace
outcome() { "$REAPSIM" outcome --machines phone.conf --check "$@" rotation.rtrace; }
outcome --policies baseline,v1,any-exit+evict --seeds 4 | tee table
awk 'length > 72' table
# the changes of all columns; of the first, which the tables print, the same
outcome --policies baseline,v1 --seeds 4 --differences - | sed -n '1p;/_ms,/p' | cut -d, -f 1-14
outcome -p baseline,v1 --ends-as exit --lru mglru --loop trace --set memory_pages=16000
outcome -p baseline,v1 -K lmkd:partial_ms=10:thrashing=20 --restart on-use --set memory_pages=9000
for jobs in 1 2 3; do
	outcome -p baseline,v1+evict -n 3 -K oomd:pressure=1:duration_ms=0 -r uniform=1ms..1s,p=0.5 \
		-j $jobs --csv - | md5sum
done | uniq | wc -l
outcome -p baseline --csv - | awk -F, 'NR == 1 { n = NF } NF != n { print "ragged" }'
# kswapd runs while a large folio is reclaimed for: the pages that it has are in use
"$REAPSIM" outcome -p baseline --check --set file_system=ext4 --set read_us=10000 --set scan_ns=100 \
	"$SRC/traces/scenarios/stock/guest-read-twice.csv" | tail -n 3
"$REAPSIM" outcome
"$REAPSIM" outcome --killer lmk rotation.rtrace
"$REAPSIM" outcome --killer lmkd:decay=200 rotation.rtrace
"$REAPSIM" outcome --restart often rotation.rtrace
"$REAPSIM" outcome --loop user rotation.rtrace
"$REAPSIM" outcome --seeds 0 rotation.rtrace
"$REAPSIM" outcome --seeds 1 --differences d.csv rotation.rtrace
"$REAPSIM" outcome --csv - --differences - rotation.rtrace
# one process cuts a file that another one still writes, when they run at their own pace
"$REAPSIM" outcome -p baseline -n 1 -e mrelease -M 75% -m "$SRC/traces/machines/vm.conf" \
	"$SRC/traces/shipped/chromium-tabs.rtrace" 2>&1 >/dev/null | sed -n 's/.*record [0-9]* //p'
