#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: worked-example.sh path/to/reapsim
# Compares the worked example (README.md in this folder) with the counters of a real kernel.
# The error of a cell is 0 inside the range of the kernel's runs, otherwise the distance to
# the range divided by the kernel's value. Fails if one exceeds 1%.
set -eu
reapsim=${1:?usage: worked-example.sh path/to/reapsim}
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT

# KERNEL-RESULTS TRACE [OPTION...]
compare() {
	local kernel=$1 trace=$2 policy
	shift 2
	for policy in $(awk -F, '!/^(#|policy)/ && !seen[$1]++ { print $1 }' "$kernel"); do
		"$reapsim" run --policy "$policy" --csv - "$@" "$trace"
	done >"$tmp"
	judge "$kernel"
}

judge() {
	awk -F, '
FNR == NR {			# the simulator, a row per snapshot
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
	printf "%-9s %-5s %-24s %13s %9s %7s\n", "policy", "after", "counter", "kernel", "simulator", "error"
	next
}
{
	for (i = 3; i <= NF; i++) {
		split($i, range, "-")
		is = sim[$1 "," $2 "," name[i]]
		off = is == "" ? 1e9 : is < range[1] ? range[1] - is : is > range[2] ? is - range[2] : 0
		error = off ? off / (range[2] > 0 ? range[2] : 1) : 0
		cells++
		inside += !off
		worst = error > worst ? error : worst
		printf "%-9s %-5s %-24s %13s %9s%s\n", $1, $2, name[i],
			range[1] == range[2] ? range[1] : $i, is,
			off ? sprintf(" %6.2f%%", 100 * error) : ""
	}
}
END {
	printf "%d cells, %d inside the range of the kernel, worst error %.2f%%\n",
		cells, inside, 100 * worst
	exit worst > 0.01
}' "$tmp" "$1"
}

status=0
echo "this repository's player: no page of its own, 800 us a read on a busy host"
compare "$here/worked-example-player.kernel.csv" \
	"$here/../../kernel-patch/player/worked-example.csv" \
	--set memcg_stats=flushed --set read_us=800 || status=1
echo
echo "an earlier player: nine pages of its own a process (inferred), 200 us a read"
compare "$here/worked-example.kernel.csv" "$here/worked-example.csv" || status=1
exit $status
