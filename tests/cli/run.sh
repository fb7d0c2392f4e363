#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Golden tests of the command line. NAME.cmd is a shell snippet that runs in an
# empty folder with $REAPSIM (the program) and $SRC (the source tree) set; its
# stdout, stderr and exit code must be what NAME.golden says.
#
#	tests/cli/run.sh [--update] [NAME...]
set -u
. "$(dirname "$0")/../lib.sh"
SRC=$src
export REAPSIM SRC
update=false
if [ "${1:-}" = --update ]; then
	update=true
	shift
fi

one() {
	local cmd=$1 name golden dir rc
	name=$(basename "$cmd" .cmd)
	golden=${cmd%.cmd}.golden
	dir=$top/$name
	mkdir "$dir"
	(cd "$dir" && exec bash "$cmd") >"$top/stdout" 2>"$top/stderr" </dev/null
	rc=$?
	{
		echo "--- stdout"
		cat "$top/stdout"
		echo "--- stderr"
		# said once by each sanitized run that uses coroutines
		sed '/WARNING: ASan doesn.t fully support makecontext/d' "$top/stderr"
		echo "--- exit $rc"
	} | sed -e "s|$dir|TMP|g" -e "s|$REAPSIM|REAPSIM|g" -e "s|$src|SRC|g" >"$top/got"
	rm -rf "$dir"
	if $update; then
		if ! cmp -s "$top/got" "$golden"; then
			cp "$top/got" "$golden"
			echo "updated $name"
		fi
		pass
	elif [ ! -f "$golden" ]; then
		fail "$name: there is no $name.golden"
	elif diff -u --label "$name.golden" --label "$name now" "$golden" "$top/got"; then
		pass
	else
		fail "$name"
	fi
}

if [ ! -x "$REAPSIM" ]; then
	echo "FAIL: no program at $REAPSIM"
	echo "0 passed, 1 failed"
	exit 1
fi
if [ $# -gt 0 ]; then
	for name; do
		one "$src/tests/cli/$name.cmd"
	done
else
	for cmd in "$src"/tests/cli/*.cmd; do
		one "$cmd"
	done
	# What is no longer tested should not look as if it were.
	for golden in "$src"/tests/cli/*.golden; do
		if [ -e "$golden" ] && [ ! -f "${golden%.golden}.cmd" ]; then
			fail "$(basename "$golden"): has no .cmd"
		fi
	done
fi
finish
