# The output of a failed command does not replace older results (Bug: its header did). If there
# are none, the finished part is kept.
cp "$SRC/tests/cli/tiny.csv" t.csv
echo nonsense >bad.csv
printf '%s\n' reapsim-trace,1 spawn,1 anon,1,0x1000,300,rw-p touch,1,0x1000,300,w exit,1 >oom.csv
"$REAPSIM" compare t.csv -p baseline,v1 --memory 200 --csv old.csv >/dev/null
cp old.csv before
try() {
	cp before old.csv
	"$REAPSIM" "$@" >/dev/null
	echo "exit $?; $(cmp -s old.csv before && echo as it was || echo changed)"
}
for c in compare outcome; do
	try $c bad.csv -p baseline --csv old.csv
	try $c t.csv bad.csv -p baseline --memory 200 --csv old.csv
	# the first run is out of memory, the second is not
	try $c oom.csv -p baseline --memory 200,400 --csv old.csv
	"$REAPSIM" $c t.csv bad.csv -p baseline --memory 200 --csv new-$c.csv >/dev/null 2>&1
	echo "exit $?; $(wc -l <new-$c.csv) lines"
	"$REAPSIM" $c bad.csv -p baseline --csv none-$c.csv >/dev/null 2>&1
	echo "exit $?"
done
try run t.csv --csv old.csv --set memcg_pages=1
ls
