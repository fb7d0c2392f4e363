"$REAPSIM" frobnicate
