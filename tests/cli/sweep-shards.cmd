# A sweep in shards, merged: the bytes of one machine's, whatever happens to the shards.
cp "$SRC/tests/cli/tiny.csv" .
cat >s.conf <<'END'
[sweep]
trace=tiny.csv
[machine]
memcg_pages=200..320/10
readahead_pages=0;8;32
[run]
policy=baseline;v1;any-exit+evict;demote
END
strip() { sed -e 's/[0-9a-f]\{16\}/DIGEST/g'; }
# WORD... - a call of sweep with the definition, its exit code, what it says
sweep() {
	"$REAPSIM" sweep s.conf "$@" 2>&1 | strip
	echo "exit ${PIPESTATUS[0]}"
}
same() {
	cmp whole.csv "$1" && cmp whole.csv.journal "$1.journal" && echo "$1 and whole: equal"
}
sweep -o whole.csv -j 1
for i in 1 2 3 4 5; do
	"$REAPSIM" sweep -n s.conf --shard $i/5 | head -1
done

echo "# the merge waits for every shard"
sweep --merge
# one thread, so that the rows have their order in the file
for i in 5 1 3; do
	sweep --shard $i/5 -j 1
done
sweep --merge
ls
sweep --shard 4/5 -j 1
sweep --shard 2/5
sweep --merge
same s.csv
ls s.csv.shards

echo "# repeated: nothing is run, and nothing changes"
sweep --shard 3/5
sweep --merge
same s.csv
sweep
ls s.csv.shards

echo "# lost"
rm s.csv s.csv.journal s.csv.shards/[124]-of-5.1
sweep --merge
ls

echo "# killed: the last row is half, the next attempt goes on"
cp s.csv.shards/3-of-5.1 kept
head -c $(($(wc -c <kept) / 2)) kept >s.csv.shards/3-of-5.1
sweep --shard 3/5
sort -n <(sed '$d' s.csv.shards/3-of-5.1) s.csv.shards/3-of-5.2 | uniq | cmp - <(sort -n kept) &&
	echo "no run was repeated"
cmp <(head -c $(($(wc -c <kept) / 2)) kept) s.csv.shards/3-of-5.1 && echo "the first attempt's file is as it was"

echo "# late: a first attempt goes on after its machine was given up, and a copy comes in"
cp kept s.csv.shards/3-of-5.1
for i in 1 2 4; do
	sweep --shard $i/5 -j 1
done
cp s.csv.shards/4-of-5.1 s.csv.shards/4-of-5.7
sweep --merge
same s.csv

echo "# torn: a machine went down before all was on disk"
mv s.csv.shards torn
mkdir s.csv.shards
cp torn/[1-5]-of-5.1 s.csv.shards
size=$(wc -c <torn/1-of-5.1)
dd if=/dev/zero of=s.csv.shards/1-of-5.1 bs=1 seek=$((size / 2)) count=900 conv=notrunc 2>/dev/null
sed -i '3s/.$/~/' s.csv.shards/2-of-5.1
sweep --merge --restart
sweep --shard 1/5 | grep -v finished
sweep --shard 2/5 | grep -v finished
sweep --merge
same s.csv

echo "# two that disagree"
sed '2s/^\([0-9]*\) [^ ]*/\1/' kept >row
n=$(sed -n '2s/ .*//p' row)
row=$(sed -n '2s/^[0-9]* //p' row)9
printf '%s\n%s %s %s\n' "$(head -1 kept)" "$n" "$(printf %s "$row" | sha256sum | head -c 16)" "$row" >s.csv.shards/3-of-5.8
sweep --merge | sed "s/run $n/run N/"
rm s.csv.shards/3-of-5.8

echo "# of another sweep, of another program, of something else"
sed '1s/program .*/program 0123456789abcdef/' kept >s.csv.shards/3-of-5.1
sweep --merge
sweep --shard 3/5
sed '1s/^sweep ................/sweep 0123456789abcdef/' kept >s.csv.shards/3-of-5.1
sweep --merge
echo "a letter" >s.csv.shards/3-of-5.1
sweep --merge
rm s.csv.shards/3-of-5.1
mkfifo s.csv.shards/3-of-5.1
sweep --merge
sweep --shard 3/5
rm s.csv.shards/3-of-5.1
ln -s nowhere s.csv.shards/3-of-5.1
sweep --shard 3/5
ls s.csv.shards nowhere 2>&1
rm s.csv.shards/3-of-5.1
# files that are being copied, and notes of people
touch s.csv.shards/.3-of-5.1.Xy12 s.csv.shards/README s.csv.shards/6-of-5.1
sweep --merge
same s.csv

echo "# what stands in the place of the CSV file"
echo "a letter" >s.csv
sweep --merge
cat s.csv
cp whole.csv s.csv
sed '1s/program .*/program 0123456789abcdef/' whole.csv.journal >s.csv.journal
sweep --merge
sweep --merge --restart
same s.csv
rm s.csv s.csv.journal
mkdir s.csv
sweep --merge
rmdir s.csv
rm -r s.csv.shards
echo "a letter" >s.csv.shards
sweep --shard 1/5
sweep --merge
rm s.csv.shards

echo "# two tasks of one shard at once; more shards than runs; runs that fail"
# the later one may find runs of the other finished
("$REAPSIM" sweep s.conf --shard 1/1 -j 1 2>&1 | grep -v finished) &
"$REAPSIM" sweep s.conf --shard 1/1 -j 1 2>&1 | grep -v finished
wait $!
"$REAPSIM" sweep s.conf --merge 2>/dev/null
same s.csv
printf '[sweep]\ntrace=tiny.csv\n[machine]\nmemcg_pages=10;200\n' >s.conf
for i in 1 2 3 4; do
	"$REAPSIM" sweep s.conf --shard $i/4 -o few.csv 2>/dev/null || echo "shard $i: exit $?"
done
ls few.csv.shards | wc -l
sweep -o few.csv --merge
cut -d, -f 2-7 few.csv
(
	ulimit -f 0
	trap '' XFSZ
	rm -r few.csv*
	sweep -o few.csv --shard 1/1
	ls few.csv.shards
) | cat

echo "# usage"
for shard in 0/5 6/5 1 1/ /5 1/5/2 -1/5 1/10000001 4294967297/4294967298 x/y ''; do
	sweep --shard "$shard"
done
sweep --shard 1/2 --merge
sweep --shard 1/2 --restart
sweep --shard 1/2 -o -
ls

echo "# commands that are sweeps"
b="kill-return -m $SRC/traces/machines/vm.conf -d 1s -P 0,1 -n 2 -l classic"
"$REAPSIM" breakeven $b --csv one.csv >one
for i in 1 2 3; do
	"$REAPSIM" breakeven $b --csv b.csv --shard $i/3
done
"$REAPSIM" breakeven $b --csv b.csv --merge | diff one - && cmp one.csv b.csv && echo "breakeven: equal"
r='-S 0,4096 -p baseline,v1 -l classic app_pages=64 memcg_pages=400'
"$REAPSIM" reclaim-first $r --csv one.csv --restart >one
"$REAPSIM" reclaim-first $r --csv r.csv --shard 2/2
"$REAPSIM" reclaim-first $r --csv r.csv --merge
echo "exit $?"
"$REAPSIM" reclaim-first $r --csv r.csv --shard 1/2
"$REAPSIM" reclaim-first $r --csv r.csv --merge | diff one - && cmp one.csv r.csv && echo "reclaim-first: equal"
