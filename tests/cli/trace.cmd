# Text to binary and back: the same operations, in a file several times smaller.
T=$SRC/tests/cli/tiny.csv
"$REAPSIM" trace info "$T"
"$REAPSIM" trace check "$T"
"$REAPSIM" trace convert "$T" tiny.rtrace
"$REAPSIM" trace convert tiny.rtrace back.csv
"$REAPSIM" trace convert --to binary back.csv - | cmp - tiny.rtrace && echo same
"$REAPSIM" trace check tiny.rtrace back.csv
head -1 tiny.rtrace
cat back.csv
# and both give the same counters
"$REAPSIM" run tiny.rtrace -p v1 --csv - | cut -d, -f2- | md5sum >a
"$REAPSIM" run back.csv -p v1 --csv - | cut -d, -f2- | md5sum >b
cmp a b && echo alike
# what ended processes leave
"$REAPSIM" trace deaths "$T" tiny.rtrace
"$REAPSIM" trace deaths --csv deaths.csv "$T" >/dev/null && cat deaths.csv
"$REAPSIM" trace deaths --csv "$T" "$T"
"$REAPSIM" trace deaths
