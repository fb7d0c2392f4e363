for c in run compare outcome sweep breakeven reclaim-first calibrate explain agree "trace" "trace convert" "trace info" "trace check" gen list completion; do
	echo "=== $c"
	"$REAPSIM" $c --help || echo "exit $?"
done
echo "=== help prints the same"
for c in "" run compare outcome sweep breakeven reclaim-first calibrate explain agree "trace" "trace convert" "trace info" "trace check" gen list completion; do
	cmp <("$REAPSIM" help $c) <("$REAPSIM" $c --help) || echo "help $c differs"
done
cmp <("$REAPSIM" trace help info) <("$REAPSIM" trace info --help)
for words in frob "trace inof" "run one" "trace info x"; do
	"$REAPSIM" help $words
	echo "exit $?"
done
