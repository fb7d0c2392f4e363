# Reclaim first, reap second: the table of both LRUs, and the picture.
"$REAPSIM" reclaim-first app_pages=3072 step_pages=128 after_pages=1024 -s memcg_pages=4096 \
	-S 0,1024,1536,2560,4096 --plots plots
ls . plots
"$REAPSIM" reclaim-first app_pages=0
echo "exit $?"
"$REAPSIM" reclaim-first -S many
echo "exit $?"
