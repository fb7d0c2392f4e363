# The OOM killer takes whom v7.3.4's takes.
"$SRC"/tests/kernel/oom-victims.sh "$REAPSIM"
