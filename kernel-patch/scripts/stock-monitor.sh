#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-monitor.sh [--again] REAPSIM: what DAMON_STAT costs of the marks of a death
# (player/monitor.csv, classic LRU): pages that are active after each of three deaths, of
# 4096 each that were used 5 s before, as recorded in results/monitor-v7.3.4.csv and in the
# simulator with 64 seeds. --again records them with KERNEL (default 7.3) first; without
# the monitor all are active, or it fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

trace=$here/player/monitor.csv
results=$here/results/monitor-v7.3.4.csv
RUNS=8
SEEDS=64

# active FOLIOS - of the CSV of stock-run.sh: "FOLIOS,RUN,DEATH,PAGES"
active() { awk -F, -v folios="$1" '$8 == "active_file" { print folios "," $6 "," substr($7, 6) "," $9 / 4096 }'; }
play() { # FOLIOS DAMON_STAT RUNS
	SET="folios=$1 damon_stat=$2 thp=never boost=0" LRU=classic RUNS=$3 \
		"$here/scripts/stock-run.sh" "$trace"
}
if [ "${1:-}" = --again ]; then
	shift
	new=$(mktemp)
	trap 'rm -f "$new"' EXIT
	echo "folios,run,death,active_pages" >"$new"
	for folios in small large; do
		play $folios 1 $RUNS | active $folios >>"$new"
		play $folios 0 1 | active $folios | awk -F, '$4 != $3 * 4096 { exit 1 }' ||
			die "without the monitor, not every page is active"
	done
	cp "$new" "$results"
fi
reapsim=${1:?usage: stock-monitor.sh [--again] REAPSIM}

# The guest has 196572 pages. Its operations took 3 to 6 ms each.
simulator() { # FOLIOS ORDER
	for ((seed = 1; seed <= SEEDS; seed++)); do
		"$reapsim" run -s damon_stat=on -s damon_seed=$seed -s ram_pages=196572 \
			-s "max_folio_order=$2" -s op_us=4500 --csv - "$trace" | awk -F, -v folios="$1" -v run=$seed '
			NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
			$column["mark"] ~ /^death/ {
				print folios "," run "," substr($column["mark"], 6) "," $column["nr_active_file"] }'
	done
}
{
	sed 1d "$results" | sed 's/^/kernel,/'
	simulator small 0 | sed 's/^/simulator,/'
	simulator large 9 | sed 's/^/simulator,/'
} | sort -t, -k1,1 -k2,2 -k4,4n -k5,5n | awk -F, '
{
	key = $2 "," $4
	if (!((key, $1) in nr))
		low[key, $1] = $5
	value[key, $1, ++nr[key, $1]] = $5
	high[key, $1] = $5
}
function range(key, who) {
	return sprintf("%d to %d, median %d", low[key, who], high[key, who],
		value[key, who, int((nr[key, who] + 1) / 2)])
}
END {
	print "| folios | deaths | used | marked: kernel | simulator |"
	print "|---|--:|--:|---|---|"
	for (f = 1; f <= 2; f++)
		for (death = 1; death <= 3; death++) {
			key = (f == 1 ? "small" : "large") "," death
			printf "| %s | %d | %d | %s | %s |\n", f == 1 ? "order 0" : "large", death,
				4096 * death, range(key, "kernel"), range(key, "simulator")
		}
}'
