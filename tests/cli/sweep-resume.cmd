# A sweep that is killed and resumed gives the same result, byte for byte, as an undisturbed
# one, with any number of threads; finished runs are not repeated.
cat >s.conf <<'END'
[sweep]
generator=restart-loop
[generator]
app_pages=100..1000/100
big_pages=1500;3000
rounds=8
memcg_pages=0
[machine]
memcg_pages=30%..100%/7%
[run]
policy=baseline;v1;flag;any-exit+evict;demote
END
"$REAPSIM" sweep --dry-run s.conf | head -1
"$REAPSIM" sweep s.conf -o whole.csv --jobs 1 && wc -l <whole.csv
"$REAPSIM" sweep s.conf -o two.csv --jobs 2 && cmp whole.csv two.csv && echo "1 and 2 threads: equal"

# SIGKILL again and again, up to five times; with nice, because on a busy machine the sweep may
# end before this shell runs
kills=0
at=0
while [ $kills -lt 5 ]; do
	nice -n 19 "$REAPSIM" sweep s.conf -o killed.csv --jobs 3 2>/dev/null &
	pid=$!
	at=$((at + 150))
	while kill -0 $pid 2>/dev/null && [ "$(cat killed.csv 2>/dev/null | wc -l)" -lt $at ]; do
		:
	done
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ $? -eq 137 ] && kills=$((kills + 1)) || break
done
[ $kills -ge 3 ] && echo "killed again and again; journal: $(ls killed.csv.journal)"
# the last line of each file is incomplete
truncate -s -7 killed.csv
printf '0123456789abcdef,99' >>killed.csv.journal
before=$(tail -n +2 killed.csv | grep -c ',ok,.*[0-9]$')
"$REAPSIM" sweep s.conf -o killed.csv 2>said
echo "exit $?"
[ "$(sed -n 's/reapsim: \([0-9]*\) of 1100 runs are finished already/\1/p' said)" -ge $((before - 1)) ] &&
	echo "nothing that was finished is run again"
cmp whole.csv killed.csv && echo "killed and whole: equal"
ls

# after SIGTERM or SIGINT the sweep ends itself and can be resumed
for sig in TERM INT; do
	rm -f int.csv
	nice -n 19 "$REAPSIM" sweep s.conf -o int.csv --jobs 2 2>said &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(cat int.csv 2>/dev/null | wc -l)" -lt 300 ]; do
		:
	done
	kill -$sig $pid
	wait $pid
	echo "SIG$sig: exit $?; $(sed 's/[0-9]* of 1100/N of 1100/' said)"
	"$REAPSIM" sweep s.conf -o int.csv --jobs 2 2>/dev/null
	cmp whole.csv int.csv && echo "SIG$sig and whole: equal"
done

# another definition, another machine file, no journal, another program: refused
sed -i 's/rounds=8/rounds=5/' s.conf
strip() { sed -e 's/[0-9a-f]\{16\}/DIGEST/g'; }
"$REAPSIM" sweep s.conf -o whole.csv 2>&1 | strip
echo "exit ${PIPESTATUS[0]}"
sed -i 's/rounds=5/rounds=8/' s.conf
# finished by another program. Bug: its numbers were accepted
sed -i 's/program ................/program fedcba9876543210/' two.csv.journal
"$REAPSIM" sweep s.conf -o two.csv 2>&1 | strip
echo "exit ${PIPESTATUS[0]}"
head -200 whole.csv >part.csv
"$REAPSIM" sweep s.conf -o part.csv
echo "exit $?"
(
	ulimit -f 100
	trap '' XFSZ
	"$REAPSIM" sweep s.conf -o full.csv --jobs 2 2>&1 | sed 's/full.csv.journal/full.csv/'
	echo "a full disk: exit ${PIPESTATUS[0]}"
)
sed -i 's/program ................/program fedcba9876543210/' full.csv.journal
"$REAPSIM" sweep s.conf -o full.csv 2>&1 | strip
echo "exit ${PIPESTATUS[0]}"
"$REAPSIM" sweep s.conf -o full.csv --restart
echo "exit $?"
cmp whole.csv full.csv && echo "begun again and whole: equal"
