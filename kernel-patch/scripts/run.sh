#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh TRACE: replays a trace on a real kernel in QEMU and prints its counters as CSV,
# one row per run, snapshot and counter. A run that could not do what the trace says is
# reported on stderr, is left out of the CSV, and makes the exit code 1.
#
#   POLICY="NAME..."  policies of the test-only patch, each also with +evict
#                     (default baseline)
#   LRU="NAME..."     classic, mglru (default classic)
#   RUNS=N            runs of each policy and LRU (default 5). With a memory cgroup all runs
#                     share one boot (player/batch.c), otherwise each has its own
#   PLAN="POLICY-LRU-NUMBER..."  only these runs
#   DESCRIBE=1        play nothing, print what decides about a run besides trace and kernel
#   KERNEL, KERNEL_SRC, PATCHES, CONFIG   as for build.sh
#   KERNEL_DIR=FOLDER  use this kernel, which build.sh printed, and build nothing
#   RA_KB=N           readahead, overrides the trace
#   KMEM=0            kernel memory is not charged (cgroup.memory=nokmem)
#   MEMCG=N           memory.max in pages, overrides the trace
#   MEM=N             MiB of the guest (default: what the trace's machine rows need)
#   OPTIONS="..."     more player options, such as player.dump=1 player.times=1
#   QEMU="..."        more options of QEMU, such as "-icount shift=0,sleep=off"
#   TIMEOUT=SECONDS   limit for one run (default 600)
#   OUT=FOLDER        keep console and raw results there
#   REAPSIM=PROGRAM   checks the trace first (default: build/reapsim)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/scripts/guest.sh"

trace=${1:-}
[ -n "$trace" ] || bad "which trace? TRACE=FILE"
POLICY=${POLICY:-baseline}
LRU=${LRU:-classic}
RUNS=${RUNS:-5}
TIMEOUT=${TIMEOUT:-600}
KMEM=${KMEM:-1}
[[ $KMEM =~ ^[01]$ ]] || bad "KMEM=$KMEM: expected one of: 0 1"
OPTIONS=${OPTIONS:-}

check_trace
kernel=${KERNEL_DIR:-$("$here/scripts/build.sh")} || exit
[ -f "$kernel/bzImage" ] || die "no kernel in $kernel"
need qemu-system-x86_64=qemu-system-x86 mke2fs=e2fsprogs cpio=cpio gcc=gcc timeout=coreutils

info() { sed -n "s/^$1=//p" "$kernel/info"; }

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; nothing of the run that was played is kept" stop_guest
out=${OUT:-$tmp/out}
mkdir -p "$out"
make_initrd

# memory_pages is what the trace finds free. The guest needs more: for the kernel image,
# the map of pages, the kernel's own allocations and the text of the trace.
memcg=${MEMCG:-$(machine memcg_pages)}
second=$(machine memcg2_pages)
pages=$(machine memory_pages)
cpus=$(machine cpus)
cpus=$(number "${cpus:-1}")
[ -z "$memcg" ] || [ "$(number "$memcg")" -gt 0 ] || memcg=
if [ -n "${MEM:-}" ]; then
	mem=$MEM
elif [ -n "$memcg" ]; then
	mem=$((($(number "$memcg") + $(number "${second:-0}")) / 128 + 256))
elif [ -n "$pages" ]; then
	pages=$(number "$pages")
	# what the kernel takes, trace buffers of two CPUs included; player/size.c takes the surplus
	mem=$(((pages * 4 + pages / 16 + 21 * 1024 + 512 + $(stat -c %s "$trace") / 1024 + 512) / 1024))
else
	mem=256
fi

one() { # RUN STATUS - check and print a run; STATUS: exit status of its guest
	local dir=$out/$1 why policy lru run
	split_run "$1"
	why=$(why_not "$dir" "$2")
	[ -z "$why" ] || { say "run $run of $policy $lru not counted: $why"; return 1; }
	[ -e "$tmp/told" ] || echo "kernel,config,policy,lru,trace,run,mark,counter,value"
	touch "$tmp/told"
	counters "$(info version),$(info config),$policy,$lru,$(trace_field),$run" "$dir"
}

options=
[ "$KMEM" = 1 ] || options+=" cgroup.memory=nokmem"
[ -z "${RA_KB:-}" ] || options+=" player.ra_kb=$RA_KB"
[ -z "${MEMCG:-}" ] || options+=" player.memcg=$MEMCG"
append="$guest_cmdline$options $OPTIONS"
[ -z "${DESCRIBE:-}" ] || { describe; exit; }
make_disk
failed=0
plan_runs
play "${runs[@]}"
exit $failed
