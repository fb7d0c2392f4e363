# A file name is only data, for gnuplot, shells and awk, in plots and in rows. Bug: gnuplot
# executed the text after a quote in the name of a trace.
mkdir out
names=(
	"quote'; system 'touch pwned-quote'; '"
	'double"; system "touch pwned-double"; "'
	'back`touch pwned-back`'
	'sub$(touch pwned-sub)'
	$'line\nset output "pwned-line"\n!touch pwned-bang\n[run]\npolicy=none'
	$'tab\t\e[31mred'
	'|touch pwned-pipe;'
	'<touch pwned-less;'
	'!touch pwned-shell'
	'percent%s%n%d'
	'@macro {:Symbol a}_b^c ~t{d}'
	'&amp;<b>bold<!-- '
	'back\slash\n\;x\'
	"end'"
	$'not-utf-\xff-8'
	'-e system("touch pwned-option")'
	'a=1 $x ${y} #z'
	'1..4'
	'*'
	'comma,and "quotes"'
)
"$REAPSIM" gen restart-loop app_pages=100 big_pages=300 rounds=3 -o t.csv
printf '[machine]\nread_us=100\nmemcg_pages=300\n' >m.conf

fails() { echo "	$1: exit $2"; }
list() { find . -printf '%P\0' | sort -z | tr '\0' '\1'; }

try() {
	local n=$1 before
	cp t.csv "./$n.csv"
	cp m.conf "./$n.conf"
	before=$(list)
	"$REAPSIM" compare -p baseline,v1 -M 300,400 "./$n.csv" --csv "out/c $n.csv" --plots out >/dev/null ||
		fails compare $?
	"$REAPSIM" breakeven "./$n.csv" -m m.conf -l classic -d 1s,4s -P 0..1/1 -n 2 --csv "out/b $n.csv" \
		--plots out --differences "out/d $n.csv" >/dev/null || fails breakeven $?
	"$REAPSIM" reclaim-first -m "./$n.conf" -S 0,64 -l classic app_pages=64 \
		-s memcg_pages=400 --csv "out/r $n.csv" --plots out >/dev/null || fails reclaim-first $?
	"$REAPSIM" run "./$n.csv" -m "./$n.conf" --csv "out/u $n.csv" --pages "out/p $n.csv" >/dev/null ||
		fails run $?
	"$REAPSIM" explain "./$n.csv" --to 5 --html "out/e $n.html" || fails explain $?
	! grep -q "<b>bold\|$(printf '\033')" "out/e $n.html" || echo "	markup in $n.html"
	"$REAPSIM" outcome -p baseline "./$n.csv" -m m.conf --csv "out/o $n.csv" >/dev/null ||
		fails outcome $?
	"$REAPSIM" trace convert "./$n.csv" "out/$n.rtrace" || fails convert $?
	"$SRC/traces/record/cut.sh" "./$n.csv" 3 >"out/cut $n.csv" || fails cut $?
	"$REAPSIM" trace check "out/cut $n.csv" >/dev/null || fails check $?
	# the plot scripts give the same pictures when run again
	(
		cd out || exit
		for gp in ./*.gp; do
			cp "${gp%.gp}.svg" ./before.svg
			gnuplot "$gp" || fails gnuplot $?
			cmp "${gp%.gp}.svg" ./before.svg
			! grep -q "<b>\|<!-- $(printf '\033')" "${gp%.gp}.svg" || echo "	markup in $gp"
			rm ./before.svg
		done
	)
	ls out | wc -l
	rm -rf ./out/*
	[ "$before" = "$(list)" ] || list | tr '\1' '\n'
	rm "./$n.csv" "./$n.conf"
}
for n in "${names[@]}"; do
	printf '%q\n' "$n"
	try "$n" 2>&1 | grep -av -e '^Warning: empty y range' -e 'ASan doesn.t fully support'
done
# the size of a file in a trace, passed to the scripts that play it
cd "$SRC/kernel-patch/scripts" && bash -c '. ./lib.sh; . ./guest.sh; trace=TRACE
	number 0x1f; number 08; number "0x1+UID[\$(touch '"$OLDPWD"'/pwned)]"'
echo "exit $?"
ls "$OLDPWD"
