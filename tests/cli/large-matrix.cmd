# Every page of the decision matrix of large folios next to its state in a stock kernel: exit 1
# when one differs that is not explained.
"$SRC"/tests/kernel/large-matrix.sh "$REAPSIM"
# with order 0 only, nothing is active after one death: the comparison sees it
sed 's/max_folio_order=9/max_folio_order=0/' "$SRC"/tests/kernel/large-matrix.sh >large-matrix.sh
cp "$SRC"/tests/kernel/large-matrix.explained "$SRC"/tests/kernel/large-matrix.kernel.csv \
	"$SRC"/tests/kernel/states.sh .
bash large-matrix.sh "$REAPSIM" | grep -c ' differ ' && echo "order 0 differs"
