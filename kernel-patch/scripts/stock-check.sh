#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-check.sh: check that the player works on a distribution's kernel (KERNEL,
# KERNEL_IMAGE). It plays every operation of the format, plays a trace under each policy,
# and changes each setting. Prints one line per step, "ok" or "FAIL" and its name, then
# "N passed, M failed".
set -uo pipefail
. "$(dirname "$0")/lib.sh"

passed=0
failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ok() { echo "ok $*"; passed=$((passed + 1)); }
fail() { echo "FAIL $*"; failed=$((failed + 1)); }
end() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

kernel=$("$here/scripts/image.sh") || { fail "the kernel is there"; end; }
ok "the kernel is there: $(sed -n 's/^version=//p' "$kernel/info")"
export KERNEL_DIR=$kernel RUNS=1

# play TRACE - its counters to $tmp/csv, what was in force to $tmp/settings
play() {
	"$here/scripts/stock-run.sh" "$1" >"$tmp/csv" 2>"$tmp/said" || { cat "$tmp/said" >&2; return 1; }
	sed -n 's/^kernel: [^ ]* fs=/ fs=/p' "$tmp/said" >"$tmp/settings"
}
# pages POLICY COUNTER - at the end of skip-and-evict.csv
pages() { awk -F, -v p="$1" -v c="$2" '$3 == p && $8 == c { print $9 / 4096 }' "$tmp/csv"; }
# is WHAT VALUE WANT
is() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: $2, expected $3"; fi; }

for lru in classic mglru; do
	if LRU=$lru play "$here/player/all-operations.csv"; then
		ok "every operation, $lru"
	else
		fail "every operation, $lru: $(tail -1 "$tmp/said")"
	fi
done
for set in folios=small folios=large fs=fuse; do
	if ! SET="$set damon_stat=0" LRU=classic POLICY="baseline skip evict skip+evict" \
		play "$here/player/skip-and-evict.csv"; then
		grep -qE 'has only small ones|has no module' "$tmp/said" || fail "$set: $(tail -1 "$tmp/said")"
		continue
	fi
	is "baseline, $set: all is active" "$(pages baseline active_file)" 768
	is "skip, $set: what others map is active" "$(pages skip active_file)" 256
	is "skip, $set: the rest is cached" "$(pages skip inactive_file)" 512
	is "evict, $set: the rest is not cached" "$(pages evict active_file) $(pages evict inactive_file)" "256 0"
	is "skip+evict, $set: likewise" "$(pages skip+evict active_file) $(pages skip+evict inactive_file)" "256 0"
done
if SET="kmem=0 thp=never damon_stat=0 boost=0 readahead_kb=64 folios=small" LRU=mglru \
	play "$here/player/skip-and-evict.csv"; then
	for want in kmem=0 thp=never boost=0 readahead_kb=64 folios=small lru_gen=0x0007; do
		if grep -q " $want\b" "$tmp/settings"; then ok "$want"; else fail "$want: $(cat "$tmp/settings")"; fi
	done
	if grep -qE ' damon_stat=(N|none)' "$tmp/settings"; then ok damon_stat=0; else fail "damon_stat=0: $(cat "$tmp/settings")"; fi
else
	fail "settings: $(tail -1 "$tmp/said")"
fi
end
