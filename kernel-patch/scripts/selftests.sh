#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# selftests.sh [KERNEL TESTS]: boots the kernel in the folder KERNEL (as build.sh printed it)
# in a guest with two CPUs and runs each program in the folder TESTS, as root, with each
# LRU, on each file system. Prints a line for each: "ok" or "FAIL", and what failed. Programs
# named NAME_32 are left out if the kernel does not run 32-bit ones. Without KERNEL and TESTS
# it builds both.
#
#   KERNEL, KERNEL_SRC  of what is built, as for build.sh
#   FS="NAME..."    ext4 xfs btrfs f2fs overlayfs tmpfs (default "ext4 overlayfs tmpfs")
#   LRU="NAME..."   classic mglru (default both)
#   OUT=FOLDER      keep console and results there
#   MUTANT=N        of a kernel with the mutants, see mutants.sh
#   TIMEOUT=SECONDS limit for the guest (default: 300 for each file system)
#
# Exits non-zero if something failed, or if the kernel had something to complain about.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -eq 2 ] || [ $# -eq 0 ] || { sed -n '3,17s/^# \{0,1\}//p' "$0" >&2; exit 2; }
FS=${FS:-ext4 overlayfs tmpfs}
LRU=${LRU:-classic mglru}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; the console is in ${OUT:-no folder, as OUT= was not set}" stop_guest
out=${OUT:-$tmp/out}
if [ $# -eq 2 ]; then
	kernel=$1
	tests=$2
else
	config=selftests
	case $FS in
	*xfs* | *btrfs* | *f2fs*) config=filesystems ;;
	esac
	kernel_with_series $config
	kernel=$KERNEL_DIR
	tests_of_series
	tests=$TESTS
fi
need qemu-system-x86_64=qemu-system-x86 cpio=cpio gcc=gcc timeout=coreutils
mkdir -p "$tmp/root"
gcc -static -O2 -o "$tmp/root/init" "$here/selftests/init.c"
cp -r "$tests" "$tmp/root/tests"
if [ -f "$kernel/config" ] && ! grep -qx CONFIG_IA32_EMULATION=y "$kernel/config"; then
	rm -f "$tmp"/root/tests/*_32
fi
pack_initrd

# disk NAME - an empty file system, for which the guest gets a disk
disks=()
disk() {
	truncate -s "$2" "$tmp/$1"
	case $1 in
	ext4) need mke2fs=e2fsprogs && mke2fs -q -t ext4 -b 4096 "$tmp/$1" ;;
	xfs) need mkfs.xfs=xfsprogs && mkfs.xfs -q "$tmp/$1" ;;
	btrfs) need mkfs.btrfs=btrfs-progs && mkfs.btrfs -q "$tmp/$1" ;;
	f2fs) need mkfs.f2fs=f2fs-tools && mkfs.f2fs -q "$tmp/$1" ;;
	esac >"$tmp/mkfs" 2>&1 || die "no image with $1: $(tail -1 "$tmp/mkfs")"
	disks+=(-drive "file=${tmp//,/,,}/$1,format=raw,if=virtio,cache=unsafe")
}
for fs in $FS; do
	case $fs in
	ext4) disk ext4 256M ;;
	xfs | btrfs | f2fs) disk "$fs" 512M ;;
	overlayfs) [[ $FS == ext4* ]] || die "FS=\"$FS\": overlayfs needs ext4 as the first one" ;;
	tmpfs) ;;
	*) die "FS: \"$fs\": expected one of: ext4 xfs btrfs f2fs overlayfs tmpfs" ;;
	esac
done

export TIMEOUT=${TIMEOUT:-$((300 * $(wc -w <<<"$FS")))}
boot "$kernel" "$out" -smp 2 -m 512 -initrd "$tmp/initrd" "${disks[@]}" \
	-append "$guest_cmdline tests.fs=${FS// /,} tests.lru=${LRU// /,}${MUTANT:+ mrelease_mutant=$MUTANT}" ||
	say "QEMU: $(tail -n1 "$out/qemu")"
failed=0
tr -d '\r' <"$out/results" | awk '
$1 == "S" && NF == 3 { test = $3; lru = $2; bad = totals = "" }
/^not ok / { bad = bad " " $4 }
/^# Totals:/ { totals = substr($0, 10) }
$1 == "S" && NF > 3 {
	good = $NF == 0 && bad == "" && totals ~ / pass:[1-9]/
	print good ? "ok" : "FAIL", test ", " lru ":" totals (bad == "" ? "" : "; failed:" bad)
	failed += !good
	ended++
}
/^run-failed/ { print "FAIL", $0; failed++ }
END { exit failed || !ended }' || failed=1
if ! grep -aqx done <(tr -d '\r' <"$out/results"); then
	echo "FAIL the guest did not end: $(grep -aE 'panic|BUG|Oops|KASAN' "$out/console" | head -1)"
	failed=1
elif complaint=$(grep -aE 'BUG:|WARNING:|Oops|KASAN|possible .*deadlock' "$out/console"); then
	echo "FAIL the kernel says: $(head -1 <<<"$complaint")"
	failed=1
fi
exit $failed
