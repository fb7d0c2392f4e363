# Every machine file that is shipped is one, and with sizes of its own it runs.
for m in "$SRC"/traces/machines/*.conf; do
	"$REAPSIM" compare "$SRC/tests/cli/tiny.csv" -p baseline --machines "$m" \
		-s cpus=1 -s memcg_pages=400 | sed -n 3p
done
