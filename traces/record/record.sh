#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Record what a command does to the page cache, with perf, as text that
# "reapsim trace convert" reads (traces/readers/perf.c says how it is read).
#
# The command runs as a child of perf, so only it and its descendants are
# recorded. The output begins with lines "# key: value": the provenance, which
# the reader copies into the trace, and one "# file:" line for each file that
# was used and still exists, because perf does not record the sizes of files.

set -u
LC_ALL=C
export LC_ALL

prog=${0##*/}

usage()
{
	cat <<USAGE
usage: $prog [options] -- COMMAND [ARG...]
       $prog [options] -p PID -- sleep SECONDS
       $prog [options] -G CGROUP -- sleep SECONDS
       $prog --perfetto-config
       $prog --settings

Records COMMAND and everything it starts; with -p a process that runs and what it
starts, with -G all that run in a cgroup, for as long as COMMAND runs. Writes a
text trace.

  -o FILE      write the trace to FILE (default: trace.perf.txt)
  --cold       drop the page cache first (needs root), so that file reads
               show up as page-cache insertions too
  --software   take faults from the software event, as where the kernel has no
               tracepoint for them (arm64): it does not distinguish reads from writes
  -p PID       record this process instead of COMMAND
  -G CGROUP    record this cgroup instead of COMMAND, by its path below the
               mount of cgroup v2 (or perf_event of v1); perf lists the tasks and
               mappings of the whole machine, of which those are kept that did
               something in the cgroup
  --perfetto-config
               print a configuration for Perfetto, as on Android, and exit:
               traces/README.md says how to use it
  --settings   print what a recording says of the kernel's settings, and exit
  -m SIZE      perf buffer for each CPU, as perf takes it (default: 32M);
               raise it when events were lost
  --note TEXT  add a line of your own to the provenance, "KEY: TEXT" or just
               TEXT (may be repeated)
  --allow-lost keep the recording although events were lost
  --keep       keep the binary perf.data next to FILE
  -h, --help   this text

Then: reapsim trace convert FILE out.csv
USAGE
}

# The configuration for Perfetto: the same events, as far as ftrace has them. Buffers are
# large: events that do not fit are dropped, and counted.
perfetto_config()
{
	cat <<CONFIG
# Written by traces/record/record.sh --perfetto-config.
buffers { size_kb: 262144 fill_policy: DISCARD }
data_sources { config { name: "linux.system_info" } }
data_sources {
  config {
    name: "linux.process_stats"
    process_stats_config { scan_all_processes_on_start: true }
  }
}
data_sources {
  config {
    name: "linux.ftrace"
    ftrace_config {
      buffer_size_kb: 32768
      drain_period_ms: 250
CONFIG
	for e in exceptions/page_fault_user exceptions/page_fault_kernel \
		filemap/mm_filemap_fault filemap/mm_filemap_map_pages \
		filemap/mm_filemap_get_pages filemap/mm_filemap_add_to_page_cache \
		filemap/mm_filemap_delete_from_page_cache ext4/ext4_da_write_begin \
		ext4/ext4_write_begin task/task_newtask task/task_rename \
		sched/sched_process_fork sched/sched_process_exec sched/sched_process_exit \
		signal/signal_generate signal/signal_deliver oom/mark_victim \
		lowmemorykiller/lowmemory_kill raw_syscalls/sys_enter; do
		echo "      ftrace_events: \"$e\""
	done
	cat <<CONFIG
      syscall_events: "sys_munmap"
      syscall_events: "sys_madvise"
    }
  }
}
duration_ms: 30000
write_into_file: true
file_write_period_ms: 1000
CONFIG
}

# The settings of the kernel that decide over folios, lists and accessed bits.
kernel_settings()
{
	thp=$(sed 's/.*\[\(.*\)\].*/\1/' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null)
	echo "# transparent huge pages: ${thp:-not built in}"
	lru=$(cat /sys/kernel/mm/lru_gen/enabled 2>/dev/null)
	case $lru in
	"" | 0x0000) echo "# lru: classic" ;;
	*) echo "# lru: MGLRU ($lru)" ;;
	esac
	damon=/sys/module/damon_stat/parameters
	case $(cat $damon/enabled 2>/dev/null) in
	"") echo "# damon_stat: not there" ;;
	Y) echo "# damon_stat: on, aggregation interval $(cat $damon/aggr_interval_us) us" ;;
	*) echo "# damon_stat: off" ;;
	esac
}

