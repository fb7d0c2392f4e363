#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check.sh REAPSIM: the kernel side, from source to numbers, on one version:
#
#   the series applies patch by patch, and passes check-series.sh
#   the kernel with the series builds and boots, and passes the series' selftests
#   the test-only kernel builds and boots
#   its counters in the worked example match the recording, for each policy
#   it leaves each page of the decision matrix in the recorded state
#   the simulator REAPSIM agrees, with the exceptions in decision-matrix.md
#   the same for the kernel with the series, if there is a recording of it
#
#   KERNEL=7.3|6.12    which (default 7.3)
#   KERNEL_SRC=FOLDER  this tree instead
#   JOBS=N             compilers and guests at a time (default: all CPUs)
#   OUT=FOLDER         keep the raw results of the guests there
#
# Prints one line per step, "ok" or "FAIL" and its name, then "N passed, M failed". Builds
# and the result for the series are cached; guests always run. A step fails if a package
# that it needs cannot be installed.
set -uo pipefail
. "$(dirname "$0")/lib.sh"

reapsim=${1:?usage: check.sh REAPSIM}
export REAPSIM=$reapsim
top=$(cd "$here/.." && pwd)
scripts=$here/scripts
export JOBS=${JOBS:-$(nproc)}
passed=0
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; what was built and the checked series are kept in $cache, guests run again" stop_guest
out=${OUT:-$tmp/out}
mkdir -p "$out"

ok() { echo "ok $*"; passed=$((passed + 1)); }
fail() { echo "FAIL $*"; failed=$((failed + 1)); }
end() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

# try WHAT COMMAND... - a step of one command; its stdout goes to $tmp/stdout, and its
# last message is the reason if it fails
try() {
	local what=$1
	shift
	if { "$@" 2>&1 >&3 | tee "$tmp/stderr" >&2; } 3>"$tmp/stdout"; then
		ok "$what"
	else
		fail "$what: $(tail -n1 "$tmp/stderr")"
		return 1
	fi
}

# lines WHAT - steps for which another script prints "ok ..." or "FAIL ..."
lines() {
	local verdict what before=$((passed + failed))
	while read -r verdict what; do
		case $verdict in
		ok) ok "$1: $what" ;;
		FAIL) fail "$1: $what" ;;
		esac
	done
	[ $((passed + failed)) -gt $before ] || fail "$1: nothing to judge"
}

tools() {
	need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio gcc=gcc timeout=coreutils
}
try "the tools are there" tools || end

# A subshell, as it may die.
try "the source is there" eval '(find_source && echo "$src" && echo "$id" && echo "$base")' || end
{ read -r src && read -r id && read -r base; } <"$tmp/stdout"
series_patches

