# The rows of a small sweep; the axes; the trace and the machine files as axes.
mkdir conf
cat >conf/small.conf <<'END'
[sweep]
trace=tiny.csv

[machine]
memcg_pages=150;70%..100%/30%
file=one.conf;two.conf

[run]
policy=baseline;any-exit+evict
END
cp "$SRC/tests/cli/tiny.csv" conf/
printf '[machine]\nreadahead_pages=0\n' >conf/one.conf
printf '# as one\n[machine]\nreadahead_pages=8\nmemcg_pages=64\n' >conf/two.conf
"$REAPSIM" sweep --dry-run conf/small.conf
"$REAPSIM" sweep conf/small.conf
ls
cut -d, -f 3-10 small.csv
head -1 small.csv | tr , '\n' | sed -n '12,$p' | cmp - <("$REAPSIM" run conf/tiny.csv --csv - |
	head -1 | tr , '\n' | sed -n '11,$p') && echo "the counters of run --csv"
# a row has the numbers of the run that it names
"$REAPSIM" run conf/tiny.csv -m conf/two.conf -s memcg_pages=150 -p any-exit+evict --csv - |
	tail -1 | cut -d, -f 11- | cmp - <(sed -n 5p small.csv | cut -d, -f 12-) && echo "the same"
# all runs are finished: nothing runs
"$REAPSIM" sweep conf/small.conf && echo "exit $?"
# options of a generator, seeds and all policies; an impossible run gets a row
cat >gen.conf <<'END'
[sweep]
generator=shared-library
[generator]
seed=1..2
memcg_pages=0
[machine]
memcg_pages=100;4000
[run]
policy=all
lru=classic;mglru
END
"$REAPSIM" sweep --dry-run gen.conf
"$REAPSIM" sweep gen.conf -o gen.csv --jobs 2
echo "exit $?"
wc -l <gen.csv
cut -d, -f 4-10 gen.csv | sed -n '2p;28,34p;113p'
