# explain shows the list on which reclaim found a page.
cat >t.csv <<'T'
reapsim-trace,1
machine,memcg_pages,128
machine,readahead_pages,0
machine,fault_around_pages,1
file,code,2
file,data,4
file,stream,600
spawn,1
map,1,0x1000,2,r-xp,code,0
touch,1,0x1000,2,r
map,1,0x2000,4,rw-s,data,0
touch,1,0x2000,2,r
touch,1,0x2002,2,w
read,1,stream,0,600
mark,end
T
"$REAPSIM" explain t.csv --file code
"$REAPSIM" explain t.csv --file data --no-lists
