# The worked example next to the real kernel: exit 1 when a cell is off by more than 1%.
"$SRC"/tests/kernel/worked-example.sh "$REAPSIM"
