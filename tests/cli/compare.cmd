T=$SRC/tests/cli/tiny.csv
"$REAPSIM" compare "$T"
"$REAPSIM" compare "$T" --policies baseline,v1 --ends-as recorded,exit,kill,mrelease,oom
