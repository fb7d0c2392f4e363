#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mutants.sh: do the selftests of the series notice when a rule of it is broken? Builds a
# kernel with the series and with mutants/VERSION.patch, which breaks one rule after the
# other as the parameter mrelease_mutant says, and runs the selftests once with none and
# once with each. mutants/list says what each mutant is.
#
#   KERNEL=7.3        which (default 7.3)
#   KERNEL_DIR=FOLDER TESTS=FOLDER   this kernel and these selftests; build nothing
#   FS="NAME..." LRU="NAME..."       as for selftests.sh (default "ext4", both)
#   OUT=FOLDER        keep console and results there
#
# Prints a table: mutant, what is broken, and the tests that failed, for each LRU. Fails if a
# test fails without a mutant, or if none fails with one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export FS=${FS:-ext4} LRU=${LRU:-classic mglru}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export OUT=${OUT:-$tmp/out}
list=$here/mutants/list
find_source
mutants=$here/mutants/$base.patch
[ -f "$mutants" ] || die "there are no mutants for $base"
series_patches
if [ -z "${KERNEL_DIR:-}" ]; then
	KERNEL_DIR=$(CONFIG=selftests PATCHES="${patches[*]} $mutants" "$here/scripts/build.sh")
fi
tests_of_series
nr=$(tail -1 "$list" | cut -f1)
runs=$(($(wc -w <<<"$FS") * $(wc -w <<<"$LRU")))
MUTANTS=$nr TIMEOUT=${TIMEOUT:-$((600 + nr * runs * 180))} "$here/scripts/selftests.sh" "$KERNEL_DIR" "$TESTS" >"$tmp/verdicts" || true
grep -aqx done <(tr -d '\r' <"$OUT/results") || die "the guest did not end: see $OUT"

# The tests' names, without those of the fixture.
tr -d '\r' <"$OUT/results" | awk -F'\t' -v list="$list" '
BEGIN {
	while ((getline <list) > 0)
		what[$1] = $3
	print "| mutant | what is broken | tests that fail |"
	print "|--:|---|---|"
}
/^mutant / { mutant = substr($0, 8) + 0; next }
/^S / { split($0, f, " "); if (split($0, f, " ") == 3) lru = f[2] }
/^not ok / {
	split($0, f, " ")
	sub(/^mrelease_small\./, "", f[4]); sub(/^mrelease\./, "", f[4]); sub(/^global\./, "", f[4])
	name = f[4]
	if (!((mutant, name) in seen)) {
		seen[mutant, name] = lru
		order[mutant] = order[mutant] " " name
	} else if (index(seen[mutant, name], lru) == 0) {
		seen[mutant, name] = "both"
	}
}
END {
	bad = order[0] != ""
	if (bad)
		print "| 0 | nothing |" order[0] " |"
	for (i = 1; i in what; i++) {
		n = split(order[i], names, " ")
		text = ""
		for (k = 1; k <= n; k++)
			text = text (k > 1 ? ", " : "") names[k] (seen[i, names[k]] == "both" ? "" : " (" seen[i, names[k]] ")")
		if (!n) {
			text = "**none**"
			survived++
		}
		print "| " i " | " what[i] " | " text " |"
	}
	exit bad || survived
}'
