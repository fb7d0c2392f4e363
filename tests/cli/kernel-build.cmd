# build.sh with a tree and a make that only pretend: a build that was stopped goes on where it
# was, other patches come to the tree that is there, and a tree in doubt is copied anew.
export REAPSIM_CACHE=$PWD/cache LOG=$PWD/made KERNEL_SRC=$PWD/tree CONFIG=base JOBS=1
mkdir -p bin tree/mm tree/scripts/kconfig
fake() { # NAME, a script on stdin
	{ echo '#!/bin/bash'; cat; } >"bin/$1"
	chmod +x "bin/$1"
}
fake make <<'E2'
for target; do :; done
while [ $# -gt 0 ]; do
	case $1 in
	-C) src=$2 ;;
	O=*) obj=${1#O=} ;;
	esac
	shift
done
case $target in
kernelversion) echo 7.3.4; exit ;;
tinyconfig) touch "$obj/.config" ;;
bzImage)
	[ ! -e "$LOG.spoilt" ] || [ ! -e "$obj/1.o" ] || { echo "no rule: Error 2"; exit 2; }
	[ ! -e "$LOG.wrong" ] || { echo "an error in the source"; exit 2; }
	for o in 1 2 3; do
		[ ! "$obj/$o.o" -nt "$src/mm/memory.c" ] || continue
		echo "compiles $o.o of $(cat "$src/mm/memory.c")" >>"$LOG"
		echo >"$obj/$o.o"
		# stopped: the object is there, what Kbuild writes after it is not
		[ ! -e "$LOG.stop-at-$o" ] || { rm "$LOG.stop-at-$o"; exec sleep 60; }
		echo >"$obj/.$o.o.cmd"
	done
	mkdir -p "$obj/arch/x86/boot"
	echo >"$obj/arch/x86/boot/bzImage"
	echo >"$obj/System.map"
	;;
esac
E2
for name in flex bison bc apt-get sudo; do fake $name </dev/null; done
echo 'true' | fake merge && mv bin/merge tree/scripts/kconfig/merge_config.sh
echo source >tree/mm/memory.c
for name in one two; do
	printf '%s\n' '--- a/mm/memory.c' '+++ b/mm/memory.c' '@@ -1 +1 @@' -source "+$name" >$name.patch
done
export PATH=$PWD/bin:$PATH
said() { sed -E '/installing/d; s|build/[0-9a-f]{16}|build/KEY|; s/ and ccache//; s/copying .*/copying/; s/building [^,]*/building/' err; }
build() { # PATCH
	echo "$ build with $1.patch"
	PATCHES=$1.patch "$SRC/kernel-patch/scripts/build.sh" >out 2>err
	echo "exit $?"
	said
	cat made 2>/dev/null
	rm -f made
	while read -r kernel; do sed -n '/^\(version\|config\|objects\)=/p' "$kernel/info"; done <out
}
stopped() { # PATCH OBJECT SIGNAL
	echo "$ build with $1.patch, SIG$3 at $2.o"
	touch made.stop-at-$2
	# whoever runs this may ignore SIGHUP, as nohup does
	PATCHES=$1.patch env --default-signal=HUP "$SRC/kernel-patch/scripts/build.sh" >out 2>err &
	pid=$!
	for i in {1..100}; do [ ! -e made.stop-at-$2 ] || sleep 0.1; done
	kill -"$3" $pid
	wait $pid
	echo "exit $?"
	said
	cat made 2>/dev/null
	rm -f made
}
stopped one 2 TERM
build one
build one
stopped two 1 HUP
build two
echo "--- stopped while the tree was changed: nothing tells what it has"
rm cache/build/*/whole
rm -r cache/kernel
build one
echo "--- the tree was made with another libc"
touch made.spoilt
build two
rm made.spoilt
echo "--- the source is wrong, in a new tree and in one that was kept"
touch made.wrong
rm -r cache/kernel
build one
rm -r cache/build
build one
rm made.wrong
CONFIG=huge build one
