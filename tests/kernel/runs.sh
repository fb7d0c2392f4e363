#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: runs.sh --record <CSV >RECORDED
#        runs.sh RECORDED <CSV
#
# CSV is the output of kernel-patch/scripts/run.sh. --record extracts the four counters by
# which the worked example is judged, a row for each run and snapshot. In a recorded file a
# cell may also be a range, LOW-HIGH, over several runs.
#
# Without --record the runs are compared with recorded ones, and a line is printed for each LRU
# and policy. As a few runs do not show the whole range, a counter may be outside the range of
# the recorded runs by 1% of its upper end or by the width of the range, whichever is larger.
# The line says "ok" if all counters are within this, "FAIL" otherwise or if there is no run.
# Fails if a line says "FAIL".
set -eu

case ${1:?usage: runs.sh --record, or runs.sh RECORDED} in
--record)
	exec awk -F, -v qemu="$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')" \
		-v date="$(date +%F)" '
$1 == "kernel" { next }
!head++ {
	print "# v" $1 " with kernel-patch/test-only, config " $2 ", " $5 " by kernel-patch/player,"
	print "# QEMU " qemu " TCG, " date "; made by tests/kernel/runs.sh --record."
	print "policy,lru,run,mark,workingset_refault_file,pgactivate,pgscan,pgsteal"
}
$8 ~ /^(workingset_refault_file|pgactivate|pgscan|pgsteal)$/ {
	key = $3 "," $4 "," $6 "," $7
	if (!(key in seen)) {
		seen[key]
		order[n++] = key
	}
	value[key, $8] = $9
}
END {
	for (i = 0; i < n; i++)
		print order[i] "," value[order[i], "workingset_refault_file"] "," \
			value[order[i], "pgactivate"] "," value[order[i], "pgscan"] "," value[order[i], "pgsteal"]
	exit !n
}'
	;;
*)
	exec awk -F, '
/^#/ { next }
FILENAME == ARGV[1] && $1 == "policy" {
	for (i = 5; i <= NF; i++)
		name[i] = $i
	next
}
FILENAME == ARGV[1] {
	which = $2 " " $1
	if (!(which in cells)) {
		cells[which] = 0
		order[n++] = which
	}
	for (i = 5; i <= NF; i++) {
		key = $1 "," $2 "," $4 "," name[i]
		ends = split($i, end, "-")
		if (!(key in low) || end[1] < low[key])
			low[key] = end[1]
		if (end[ends] > high[key])
			high[key] = end[ends]
	}
	next
}
($3 "," $4 "," $7 "," $8) in low {
	key = $3 "," $4 "," $7 "," $8
	which = $4 " " $3
	cells[which]++
	off = $9 < low[key] ? low[key] - $9 : $9 > high[key] ? $9 - high[key] : 0
	if (!off)
		next
	outside[which]++
	spread = high[key] - low[key]
	percent = 100 * off / (high[key] > 0 ? high[key] : 1)
	if (percent > 1 && off > spread)
		bad[which] = bad[which] sprintf("; %s after %s is %d, was %d to %d", $8, $7, $9, low[key], high[key])
	else if (percent > worst[which])
		worst[which] = percent
}
END {
	for (i = 0; i < n; i++) {
		which = order[i]
		if (!cells[which])
			bad[which] = "; no run"
		failed += bad[which] != ""
		printf "%s %s: %d cells, %d in the range of the recorded runs%s%s\n",
			bad[which] == "" ? "ok" : "FAIL", which, cells[which], cells[which] - outside[which],
			worst[which] ? sprintf(", others off by %.2f%% at most", worst[which]) : "", bad[which]
	}
	exit failed || !n
}' "$1" -
	;;
esac
