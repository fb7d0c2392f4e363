# A file that no sweep has begun, or that somebody has damaged, is left as it is.
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
	"$REAPSIM" sweep s.conf -o f.csv 2>&1 | strip
	echo "exit ${PIPESTATUS[0]}; $(cmp -s f.csv before && echo as it was || echo changed)"
}
# once it was cut to nothing, and written over
printf 'a letter without a newline' >f.csv
try
echo "a letter" >f.csv
try
# rows, once all taken for finished: of other values, short, and of NULs
sed '2s/,200,/,300,/' whole.csv >f.csv
try
sed '3s/,[^,]*$//' whole.csv >f.csv
try
sed '2s/,ok,.*/,ok/' whole.csv >f.csv
try
head -2 whole.csv >f.csv
head -c 500 /dev/zero >>f.csv
echo >>f.csv
try
# a header that was half written is ours
head -c 100 whole.csv >f.csv
try
cmp whole.csv f.csv && echo "the same"
# once --restart removed the device
mkfifo pipe
"$REAPSIM" sweep s.conf -o pipe --restart
echo "exit $?"
"$REAPSIM" sweep s.conf -o . --restart
echo "exit $?"
[ -p pipe ] && echo "it is there"
# a seed that does not fit
printf '[sweep]\ntrace=tiny.csv\nmode=timed\n[timed]\nseed=99999999999999999999\n' >seed.conf
"$REAPSIM" sweep seed.conf
echo "exit $?"
