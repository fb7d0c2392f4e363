#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record.sh: plays the scenarios on a real kernel and writes its counters to
# INTO/vVERSION-LRU.*, for "reapsim agree". It can be interrupted at any time: finished boots
# are kept in ~/.cache/reapsim/agreement, and are not repeated unless the scenario, the
# kernel, the player or an option of the guest changes.
#
# With a memory cgroup the runs of a scenario share one boot. Each has a new cgroup and dropped
# caches; what it can't show is what else differs from boot to boot (player/batch.c).
#
#   SCENARIOS="NAME..."  of TRACES (default: all)
#   TRACES=FOLDER        (default: traces/scenarios)
#   POLICY="NAME..."     (default: baseline v1 flag any-exit v1+evict)
#   LRU=NAME             classic, mglru (default: classic)
#   RUNS=N               runs of each (default 5); 0: only write the finished runs
#   JOBS=N               guests at once, whatever their number of CPUs (default: 3 for each CPU
#                        here, as a guest waits for the flusher for most of its time, but one for
#                        each GiB that is available)
#   INTO=FOLDER          (default: kernel-patch/results)
#   KERNEL, KERNEL_SRC, PATCHES, KERNEL_DIR, KMEM   as for build.sh and run.sh
#   STOCK=NAME           use a distribution's kernel (KERNEL, KERNEL_IMAGE as for image.sh)
#                        with SET="KEY=VALUE..." as for stock-run.sh. NAME names these
#                        settings in INTO/stock-vKERNEL-LRU-NAME.*. POLICY (baseline and
#                        skip) is of stock-run.sh's; what imitates a policy of the patch is
#                        recorded under that policy's name
#   REAPSIM=PROGRAM      checks the traces before anything is built or booted (default:
#                        build/reapsim)
#
# What the files have of other scenarios stays, except where the trace in TRACES is another now.
#
# It writes three files. .csv: each counter at each snapshot, with the value of every run; also
# the mean time of a device read, of an operation, and of one that begins or ends a process
# since the previous snapshot (read_us, op_us, proc_us; recordings before 2026-11-30 21:00 have
# such operations in op_us), before which operations since then the statistics of cgroups were
# flushed (flush_ops, "12+3480@33", from 0: before the one, and in the other when the disk had
# been asked for 33 pages; "-": none; recordings before 2026-11-30 lack it, and those before
# 21:00 that day the pages), and the pages that the disk has read, those of the file system's
# own blocks included (disk_read_pages; recordings before 2026-11-28 20:00 lack it). .runs.csv:
# provenance of the rows of the other two. .pages.csv: the state of every file page, run-length
# encoded: "." not cached, "i" inactive, "a" active in all runs of the kernel, "p" cached but
# active only in some runs, "?" cached only in some runs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/scripts/guest.sh"

STOCK=${STOCK:-}
SET=${SET:-}
if [ -n "$STOCK" ]; then
	play=stock-run.sh
	POLICY=${POLICY:-baseline skip}
else
	play=run.sh
	POLICY=${POLICY:-baseline v1 flag any-exit v1+evict}
