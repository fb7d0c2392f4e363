# --json has the rows of every CSV file, the same values under the same names, in the same order,
# and what it writes is valid by the schema of "reapsim list --schema".
cp "$SRC/tests/cli/tiny.csv" t.csv
printf 'reapsim-trace,1\nmachine,memcg_pages,200\nfile,"a, ""b""",8\nfile," c ",4\nspawn,1\nread,1,"a, ""b""",0,8\nread,1," c ",0,4\nmark,half\nexit,1\n' >m.csv
cat >s.conf <<-END
	[sweep]
	trace=t.csv
	[machine]
	memcg_pages=50%;200
	[run]
	policy=baseline;v1
END
sed 's/^\[sweep\]/&\nmode=timed/' s.conf >st.conf
"$REAPSIM" gen kill-return app_pages=64 -o w.csv 2>/dev/null
printf '[machine]\ncpus=1\nread_us=100\nmemcg_pages=400\n' >m.conf
mkdir scenarios
for f in '' .runs .pages; do
	awk 'NR == 1 || /^advice-random,(baseline|v1),/' "$SRC/kernel-patch/results/v7.3-classic$f.csv" >"k$f.csv"
done
cp "$SRC/traces/scenarios/advice-random.csv" scenarios
"$REAPSIM" list --schema >schema.json

