# The state of every file page at each snapshot, run-length encoded.
T=$SRC/tests/cli/tiny.csv
"$REAPSIM" run "$T" -p v1 --pages pages.csv >/dev/null
cat pages.csv
"$REAPSIM" run "$T" -p v1 --pages - | cmp - pages.csv && echo same
# each page of each file once per snapshot: 60 of app and 300 of big
awk -F, 'NR > 1 { n[$1 "," $2] += $5 } END { for (m in n) print m "," n[m] }' pages.csv | sort
ls
"$REAPSIM" run "$T" --pages - --csv -
