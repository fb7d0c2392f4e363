# The worked example on v6.12 (tests/kernel/worked-example-6.12.runs.csv has what the
# kernel counted): nothing waits in a batch when a gather is freed, so that all 4096
# pages of app are active after two runs, where v7.3 has 4092
trace=$SRC/kernel-patch/player/worked-example.csv
for kernel in 6.12 7.3; do
	"$REAPSIM" run --kernel $kernel --set memcg_stats=flushed --set read_us=350 --csv - "$trace" |
		awk -F, -v kernel=$kernel '
NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
$col["mark"] ~ /run3|run5/ {
	print kernel, $col["mark"], $col["workingset_refault_file"], $col["pgactivate"], \
		$col["pgscan_direct"], $col["pgsteal_direct"]
}'
done
"$REAPSIM" run --kernel 5.15 "$trace"
