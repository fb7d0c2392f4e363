#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Check how costs grow: twice as much of anything that a user can make large costs at most 2.3
# times the instructions, counted by valgrind. The cost of the command with one of it is
# subtracted. The counts do not depend on the load of the machine.
#
#	tests/growth.sh [ROW...]
#
# A row has a name, a number and a command. The function of that name prints the command's
# input. To see a row fail, run it with $REAPSIM set to a program built before the commit that
# the row tests.
set -u
. "$(dirname "$0")/lib.sh"
most=230 # percent
cd "$top" || exit 1

if ! command -v valgrind >/dev/null; then
	echo "growth: skipped, there is no valgrind"
	exit 0
fi

trace() { printf 'reapsim-trace,1\nmachine,memcg_pages,%d\n' "$1"; }

# processes that map one file: link_file() walked a list
processes() {
	trace 100000
	echo file,a,64
	seq "$1" | sed 's/.*/spawn,&\nmap,&,0,1,r--p,a,0/'
	seq "$1" | sed 's/^/kill,/'
}
# generations of forks, each with mappings that madvise() splits
forks() {
	trace 100000
	printf 'file,a,64\nspawn,1\nmap,1,0,64,r--p,a,0\n'
	seq 2 "$1" | awk '{ print "fork," $1 - 1 "," $1 "\nadvise," $1 ",0,64,normal"
		for (i = 0; i < 64; i += 4) print "advise," $1 "," i ",2,random" }'
}
# children that share anonymous pages, while reclaim walks their mappings
children() {
	trace 256
	printf 'machine,swap_pages,100000\nspawn,1\nanon,1,0,64,rw-p\ntouch,1,0,64,w\n'
	seq 2 "$1" | sed 's/.*/fork,1,&\ntouch,&,0,1,w/'
}
# snapshots: each was compared with all earlier ones
marks() {
	trace 1000
	printf 'file,a,64\nspawn,1\nread,1,a,0,4\n'
	seq "$1" | sed 's/.*/mark,m/'
}
files() {
	trace 1000
	seq "$1" | sed 's/.*/file,f&,4/'
	echo spawn,1
	seq "$1" | sed 's/.*/read,1,f&,0,4/'
}
mappings() {
	trace 1000
	printf 'file,a,%d\nspawn,1\n' $((2 * $1 + 2))
	seq "$1" | awk '{ print "map,1," 4 * $1 ",2,r--p,a," $1 "\ntouch,1," 4 * $1 ",2,r" }'
	seq "$1" | awk '{ print "advise,1," 4 * $1 ",1,random" }'
	echo kill,1
}
# processes that live at the same time and die one after the other
alive() {
	trace 100000
	echo file,a,64
	seq "$1" | sed 's/.*/spawn,&\nmap,&,0,64,r--p,a,0\ntouch,&,0,1,r\nadvance,1us/'
	seq "$1" | sed 's/.*/kill,&/'
}
# processes that are born and die without a pause of the trace, of one user
starts() {
	trace 100000
	seq "$1" | sed 's/^/spawn,/'
	seq "$1" -1 1 | sed 's/^/kill,/'
}
# two processes that take turns, of whose order members of an ensemble differ
turns() {
	trace 500
	printf 'file,a,1000\nspawn,1\nspawn,2\n'
	seq "$1" | awk '{ print "read," 1 + $1 % 2 ",a," $1 * 7919 % 1000 ",1" }'
}
reads() {
	trace 500
	printf 'file,a,1000\nspawn,1\n'
	seq "$1" | awk '{ print "read,1,a," $1 * 7919 % 1000 ",1" }'
}
rows() {
	printf '[sweep]\ntrace=%s\n[machine]\nmemcg_pages=200..%d/1\n' "$top/small" $((199 + $1))
}
# files of shards, each with the same rows. By valgrind, too: the program that reads /proc/self/exe
# has to be the same
attempts() {
	rows 30 >definition
	instructions "$REAPSIM" sweep --shard 1/1 -o out definition >/dev/null
	seq 2 "$1" | sed 's/^/out.shards\/1-of-1./' | xargs -r -n 1 cp out.shards/1-of-1.1
	cat definition
}
objects() { "$REAPSIM" gen zipf accesses="$1" pages=1000 --format oracle; }
faults() {
	seq "$1" | awk '{ printf "sh 7 [001] %d.%06d: exceptions:page_fault_user: " \
		"address=0x%x ip=0x1 error_code=0x6\n", 5 + $1 / 1000, $1 % 1000,
		4096 * ($1 * 7919 % 4096 + 16) }'
}
# processes of a recording, each with a mapping of a file
recorded() {
	seq 10 $((9 + $1)) | awk '
		function at() { return sprintf("[001] 5.%06d:", n++) }
		{
			print "sh 9 " at() " task:task_newtask: pid=" $1 \
				" comm=a clone_flags=1200000 oom_score_adj=0"
			print "a " $1 " " at() " PERF_RECORD_MMAP2 " $1 "/" $1 \
				": [0x10000(0x4000) @ 0 fe:00 11 1]: r-xp /bin/x"
			print "a " $1 " " at() " exceptions:page_fault_user: address=0x11000" \
				" ip=0x1 error_code=0x4"
		}'
}
logged() { seq "$1" | awk '{ printf " L %08x,4\n", 4096 * ($1 * 7919 % 4096 + 16) }'; }

instructions() {
	valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
		--log-file=log "$@" >said 2>errors || { cat errors log >&2; return 1; }
	sed -n 's/.*I *refs: *//p' log | tr -d ,
}

# each row runs in its own folder; "in" is the input
cost() {
	local name=$1 nr=$2
	shift 2
	mkdir work && cd work || return
	"$name" "$nr" >in
	instructions "$REAPSIM" "$@"
	cd .. && rm -r work
}

row() {
	local size=$1 nr=$2 one once twice percent
	shift 2
	[ -z "$wanted" ] || grep -qw -- "$size" <<<"$wanted" || return
	one=$(cost "$size" 1 "$@") && once=$(cost "$size" "$nr" "$@") &&
		twice=$(cost "$size" $((2 * nr)) "$@") &&
		percent=$((100 * (twice - one) / (once - one)))
	if [ "${percent:-$((most + 1))}" -gt $most ]; then
		fail "$size: $nr of them cost ${once:-?} instructions, twice as many ${twice:-?}, which is \
${percent:-?}%, expected at most $most%: reapsim $*"
	else
		[ -z "${V:-}" ] || echo "$size: 1 $one, $nr $once, $((2 * nr)) $twice: $percent%"
		pass
	fi
}

wanted=$*
reads 20 >small

row processes 2000 run in
row forks 100 run in
row children 600 run in
row marks 2500 run --csv out in
row marks 2500 run --pages out in
row files 1500 run in
row mappings 1500 run in
row alive 1500 outcome -j 1 -p baseline -m "$src/traces/machines/vm.conf" -s memcg_pages=100000 in
row starts 4000 outcome -j 1 --loop trace -p baseline \
	-m "$src/traces/machines/vm.conf" -s memcg_pages=100000 in
row turns 5000 compare -j 1 -p baseline --ensemble 8 --axes order in
row reads 5000 run in
row rows 100 sweep -j 1 -o out in
row attempts 100 sweep --merge -o out in
row faults 3000 trace check -f perf in
row recorded 300 trace check -f perf in
row logged 5000 trace check -f lackey in
row objects 5000 trace check -f oracle in
row marks 1000 explain --limit 0 --html out in
row files 1500 explain --limit 100 --html out in
finish
