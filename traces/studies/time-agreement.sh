#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How far predicted times are from those of this machine: traces are played on its kernel (reapsim
# play, as root) and replayed (reapsim outcome --loop turns) with a machine file that calibrate
# measures here, into $OUT/time:
#
#	warm/, cold/         two sets of policies: skip needs a look at the victim's pages, which then
#	                     are in the CPU's caches when they are unmapped; the others need none
#	here.conf            there: what calibrate measured of such pages
#	TRACE-measured.csv   what reapsim play wrote, TRACE-predicted.csv what outcome wrote
#	agreement.csv        a row for each trace, policy and value: both, and their changes
#	agreement.svg        measured and predicted values with their ranges
#	agreement.txt        the table; both are printed as well
#
#	traces/studies/time-agreement.sh          missing results; an interrupted call goes on
#	traces/studies/time-agreement.sh doc      the same, then the table into TIME.md
#
# REPETITIONS (7), SEEDS (8), TRACES="NAME..." and DIR, the folder to play in ($OUT/time), may be set.
# A result is made anew if the program or the machine file is newer.
set -eu
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
export LC_ALL=C.UTF-8
out=${OUT:-out}/time reapsim=${REAPSIM:-build/reapsim}
repetitions=${REPETITIONS:-7} seeds=${SEEDS:-8}
sets='warm cold'
declare -A played=([warm]=baseline,skip [cold]=baseline,cold-first,dontneed-after)
declare -A simulated=([warm]=baseline,v1 [cold]=baseline,cold-first,dontneed-after)
declare -A how=([warm]= [cold]=--cold)
doc=traces/studies/TIME.md

# NAME MEMORY SOURCE: a recording, or a generator and its options. The sizes of memory leave room
# for a readahead window of 8 MiB and more, as disks of virtual machines have it.
cells() {
	cat <<'END'
db-session 75% traces/shipped/db-session.csv
source-scan 100% traces/shipped/source-scan.csv
postgres-restart 130% traces/shipped/postgres-restart.rtrace
node-crash-loop 75% traces/shipped/node-crash-loop.rtrace
shell-loop 150% traces/shipped/shell-loop.rtrace
kill-return 50% kill-return
restart-loop 75% restart-loop
utilities 50% shell-loop runs=600 big_every=200
database 75% db-pressure image_pages=1024 data_pages=10000 anon_pages=2048 hog_pages=8192 memcg_pages=16384 data_touches=4
cgroup 75% oomd-restart seconds=20 image_pages=8192 data_pages=4096 anon_pages=512 hog_pages=7500 memcg_pages=16384 data_touches=1
library 75% shared-library
END
}

[ "$(id -u)" = 0 ] || { echo "time-agreement: run as root: reapsim play makes a cgroup and looks up who maps a page" >&2; exit 2; }
mkdir -p "$out"
dir=${DIR:-$out}
kernel=$(uname -r | sed -n 's/^\([0-9]*\.[0-9]*\).*/\1/p')
if ! "$reapsim" list kernels 2>/dev/null | grep -q "^  $kernel "; then
	echo "time-agreement: no rules of kernel $kernel, taking the default's" >&2
	kernel=$("$reapsim" list kernels | sed -n '2s/^  \([^ ]*\) .*/\1/p')
fi
lru=classic
if [ -e /sys/kernel/mm/lru_gen/enabled ] && [ "$(($(cat /sys/kernel/mm/lru_gen/enabled) & 1))" = 1 ]; then
	lru=mglru
fi

# fresh FILE SOURCE... - is it there, and newer than its sources?
fresh() {
	local file=$1 source
	shift
	[ -e "$file" ] || return 1
	for source; do
		[ "$file" -nt "$source" ] || return 1
	done
}