fi
LRU=${LRU:-classic}
RUNS=${RUNS:-5}
JOBS=${JOBS:-$(awk -v jobs=$(($(nproc) * 3)) '/^MemAvailable:/ { gib = int($2 / 1048576) }
	END { print (gib > jobs) ? jobs : gib + !gib }' /proc/meminfo)}
traces=${TRACES:-$here/../traces/scenarios}
work=$cache/agreement

# one SCENARIO KEY RUN... - play runs, POLICY-LRU-NUMBER each, in one call, and keep those
# that finished
one() {
	local name=$1 key=$2 began=$SECONDS status=0 run done=0
	shift 2
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	PLAN=$* OUT=$tmp "$here/scripts/$play" "$traces/$name.csv" >/dev/null 2>"$tmp/why" || status=$?
	for run; do
		if [ -f "$tmp/$run/results" ] && [ "$(tail -n1 "$tmp/$run/results" | tr -d '\r')" = done ]; then
			mv "$tmp/$run/results" "$work/$key/$run"
			done=$((done + 1))
		fi
	done
	[ $done -eq 0 ] || progress $done "$name $LRU: $((SECONDS - began)) s"
	# after a success only that a run lost its race, and was repeated
	{ grep -v ' fs=[^ ]* kmem=' "$tmp/why" || true; } |
		{ [ $status -ne 0 ] && cat || grep -E ': (run .* lost its race: |repeating )' || true; } |
		while read -r why; do
			say "$name: ${why#kernel: }"
		done
	[ $status -ne 0 ] || return 0
	[ $status -ne 2 ] || return 255 # bad input: xargs stops
	return 1
}

# progress NR TEXT - report that NR more runs ended, and estimate the time left
progress() {
	local done i
	for ((i = 0; i < $1; i++)); do echo "$2"; done >>"$PROGRESS"
	done=$(wc -l <"$PROGRESS")
	say "$done of $TODO runs, $2; about $(((TODO - done) * ($(date +%s) - SINCE) / done / 60 + 1)) min left"
}

kernel_id() {
	{ grep -E '^(source|patches)=' "$kernel/info"; digest "$kernel/config"; } | sha256sum | cut -c1-16
}

# key SCENARIO - by which its finished runs are kept: all that decides about them
key() {
	local guest
	guest=$(DESCRIBE=1 RUNS=1 "$here/scripts/$play" "$traces/$1.csv") || exit
	{ digest "$traces/$1.csv"; kernel_id; echo "$player $SET $guest"; } | sha256sum | cut -c1-16
}

# name_of POLICY - the name under which it is recorded: the policy that it imitates
name_of() {
	case $1 in
	skip*) echo "v1${1#skip}" ;;
	evict) echo baseline+evict ;;
	*) echo "$1" ;;
	esac
}

[ -n "${SCENARIOS:-}" ] || SCENARIOS=$(cd "$traces" && printf '%s\n' *.csv | sed 's/\.csv$//')

# plain NAME... - fail if a name cannot be a word of a command and a CSV field
plain() {
	local name
	for name; do
		[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]] ||
			bad "\"$name\": expected letters, digits and . _ + - in the name of a scenario, policy or LRU"
	done
}

if [ "${1:-}" = --one ]; then
	shift
	one "$@"
	exit
fi

# shellcheck disable=SC2086 # lists
plain $SCENARIOS $POLICY $LRU $STOCK
for name in $SCENARIOS; do
	[ -f "$traces/$name.csv" ] || die "no scenario $name in $traces"
	trace=$traces/$name.csv check_trace
done
if [ -n "$STOCK" ]; then
	KERNEL_DIR=${KERNEL_DIR:-$("$here/scripts/image.sh")} || exit
else
	KERNEL_DIR=${KERNEL_DIR:-$(CONFIG=events "$here/scripts/build.sh")} || exit
