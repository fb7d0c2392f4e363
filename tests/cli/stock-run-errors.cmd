# Traces that cannot be played on a stock kernel: an error before a guest starts, exit 2.
export REAPSIM_CACHE=$PWD/cache
try() {
	local pairs=()
	while [[ ${1:-} == *=* ]]; do
		pairs+=("$1")
		shift
	done
	echo "$ stock-run ${pairs[*]@Q} $*"
	env RUNS=1 "${pairs[@]}" "$SRC/kernel-patch/scripts/stock-run.sh" "$@" 2>&1
	echo "exit $?"
}
trace() { # NAME, rows on stdin
	{ echo reapsim-trace,1; cat; } >"$1"
}
trace good.csv <<'E2'
machine,memcg_pages,4096
file,app,10
spawn,1
mark,end
E2
trace no-size.csv <<'E2'
file,app,10
spawn,1
mark,end
E2
trace no-mark.csv <<'E2'
machine,memcg_pages,4096
file,app,10
spawn,1
E2
trace oom.csv <<'E2'
machine,memory_pages,8192
file,app,10
spawn,1
oom,1
mark,end
E2
trace bad-row.csv <<'E2'
machine,memcg_pages,4096
kill,1
mark,end
E2
try
try none.csv
try no-size.csv
try no-mark.csv
try oom.csv
try bad-row.csv
echo text >text.csv
try text.csv
try POLICY=v1 good.csv
try LRU="mglru fifo" good.csv
try RUNS=0 good.csv
try MEMCG=40% good.csv
for set in kmem kmem=2 thp=off folios=big readahead_kb=130 ksm=0 "kmem=0 kmem=1"; do
	try SET="$set" good.csv
done
try SET=fs=zfs good.csv
try SET="folios=small fs=xfs" good.csv
try SET="fs=erofs-lz4 pcluster=5000" good.csv
try SET="pcluster=4096 fs=xfs" good.csv
mkdir kernel
touch kernel/bzImage
echo "source=linux-image-own" >kernel/info
try SET=fs=btrfs-zstd KERNEL_DIR=kernel good.csv
try KERNEL=mainline good.csv
try KERNEL_IMAGE=/nowhere good.csv
try KERNEL_DIR=nowhere good.csv
mkdir -p image/boot
echo kernel >image/boot/vmlinuz-9.9
try KERNEL_IMAGE=image good.csv
mkdir -p image/lib/modules/9.9 image/lib/modules/9.8
echo >image/lib/modules/9.9/modules.order
echo >image/lib/modules/9.8/modules.order
try KERNEL_IMAGE=image good.csv
rm -r image/lib/modules/9.9
try KERNEL_IMAGE=image good.csv
env SETTINGS="small big" "$SRC/kernel-patch/scripts/stock-agreement.sh" "$REAPSIM"
echo "exit $?"
find cache -mindepth 2 2>/dev/null | sort
