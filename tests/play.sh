#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# reapsim play on the kernel that runs here: what it measures of traces whose numbers are known,
# and that nothing is left, whatever ends it. Needs root and a memory cgroup: without, it says so.
set -u
. "$(dirname "$0")/lib.sh"

skip() {
	echo "play: skipped, $*"
	exit 0
}
[ "$(id -u)" = 0 ] || skip "it needs root"
[ -x "${REAPSIM%/*}/reapsim-player" ] || skip "the player is built for x86-64 only"
# not where /tmp may be in memory
disk=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$disk" "$top"' EXIT
cd "$top" || exit 1

cgroups() { find /sys/fs/cgroup -maxdepth 6 -name 'reapsim-play-*' 2>/dev/null | sort; }
# A call that was killed before this test, in another cgroup, is no fault of what is tested.
cgroups >cgroups.before

# 3000 pages of a file and as many of anonymous memory, twice
cat >twice.csv <<'END'
reapsim-trace,1
machine,memcg_pages,20000
file,app,3000
spawn,1
map,1,0x10000,3000,r--p,app,0
touch,1,0x10000,3000,r
anon,1,0x90000,3000,rw-p
touch,1,0x90000,3000,w
mrelease,1
advance,20ms
spawn,2
map,2,0x10000,3000,r--p,app,0
touch,2,0x10000,3000,r
anon,2,0x90000,3000,rw-p
touch,2,0x90000,3000,w
kill,2
END
"$REAPSIM" play -n 1 -p baseline --dir "$disk" twice.csv >out.txt 2>err.txt ||
	{ grep -q cgroup err.txt && skip "$(cut -d: -f 2- err.txt)"; }

# column FILE NAME [ROW] - of a CSV file
column() { awk -F, -v name="$2" -v row="${3:-2}" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == row { print $c }' "$1"; }
# between TEXT VALUE LOW HIGH
between() {
	if [ -n "$2" ] && awk -v v="$2" -v l="$3" -v h="$4" 'BEGIN { exit !(v >= l && v <= h) }'; then
		pass
	else
		fail "$1: $2, expected $3 to $4"
	fi
}
is() { [ "$2" = "$3" ] && pass || fail "$1: \"$2\", expected \"$3\""; }
# What is left of us: a cgroup is named after the process that made it, and others may play, too.
left() {
	local dir pid
	find "$disk" -mindepth 1
	for dir in $(cgroups | comm -23 - "$top/cgroups.before"); do
		[ -e "/proc/${dir##*-}" ] || echo "$dir"
	done
	for pid in $(pgrep -x reapsim-player); do
		case $(readlink "/proc/$pid/cwd") in "$disk"*) echo "process $pid" ;; esac
	done
}
nothing_left() { is "$1: left" "$(left)" ""; }

cp twice.csv before.csv
"$REAPSIM" play -n 1 -p baseline,evict --seed 1 --dir "$disk" --csv r.csv --operations o.csv --deaths d.csv twice.csv >out.txt
is "exit" $? 0
nothing_left "a run"
cmp -s twice.csv before.csv && pass || fail "the trace has changed"
for row in 2 3; do
	policy=$(column r.csv policy $row)
	# after evict the second life reads it all again; what else the cgroup may read is little
	case $policy in
	baseline) between "$policy: pages read" "$(column r.csv read_pages $row)" 3000 3100 ;;
	*) between "$policy: pages read" "$(column r.csv read_pages $row)" 6000 6100 ;;
	esac
	is "$policy: kills" "$(column r.csv kills $row)" 2
	# and page tables; the kernel may owe the cgroup up to 64 pages a CPU
	between "$policy: pages freed" "$(column r.csv freed_pages $row)" 5700 6300
	between "$policy: 50% free" "$(column r.csv free50_ns $row)" 1 "$(column r.csv free90_ns $row)"
	between "$policy: 90% free" "$(column r.csv free90_ns $row)" 1 "$(column r.csv free100_ns $row)"
	is "$policy: starts" "$(column r.csv starts $row)" 1
done
is "deaths" "$(awk -F, '$6 == "mrelease" || $6 == "kill" { n++ } END { print n }' d.csv)" 4
is "operations" "$(awk -F, 'NR > 1 && $6 == "touch" { n++ } END { print n }' o.csv)" 8
# two CPUs see how memory becomes free; half of it is not there at once
between "CPU time of a touch" "$(awk -F, '$6 == "touch" && $9 > $8 { n++ } END { print n + 0 }' o.csv)" 0 0

# memory of a file that does not fit: read again, and counted
cat >thrash.csv <<'END'
reapsim-trace,1
machine,memcg_pages,6000
file,big,9000
spawn,1
read,1,big,0,9000
read,1,big,0,9000
exit,1
END
"$REAPSIM" play -n 1 -p baseline --dir "$disk" --csv t.csv thrash.csv >/dev/null
between "refaults" "$(column t.csv workingset_refault_file)" 3000 9000
between "reads of what does not fit" "$(column t.csv read_pages)" 12000 20000

