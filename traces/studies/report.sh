#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# "make report": every policy on every shipped trace, as recorded and as if a
# killer had ended every process with process_mrelease(), into $OUT:
#   report.txt       tables that fit a 72-column mail
#   runs.csv         every counter, one row a run
#   lru.csv          the same for both LRUs, with the scenarios
#   large.md         what v1 and v1+evict cost with large folios, the scenarios too
#   NAME.svg, .png   refaults against memory, a line a policy
set -eu
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
out=${OUT:-out} reapsim=${REAPSIM:-build/reapsim}
case $out in
/*) ;;
*) out=./$out ;;
esac
mkdir -p "$out"
claim "$out/report.txt" "What a policy costs, on recorded traces"
claim "$out/lru.csv" "trace,machine,"
claim "$out/large.md" "| trace | memory | LRU |"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
traces=(traces/shipped/*.csv traces/shipped/*.rtrace)
sizes=55%,65%,75%,85%,95%,105%
ends=recorded,mrelease

# Both LRUs. The awk script lays the two files next to each other.
lrus() {
	"$reapsim" compare --lru mglru --ends-as $ends --csv "$work/mglru.csv" "${traces[@]}" >/dev/null
	for lru in classic mglru; do
		"$reapsim" compare --lru $lru --csv "$work/$lru-scenarios.csv" \
			traces/scenarios/*.csv >/dev/null
	done
	cat <<'TEXT'
Classic against MGLRU
=====================

The same traces under both. baseline: the numbers; the policies: the
change against it. Policies that change nothing under either are named
below a table.

refault  file pages that came back after reclaim had evicted them
activ    pages moved to the active list, or to a young generation by
         reclaim (pgactivate)
marks    folio_mark_accessed() calls of unmapping: what a policy avoids
         at once, under either LRU
their    of those, calls that queued the page for the active list. Not
         under MGLRU: there a mark counts a reference in the page's
         flags and moves nothing, so no such move can be saved
moves    all moves from a place on the lists to another: by these and
         other marks, by reclaim that keeps, sorts, protects or
         deactivates a page, by demotion. A fall is what a policy saves
         in list work in all, a rise what it adds

TEXT
	awk -f traces/studies/compare-lru.awk "$out/runs.csv" "$work/mglru.csv"
	cat <<'TEXT'
On the scenarios
----------------

traces/scenarios/: small, each about one mechanism, so a count of signs
says what can happen and not how often it does. Refaults under the
baseline, and what v1 and any-exit change.

TEXT
	awk -v scenarios=1 -f traces/studies/compare-lru.awk "$work/classic-scenarios.csv" \
		"$work/mglru-scenarios.csv"
	awk 'FNR > 1 || NR == 1' "$out/runs.csv" "$work"/mglru.csv "$work"/*-scenarios.csv \
		>"$work/lru"
	put "$work/lru" "$out/lru.csv"
}

{
	cat <<'TEXT'
What a policy costs, on recorded traces
=======================================

Each trace was recorded from real programs on a real kernel (reapsim
trace info NAME tells which, and what such a recording can't see) and
is replayed here through the classic LRU of v7.3 under every policy;
MGLRU stands next to it further down.

refaults  page-cache fills of a page that reclaim had evicted
fills     file pages read from the device; +evict leaves no shadow, so
          what it drops comes back as a fill and not as a refault
activate  pages moved to the active list
skipped   folio_mark_accessed() calls the policy left out
evicted   pages dropped by +evict
change    against the baseline, of one run each, so without an interval
          (compare --ensemble has one); = means the same to the page

"recorded": processes end as they did. "mrelease": as if a killer had
ended each with process_mrelease(); what if, not what was.

TEXT
	"$reapsim" compare --ends-as $ends --csv "$out/runs.csv" "${traces[@]}"
	cat <<'TEXT'
Against the size of memory
==========================

memcg limits as a share of what each trace would hold if memory were
endless. The same numbers are plotted in NAME.svg and NAME.png.

TEXT
	"$reapsim" compare --ends-as $ends --memory $sizes --counter sim_fills \
		--csv "$out/memory.csv" --plots "$out" "${traces[@]}"
	lrus
} >"$work/report"
put "$work/report" "$out/report.txt"
REAPSIM=$reapsim traces/studies/large.sh >"$work/large"
put "$work/large" "$out/large.md"
echo "wrote $out/report.txt, $out/large.md, $out/runs.csv, $out/lru.csv, $out/memory.csv and plots"
