#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stock-run.sh TRACE: replays a trace on a distribution's kernel in QEMU and prints its
# counters as CSV, one row per run, snapshot and counter. Settings that neither the trace
# nor SET names keep the distribution's values. A run that could not do what the trace
# says is reported on stderr, is left out of the CSV, and makes the exit code 1. A trace
# that cannot be played at all gives one line and exit code 2.
#
#   KERNEL, KERNEL_IMAGE  as for image.sh; KERNEL_DIR=FOLDER: a folder that it printed
#   POLICY="NAME..."   baseline, skip, evict, skip+evict (default baseline):
#                      player/stock.c imitates them on a kernel that does not have them;
#                      cold-first, pageout-first, dontneed-after: what a killer can do
#   LRU="NAME..."      classic, mglru (default mglru, as Debian ships it)
#   SET="KEY=VALUE..." settings that override the kernel's:
#                        kmem=0|1          0: kernel memory is not charged to the memcg
#                        thp=always|madvise|never
#                        damon_stat=0|1    the monitor that 6.18 and later start with
#                        boost=0|1         0: no watermark boost
#                        readahead_kb=N    of the disk; also overrides the trace
#                        folios=small|large  small: page cache of order 0 only
#                        fs=NAME           file system of the trace's files instead of ext4:
#                                          one of xfs, btrfs, btrfs-zstd, erofs, erofs-lz4,
#                                          squashfs, overlayfs (on ext4), tmpfs, fuse (a
#                                          server that the player starts). Without fs and
#                                          folios: what the trace's row file_system says
#                        pcluster=BYTES    of erofs-lz4: mkfs.erofs -C (65536)
#   RUNS=N             runs of each policy and LRU (default 5). With a memory cgroup all
#                      runs share one boot (player/batch.c), otherwise each has its own
#   PLAN="POLICY-LRU-NUMBER..."  only these runs
#   DESCRIBE=1         play nothing, print what decides about a run besides trace and kernel
#   MEMCG=N            memory.max in pages, overrides the trace
#   MEM=N              MiB of the guest (default: what the trace's machine rows need)
#   OPTIONS="..."      more player options, such as player.dump=1 player.times=1
#   QEMU="..."         more options of QEMU
#   TIMEOUT=SECONDS    limit for one run (default 600)
#   OUT=FOLDER         keep console and raw results there
#   REAPSIM=PROGRAM    checks the trace first (default: build/reapsim)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/scripts/guest.sh"

trace=${1:-}
[ -n "$trace" ] || bad "which trace? TRACE=FILE"
POLICY=${POLICY:-baseline}
LRU=${LRU:-mglru}
SET=${SET:-}
RUNS=${RUNS:-5}
TIMEOUT=${TIMEOUT:-600}
OPTIONS=${OPTIONS:-}
policies="baseline skip evict skip+evict cold-first pageout-first dontneed-after"

# one_of WHAT VALUE "NAME..." - fail unless VALUE is one of the names
one_of() { [[ " $3 " == *" $2 "* ]] || bad "$1$2: expected one of: $3"; }

for policy in $POLICY; do one_of POLICY= "$policy" "$policies"; done
for lru in $LRU; do one_of LRU= "$lru" "classic mglru"; done
[[ $RUNS =~ ^[1-9][0-9]*$ ]] || bad "RUNS=$RUNS: expected a number from 1"
[[ ${MEMCG:-1} =~ ^[1-9][0-9]*$ ]] || bad "MEMCG=$MEMCG: expected a number of pages"

check_trace
# the trace's own file system, unless SET says which
recorded=$(sed -n 's/^ *machine *, *file_system *, *\([a-z0-9-]*\) *$/\1/p' "$trace" | tail -1)
case " $SET " in
*" fs="* | *" folios="*) ;;
*)
	case $recorded in
	"" | none | ext4) ;;
	order0) SET+=" folios=small" ;;
	*) SET+=" fs=$recorded" ;;
	esac
	;;
esac

boot_options= player_options=" player.boost=1" seen=" " fs=ext4 pcluster=
for pair in $SET; do
	key=${pair%%=*} value=${pair#*=}
	[[ $pair == *=* ]] || bad "SET: \"$pair\": expected KEY=VALUE"
	[[ $seen != *" $key "* ]] || bad "SET: $key is there twice"
	seen+="$key "
	case $key in
	kmem | damon_stat | boost) one_of "SET: $key=" "$value" "0 1" ;;
	thp) one_of "SET: $key=" "$value" "always madvise never" ;;
	folios) one_of "SET: $key=" "$value" "small large" ;;
	fs) one_of "SET: $key=" "$value" "$file_systems" && fs=$value ;;
	pcluster) [[ $value =~ ^[1-9][0-9]{0,6}$ && $((value % 4096)) -eq 0 && $value -le 1048576 ]] &&
		pcluster=$value || bad "SET: $key=$value: expected a multiple of 4096, at most 1048576" ;;
	readahead_kb) [[ $value =~ ^(0|[1-9][0-9]{0,6})$ && $((value % 4)) -eq 0 ]] ||
		bad "SET: $key=$value: expected a multiple of 4" ;;
	*) bad "SET: unknown key \"$key\"; expected one of: kmem thp damon_stat boost readahead_kb folios fs pcluster" ;;
	esac
	case $key in
	kmem) [ "$value" = 1 ] || boot_options+=" cgroup.memory=nokmem" ;;
	boost) player_options=${player_options/boost=1/boost=$value} ;;
	pcluster) ;;
	readahead_kb) player_options+=" player.ra_kb=$value" ;;
	*) player_options+=" player.$key=$value" ;;
	esac