# one SET NAME MEMORY TRACE - what is missing of a trace
one() {
	local at=$out/$1 set=$1 name=$2 memory=$3 trace=$4 pages
	if ! fresh "$at/$name-measured.csv" "$reapsim" "$at/here.conf"; then
		echo "playing $name, $set" >&2
		"$reapsim" play --compare "${played[$set]}" --repetitions "$repetitions" --no-think \
			--ends-as mrelease --memory "$memory" --set swap_pages=0 --dir "$dir" \
			--csv "$at/$name-part.csv" --force "$trace" >"$at/$name-measured.txt"
		# of a call that was interrupted there are fewer repetitions
		mv "$at/$name-part.csv" "$at/$name-measured.csv"
	fi
	if ! fresh "$at/$name-predicted.csv" "$reapsim" "$at/here.conf" "$at/$name-measured.csv"; then
		pages=$(awk -F, 'NR == 1 { while ($++c != "memcg_pages"); } NR == 2 { print $c }' "$at/$name-measured.csv")
		"$reapsim" outcome --policies "${simulated[$set]}" --seeds "$seeds" --loop turns \
			--no-think --ends-as mrelease --memory "$pages" --machines "$at/here.conf" --set swap_pages=0 \
			--set memcg_stats=flushed --kernel "$kernel" --lru "$lru" --csv "$at/$name-predicted.csv" --force \
			"$trace" >"$at/$name-predicted.txt"
	fi
}

for set in $sets; do
	mkdir -p "$out/$set"
	[ -e "$out/$set/here.conf" ] ||
		"$reapsim" calibrate ${how[$set]} --seconds 60 --dir "$dir" -o "$out/$set/here.conf" >"$out/$set/calibrate.txt"
done
names=
while read -r name memory source options; do
	[[ " ${TRACES:-$name} " == *" $name "* ]] || continue
	names="$names $name"
	trace=$source
	if [ ! -e "$source" ]; then
		trace=$out/$name.rtrace
		# shellcheck disable=SC2086 # options are words
		[ -e "$trace" ] || "$reapsim" gen "$source" $options -o "$trace"
	fi
	for set in $sets; do
		one "$set" "$name" "$memory" "$trace"
	done
done < <(cells)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for set in $sets; do
	files=()
	for name in $names; do
		files+=("$out/$set/$name-measured.csv" "$out/$set/$name-predicted.csv")
	done
	{
		echo "$set: ${played[$set]}"
		awk -v csv="$tmp/agreement.csv" -v plot="$tmp/plot" -f traces/studies/time-agreement.awk "${files[@]}"
		echo
	} >"$tmp/agreement.txt"
	gnuplot -e "out='$tmp/agreement.svg'; rows='$tmp/plot'; caches='$set'" traces/studies/time-agreement.gp
	for file in agreement.csv agreement.txt agreement.svg; do
		put "$tmp/$file" "$out/$set/$file"
	done
	cat "$out/$set/agreement.txt"
done
if [ "${1:-}" = doc ]; then
	cat "$out"/warm/agreement.txt "$out"/cold/agreement.txt >"$tmp/table"
	cat "$out"/warm/calibrate.txt "$out"/cold/calibrate.txt >"$tmp/calibrate"
	awk -v table="$tmp/table" -v calibrate="$tmp/calibrate" '
		function show(file, line) { print; print "```"; while ((getline line <file) > 0) print line; print "```"; skip = 1 }
		/^<!-- begin calibrate -->$/ { show(calibrate); next }
		/^<!-- begin agreement -->$/ { show(table); next }
		/^<!-- end -->$/ { skip = 0 }
		!skip' "$doc" >"$tmp/doc"
	put "$tmp/doc" "$doc"
	mkdir -p traces/studies/time
	for set in $sets; do
		put "$out/$set/here.conf" "traces/studies/time/$set.conf"
		put "$out/$set/agreement.csv" "traces/studies/time/$set.csv"
		put "$out/$set/agreement.svg" "traces/studies/time/$set.svg"
	done
	echo "time-agreement: THREAD.md quotes these files: run make review"
fi
