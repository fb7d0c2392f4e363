T=$SRC/tests/cli/tiny.csv
"$REAPSIM" compare "$T" -p baseline,v1 --memory 150,200 --csv out.csv >/dev/null
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; n = NF }
	NF != n { print "fields: " NF }
	{ print $1 "," $2 "," $4 "," $6 "," $7 "," $8 "," $c["workingset_refault_file"] "," $c["sim_fills"] }' out.csv