die()
{
	echo "$prog: $*" >&2
	exit 1
}

bad_usage()
{
	echo "$prog: $*" >&2
	echo "Try '$prog --help'." >&2
	exit 2
}

out=trace.perf.txt
cold=0
buffer=32M
allow_lost=0
keep=0
pid=
cgroup=
software=0
notes=

while [ $# -gt 0 ]; do
	case $1 in
	-o|-m|-p|-G|--note)
		[ $# -ge 2 ] || bad_usage "$1 needs a value"
		case $1 in
		-o) out=$2 ;;
		-m) buffer=$2 ;;
		-p) pid=$2 ;;
		-G) cgroup=$2 ;;
		--note)
			case $2 in
			*": "*) note=$2 ;;
			*) note="remark: $2" ;;
			esac
			notes="$notes# $(printf %s "$note" | tr '\n' ' ')
" ;;
		esac
		shift 2 ;;
	--cold) cold=1; shift ;;
	--software) software=1; shift ;;
	--allow-lost) allow_lost=1; shift ;;
	--keep) keep=1; shift ;;
	--perfetto-config) perfetto_config; exit 0 ;;
	--settings) kernel_settings; exit 0 ;;
	-h|--help) usage; exit 0 ;;
	--) shift; break ;;
	-*) bad_usage "unknown option '$1'" ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || bad_usage "no command given"

command -v perf >/dev/null 2>&1 ||
	die "perf is not installed; on Debian: apt-get install linux-perf"
perf version >/dev/null 2>&1 ||
	die "perf is installed but does not run; on Debian: apt-get install linux-perf"
