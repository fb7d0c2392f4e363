#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: advice-matrix.sh REAPSIM [-v]     compares the simulator with a kernel's result
#        advice-matrix.sh --trace          prints the trace
#        advice-matrix.sh --play FOLDER    plays it on a stock kernel (KERNEL, KERNEL_IMAGE)
#        advice-matrix.sh --record FOLDER  prints the result as advice-matrix.kernel.csv
#
# The decision matrix of advice. Folios of order 0, 2, 5 and 9, created by write(), that one
# process maps and has used, with each
#
#   advice    cold, pageout, dontneed, populate_read; cold-part, pageout-part, dontneed-part: of
#             the first half of the pages and one more, so that a folio is cut; cold-by,
#             pageout-by: by another process
#   history   new: nobody has used them before; active: two processes have, and died
#   sharing   own; other: a second process maps all of them, and used them
#
# and two of pages that are not cached: willneed, and hugepage with one touch.
#
# The state of every page is compared before and after the advice, when the per-CPU batches are
# drained: "." if it is not cached, else r (referenced), a (active), l (on a list), d (dirty),
# and the number of page table entries that map it. Prints for each LRU, advice and order the
# number of pages that differ, with -v also the pages, and fails if any does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/states.sh"

trace() {
	awk '
function row(s) { print s }
function map(pid, where, f) {
	row("map," pid "," where "," pages[f] ",r--p," f ",0")
	row("touch," pid "," where "," pages[f] ",r")
}
BEGIN {
	nr_orders = split("0 2 5 9", order, " ")
	split("8 4 2 1", number, " ")
	nr_advices = split("cold cold-part cold-by pageout pageout-part pageout-by dontneed dontneed-part populate_read", advices, " ")
	row("reapsim-trace,2\n# The decision matrix of advice, made by tests/kernel/advice-matrix.sh.")
	row("machine,memcg_pages,65536\nmachine,readahead_pages,0\nmachine,fault_around_pages,1")
	row("machine,dirty_expire_ms,1000\nmachine,dirty_writeback_ms,1000")
	for (a = 1; a <= nr_advices; a++)
		for (h = 0; h < 2; h++)
			for (s = 0; s < 2; s++)
				for (o = 1; o <= nr_orders; o++) {
					f = advices[a] "-" (h ? "active" : "new") "-" (s ? "other" : "own") "-" order[o]
					file[++nr] = f
					size[f] = 2 ^ order[o]
					pages[f] = size[f] * number[o]
					advice[f] = advices[a]
					active[f] = h
					other[f] = s
					row("file," f "," pages[f])
				}
	row("file,willneed,64\nfile,hugepage,2049\nspawn,1")
	for (i = 1; i <= nr; i++)
		for (p = 0; p < pages[file[i]]; p += size[file[i]])
			row("write,1," file[i] "," p "," size[file[i]])
	row("exit,1\nadvance,4s\ndrain")
	for (pid = 2; pid < 4; pid++) {
		row("spawn," pid)
		at = 8192
		for (i = 1; i <= nr; i++) {
			if (active[file[i]])
				map(pid, at, file[i])
			at += 1024
		}
		row("exit," pid "\ndrain")
	}
	row("spawn,4\nspawn,5")
	at = 8192
	for (i = 1; i <= nr; i++) {
		map(4, at, file[i])
		if (other[file[i]])
			map(5, at, file[i])
		at += 1024
	}
	row("drain\nmark,before")
	at = 8192
	for (i = 1; i <= nr; i++) {
		n = pages[file[i]]
		a = advice[file[i]]
		by = a ~ /-by$/ ? ",5" : ""
		if (a ~ /-part$/)
			n = n / 2 + 1
		sub(/-.*/, "", a)
		row("advise,4," at "," n "," a by)
		at += 1024
	}
	row("map,4," at ",64,r--p,willneed,0\nadvise,4," at ",64,willneed")
	at += 1024
	row("map,4," at ",2048,r--p,hugepage,0\nadvise,4," at ",2048,hugepage\ntouch,4," at + 5 ",1,r")
	row("drain\nmark,after")
}' </dev/null
}

matrix_of_orders advice "--set max_folio_order=9" "$@"
