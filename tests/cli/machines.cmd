# Every shipped machine file is valid, and runs if it has a size.
for m in "$SRC"/traces/machines/*.conf; do
	"$REAPSIM" compare "$SRC/tests/cli/tiny.csv" -p baseline --machines "$m" \
		-s cpus=1 -s memcg_pages=400 | sed -n 4p
done
