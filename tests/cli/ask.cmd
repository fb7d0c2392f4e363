# The whole answer of a small trace, in its folder and on stdout alike, at most 72 columns wide.
cp "$SRC/tests/cli/tiny.csv" .
cp "$SRC/traces/machines/x86.conf" m.conf
"$REAPSIM" ask --ensemble 8 -m m.conf --set read_us=100 --set zap_file_ps=60000 tiny.csv >out
echo "exit $?"
cmp out ask-tiny/answer.txt
cat out
awk 'length > 72 { print "wide:", $0 } / $/ { print "ends in a blank:", $0 }' out
ls ask-tiny
head -3 ask-tiny/answer.csv
# its commands print its numbers
grep -A6 '^  reapsim compare --ensemble' out | sed -n '/^  reapsim/,/tiny.csv$/p' | head -4 | tr -d '\\' | tr -s '\n ' ' ' |
	sed "s|reapsim|$REAPSIM|" | bash | grep -E '^(v1|v1\+evict) '
# finished runs are not run again, whatever the number of threads
sum=$(cat ask-tiny/* | md5sum)
"$REAPSIM" ask --ensemble 8 -m m.conf --set read_us=100 --set zap_file_ps=60000 --jobs 1 tiny.csv >again
cmp out again && [ "$sum" = "$(cat ask-tiny/* | md5sum)" ] && echo the same
# another question in the same folder is refused, and takes another one
"$REAPSIM" ask --ensemble 9 tiny.csv 2>&1 | sed 's/program [0-9a-f]*/program X/g'
"$REAPSIM" ask --ensemble 9 -o nine tiny.csv >/dev/null
"$REAPSIM" ask --restart --ensemble 9 tiny.csv >/dev/null
# bad input
"$REAPSIM" ask
"$REAPSIM" ask --memory 90%,80%,70%,60% tiny.csv
"$REAPSIM" ask --memory 5% --output small tiny.csv | grep -A3 '^pages'
"$REAPSIM" ask --ensemble 3 tiny.csv
"$REAPSIM" ask missing.csv
echo mine >ask-tiny/answer.html
"$REAPSIM" ask --ensemble 9 tiny.csv
cat ask-tiny/answer.html
