# It writes a machine file with each key, or the reason why a key is missing. The numbers
# depend on the machine and are not tested.
"$REAPSIM" calibrate --quick -o here.conf
echo "exit $?"
for key in zap_file_ps mark_first_ps mark_activate_ps mark_active_ps evict_ps zap_anon_ps \
	zap_swap_ps swap_in_ns swap_out_ns fault_us scan_ns read_us device_spread_percent \
	device_mbps device_depth file_system cpus tick_us prefault readahead_pages io_pages \
	fault_around_pages swappiness watermark_scale_factor dirty_background_ratio \
	dirty_expire_ms dirty_writeback_ms; do
	nr=$(grep -c -e "^$key=[0-9a-z]*\$" -e "^# $key: not measured: ." here.conf)
	[ "$nr" -eq 1 ] || echo "$key: $nr lines"
done
# unmapping anon memory can be measured anywhere
grep -q '^zap_anon_ps=[1-9]' here.conf || echo "zap_anon_ps is not measured"
"$REAPSIM" compare "$SRC/tests/cli/tiny.csv" -p baseline --machines here.conf \
	-s cpus=1 -s memcg_pages=400 | sed -n 4p
ls
"$REAPSIM" calibrate --dir missing
echo "exit $?"
"$REAPSIM" calibrate here
echo "exit $?"
