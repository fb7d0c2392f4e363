# Messages of record.sh without a recording.
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
# Of the whole machine: 7 and its child 8 are in the cgroup, 5 sent a SIGKILL, 3 did nothing there.
cat >events <<'TEXT'
    0/0     [000]     0.000000: PERF_RECORD_COMM: sh:7/7
    0/0     [000]     0.000000: PERF_RECORD_FORK(7:17):(7:7)
    0/0     [000]     0.000000: PERF_RECORD_FORK(3:3):(2:2)
    0/0     [000]     0.000000: PERF_RECORD_MMAP2 7/7: [0x1000(0x1000) @ 0 fe:00 9 0]: r-xp /bin/a b
    0/0     [000]     0.000000: PERF_RECORD_MMAP2 3/3: [0x1000(0x1000) @ 0 fe:00 9 0]: r-xp /bin/7/7: x
    3/3     [000]     5.000000: PERF_RECORD_FORK(5:5):(3:3)
    5/5     [000]     5.000001: PERF_RECORD_COMM exec: lmkd: x:5/5
    3/3     [000]     5.000001: PERF_RECORD_COMM exec: 7/7:3/3
    7/7     [000]     5.000002: PERF_RECORD_FORK(8:8):(7:7)
    8/8     [000]     5.000003: exceptions:page_fault_user: address=0x1000 ip=0x1 error_code=0x4
    7/7     [000]     5.000004: exceptions:page_fault_user: address=0x1000 ip=0x1 error_code=0x4
    5/5     [000]     5.000005: signal:signal_generate: sig=9 errno=0 code=0 comm=a pid=3 pid=8 grp=1 res=0
    5/5     [000]     5.000005: signal:signal_generate: sig=9 errno=0 code=0 comm=a pid=8 pid=3 grp=1 res=0
    3/3     [000]     5.000006: oom:mark_victim: pid=7 comm=x pid=3
    3/3     [000]     5.000006: oom:mark_victim: pid=3 comm=x pid=7
    8/8     [000]     5.000007: PERF_RECORD_EXIT(8:8):(7:7)
    7/7     [000]     5.000008: PERF_RECORD_EXIT(7:7):(3:3)
    3/3     [000]     5.000009: PERF_RECORD_EXIT(3:3):(2:2)
    7/7     [000]     5.000009: PERF_RECORD_LOST lost 3
TEXT
awk -f $SRC/traces/record/members.awk events events
# The same run by several recorders: perf's part of it is made here, of ftrace's faults.
compare=$SRC/traces/record/compare-recorders.sh
corpus=$SRC/tests/fuzz/corpus
compare() {
	"$compare" --only same
	echo "exit $?"
}
mkdir same
cp $corpus/ftrace/tracefs-boot.txt same/ftrace.txt
compare 2>&1
cp $corpus/trace.dat/v7-zstd.dat same/trace.dat
compare
sed -nE 's/^.*-([0-9]+) +(\[[0-9]+\]) [^ ]+ +([0-9.]+: )(page_fault_user.*)/ \1\/\1 \2 \3exceptions:\4/p' \
	same/ftrace.txt | tail -n +9 >same/perf.txt
compare
cp $corpus/ftrace/report-boot.txt same/ftrace.txt
compare
awk '/page_fault_user/ && ++n == 60 { next } { print }' $corpus/ftrace/tracefs-boot.txt >same/ftrace.txt
compare
