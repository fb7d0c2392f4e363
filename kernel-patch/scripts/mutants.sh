#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mutants.sh: do the selftests of the series notice when a rule of it is broken? Builds a
# kernel with the series and with mutants/VERSION.patch, which breaks one rule after the
# other as the parameter mrelease_mutant says, and runs the selftests once with none and
# once with each, each in a guest of its own. mutants/list says what each mutant is.
#
#   KERNEL=7.3        which (default 7.3)
#   KERNEL_DIR=FOLDER TESTS=FOLDER   this kernel and these selftests; build nothing
#   FS="NAME..." LRU="NAME..."       as for selftests.sh (default "ext4", both)
#   OUT=FOLDER        keep what the tests said there (default: in the cache, by kernel and tests)
#   INTO=FILE         write the table there, too
#   TIMEOUT=SECONDS   limit for a guest (1800)
#
# Prints a table: mutant, what is broken, and the tests that failed, for each LRU; and how many
# were caught. Fails if a test fails without a mutant, or if none fails with one. What the tests
# have said is kept, so an interrupted run goes on where it was. A test that only took too long
# proves nothing, as the host may be busy: if no other failed, the next run does that mutant
# again. 32-bit programs are left out: they make the same calls.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export FS=${FS:-ext4} TIMEOUT=${TIMEOUT:-1800}
LRU=${LRU:-classic mglru}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
list=$here/mutants/list
find_source
mutants=$here/mutants/$base.patch
[ -f "$mutants" ] || die "there are no mutants for $base"
series_patches
if [ -z "${KERNEL_DIR:-}" ]; then
	KERNEL_DIR=$(CONFIG=selftests PATCHES="${patches[*]} $mutants" "$here/scripts/build.sh")
fi
out=${OUT:-$cache/mutants/$({
	echo "$layout $FS"
	digest "$KERNEL_DIR/info" "$list" "$here/series/$base"/*/0002-*.patch ${TESTS:+"$TESTS"/*}
} | sha256sum | cut -c1-16)}
mkdir -p "$out"
nr=$(tail -1 "$list" | cut -f1)

stop() { [ -z "${testing:-}" ] || { kill -TERM "$testing" && wait "$testing"; } 2>/dev/null || true; }
on_signal "stopped; what the tests have said is kept in $out, and the same command goes on from there" stop

# verdicts FILE - what the tests said: "failed" or "late" and a name without that of the fixture
verdicts() {
	awk '
/^#  RUN / { late = wrong = 0 }
/: Test terminated by timeout$/ { late = 1 }
/:Expected / { wrong = 1 }
/^not ok / {
	sub(/^(mrelease_small|mrelease|global)\./, "", $4)
	print late && !wrong ? "late" : "failed", $4
}' "$1"
}
# in_doubt LRU MUTANT - whether nothing tells yet: no result; tests that took too long, and no
# other that failed; or any that failed without a mutant
in_doubt() {
	[ -f "$out/$1-$2" ] || return 0
	verdicts "$out/$1-$2" | awk -v mutant="$2" '{ nr[$1]++ } END { exit mutant ? nr["failed"] || !nr["late"] : !NR }'
}

# run_tests LRU MUTANT
run_tests() {
	if [ ! -d "$tmp/tests" ]; then
		tests_of_series
		cp -r "$TESTS" "$tmp/tests"
		rm -f "$tmp"/tests/*_32
	fi
	rm -rf "$tmp/guest"
	say "mutant $2 of $nr, $1"
	LRU=$1 MUTANT=$2 OUT=$tmp/guest "$here/scripts/selftests.sh" "$KERNEL_DIR" "$tmp/tests" >"$tmp/verdicts" &
	testing=$!
	wait $testing || true
	testing=
	[ -f "$tmp/guest/results" ] || die "mutant $2, $1: no guest"
	tr -d '\r' <"$tmp/guest/results" >"$tmp/said"
	grep -aqx done "$tmp/said" || die "mutant $2, $1: the guest did not end: $(tail -1 "$tmp/verdicts")"
	mv "$tmp/said" "$out/$1-$2"
}
for lru in $LRU; do
	for mutant in $(seq 0 "$nr"); do
		if in_doubt "$lru" "$mutant"; then
			run_tests "$lru" "$mutant"
		fi
	done
done

status=0
{
	printf 'The series on v%s, %s, %s, two CPUs.\n\n' "$(sed -n 's/^version=//p' "$KERNEL_DIR/info")" "$FS" "${LRU/ / and }"
	for lru in $LRU; do
		for mutant in $(seq 0 "$nr"); do
			verdicts "$out/$lru-$mutant" | sed "s/$/ $mutant $lru/"
		done
	done | awk -v list="$list" '
BEGIN {
	while ((getline line <list) > 0) {
		split(line, f, "\t")
		what[f[1]] = f[3]
	}
	print "| mutant | what is broken | tests that fail |"
	print "|--:|---|---|"
}
$1 == "late" { nr_late++; next }
{
	name = $2
	mutant = $3
	lru = $4
	if (!((mutant, lru) in caught)) {
		caught[mutant, lru]
		if (mutant)
			nr_caught[lru]++
	}
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
	printf "\n%d of %d caught; on the classic LRU %d, on MGLRU %d.\n", i - 1 - survived, i - 1, nr_caught["classic"], nr_caught["mglru"]
	if (nr_late)
		printf "Not counted, as they only took too long: %d.\n", nr_late
	exit bad || survived
}' || status=1
} >"$tmp/table"
cat "$tmp/table"
[ -z "${INTO:-}" ] || cp "$tmp/table" "$INTO"
exit $status
