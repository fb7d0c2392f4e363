#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# alternatives.sh [TRACE...]: what a killer can do without the patch, and what the patch
# does, on recordings (default: postgres-restart and package-build) whose processes all end by
# process_mrelease(). File pages read from the device, as the change against baseline at the
# same limit: the median, smallest and largest of nine limits, 67% to 83% of the recording's
# peak in steps of 2. A markdown table.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}
[ $# -gt 0 ] || set -- traces/shipped/postgres-restart.rtrace traces/shipped/package-build.rtrace

for lru in classic mglru; do
	"$reapsim" compare --lru $lru --ends-as mrelease --memory 67%,69%,71%,73%,75%,77%,79%,81%,83% \
		--policies baseline,v1,baseline+evict,v1+evict,cold-first,pageout-first,dontneed-after \
		--csv - "$@"
done | awk -F, '
$1 == "trace" {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}
{
	key = $at["trace"] SUBSEP $at["lru"]
	if (!(key in seen)) {
		seen[key] = 1
		keys[++nr_keys] = key
	}
	if (!($at["policy"] in known)) {
		known[$at["policy"]] = 1
		policies[++nr_policies] = $at["policy"]
	}
	if ($at["policy"] == "baseline")
		limits[key, ++nr[key]] = $at["machine"]
	fills[key, $at["policy"], $at["machine"]] = $at["sim_fills"]
}
# the median, smallest and largest change
function range(key, policy,   n, i, j, x, c) {
	n = nr[key]
	for (i = 1; i <= n; i++) {
		x = fills[key, "baseline", limits[key, i]]
		x = 100 * (fills[key, policy, limits[key, i]] - x) / x
		for (j = i; j > 1 && c[j - 1] > x; j--)
			c[j] = c[j - 1]
		c[j] = x
	}
	return sprintf("%+.1f%% (%+.1f%% to %+.1f%%)", c[int((n + 1) / 2)], c[1], c[n])
}
END {
	head = "| policy |"
	rule = "|---|"
	for (k = 1; k <= nr_keys; k++) {
		split(keys[k], of, SUBSEP)
		sub(/\.[a-z]*$/, "", of[1])
		head = head " " of[1] ", " of[2] " |"
		rule = rule "--:|"
	}
	print head
	print rule
	for (p = 2; p <= nr_policies; p++) {
		row = "| `" policies[p] "` |"
		for (k = 1; k <= nr_keys; k++)
			row = row " " range(keys[k], policies[p]) " |"
		print row
	}
}'
