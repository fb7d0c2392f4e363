#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: decision-matrix.sh [--series] REAPSIM [-v]
#        decision-matrix.sh [--series] --record FOLDER >decision-matrix.kernel.csv
#
# Replays the decision matrix (matrix.sh) in the simulator under every policy and
# compares the state of every page, at both snapshots, with that of a real kernel
# (decision-matrix.kernel.csv). Prints a line for each policy, with -v also the
# combinations in which pages differ. Fails if a page differs.
#
# KERNEL=6.12 compares --kernel 6.12 with decision-matrix-6.12.kernel.csv.
#
# --record makes that file from FOLDER, the results of
#
#	tests/kernel/matrix.sh >matrix.csv
#	POLICY="$(tests/kernel/decision-matrix.sh --policies)" RUNS=1 OUT=FOLDER \
#		OPTIONS=player.dump=1 kernel-patch/scripts/run.sh matrix.csv
#
# --series compares a kernel with kernel-patch/series/7.3 alone, and mrelease with each
# value of flags (series-matrix.kernel.csv), with "flag+evict" of the simulator.
# The series exempts shmem, so shmem pages are compared with "baseline". Recorded by
#
#	DEATHS="$(tests/kernel/decision-matrix.sh --series --deaths)" \
#		tests/kernel/matrix.sh >series.csv
#	PATCHES="$(echo kernel-patch/series/7.3/*/0001-*)" POLICY=flag+evict RUNS=1 OUT=FOLDER \
#		OPTIONS="player.dump=1 player.flags=trace" kernel-patch/scripts/run.sh series.csv
#
# A page's state is "." if it is not in the page cache, else r (referenced), a
# (active), l (on a list), d (dirty), w (workingset), as they apply, and the number
# of PTEs that map it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/states.sh"
policies="baseline baseline+evict rfc rfc+evict v1 v1+evict flag flag+evict \
any-exit any-exit+evict prctl prctl+evict demote demote+evict"
recorded=$here/decision-matrix.kernel.csv
if [ "${1:-}" = --series ]; then
	shift
	policies=flag+evict
	recorded=$here/series-matrix.kernel.csv
	deaths=$(printf "mrelease-%s " {0,ignore_access,evict_file,ignore_access+evict_file}:{file,shmem})
	export DEATHS=$deaths
fi

# Both results as "POLICY,SNAPSHOT,FILE,FIRST,COUNT,STATE", in the order of the trace.
from_kernel() {
	for policy in $policies; do
		kernel_states "$policy" "data shmem" raldw "$1/$policy-classic-1/results"
	done
}

# state_of POLICY AS FILE [OPTION] - of all files if FILE is empty
state_of() {
	"$reapsim" run --kernel "$kernel" --policy "$1" ${4:-} --pages - "$tmp/matrix.csv" |
		simulator_states "$2" raldw | awk -F, -v file="$3" 'file == "" || $3 == file'
}

from_simulator() {
	if [ "$policies" = flag+evict ]; then
		state_of flag+evict flag+evict data --flags-as-recorded
		state_of baseline flag+evict shmem
		return
	fi
	for policy in $policies; do
		state_of "$policy" "$policy" ""
	done
}

compare() {
	awk -F, -v verbose="$verbose" '
FNR == 1 {
	input++
}
input == 1 {
	for (i = 0; FNR > 1 && i < $3; i++)
		cell[$1 "," $2 + i] = $4 " " $5 " " $6 " " $7 " " $8 " " $9
	next
}
/^#/ { next }
$1 == "mark" {
	for (p = 5; p <= NF; p++)
		name[p] = $p
	nr = NF
	next
}
input == 2 {
	for (i = 0; i < $4; i++)
		for (p = 5; p <= NF; p++)
			state[$1 "," $2 "," $3 + i "," name[p]] = $p
	next
}
{
	for (i = 0; i < $4; i++) {
		for (p = 5; p <= NF; p++) {
			is = state[$1 "," $2 "," $3 + i "," name[p]]
			pages[p]++
			if (is == $p) {
				equal[p]++
			} else {
				different[p]++
				why = name[p] " " $1 " " cell[$2 "," $3 + i] ": kernel " is ", simulator " $p
				if (!differ[why]++)
					order[nr_why++] = why
				bad++
			}
			all++
		}
	}
}
END {
	print "| policy | pages compared | equal | different |"
	print "|---|---|---|---|"
	for (p = 5; p <= nr; p++)
		printf "| `%s` | %d | %d | %d |\n", name[p], pages[p], equal[p], different[p]
	for (i = 0; verbose && i < nr_why; i++)
		printf "%s: %d pages\n", order[i], differ[order[i]]
	exit bad || !all
}' "$tmp/cells.csv" "$recorded" "$tmp/simulator.csv"
}

case ${1:?usage: decision-matrix.sh REAPSIM [-v]} in
--policies)
	echo "$policies"
	;;
--deaths)
	echo "${DEATHS:-}"
	;;
--record)
	from_kernel "${2:?usage: decision-matrix.sh --record FOLDER}" | wide mark,file $policies
	;;
*)
	reapsim=$1
	verbose=${2:+1}
	kernel=${KERNEL:-7.3}
	[ "$kernel" = 7.3 ] || recorded=${recorded/-matrix./-matrix-$kernel.}
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	"$here/matrix.sh" >"$tmp/matrix.csv"
	"$here/matrix.sh" --cells >"$tmp/cells.csv"
	from_simulator | wide mark,file $policies >"$tmp/simulator.csv"
	compare
	;;
esac
