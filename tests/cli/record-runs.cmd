# record.sh with a QEMU that only says which runs it was asked for: what is played in one boot,
# what is not played again, under which names it is recorded, and what a run that lost its race,
# a bad trace and a signal do.
export REAPSIM_CACHE=$PWD/cache BOOTS=$PWD/boots LOSERS=$PWD/losers JOBS=1 RUNS=2 TRACES=$PWD/traces INTO=$PWD/into
mkdir bin kernel traces
fake() { # NAME, a script on stdin
	{ echo '#!/bin/bash'; cat; } >"bin/$1"
	chmod +x "bin/$1"
}
# the image, the archive and the player are not used
fake gcc <<'E2'
while [ "$1" != -o ]; do shift; done
echo >"$2"
E2
fake mke2fs <<'E2'
echo >"${@: -2:1}"
E2
fake cpio <<'E2'
cat >/dev/null
E2
fake qemu-system-x86_64 <<'E2'
[ "$1" != --version ] || { echo "QEMU emulator version 1.0"; exit; }
serial=()
while [ $# -gt 0 ]; do
	case $1 in
	-append) append=$2 ;;
	-serial) serial+=("${2#file:}") ;;
	esac
	shift
done
echo >"${serial[0]}"
{
	echo "I settings fs=ext4"
	for word in $append; do
		case $word in
		cgroup.memory=*) echo -n "$word " >>"$BOOTS" ;;
		player.plan=*)
			plan=${word#*=}
			echo "${plan//,/ }" >>"$BOOTS"
			for run in ${plan//,/ }; do
				if grep -qsx "$run" "$LOSERS"; then
					sed -i "0,/^$run\$/{//d}" "$LOSERS"
					printf '%s\n' "run $run" "run-failed: trace line 5: process_mrelease(flags 0): No such process"
					continue
				fi
				printf '%s\n' "run $run" "I fault_ns 1000" "M end 1 pgscan_direct 7" "P end 1 0 0 4 1" done
			done
			;;
		esac
	done
} >"${serial[1]}"
E2
export PATH=$PWD/bin:$PATH
printf 'version=7.3.4\nsource=own\npatches=none\n' >kernel/info
mkdir kernel/modules
touch kernel/bzImage kernel/config kernel/modules/ext4
for name in cgroup guest; do
	{
		echo reapsim-trace,1
		[ $name = cgroup ] && echo machine,memcg_pages,4096 || echo machine,memory_pages,8192
		printf '%s\n' file,app,4 spawn,1 mrelease,1 mark,end
	} >traces/$name.csv
done
record() {
	echo "$ record $*"
	rm -f boots
	env KERNEL_DIR="$PWD/kernel" "$@" "$SRC/kernel-patch/scripts/record.sh" 2>err || echo "exit $?"
	grep -v 'min left$\|combinations of' err
	[ ! -f boots ] || cat boots
	[ ! -d into ] || cut -d, -f1-3,5 into/*.runs.csv | grep -v ^scenario
}
record POLICY="baseline v1+evict"
record POLICY="baseline v1+evict"
record POLICY=baseline SCENARIOS=cgroup KMEM=0
record POLICY=baseline SCENARIOS=cgroup KMEM=0
echo "--- rows of a scenario of another folder stay, those of a trace that is another now go"
mkdir other
cp traces/cgroup.csv other/more.csv
{ cat traces/guest.csv; echo mark,again; } >other/guest.csv
record POLICY=baseline SCENARIOS=more TRACES="$PWD/other"
rm -r into
record STOCK=large SET=folios=large POLICY="baseline skip cold-first" SCENARIOS=cgroup
record STOCK=large SET=folios=large POLICY="skip+evict dontneed-after" SCENARIOS=guest
echo "--- nothing is played, what is finished is written"
rm -r into
record RUNS=0 POLICY=baseline
echo "--- runs that lose their race once, and three times"
rm -r into cache/agreement
printf '%s\n' baseline-classic-1 v1-classic-2 v1-classic-2 v1-classic-2 >losers
record POLICY="baseline v1" SCENARIOS=cgroup
printf '%s\n' baseline-classic-2 baseline-classic-2 baseline-classic-2 >losers
rm -r into cache/agreement
record POLICY=baseline SCENARIOS=guest RUNS=2
echo "--- no run ends: no files"
rm -r into cache/agreement
printf '%s\n' baseline-classic-1 baseline-classic-1 baseline-classic-1 >losers
record POLICY=baseline SCENARIOS=guest RUNS=1
[ -e into ] || echo "nothing in into"
echo "--- traces that are refused before anything is booted"
mkdir bad
refused() { # NAME, rows on stdin
	{ echo reapsim-trace,1; cat; } >bad/$1.csv
	record TRACES="$PWD/bad" SCENARIOS="$1"
}
printf '%s\n' machine,memcg_pages,4096 file,app,4 spawn,1 | refused no-mark
printf '%s\n' file,app,4 spawn,1 mark,end | refused no-size
printf '%s\n' machine,memcg_pages,4096 touch,1,0x1000,1,r mark,end | refused no-process
[ -e into ] || echo "nothing in into"
echo "--- a signal"
fake qemu-system-x86_64 <<'E2'
[ "$1" != --version ] || { echo "QEMU emulator version 1.0"; exit; }
echo $$ >"$BOOTS"
exec sleep 60
E2
rm -f boots
env KERNEL_DIR="$PWD/kernel" POLICY=baseline SCENARIOS=guest "$SRC/kernel-patch/scripts/record.sh" 2>err &
for i in {1..100}; do [ -s boots ] || sleep 0.1; done
kill -TERM $!
wait $!
echo "exit $?"
cat err
for i in {1..100}; do ! kill -0 "$(cat boots)" 2>/dev/null || sleep 0.1; done
[ $i = 100 ] && ! kill -0 "$(cat boots)" 2>/dev/null && echo "the guest is gone"
[ -e into ] || echo "nothing in into"
