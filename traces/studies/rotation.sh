#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What decides whether a policy pays on a phone: traces/studies/ROTATION.md.
#
#	traces/studies/rotation.sh full    30 apps x 500 rounds, 8 GB, both LRUs: tables,
#	                           run time and memory: rotation-full.csv
#	traces/studies/rotation.sh reap    a sixteenth of that phone, the assumed parameters
#	                           swept: a reap policy against mainline
#	traces/studies/rotation.sh lazy    the same: lazy activation against none
#
# into $OUT; the sweeps as rotation-NAME.csv, .txt, .svg and .png. POLICIES, SEEDS
# (3), ROUNDS and JOBS may be set.
set -eu
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
export LC_ALL=C.UTF-8
out=${OUT:-out} reapsim=${REAPSIM:-build/reapsim}
policies=${POLICIES:-baseline,v1} jobs=${JOBS:-0}
case $out in
/*) ;;
*) out=./$out ;;
esac
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# time and memory of a command, on stderr, as /usr/bin/time has them or bash
timed() {
	if [ -x /usr/bin/time ]; then
		/usr/bin/time -f "%e s elapsed, %U s of CPU, %M KiB at most" "$@"
	else
		time "$@"
	fi
}

full() {
	claim "$out/rotation-full.csv" "trace,machine,"
	echo "android-cycle30 rounds=500: 30 apps x 500 rounds, 2097152 pages of RAM"
	timed "$reapsim" gen android-cycle30 rounds=500 -o "$work/rotation.rtrace"
	"$reapsim" trace info "$work/rotation.rtrace"
	for lru in classic mglru; do
		echo
		echo "--lru $lru"
		timed "$reapsim" compare --lru $lru --jobs "$jobs" --policies "$policies" \
			--csv "$work/$lru.csv" "$work/rotation.rtrace"
	done
	awk 'FNR > 1 || NR == 1' "$work/classic.csv" "$work/mglru.csv" >"$work/full.csv"
	put "$work/full.csv" "$out/rotation-full.csv"
	awk -f traces/studies/compare-lru.awk "$work/classic.csv" "$work/mglru.csv"
	echo "wrote $out/rotation-full.csv"
}

# A sixteenth of the phone, in everything that is counted in pages.
small="file_pages=3250 anon_pages=3938 system_pages=32768 memory_pages=131072 swap_pages=65536"
rounds=${ROUNDS:-10}

# rows ARM VARIANT,...: of $work/p.csv, for its policies or machines in turn
rows() {
	POINT=$axis,$point,$seed,$1 NAMES=$2 awk -v header="$([ -s "$work/rows.csv" ] || echo 1)" '
		BEGIN { point = ENVIRON["POINT"]; split(ENVIRON["NAMES"], name, ",") }
		FNR == 1 && header { print "axis,point,seed,arm,variant," $0 }
		FNR > 1 { print point "," name[FNR - 1] "," $0 }' "$work/p.csv" >>"$work/rows.csv"
}

replay() {
	"$reapsim" compare --jobs "$jobs" --csv "$work/p.csv" "$@" "$work/p.rtrace" >/dev/null
}

reap_arms() {
	replay --lru classic --policies "$policies"
	rows classic "$policies"
	replay --lru mglru --policies "$policies"
	rows MGLRU "$policies"
}

lazy_arms() {
	replay --lru mglru --policies baseline --kernel 6.12
	rows 6.12 eager
	replay --lru mglru --policies baseline --kernel 6.12-lazy
	rows 6.12 lazy
	replay --lru mglru --policies baseline --kernel 7.3-eager
	rows 7.3 eager
	replay --lru mglru --policies baseline --kernel 7.3
	rows 7.3 lazy
}

# point AXIS KEY=VALUE...: all arms of one point, for each seed
point() {
	axis=$1
	shift
	point=$*
	for seed in $(seq "${SEEDS:-3}"); do
		# shellcheck disable=SC2086 # a list of options
		"$reapsim" gen android-cycle30 rounds="$rounds" $small "$@" seed="$seed" \
			-o "$work/p.rtrace"
		"${what}_arms"
	done
	echo "$axis: $point" >&2
}

sweep() {
	what=$1
	claim "$out/rotation-$what.csv" "axis,point,seed,"
	claim "$out/rotation-$what.txt" "Refaults of files, "
	claim "$out/rotation-$what.dat" "# reapsim plot"
	claim "$out/rotation-$what.gp" "# reapsim plot"
	: >"$work/rows.csv"
	# one parameter at a time, around the defaults
	for v in 20 21 22 23 24 26; do point cached_limit cached_limit=$v; done
	for v in 1.2 5 11 21.5 40; do point exclusive_percent exclusive_percent=$v; done
	for v in 10 20 40 80; do point start_percent start_percent=$v; done
	# in turn, the least recently used of fewer than 30 is always the next: nobody
	# resumes; so these need favourites
	for v in 0 10 50 100; do point resume_percent resume_percent=$v order=zipf; done
	for v in 0 100; do
		point anon_resume_percent anon_resume_percent=$v order=zipf
	done
	for v in 118000 125000 137000; do point memory_pages memory_pages=$v; done
	for v in 0 60000; do point gap_ms gap_ms=$v; done
	for v in cycle random zipf; do point order order=$v; done
	# two at a time
	for c in 20 21 22 23 24; do
		for v in 1.2 5 11 21.5 60; do
			point "cached_limit x exclusive_percent" cached_limit=$c \
				exclusive_percent=$v
		done
	done
	put "$work/rows.csv" "$out/rotation-$what.csv"
	DIR=$work NAME=rotation-$what awk -f traces/studies/rotation.awk "$work/rows.csv" |
		tee "$work/rotation-$what.txt"
	(cd "$work" && gnuplot "rotation-$what.gp")
	for ending in txt dat gp svg png; do
		put "$work/rotation-$what.$ending" "$out/rotation-$what.$ending"
	done
	echo "wrote $out/rotation-$what.csv, .txt, .svg and .png"
}

case ${1:-} in
full) full ;;
reap | lazy) sweep "$1" ;;
*)
	sed -n '3,14s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
