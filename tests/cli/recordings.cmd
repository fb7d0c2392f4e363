# Recordings that another program reads: perf.data by the installed perf, here a script;
# trace.dat by libtracecmd.
mkdir bin
cat >bin/perf <<'SH'
#!/bin/sh
[ "$1 $2" = "script -i" ] && [ "$(head -c 8 "$3")" = PERFILE2 ] || exit 9
case $(cat "$3") in
*old*) echo "incompatible file format (rerun with -v to learn more)" >&2; exit 255 ;;
*nod*)
	case $* in
	*+addr*)
		echo "Samples for 'x' event do not have ADDR attribute set. Cannot print 'addr' field." >&2
		exit 255 ;;
	esac ;;
*dies*) echo "about to die" >&2; kill -ABRT $$ ;;
esac
cat <<'TEXT'
sh 7 [001] 5.000000: exceptions:page_fault_user: address=0x1000 ip=0x1 error_code=0x6
TEXT
SH
chmod +x bin/perf
PATH=$PWD/bin:$PATH

run() {
	echo "\$ $*"
	"$@" 2>&1 | grep -v '^\(machine\|note\),'
	echo "exit ${PIPESTATUS[0]}"
}
# a file name that a shell would execute
name='$(touch run) ;`touch run`|-i.data'
printf 'PERFILE2 fine' >"$name"
run $REAPSIM trace convert "$name" - --to text
ls run 2>&1
printf 'PERFILE2 fine' | gzip >packed.gz
run $REAPSIM trace convert packed.gz - --to text
printf 'PERFILE2 old' >old.data
run $REAPSIM trace check old.data
printf 'PERFILE2 dies' >dies.data
run $REAPSIM trace check dies.data
printf 'PERFILE2 nod' >nod.data
run $REAPSIM trace convert nod.data - --to text
echo '$ without perf'
PATH=/nowhere $REAPSIM trace check old.data
echo "exit $?"
printf '\27\10Dtracing7\0\0\10\0\20\0\0cut' >cut.dat
PATH=/usr/bin:/bin
run $REAPSIM trace check cut.dat
run $REAPSIM trace convert cut.dat out.csv
ls out.csv 2>&1
# recordings of three versions of trace-cmd, also through a pipe, give the same trace
for f in v6.dat v7.dat v7-zstd.dat; do
	$REAPSIM trace convert $SRC/tests/fuzz/corpus/trace.dat/$f - --to text | grep -v '^note,' | cksum
done
cat $SRC/tests/fuzz/corpus/trace.dat/v6.dat | gzip |
	$REAPSIM trace convert - - --to text | grep -v '^note,' | cksum
