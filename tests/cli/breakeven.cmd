# A small grid: table, rows and plot, the same with any number of threads; and errors.
W="kill-return victims=8 app_pages=256 horizon_ticks=12 stream_pages=128 memcg_pages=2000"
M="$SRC/traces/machines"
"$REAPSIM" breakeven $W -m "$M/cloud-block.conf" -s device_spread_percent=20 \
	-d 1s,5s -P 0,0.5,1 -n 3 --plots plots
ls . plots
"$REAPSIM" breakeven $W -m "$M/cloud-block.conf" -s device_spread_percent=20 \
	-d 1s,5s -P 0,0.5,1 -n 3 --csv two.csv --jobs 2 >/dev/null
cmp breakeven.csv two.csv && echo "1 thread and 2: equal"
# a generator with its own restart options: each seed is another workload, and restarted
# processes miss the page cache that +evict drops
DB="image_pages=256 data_pages=2500 data_touches=60 anon_pages=512 hog_pages=2048"
"$REAPSIM" breakeven db-pressure $DB memcg_pages=4096 seconds=300 -m "$M/server-nvme.conf" \
	-d 1s,40s -P 0,0.5,1 -n 4 -l classic -p baseline,v1+evict --csv db.csv --differences d.csv
head -3 d.csv
head -1 db.csv | tr , '\n' | grep -n "restart_ms\|return_percent\|seed\|net_ns"
try() {
	"$REAPSIM" breakeven "$@"
	echo "exit $?"
}
try
try kill-return
try kill-return -m missing.conf
try kill-return -m "$M/x86.conf" -n 1
try kill-return -m "$M/x86.conf" -d soon
try kill-return -m "$M/x86.conf" -P 2
try android-ageing -m "$M/x86.conf" -d 1500ms
try android-ageing -m "$M/x86.conf" -d 0s
try kill-return victims=0 -m "$M/x86.conf"
try nothing -m "$M/x86.conf"
try kill-return -m "$M/x86.conf" -p v9
