#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Print the result table of README.md: the file pages that each shipped recording reads
# from the device if process_mrelease() reaps every process, and the change under two
# policies, for both LRUs. tests/check-docs.sh compares README.md with this output.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}

for lru in classic mglru; do
	"$reapsim" compare --lru $lru --policies baseline,v1,v1+evict --ends-as mrelease \
		--memory 50%,75% --csv - traces/shipped/*.csv traces/shipped/*.rtrace
done | awk -F, '
$1 == "trace" {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}
{
	key = $at["trace"] SUBSEP $at["machine"]
	if (!(key in seen)) {
		seen[key] = 1
		order[++nr] = key
	}
	fills[key, $at["lru"], $at["policy"]] = $at["sim_fills"]
}
function change(key, lru, policy,    n, c) {
	n = fills[key, lru, "baseline"]
	c = 100 * (fills[key, lru, policy] - n) / n
	if (!(policy in least) || c < least[policy])
		least[policy] = c
	if (!(policy in most) || c > most[policy])
		most[policy] = c
	return sprintf("%+.1f%%", c)
}
END {
	for (i = 1; i <= nr; i++) {
		split(order[i], k, SUBSEP)
		sub(/\.[a-z]*$/, "", k[1])
		row[i] = sprintf("| %s | %s |", k[1], k[2])
		for (l = 1; l <= 2; l++) {
			lru = l == 1 ? "classic" : "mglru"
			row[i] = row[i] sprintf(" %d | %s | %s |", fills[order[i], lru, "baseline"],
				change(order[i], lru, "v1"), change(order[i], lru, "v1+evict"))
		}
	}
	printf "**In simulation, if every process is reaped, skipping the call (`v1`) changes the " \
		"reads from the\ndevice by %+.1f%% to %+.1f%%. Also evicting what only the victim " \
		"mapped (`v1+evict`) changes them by\n%+.1f%% to %+.0f%% (one run of each " \
		"recording).**\n\n",
		least["v1"], most["v1"], least["v1+evict"], most["v1+evict"]
	print "| recording | memory | classic: reads | v1 | v1+evict |" \
		" MGLRU: reads | v1 | v1+evict |"
	print "|---|--:|--:|--:|--:|--:|--:|--:|"
	for (i = 1; i <= nr; i++)
		print row[i]
}'
