#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs traces/examples/KIND/NAME.sh, and says which plug-in or machine file has none.
# An example is a few commands, small and fast, run from the top of the tree with
# reapsim in PATH. Its comments say what to see; each line that begins with "#> " is a
# line of its output, in the order of the output, with single spaces.
#
#	tests/examples.sh [--update] [KIND/NAME...]
#
# --update puts the lines of now in the place of those that begin with the same word.
set -u
export LC_ALL=C.UTF-8

src=$(cd "$(dirname "$0")/.." && pwd)
REAPSIM=${REAPSIM:-$src/build/reapsim}
update=false
if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
mkdir "$top/bin"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH
passed=0
failed=0

pass() { passed=$((passed + 1)); }
fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

# KIND -> the names that need an example
names() {
	if [ "$1" = machines ]; then
		for conf in "$src"/traces/machines/*.conf; do
			basename "$conf" .conf
		done
	else
		reapsim list --names "$1"
	fi
}

squeeze() { sed -e 's/[[:space:]]\{1,\}/ /g' -e 's/^ //' -e 's/ $//' "$@"; }

# OUTPUT EXAMPLE -> the example with the lines of now
updated() {
	awk '
	FNR == NR { line[++n] = $0; next }
	/^#> / {
		for (i = at + 1; i <= n; i++) {
			split(line[i], word, " ")
			if (word[1] == $2) {
				at = i
				$0 = "#> " line[i]
				break
			}
		}
	}
	{ print }' "$1" "$2"
}

# OUTPUT EXAMPLE -> the first line that is missing; nothing if all are there
missing() {
	awk '
	FNR == NR { line[++n] = $0; next }
	/^#> / {
		want = substr($0, 4)
		while (++at <= n && line[at] != want);
		if (at > n) { print want; exit }
	}' "$1" "$2"
}

one() {
	local name=$1 file=$src/traces/examples/$1.sh lost
	if ! (cd "$src" && timeout 60 bash -e -o pipefail "$file") >"$top/out" 2>"$top/err" </dev/null; then
		fail "traces/examples/$name.sh exits with an error"
		tail -5 "$top/err"
		return
	fi
	squeeze "$top/out" >"$top/lines"
	if $update; then
		updated "$top/lines" "$file" >"$top/new"
		if ! cmp -s "$top/new" "$file"; then
			cat "$top/new" >"$file"
			echo "updated $name"
		fi
	fi
	lost=$(missing "$top/lines" "$file")
	if ! grep -q '^#> ' "$file"; then
		fail "traces/examples/$name.sh: no line \"#> \" says what to see"
	elif [ -n "$lost" ]; then
		fail "traces/examples/$name.sh: its output has no line \"$lost\" there"
		sed -n 's/^#> /  expected: /p' "$file"
		cat "$top/out"
	else
		pass
	fi
}

if [ $# -gt 0 ]; then
	for name; do
		one "$name"
	done
else
	for kind in generators killers policies machines; do
		names $kind | sort >"$top/names"
		for name in $(cat "$top/names"); do
			if [ -f "$src/traces/examples/$kind/$name.sh" ]; then
				one "$kind/$name"
			else
				fail "there is no traces/examples/$kind/$name.sh"
			fi
		done
		for file in "$src/traces/examples/$kind"/*.sh; do
			grep -qxF "$(basename "$file" .sh)" "$top/names" ||
				fail "${file#"$src"/} is of nothing that is there"
		done
	done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
