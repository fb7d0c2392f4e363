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
