# The worked example with the rules of each kernel, and the counters of that kernel
# (tests/kernel/README.md). v6.12 drains its batches when an mmu_gather is freed, so all 4096
# pages of app are active after two runs; v7.3 has 4092. With MGLRU v6.12 has twice as many
# refaults: faulted-in pages start in the youngest generation, so pages are evicted in the
# order in which they were added, and app and big together exceed memory a little. v7.3 adds
# them to an old generation, where they are evicted first.
trace=$SRC/kernel-patch/player/worked-example.csv
for kernel in 6.12 7.3; do
	echo "v$kernel"
	for lru in classic mglru; do
		for policy in baseline v1 flag any-exit v1+evict; do
			"$REAPSIM" run --kernel $kernel --lru $lru --policy $policy \
				--set memcg_stats=flushed --set read_us=350 --csv - "$trace"
		done
	done | awk -F, -v kernel=$kernel '
$1 == "trace" { for (i = 1; i <= NF; i++) col[$i] = i; next }
function row(counter, value) {
	if ($col["mark"] != "(end)")
		print kernel ",," $col["policy"] "," $col["lru"] ",,1," $col["mark"] "," counter "," value
}
{
	row("workingset_refault_file", $col["workingset_refault_file"])
	row("pgactivate", $col["pgactivate"])
	row("pgscan", $col["pgscan_kswapd"] + $col["pgscan_direct"])
	row("pgsteal", $col["pgsteal_kswapd"] + $col["pgsteal_direct"])
}' | "$SRC/tests/kernel/runs.sh" "$SRC/tests/kernel/worked-example-$kernel.runs.csv"
done
"$REAPSIM" run --kernel 5.15 "$trace"
