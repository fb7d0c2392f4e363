# The example that links the library prints the same as the command, and reports errors.
example=${REAPSIM%/*}/compare-two
"$example" "$SRC/tests/cli/tiny.csv" baseline v1 | tee said
"$REAPSIM" compare "$SRC/tests/cli/tiny.csv" -p baseline,v1 -M 50%,75% --csv all.csv >/dev/null
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
	NR > 1 { print "memory " $c["machine"] ", " $c["policy"] ": " $c["workingset_refault_file"] " refaults" }' \
	all.csv | cmp - said && echo "the same"
"$example" "$SRC/tests/cli/tiny.csv" baseline v9
echo "exit $?"
"$example" missing.csv baseline v1
echo "exit $?"
"$example"
echo "exit $?"
