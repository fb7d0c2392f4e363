#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-agreement.sh REAPSIM: plays traces/scenarios/stock on distributions' kernels,
# stores their counters in kernel-patch/results/stock, and prints the distance of the
# simulator from each. It resumes where it was interrupted, as record.sh does.
#
#   KERNELS="VERSION..."  (default: 7.3 6.12); or KERNEL_IMAGE, for image.sh
#   LRU="NAME..."         (default: classic mglru)
#   SETTINGS="NAME..."    (default: large small; small alone before 6.16, where ext4 has no
#                         large folios)
#                           small   page cache of order 0 only
#                           large   large folios
#                           nokmem, large-nokmem  kernel memory is not charged, which no
#                                   distribution does; only if named
#                           large-thp, large-boost, large-damon  as large, with one of what
#                                   the distribution has on; only if named
#                           xfs, btrfs, btrfs-zstd, erofs, erofs-lz4, squashfs, overlayfs,
#                           tmpfs, fuse   the files are on this file system, and only the
#                                   scenarios that suit it are played; only if named
#                           erofs-lz4-4k  with pclusters of one page, as mkfs.erofs makes them
#                                   without -C, instead of 64 KiB
#                         all others without the monitor, watermark boost and THP
#   SCENARIOS, TRACES, POLICY, RUNS, JOBS, INTO   as for record.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"

reapsim=${1:?usage: stock-agreement.sh REAPSIM}
KERNELS=${KERNELS:-7.3 6.12}
LRU=${LRU:-classic mglru}
export TRACES=${TRACES:-$here/../traces/scenarios/stock}
export INTO=${INTO:-$here/results/stock}
export RUNS=${RUNS:-5}

set_of() {
	local all="damon_stat=0 boost=0 thp=never"
	case $1 in
	small) echo "folios=small $all" ;;
	nokmem) echo "folios=small kmem=0 $all" ;;
	large) echo "folios=large $all" ;;
	large-nokmem) echo "folios=large kmem=0 $all" ;;
	large-thp) echo "folios=large damon_stat=0 boost=0 thp=always" ;;
	large-boost) echo "folios=large damon_stat=0 boost=1 thp=never" ;;
	large-damon) echo "folios=large damon_stat=1 boost=0 thp=never" ;;
	erofs-lz4-4k) echo "fs=erofs-lz4 pcluster=4096 $all" ;;
	*)
		[[ $1 != ext4 && " $file_systems " == *" $1 "* ]] ||
			bad "SETTINGS=$1: expected one of: small nokmem large large-nokmem large-thp large-boost large-damon ${file_systems#ext4 } erofs-lz4-4k"
		echo "fs=$1 $all"
		;;
	esac
}
# Most of these file systems take no writes; tmpfs needs swap.
scenarios_of() {
	case $1 in
	small | nokmem | large*) echo "${SCENARIOS:-}" ;;
	xfs | btrfs | btrfs-zstd) echo "${SCENARIOS:-tight random read-then-map text sequential written-chunks shared-written}" ;;
	erofs-lz4) echo "${SCENARIOS:-tight random read-then-map text sequential window-128 read-chunks kills library sparse-restart window-restart}" ;;
	tmpfs) echo "${SCENARIOS:-swap shmem-restart shmem-swapped}" ;;
	fuse) echo "${SCENARIOS:-tight random read-then-map text sequential window-128 read-chunks}" ;;
	*) echo "${SCENARIOS:-tight random read-then-map text sequential}" ;;
	esac
}
for name in ${SETTINGS:-}; do
	set_of "$name" >/dev/null
done

all_settings() { [ "$(printf '%s\n' 6.16 "$1" | sort -V | head -1)" = 6.16 ] && echo large small || echo small; }

status=0
for kernel in ${KERNEL_IMAGE:+image} $([ -n "${KERNEL_IMAGE:-}" ] || echo "$KERNELS"); do
	dir=$(KERNEL=$kernel "$here/scripts/image.sh")
	version=$(sed -n 's/^version=//p' "$dir/info")
	for settings in ${SETTINGS:-}; do
		FILE_SYSTEM=$(module_of "$settings") KERNEL=$kernel "$here/scripts/image.sh" >/dev/null || exit
	done
	for settings in ${SETTINGS:-$(all_settings "$version")}; do
		for lru in $LRU; do
			rc=0
			KERNEL_DIR=$dir STOCK=$settings SET=$(set_of "$settings") LRU=$lru \
				SCENARIOS=$(scenarios_of "$settings") "$here/scripts/record.sh" || rc=$?
			[ $rc -ne 2 ] || exit 2
			[ $rc -eq 0 ] || status=1
			out=$INTO/stock-v${version%%+*}-$lru-$settings
			[ -s "$out.runs.csv" ] || continue
			echo "$(basename "$out")"
			echo
			"$reapsim" agree -t "$TRACES" "$out.csv" || status=1
			echo
		done
	done
done
exit $status
