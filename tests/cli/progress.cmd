# On a terminal a command shows its progress after a second, says if it will take more than a minute,
# and names the files that it wrote in one line; elsewhere it does none of that. SIGINT ends every
# command at any moment with 130, and leaves no part of a file.
T=$SRC/tests/cli/tiny.csv

# tty COMMAND... - on a terminal; prints lines of stdout and stderr
tty() {
	script -qec "$*" /dev/null </dev/null | tr -d '\r'
}
wrote() { grep '^reapsim: wrote'; }
tty "$REAPSIM" gen zipf accesses=100 pages=20 -o z.csv
tty "$REAPSIM" trace convert z.csv z.rtrace
tty "$REAPSIM" compare "$T" -p baseline,v1 --ensemble 8 --csv a.csv --json b.json --differences d.csv | wrote
printf '[sweep]\ntrace=%s\n[run]\npolicy=baseline;v1\n' "$T" >s.conf
tty "$REAPSIM" sweep s.conf --json s.json
tty "$REAPSIM" sweep s.conf
tty "$REAPSIM" sweep s.conf -o m.csv --shard 1/1
tty "$REAPSIM" sweep s.conf -o m.csv --merge
tty "$REAPSIM" run "$T" --csv a.csv --pages - | wrote
echo "not on a terminal:"
"$REAPSIM" gen zipf accesses=100 pages=20 -o z.csv

# the bar, and the line before it
tty timeout --foreground --preserve-status -k 20 -s INT 3 "$REAPSIM" gen zipf accesses=4000000000 \
	pages=1000000 -o g.rtrace | tr '\r\033' '\n\n' >shown
grep -o 'generating will take about.*' shown | sed 's/about [^;]*/about N/'
grep -o '^generating \[[#.]*\] *[0-9]*%, about [0-9.]* ' shown | tail -1 | sed 's/\[.*/[BAR] N%, about N/'
grep -o 'reapsim: interrupted$' shown

# 1000 hours of simulated time
printf 'reapsim-trace,1\nmachine,memory_pages,4096\nfile,a,8\nspawn,1\n' >long.csv
{
	cat long.csv
	for i in $(seq 40); do
		printf 'read,1,a,0,4\nadvance,3600000s\n'
	done
} >hours.csv
slow="$REAPSIM outcome -n 1 -p baseline -K oomd:swap_interval_ms=1 --csv o.csv hours.csv"

# interrupted NAME COMMAND... - after two seconds
interrupted() {
	local name=$1
	shift
	timeout --foreground --preserve-status -k 20 -s INT 2 "$@" >/dev/null 2>said </dev/null
	echo "$name: $?; $(grep -c '^reapsim: .*interrupted' said) line; files: $(ls -A | grep -vxF -f before | tr '\n' ' ')"
}
mkfifo never
exec 3<>never
seq 200000 | sed 's/.*/read,1,a,0,4/' | cat long.csv - >reads.csv
ls -A >before
echo said >>before
# a killer that polls; a memory that is never enough; a generator; a reader; a search of the peak
# shellcheck disable=SC2086
interrupted outcome $slow
interrupted gen "$REAPSIM" gen zipf accesses=2000000000 pages=1000000 -o g.rtrace
interrupted convert "$REAPSIM" trace convert --from text --to binary never c.rtrace
interrupted info "$REAPSIM" trace info --from text never
{
	printf 'reapsim-trace,1\nmachine,memcg_pages,50%%\nspawn,1\n'
	for i in 0 1 2 3; do
		printf 'anon,1,%d,67108863,rw-p\ntouch,1,%d,67108863,r\n' $((i << 26)) $((i << 26))
	done
} >peak.csv
echo peak.csv >>before
interrupted peak "$REAPSIM" run --csv p.csv peak.csv
