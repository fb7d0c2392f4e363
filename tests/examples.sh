#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Run traces/examples/KIND/NAME.sh. Fail for a plug-in or machine file without an example.
# An example is a few small, fast commands. It runs from traces/examples with reapsim in
# PATH. Its comments explain the output. Each line that begins with "#> " is a line of
# the output, in the order of the output, with single spaces.
#
#	tests/examples.sh [--update] [KIND/NAME...]
#
# --update replaces each "#> " line that is no longer in the output by the next line of the
# output with the same first word and, if there is one, the same number of words.
set -u
. "$(dirname "$0")/lib.sh"
update=false
if [ "${1:-}" = --update ]; then
	update=true
	shift
fi
mkdir "$top/bin"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH

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

# OUTPUT EXAMPLE -> the example with its lines updated
updated() {
	awk '
	FNR == NR { line[++n] = $0; next }
	/^#> / {
		best = best_rank = 0
		for (i = at + 1; i <= n && best_rank < 3; i++) {
			words = split(line[i], word, " ")
			rank = line[i] == substr($0, 4) ? 3 : \
				word[1] != $2 ? 0 : words == NF - 1 ? 2 : 1
			if (rank > best_rank) {
				best_rank = rank
				best = i
			}
		}
		if (best) {
			at = best
			$0 = "#> " line[best]
		}
	}
	{ print }' "$1" "$2"
}

# OUTPUT EXAMPLE -> the first "#> " line missing from the output, if any
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
	if ! (cd "$src/traces/examples" && timeout 60 bash -e -o pipefail "$file") >"$top/out" 2>"$top/err" </dev/null; then
		fail "traces/examples/$name.sh: exited with an error"
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
		fail "traces/examples/$name.sh: no \"#> \" line, expected at least one"
	elif [ -n "$lost" ]; then
		fail "traces/examples/$name.sh: missing from the output: \"$lost\""
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
				fail "traces/examples/$kind/$name.sh is missing: each of \"$kind\" needs an example"
			fi
		done
		for file in "$src/traces/examples/$kind"/*.sh; do
			grep -qxF "$(basename "$file" .sh)" "$top/names" ||
				fail "${file#"$src"/}: nothing of that name in \"$kind\""
		done
	done
fi
finish
