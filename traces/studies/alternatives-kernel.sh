#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# alternatives-kernel.sh FOLDER RESULTS.csv...: what a killer can do without the patch, and what
# the patch does, on a kernel and in the simulator: the recordings of record.sh, whose scenarios
# are in FOLDER. Pages read from the disk until the last snapshot, and the change against
# baseline: that of the medians, and in brackets the range over all pairs of runs. The
# simulator gets the times that were measured in the guest. Markdown tables.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}
[ $# -gt 1 ] || { echo "usage: alternatives-kernel.sh FOLDER RESULTS.csv..." >&2; exit 2; }
folder=$1
shift

for results; do
	"$reapsim" agree -t "$folder" --csv - "$results"
done | awk -F, '
$6 == "disk_read_pages" {
	key = $2 ", " $3
	if (!(key in seen)) {
		seen[key] = 1
		keys[++nr_keys] = key
	}
	if (!((key, $4) in low))
		policies[key, ++nr[key]] = $4
	low[key, $4] = $7
	median[key, $4] = $8
	high[key, $4] = $9
	runs[key, $4] = $10
	sim[key, $4] = $11
}
function percent(x, of) { return sprintf("%+.1f%%", 100 * (x - of) / of) }
function range(k) { return low[k] == high[k] ? low[k] : low[k] " to " high[k] }
# the simulator against the range
function beside(k,   by) {
	by = sim[k] < low[k] ? sim[k] - low[k] : sim[k] > high[k] ? sim[k] - high[k] : 0
	return by ? percent(median[k] + by, median[k]) : "inside"
}
END {
	for (i = 1; i <= nr_keys; i++) {
		key = keys[i]
		base = key SUBSEP "baseline"
		print (i > 1 ? "\n" : "") key ":\n"
		print "| policy | runs | read: kernel | simulator | off by | change: kernel | simulator |"
		print "|---|--:|--:|--:|--:|--:|--:|"
		for (p = 1; p <= nr[key]; p++) {
			k = key SUBSEP policies[key, p]
			row = "| `" policies[key, p] "` | " runs[k] " | " range(k) " | " sim[k] " | " beside(k) " |"
			if (k == base)
				print row " | |"
			else
				print row " " percent(median[k], median[base]) " (" percent(low[k], high[base]) " to " \
					percent(high[k], low[base]) ") | " percent(sim[k], sim[base]) " |"
		}
	}
}'
