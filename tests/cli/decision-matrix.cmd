# Compare every page of the decision matrix with its state in the real kernel: exit 1 if one
# differs.
"$SRC"/tests/kernel/decision-matrix.sh "$REAPSIM"
echo "v6.12"
KERNEL=6.12 "$SRC"/tests/kernel/decision-matrix.sh "$REAPSIM"
