#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: matrix.sh            prints the trace of the decision matrix
#        matrix.sh --cells    prints what each range of its pages stands for
#
# Four pages for every combination of
#   death     how the victim ends: exit, kill, mrelease with each value of flags,
#             oom; optin-exit and optin-mrelease: it opted in before
#   sharing   exclusive; other: another process maps and used them too, and
#             lives on; twice: the victim maps them at two addresses
#   pte       young; old: the victim's entries are copies that fork() made of
#             its parent's, who then gives them up without a mark (MADV_RANDOM)
#   marks     first: nobody marked them before; second: a process that is not
#             dying has used and unmapped them, which is one mark
#   advice    recency (none), random, noreuse
#   mapping   file-private, shmem-private; file-shared, shmem-shared: of a file
#             open for writing; file-read_only, shmem-read_only: shared, of a file
#             open read-only. All are read; shmem-written: shared, written
#
# fork() copies entries only of mappings that have anonymous pages, so "old" is
# there for the private mappings alone: each has a fifth page that is written,
# and with that copied, before the fork. Shared mappings with old entries cannot
# be had without reclaim. A failed fork() cannot be said in a trace.
#
# One victim for each death: its cells are in one address space, as the pages of
# a real victim are. Fault-around and readahead are off, memory is ample.
set -eu

awk -v cells="${1:+1}" '
function row(s) { body = body s "\n" }

# one cell; its pages are at [page, page + size) of the file
function cell(death, sharing, pte, marks, advice, mapping,
	      file, size, perm, extra) {
	file = mapping ~ /^shmem/ ? "shmem" : "data"
	size = pte == "old" ? 5 : 4
	if (cells) {
		print file "," next_page[file] "," size "," death "," sharing "," pte "," marks "," advice "," mapping
	} else {
		extra = (advice == "recency" ? "" : "," advice) (mapping ~ /read_only/ ? ",readonly" : "")
		perm = mapping ~ /private/ ? (pte == "old" ? "rw-p" : "r--p") : mapping ~ /read_only/ ? "r--s" : "rw-s"
		if (marks == "second") {
			before = before sprintf("map,1,%d,4,r--p,%s,%d\ntouch,1,%d,4,r\nunmap,1,%d,4\n", at, file, next_page[file], at, at)
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

function use(pte, perm, size, file, extra, how, where,   s) {
	s = sprintf(",%d,%d,%s,%s,%d%s\n", where, size, perm, file, next_page[file], extra)
	if (pte == "old") {
		parent = parent "map," pid s sprintf("touch,%d,%d,4,r\ntouch,%d,%d,1,w\n", pid, where, pid, where + 4)
		if (extra != ",random")
			after = after sprintf("advise,%d,%d,%d,random\n", pid, where, size)
	} else {
		victim = victim "map," pid + 1 s sprintf("touch,%d,%d,4,%s\n", pid + 1, where, how)
	}
}

BEGIN {
	nr_deaths = split("exit kill mrelease-0 mrelease-ignore_access mrelease-evict_file " \
			  "mrelease-ignore_access+evict_file oom optin-exit optin-mrelease", deaths, " ")
	nr_sharings = split("exclusive other twice", sharings, " ")
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
		before = parent = after = victim = ""
		for (old = 0; old <= 1; old++)
			for (s = 1; s <= nr_sharings; s++)
				for (m = 1; m <= nr_marks; m++)
					for (a = 1; a <= nr_advices; a++)
						for (k = 1; k <= (old ? 2 : nr_mappings); k++)
							cell(deaths[d], sharings[s], old ? "old" : "young", marks[m], advices[a], mappings[k])
		if (cells)
			continue
		split(deaths[d], how, "-")
		end = how[1] == "optin" ? how[2] : how[1]
		row("# " deaths[d] "\nspawn,1\nspawn," other)
		body = body before
		row("exit,1\nspawn," pid)
		body = body parent
		row("fork," pid "," pid + 1)
		body = body after
		row("exit," pid)
		if (how[1] == "optin")
			row("optin," pid + 1)
		body = body victim
		row(end "," pid + 1 (end == "mrelease" && how[2] != "mrelease" ? "," how[2] : ""))
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
