#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Work on a source tree with scans in between: git commands (short runs of one
# binary that map the index and the packs) while grep streams the whole tree
# through the page cache.
#
#	traces/record/workloads/source-scan.sh prepare DIR
#	traces/record/record.sh -o source-scan.perf.txt --cold -- \
#		traces/record/workloads/source-scan.sh run DIR [ROUNDS]

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [ROUNDS]" >&2; exit 2; }
dir=$2
rounds=${3:-10}
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=/dev/null
GIT_PAGER='cat'
GIT_AUTHOR_NAME=reapsim GIT_AUTHOR_EMAIL=reapsim@example.org
GIT_COMMITTER_NAME=reapsim GIT_COMMITTER_EMAIL=reapsim@example.org
GIT_AUTHOR_DATE="2026-01-01T00:00:00Z" GIT_COMMITTER_DATE="2026-01-01T00:00:00Z"
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_PAGER GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL
export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_DATE

prepare()
{
	mkdir -p "$dir"
	cd "$dir"
	# 40 folders of 30 files, 12 to 28 KB each: about 24 MB
	d=0
	while [ $d -lt 40 ]; do
		mkdir -p "d$d"
		d=$((d + 1))
	done
	awk 'BEGIN {
		x = 1
		for (d = 0; d < 40; d++) {
			for (f = 0; f < 30; f++) {
				name = "d" d "/f" f ".c"
				lines = 300 + (d * 31 + f * 17) % 400
				for (i = 0; i < lines; i++) {
					x = (x * 1103 + 12345) % 65536
					printf "static int value_%d_%d_%d = %d; /* note %d */\n", \
						d, f, i, x, x % 977 >name
				}
				close(name)
			}
		}
	}'
	git init -q -b main .
	git add -A
	git commit -q -m "generated tree"
	git repack -q -a -d
}

run()
{
	cd "$dir"
	i=0
	while [ $i -lt "$rounds" ]; do
		git status --short
		git log --oneline | head -n 3
		git show --stat HEAD | tail -n 1
		git diff --stat
		git grep -c "note $((i * 7)) " -- "d$((i % 40))" | tail -n 1
		git cat-file -p "HEAD:d$((i * 3 % 40))/f0.c" | wc -l
		[ $((i % 3)) != 2 ] || grep -r -c "note $i " d* | tail -n 1
		i=$((i + 1))
	done
}

case $1 in
prepare) prepare ;;
run) run ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
