"$REAPSIM" gen --list
