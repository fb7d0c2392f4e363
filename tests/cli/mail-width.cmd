# Tables fit a mail: no line has more than 72 columns, with all policies and very large
# numbers.
T=$SRC/traces/examples/second-mark.csv
M=$SRC/traces/machines
ALL=baseline,rfc,v1,flag,any-exit,prctl,demote,any-exit+evict
wide() {
	printf '%s: ' "$1"
	shift
	"$@" >out || echo "exit $?"
	awk 'length > 72 { n++; print } length > most { most = length }
		END { print NR ? n + 0 " lines too wide" : "nothing printed" }' out
}
"$REAPSIM" gen k8s-crashloop groups=2 seconds=120 image_pages=2048 data_pages=256 \
	anon_pages=256 hog_pages=512 memcg_pages=1024 -o k.rtrace
wide outcome "$REAPSIM" outcome -p $ALL -n 3 -m "$M/server-nvme.conf,$M/phone-emmc.conf" \
	-e recorded,mrelease -K lmkd:partial_ms=10 -r log-uniform=100ms..1h,p=0.25 \
	--set read_us=4000000 k.rtrace
wide "outcome, ensemble" "$REAPSIM" outcome -p $ALL --ensemble 8 -m "$M/phone-emmc.conf" -e mrelease k.rtrace
wide pool "$REAPSIM" outcome --pool -p $ALL -m "$M/cloud-block.conf" k.rtrace k.rtrace k.rtrace
wide breakeven "$REAPSIM" breakeven k8s-crashloop groups=2 seconds=60 image_pages=2048 \
	data_pages=256 anon_pages=256 hog_pages=512 memcg_pages=1024 -p any-exit,baseline+evict \
	-m "$M/server-nvme.conf,$M/cloud-block.conf" -d 100ms,1s,20s -P 0..1/0.125 -n 2 \
	--set read_us=4000000
wide breakeven "$REAPSIM" breakeven kill-return victims=8 app_pages=256 horizon_ticks=12 \
	stream_pages=128 memcg_pages=2000 -m "$M/cloud-block.conf" -d 1000000us,5s -n 2 \
	-p baseline,any-exit+evict --csv two.csv
wide reclaim-first "$REAPSIM" reclaim-first app_pages=3072 step_pages=128 after_pages=1024 \
	-s memcg_pages=4096 -S 0,1024,4096 -p $ALL -m "$M/server-nvme.conf,$M/phone-ufs.conf"
wide compare "$REAPSIM" compare -p $ALL -e recorded,mrelease k.rtrace "$T"
wide "compare, memory" "$REAPSIM" compare -p $ALL -M 55%,60%,75%,100%,105% --counter sim_fills k.rtrace
cat >s.conf <<END
[sweep]
generator=restart-loop
[generator]
app_pages=1024..2048/64
[machine]
memcg_pages=4096
[run]
policy=all
END
wide sweep "$REAPSIM" sweep --dry-run s.conf
awk '/^```/ { inside = !inside } inside && length > 72 { print FILENAME ": " $0 }' "$SRC/traces/studies/COST.md"
