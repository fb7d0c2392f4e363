#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# large.sh [--brief]: what the skip (v1) and v1+evict cost with page cache of order 0 and with
# large folios, as ext4 has them, for each shipped trace and scenario and both LRUs: a
# markdown table, and one of the counts. --brief: of the scenarios only those where that
# matters for v1.
#
# A cost is the change of file pages read from the device against baseline. "sign": order
# 0 has another sign, or none where large folios have one; "off": the two differ by more
# than 10 points. One run of each, no interval: a replay draws nothing at random.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}
brief=${1:+1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for order in 0 9; do
	for lru in classic mglru; do
		set -- --lru $lru --policies baseline,v1,v1+evict --set max_folio_order=$order
		"$reapsim" compare "$@" --ends-as mrelease --memory 50%,75% \
			--csv "$work/shipped-$lru-$order.csv" traces/shipped/*.csv traces/shipped/*.rtrace >/dev/null
		"$reapsim" compare "$@" --csv "$work/scenarios-$lru-$order.csv" \
			traces/scenarios/*.csv traces/scenarios/stock/*.csv >/dev/null
	done
done

awk -F, -v brief="$brief" '
FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.csv$/, "", name)
	split(name, part, "-")
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}
{
	trace = $at["trace"]
	sub(/\.[a-z]*$/, "", trace)
	key = trace " | " (part[1] == "shipped" ? $at["machine"] : "") " | " part[2]
	if (!(key in seen)) {
		seen[key] = part[1]
		order[++nr] = key
	}
	fills[key, part[3], $at["policy"]] = $at["sim_fills"]
}
function cost(key, large, policy,   base) {
	base = fills[key, large, "baseline"]
	return base ? 100 * (fills[key, large, policy] - base) / base : 0
}
function sign(x) { return x > 0.05 ? 1 : x < -0.05 ? -1 : 0 }
function verdict(key, policy,   small, large, said) {
	small = cost(key, 0, policy)
	large = cost(key, 9, policy)
	cells[policy]++
	said = ""
	if (sign(small) != sign(large)) {
		said = "sign"
		signs[policy]++
		if (sign(small) * sign(large) < 0)
			opposite[policy]++
	}
	if (small - large > 10 || large - small > 10) {
		said = said (said == "" ? "" : ", ") "off"
		off[policy]++
	}
	either[policy] += said != ""
	matters = said
	return sprintf(" %+.1f%% | %+.1f%% | %s |", small, large, said)
}
END {
	print "| trace | memory | LRU | baseline reads: order 0 | large | v1: order 0 | large | | v1+evict: order 0 | large | |"
	print "|---|--:|---|--:|--:|--:|--:|---|--:|--:|---|"
	for (i = 1; i <= nr; i++) {
		key = order[i]
		row = sprintf("| %s | %d | %d |%s", key, fills[key, 0, "baseline"],
			fills[key, 9, "baseline"], verdict(key, "v1"))
		shown = !brief || seen[key] == "shipped" || matters != ""
		row = row verdict(key, "v1+evict")
		if (shown)
			print row
	}
	print "\n| policy | traces x LRUs | order 0 has another sign | of those, the opposite one | off by more than 10 points | either |"
	print "|---|--:|--:|--:|--:|--:|"
	for (p = 1; p <= 2; p++) {
		policy = p == 1 ? "v1" : "v1+evict"
		printf "| `%s` | %d | %d | %d | %d | %d |\n", policy, cells[policy], signs[policy],
			opposite[policy], off[policy], either[policy]
	}
	print "\nOne run of each, no interval."
}' "$work"/shipped-classic-[09].csv "$work"/shipped-mglru-[09].csv \
	"$work"/scenarios-classic-[09].csv "$work"/scenarios-mglru-[09].csv
