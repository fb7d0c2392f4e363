# An ensemble gives a recorded trace its interval: tables, rows, the same with any number of
# threads; member 0 is the machine as given.
cp "$SRC/traces/shipped/source-scan.csv" t.csv
compare() { "$REAPSIM" compare t.csv -p v1,v1+evict -e mrelease -M 50% "$@"; }
compare --ensemble 8 -C sim_fills --plots plots | tee table
awk 'length > 72' table
grep -v '^#' plots/t.dat | head -1
compare --ensemble 8 --axes memory,noise -l mglru
compare --ensemble 8 -C pgactivate
compare --ensemble 8 --csv - | tee rows | cut -d, -f 1-16 | sed -n '1,4p;9,10p'
compare --ensemble 8 --axes memory --differences d.csv >/dev/null
cut -d, -f 1-10 d.csv
compare --csv - | sed -n '2p' >one
sed -n '2p' rows | cut -d, -f 7- | cmp - one && echo "member 0: the machine as given"
compare --ensemble 8 --csv - --ensemble-seed 2 >other
sed -n '2p' other | cmp - <(sed -n '2p' rows) && ! cmp -s other rows && echo "other members, the same member 0"
for jobs in 1 3; do compare --ensemble 9 --csv - -j $jobs | md5sum; done | uniq | wc -l
"$REAPSIM" outcome t.csv -p v1 -e mrelease -M 50% --ensemble 8 \
	-m "$SRC/traces/machines/server-nvme.conf" | grep -A 5 "restart never\|^net:"
# one user runs the trace: the order that it has
"$REAPSIM" outcome t.csv -p v1 -e mrelease -M 50% --ensemble 8 --axes order --loop trace \
	-m "$SRC/traces/machines/server-nvme.conf" | grep -A 5 "restart never\|^net:"
# the second gets its memory before the first has freed its own: these members fail, each at an
# operation of its own trace
{
	printf 'reapsim-trace,1\nmachine,memcg_pages,128\nspawn,1\nspawn,2\n'
	printf 'anon,%d,0,999,rw-p\n' 1 2
	for i in $(seq 0 49); do printf 'touch,1,%d,1,w\ntouch,2,%d,1,w\n' $i $i; done
	printf 'unmap,1,0,50\ntouch,2,100,70,w\ntouch,1,100,1,w\n'
} >two.csv
try() {
	"$REAPSIM" "$@"
	echo "exit $?"
}
try compare t.csv --differences d.csv
try compare t.csv --ensemble 7
try compare t.csv --ensemble 8 --axes memroy
try outcome t.csv --ensemble 8 --axes window
try outcome t.csv --ensemble 8 --axes order
try compare two.csv -p baseline --ensemble 8 --axes order -j 1
