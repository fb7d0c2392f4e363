# A small grid: the table, the rows, the picture; the same with any number of
# threads. What is wrong is said.
W="kill-return victims=8 app_pages=256 horizon_ticks=12 stream_pages=128 memcg_pages=2000"
M="$SRC/traces/machines"
"$REAPSIM" breakeven $W -m "$M/cloud-block.conf" -s device_spread_percent=20 \
	-d 1s,5s -P 0,0.5,1 -n 3 --plots plots
ls . plots
"$REAPSIM" breakeven $W -m "$M/cloud-block.conf" -s device_spread_percent=20 \
	-d 1s,5s -P 0,0.5,1 -n 3 --csv two.csv --jobs 2 >/dev/null
cmp breakeven.csv two.csv && echo "1 thread and 2: equal"
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
try kill-return victims=0 -m "$M/x86.conf"
try nothing -m "$M/x86.conf"
try kill-return -m "$M/x86.conf" -p v9
