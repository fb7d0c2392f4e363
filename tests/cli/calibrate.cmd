# It writes a machine file with each key, or the reason why a key is missing. The numbers
# depend on the machine and are not tested.
"$REAPSIM" calibrate --quick -o here.conf >table
echo "exit $?"
keys='zap_file_ps zap_next_ps mark_first_ps mark_activate_ps mark_active_ps evict_ps
	advise_ps zap_anon_ps new_anon_ps fill_ps copy_ps zap_swap_ps swap_in_ns swap_out_ns
	fault_ps fault_next_ps mmap_ps vma_ps table_new_ps
	table_free_ps fsync_us kmem scan_ns read_us device_spread_percent device_mbps device_depth file_system
	cpus tick_us prefault readahead_pages io_pages fault_around_pages swappiness
	watermark_scale_factor dirty_background_ratio dirty_expire_ms dirty_writeback_ms'
each_once() {
	for key in $keys; do
		nr=$(grep -c -e "^$key=[0-9a-z]*\$" -e "^# $key: not measured: ." "$1")
		[ "$nr" -eq 1 ] || echo "$1: $key: $nr lines"
	done
}
each_once here.conf
# unmapping anon memory can be measured anywhere
grep -q '^zap_anon_ps=[1-9]' here.conf || echo "zap_anon_ps is not measured"
# the share of the marks by order, also on standard output
for order in 0 2 4 6 9; do
	# on a busy machine a number may have too few rounds for an interval
	nr=$(grep -Ec "^order $order\\*? +(not measured: .|-?[0-9.]+( \\[[^]]+\\])? )" table)
	[ "$nr" -eq 2 ] || echo "order $order: $nr rows in the table"
done
sed 's/^/# /' table | while IFS= read -r line; do
	grep -qxF -- "$line" here.conf || echo "not in the file: $line"
done
grep -c 'activating marks, %' table
# the other LRU is left alone, or this kernel has none
grep -Ec '^Not measured: (mglru: this kernel|the other LRU: not asked for)' table
# and only once where standard output is the file
"$REAPSIM" calibrate --quick -o - | grep -Ec '^(order|# order) 0'
"$REAPSIM" compare "$SRC/tests/cli/tiny.csv" -p baseline --machines here.conf \
	-s cpus=1 -s memcg_pages=400 | sed -n 4p
ls
# without a device below the folder
[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || echo "/dev/shm is no tmpfs"
"$REAPSIM" calibrate --quick -d /dev/shm >shm.conf
echo "exit $?"
each_once shm.conf
grep -E '^(# (zap_file_ps|evict_ps|scan_ns|read_us|device_mbps)|zap_anon_ps)' shm.conf |
	sed 's/=.*/=N/'
# without root nobody sees the orders of folios, so only single pages are measured
as_user=
[ "$(id -u)" -ne 0 ] || as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
mkdir user
chmod 777 user
chmod 755 . ..
cp "$REAPSIM" reapsim
$as_user ./reapsim calibrate --quick -d user >user.conf
echo "exit $?"
each_once user.conf
grep -E '^# (order|Not checked)' user.conf | sed '/not measured/!s/^\(# order [0-9]*\) .*[0-9].*/\1 N/' |
	sort | uniq -c | sed 's/^ *//'
rm -r user.conf shm.conf user reapsim table

# bad usage
for bad in '--dir missing' '--dir here.conf' here '--seconds 0' '--seconds soon' '--seconds 1e3' \
	'--output=missing/x.conf --quick'; do
	# shellcheck disable=SC2086
	"$REAPSIM" calibrate $bad
	echo "exit $?"
done
ls
