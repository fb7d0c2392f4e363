T=$SRC/tests/cli/tiny.csv
try() {
	echo "\$ $*"
	"$REAPSIM" "$@" 2>&1 | sed -e 's|'"$SRC"'|SRC|g' -e 's/one of: memory_pages.*/one of: .../'
	echo "exit ${PIPESTATUS[0]}"
}
try run
try run "$T" "$T"
try run "$T" --nonsense
try run "$T" -p v9
try run "$T" -p v1+drop
try run "$T" -p baseline,v1
try run "$T" -e exit,kill
try run "$T" -l fifo
try run "$T" -e exec
try run "$T" -s cpu=2
try run "$T" -s cpus
try run "$T" -s cpus=9
try run "$T" -s memcg_pages=127
try run "$T" -s memcg_pages=300 -s cpus=4
try run "$T" -m missing.conf
try run "$T" -m .
try run "$T" -m /dev/zero
try run "$T" -f xml
try run missing.csv
try run .
try compare
try compare "$T" -C refaults
try compare "$T" -p ""
try compare "$T" -p baseline,,v1
try compare "$T" -M ""
try compare "$T" -M 40
try compare "$T" -m ""
try compare "$T" -e exit,never
try compare "$T" -j -1
try explain
try explain "$T" --file other
try explain "$T" --max-lines -1
try trace
try trace frob
try trace info
try trace check
try trace convert "$T"
try trace convert "$T" out.xml
try list all
printf '[machine]\ncpu=2\n' >bad.conf
try run "$T" -m bad.conf
printf 'cpus=2\n' >bad.conf
try run "$T" -m bad.conf