# what one process computes is not the waiting of the next one
{
	printf 'reapsim-trace,1\nmachine,memcg_pages,20000\nspawn,1\nanon,1,0x10000,2000,rw-p\ntouch,1,0x10000,2000,w\n'
	for i in $(seq 3000); do echo "touch,1,0x10000,8,r"; done
	printf 'spawn,2\nanon,2,0x90000,100,rw-p\ntouch,2,0x90000,100,w\nexit,2\nexit,1\n'
} >busy.csv
"$REAPSIM" play -n 3 -p baseline --no-think --dir "$disk" --operations ops.csv busy.csv >/dev/null
between "CPU time of a process that does not wait, percent" \
	"$(awk -F, '$6 == "touch" && $7 == 2 { x = 100 * $9 / $8; if (x > most) most = x } END { print most }' ops.csv)" 80 100

# every operation that needs no patch, and both ways to end all
grep -v -e '^oom,' -e '^fork_fail,' -e '^memory_reclaim,' "$src/kernel-patch/player/all-operations.csv" >all.csv
all() { # HOW POLICIES
	"$REAPSIM" play -n 1 -p "$2" --no-think -e "$1" --set swap_pages=0 --dir "$disk" -M 400MiB all.csv >all.txt 2>&1 && pass ||
		fail "all operations, ends $1, $2: $(tail -1 all.txt)"
}
all mrelease baseline,skip,evict,skip+evict,cold-first,pageout-first,dontneed-after
for how in recorded exit kill; do all $how baseline; done
nothing_left "all operations"

# a name that goes while what opens it is queued: of a file, and of one of tmpfs
cat >names.csv <<'END'
reapsim-trace,2
machine,memcg_pages,20000
file,a,30
file,b,30,shmem
spawn,1
map,1,0x100,30,rw-s,a,0
touch,1,0x100,30,w
map,1,0x200,30,rw-s,b,0
touch,1,0x200,30,w
unlink,1,b
unlink,1,a
exit,1
END
"$REAPSIM" play -n 1 -p baseline --no-think --dir "$disk" names.csv >out.txt 2>err.txt
is "names: exit" "$? $(cat err.txt)" "0 "

# what has no name any more is free when its process is: then the rest fits
cat >gone.csv <<'END'
reapsim-trace,2
machine,memcg_pages,7000
file,shared,4000,shmem
file,old,2000
file,new,4000
spawn,1
map,1,0x10000,4000,rw-s,shared,0
touch,1,0x10000,4000,w
read,1,old,0,2000
unlink,1,shared
unlink,1,old
exit,1
spawn,2
read,2,new,0,4000
read,2,new,0,4000
exit,2
END
"$REAPSIM" play -n 1 -p baseline --dir "$disk" --set swap_pages=0 --csv g.csv gone.csv >/dev/null
is "files without a name: refaults" "$(column g.csv workingset_refault_file)" 0
between "files without a name: reads" "$(column g.csv read_pages)" 6000 6100

# a second call while one plays; what is interrupted keeps what is done
mkdir "$disk/mine"
echo keep >"$disk/mine/file"
"$REAPSIM" play -n 50 -p baseline --no-think --dir "$disk" --csv i.csv twice.csv >out.txt 2>/dev/null &
pid=$!
while [ ! -e "$disk/reapsim-play/d/0" ]; do sleep 0.05; done
"$REAPSIM" play -n 1 -p baseline --dir "$disk" twice.csv >/dev/null 2>err.txt
is "a second call: exit" $? 2
grep -q "another reapsim play is at work" err.txt && pass || fail "a second call: $(cat err.txt)"
# long enough for a run
sleep 10
kill -INT $pid
wait $pid
is "SIGINT: exit" $? 130
between "SIGINT: rows" "$(wc -l <i.csv)" 2 50
rm -rf "$disk/mine"
nothing_left "SIGINT"
"$REAPSIM" play -n 50 -p baseline --no-think --dir "$disk" twice.csv >out.txt 2>/dev/null &
pid=$!
while [ ! -e "$disk/reapsim-play/d/0" ]; do sleep 0.05; done
kill -TERM $pid
wait $pid
is "SIGTERM: exit" $? 143
nothing_left "SIGTERM"

# a player whose "reapsim play" was killed before the player asked to die with it
"$(dirname "$REAPSIM")/reapsim-player" host cgroup="$top/none" folder="$disk" parent=1 >out.txt 2>&1
is "an orphan: exit" "$? $(cat out.txt)" "1 "

# killed at twenty instants: the next call removes what is left, and nothing else
mkdir "$disk/mine"
echo keep >"$disk/mine/file"
sleep 1000 &
other=$!
for i in $(seq 20); do
	"$REAPSIM" play -n 50 -p baseline --no-think --dir "$disk" twice.csv >/dev/null 2>&1 &
	pid=$!
	sleep "$(awk -v i="$i" 'BEGIN { print i * i * 0.006 }')"
	kill -KILL $pid
	wait $pid 2>/dev/null
done
"$REAPSIM" play -n 1 -p baseline --no-think --dir "$disk" twice.csv >/dev/null 2>err.txt
is "after 20 kills: exit" "$? $(cat err.txt)" "0 "
is "after 20 kills: what is not ours" "$(cat "$disk/mine/file") $(kill -0 $other && echo runs)" "keep runs"
kill $other
rm -rf "$disk/mine"
nothing_left "after 20 kills"
finish