case $pid in
*[!0-9]*) bad_usage "-p $pid: expected the number of a process" ;;
esac
[ -z "$pid" ] || [ -d "/proc/$pid" ] || bad_usage "-p $pid: there is no such process"
[ -z "$pid" ] || [ -z "$cgroup" ] || bad_usage "-p and -G: expected one of them"
members=${0%/*}/members.awk
[ -z "$cgroup" ] || [ -r "$members" ] || die "-G needs $members"
command -v "$1" >/dev/null 2>&1 || bad_usage "command '$1' not found"

# tracefs names the events; perf mounts it by itself only where debugfs is there
tracefs=
for d in /sys/kernel/tracing /sys/kernel/debug/tracing; do
	[ -d "$d/events" ] && tracefs=$d && break
done
if [ -z "$tracefs" ] && [ -d /sys/kernel/tracing ]; then
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null &&
		tracefs=/sys/kernel/tracing
fi
[ -r "${tracefs:-/nowhere}/events" ] ||
	die "cannot read the kernel's trace events in /sys/kernel/tracing: run as root"

has_event()
{
	[ -d "$tracefs/events/$(echo "$1" | tr : /)" ]
}

# Faults with their address. The tracepoint exists on x86 and riscv, and shows whether a
# fault writes; the software event exists everywhere, but does not show that.
# -c 1: record each of them, no sampling.
no_writes=
if has_event exceptions:page_fault_user && [ $software = 0 ]; then
	faults="-e exceptions:page_fault_user"
	fields=pid,tid,cpu,time,event,trace
else
	faults="-e page-faults -c 1 --sample-cpu"
	fields=pid,tid,cpu,time,event,addr,trace
	no_writes=" faults count as reads (no exceptions:page_fault_user);"
fi

# Only the file of an earlier recording is replaced, and only by a complete one.
may_replace() # FILE BEGINNING
{
	[ ! -d "$1" ] || bad_usage "$1 is a folder"
	[ -s "$1" ] || return 0
	[ "$(head -c ${#2} <"$1" | tr -d '\0')" = "$2" ] ||
		bad_usage "$1 exists and is no recording; remove it or give another name"
	[ -n "$(find "$1" -prune -perm /222)" ] || bad_usage "$1 is read-only"
}
case $out in
/*) ;;
*) out=./$out ;;
esac
may_replace "$out" "# reapsim-perf "
[ $keep = 0 ] || may_replace "$out.data" PERFILE

tmp=$(mktemp -d "${TMPDIR:-/tmp}/reapsim-record.XXXXXX") || die "no temporary directory"
trap 'rm -rf "$tmp" ${new:+"$new"}' EXIT
trap 'exit 130' INT TERM
new=$(mktemp "${out%/*}/.reapsim-XXXXXXXX") || die "cannot write $out"
chmod "$(printf %o $((0666 & ~0$(umask))))" "$new"
data=$tmp/perf.data

cache="as it was, not dropped"
if [ $cold = 1 ]; then
	sync
	echo 3 >/proc/sys/vm/drop_caches 2>/dev/null ||
		die "--cold: cannot write /proc/sys/vm/drop_caches: run as root"
	cache="dropped before the recording (drop_caches 3)"
fi

# Filters belong to the event before them. munmap and madvise: by their own events
# where the kernel has them (CONFIG_FTRACE_SYSCALLS), else by their numbers on x86-64.
set_events()
{
	for e in exceptions:page_fault_kernel filemap:mm_filemap_fault \
		filemap:mm_filemap_map_pages oom:mark_victim \
		filemap:mm_filemap_get_pages filemap:mm_filemap_add_to_page_cache \
		filemap:mm_filemap_delete_from_page_cache task:task_newtask \
		ext4:ext4_write_begin ext4:ext4_da_write_begin ext4:ext4_allocate_inode \
		ext4:ext4_truncate_enter ext4:ext4_sync_file_enter; do
		has_event $e && echo "-e $e"
	done
	has_event ext4:ext4_evict_inode && echo "-e ext4:ext4_evict_inode --filter nlink==0"
	for e in signal:signal_generate signal:signal_deliver; do
		has_event $e && echo "-e $e --filter sig==9"
	done
	if has_event syscalls:sys_enter_munmap && has_event syscalls:sys_enter_madvise; then
		echo "-e syscalls:sys_enter_munmap -e syscalls:sys_enter_madvise"
	elif [ "$(uname -m)" = x86_64 ] && has_event raw_syscalls:sys_enter; then
		echo "-e raw_syscalls:sys_enter --filter id==11||id==28"
	fi
}
events="$faults $(set_events)"

missing=$no_writes
has_event filemap:mm_filemap_get_pages ||
	missing="$missing read(2) is not seen (no filemap:mm_filemap_get_pages, Linux 6.12 or newer);"
has_event ext4:ext4_da_write_begin ||
	missing="$missing write(2) is not seen (no ext4 events);"
deletions=
case " $events " in
*ext4_evict_inode*) deletions="of ext4 with truncates and fsync, of tmpfs without" ;;
*) missing="$missing deletions, truncates and fsync() are not seen (no ext4 events);" ;;
esac
case " $events " in
*sys_enter*) ;;
*) missing="$missing munmap() and madvise() are not seen (no syscalls events);" ;;
esac
has_event filemap:mm_filemap_map_pages ||
	missing="$missing what the page cache says of a fault is not seen (no filemap:mm_filemap_map_pages, Linux 6.12 or newer);"
has_event task:task_newtask ||
	missing="$missing vfork() looks like fork() (no task:task_newtask);"
has_event signal:signal_generate ||
	missing="$missing kills look like exits (no signal events);"
has_event oom:mark_victim ||
	missing="$missing OOM kills look like other kills (no oom:mark_victim);"
[ -z "$missing" ] || echo "$prog: note:$missing" >&2

target=
groups=
[ -z "$pid" ] || target="-p $pid"
if [ -n "$cgroup" ]; then
	target=-a
	# The name once for each event, behind them; none for those that another process causes
	# to happen to one of the cgroup: they are taken from the whole machine.
	groups=$(printf '%s\n' $events | cgroup=$cgroup awk '
		after { printf "%s%s", nr++ ? "," : "", /^(oom:mark_victim|signal:signal_generate)$/ ? "" : ENVIRON["cgroup"] }
		{ after = /^-e$/ }')
fi

# Ctrl-C ends the command, not the recording of it
trap : INT
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
# -N -B: no cache of build ids, which are hard links to the files recorded.
# --no-buildid-mmap: newer perf writes build ids in the place of inodes
buildid=
perf record -h 2>&1 | grep -q -e --buildid-mmap && buildid=--no-buildid-mmap
# shellcheck disable=SC2086 # the events are words
perf record -q -N -B -d $buildid $target -m "$buffer" -o "$data" $events \
	${groups:+-G "$groups"} -- "$@" 2>"$tmp/record.err"
rc=$?
trap 'exit 130' INT
if [ ! -s "$data" ]; then
	cat "$tmp/record.err" >&2
	die "perf record failed; it needs root or CAP_PERFMON" \
		"(kernel.perf_event_paranoid is $(cat /proc/sys/kernel/perf_event_paranoid))"
fi
cat "$tmp/record.err" >&2
[ $rc -eq 0 ] || echo "$prog: the command ended with status $rc" >&2

# -F says which fields, in perf's own order; non-trace event types that it
# complains about are not in the file
perf script -i "$data" --show-mmap-events --show-task-events --show-lost-events \
	-F $fields >"$tmp/events.txt" 2>"$tmp/script.err" || {
	cat "$tmp/script.err" >&2
	die "perf script failed"
}
grep -v "not valid for .* events. Ignoring" "$tmp/script.err" >&2

if [ -n "$cgroup" ]; then
	awk -f "$members" "$tmp/events.txt" "$tmp/events.txt" >"$tmp/members.txt" &&
		mv "$tmp/members.txt" "$tmp/events.txt" || die "cannot write in $tmp"
fi

lost=$(awk '/PERF_RECORD_LOST/ { for (i = 1; i <= NF; i++) if ($i == "lost") n += $(i + 1) }
	END { print n + 0 }' "$tmp/events.txt")
if [ "$lost" -gt 0 ] && [ $allow_lost = 0 ]; then
	die "perf lost $lost events: the trace would have holes." \
		"Raise the buffer (-m 128M) or pass --allow-lost"
fi

# Sizes and names of the files that were used: one walk over each file system.
# In: "dev:ino" in decimal. Device numbers in MMAP2 lines and inode numbers in
# trace events are hexadecimal.
cat >"$tmp/inodes.awk" <<'AWK'
function hex(s,   i, n) {
	n = 0
	s = tolower(s)
	for (i = 1; i <= length(s); i++)
		n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}
/PERF_RECORD_MMAP2/ {
	if (match($0, /@ [^ ]+ [0-9a-f]+:[0-9a-f]+ [0-9]+ [0-9]+\]/)) {
		split(substr($0, RSTART, RLENGTH), f, " ")
		split(f[3], d, ":")
		if (f[4] != 0)
			seen[hex(d[1]) ":" hex(d[2]) " " f[4]] = 1
	}
}
/filemap:mm_filemap_(get_pages|fault|add_to_page_cache):/ {
	if (match($0, /dev[= ][0-9]+:[0-9]+ ino[= ][0-9a-f]+/)) {
		s = substr($0, RSTART, RLENGTH)
		gsub(/[= ]/, " ", s)
		split(s, f, " ")
		seen[f[2] " " hex(f[4])] = 1
	}
}
/ext4:ext4_(da_)?write_begin:/ {
	if (match($0, /dev [0-9]+,[0-9]+ ino [0-9]+/)) {
		split(substr($0, RSTART, RLENGTH), f, " ")
		sub(/,/, ":", f[2])
		seen[f[2] " " f[4]] = 1
	}
}
END { for (s in seen) print s }
AWK
awk -f "$tmp/inodes.awk" "$tmp/events.txt" >"$tmp/inodes"
: >"$tmp/files"
echo "$prog: looking up $(wc -l <"$tmp/inodes") files by number, which may take a while" >&2
cut -d' ' -f1 "$tmp/inodes" | sort -u | while read -r dev; do
	# a bind mount shows a part of its file system only: prefer a root of "/"
	mnt=$(awk -v dev="$dev" '$3 == dev { if ($4 == "/") { print $5; ok = 1; exit } if (!m) m = $5 }
		END { if (!ok && m) print m }' /proc/self/mountinfo)
	[ -n "$mnt" ] || continue
	# a name with a newline would be two lines, the second of its own choice
	find "$mnt" -xdev -type f ! -path '*
*' -printf '%i %s %F %p\n' 2>/dev/null |
		dev=$dev list=$tmp/inodes awk '
		BEGIN { dev = ENVIRON["dev"]; list = ENVIRON["list"]; while ((getline s < list) > 0) { split(s, f, " "); if (f[1] == dev && !(f[2] in want)) { want[f[2]]; nr++ } } }
		$1 in want { delete want[$1]; print "# file: " dev " " $0; if (!--nr) exit }' >>"$tmp/files"
done

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
mem=$(awk '/^MemTotal:/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)
nr_cpus=$(getconf _NPROCESSORS_ONLN)

# of the devices that the files are on
readahead=$(cut -d' ' -f3 "$tmp/files" | sort -u | while read -r dev; do
	kb=$(cat "/sys/class/bdi/$dev/read_ahead_kb" 2>/dev/null) && echo "$dev $kb kB"
done | paste -s -d, | sed 's/,/, /g')
file_systems=$(cut -d' ' -f6 "$tmp/files" | sort | uniq -c | sort -rn |
	awk '{ printf "%s%s (%d files)", (NR > 1 ? ", " : ""), $2, $1 }')

grep -q "^flags.* hypervisor" /proc/cpuinfo && virt=" (a virtual machine)" || virt=

{
	echo "# reapsim-perf 1"
	echo "# machine: ${cpu:-unknown CPU}, $nr_cpus CPUs, $mem memory$virt"
	echo "# kernel: $(uname -srm)"
	echo "# arch: $(uname -m)"
	echo "# page size: $(getconf PAGESIZE)"
	[ -z "$pid" ] || echo "# attached: to a process that ran, for the time of the command"
	[ -z "$cgroup" ] || echo "# attached: to a cgroup, for the time of the command"
	printf '# command: %s' "$*" | tr '\n' ' '
	echo
	echo "# status: $rc"
	echo "# date: $started"
	echo "# recorder: traces/record/record.sh, $(perf --version)"
	echo "# page cache: $cache"
	kernel_settings
	echo "# readahead: ${readahead:-unknown}"
	echo "# file systems: ${file_systems:-unknown}"
	[ -z "$deletions" ] || echo "# deletions: $deletions"
	[ -z "$missing" ] || echo "# not seen:$missing"
	printf %s "$notes"
	echo "# cpus: $nr_cpus"
	echo "# lost: $lost"
	cat "$tmp/files"
	cat "$tmp/events.txt"
} >"$new" && mv -f "$new" "$out" || die "cannot write $out"
new=
[ $keep = 0 ] || cp "$data" "$out.data" || die "cannot write $out.data"
echo "$prog: $out: $(wc -l <"$tmp/events.txt") events," \
	"$(wc -l <"$tmp/files") files, $lost lost" >&2
exit 0
