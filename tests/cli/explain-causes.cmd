# What was compared with what, where numbers decided; and what a fault mapped as well as the
# page that it was for.
cat >t.csv <<'T'
reapsim-trace,1
machine,memcg_pages,256
machine,readahead_pages,0
machine,fault_around_pages,4
file,hot,96
file,cold,8
file,lib,8
file,stream,900
spawn,1
read,1,hot,0,96
drain
read,1,hot,0,96
read,1,lib,0,8
read,1,cold,0,8
map,1,0x1000,8,r--p,lib,0
touch,1,0x1001,1,r
read,1,stream,0,200
read,1,cold,0,8
touch,1,0x1001,1,r
read,1,stream,200,300
read,1,cold,0,8
T
"$REAPSIM" explain t.csv --pages cold --pages lib --no-lists
echo "--- generations, tiers"
"$REAPSIM" explain t.csv --pages cold --pages lib --no-lists --lru mglru --from 8
"$REAPSIM" explain t.csv --pages cold --pages lib --no-lists --lru mglru --kernel 6.12 --from 10
echo "--- a large folio"
"$REAPSIM" explain "$SRC/traces/examples/large-folios.csv" --set max_folio_order=5 --no-lists --from 12 --to 12 --max-lines 4
echo "--- words"
"$REAPSIM" explain --legend | head -25
"$REAPSIM" explain --legend | grep -c '^    '
