#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stress.sh: boots a kernel with the series that looks for its own mistakes (KASAN,
# PROVE_LOCKING, DEBUG_VM, DEBUG_ATOMIC_SLEEP, PAGE_TABLE_CHECK: config/stress.config), with two
# CPUs, and runs the program of kernel-patch/stress in it. Prints its figures, then the messages
# of the kernel that should not be there. Exit code 1 if there are any, if a write was lost, or
# if something hangs.
#
#   STRESS_SECONDS=N   how long (default 60)
#   SEED=N             of the random choices (default 1)
#   COLLAPSE=1         the victims also collapse pages to huge ones, and so does khugepaged
#   KERNEL, KERNEL_SRC as for build.sh
#   PATCHES="FILE..."  instead of the series; empty: the kernel as it is, which only knows flags 0
#   KERNEL_DIR=FOLDER  use this kernel, which build.sh printed, and build nothing
#   STOCK=1            a distribution's kernel, without the series and without what finds
#                      mistakes: KERNEL and KERNEL_IMAGE as for image.sh
#   MEM=N CPUS=N       of the guest (768 MiB, 2)
#   OUT=FOLDER         keep the console there
set -euo pipefail
. "$(dirname "$0")/lib.sh"

STRESS_SECONDS=${STRESS_SECONDS:-60}
SEED=${SEED:-1}
COLLAPSE=${COLLAPSE:-0}
[[ $STRESS_SECONDS =~ ^[1-9][0-9]{0,5}$ ]] || bad "SECONDS=$STRESS_SECONDS: expected a number from 1"
[[ $SEED =~ ^[0-9]{1,9}$ ]] || bad "SEED=$SEED: expected a number"
[[ $COLLAPSE =~ ^[01]$ ]] || bad "COLLAPSE=$COLLAPSE: expected one of: 0 1"

if [ -n "${STOCK:-}" ]; then
	KERNEL_DIR=${KERNEL_DIR:-$("$here/scripts/image.sh")} || exit
fi
kernel_with_series stress
need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio gcc=gcc timeout=coreutils
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; the console is in ${OUT:-no folder, as OUT= was not set}" stop_guest
out=${OUT:-$tmp/out}

mkdir -p "$tmp/root"
cp "$(program stress)" "$tmp/root/init"
pack_initrd "$KERNEL_DIR/modules" "$KERNEL_DIR/swap"
mke2fs -q -t ext4 -b 4096 "$tmp/disk" 65536 >/dev/null
info() { sed -n "s/^$1=//p" "$KERNEL_DIR/info"; }
say "$(info version), $([ -n "${STOCK:-}" ] && info source || echo "$(info config), $(info patches)"): $STRESS_SECONDS s"
status=0
# acpi=noirq: on a busy host KASAN makes the 128 rounds of the table of interrupts (_PRT) longer
# than the 30 s that ACPI gives a loop, and then each PCI device waits for it. Virtio has MSI-X.
TIMEOUT=$((STRESS_SECONDS + 1500)) boot "$KERNEL_DIR" "$out" -smp "${CPUS:-2}" -m "${MEM:-768}M" \
	-initrd "$tmp/initrd" -append "$guest_cmdline acpi=noirq stress.seconds=$STRESS_SECONDS stress.seed=$SEED stress.collapse=$COLLAPSE" \
	-drive "file=${tmp//,/,,}/disk,format=raw,if=virtio,cache=unsafe" || status=$?
rm -f "$out/results"

console() { tr -d '\r' <"$out/console"; }
console | grep -a '^stress: ' | grep -av '^stress: [0-9]* s: ' || true
console | grep -anE 'BUG[: ]|WARNING:|KASAN|Oops|general protection|INFO: (task|rcu|possible|trying)|Bad (page|rss)|lockup|[Pp]anic' >"$tmp/splats" || true
echo "stress: messages of the kernel that should not be there: $(wc -l <"$tmp/splats")"
sed 's/^/stress: console line /' "$tmp/splats"
[ $status -eq 0 ] || say "QEMU ended with $status: $(tail -n1 "$out/qemu")"
[ $status -eq 0 ] && [ ! -s "$tmp/splats" ] && console | grep -aq '^stress: passed'
