# Every output of every command, with every obstacle in its place (sim/output.h).
cd "$(mktemp -d -p "$PWD")" || exit 1
chmod 755 . .. ../..
cp "$REAPSIM" reapsim
R=$PWD/reapsim
cp "$SRC/tests/cli/tiny.csv" t.csv
"$R" gen kill-return app_pages=64 -o w.csv
printf '[machine]\ncpus=1\nread_us=100\nmemcg_pages=400\n' >m.conf
printf '[sweep]\ntrace=t.csv\n[run]\npolicy=baseline;v1\n' >s.conf
for f in '' .runs .pages; do
	awk 'NR == 1 || /^advice-random,(baseline|v1),/' "$SRC/kernel-patch/results/v7.3-classic$f.csv" >"k$f.csv"
done
mkdir scenarios writable
chmod 777 writable
# of reapsim play: not here, where /tmp may be in memory; and a player that plays nothing
disk=$(mktemp -d -p /var/tmp)
chmod 777 "$disk"
trap 'rm -rf "$disk"' EXIT
printf '#!/bin/sh\necho done\n' >reapsim-player
chmod 755 reapsim-player
cp "$SRC/traces/scenarios/advice-random.csv" scenarios
"$R" agree -t scenarios k.csv --write-level l.level >/dev/null

# Every option that takes a file is in the table or in this list of inputs.
inputs='ask --machine=FILE
run --machine=FILE
compare --machines=FILE,...
outcome --machines=FILE,...
breakeven --machines=FILE,...
reclaim-first --machines=FILE,...
explain --machine=FILE
agree --traces=DIR
agree --again=RESULTS.csv
agree --at-least=FILE
calibrate --dir=DIR
play --dir=DIR
play --cgroup=DIR'

