# Reclaim first, reap second: the table of both LRUs, and the plot.
"$REAPSIM" reclaim-first app_pages=3072 step_pages=128 after_pages=1024 -s memcg_pages=4096 \
	-S 0,1024,1536,2560,4096 --plots plots
ls . plots
# with prefault=old fault-around maps pages old, so there are fewer marks to skip
"$REAPSIM" reclaim-first app_pages=3072 used_of_16=8 step_pages=128 after_pages=1024 -s memcg_pages=4096 \
	-m "$SRC/traces/machines/arm64.conf,$SRC/traces/machines/x86.conf" -S 1024,2560 -l classic \
	-p baseline,v1 --csv machines.csv --plots machines
ls machines
"$REAPSIM" reclaim-first app_pages=0
echo "exit $?"
"$REAPSIM" reclaim-first -S many
echo "exit $?"
