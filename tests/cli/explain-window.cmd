# A part of a trace: operations, steps of several, pages, a process, the first difference of two
# policies, and what is said of a part that is not there.
T=$SRC/traces/examples/second-mark.csv
explain() {
	echo "--- $*"
	"$REAPSIM" explain "$@"
	rc=$?
	[ $rc -eq 0 ] || echo "exit $rc"
}
explain "$T" --from 11 --to 13
explain "$T" --pages app:2-3 --from 3 --to 6
explain "$T" --pages app:1 --no-lists --from 10
explain "$T" --process 2 -n
explain "$T" --every 5 -n --max-lines 2
explain "$T" --limit 2 -n
explain "$T" --policy baseline,v1 --first-difference --to 6
explain "$T" --policy baseline,baseline --first-difference
explain "$T" --lru classic,mglru --from 3 --to 4
echo "--- more changes than are shown, and the runs differ in one that is not"
explain "$T" --policy baseline,v1 --from 4 --to 5 --every 2 -n --max-lines 1
echo "--- the same as a page: steps, and those of them that differ"
page() {
	"$REAPSIM" explain "$T" --html page.html "$@"
	grep -c '^{"o":' page.html
	# "start" is step 0, in the line of its own member
	echo "differ:$(sed -n 's/^"steps":\[//; /^{"o":/p' page.html | awk '/,"d":1,/ { s = s " " NR - 1 } END { print s ? s : " none" }')"
}
page
page -p baseline,v1
page -p baseline,v1 --first-difference
page --from 7 --to 9
page --limit 3
page --pages app:3
echo "--- a long list"
printf 'reapsim-trace,1\nmachine,memcg_pages,4096\nmachine,readahead_pages,0\nfile,a,500\nspawn,1\n' >long.csv
for i in $(seq 0 3 499); do echo "read,1,a,$i,1"; done >>long.csv
echo drain >>long.csv
explain long.csv --from 168 --to 169 --max-lines 1
explain long.csv --from 169 --max-lines 1 --width 40
echo "--- bad input"
printf 'reapsim-trace,1\nfile,app,4\n' >empty.csv
explain empty.csv
explain empty.csv --html empty.html
explain "$T" --from 99
explain "$T" --to 99
explain "$T" --from 5 --to 4
explain "$T" --from 0
explain "$T" --every 0
explain "$T" --pages nothing
explain "$T" --pages appp:1
explain "$T" --pages app:4
explain "$T" --pages app:2-1
explain "$T" --pages app:x
explain "$T" --pages app:
explain "$T" --pages app:1-
explain "$T" --pages app:18446744073709551617
explain "$T" --process 9
explain "$T" --process x
explain "$T" --process -1
explain "$T" --process 134217728
explain "$T" --limit -1
explain "$T" --limit 18446744073709551617
explain "$T" --first-difference
explain "$T" --policy all
explain "$T" --lru classic,nothing
explain "$T" --from 99 --html page2.html
explain
explain --html x.html
ls ./*.html
