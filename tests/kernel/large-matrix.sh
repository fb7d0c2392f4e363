#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: large-matrix.sh REAPSIM [-v]      compares the simulator with a kernel's result
#        large-matrix.sh --trace           prints the trace
#        large-matrix.sh --play FOLDER     plays it on a stock kernel (KERNEL, KERNEL_IMAGE)
#        large-matrix.sh --record FOLDER   prints the result as large-matrix.kernel.csv
#        large-matrix.sh --again REAPSIM   plays it, and compares with the new result
#
# The decision matrix of large folios. Folios of order 0, 2, 5 and 9, created by write(), in
# each of these layouts:
#
#   one      the victim has one mapping of each whole folio
#   two      two mappings, of half of each folio (order 0: of every other folio)
#   hole     one mapping, in which a page in the middle of each folio was unmapped
#   halves   the victim maps the first half of each folio, another process that lives on the
#            second half
#   third    two other processes mapped all of it before, and exited without a mark
#
# The victim of each layout is started and reaped three times. The state of every page is
# compared after each death, when the per-CPU batches are drained: "." if it is not
# cached, else r (referenced), a (active), l (on a list), d (dirty), and the number of
# page table entries that map it. The policies are those that can be imitated on a stock
# kernel (kernel-patch/player/stock.c describes what they stand for).
#
# The comparison prints for each LRU, layout and policy the number of pages that differ, with
# -v also the pages, and fails if a page differs that large-matrix.md does not explain
# (large-matrix.explained: LRU LAYOUT ORDER DEATH POLICY KERNEL SIMULATOR; "*" matches any).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/states.sh"
policies="baseline v1 baseline+evict v1+evict"
played=(baseline skip evict skip+evict)

trace() {
	awk '
function row(s) { print s }
# all pages of a file at once, or each folio in its own parts
function map_all(pid) {
	row("map," pid "," at "," pages[o] ",r--p," file "," 0)
	row("touch," pid "," at "," pages[o] ",r")
	at += pages[o] + 16
}
function map_parts(pid, part,   half, f) {
	half = size[o] / 2
	for (f = 0; f < number[o]; f++) {
		if (size[o] > 1)
			map_one(pid, f * size[o] + part * half, half)
		else if (f % 2 == part)
			map_one(pid, f, 1)
	}
}
function map_one(pid, first, count) {
	row("map," pid "," at "," count ",r--p," file "," first)
	row("touch," pid "," at "," count ",r")
	at += count + 16
}
function live(layout, pid, death,   f, from) {
	for (o = 1; o <= nr_orders; o++) {
		file = layout "-" order[o]
		from = at
		if (layout == "two" || layout == "halves")
			map_parts(pid, 0)
		if (layout == "two")
			map_parts(pid, 1)
		if (layout == "halves" && death == 1)
			map_parts(stays, 1)
		if (layout == "third") {
			map_all(gone)
			row("advise," gone "," from "," pages[o] ",random")
			from = at
			map_all(gone + 1)
			row("advise," gone + 1 "," from "," pages[o] ",random")
		}
		if (layout == "one" || layout == "hole" || layout == "third")
			map_all(pid)
		for (f = 0; layout == "hole" && f < number[o]; f++)
			if (size[o] > 1 || f % 2)
				row("unmap," pid "," from + f * size[o] + int(size[o] / 2) ",1")
	}
}
BEGIN {
	nr_layouts = split("one two hole halves third", layouts, " ")
	nr_orders = split("0 2 5 9", order, " ")
	split("8 4 2 1", number, " ")
	row("reapsim-trace,1")
	row("# The decision matrix of large folios, made by tests/kernel/large-matrix.sh.")
	row("machine,memcg_pages,16384\nmachine,readahead_pages,0\nmachine,fault_around_pages,1")
	row("machine,dirty_expire_ms,1000\nmachine,dirty_writeback_ms,1000")
	for (l = 1; l <= nr_layouts; l++)
		for (o = 1; o <= nr_orders; o++) {
			size[o] = 2 ^ order[o]
			pages[o] = size[o] * number[o]
			row("file," layouts[l] "-" order[o] "," pages[o])
		}
	row("spawn,1")
	for (l = 1; l <= nr_layouts; l++)
		for (o = 1; o <= nr_orders; o++)
			for (f = 0; f < number[o]; f++)
				row("write,1," layouts[l] "-" order[o] "," f * size[o] "," size[o])
	row("exit,1\nadvance,4s\ndrain\nmark,written")
	stays = 9
	row("spawn," stays)
	for (death = 1; death <= 3; death++) {
		for (l = 1; l <= nr_layouts; l++) {
			at = 4096 + 4096 * (5 * death + l)
			pid = 10 * death + l
			if (layouts[l] == "third") {
				gone = 100 * death
				row("spawn," gone "\nspawn," gone + 1)
			}
			row("spawn," pid)
			live(layouts[l], pid, death)
			if (layouts[l] == "third")
				row("exit," gone "\nexit," gone + 1)
			row("mrelease," pid)
		}
		row("drain\nmark,death" death)
	}
}' </dev/null
}

