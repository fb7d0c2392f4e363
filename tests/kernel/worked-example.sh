#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: worked-example.sh path/to/reapsim
# The worked example (README.md in this folder) beside what a real kernel
# counted; fails if a cell of the simulator is outside the kernel's range.
set -eu
reapsim=${1:?usage: worked-example.sh path/to/reapsim}
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT

for policy in baseline v1; do
	"$reapsim" run --policy $policy --csv - "$here/worked-example.csv"
done >"$tmp"

awk -F, '
FNR == NR {			# the simulator, a row a mark
	if ($1 == "trace") {
		for (i = 1; i <= NF; i++)
			col[$i] = i
		next
	}
	key = $col["policy"] "," $col["mark"] ","
	sim[key "workingset_refault_file"] = $col["workingset_refault_file"]
	sim[key "pgactivate"] = $col["pgactivate"]
	sim[key "pgscan"] = $col["pgscan_kswapd"] + $col["pgscan_direct"]
	sim[key "pgsteal"] = $col["pgsteal_kswapd"] + $col["pgsteal_direct"]
	next
}
/^#/ { next }
$1 == "policy" {
	for (i = 3; i <= NF; i++)
		name[i] = $i
	printf "%-9s %-5s %-24s %13s %9s\n", "policy", "after", "counter", "kernel", "simulator"
	next
}
{
	for (i = 3; i <= NF; i++) {
		split($i, range, "-")
		is = sim[$1 "," $2 "," name[i]]
		cells++
		if (is == "" || is < range[1] || is > range[2]) {
			verdict = "  outside"
			outside++
		} else {
			verdict = ""
		}
		printf "%-9s %-5s %-24s %13s %9s%s\n", $1, $2, name[i],
			range[1] == range[2] ? range[1] : $i, is, verdict
	}
}
END {
	printf "%d cells, %d inside what the kernel counted\n", cells, cells - outside
	exit outside > 0
}' "$tmp" "$here/worked-example.kernel.csv"
