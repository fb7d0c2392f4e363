#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# One program run again and again by a shell loop, each run short: a Python
# script that reads one report, and awk over its result.
#
#	traces/record/workloads/shell-loop.sh prepare DIR
#	traces/record/record.sh -o shell-loop.perf.txt --cold -- \
#		traces/record/workloads/shell-loop.sh run DIR [RUNS]

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [RUNS]" >&2; exit 2; }
dir=$2
runs=${3:-120}

prepare()
{
	mkdir -p "$dir/in"
	cat >"$dir/count.py" <<'PY'
import collections
import json
import re
import sys

words = collections.Counter(re.findall(r"[a-z]+", open(sys.argv[1]).read()))
print(json.dumps(words.most_common(20)))
PY
	n=0
	while [ $n -lt 12 ]; do
		awk -v seed=$n 'BEGIN { x = seed + 1; for (i = 0; i < 6000; i++) {
			x = (x * 1103 + 12345) % 65536
			printf "%c%c%c ", 97 + x % 26, 97 + int(x / 26) % 26, 97 + int(x / 676) % 26
			if (i % 12 == 11) print "" } }' >"$dir/in/$n.txt"
		n=$((n + 1))
	done
}

run()
{
	i=0
	while [ $i -lt "$runs" ]; do
		/usr/bin/python3 "$dir/count.py" "$dir/in/$((i % 12)).txt" |
			awk '{ print length($0) }' >>"$dir/log"
		i=$((i + 1))
	done
}

case $1 in
prepare) prepare ;;
run) rm -f "$dir/log"; run ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
