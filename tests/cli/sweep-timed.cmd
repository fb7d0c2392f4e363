# Timed runs: killer, restart and seed as axes; the same rows with any number of threads.
cat >t.conf <<END
[sweep]
mode=timed
generator=kill-return
[generator]
victims=6
app_pages=128
horizon_ticks=8
memcg_pages=1000
[machine]
file=$SRC/traces/machines/phone-ufs.conf
cpus=1
[restart]
rule=fixed
delay=500ms;2s
p=0;1
[timed]
seed=1..2
[run]
policy=baseline;v1
END
"$REAPSIM" sweep --dry-run t.conf | sed "s|$SRC|SRC|"
"$REAPSIM" sweep t.conf -o one.csv --jobs 1 && "$REAPSIM" sweep t.conf -o two.csv --jobs 2 &&
	cmp one.csv two.csv && echo "1 and 2 threads: equal"
head -1 one.csv | cut -d, -f 3-27
cut -d, -f 11-13,16,20,22,23 one.csv
try() {
	sed "$1" t.conf >bad.conf
	"$REAPSIM" sweep bad.conf -o bad.csv 2>&1
	echo "exit $?"
}
try 's/mode=timed/mode=slow/'
try 's/mode=timed/mode=untimed/'
try 's/^delay=.*/delay=soon/'
try 's/^delay/late/'
try 's/^p=.*/p=0..2/'
try 's/^seed=.*/seed=x/'
try 's/^seed=.*/loop=ring/'
try 's/^seed=.*/killer=nobody/' | cut -c1-60
try 's/^.timed.$/[killer]\nspeed=1\n[timed]/'
