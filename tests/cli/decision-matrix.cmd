# Every page of the decision matrix beside what the real kernel left: exit 1 when
# one differs under a policy where tests/kernel/decision-matrix.md has no reason.
"$SRC"/tests/kernel/decision-matrix.sh "$REAPSIM"