# Both sides as "POLICY,LRU,SNAPSHOT,FILE,FIRST,COUNT,STATE".
from_kernel() {
	local lru i name files
	files=$(awk -F, '$1 == "file" { print $2 }' "$tmp/matrix.csv")
	for lru in classic mglru; do
		i=0
		for name in $policies; do
			kernel_states "$name,$lru" "$files" rald "$1/${played[$i]}-$lru-1/results"
			i=$((i + 1))
		done
	done
}

from_simulator() {
	local lru policy
	for lru in classic mglru; do
		for policy in $policies; do
			"$reapsim" run --lru "$lru" --policy "$policy" --set max_folio_order=9 \
				--pages - "$tmp/matrix.csv" | simulator_states "$policy,$lru" rald
		done
	done
}

compare() {
	awk -F, -v verbose="$verbose" '
FNR == 1 { input++ }
input == 1 { # explained; a file of one comment line at least
	if (!/^#/ && split($0, word, " ") >= 7)
		for (i = 1; i <= 7; i++)
			rule[nr_rules + 0, i] = word[i]
	if (!/^#/)
		nr_rules++
	next
}
/^#/ { next }
$1 == "lru" {
	for (p = 6; p <= NF; p++)
		name[p] = $p
	nr = NF
	next
}
input == 2 {
	for (i = 0; i < $5; i++)
		for (p = 6; p <= NF; p++)
			state[$1, $2, $3, $4 + i, p] = $p
	next
}
function fits(r, i, what) { return rule[r, i] == "*" || rule[r, i] == what }
function explained(lru, layout, order, death, policy, kernel, simulator,   r) {
	for (r = 0; r < nr_rules; r++)
		if (fits(r, 1, lru) && fits(r, 2, layout) && fits(r, 3, order) && fits(r, 4, death) &&
		    fits(r, 5, policy) && fits(r, 6, kernel) && fits(r, 7, simulator))
			return 1
	return 0
}
{
	split($3, of, "-")
	row = $1 "," of[1]
	if (!(row in seen)) {
		seen[row] = 1
		rows[nr_rows++] = row
	}
	for (i = 0; i < $5; i++)
		for (p = 6; p <= NF; p++) {
			is = state[$1, $2, $3, $4 + i, p]
			all++
			pages[row, p]++
			if (is == $p)
				continue
			good = explained($1, of[1], of[2], $2, name[p], is, $p)
			if (good)
				known[row, p]++
			else
				bad[row, p]++
			wrong += !good
			why = $1 " " of[1] " " of[2] " " $2 " " name[p] " " is " " $p
			if (!differ[why]++)
				order[nr_why++] = why
			is_known[why] = good
		}
}
END {
	printf "| LRU | layout | pages |"
	for (p = 6; p <= nr; p++)
		printf " `%s` |", name[p]
	printf "\n|---|---|--:|"
	for (p = 6; p <= nr; p++)
		printf "---|"
	print ""
	for (r = 0; r < nr_rows; r++) {
		split(rows[r], of, ",")
		printf "| %s | `%s` | %d |", of[1], of[2], pages[rows[r], 6]
		for (p = 6; p <= nr; p++)
			printf " %s |", !known[rows[r], p] && !bad[rows[r], p] ? "equal" : \
				(known[rows[r], p] ? known[rows[r], p] " explained" : "") \
				(known[rows[r], p] && bad[rows[r], p] ? ", " : "") \
				(bad[rows[r], p] ? bad[rows[r], p] " differ" : "")
		print ""
	}
	for (i = 0; verbose && i < nr_why; i++)
		print order[i] ": " differ[order[i]] " pages" (is_known[order[i]] ? ", explained" : "")
	exit wrong || !all
}' "$here/large-matrix.explained" "$recorded" "$tmp/simulator.csv"
}

play() {
	trace >"$tmp/matrix.csv"
	POLICY="${played[*]}" LRU="classic mglru" RUNS=1 OUT=$1 \
		SET="folios=large damon_stat=0 thp=never" OPTIONS=player.dump=1 \
		"$here/../../kernel-patch/scripts/stock-run.sh" "$tmp/matrix.csv" >/dev/null
}

simulate() {
	reapsim=$1
	verbose=$2
	trace >"$tmp/matrix.csv"
	from_simulator | wide lru,mark,file $policies >"$tmp/simulator.csv"
	compare
}

recorded=$here/large-matrix.kernel.csv
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
case ${1:?usage: large-matrix.sh REAPSIM [-v]} in
--trace)
	trace
	;;
--play)
	play "${2:?usage: large-matrix.sh --play FOLDER}"
	;;
--record)
	trace >"$tmp/matrix.csv"
	from_kernel "${2:?usage: large-matrix.sh --record FOLDER}" | wide lru,mark,file $policies
	;;
--again)
	play "$tmp/played"
	recorded=$tmp/kernel.csv
	from_kernel "$tmp/played" | wide lru,mark,file $policies >"$recorded"
	simulate "${2:?usage: large-matrix.sh --again REAPSIM}" ""
	;;
*)
	simulate "$1" "${2:+1}"
	;;
esac
