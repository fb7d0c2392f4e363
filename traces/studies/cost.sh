#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a policy costs and saves in time: traces/studies/COST.md. Three archetypes, each on
# three machines and under both LRUs, into $OUT/cost:
#
#	ARCHETYPE-outcome-LRU.txt  the outcome tables, .csv every run
#	ARCHETYPE-breakeven.txt    who wins at which restart probability and delay;
#	                           .csv every run, -differences.csv every cell
#	ARCHETYPE-reclaim-first.*  what reclaim had decided before the reap, the same
#	ARCHETYPE/                 plots of both, SVG and PNG
#	cost.txt                   all of it, condensed; printed as well
#
#	traces/studies/cost.sh             missing results: an interrupted call resumes,
#	                           and a changed program, machine or script starts over
#	traces/studies/cost.sh doc         the same, then cost.txt into traces/studies/COST.md
#
# MACHINES (names in traces/machines), SEEDS (8) and JOBS may be set.
set -eu
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
export LC_ALL=C.UTF-8
out=${OUT:-out}/cost reapsim=${REAPSIM:-build/reapsim}
case $out in
/*) ;;
*) out=./$out ;;
esac
seeds=${SEEDS:-8} jobs=${JOBS:-0}
machines=
for m in ${MACHINES:-phone-ufs cloud-block vm}; do
	machines=$machines${machines:+,}traces/machines/$m.conf
done
policies=baseline,v1,any-exit,v1+evict,any-exit+evict
archetypes='phone cgroup database'

# The archetypes. Sizes in pages are a fraction of the generator's own defaults, all
# by the same factor. reclaim: the victim of reclaim-first in the same proportions.
archetype() {
	# as much readahead on each, the kernel's default: vm.conf's 8 MiB are for memory
	# that is not scaled down
	also=(--set readahead_pages=32)
	case $1 in
	phone) # a sixteenth
		generator=android-ageing
		options="file_pages=3250 anon_pages=3938 system_pages=65536 memory_pages=131072
			swap_pages=65536"
		# nobody but the app that ages is killed
		even="cached_limit=20"
		also+=(--set swap_pages=65536)
		delays=10s,1m,3m,10m
		evens=baseline,v1,v1+evict
		# 40% of 3250; the libraries (89%) are in use by others; a resume is 10%
		memory=20000
		reclaim="app_pages=1300 active_percent=89 hot_percent=10 after_pages=5000"
		;;
	cgroup) # a quarter
		generator=oomd-restart
		options="image_pages=8192 data_pages=4096 anon_pages=512 hog_pages=7500
			memcg_pages=16384 data_touches=1"
		even=
		delays=1s,5s,20s,50s
		# SIGKILL without a reap: v1 has nothing to do
		evens=baseline,any-exit,any-exit+evict
		# a group's data and 6.4% of its image; the popular half is used all the time,
		# a few pages at a time
		memory=16384
		reclaim="app_pages=4620 active_percent=75 hot_percent=50 used_of_16=4
			after_pages=7500"
		;;
	database) # a quarter
		generator=db-pressure
		options="image_pages=1024 data_pages=10000 anon_pages=2048 hog_pages=8192
			memcg_pages=16384 data_touches=25 tick_ms=100"
		even=
		delays=1s,5s,20s,50s
		evens=baseline,v1,v1+evict
		# its file; a start reads 60%, some pages often
		memory=16384
		reclaim="app_pages=10000 active_percent=60 hot_percent=20 used_of_16=8
			after_pages=8192"
		;;
	esac
}

say() {
	echo "$(date +%T) $*" >&2
}

outcomes() {
	local lru seed traces=()
	for seed in $(seq "$seeds"); do
		traces+=("$work/$1-$seed.rtrace")
		# shellcheck disable=SC2086 # a list of options
		"$reapsim" gen "$generator" $options seed="$seed" -o "$work/$1-$seed.rtrace"
	done
	for lru in classic mglru; do
		[ ! -s "$out/$1-outcome-$lru.txt" ] || continue
		say "$1: outcome, $lru"
		"$reapsim" outcome --pool --seeds 1 --lru $lru --policies $policies --machines "$machines" \
			"${also[@]}" --jobs "$jobs" --csv "$out/$1-outcome-$lru.csv" "${traces[@]}" \
			>"$work/table"
		put "$work/table" "$out/$1-outcome-$lru.txt"
	done
	rm "${traces[@]}"
}

breakevens() {
	say "$1: break-even"
	# shellcheck disable=SC2086 # lists of options
	"$reapsim" breakeven "$generator" $options $even --machines "$machines" "${also[@]}" \
		--policies $evens --delays $delays --seeds "$seeds" --jobs "$jobs" --plots "$out/$1" \
		--csv "$out/$1-breakeven.csv" --differences "$out/$1-differences.csv" \
		>"$work/table"
	put "$work/table" "$out/$1-breakeven.txt"
}

reclaim_first() {
	say "$1: reclaim first"
	# shellcheck disable=SC2086 # a list of options
	"$reapsim" reclaim-first $reclaim memcg_pages=$memory --machines "$machines" \
		"${also[@]}" --streams "0..$((memory * 3 / 2))/$((memory / 16))" \
		--policies baseline,v1,v1+evict \
		--jobs "$jobs" --csv "$out/$1-reclaim-first.csv" --plots "$out/$1" \
		>"$work/table"
	put "$work/table" "$out/$1-reclaim-first.txt"
}

# shellcheck disable=SC2086 # a list of files
stamp=$(cat "$reapsim" traces/studies/cost.sh ${machines//,/ } | sha256sum; echo "$seeds $machines")
mkdir -p "$out"
if [ ! -e "$out/stamp" ] && [ -n "$(ls -A "$out")" ]; then
	echo "cost.sh: $out was not made by this script; remove it, or set OUT" >&2
	exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$stamp" != "$(cat "$out/stamp" 2>/dev/null)" ]; then
	rm -rf "$out"
	mkdir -p "$out"
	echo "$stamp" >"$out/stamp"
fi
for a in $archetypes; do
	archetype "$a"
	outcomes "$a"
	breakevens "$a"
	reclaim_first "$a"
done
tables=()
for a in $archetypes; do
	tables+=("$out/$a"-{outcome-{classic,mglru}.txt,differences.csv,reclaim-first.txt})
done
awk -f traces/studies/cost.awk "${tables[@]}" >"$work/table"
put "$work/table" "$out/cost.txt"
cat "$out/cost.txt"
say "wrote $out/cost.txt, tables, CSV files and plots"
case ${1:-} in
doc)
	TABLES=$out/cost.txt awk '
		BEGIN { tables = ENVIRON["TABLES"] }
		/^<!-- end of make cost -->$/ { inside = 0 }
		!inside
		/^<!-- make cost -->$/ {
			inside = 1
			print "\n```"
			while ((getline line <tables) > 0)
				print line
			print "```\n"
		}' traces/studies/COST.md >"$work/COST.md"
	put "$work/COST.md" traces/studies/COST.md
	;;
esac
