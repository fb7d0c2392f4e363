# SIGINT and SIGTERM end a timed run at once, also one in which no record is
# replayed for long: a killer looks a thousand times a second, for 1000 hours.
# What was finished is kept, and the exit code is 128 and the signal. A program that
# does not listen is killed after 10 s: exit 137.
trace() {
	printf 'reapsim-trace,1\nmachine,memory_pages,4096\nfile,a,8\nspawn,1\n'
	printf 'read,1,a,0,4\nadvance,%s\nread,1,a,4,4\n' "$1"
}
trace 1s >short.csv
trace 3600000s >long.csv
for sig in INT TERM; do
	timeout --foreground --preserve-status -k 10 -s $sig 1 "$REAPSIM" outcome -p baseline \
		-K oomd:swap_interval_ms=1 --csv $sig.csv short.csv long.csv >tables
	echo "SIG$sig: exit $?; rows: $(cut -d, -f 1 $sig.csv | tr '\n' ' ')"
done
sed -n '/^long/,$p' tables | head -6

# a sweep continues with the missing runs
cat >s.conf <<-END
	[sweep]
	mode=timed
	trace=long.csv
	[killer]
	swap_interval_ms=60000;1
	interval_ms=60000
	[timed]
	killer=oomd
END
for sig in INT TERM; do
	"$REAPSIM" sweep s.conf -o s.csv --jobs 1 &
	# the first run, and then well into the second
	for i in $(seq 600); do
		[ "$(wc -l <s.csv)" -eq 2 ] && break
		sleep 0.1
	done 2>/dev/null
	sleep 0.5
	kill -$sig $!
	wait $!
	echo "SIG$sig: exit $?; $(tail -n +2 s.csv | cut -d, -f 2,4)"
done

# Untimed runs looked every million records, and one record may touch 67 million pages.
# The run is left in the middle of it; and so is a trace that is not all there yet.
{
	printf 'reapsim-trace,1\nmachine,memcg_pages,4096\nspawn,1\n'
	for i in 0 1 2; do
		printf 'anon,1,%d,67108863,rw-p\ntouch,1,%d,67108863,r\n' \
			$((i << 26)) $((i << 26))
	done
} >huge.csv
mkfifo never
exec 3<>never
for sig in INT TERM; do
	for trace in huge.csv never; do
		timeout --foreground --preserve-status -k 10 -s $sig 1 "$REAPSIM" compare \
			-p baseline --csv $sig-$trace short.csv -f text $trace >tables
		echo "SIG$sig: exit $?; rows: $(cut -d, -f 1 $sig-$trace | tr '\n' ' ')"
	done
done
