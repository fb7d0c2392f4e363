# Every page of the decision matrix next to its state in the real kernel: exit 1 when
# one differs.
"$SRC"/tests/kernel/decision-matrix.sh "$REAPSIM"
echo "v6.12"
KERNEL=6.12 "$SRC"/tests/kernel/decision-matrix.sh "$REAPSIM"
