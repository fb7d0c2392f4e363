#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What reapsim play adds to the operations of a trace: the same system calls and faults in a bare
# loop, in turns with a play, on cached pages of one file. Prints for each kind the median of the
# ratios and their range. As root.
#
#	read	4 KiB a call
#	fault	a touch a fault, which maps 16 pages
#	touch	every page: 15 of 16 touches take no fault
#
#	tests/bench/play.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim} rounds=${1:-7} pages=20000
tmp=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$tmp"' EXIT
${CC:-gcc} -O2 -o "$tmp/bare" tests/bench/play-bare.c
# past the page cache, as the player writes its files
dd if=/dev/zero of="$tmp/file" bs=1M count=$((pages / 256 + 1)) oflag=direct status=none
truncate -s $((pages * 4096)) "$tmp/file"

for kind in read fault touch; do
	# the first process fills the cache, as the bare loop does before its clock runs
	awk -v pages=$pages -v kind=$kind 'BEGIN {
		print "reapsim-trace,1\nmachine,memcg_pages," pages * 2 "\nfile,app," pages "\nspawn,1"
		print "read,1,app,0," pages "\nspawn,2\nmap,2,0," pages ",r--p,app,0"
		if (kind == "read")
			for (i = 0; i < pages; i++)
				print "read,2,app," i ",1"
		else
			for (i = 0; i < pages; i += kind == "fault" ? 16 : 1)
				print "touch,2," i ",1,r"
	}' >"$tmp/$kind.csv"
	for ((i = 0; i < rounds; i++)); do
		bare=$(taskset -c 0 "$tmp/bare" $kind "$tmp/file" $pages)
		"$reapsim" play -n 1 -p baseline --no-think --dir "$tmp" --operations "$tmp/o.csv" --force "$tmp/$kind.csv" >/dev/null
		awk -F, -v bare="$bare" -v kind=$kind '$7 == 2 && $6 == (kind == "read" ? "read" : "touch") { sum += $8 }
			END { printf "%.4f\n", sum / bare }' "$tmp/o.csv"
	done | sort -n | awk -v kind=$kind '{ v[NR] = $1 } END { printf "%-6s %.3f [%.3f, %.3f]\n", kind, v[int((NR + 1) / 2)], v[1], v[NR] }'
done
