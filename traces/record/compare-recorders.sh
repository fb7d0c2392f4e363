#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Record one run of a command by every recorder that is installed, at the same time, and compare
# the traces that reapsim makes of the recordings. --only compares recordings that are there.
#
# perf takes events of its own. ftrace's text and trace-cmd read one buffer of the kernel, by two
# ways: "trace-cmd extract" works where "trace-cmd record" may not switch ftrace on. Perfetto has
# a buffer of its own. So the three see the same events only if none was lost.
#
# Compared are the processes that perf recorded, or all if it is not among the recorders: their
# operations in their order, touches page by page. How a process begins and when something
# happens is left out. perf knows where files are mapped and the others do not, so perf is
# compared with ftrace event by event.

set -u
LC_ALL=C
export LC_ALL

prog=${0##*/}
here=$(cd "$(dirname "$0")" && pwd)
REAPSIM=${REAPSIM:-$here/../../build/reapsim}

usage()
{
	cat <<USAGE
usage: $prog -o DIR -- COMMAND [ARG...]
       $prog --only DIR

Writes perf.txt, ftrace.txt, trace.dat and perfetto.pftrace to DIR, as far as their recorders
are installed, converts them and prints where the traces are the same. Needs root. Exits with 1
if traces differ that should be the same.

  PERFETTO   the command to use (default: tracebox, else perfetto; that one needs its services
             traced and traced_probes)
  REAPSIM    default: build/reapsim
USAGE
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

left_out()
{
	echo "$prog: $*: left out" >&2
}

dir=
only=0
while [ $# -gt 0 ]; do
	case $1 in
	-o|--only)
		[ $# -ge 2 ] || bad_usage "$1 needs a value"
		[ "$1" = -o ] || only=1
		dir=$2
		shift 2 ;;
	-h|--help) usage; exit 0 ;;
	--) shift; break ;;
	-*) bad_usage "unknown option '$1'" ;;
	*) break ;;
	esac
done
[ -n "$dir" ] || bad_usage "no folder given, expected -o DIR or --only DIR"
[ $only = 1 ] || [ $# -gt 0 ] || bad_usage "no command given"
[ -x "$REAPSIM" ] || die "no $REAPSIM: make it, or set REAPSIM"

tracefs=/sys/kernel/tracing
instance=$tracefs/instances/reapsim-perfetto
tmp=$(mktemp -d) || die "no temporary directory"
cleanup()
{
	[ -z "${perfetto_pid:-}" ] || kill "$perfetto_pid" 2>/dev/null
	rmdir "$instance" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# What Perfetto is asked for is what the kernel is asked for.
events()
{
	"$here/record.sh" --perfetto-config | sed -n 's/.*ftrace_events: "\(.*\)".*/\1/p' |
		while read -r e; do
			[ -d "$tracefs/events/$e" ] && [ "$e" != raw_syscalls/sys_enter ] &&
				echo "$e"
		done
}

start_perfetto()
{
	perfetto_pid=
	cmd=${PERFETTO:-$(command -v tracebox || command -v perfetto)}
	[ -n "$cmd" ] || { left_out "no tracebox and no perfetto"; return; }
	mkdir -p "$instance" 2>/dev/null || { left_out "Perfetto: no $instance"; return; }
	"$here/record.sh" --perfetto-config |
		sed 's/buffer_size_kb: .*/& instance_name: "reapsim-perfetto"/
			/sys_enter/d; /syscall_events/d; s/duration_ms: .*/duration_ms: 600000/' \
			>"$tmp/perfetto.cfg"
	$cmd --txt -c "$tmp/perfetto.cfg" -o "$dir/perfetto.pftrace" >"$tmp/perfetto.log" 2>&1 &
	perfetto_pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		sleep 0.5
		[ "$(cat "$instance/events/enable")" = 0 ] || { sleep 1; return; }
		kill -0 $perfetto_pid 2>/dev/null || break
	done
	kill $perfetto_pid 2>/dev/null
	perfetto_pid=
	left_out "Perfetto does not record ($(tail -n 1 "$tmp/perfetto.log"))"
}

stop_perfetto()
{
	[ -n "$perfetto_pid" ] || return
	kill -INT "$perfetto_pid"
	wait "$perfetto_pid"
	perfetto_pid=
}

record()
{
	[ -w "$tracefs/trace" ] || die "cannot write $tracefs/trace: run as root"
	mkdir -p "$dir" || die "cannot make $dir"
	for f in perf.txt ftrace.txt trace.dat perfetto.pftrace; do
		[ ! -e "$dir/$f" ] || die "$dir/$f exists: give another folder"
	done
	start_perfetto
	list=$(events)
	size=$(cat $tracefs/buffer_size_kb)
	size=${size%% *}
	echo 65536 >$tracefs/buffer_size_kb
	: >$tracefs/trace
	for e in $list; do echo 1 >"$tracefs/events/$e/enable"; done
	echo 1 >$tracefs/tracing_on
	if command -v perf >/dev/null; then
		"$here/record.sh" -o "$dir/perf.txt" -m 64M -- "$@"
	else
		left_out "no perf"
		"$@"
	fi
	echo 0 >$tracefs/tracing_on
	for e in $list; do echo 0 >"$tracefs/events/$e/enable"; done
	stop_perfetto
	cat $tracefs/trace >"$dir/ftrace.txt"
	if command -v trace-cmd >/dev/null; then
		trace-cmd extract -o "$dir/trace.dat" >/dev/null 2>"$tmp/extract.log" ||
			left_out "trace-cmd extract failed ($(tail -n 1 "$tmp/extract.log"))"
	else
		left_out "no trace-cmd"
	fi
	: >$tracefs/trace
	echo "$size" >$tracefs/buffer_size_kb
	echo 1 >$tracefs/tracing_on
}

# The operations of each process: "PID OPERATION", touches page by page.
operations() # FILE
{
	"$REAPSIM" trace convert "$1" - --to text >"$tmp/text" || die "cannot convert $1"
	awk -F, '
	function hex(s,   i, n) {
		s = substr(s, 3)
		n = 0
		for (i = 1; i <= length(s); i++)
			n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return n
	}
	/^(note|machine|file|advance|mark|spawn|drain|drop_caches|reapsim-trace)/ { next }
	$1 == "touch" {
		at = hex($3)
		for (i = 0; i < $4; i++)
			print $2, "touch", at + i * ($6 ? $6 : 1), $5
		next
	}
	$1 == "fork" { print $2, $1, $3; next }
	{ pid = $2; $2 = ""; print pid, $0 }' "$tmp/text" | sort -s -n -k1,1
}

# The events of faults and of the page cache that both perf and ftrace print: "TID EVENT ARGUMENTS"
perf_events()
{
	awk '/ (exceptions|filemap):/ {
		split($1, id, "/")
		sub(/^[^:]*: +/, "")
		sub(/^[a-z]+:/, "")
		print id[2], $0 }' "$1"
}

ftrace_events()
{
	awk '/: (page_fault_|mm_filemap_)/ {
		tid = $0
		sub(/ +(\([^)]*\) +)?\[[0-9]+\].*/, "", tid)
		sub(/.*-/, "", tid)
		sub(/.*[0-9]: /, "")
		print tid, $0 }' "$1"
}

