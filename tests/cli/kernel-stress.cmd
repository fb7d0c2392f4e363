# stress.sh and bench.sh with a QEMU that only writes a console: what passes, and what fails.
export REAPSIM_CACHE=$PWD/cache KERNEL_DIR=$PWD/kernel CONSOLE=$PWD/console
mkdir bin kernel
touch kernel/bzImage
printf 'version=7.3.4\nconfig=stress\npatches=a b\n' >kernel/info
fake() { # NAME, a script on stdin
	{ echo '#!/bin/bash'; cat; } >"bin/$1"
	chmod +x "bin/$1"
}
fake gcc <<'E2'
while [ "$1" != -o ]; do shift; done
echo >"$2"
E2
for name in mke2fs cpio; do echo 'cat >/dev/null' | fake $name; done
fake qemu-system-x86_64 <<'E2'
serial=()
while [ $# -gt 0 ]; do
	case $1 in
	-append) printf '%s\n' $2 | grep -E '^(stress\.|BENCH)' ;;
	-serial) serial+=("${2#file:}") ;;
	esac
	shift
done >"$CONSOLE.options"
tee "${serial[1]}" <"$CONSOLE" >"${serial[0]}"
E2
export PATH=$PWD/bin:$PATH
script() { # NAME KEY=VALUE..., the guest's console on stdin
	cat >console
	rm -f console.options
	echo "$ $*"
	env "${@:2}" "$SRC/kernel-patch/scripts/$1.sh" 2>&1
	echo "exit $?"
	cat console.options 2>/dev/null
}
good='[    1.0] random line
stress: 60 s, seed 1
stress: 60 s: victims 5, lost 0
stress: victims 9, pages touched 100
stress: passed after 61 s'
script stress <<<"$good"
script stress STRESS_SECONDS=3600 SEED=7 COLLAPSE=1 <<<"$good"
script stress <<<"[   12.5] WARNING: mm/rmap.c:1 at folio_remove_rmap_ptes, CPU#0: init/9
$good"
script stress <<<"[   12.5] BUG: KASAN: slab-use-after-free in f
[   12.6] INFO: task init:7 blocked for more than 120 seconds.
$good"
script stress <<<"${good/passed/FAILED}"
script stress <<<'[   12.5] Kernel panic - not syncing'
script stress STRESS_SECONDS=1h <<<"$good"
script stress COLLAPSE=yes <<<"$good"
table='S classic mrelease_bench
mrelease_bench: Linux 7.3.4
S classic mrelease_bench ended with 0
S mglru mrelease_bench
mrelease_bench: Linux 7.3.4
S mglru mrelease_bench ended with 0
done'
script bench PAGES=64 <<<"$table"
script bench <<<"${table/mglru mrelease_bench ended with 0/mglru mrelease_bench ended with 256}"
script bench CLOCK=cycles <<<"$table"
script bench REPETITIONS=0 <<<"$table"
script bench HOST=nowhere <<<"$table"
true
