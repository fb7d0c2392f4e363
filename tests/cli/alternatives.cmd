# What userspace can do without the patch, in a stock kernel and in the simulator.
"$SRC"/tests/kernel/alternatives.sh "$REAPSIM"