fi
export KERNEL_DIR LRU STOCK SET
kernel=$KERNEL_DIR
player=$(digest "$here"/player/*.[ch])
info() { sed -n "s/^$1=//p" "$kernel/info"; }
# stock-run.sh adds player.align=1 itself
export OPTIONS="player.dump=1"
[ -n "$STOCK" ] || OPTIONS+=" player.align=1"
declare -A keys
tasks=$(mktemp)
PROGRESS=$(mktemp)
trap 'rm -rf "$tasks" "$PROGRESS"' EXIT
for name in $SCENARIOS; do
	keys[$name]=$(key "$name") || exit
	mkdir -p "$work/${keys[$name]}"
done
# runs_of SCENARIO NUMBER - the unfinished runs with this number, POLICY-LRU-NUMBER each
runs_of() {
	local policy
	for policy in $POLICY; do
		# without a reap the policy has no effect; with only_baseline the player
		# cannot imitate it
		if [ -n "$STOCK" ] && [ "$policy" != baseline ] &&
			{ ! grep -q '^mrelease,' "$traces/$1.csv" || grep -q '^note,only_baseline,' "$traces/$1.csv"; }; then
			continue
		fi
		[ -f "$work/${keys[$1]}/$policy-$LRU-$2" ] || echo "$policy-$LRU-$2"
	done
}
# A scenario with a memory cgroup plays all its runs in one boot. Otherwise play every scenario
# once before any twice, so that first results come early.
for ((run = 1; run <= RUNS; run++)); do
	for name in $SCENARIOS; do
		if ! grep -q '^machine,memcg_pages,' "$traces/$name.csv"; then
			runs_of "$name" "$run" | sed "s/^/$name ${keys[$name]} /"
		elif [ "$run" -eq 1 ]; then
			for ((r = 1; r <= RUNS; r++)); do runs_of "$name" "$r"; done |
				awk -v head="$name ${keys[$name]}" '
					{ plan = plan " " $0 }
					END { if (plan) print head plan }'
		fi
	done
done >"$tasks"
stop_runs() { kill -TERM -- -$players; } 2>/dev/null
TODO=$(($(wc -w <"$tasks") - 2 * $(wc -l <"$tasks")))
SINCE=$(date +%s)
export PROGRESS TODO SINCE
status=0
if [ "$TODO" -gt 0 ]; then
	need qemu-system-x86_64=qemu-system-x86
	on_signal "stopped; the runs that ended are kept in $work, and the same command plays the others" stop_runs
	set -m # a process group, so that stop_runs() reaches all guests
	xargs -P "$JOBS" -L 1 "$here/scripts/record.sh" --one <"$tasks" &
	players=$!
	set +m
	wait $players || status=$?
	[ $status -ne 124 ] || exit 2
	[ $status -eq 0 ] || status=1
fi

# ---- write the recorded files from the finished runs ----

into=${INTO:-$here/results}
if [ -n "$STOCK" ]; then
	out=$into/stock-v$(info version | cut -d+ -f1)-$LRU-$STOCK
else
	# v7.3-* are of 7.3-rc7, v6.12-* of any 6.12
	version=$(info version)
	[[ $version != *-rc* && $version != 6.12* ]] || version=$(cut -d. -f1,2 <<<"$version")
	out=$into/v$version-$LRU
fi
new=$(mktemp -d)
trap 'rm -rf "$tasks" "$PROGRESS" "$new"' EXIT
# what the host knows of the image
image_settings=
case " $SET " in
*" fs=erofs-lz4 "*)
	pcluster=$(tr ' ' '\n' <<<"$SET" | sed -n 's/^pcluster=//p')
	image_settings=$(erofs_settings)
	;;
esac
from="$(info version),$(info patches | sed 's/ *$//'),$(digest "$kernel/config"),$player,$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')"

# fold SCENARIO POLICY RESULTS... - write the rows of several runs to the files in $new
fold() {
	awk -v scenario="$1" -v policy="$(name_of "$2")" -v source="$([ -z "$STOCK" ] || info source)" -v image="$image_settings" \
		-v lru="$LRU" -v trace="$traces/$1.csv" -v new="$new" -v from="$from" \
		-v date="$(date -u -r "${@: -1}" +%F)" -v digest="$(sha256sum <"$traces/$1.csv" | cut -c1-16)" '
function hex(c) { return index("123456789abcdef", c) }
function bit(n, b) { return int(n / 2 ^ b) % 2 }
function median(v, n,   i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return v[int((n + 1) / 2)]
}
# the values of all runs
function all(v,   r, s) {
	for (r = 1; r <= run; r++)
		s = s " " v[r]
	return substr(s, 2)
}
# state of a page over all runs: @is in this run, @before in the earlier ones
function merge(before, is) {
	if (before == "" || before == is)
		return is
	return before ~ /[.?]/ || is == "." ? "?" : "p"
}
# "?" of a page: the runs differ, or the file has no name by which to look
function rle(mark, file,   i, n, s, is, last, key) {
	for (i = 0; i < pages[file]; i++) {
		key = mark SUBSEP file SUBSEP i
		is = key in state ? state[key] : "?"
		if (i && is != last) {
			s = s " " n last
			n = 0
		}
		last = is
		n++
	}
	return substr(s " " n last, 2)
}
function since(r, mark, before, name) {
	return is[r, mark, name] - (before == "" ? 0 : is[r, before, name])
}
# mean time of an operation of a class (ops, proc_ops) since the previous snapshot
function mean_us(r, mark, before, class,   ops) {
	ops = since(r, mark, before, "player." class)
	return ops > 0 ? since(r, mark, before, "player." class "_us") / ops : 0
}
# mean time that a process waited for a disk request since the previous snapshot: the time
# of the operations in which the disk read, minus their faults and the time of any
# operation. In a whole guest this would include time that kswapd took, so there it is the
# time of the request in the block layer.
function read_us(r, mark, before,   reads, us) {
	reads = since(r, mark, before, "player.disk_reads")
	if (guest)
		return reads > 0 ? since(r, mark, before, "player.disk_read_ms") * 1000 / reads : 0
	us = since(r, mark, before, "player.disk_ops_us") - since(r, mark, before, "pgfault") * fault_us[r] \
		- since(r, mark, before, "player.disk_ops") * mean_us(r, mark, before, "ops")
	return reads > 0 && us > 0 ? us / reads : 0
}
# mean time of kswapd per page scanned, on any list
function scan_ns(r, mark,   kswapd, direct) {
	kswapd = is[r, mark, "pgscan_kswapd"]
	direct = is[r, mark, "pgscan_direct"]
	return kswapd ? is[r, mark, "kswapd_ns"] / (kswapd + is[r, mark, "pgrefill"] * kswapd / (kswapd + direct)) : 0
}
BEGIN {
	nr_counters = split("workingset_refault_file workingset_activate_file workingset_restore_file pgactivate " \
		"pgdeactivate pgscan pgsteal nr_active_file nr_inactive_file", counter, " ")
	while ((getline row < trace) > 0)
		if (split(row, field, ",") && field[1] == "file")
			file[nr_files++] = field[2]
		else if (field[1] == "machine" && field[2] == "memory_pages")
			guest = field[3]
}
FNR == 1 { run++ }
$1 == "I" && $2 == "fault_ns" { fault_us[run] = $3 / 1000 }
$1 == "I" && $2 == "settings" {
	sub(/^I settings /, "")
	sub(/\r$/, "")
	settings = (source == "" ? "" : "source=" source " ") $0 (image == "" ? "" : " " image)
}
$1 == "I" && $2 == "MemTotal" { managed[run] = $3 + 0 }
# the rest of what is free is in the per-CPU lists
$1 == "I" && $2 == "MemFree" { listed[run] = guest - $3 }
$1 == "M" && $4 == "nr_unevictable" && run && !(run in locked) { locked[run] = $5 + 0 }
$1 == "F" { flushes[run, $2 ($3 > 1 ? ":" $3 : "")] = $4 }
$1 == "M" {
	mark = $2 ($3 > 1 ? ":" $3 : "")
	if (!(mark in seen)) {
		seen[mark] = 1
		marks[nr_marks++] = mark
	}
	name = $4
	value = $5
	if (name == "active_file" || name == "inactive_file") {	# of memory.stat, in bytes
		name = "nr_" name
		value /= 4096
	}
	is[run, mark, name] = value
	if (name ~ /^pg(scan|steal)_(kswapd|direct)$/)
		is[run, mark, substr(name, 1, index(name, "_") - 1) "!"] += value
}
$1 == "P" {
	mark = $2 ($3 > 1 ? ":" $3 : "")
	low = hex(substr($7, length($7))) + 16 * (length($7) > 1 ? hex(substr($7, length($7) - 1, 1)) : 0)
	s = !bit(low, 0) ? "." : bit(low, 4) ? "a" : "i"
	for (i = $5; i < $5 + $6; i++) {
		key = mark SUBSEP $4 SUBSEP i
		state[key] = merge(state[key], s)
	}
	if (pages[$4] < $5 + $6)
		pages[$4] = $5 + $6
}
END {
	for (m = 0; m < nr_marks; m++) {
		mark = marks[m]
		for (c = 1; c <= nr_counters; c++) {
			name = counter[c] ~ /^pg(scan|steal)$/ ? counter[c] "!" : counter[c]
			row = scenario "," policy "," mark "," counter[c] ","
			for (r = 1; r <= run; r++)
				row = row (r > 1 ? " " : "") is[r, mark, name] + 0
			print row >(new "/csv")
		}
		before = m ? marks[m - 1] : ""
		for (r = 1; r <= run; r++) {
			read[r] = sprintf("%.0f", read_us(r, mark, before))
			op[r] = sprintf("%.0f", mean_us(r, mark, before, "ops"))
			proc[r] = sprintf("%.0f", mean_us(r, mark, before, "proc_ops"))
		}
		print scenario "," policy "," mark ",read_us," all(read) >(new "/csv")
		print scenario "," policy "," mark ",op_us," all(op) >(new "/csv")
		if ((1, mark, "player.proc_ops") in is)
			print scenario "," policy "," mark ",proc_us," all(proc) >(new "/csv")
		if ((1, mark) in flushes) {
			for (r = 1; r <= run; r++)
				flush[r] = (r, mark) in flushes ? flushes[r, mark] : "-"
			print scenario "," policy "," mark ",flush_ops," all(flush) >(new "/csv")
		}
		if ((1, mark, "player.disk_read_pages") in is) {
			for (r = 1; r <= run; r++)
				pages_read[r] = is[r, mark, "player.disk_read_pages"] + 0
			print scenario "," policy "," mark ",disk_read_pages," all(pages_read) >(new "/csv")
		}
		for (f = 0; f < nr_files; f++)
			if (f in pages) # it had a name at some snapshot
				print scenario "," policy "," mark "," file[f] "," rle(mark, f) >(new "/pages.csv")
	}
	for (r = 1; r <= run; r++)
		scan[r] = scan_ns(r, marks[nr_marks - 1])
	if (guest)
		settings = settings " managed_pages=" median(managed, run) " pcp_pages=" median(listed, run) \
			" nr_unevictable=" median(locked, run)
	printf "%s,%s,%s,%s,%d,%d,%d,%s,%s,%s\n", scenario, policy, lru, digest, run, median(fault_us, run) + 0.5,
		median(scan, run) + 0.5, from, date, settings >(new "/runs.csv")
}' "${@:3}"
}

echo "scenario,policy,mark,counter,values" >"$new/csv"
echo "scenario,policy,mark,file,pages" >"$new/pages.csv"
echo "scenario,policy,lru,digest,runs,fault_us,scan_ns,kernel,patches,config,player,qemu,date,settings" >"$new/runs.csv"
for f in csv runs.csv pages.csv; do
	cat "$out.$f" >"$new/old.$f" 2>/dev/null || true
done
# as a trace's file is sorted among those of its folder
names=$({ (cd "$traces" && printf '%s\n' *.csv); sed '1d; s/,.*/.csv/' "$new/old.runs.csv"; } | LC_ALL=C sort -u)
for name in ${names//.csv/}; do
	trace=$traces/$name.csv
	now=$([ ! -f "$trace" ] || sha256sum <"$trace" | cut -c1-16)
	for policy in $(sed -n 's/^[^,]*,\([^,]*\),.*/\1/p' "$new/old.runs.csv" | grep -vx policy) \
		$(for p in $POLICY; do name_of "$p"; done); do
		echo "$policy"
	done | awk '!seen[$0]++' | while read -r policy; do
		played=$policy
		for p in $POLICY; do
			[ "$(name_of "$p")" != "$policy" ] || played=$p
		done
		results=()
		[ -z "${keys[$name]:-}" ] || for r in "$work/${keys[$name]}/$played-$LRU-"*; do
			[ -f "$r" ] && results+=("$r")
		done
		before=$(awk -F, -v s="$name" -v p="$policy" -v d="$now" \
			'$1 == s && $2 == p && (d == "" || $4 == d) { print $5 }' "$new/old.runs.csv")
		if [ ${#results[@]} -gt 0 ] && [ ${#results[@]} -ge "${before:-0}" ]; then
			mkdir "$new/part"
			(new=$new/part; fold "$name" "$played" "${results[@]}")
			for f in csv runs.csv pages.csv; do cat "$new/part/$f" >>"$new/$f"; done
			rm -r "$new/part"
		elif [ -n "$before" ]; then
			# keep the recorded rows, which are from more runs, perhaps with another
			# player; old rows lack the column of settings
			for f in csv pages.csv; do
				awk -F, -v s="$name" -v p="$policy" '$1 == s && $2 == p' "$new/old.$f" >>"$new/$f"
			done
			awk -F, -v OFS=, -v s="$name" -v p="$policy" \
				'$1 == s && $2 == p { $14 = $14; print }' "$new/old.runs.csv" >>"$new/runs.csv"
		fi
	done
done
nr=$(($(wc -l <"$new/runs.csv") - 1))
if [ $nr -eq 0 ]; then
	say "no run ended: nothing is written to $out.*"
	exit $status
fi
mkdir -p "$into"
for f in csv runs.csv pages.csv; do
	mv "$new/$f" "$out.$f"
	chmod 644 "$out.$f"
done
say "$nr combinations of scenario and policy in $out.*"
exit $status
