# Compare every page of the decision matrix of large folios with its state in a stock kernel:
# exit 1 for a difference that is not explained.
"$SRC"/tests/kernel/large-matrix.sh "$REAPSIM"
# with order 0 only, no page is active after one death: the comparison detects it
sed 's/max_folio_order=9/max_folio_order=0/' "$SRC"/tests/kernel/large-matrix.sh >large-matrix.sh
cp "$SRC"/tests/kernel/large-matrix.explained "$SRC"/tests/kernel/large-matrix.kernel.csv \
	"$SRC"/tests/kernel/states.sh .
bash large-matrix.sh "$REAPSIM" | grep -c ' differ ' && echo "order 0 differs"
