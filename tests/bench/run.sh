#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# "make bench": accesses per second, their growth with the trace, and bytes per page. With
# CACHESIM=PATH (libCacheSim's cachesim) both programs replay the same oracleGeneral file in
# turn, and the ratio is printed. Absolute times depend on the machine and its load; ratios
# within one run do not.
#   BENCH=build/bench  BENCH_DIR=build/bench-data  ROUNDS=3
set -eu
bench=${BENCH:?} reapsim=${REAPSIM:?} dir=${BENCH_DIR:-build/bench-data} rounds=${ROUNDS:-3}
mkdir -p "$dir"

head="case,accesses,file_pages,room,seconds,Macc_s,ns_acc,fills_acc,B_page,B_pte,MiB"
row() { awk -F, '{ printf "%-7s %10d %10d %9d %8.3f %7.1f %6.1f %6.3f %6.1f %6.2f %7d\n",
	$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 }'; }
title() { echo "$head" | awk -F, '{ printf "%-7s %10s %10s %9s %8s %7s %6s %6s %6s %6s %7s\n",
	$1, $2, "pages", $4, $5, "M/s", "ns", "fills", "B/page", "B/PTE", "MiB" }'; }

echo "time grows with the trace: Zipf(0.9), 1,000,000 pages, room for 100,000"
title
for n in 2000000 20000000 200000000; do
	"$bench" zipf $n 1000000 100000 | row
done
echo
echo "through a mapping; and how large the tables are"
title
"$bench" touch 20000000 1000000 100000 | row
"$bench" touch 20000000 1000000 2000000 | row
"$bench" fill 100000000 | row

echo
echo "with readahead: folios of one page, and up to order 9"
title
for order in 0 9; do
	"$bench" zipf 20000000 1000000 100000 $order | row
	"$bench" touch 20000000 1000000 100000 $order | row
done

echo
echo "timed runs: million events a second, by the number that wait"
printf '%-7s %10s %10s %8s %7s %8s\n' case events waiting seconds M/s ns
for n in 10 1000 100000; do
	"$bench" clock 10000000 $n
done | awk -F, '{ printf "%-7s %10d %10d %8.3f %7.2f %8.1f\n", $1, $2, $3, $4, $5, $6 }'
for n in 1 100; do
	"$bench" switch 1000000 $n
done | awk -F, '{ printf "%-7s %10d %10d %8.3f %7.2f %8.1f\n", $1, $2, $3, $4, $5, $6 }'

if [ -z "${CACHESIM:-}" ]; then
	echo
	echo "set CACHESIM=PATH to compare with libCacheSim's cachesim on the same file"
	exit 0
fi
oracle=$dir/zipf-20M.oracle
[ -s "$oracle" ] || "$reapsim" gen zipf accesses=20000000 pages=1000000 --format oracle -o "$oracle"
echo
echo "the same oracleGeneral file, $rounds rounds in turn: million accesses a second"
printf '%-10s' round reapsim twoQ LRU Clock Sieve reapsim/twoQ
echo
for r in $(seq "$rounds"); do
	ours=$("$bench" file "$oracle" oracle 100000 | cut -d, -f6)
	theirs=
	for algo in twoQ LRU Clock Sieve; do
		mqps=$(cd "$dir" && "$CACHESIM" "${oracle##*/}" oracleGeneral $algo 100000 --ignore-obj-size 1 \
			--num-thread 1 2>&1 | grep -o 'throughput [0-9.]*' | tail -n 1 | cut -d' ' -f2)
		theirs="$theirs $mqps"
	done
	set -- $theirs
	printf '%-10s' "$r" "$ours" "$@" "$(awk -v a="$ours" -v b="$1" 'BEGIN { printf "%.1f", a / b }')"
	echo
done