# OPTION; OUT, a file that it writes; INPUT or "-"; the command, in which %O, %D, %B are OUT,
# its folder, and OUT without its ending, and %I is INPUT.
evens='-l classic -d 1s,4s -P 0..1/1 -n 2'
rf='app_pages=64 memcg_pages=400 -S 0,64 -l classic -p baseline,v1'
ask='ask --ensemble 8 -M 80%'
play="play -n 1 -p baseline -M 300 -d $disk --cgroup $disk"
table="ask --output=DIR;p/answer.txt;t.csv;$ask %I -o %D
ask --output=DIR;p/answer.html;m.conf;$ask t.csv -m %I -o %D
ask --output=DIR;p/answer.csv;t.csv;$ask %I -o %D
ask --json=FILE;o.json;t.csv;$ask %I -o writable/a --json %O
ask --output=DIR, runs;p/runs.csv;t.csv;$ask %I --restart -o %D
trace deaths --csv=FILE;o.csv;t.csv;trace deaths %I --csv %O
run --csv=FILE;o.csv;t.csv;run %I --csv %O
trace deaths --json=FILE;o.json;t.csv;trace deaths %I --json %O
run --json=FILE;o.json;t.csv;run %I --json %O
run --csv=FILE, machine;o.csv;m.conf;run t.csv -m %I --csv %O
run --pages=FILE;o.csv;t.csv;run %I --pages %O
compare --csv=FILE;o.csv;t.csv;compare -p baseline %I --csv %O
compare --csv=FILE, ensemble;o.csv;t.csv;compare -p baseline,v1 --ensemble 8 %I --csv %O
compare --csv=FILE, machine;o.csv;m.conf;compare -p baseline -m %I t.csv --csv %O
compare --differences=FILE;o.csv;t.csv;compare -p baseline,v1 --ensemble 8 %I --differences %O
compare --json=FILE;o.json;t.csv;compare -p baseline %I --json %O
compare --plots=DIR;p/t.dat;t.csv;compare -p baseline,v1 -M 200,300 -C sim_fills %I --plots %D
compare --plots=DIR;p/t.svg;t.csv;compare -p baseline,v1 -M 200,300 -C sim_fills %I --plots %D
outcome --csv=FILE;o.csv;t.csv;outcome -p baseline %I --csv %O
outcome --csv=FILE, machine;o.csv;m.conf;outcome -p baseline -m %I t.csv --csv %O
outcome --differences=FILE;o.csv;t.csv;outcome -p baseline,v1 -m m.conf -n 2 %I --differences %O
play --csv=FILE;o.csv;t.csv;$play %I --csv %O
play --operations=FILE;o.csv;t.csv;$play %I --operations %O
play --deaths=FILE;o.csv;t.csv;$play %I --deaths %O
play --json=FILE;o.json;t.csv;$play %I --json %O
outcome --json=FILE;o.json;t.csv;outcome -p baseline %I --json %O
sweep --output=FILE;o.csv;s.conf;sweep --restart %I -o %O
sweep --output=FILE, trace;o.csv;t.csv;sweep --restart v.conf -o %O
sweep --output=FILE, journal;o.csv.journal;s.conf;sweep --restart %I -o %B
sweep --json=FILE;o.json;s.conf;sweep %I -o writable/s.csv --json %O
breakeven --csv=FILE;o.csv;m.conf;breakeven w.csv -m %I $evens --restart --csv %O
breakeven --differences=FILE;o.csv;w.csv;breakeven %I -m m.conf $evens --csv writable/d.csv --differences %O
breakeven --json=FILE;o.json;w.csv;breakeven %I -m m.conf $evens --csv writable/j.csv --json %O
breakeven --plots=DIR;p/breakeven-w.svg;m.conf;breakeven w.csv -m %I $evens --csv writable/b.csv --plots %D
reclaim-first --csv=FILE;o.csv;m.conf;reclaim-first -m %I $rf --restart --csv %O
reclaim-first --json=FILE;o.json;m.conf;reclaim-first -m %I $rf --csv writable/rj.csv --json %O
reclaim-first --plots=DIR;p/reclaim-first-m.dat;-;reclaim-first -m m.conf $rf --csv writable/r.csv --plots %D
explain --html=FILE;o.html;t.csv;explain %I --html %O
explain --html=FILE, machine;o.html;m.conf;explain t.csv -m %I --html %O
agree --csv=FILE;o.csv;l.level;agree -t scenarios k.csv --at-least %I --csv %O
agree --json=FILE;o.json;l.level;agree -t scenarios k.csv --at-least %I --json %O
agree --write-level=FILE;o.level;l.level;agree -t scenarios k.csv --at-least %I --write-level %O
agree --plot=BASE;b.dat;l.level;agree -t scenarios k.csv --at-least %I --plot %B
calibrate --output=FILE;o.conf;-;calibrate -q -o %O
trace convert OUT;o.csv;t.csv;trace convert --to binary %I %O
gen --output=FILE;o.csv;-;gen zipf accesses=300 pages=20 --format binary -o %O"

# The same file for two outputs of one command.
twice="run t.csv --csv o.csv --pages ./o.csv
run t.csv --csv o.csv --json o.csv
compare t.csv -p baseline,v1 --csv p/t.svg --plots p
compare t.csv w.csv writable/../t.csv -p baseline,v1 --plots p
agree -t scenarios k.csv --csv k.csv
agree -t scenarios k.csv --csv k.runs.csv
agree -t scenarios k.csv --csv k.pages.csv
agree -t scenarios k.csv --csv scenarios/advice-random.csv
agree -t scenarios k.csv --csv o.csv --write-level o.csv
agree -t scenarios k.csv --csv b.gp --plot b
compare t.csv -p baseline,v1 --ensemble 8 --csv o.csv --differences o.csv
outcome t.csv -p baseline,v1 --csv o.csv --differences o.csv
breakeven w.csv -m m.conf $evens --csv o.csv --differences o.csv
breakeven w.csv -m m.conf $evens --csv o.csv --differences o.csv.journal
breakeven w.csv -m m.conf $evens --csv p/breakeven-w.dat --plots p
reclaim-first -m m.conf $rf --csv p/reclaim-first-m.gp --plots p
sweep s.conf -o o.link --restart"

# list all files; ignore the rows of sweeps in writable/, which no case is about
state() {
	find . -path ./writable -prune -o -type f ! -name log ! -name reapsim -exec sha256sum {} + | sort
	find . -name '.reapsim*'
}

