# A sweep does not change a file that no sweep began, or that was modified.
cp "$SRC/tests/cli/tiny.csv" .
cat >s.conf <<'END'
[sweep]
trace=tiny.csv
[machine]
memcg_pages=200
[run]
policy=baseline;v1
END
"$REAPSIM" sweep s.conf -o whole.csv
strip() { sed -e 's/[0-9a-f]\{16\}/DIGEST/g'; }
try() {
	cp f.csv before
	cp f.csv.journal before.journal 2>/dev/null
	"$REAPSIM" sweep s.conf -o f.csv 2>&1 | strip
	echo "exit ${PIPESTATUS[0]}; $(cmp -s f.csv before && echo as it was || echo changed)"
	cmp -s f.csv.journal before.journal || echo "the journal is another"
	rm -f before.journal
}
# Bug: it was truncated and overwritten
printf 'a letter without a newline' >f.csv
try
echo "a letter" >f.csv
try
# without its journal the rows cannot be checked
cp whole.csv f.csv
try
ls f.csv*
# Bug: rows with other values, short ones and NULs all counted as finished
changed() {
	cp whole.csv.journal f.csv.journal
	"$@" whole.csv >f.csv
	try
}
changed sed '2s/,200,/,300,/'
changed sed '3s/,[^,]*$//'
changed sed '2s/,ok,.*/,ok/'
changed sed '3s/.$/7/'
changed sed '$p'
cp whole.csv.journal f.csv.journal
head -2 whole.csv >f.csv
head -c 500 /dev/zero >>f.csv
echo >>f.csv
try
# records of the journal
cp whole.csv f.csv
for how in '2s/.$/z/' '3s/.$//' '3s/^2/1/' '2s/^1/3/' '2s/ .*/ 0123456789abcdef/' '2s/$/ row/' '1s/of 2/of 3/'; do
	sed "$how" whole.csv.journal >f.csv.journal
	try
done
# runs that are not in the journal are repeated
for lines in 1 2; do
	head -$lines whole.csv.journal >f.csv.journal
	"$REAPSIM" sweep s.conf -o f.csv && cmp whole.csv f.csv && cmp whole.csv.journal f.csv.journal &&
		echo "a journal of $lines lines: the same in the end"
done
# an incomplete header belongs to the sweep
rm f.csv.journal
head -c 100 whole.csv >f.csv
"$REAPSIM" sweep s.conf -o f.csv && cmp whole.csv f.csv && echo "the same"
# Bug: --restart removed the device
mkfifo pipe
"$REAPSIM" sweep s.conf -o pipe --restart
echo "exit $?"
"$REAPSIM" sweep s.conf -o . --restart
echo "exit $?"
[ -p pipe ] && echo "it is there"
# a seed that is too large
printf '[sweep]\ntrace=tiny.csv\nmode=timed\n[timed]\nseed=99999999999999999999\n' >seed.conf
"$REAPSIM" sweep seed.conf
echo "exit $?"
