# SIGINT and SIGTERM end a timed run at once, also one that replays no record for a long time:
# a killer polls a thousand times per second, for 1000 hours. Finished runs are kept, and the
# exit code is 128 plus the signal. A program that ignores the signal is killed after 10 s:
# exit 137.
trace() {
	printf 'reapsim-trace,1\nmachine,memory_pages,4096\nfile,a,8\nspawn,1\n'
	printf 'read,1,a,0,4\nadvance,%s\nread,1,a,4,4\n' "$1"
}
trace 1s >short.csv
trace 3600000s >long.csv
for sig in INT TERM; do
	timeout --foreground --preserve-status -k 10 -s $sig 1 "$REAPSIM" outcome -n 1 -p baseline \
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
	# in the middle of the second run
	for i in $(seq 600); do
		[ "$(wc -l <s.csv)" -eq 2 ] && break
		sleep 0.1
	done 2>/dev/null
	sleep 0.5
	kill -$sig $!
	wait $!
	echo "SIG$sig: exit $?; $(tail -n +2 s.csv | cut -d, -f 2,4)"
done

# Bug: untimed runs checked for signals every million records, and one record may touch 67
# million pages. The program now ends in the middle of a record, or of reading a trace.
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
