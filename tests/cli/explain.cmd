# A page used twice by a process that is killed: under the baseline the second
# mark activates, v1 skips it.
cat >t.csv <<'T'
reapsim-trace,1
machine,memcg_pages,256
machine,readahead_pages,0
machine,fault_around_pages,1
file,app,4
spawn,1
read,1,app,0,3
map,1,0x1000,4,r--p,app,0
touch,1,0x1000,2,r
drain
mrelease,1
drain
mark,end
T
"$REAPSIM" explain t.csv
echo "--- v1"
"$REAPSIM" explain t.csv -p v1 --no-lists
echo "--- v1+evict"
"$REAPSIM" explain t.csv -p v1+evict --file app --all | tail -12
echo "--- tiny"
"$REAPSIM" explain "$SRC/tests/cli/tiny.csv" -p v1 --no-lists --max-lines 3