cat >check.jq <<'END'
# $csv: the text of a CSV file; $schema[0]. Input: the rows of its table. Prints what is wrong.
def fields: gsub("\"\"(?<q>[^\"]*)\"\""; "'\(.q)'") | gsub("\"(?<q>[^\"]*)\""; .q | gsub(","; ";")) | split(",");
def plain: gsub(","; ";") | gsub("\""; "'");
def type_of: (.type // "const") | if type == "array" then . else [.] end;
def same($text):
	if type == "number" then . == ($text | tonumber)
	elif . == null then $text == "" or $text == "inf"
	else plain == $text end;
($csv | split("\n")[:-1] | map(fields)) as $lines |
(if length != ($lines | length) - 1 then "\(length) rows, expected \(($lines | length) - 1)" else empty end),
(to_entries[] | .key as $i | .value as $row | $lines[$i + 1] as $line |
	($schema[0].oneOf[] | select(.title == $row.table)) as $s |
	($row | keys_unsorted) as $keys |
	(if $keys != ["schema", "table"] + $lines[0] then "row \($i): columns \($keys)" else empty end),
	(if $row.schema != $schema[0].title then "row \($i): schema \($row.schema)" else empty end),
	($s.required - $keys | select(length > 0) | "row \($i): lacks \(.)"),
	($row | to_entries[] | select(.key != "schema" and .key != "table") | . as $e |
		($s.properties[$e.key] // $s.additionalProperties | if . == false then {type: "nothing"} else . end | type_of) as $t |
		select($t | index($e.value | type) | not) | "row \($i): \($e.key) is \($e.value), expected \($t)"),
	($lines[0] | to_entries[] | . as $c | ($line[$c.key] // "") as $text |
		select($row[$c.value] | same($text) | not) | "row \($i): \($c.value) is \($row[$c.value]), in CSV \($line[$c.key])"))
END

# Bug: numbers had 17 digits, 0.0077099999999999998 where the CSV has 0.00771. To jq 1.6 both are equal.
# numbers TABLE JSON - as they are written
numbers() {
	grep "^[^,]*,\"table\":\"$1\"," "$2" | sed 's/"\([^"\\]\|\\.\)*"//g' | tr '{:,}' '\n' | grep '^[-0-9]'
}

# check TABLE CSV JSON
check() {
	jq -c "select(.table == \"$1\")" "$3" >rows
	printf '%s: %s rows\n' "$1" "$(wc -l <rows)"
	jq -rsf check.jq --rawfile csv "$2" --slurpfile schema schema.json rows | head -5
	numbers "$1" "$3" | grep -vxFf <(tr '",' '\n' <"$2") | sed 's/$/: not in CSV/' | head -5
	grep -v "^{\"schema\":\"reapsim-rows-[0-9]*\",\"table\":\"$1\",.*}$" rows # these come first
}

"$REAPSIM" run m.csv --csv c --pages p --json j >/dev/null
check run c j
check pages p j
"$REAPSIM" compare -p baseline,v1 t.csv m.csv --csv c --json j --force >/dev/null
check run c j
"$REAPSIM" compare -p baseline,v1 --ensemble 8 t.csv --csv c --differences d --json j --force >/dev/null
check member c j
check differences d j
"$REAPSIM" gen restart-loop -o r.rtrace 2>/dev/null
"$REAPSIM" compare -p v1 -M 60% --sample 1/8 r.rtrace --csv c --json j --force >/dev/null
check sample c j
"$REAPSIM" outcome -p baseline,v1 -m m.conf -n 2 t.csv --csv c --differences d --json j --force >/dev/null
check outcome c j
check differences d j
"$REAPSIM" sweep s.conf -o s.csv --json j --force
check sweep s.csv j
"$REAPSIM" sweep st.conf -o st.csv --json j --force
check sweep-timed st.csv j
# Bug: with a failed run there was no JSON.
sed 's/50%;200/200;4294967295/' s.conf >sf.conf
"$REAPSIM" sweep sf.conf -o sf.csv --json jf
echo "exit $?"
check sweep sf.csv jf
jq -r .status jf
# of a sweep in shards it is the merge's
for i in 1 2; do
	"$REAPSIM" sweep s.conf -o sh.csv --json js --shard $i/2
done
ls js
"$REAPSIM" sweep s.conf -o sh.csv --json js --merge
check sweep sh.csv js
"$REAPSIM" breakeven w.csv -m m.conf -l classic -d 1s,4s -P 0..1/1 -n 2 --csv b.csv --differences d --json j --force >/dev/null
check sweep-timed b.csv j
check breakeven d j
"$REAPSIM" reclaim-first app_pages=64 memcg_pages=400 -S 0,64 -l classic -p baseline,v1 --csv r.csv --json j --force >/dev/null
check sweep r.csv j
"$REAPSIM" agree -t scenarios k.csv --csv c --json j --force >/dev/null
check agreement c j
"$REAPSIM" trace deaths t.csv w.csv --csv c --json j --force >/dev/null
check deaths c j
"$REAPSIM" ask --ensemble 8 -M 80% t.csv -o a --json j --force >/dev/null 2>&1
check answer a/answer.csv j
check ask-run a/runs.csv j
# played by a player that only prints: tests/cli/play.cmd
disk=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$disk"' EXIT
cp "$REAPSIM" reapsim
printf '#!/bin/sh\necho "D 3 kill 1 0 9 8 7 6 5 -1 4 3 2 1 0"\necho "T 2 touch 1 6 5"\necho "M begin.0 workingset_refault_file 1"\necho "M end.0 workingset_refault_file 4"\necho done\n' >reapsim-player
chmod 755 reapsim-player
./reapsim play -n 1 -p baseline -M 300 -d "$disk" --cgroup "$disk" t.csv --csv c --operations o --deaths d --json j --force >/dev/null
check play c j
check play-operation o j
check play-death d j
echo "tables that no command above has written:"
jq -r '.oneOf[].title' schema.json | grep -vxFf <(sed -n 's/^check \([a-z-]*\) .*/\1/p' "$SRC/tests/cli/json.cmd")

# on stdout, instead of the tables; only one output can be there
"$REAPSIM" trace deaths --json - t.csv
"$REAPSIM" run m.csv --json - --csv -
echo "exit $?"
"$REAPSIM" run m.csv --json - | jq -r '[.table, .mark, .sim_fills] | @tsv'

# The columns of each table; those without a type are a number or null. If a line changes, ROWS_SCHEMA
# of sim/cli/rows.h needs another number, unless it only grows.
"$REAPSIM" list --names counters | jq -R . | jq -s . >counters.json
jq -r --slurpfile c counters.json '.title, (.oneOf[] | . as $t |
	"\n\($t.title): " + ([.required[] | select(. != "schema" and . != "table") |
			select($t.title == "ask-run" or (IN($c[0][]) | not)) |
			if $t.properties[.].type == ["number", "null"] then . else
				"\(.) (\($t.properties[.].type | if type == "array" then join(" or ") else . end))" end] | join(", ")) +
		(if .required | contains($c[0]) then ", all counters" else "" end) +
		(if .additionalProperties != false then ", axes (\(.additionalProperties.type | join(" or ")))" else "" end))' \
	schema.json | fold -s -w 100 | sed 's/ $//'
"$REAPSIM" list --schema counters
echo "exit $?"
