# mutants.sh with a QEMU that only writes what tests say: the table, and which guests run again. A
# test that only took too long catches nothing; one that fails without a mutant is no judge.
export KERNEL_SRC=$PWD/tree KERNEL_DIR=$PWD/kernel TESTS=$PWD/tests OUT=$PWD/kept SAYS=$PWD/says
mkdir -p bin tree/mm kernel tests says
echo version=7.3.4 >kernel/info
touch tree/mm/memory.c kernel/config tests/t tests/t_32
fake() { # NAME, a script on stdin
	{ echo '#!/bin/bash'; cat; } >"bin/$1"
	chmod +x "bin/$1"
}
echo 'echo 7.3.4' | fake make
for name in mke2fs cpio; do echo 'cat >/dev/null' | fake $name; done
fake gcc <<'E2'
while [ "$1" != -o ]; do shift; done
echo >"$2"
E2
fake qemu-system-x86_64 <<'E2'
while [ $# -gt 0 ]; do
	case $1 in
	-serial) results=${2#file:} ;;
	-append) line=$2 ;;
	esac
	shift
done
lru=${line#* tests.lru=}
lru=${lru%% *}
mutant=${line##* mrelease_mutant=}
echo "$lru-$mutant" >>"$SAYS/../guests"
says=$SAYS/$lru-$mutant
[ -f "$says" ] || says=$SAYS/all
{
	echo "S $lru ext4/t"
	cat "$says"
	[ -e "$SAYS/stop-at-$lru-$mutant" ] || echo done
} | sed 's/$/\r/' >"$results"
E2
PATH=$PWD/bin:$PATH
says() { # FILE TEST [WHAT]
	printf '#  RUN           %s ...\n%s\nnot ok 1 %s\n' "$2" "${3:-# a.c:1:${2##*.}:Expected 0 (0) == cached() (2)}" "$2" >"says/$1"
}
says all mrelease.large.evict
says mglru-5 mrelease_small.other
says classic-3 global.lock '# lock: Test terminated by timeout'
says classic-4 global.lock '# a.c:1:lock:Expected 0 (0) == 1 (1)
# lock: Test terminated by timeout'
for nothing in classic-0 mglru-0 mglru-3 mglru-4; do : >says/$nothing; done
table() {
	echo "--- $*"
	rm -f guests out
	INTO=table "$SRC/kernel-patch/scripts/mutants.sh" >out 2>err
	echo "exit $?"
	grep -v 'kernel: mutant [0-9]* of 28' err
	printf 'guests: '
	[ "$(wc -l <guests)" -gt 5 ] && wc -l <guests || tr '\n' ' ' <guests
	echo
	[ -s out ] || return
	sed -E '/^\| ([1267]|8|9|[12][0-9]) /d' out
	cmp out table
}
touch says/stop-at-mglru-20
table a guest that does not end
rm says/stop-at-mglru-20
table again: it goes on there, and does classic-3 again, which took too long
says classic-3 global.lock
table not too long this time
says mglru-0 mrelease.small.ignore
rm kept/mglru-0
table a test fails without a mutant
table and again
