# Errors of a sweep are reported with file and line before anything runs.
cp "$SRC/tests/cli/tiny.csv" .
try() {
	printf '%b' "$1" >bad.conf
	echo "\$ $1"
	"$REAPSIM" sweep bad.conf -o out.csv 2>&1 | sed 's/xpected one of: memory_pages.*/xpected one of: .../'
	echo "exit ${PIPESTATUS[0]}"
	[ ! -e out.csv ] || echo "out.csv is there"
}
S='[sweep]\ntrace=tiny.csv\n'
try ''
try 'trace=x\n'
try '[sweep]\ntrace=missing.csv\n'
try '[sweep]\ntrace=tiny.csv\ngenerator=restart-loop\n'
try '[sweep]\ngenerator=restart-loop;shared-library\n'
try '[sweep]\ngenerator=nothing\n'
try '[sweep]\ntrace=bad.conf\n'
try "${S}speed=1\n"
try "${S}[other]\nk=1\n"
try "${S}\n[machine]\nmemcg_pages=100;many\n"
try "${S}[machine]\ncpus=1..9\n"
try "${S}[machine]\ncpu=1\n"
try "${S}[machine]\nfile=missing.conf\n"
try "${S}[machine]\nfile=tiny.csv\n"
try '[sweep]\ntrace=.\n'
try '[sweep]\ntrace=tiny.csv\nmode=timed\n[timed]\nkiller=oomd\n[killer]\npressure=60:swap_used=5\n'
try '[sweep]\ntrace=tiny.csv\nmode=timed\n[restart]\nrule=fixed\ndelay=1s,p=0.5\n'
try "${S}[generator]\napp_pages=1\n"
try '[sweep]\ngenerator=restart-loop\n[generator]\napp_pages=0..3\n'
try '[sweep]\ngenerator=restart-loop\n[generator]\ndeath=exit;fire\n'
try '[sweep]\ngenerator=restart-loop\n[generator]\nspeed=1\n'
try "${S}[run]\npolicy=baseline;v9\n"
try "${S}[run]\nlru=fifo\n"
try "${S}[run]\nends_as=exec\n"
try "${S}[run]\npolicies=all\n"
try "${S}[run]\npolicy=v1;v1\n"
try "${S}[machine]\ncpus=4..1\n"
try '[sweep]\ngenerator=restart-loop\n[generator]\nseed=1..100000\napp_pages=1..200\n'
"$REAPSIM" sweep
echo "exit $?"
"$REAPSIM" sweep missing.conf
echo "exit $?"
"$REAPSIM" sweep bad.conf --jobs -1
echo "exit $?"
# Bug: was read forever
"$REAPSIM" sweep /dev/zero
echo "exit $?"
"$REAPSIM" sweep .
echo "exit $?"
# an impossible run gets a row, and later runs are executed (Bug: the sweep ended there)
printf '%b' "${S}[machine]\nmemcg_pages=200;4294967295;300\n" >big.conf
"$REAPSIM" sweep big.conf
echo "exit $?"
cut -d, -f2-9 big.csv

# Bug: was "-: written but not declared".
printf '[sweep]\ngenerator=zipf\n' >stdout.conf
"$REAPSIM" sweep stdout.conf -o -
echo "exit $?"
