# Every page of the mrelease part of the decision matrix beside what a kernel with
# the series left: exit 1 when one differs.
"$SRC"/tests/kernel/decision-matrix.sh --series "$REAPSIM"
