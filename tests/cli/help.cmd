"$REAPSIM" --help