# Kernel symbols and pages of memory are printed in different ways.
plain()
{
	awk '{ gsub(/ (ip|page|pfn)=[^ ]+/, ""); gsub(/: +/, ": ") } !/address=[^0]/' | sort
}

# Return: 1 if the processes listed in $tmp/pids have other operations in A than in B.
same() # NAME-A FILE-A NAME-B FILE-B
{
	awk -v a="$1" -v b="$3" '
	FILENAME == ARGV[1] { want[$1]; next }
	FILENAME == ARGV[2] { if ($1 in want) { one[$1] = one[$1] $0 "\n"; rows++ } next }
	$1 in want { two[$1] = two[$1] $0 "\n" }
	END {
		for (p in want) {
			nr++
			if (one[p] == two[p])
				same++
			else if (!(example))
				example = p
		}
		printf "%s and %s: the same operations in the same order in %d of %d processes, %d operations\n", a, b, same, nr, rows
		if (same < nr)
			print "  the first that differs: process " example
		exit same < nr
	}' "$tmp/pids" "$2" "$4"
}

[ $only = 1 ] || record "$@"

first=
status=0
for f in ftrace.txt trace.dat perfetto.pftrace; do
	[ -s "$dir/$f" ] || continue
	operations "$dir/$f" >"$tmp/$f.ops"
	if [ -z "$first" ]; then
		first=$f
		if [ -s "$dir/perf.txt" ]; then
			"$REAPSIM" trace convert "$dir/perf.txt" - --to text >"$tmp/text" || die "cannot convert $dir/perf.txt"
			awk -F, '$1 == "spawn" { print $2 } $1 == "fork" { print $3 }' "$tmp/text"
		else
			cut -d' ' -f1 "$tmp/$f.ops"
		fi | sort -un >"$tmp/pids"
		continue
	fi
	same $first "$tmp/$first.ops" $f "$tmp/$f.ops" || status=1
	compared=1
done
if [ -s "$dir/perf.txt" ] && [ -s "$dir/ftrace.txt" ]; then
	perf_events "$dir/perf.txt" | plain >"$tmp/perf.events"
	cut -d' ' -f1 "$tmp/perf.events" | sort -u >"$tmp/tids"
	ftrace_events "$dir/ftrace.txt" | awk 'NR == FNR { want[$1]; next } $1 in want' \
		"$tmp/tids" - | plain >"$tmp/ftrace.events"
	perf_only=$(comm -23 "$tmp/perf.events" "$tmp/ftrace.events" | wc -l)
	echo "perf.txt and ftrace.txt: $(wc -l <"$tmp/perf.events") and" \
		"$(wc -l <"$tmp/ftrace.events") events, $perf_only only in perf.txt," \
		"$(comm -13 "$tmp/perf.events" "$tmp/ftrace.events" | wc -l) only in ftrace.txt"
	[ "$perf_only" = 0 ] || status=1
	compared=1
fi
[ -n "${compared:-}" ] || die "$dir: fewer than two recordings that can be compared, expected of perf.txt, ftrace.txt, trace.dat, perfetto.pftrace"
exit $status