# The series by itself. Only a pass is cached.
checked=$cache/series/$({
	echo "$layout $id"
	digest "$here/series/$base"/*/*.patch "$here"/config/*.config "$scripts/check-series.sh"
} | sha256sum | cut -c1-16)
if [ ! -d "$checked" ]; then
	mkdir -p "$cache/series"
	new=$(mktemp -d "$checked.XXXXXX")
	OUT=$new/tests "$scripts/check-series.sh" "$src" "$here/series/$base"/*/ 2>&1 | tee "$new/log" >&2
	status=$?
	if [ $status -eq 0 ]; then
		mv "$new" "$checked"
	else
		grep -q '^kernel: FAIL' "$new/log" ||
			echo "kernel: FAIL $(tail -n1 "$new/log")" >>"$new/log"
		checked=$new
	fi
fi
lines "the series" < <(sed -n 's/^kernel: \(ok\|FAIL\) /\1 /p' "$checked/log")
[ ! -v status ] || [ "$status" -eq 0 ] || end

# ext4 of v6.12 has no large folios
config=selftests
[ "$base" != 6.12 ] || config=base
try "the kernel with the series builds" env CONFIG=$config PATCHES="${patches[*]}" "$scripts/build.sh" || end
with_series=$(cat "$tmp/stdout")
FS="ext4 tmpfs$([ $config = base ] || echo " overlayfs")" OUT=$out/selftests "$scripts/selftests.sh" "$with_series" "$checked/tests" >"$tmp/selftests" || true
lines "selftest" <"$tmp/selftests"

# The rest is about recordings, of which v6.18 has none.
[ -f "$here/test-only/v$base.patch" ] || end
try "the test-only kernel builds" "$scripts/build.sh" || end
test_only=$(cat "$tmp/stdout")

# pool COMMAND... - in the background, JOBS at a time
pool() {
	while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do
		wait -n
	done
	"$@" &
}

# run LRU POLICY TRACE [OPTION...] - one run on the test-only kernel; CSV
run() {
	# the recorded kernels do not charge kernel memory
	KMEM=0 LRU=$1 POLICY=$2 RUNS=1 OPTIONS="${*:4}" KERNEL_DIR=$test_only OUT=$out/$(basename "$3" .csv) \
		"$scripts/run.sh" "$3"
}

# The worked example. Its late phases differ from run to run on one kernel, so
# it fails only if three runs disagree with the recording.
recorded=$top/tests/kernel/worked-example-$base.runs.csv
example() {
	local name=$tmp/example-$1-$2 try
	awk -F, -v lru="$1" -v policy="$2" '/^#/ || $1 == "policy" || ($1 == policy && $2 == lru)' \
		"$recorded" >"$name.recorded"
	for try in 1 2 3; do
		run "$1" "$2" "$here/player/worked-example.csv" >"$name.csv"
		"$top/tests/kernel/runs.sh" "$name.recorded" <"$name.csv" >"$name.verdict" && break
		[ $try = 3 ] || say "again: $(cat "$name.verdict")"
	done
}
while IFS=, read -r policy lru; do
	pool example "$lru" "$policy"
done < <(awk -F, '!/^(#|policy)/ && !seen[$1, $2]++ { print $1 "," $2 }' "$recorded")
wait
lines "the worked example" < <(cat "$tmp"/example-*.verdict)

# The decision matrix: this kernel against its recording, and the recording
# against the simulator.
matrix=$top/tests/kernel/decision-matrix.sh
recorded=$top/tests/kernel/decision-matrix.kernel.csv
[ "$base" = 7.3 ] || recorded=${recorded/matrix./matrix-$base.}
"$top/tests/kernel/matrix.sh" >"$tmp/matrix.csv"
for policy in $("$matrix" --policies); do
	pool run classic "$policy" "$tmp/matrix.csv" player.dump=1 >/dev/null
done
wait
# as_recorded RECORDED FOLDER [OPTION] - the guests' results in FOLDER
as_recorded() {
	"$matrix" ${3:-} --record "$2" >"$tmp/matrix.new" || return 1
	grep -v '^#' "$1" | diff - "$tmp/matrix.new" >"$tmp/matrix.diff" ||
		{ say "$(grep -c '^>' "$tmp/matrix.diff") of $(wc -l <"$tmp/matrix.new") rows differ"; return 1; }
}
try "the decision matrix: v$base leaves each page as recorded" as_recorded "$recorded" "$out/matrix"
try "the decision matrix: the simulator agrees with v$base" env KERNEL="$base" "$matrix" "$reapsim"

# The series itself, with each value of flags, as far as it was recorded.
recorded=$top/tests/kernel/series-matrix.kernel.csv
[ "$base" = 7.3 ] || recorded=${recorded/matrix./matrix-$base.}
if [ -f "$recorded" ]; then
	DEATHS=$("$matrix" --series --deaths) "$top/tests/kernel/matrix.sh" >"$tmp/series.csv"
	# recorded with folios of order 0
	try "the kernel with the series builds with folios of order 0" env PATCHES="${patches[*]}" "$scripts/build.sh" || end
	test_only=$(cat "$tmp/stdout") run classic flag+evict "$tmp/series.csv" player.dump=1 player.flags=trace >/dev/null
	try "the series' matrix: v$base leaves each page as recorded" as_recorded "$recorded" "$out/series" --series
	try "the series' matrix: the simulator agrees with v$base" env KERNEL="$base" "$matrix" --series "$reapsim"
fi
end
