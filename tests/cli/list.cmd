"$REAPSIM" list
