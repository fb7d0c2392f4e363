# Compares every page of the mrelease part of the decision matrix with a kernel with
# the series: exit 1 if one differs.
"$SRC"/tests/kernel/decision-matrix.sh --series "$REAPSIM"
