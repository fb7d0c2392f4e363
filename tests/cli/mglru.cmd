# The worked example with MGLRU. Counters of v7.3-rc7 in QEMU at run5, baseline and v1:
# refault_file 11627 and 11573, refill 28924 and 24960, scan 15389 and
# 15514, steal 15389 and 15338, activate_file 107 and 53.
for policy in baseline v1 demote+evict; do
	"$REAPSIM" run --lru mglru --policy $policy --csv - \
		"$SRC/kernel-patch/player/worked-example.csv"
done | awk -F, '
$1 == "trace" { for (i = 1; i <= NF; i++) col[$i] = i; next }
{
	print $col["policy"], $col["mark"], $col["workingset_refault_file"], $col["pgrefill"],
		$col["pgscan_direct"], $col["pgsteal_direct"], $col["workingset_activate_file"],
		$col["nr_active_file"], $col["nr_inactive_file"]
}'
"$REAPSIM" compare --lru mglru "$SRC/tests/cli/tiny.csv"