done
if [ $fs != ext4 ] && [[ " $SET " == *" folios=small "* ]]; then
	bad "SET: folios=small: only ext4 can be told so, and fs=$fs"
fi
[ -z "$pcluster" ] || [ $fs = erofs-lz4 ] || bad "SET: pcluster=$pcluster: only erofs-lz4 has them, and fs=$fs"
module=$(module_of $fs)

# line_of ROW - the line number of the first such row, or nothing
line_of() { { grep -nE "^[[:space:]]*$1" "$trace" || true; } | head -1 | cut -d: -f1; }
memcg=${MEMCG:-$(machine memcg_pages)}
second=$(machine memcg2_pages)
pages=$(machine memory_pages)
line=$(line_of 'oom[[:space:]]*,')
[ -z "$line" ] || bad "$trace:$line: oom: only the test-only kernel (make kernel-run) can reap so"

kernel=${KERNEL_DIR:-$(FILE_SYSTEM=$module "$here/scripts/image.sh")} || exit
[ -f "$kernel/bzImage" ] || bad "no kernel in $kernel"
info() { sed -n "s/^$1=//p" "$kernel/info"; }
[ -z "$module" ] || [ -d "$kernel/fs-$module" ] ||
	bad "$(info source) has no module $module, and fs=$fs needs it"
need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio gcc=gcc timeout=coreutils

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; nothing of the run that was played is kept" stop_guest
out=${OUT:-$tmp/out}
mkdir -p "$out"
modules=("$kernel/modules")
swap=$(machine swap_pages)
if [ "$(number "${swap:-0}")" -gt 0 ]; then
	[ -d "$kernel/swap" ] || bad "$(info source) has no zram, and $trace wants swap_pages"
	modules+=("$kernel/swap")
fi
[ -z "$module" ] || modules+=("$kernel/fs-$module")
make_initrd "${modules[@]}"

# A distribution's kernel needs 60 to 80 MiB for itself; player/size.c takes the surplus.
cpus=$(machine cpus)
cpus=$(number "${cpus:-1}")
own=$(($(stat -c %s "$tmp/initrd") / 1048576 + 92))
if [ -n "${MEM:-}" ]; then
	mem=$MEM
elif [ -n "$memcg" ]; then
	# with less than 512 MiB the kernel disables THP, whatever its configuration
	mem=$((($(number "$memcg") + $(number "${second:-0}")) / 128 + 640))
else
	pages=$(number "$pages")
	# the 15 MiB of the DMA zone, see below
	mem=$(((pages * 4 + pages / 16) / 1024 + own + 15))
fi
# On a machine of 4 GiB or more, lowmem_reserve_ratio keeps page cache out of the DMA zone of
# 15 MiB. A guest of 48 MiB would fill the zone. So a whole guest has none.
[ -n "$memcg" ] || boot_options+=' memmap=15M$1M'

one() { # RUN STATUS - check and print a run; STATUS: exit status of its guest
	local dir=$out/$1 why policy lru run
	split_run "$1"
	why=$(why_not "$dir" "$2")
	case $why in
	bad-input:*) bad "$(info version): ${why#bad-input: }" ;;
	?*) say "run $run of $policy $lru not counted: $why"; return 1 ;;
	esac
	if [ ! -e "$tmp/told-$lru" ]; then
		say "$(info version): $(sed -n 's/^I settings //p' "$dir/results")"
		[ -e "$tmp/told" ] || echo "kernel,config,policy,lru,trace,run,mark,counter,value"
		touch "$tmp/told" "$tmp/told-$lru"
	fi
	counters "$(info version),${SET:-default},$policy,$lru,$(trace_field),$run" "$dir"
}

append="$guest_cmdline$boot_options player.stock=1 player.flags=none player.align=1$player_options\
${MEMCG:+ player.memcg=$MEMCG} $OPTIONS"
[ -z "${DESCRIBE:-}" ] || { describe; exit; }
# ext4 uses no large folios on a file system with the feature "encrypt" (v7.3
# ext4_check_large_folio()), and changes nothing else without encrypted files. "chattr +j"
# also avoids large folios, but sends written data through the journal.
if [[ " $SET " == *" folios=small "* ]]; then
	make_disk ^has_journal,encrypt
else
	make_disk ^has_journal $fs
fi
failed=0
plan_runs
play "${runs[@]}"
exit $failed
