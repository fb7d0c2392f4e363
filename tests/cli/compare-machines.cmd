# Sizes and key files: a matrix with the first policy, and the others relative to it.
T=$SRC/tests/cli/tiny.csv
printf '[machine]\nmemcg_pages=150\n' >small.conf
printf '# swap and kswapd\n[machine]\nmemory_pages=2000\nswap_pages=1000\n' >phone.conf
"$REAPSIM" compare "$T" -p baseline,v1,any-exit+evict --memory 150,180,200,250,400
"$REAPSIM" compare "$T" -p baseline,v1 --machines small.conf,phone.conf
"$REAPSIM" compare "$T" -p baseline,v1 --machines small.conf,phone.conf --counter pgscan_direct
"$REAPSIM" compare "$T" -p baseline,v1 --machines small.conf --memory 150,400
"$REAPSIM" compare "$T" -p baseline,v1 --set memcg_pages=300 --jobs 3
# the same whatever the number of threads
for jobs in 1 2 7; do
	"$REAPSIM" compare "$T" --memory 150,200 --ends-as recorded,oom --jobs $jobs | md5sum
done | uniq | wc -l
