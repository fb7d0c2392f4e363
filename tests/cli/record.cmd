# What record.sh says without recording.
record=$SRC/traces/record/record.sh
run() {
	echo "\$ record.sh $*"
	"$record" "$@" 2>&1
	echo "exit $?"
}
run --perfetto-config
run
run --nonsense
run -G
# its settings, whatever they are here
"$record" --settings | sed -E 's/(huge pages): (always|madvise|never|not built in)$/\1: OK/
	s/lru: (classic|MGLRU \(0x[0-9a-f]+\))$/lru: OK/
	s/damon_stat: (off|not there|on, aggregation interval [0-9]+ us)$/damon_stat: OK/'
