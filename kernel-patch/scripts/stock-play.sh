#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-play.sh TRACE [OPTION...]: runs "reapsim play OPTION... TRACE" in a guest with a distribution's
# kernel, cgroup v2 and ext4, and prints what it prints. Its times are those of an emulated CPU; it
# is for what else differs from the machine that this runs on.
#
#   KERNEL, KERNEL_IMAGE  as for image.sh; KERNEL_DIR=FOLDER: a folder that it printed
#   CPUS=N                of the guest (default 2)
#   TIMEOUT=SECONDS       limit (default 900)
#   REAPSIM=PROGRAM       default: build/reapsim, with its player next to it
set -euo pipefail
. "$(dirname "$0")/lib.sh"

trace=${1:-}
[ -f "$trace" ] || bad "no such trace: ${trace:-TRACE=FILE}"
shift
reapsim=${REAPSIM:-$here/../build/reapsim}
[ -x "${reapsim%/*}/reapsim-player" ] || die "no $reapsim with its player: run make"
need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio busybox=busybox-static ldd=libc-bin
kernel=${KERNEL_DIR:-$("$here/scripts/image.sh")} || exit

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped" stop_guest
root=$tmp/root
mkdir -p "$root"/{bin,proc,sys,dev,disk}
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$reapsim" "${reapsim%/*}/reapsim-player" "$root/bin"
cp "$trace" "$root/trace"
# the libraries where the loader looks for them
ldd "$reapsim" | grep -o '/[^ ]*' | while read -r lib; do
	mkdir -p "$root${lib%/*}"
	cp -L "$lib" "$root$lib"
done
printf '%s\n' "$@" >"$root/options"
cat >"$root/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for m in /modules/*; do $b insmod $m; done
$b mount -t cgroup2 cgroup2 /sys/fs/cgroup
$b mount /dev/vda /disk
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
set --
while read -r word; do [ -z "$word" ] || set -- "$@" "$word"; done </options
cd /disk
/bin/reapsim play "$@" /trace >/dev/ttyS1 2>&1
echo "exit $?" >/dev/ttyS1
$b find /disk -mindepth 1 ! -name lost+found >/dev/ttyS1
$b find /sys/fs/cgroup -name 'reapsim*' >/dev/ttyS1
$b sync
$b reboot -f
END
chmod 755 "$root/init"
truncate -s 2G "$tmp/disk"
mke2fs -q -t ext4 "$tmp/disk"
pack_initrd "$kernel/modules"
boot "$kernel" "$tmp/out" -m 2048 -smp "${CPUS:-2}" -initrd "$tmp/initrd" \
	-drive "file=$tmp/disk,if=virtio,format=raw,cache=unsafe" -append "$guest_cmdline" || true
tr -d '\r' <"$tmp/out/results"
grep -q '^exit 0$' <(tr -d '\r' <"$tmp/out/results") || { tail -5 "$tmp/out/console" >&2; exit 1; }
