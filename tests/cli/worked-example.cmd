# Compare the worked example with the real kernel: exit 1 if a cell is off by more than 1%.
"$SRC"/tests/kernel/worked-example.sh "$REAPSIM"
