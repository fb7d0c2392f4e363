#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-settings.sh [RECORDING]: what a setting that the distribution has on changes. It compares
# results/stock/RECORDING-SETTING.csv, in which one of thp, boost and damon is on, with
# RECORDING.csv (default: stock-v7.3.4-mglru-large), in which all are off: counters at the
# last snapshot of each scenario under baseline, lowest and highest of all runs, and by how
# much the medians differ. "stock-agreement.sh" with SETTINGS=large-SETTING records them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

off=$here/results/stock/${1:-stock-v7.3.4-mglru-large}
[ -f "$off.csv" ] || bad "no recording $off.csv"
echo "| setting | scenario | counter | off | on | difference |"
echo "|---|---|---|--:|--:|--:|"
for setting in thp boost damon; do
	on=$off-$setting
	[ ! -f "$on.csv" ] || awk -F, -v setting="$setting" '
	function sort(v, n,   i, j, t) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
				t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
			}
	}
	function range(values,   v, n) {
		n = split(values, v, " ")
		sort(v, n)
		median = v[int((n + 1) / 2)]
		return v[1] == v[n] ? v[1] : v[1] "-" v[n]
	}
	$2 != "baseline" || $4 !~ /^(workingset_refault_file|pgactivate|pgscan)$/ { next }
	FNR == NR { off[$1, $4, $3] = $5; next }
	{ if (!($1 in last)) names[++nr] = $1; last[$1] = $3; on[$1, $4, $3] = $5 }
	END {
		split("workingset_refault_file pgactivate pgscan", counter, " ")
		for (i = 1; i <= nr; i++)
			for (c = 1; c <= 3; c++) {
				key = names[i] SUBSEP counter[c] SUBSEP last[names[i]]
				if (!(key in off))
					continue
				a = range(off[key]); before = median
				b = range(on[key])
				print "| " setting " | " names[i] " | " counter[c] " | " a " | " b " | " \
					(before ? sprintf("%+.1f%%", 100 * (median - before) / before) : median ? "new" : "0") " |"
			}
	}' "$off.csv" "$on.csv"
done
