#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# "make report": every policy on every shipped trace, as recorded and as if a
# killer had ended every process with process_mrelease(), into $OUT:
#   report.txt       tables that fit a 72-column mail
#   runs.csv         every counter, one row a run
#   NAME.svg, .png   refaults against memory, a line a policy
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-out} reapsim=${REAPSIM:-build/reapsim}
mkdir -p "$out"
traces=(traces/shipped/*.csv traces/shipped/*.rtrace)
sizes=55%,60%,65%,70%,75%,80%,85%,90%,95%,100%,105%
ends=recorded,mrelease

{
	cat <<'TEXT'
What a policy costs, on recorded traces
=======================================

Each trace was recorded from real programs on a real kernel (reapsim
trace info NAME tells which, and what such a recording can't see) and
is replayed here through the classic LRU of v7.3 under every policy.

refaults  page-cache fills of a page that reclaim had evicted
fills     file pages read from the device; +evict leaves no shadow, so
          what it drops comes back as a fill and not as a refault
activate  pages moved to the active list
skipped   folio_mark_accessed() calls the policy left out
evicted   pages dropped by +evict
change    against the baseline; = means the same to the page

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
} >"$out/report.txt.partial"
mv "$out/report.txt.partial" "$out/report.txt"
echo "wrote $out/report.txt, $out/runs.csv, $out/memory.csv and a plot for each trace"
