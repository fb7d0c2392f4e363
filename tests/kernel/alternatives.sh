#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: alternatives.sh REAPSIM          compares with alternatives.kernel.csv
#        alternatives.sh --record FOLIOS  plays it on a stock kernel (KERNEL, KERNEL_IMAGE); FOLIOS:
#                                         small or large
#
# What a killer can do without the patch, beside what the patch does: the worked example
# (kernel-patch/player/worked-example.csv; for large folios window-restart, the same with a
# readahead window) under baseline, skip, evict and skip+evict, which the
# player imitates (kernel-patch/player/stock.c), and under cold-first, pageout-first and
# dontneed-after, which it does. Prints pages refaulted and read from the disk after the last
# life of app, in the kernel as the range over its runs, and in the simulator; fails if a number
# of the simulator is outside the range by more than 1% of the accesses.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scripts=$here/../../kernel-patch/scripts
# trace_of FOLIOS
trace_of() {
	case $1 in
	small) echo "$here/../../kernel-patch/player/worked-example.csv" ;;
	large) echo "$here/../../traces/scenarios/stock/window-restart.csv" ;;
	esac
}
policies="baseline skip evict skip+evict cold-first pageout-first dontneed-after"
if [ "${1:-}" = --record ]; then
	folios=${2:?usage: alternatives.sh --record small|large}
	POLICY=$policies LRU="classic mglru" RUNS=${RUNS:-3} \
		SET="damon_stat=0 thp=never folios=$folios" "$scripts/stock-run.sh" "$(trace_of "$folios")" |
		awk -F, -v folios="$folios" '$7 == "run5" && $8 ~ /^(workingset_refault_file|active_file|inactive_file)$/ {
			print folios "," $4 "," $3 "," $6 "," $8 "," ($8 ~ /^workingset/ ? $9 : $9 / 4096) }'
	exit
fi
reapsim=${1:?usage: alternatives.sh REAPSIM}

# the simulator knows skip and evict by the names of the policies that have them
simulator() {
	local folios lru policy name
	for folios in small large; do
		for lru in classic mglru; do
			for policy in $policies; do
				name=${policy/skip/v1}
				[ "$name" != evict ] || name=baseline+evict
				"$reapsim" run -s kmem=on -s "max_folio_order=$([ $folios = small ] && echo 0 || echo 9)" \
					-s memcg_stats=flushed -s read_us=800 --lru $lru --policy "$name" --csv - "$(trace_of $folios)" |
					awk -F, -v head="simulator,$folios,$lru,$policy,1" '
NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
$column["mark"] == "run5" {
	print head ",workingset_refault_file," $column["workingset_refault_file"]
	print head ",active_file," $column["nr_active_file"]
	print head ",inactive_file," $column["nr_inactive_file"]
}'
			done
		done
	done
}
{
	sed 's/^/kernel,/' "$here/alternatives.kernel.csv"
	simulator
} | awk -F, '
/^kernel,(#|folios)/ { next }
{
	key = $2 "," $3 "," $4
	if (!(key in seen)) {
		seen[key] = 1
		order[++nr] = key
	}
	k = key "," $6
	if ($1 == "simulator") {
		simulator[k] = $7
		next
	}
	if (!(k in low) || $7 < low[k])
		low[k] = $7
	if (!(k in high) || $7 > high[k])
		high[k] = $7
}
function range(k) { return low[k] == high[k] ? low[k] : low[k] " to " high[k] }
function outside(k,   by) {
	by = simulator[k] < low[k] ? low[k] - simulator[k] : simulator[k] > high[k] ? simulator[k] - high[k] : 0
	return by > 0.01 * 52480
}
END {
	print "| folios | LRU | policy | refaults: kernel | simulator | active pages: kernel | simulator |"
	print "|---|---|---|---|--:|---|--:|"
	for (i = 1; i <= nr; i++) {
		split(order[i], of, ",")
		r = order[i] ",workingset_refault_file"
		a = order[i] ",active_file"
		printf "| %s | %s | `%s` | %s | %d%s | %s | %d%s |\n", of[1] == "small" ? "order 0" : "large", of[2], of[3],
			range(r), simulator[r], outside(r) ? " (!)" : "", range(a), simulator[a], outside(a) ? " (!)" : ""
		bad += outside(r) + outside(a)
	}
	exit bad > 0 || !nr
}'
