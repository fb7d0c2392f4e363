#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bench.sh: what a killer pays for the file pages of a victim, with the flags of the series and
# with what userspace can do without them: the tables of kernel-patch/bench, from a guest with
# the series, with each LRU. A number is the instructions a page (QEMU's -icount shift=0, where
# a nanosecond of the guest is one executed instruction).
#
#   PAGES=N REPETITIONS=N  of the file (4096), of each number (3)
#   KERNEL, KERNEL_SRC     as for build.sh
#   CONFIG=NAME            selftests (default), events: as built for recordings, without large folios
#   PATCHES="FILE..."      instead of the series; empty: the kernel as it is
#   KERNEL_DIR=FOLDER      use this kernel, which build.sh printed, and build nothing
#   CLOCK=time             nanoseconds of the guest's clock instead; on a busy host, only noise
#   HOST=FOLDER            no guest: on this machine, as root, with a file in FOLDER; nanoseconds.
#                          The LRU is what it is; the flags only if the kernel has them
#   OUT=FOLDER             keep the console there
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PAGES=${PAGES:-4096}
REPETITIONS=${REPETITIONS:-3}
CLOCK=${CLOCK:-instructions}
CONFIG=${CONFIG:-selftests}
[[ $PAGES =~ ^[1-9][0-9]{0,6}$ ]] || bad "PAGES=$PAGES: expected a number from 1"
[[ $REPETITIONS =~ ^[1-9][0-9]?$ ]] || bad "REPETITIONS=$REPETITIONS: expected a number from 1 to 99"
case $CLOCK in
instructions) QEMU="-icount shift=0,sleep=off ${QEMU:-}" ;;
time) ;;
*) bad "CLOCK=$CLOCK: expected one of: instructions time" ;;
esac

need gcc=gcc /usr/include/stdio.h=libc6-dev
if [ -n "${HOST:-}" ]; then
	[ -d "$HOST" ] || bad "HOST=$HOST: expected a folder"
	[ "$(id -u)" -eq 0 ] || bad "HOST=$HOST: expected to be root"
	exec "$(program bench)" -p "$PAGES" -r "$REPETITIONS" "$HOST"
fi
kernel_with_series "$CONFIG"
need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio timeout=coreutils
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; nothing is kept" stop_guest
out=${OUT:-$tmp/out}

mkdir -p "$tmp/root/tests"
cp "$(player)" "$tmp/root/init"
cp "$(program bench)" "$tmp/root/tests/mrelease_bench"
pack_initrd
mke2fs -q -t ext4 -b 4096 "$tmp/disk" $((PAGES * 2 + 32768)) >/dev/null
status=0
# words of the command line without a dot are the environment of PID 1
TIMEOUT=${TIMEOUT:-7200} QEMU=${QEMU:-} boot "$KERNEL_DIR" "$out" -smp 1 -m $((PAGES / 128 + 384)) \
	-initrd "$tmp/initrd" -append "$guest_cmdline player.tests=1 BENCH_PAGES=$PAGES \
BENCH_REPETITIONS=$REPETITIONS BENCH_UNIT=$CLOCK" \
	-drive "file=${tmp//,/,,}/disk,format=raw,if=virtio,cache=unsafe" || status=$?
tr -d '\r' <"$out/results" | grep -v '^S ' | sed '/^done$/d'
grep -qa '^S mglru mrelease_bench ended with 0' <(tr -d '\r' <"$out/results") ||
	die "the guest did not end as it should: $(grep -aE 'run-failed|panic|BUG|Oops' "$out/results" "$out/console" | head -1)"
