# The worked examples on stock kernels: a row for each scenario, LRU and order, though not every
# recording has these scenarios.
set -o pipefail
"$SRC/kernel-patch/scripts/stock-example.sh" "$REAPSIM" | cut -d'|' -f2-4
echo "exit $?"
