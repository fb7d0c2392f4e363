# A row for each snapshot and one for the end; "-" is stdout, without the table.
T=$SRC/tests/cli/tiny.csv
"$REAPSIM" run "$T" -p v1 --csv out.csv >/dev/null
"$REAPSIM" run "$T" -p v1 --csv - | cmp - out.csv && echo same
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; n = NF }
	NF != n { print "fields: " NF }
	{ print $1 "," $2 "," $4 "," $6 "," $7 "," $8 "," $c["nr_free_pages"] "," $c["sim_accesses"] }' out.csv
ls
# a name with a comma or a quote is quoted
cp "$T" 'a "b", c.csv'
"$REAPSIM" run 'a "b", c.csv' --csv - | tail -1 | cut -c1-30
