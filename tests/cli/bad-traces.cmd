# Invalid traces: an error with file and line, value and expectation, exit 2; never a crash.
T=$SRC/tests/cli/tiny.csv
bad() {
	for c in "run" "trace check"; do
		"$REAPSIM" $c "$1"
		echo "$c $1: $?"
	done 2>&1 | cut -c1-300
}
line() {
	printf 'reapsim-trace,1\nmachine,memcg_pages,500\nfile,app,60\nspawn,1\n%b' "$2" >"$1"
	bad "$1"
}
: >empty.csv; bad empty.csv
printf 'reapsim-trace,2\nspawn,1\n' >version.csv; bad version.csv
printf 'reapsim-trace\nspawn,1\n' >headless.csv; bad headless.csv
printf 'hello, world\n' >other.csv; bad other.csv
line op.csv 'frobnicate,1\n'
line range.csv 'map,1,0x10,61,r--p,app,0\n'
line read.csv 'read,1,app,59,2\n'
line process.csv 'touch,7,0x10,1,r\n'
line dead.csv 'exit,1\nexit,1\n'
line unmapped.csv 'touch,1,0x10,1,r\n'
line perm.csv 'map,1,0x10,4,r--p,app,0\ntouch,1,0x10,1,w\n'
line file.csv 'read,1,lib,0,1\n'
line number.csv 'read,1,app,-1,1\n'
line huge.csv 'read,1,app,0,99999999999999999999\n'
line fields.csv 'read,1,app\n'
line nul.csv 'read,1,a\0pp,0,1\n'
line crlf.csv 'read,1,app,0,1\r\n'
line cut.csv 'read,1,app,0,1'
line quote.csv 'read,1,"app,0,1\n'
line cpu.csv 'spawn,2,8192\n'
line key.csv 'mark,ok\nmachine,cpus,2\n'
{ printf 'reapsim-trace,1\nspawn,1\nmark,'; head -c 10000000 /dev/zero | tr '\0' x; echo; } >long.csv
bad long.csv
printf 'reapsim-trace,1\nmachine,memcg_pages,100\nspawn,1\n' >small.csv; bad small.csv
printf 'reapsim-trace,1\nmachine,cpus,0\nspawn,1\n' >machine.csv; bad machine.csv
printf 'reapsim-trace,1\nspawn,1\n' >nolimit.csv; bad nolimit.csv
"$REAPSIM" trace convert "$T" good.rtrace
size=$(stat -c %s good.rtrace)
head -c $((size - 8)) good.rtrace >short.rtrace; bad short.rtrace
head -c $((size - 3)) good.rtrace >odd.rtrace; bad odd.rtrace
head -c 40 good.rtrace >header.rtrace; bad header.rtrace
{ cat good.rtrace; printf 'more'; } >longer.rtrace; bad longer.rtrace
{ head -c $((size - 1)) good.rtrace; printf '\377'; } >flipped.rtrace; bad flipped.rtrace
sed '1s/,1,/,9,/' good.rtrace >version.rtrace; bad version.rtrace