# begin: restore the state before each case
begin() {
	rm -rf ./o.* ./b.* ./p missing
	mkdir -p "$(dirname "$out")"
	input=$given
	as=()
}

# run [OPTION...] - the command of the row
run() {
	local words=$command
	words=${words//%I/$input}
	words=${words//%O/$out}
	words=${words//%D/$(dirname "$out")}
	words=${words//%B/${out%.*}}
	# shellcheck disable=SC2086
	"${as[@]}" "$R" $words "$@" </dev/null 2>>log
}

# stays CASE EXIT [OPTION...] - the command fails and changes no file
stays() {
	local name=$1 want=$2 before rc
	shift 2
	# the sweep of this trace
	printf '[sweep]\ntrace=%s\n[run]\npolicy=baseline\n' "$input" >v.conf
	before=$(state)
	run "$@" >"${stdout:-/dev/null}"
	rc=$?
	say "$name" $want $rc
	[ "$before" = "$(state)" ] || echo "	$name: something has changed"
}

say() {
	cases+=" $1"
	[ "$2" = "$3" ] || echo "	$1: exit $3, expected $2"
}

# an output that reapsim wrote
ours() {
	begin
	run >/dev/null
}

nobody=(env)
[ "$(id -u)" -ne 0 ] || nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)

one() {
	cases=
	echo "$option, $(basename "$out")"
	if [ "$given" != - ]; then
		begin
		cp "$given" "$out"
		input=$out
		stays input 2
		stays input-forced 2 --force
		begin
		ln -s "$PWD/$given" "$out"
		stays link-to-input 2 --force
		begin
		ln "$given" "$out"
		stays hard-link 2 --force
	fi
	begin
	: >"$out"
	stdout=$out stays standard-output 2
	begin
	echo "a letter" >"$out"
	stays foreign 2
	run --force >/dev/null
	say forced 0 $?
	! grep -qx "a letter" "$out" || echo "	forced: it is still there"
	begin
	ln -s nothing "$out"
	stays dangling-link 2 --force
	begin
	mkdir "$out"
	stays folder 2 --force
	ours
	chmod 444 "$out"
	stays read-only 2
	stays read-only-forced 2 --force
	ours
	run >/dev/null
	say again 0 $?
	ours
	before=$(state)
	# a full disk: a file cannot grow, and a pipe is closed
	(
		trap '' XFSZ
		ulimit -f 0
		run | cat >/dev/null
		exit "${PIPESTATUS[0]}"
	)
	say full 1 $?
	# a new sweep has truncated its file
	[[ $command == *--restart* ]] || [ "$before" = "$(state)" ] || echo "	full: something has changed"
	ours
	rm -r "$out"
	out=missing/$out
	case $command in
	*%D* | *--plot\ *)
		run >/dev/null
		say made-folder 0 $?
		;;
	*) stays missing-folder 2 ;;
	esac
	out=${out#missing/}
	begin
	as=("${nobody[@]}")
	chmod 555 "$(dirname "$out")"
	stays read-only-folder 2 --force
	chmod 755 .
	echo "	$cases"
}

: >log
while IFS=';' read -r option out given command; do
	one
done <<<"$table"
out=p/x
echo "two that are one"
while read -r command; do
	begin
	ln t.csv o.link.journal
	cases=
	stays "$command" 2 --force
done <<<"$twice"

echo "options that are in neither list:"
commands() { "$R" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'; "$R" trace --help | sed -n 's/^  \([a-z-]*\) .*/trace \1/p'; }
commands | while read -r c; do
	# shellcheck disable=SC2086
	"$R" $c --help | grep -oE -- '--[a-z-]+=[A-Z][^ ]*' | grep -E '=[A-Z,.]*(FILE|DIR|BASE|PATH|RESULTS)' |
		sed "s/^/$c /"
	# shellcheck disable=SC2086
	"$R" $c --help | sed -n 2p | grep -o '\bOUT[A-Z]*\b' | sed "s/^/$c /"
done >options
grep -vxFf <(echo "$inputs"; echo "$table" | sed 's/[,;].*//') options
echo "and of the lists, no options:"
grep -vxFf options <(echo "$inputs"; echo "$table" | sed 's/[,;].*//')
grep -c . options
