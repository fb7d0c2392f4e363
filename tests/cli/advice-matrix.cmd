# Every page after every advice is as on v7.3.4.
"$SRC"/tests/kernel/advice-matrix.sh "$REAPSIM"
# With single pages only, those of large folios that are cut differ.
sed 's/max_folio_order=9/max_folio_order=0/' "$SRC"/tests/kernel/advice-matrix.sh >advice-matrix.sh
cp "$SRC"/tests/kernel/advice-matrix.kernel.csv "$SRC"/tests/kernel/states.sh .
bash advice-matrix.sh "$REAPSIM" | grep -c ' differ '
