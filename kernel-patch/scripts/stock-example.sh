#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-example.sh REAPSIM: the worked examples on a stock kernel, as recorded in
# results/stock, as markdown: the total of refaulted pages after the last life of app, in
# the kernel and in the simulator, and the cost of the skip in each. INTO=FOLDER: as recorded
# there by stock-agreement.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

reapsim=${1:?usage: stock-example.sh REAPSIM}
for results in "${INTO:-$here/results/stock}"/stock-v7.3*-{classic,mglru}-{small,large}.csv; do
	grep -qs -e '^window-restart,' -e '^sparse-restart,' "$results" || continue
	"$reapsim" agree -t "$here/../traces/scenarios/stock" --scenario window-restart \
		--scenario sparse-restart --csv - "$results" | sed "s/^/$(basename "$results" .csv),/"
done | awk -F, '
function cost(base, policy) { return base ? sprintf("%+.1f%%", 100 * (policy - base) / base) : "" }
$7 == "workingset_refault_file" && $6 == "run5" {
	n = split($1, name, "-")
	key = $3 " | " $4 " | " (name[n] == "small" ? "order 0" : "large")
	if (!(key in seen)) {
		seen[key] = 1
		order[++nr] = key
	}
	range[key, $5] = $8 == $10 ? $8 : $8 "-" $10
	median[key, $5] = $9
	simulator[key, $5] = $12
}
END {
	print "| scenario | LRU | folios | baseline: kernel | simulator | skip (v1): kernel | simulator | costs: kernel | simulator |"
	print "|---|---|---|--:|--:|--:|--:|--:|--:|"
	for (i = 1; i <= nr; i++) {
		key = order[i]
		printf "| %s | %s | %d | %s | %d | %s | %s |\n", key, range[key, "baseline"],
			simulator[key, "baseline"], range[key, "v1"], simulator[key, "v1"],
			cost(median[key, "baseline"], median[key, "v1"]),
			cost(simulator[key, "baseline"], simulator[key, "v1"])
	}
}'
