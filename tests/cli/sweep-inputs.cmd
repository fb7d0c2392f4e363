# Changes of a sweep's input files while it runs change no row, and a second sweep does not
# start on its results.
cat >s.conf <<'END'
[sweep]
generator=restart-loop
[generator]
app_pages=100;200
rounds=8
memcg_pages=0
[machine]
file=a.conf;b.conf
memcg_pages=30%..100%/7%
[run]
policy=baseline;v1;flag;any-exit+evict;demote
END
printf '[machine]\nreadahead_pages=0\n' >a.conf
printf '[machine]\nreadahead_pages=8\n' >b.conf
cp a.conf a.was
cp b.conf b.was
"$REAPSIM" sweep s.conf -o whole.csv --jobs 1
begin() {
	nice -n 19 "$REAPSIM" sweep s.conf -o "$1" --jobs 2 2>said &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(cat "$1" 2>/dev/null | wc -l)" -lt 20 ]; do
		sleep 0.01
	done
	kill -0 $pid 2>/dev/null || echo "it is finished already"
}

# one machine file is replaced, the other removed. Bug: rows of both machines had one digest,
# and rows with "invalid" counted as finished
begin replaced.csv
cp b.was a.conf
rm b.conf
wait $pid
echo "exit $?"
cat said
cmp whole.csv replaced.csv && echo "replaced and removed: the same"
# but the changed files belong to another sweep
"$REAPSIM" sweep s.conf -o replaced.csv
echo "exit $?"
cp b.was b.conf
"$REAPSIM" sweep s.conf -o replaced.csv 2>&1 | sed 's/[0-9a-f]\{16\}/DIGEST/g'
echo "exit ${PIPESTATUS[0]}"
cp a.was a.conf

# a running sweep keeps its results. Bug: --restart removed them, and both exited with 0
begin running.csv
for restart in '' --restart; do
	"$REAPSIM" sweep s.conf -o running.csv $restart 2>&1 | sed "s/process $pid/process PID/"
	echo "exit ${PIPESTATUS[0]}"
done
wait $pid
echo "exit $?"
cmp whole.csv running.csv && echo "the results are all there"
