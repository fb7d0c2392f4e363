# SPDX-License-Identifier: GPL-2.0-only
# From the rows of "compare --ensemble N --policies baseline,v1+evict --csv": the pages that
# +evict drops for each victim, and for 100 that it drops how many more are read than under
# baseline. The median of the members, the least and the most.
#
#	awk -F, -f spread.awk -f freed.awk ROWS.csv

$1 == "member" {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}

{
	trace = $at["trace"]
	sub(/\.[a-z]*$/, "", trace)
	row = trace "," $at["lru"]
	if (!(row in seen))
		seen[row] = rows[++nr] = row
	fills[row, $1, $at["policy"]] = $at["sim_fills"]
	if ($at["policy"] ~ /evict/) {
		evicted[row, $1] = $at["sim_zap_evicted"]
		victims[row, $1] = $at["sim_victims"]
		members[row] = $1 + 1
	}
}

END {
	print "trace,lru,members,dropped,dropped_low,dropped_high,again,again_low,again_high"
	for (i = 1; i <= nr; i++) {
		row = rows[i]
		n = 0
		for (m = 0; m < members[row]; m++) {
			if (!evicted[row, m])
				continue
			n++
			sort_in(dropped, n, evicted[row, m] / victims[row, m])
			sort_in(again, n, 100 * (fills[row, m, "v1+evict"] - fills[row, m, "baseline"]) / \
				evicted[row, m])
		}
		if (n)
			printf "%s,%d,%s,%s\n", row, n, spread(dropped, n, "%.0f", 1),
				spread(again, n, "%.0f", 1)
	}
}
