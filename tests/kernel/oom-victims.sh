#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: oom-victims.sh REAPSIM     compares with oom-victims.kernel.csv
#        oom-victims.sh --trace N   prints the trace of cell N, from 1
#        oom-victims.sh --record    plays all on a stock kernel (KERNEL, KERNEL_IMAGE), each three times
#
# Whom the OOM killer of a cgroup takes first when memory.max sinks below what cannot be reclaimed.
# Processes 1 to 3 have memory and oom_score_adj as the cell says, whose name says what decides; each
# has the player's own pages, too, some 40. The kernel's console says whom it took: a second
# process may die while the first still has its memory, so the player can not tell. Fails if a
# victim differs, or if a kernel's runs do.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
recorded=$here/oom-victims.kernel.csv
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# NAME | rows; mem,PID,N: N pages of anonymous memory; tables,PID,N: N pages, each of which has a page
# table of its own
cells() {
	cat <<-'END'
	the largest | mem,1,300;mem,2,700;mem,3,500
	oom_score_adj raises | mem,1,300;mem,2,700;mem,3,500;oom_score_adj,3,400
	oom_score_adj raises too little | mem,1,300;mem,2,700;mem,3,500;oom_score_adj,3,80
	oom_score_adj lowers | mem,1,300;mem,2,700;mem,3,500;oom_score_adj,2,-350
	never with -1000 | mem,1,300;mem,2,700;mem,3,500;oom_score_adj,2,-1000
	a child has its parent's | exit,3;mem,1,300;mem,2,900;oom_score_adj,1,900;fork,1,3;touch,3,0x1000,300,w;oom_score_adj,1,0
	page tables count | mem,1,300;mem,2,700;tables,3,500
	mapped file pages that stay count | mem,1,300;mem,2,500;map,3,0x1000,700,r--p,app,0;mlock,3,0x1000,700
	those that are reclaimed do not | mem,1,500;mem,2,900;map,3,0x1000,900,r--p,app,0;touch,3,0x1000,900,r
	mapped pages of tmpfs count | mem,1,200;mem,2,600;mem,3,350;map,3,0x2000,400,rw-s,shm,0;touch,3,0x2000,400,w
	END
}

nr_cells() { cells | wc -l; }

# trace_of N
trace_of() {
	printf 'reapsim-trace,2\nmachine,memcg_pages,4000\nmachine,readahead_pages,0\n'
	printf 'file,app,1000\nfile,shm,1000,shmem\nspawn,1\nspawn,2\nspawn,3\n'
	cells | sed -n "$1s/^[^|]*| *//p" | tr ';' '\n' | awk -F, '
$1 == "mem" { printf "anon,%d,0x1000,%d,rw-p\ntouch,%d,0x1000,%d,w\n", $2, $3, $2, $3; next }
$1 == "tables" { for (i = 1; i <= $3; i++) printf "anon,%d,%d,1,rw-p\ntouch,%d,%d,1,w\n", $2, 65536 + 512 * i, $2, 65536 + 512 * i; next }
{ print }'
	printf 'memory_max,1300\n'
	echo mark,end
}

# first_victims - of each run in a console on stdin, whose table of tasks still has all three
first_victims() {
	awk '
/Tasks state/ { nr = 0; next }
/\] +\[ +pid/ { next }
match($0, /\[ +[0-9]+\] +[0-9]+ +[0-9]+ /) {
	split(substr($0, RSTART + 1, RLENGTH), f, /[^0-9]+/)
	pid[++nr] = f[1] != "" ? f[1] : f[2]
}
/oom-kill:.*task=init/ && nr == 3 {
	killed = $0
	sub(/.*,pid=/, "", killed)
	sub(/,.*/, "", killed)
	victim = 1
	for (i = 1; i <= nr; i++)
		victim += pid[i] + 0 < killed + 0
	if (!count[victim]++)
		victims = victims (victims == "" ? "" : " ") victim
	nr = 0
}
END { print victims }'
}

case ${1:-} in
--trace) trace_of "${2:?usage: oom-victims.sh --trace N}" ;;
--record)
	echo cell,victim
	for ((n = 1; n <= $(nr_cells); n++)); do
		trace_of $n >"$tmp/cell.csv"
		printf '%s,' "$(cells | sed -n "$n s/ *|.*//p")"
		LRU=mglru RUNS=${RUNS:-3} OUT=$tmp/out OPTIONS=ignore_loglevel \
			"$here/../../kernel-patch/scripts/stock-run.sh" "$tmp/cell.csv" >/dev/null 2>&1 || true
		first_victims <"$tmp/out/baseline-mglru-1/console"
	done
	;;
*)
	reapsim=${1:?usage: oom-victims.sh REAPSIM}
	for ((n = 1; n <= $(nr_cells); n++)); do
		trace_of $n >"$tmp/cell.csv"
		printf '%s,' "$(cells | sed -n "$n s/ *|.*//p")"
		"$reapsim" run "$tmp/cell.csv" 2>&1 >/dev/null |
			sed -n 's/.*the OOM killer would take process \([0-9]*\)$/\1/p'
	done >"$tmp/simulator.csv"
	awk -F, '
NR == FNR { kernel[$1] = $2; next }
{
	printf "%-34s kernel %s, simulator %s%s\n", $1, kernel[$1], $2, kernel[$1] == $2 ? "" : "  DIFFERENT"
	wrong += kernel[$1] != $2
}
END { exit wrong || !NR }' "$recorded" "$tmp/simulator.csv"
	;;
esac
