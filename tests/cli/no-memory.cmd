# With any limit of memory a command exits with 0, or with 1 and a message about memory, and
# leaves no partial file. By itself glib would end the program with a signal.
base=
for mib in $(seq 16 96); do
	if (ulimit -v $((mib << 10)) && "$REAPSIM" --help) >/dev/null 2>&1; then
		base=$mib
		break
	fi
done 2>/dev/null # the shell says how each of these ended

"$REAPSIM" gen zipf accesses=500000 pages=500000 -o big.csv
"$REAPSIM" trace convert --to binary big.csv big.rtrace >/dev/null
gzip -k big.csv
awk 'BEGIN {
	print "reapsim-trace,1\nmachine,memcg_pages,100000\nfile,a,64\nspawn,1"
	for (i = 0; i < 40000; i++)
		print "read,1,a," i % 64 ",1\nmark,m"
}' >marks.csv
awk 'BEGIN {
	print "reapsim-trace,1\nmachine,memcg_pages,100000\nfile,a,64"
	for (i = 1; i <= 5000; i++)
		print "spawn," i "\nmap," i ",0,64,r--p,a,0\ntouch," i ",0,1,r\nadvance,1us"
	for (i = 1; i <= 5000; i++)
		print "kill," i
}' >procs.csv
printf '[sweep]\ntrace=big.csv\n[machine]\nmemcg_pages=10%%;50%%\n' >s.conf

try() {
	local name=$1 mib rc short=0
	shift
	for mib in 0 1 2 4 6 8 12 16 24 32 48 64; do
		mkdir out
		(ulimit -v $(((base + mib) << 10)) && cd out && exec "$REAPSIM" "$@") \
			>said 2>errors
		rc=$?
		case $rc in
		0) rm -r out; break ;;
		1)
			short=1
			grep -qi memory errors || { echo "$name, $mib MiB more:"; cat errors; }
			;;
		*) echo "$name, $mib MiB more: exit $rc"; cat errors ;;
		esac
		# a sweep keeps its finished rows
		ls -A out | grep -v '^s\.csv' | sed "s/^/$name, $mib MiB more, left: /"
		rm -r out
	done
	[ $short -eq 1 ] || echo "$name had enough memory"
}

# sanitizers need more memory than the limits allow
if [ -n "$base" ]; then
	try gen gen zipf accesses=1000000 pages=100000 -o x.rtrace
	try gen-text gen zipf accesses=1000000 pages=100000 --format text -o x.csv
	try check trace check ../big.csv ../big.csv.gz ../big.rtrace
	try info trace info ../big.csv
	try convert trace convert --to binary ../big.csv x.rtrace
	try run run -s memcg_pages=40% ../big.csv
	try marks run --csv x.csv ../marks.csv
	try pages run --pages x.csv ../marks.csv
	try procs run ../procs.csv
	try compare compare -p all --csv x.csv -M 10%,40% ../big.csv
	try outcome outcome -p baseline,v1 --csv x.csv -m "$SRC/traces/machines/vm.conf" \
		-s memcg_pages=100000 ../procs.csv
	try sweep sweep ../s.conf -o s.csv
	try explain explain ../procs.csv
fi
