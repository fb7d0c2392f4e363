#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: matrix.sh            prints the trace of the decision matrix
#        matrix.sh --cells    prints the meaning of each range of its pages
#
# DEATHS="DEATH[:file|:shmem] ..." selects deaths: with all mappings, or with those of one kind
# and a drain after them, so that no pages of the other kind are in the batches.
#
# Four pages for every combination of
#   death     how the victim ends: exit, kill, mrelease with each value of flags,
#             oom; optin-exit and optin-mrelease: after it opted in; fork_fail: it lives
#             on after a failed fork; fork_fail-exit: it exits after that
#   sharing   exclusive; other: another process that lives on maps and used them, too;
#             twice: the victim maps them at two addresses
#   pte       young; copied: old, as fork() copied the PTEs from the parent, which then
#             unmaps its own without a mark (MADV_RANDOM); cleared: old by clear_refs
#   marks     first: not marked before; second: a process that is not dying has used and
#             unmapped them, which is one mark
#   advice    recency (none), random, noreuse
#   mapping   file-private, shmem-private; file-shared, shmem-shared: of a file
#             open for writing; file-read_only, shmem-read_only: shared, of a file
#             open read-only. All are read; shmem-written: shared, written
#
# fork() copies PTEs only of mappings with anonymous pages, so "copied" exists only for private
# mappings: each has a fifth page that is written, and thereby copied, before the fork. The
# mappings of a failing fork have one, too.
#
# There is one victim for each death: its cells are in one address space, like the pages of a
# real victim. Fault-around and readahead are off, and there is enough memory.
set -eu

awk -v cells="${1:+1}" -v deaths_wanted="${DEATHS:-}" '
function row(s) { body = body s "\n" }

# one cell; its pages are at [page, page + size) of the file
function cell(death, sharing, pte, marks, advice, mapping,
	      file, size, perm, extra) {
	file = mapping ~ /^shmem/ ? "shmem" : "data"
	size = mapping ~ /private/ && (pte == "copied" || death ~ /^fork_fail/) ? 5 : 4
	if (cells) {
		print file "," next_page[file] "," size "," death "," sharing "," pte "," marks "," advice "," mapping
	} else {
		extra = (advice == "recency" ? "" : "," advice) (mapping ~ /read_only/ ? ",readonly" : "")
		perm = mapping ~ /private/ ? (size == 5 ? "rw-p" : "r--p") : mapping ~ /read_only/ ? "r--s" : "rw-s"
		if (marks == "second") {
			extra_mark = sprintf("map,1,%d,4,r--p,%s,%d\ntouch,1,%d,4,r\nunmap,1,%d,4\n", at, file, next_page[file], at, at)
			if (pte == "young")
				before = before extra_mark
			else # clear_refs undoes marks
				later = later extra_mark
		}
		if (sharing == "other")
			before = before sprintf("map,%d,%d,4,r--p,%s,%d\ntouch,%d,%d,4,r\n", other, at, file, next_page[file], other, at)
		use(pte, perm, size, file, extra, mapping ~ /written/ ? "w" : "r", at)
		if (sharing == "twice")
			use(pte, perm, size, file, extra, mapping ~ /written/ ? "w" : "r", at + 8)
	}
	next_page[file] += size
	at += 16
}

function use(pte, perm, size, file, extra, how, where,   s, who, touches) {
	s = sprintf(",%d,%d,%s,%s,%d%s\n", where, size, perm, file, next_page[file], extra)
	who = pte == "copied" ? pid : pid + 1
	touches = sprintf("touch,%d,%d,4,%s\n", who, where, how)
	if (size == 5)
		touches = touches sprintf("touch,%d,%d,1,w\n", who, where + 4)
	if (pte == "young")
		victim = victim "map," who s touches
	else if (pte == "cleared")
		cleared = cleared "map," who s touches
	else
		parent = parent "map," who s touches
	if (pte == "copied" && extra != ",random")
		after = after sprintf("advise,%d,%d,%d,random\n", pid, where, size)
}

BEGIN {
	all_deaths = "exit kill mrelease-0 mrelease-ignore_access mrelease-evict_file " \
		     "mrelease-ignore_access+evict_file oom optin-exit optin-mrelease " \
		     "fork_fail fork_fail-exit"
	nr_deaths = split(deaths_wanted ? deaths_wanted : all_deaths, deaths, " ")
	nr_sharings = split("exclusive other twice", sharings, " ")
	nr_ptes = split("young copied cleared", ptes, " ")
	nr_marks = split("first second", marks, " ")
	nr_advices = split("recency random noreuse", advices, " ")
	nr_mappings = split("file-private shmem-private file-shared shmem-shared file-read_only " \
			    "shmem-read_only shmem-written", mappings, " ")
	next_page["data"] = next_page["shmem"] = 0
	if (cells)
		print "file,page,count,death,sharing,pte,marks,advice,mapping"
	for (d = 1; d <= nr_deaths; d++) {
		at = 4096
		other = 100 + d
		pid = 8 + 2 * d
		split(deaths[d], which, ":")
		death = which[1]
		before = parent = after = cleared = later = victim = ""
		for (p = 1; p <= nr_ptes; p++)
			for (s = 1; s <= nr_sharings; s++)
				for (m = 1; m <= nr_marks; m++)
					for (a = 1; a <= nr_advices; a++)
						for (k = 1; k <= (ptes[p] == "copied" ? 2 : nr_mappings); k++)
							if (mappings[k] ~ "^" which[2])
								cell(death, sharings[s], ptes[p], marks[m], advices[a], mappings[k])
		if (cells)
			continue
		split(death, how, "-")
		row("# " death "\nspawn,1\nspawn," other)
		body = body before
		row("spawn," pid)
		body = body parent
		row("fork," pid "," pid + 1)
		body = body after
		row("exit," pid)
		if (how[1] == "optin")
			row("optin," pid + 1)
		body = body cleared
		row("clear_refs," pid + 1)
		body = body later victim
		row("exit,1")
		if (how[1] == "optin")
			row(how[2] "," pid + 1)
		else if (how[1] == "mrelease" && how[2] != "0")
			row("mrelease," pid + 1 "," how[2])
		else
			row(how[1] "," pid + 1)
		if (death == "fork_fail-exit")
			row("exit," pid + 1)
		if (which[2])
			row("drain")
	}
	if (cells)
		exit
	print "reapsim-trace,1"
	print "# The decision matrix, made by tests/kernel/matrix.sh, which says what is in it."
	print "machine,memcg_pages,65536"
	print "machine,readahead_pages,0"
	print "machine,fault_around_pages,1"
	print "file,data," next_page["data"]
	print "file,shmem," next_page["shmem"] ",shmem"
	printf "%s", body
	print "mark,waiting\ndrain\nmark,drained"
}'
