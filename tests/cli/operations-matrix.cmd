# Every page after every operation is as on v7.3.4.
"$SRC"/tests/kernel/operations-matrix.sh "$REAPSIM"
