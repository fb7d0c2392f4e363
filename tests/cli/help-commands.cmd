for c in run compare outcome sweep breakeven reclaim-first calibrate explain agree "trace" "trace convert" "trace info" "trace check" gen list; do
	echo "=== $c"
	"$REAPSIM" $c --help || echo "exit $?"
done
