#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How far predicted times are from those of this machine: traces are played on its kernel (reapsim
# play, as root) and replayed (reapsim outcome --loop trace) with a machine file that calibrate
# measures here, into $OUT/time:
#
#	here.conf            what calibrate measured (MACHINE=FILE: take that one)
#	TRACE-measured.csv   what reapsim play wrote, TRACE-predicted.csv what outcome wrote
#	agreement.csv        a row for each trace, policy and value: both, and their changes
#	agreement.txt        the table; printed as well
#	agreement.svg        measured and predicted values with their ranges
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
played=baseline,skip,cold-first,dontneed-after simulated=baseline,v1,cold-first,dontneed-after
doc=traces/studies/TIME.md

# NAME MEMORY SOURCE: a recording, or a generator and its options. The sizes of memory leave room
# for a readahead window of 8 MiB and more, as disks of virtual machines have it.
cells() {
	cat <<'END'
db-session 75% traces/shipped/db-session.csv
source-scan 100% traces/shipped/source-scan.csv
postgres-restart 75% traces/shipped/postgres-restart.rtrace
node-crash-loop 75% traces/shipped/node-crash-loop.rtrace
shell-loop 150% traces/shipped/shell-loop.rtrace
compile-storm 100% traces/shipped/compile-storm.rtrace
kill-return 50% kill-return
restart-loop 75% restart-loop
utilities 50% shell-loop
database 75% db-pressure image_pages=1024 data_pages=10000 anon_pages=2048 hog_pages=8192 memcg_pages=16384 data_touches=4
cgroup 75% oomd-restart image_pages=8192 data_pages=4096 anon_pages=512 hog_pages=7500 memcg_pages=16384 data_touches=1
library 75% shared-library
END
}

[ "$(id -u)" = 0 ] || { echo "time-agreement: run as root: reapsim play makes a cgroup and looks up who maps a page" >&2; exit 2; }
mkdir -p "$out"
dir=${DIR:-$out}
machine=${MACHINE:-$out/here.conf}
if [ -z "${MACHINE:-}" ] && [ ! -e "$machine" ]; then
	"$reapsim" calibrate --dir "$dir" -o "$machine"
fi
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
	if ! fresh "$out/$name-measured.csv" "$reapsim" "$machine"; then
		echo "playing $name" >&2
		"$reapsim" play --compare "$played" --repetitions "$repetitions" --no-think --ends-as mrelease \
			--memory "$memory" --set swap_pages=0 --dir "$dir" --csv "$out/$name-part.csv" \
			--force "$trace" >"$out/$name-measured.txt"
		# of a call that was interrupted there are fewer repetitions
		mv "$out/$name-part.csv" "$out/$name-measured.csv"
	fi
	if ! fresh "$out/$name-predicted.csv" "$reapsim" "$machine"; then
		"$reapsim" outcome --policies "$simulated" --seeds "$seeds" --loop trace --ends-as mrelease \
			--memory "$memory" --machines "$machine" --set swap_pages=0 --kernel "$kernel" --lru "$lru" \
			--csv "$out/$name-predicted.csv" --force "$trace" >"$out/$name-predicted.txt"
	fi
done < <(cells)

files=()
for name in $names; do
	files+=("$out/$name-measured.csv" "$out/$name-predicted.csv")
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
awk -v csv="$tmp/agreement.csv" -v plot="$tmp/plot" -f traces/studies/time-agreement.awk "${files[@]}" >"$tmp/agreement.txt"
gnuplot -e "out='$tmp/agreement.svg'; rows='$tmp/plot'" traces/studies/time-agreement.gp
for file in agreement.csv agreement.txt agreement.svg; do
	put "$tmp/$file" "$out/$file"
done
cat "$out/agreement.txt"
if [ "${1:-}" = doc ]; then
	awk -v table="$out/agreement.txt" '
		/^<!-- begin traces\/studies\/time-agreement.sh -->$/ {
			print; print "```"; while ((getline line <table) > 0) print line; print "```"; skip = 1
		}
		/^<!-- end -->$/ { skip = 0 }
		!skip' "$doc" >"$tmp/doc"
	put "$tmp/doc" "$doc"
	put "$out/agreement.csv" traces/studies/time/agreement.csv
	put "$out/agreement.svg" traces/studies/time.svg
fi
