#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: operations-matrix.sh REAPSIM [-v]     compares the simulator with a kernel's result
#        operations-matrix.sh --trace          prints the trace
#        operations-matrix.sh --play FOLDER    plays it on a stock kernel (KERNEL, KERNEL_IMAGE)
#        operations-matrix.sh --record FOLDER  prints the result as operations-matrix.kernel.csv
#
# The decision matrix of what is done to files, to mappings and to cgroups. Folios of order 0, 2,
# 5 and 9, created by write(), that nobody has used before (new), or that two processes have mapped
# and used, and died (active). A row of the table below is an operation:
#
#   NAME | what comes before the snapshot "before" | what comes after it
#
# @F is the file, @G another one like it, @N its pages, @S the pages of a folio, @H half of the
# pages and one more, so that a folio is cut, @A where @F is mapped; map4 maps and touches all of
# the file in process 4, map5 and map6 likewise, mapw4 writes to a shared mapping. The files of shm-...
# are on tmpfs.
#
# After "after", which is taken when the per-CPU batches are drained, 4 and 5 are killed and
# reaped (snapshot "reaped"), 6 and its child live on, memory.reclaim takes some pages (snapshot
# "reclaimed"), and memory.max sinks a little below what is charged (snapshot "limited").
#
# The state of every page is compared at each snapshot: "." if it is not cached, else r
# (referenced), a (active), l (on a list), d (dirty), and the number of page table entries that
# map it. Prints for each LRU, operation and order the number of pages that differ, with -v also
# the pages, and fails if any does.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/states.sh"

operations() {
	cat <<-'END'
	none                | map4 | 
	truncate-part       | map4 | truncate,4,@F,@H
	truncate-other      | map4;map5 | truncate,5,@F,@H
	truncate-read       | read,4,@F,0,@N | truncate,4,@F,@H
	truncate-dirty      | mapw4 | truncate,4,@F,@H;fsync,4,@F
	truncate-zero       | map4 | truncate,4,@F,0
	truncate-grow       | map4 | truncate,4,@F,@H;truncate,4,@F,@N;read,4,@F,0,@N
	grow                | map4 | grow;fsync,4,@F
	grow-hole           | map4 | truncate,4,@F,@H;write,4,@F,@L,@S;fsync,4,@F;read,4,@F,0,@N
	rename              | map4;map5 | rename,4,@F,@G
	rename-open         | map4;read,5,@G,0,@N | rename,4,@F,@G;read,5,@G,0,@N
	fsync-mapped        | mapw4 | fsync,4,@F
	fsync-written       | map4;rewrite | fsync,4,@F
	dontneed            | read,4,@F,0,@N | fadvise,4,@F,0,0,dontneed
	dontneed-part       | read,4,@F,0,@N | fadvise,4,@F,0,@H,dontneed
	dontneed-mapped     | map4 | fadvise,4,@F,0,0,dontneed
	dontneed-half       | map,4,@A,@H,r--p,@F,0;touch,4,@A,@H,r | fadvise,4,@F,0,0,dontneed
	willneed            | fadvise,4,@F,0,0,dontneed | fadvise,4,@F,0,@N,willneed
	willneed-cached     | read,4,@F,0,@N | fadvise,4,@F,0,@N,willneed
	random              | map4 | fadvise,4,@F,0,0,random;read,4,@F,0,@N;read,4,@F,0,@N
	sequential          | map4 | fadvise,4,@F,0,0,sequential;read,4,@F,0,@N;read,4,@F,0,@N
	normal              | map4 | fadvise,4,@F,0,0,random;fadvise,4,@F,0,0,normal;read,4,@F,0,@N
	noreuse             | fadvise,4,@F,0,0,noreuse;map4 | read,4,@F,0,@N
	mlock               | map4 | mlock,4,@A,@N
	mlock-part          | map4 | mlock,4,@A,@H
	mlock-twice         | map4 | mlock,4,@A,@N;mlock,4,@A,@N
	mlock-late          | map,4,@A,@N,r--p,@F,0 | mlock,4,@A,@N
	mlock-one-of-two    | map4;map5 | mlock,4,@A,@N;mlock,5,@A,@N;munlock,4,@A,@N
	mlock-stays         | map4;map6 | mlock,6,@A,@N
	mlock-stays-part    | map4;map6 | mlock,6,@A,@H
	mlock-unmap         | map4 | mlock,4,@A,@N;unmap,4,@A,@H
	mlock-truncate      | map4 | mlock,4,@A,@N;truncate,4,@F,@H
	munlock             | map4 | mlock,4,@A,@N;munlock,4,@A,@N
	munlock-part        | map6 | mlock,6,@A,@N;munlock,6,@A,@H
	mremap              | map4 | mremap,4,@A,@N,@B,@N
	mremap-part         | map4 | mremap,4,@A,@H,@B,@H
	mremap-cut          | map4 | mremap,4,@A,@N,@B,@H
	mremap-cut-in-place | map4;map5 | mremap,4,@A,@N,@A,@H
	mremap-over         | map4;map,4,@B,@N,r--p,@G,0;touch,4,@B,@N,r | mremap,4,@A,@N,@B,@N
	mremap-grow         | map,4,@A,@H,r--p,@F,0;touch,4,@A,@H,r | mremap,4,@A,@H,@B,@N;touch,4,@B,@N,r
	shm-truncate        | map4;map6 | truncate,4,@F,@H
	shm-grow            | map4 | grow;fsync,4,@F
	shm-grow-truncate   | map6 | grow;truncate,4,@F,@H
	shm-rename          | map4;map6 | rename,4,@F,@G
	shm-dontneed        | map4 | fadvise,4,@F,0,0,dontneed
	shm-mlock           | map6 | mlock,6,@A,@H
	shm-mremap          | map4 | mremap,4,@A,@H,@B,@H
	stays               | map6 | 
	stays-read          | read,6,@F,0,@N | read,6,@F,0,@N
	END
}

trace() {
	operations | awk '
function row(s) { print s }
function map(pid, f, how, where) {
	row("map," pid "," where "," pages[f] "," (how == "w" ? "rw-s" : "r--p") "," f ",0")
	row("touch," pid "," where "," pages[f] "," how)
}
function write_all(pid, f, first, end,   p) {
	for (p = first; p < end; p += size[f])
		row("write," pid "," f "," p "," size[f])
}
function perform(what, f, where,   n, step, s, t) {
	n = split(what, step, ";")
	for (s = 1; s <= n; s++) {
		t = step[s]
		gsub(/^ +| +$/, "", t)
		if (t ~ /^mapw?[456]$/) {
			map(substr(t, length(t)), f, t ~ /w/ ? "w" : "r", where)
		} else if (t == "grow") {
			write_all(4, f, pages[f], 2 * pages[f])
		} else if (t == "rewrite") {
			write_all(4, f, 0, pages[f])
		} else if (t != "") {
			gsub(/@F/, f, t)
			gsub(/@G/, "other-" f, t)
			gsub(/@N/, pages[f], t)
			gsub(/@S/, size[f], t)
			gsub(/@L/, pages[f] - size[f], t)
			gsub(/@H/, pages[f] / 2 + 1, t)
			gsub(/@A/, where, t)
			gsub(/@B/, where + 512, t)
			row(t)
		}
	}
}
BEGIN {
	FS = "|"
	nr_orders = split("0 2 5 9", order, " ")
	split("8 4 2 1", number, " ")
}
{
	gsub(/ /, "", $1)
	name[++nr_operations] = $1
	before[nr_operations] = $2
	after[nr_operations] = $3
}
END {
	row("reapsim-trace,2\n# The decision matrix of operations, made by tests/kernel/operations-matrix.sh.")
	row("machine,memcg_pages,131072\nmachine,readahead_pages,0\nmachine,fault_around_pages,1")
	row("machine,dirty_expire_ms,3600000\nmachine,dirty_background_ratio,90")
	for (i = 1; i <= nr_operations; i++)
		for (h = 0; h < 2; h++)
			for (o = 1; o <= nr_orders; o++) {
				f = name[i] "-" (h ? "active" : "new") "-" order[o]
				file[++nr] = f
				operation[f] = i
				active[f] = h
				size[f] = 2 ^ order[o]
				pages[f] = size[f] * number[o]
				tmpfs = f ~ /^shm-/ ? ",shmem" : ""
				row("file," f "," (after[i] ~ /grow;/ ? 2 : 1) * pages[f] tmpfs ",size=" pages[f])
				if ((before[i] after[i]) ~ /@G/)
					row("file,other-" f "," pages[f] tmpfs)
			}
	row("spawn,1")
	for (i = 1; i <= nr; i++) {
		write_all(1, file[i], 0, pages[file[i]])
		row("fsync,1," file[i])
	}
	row("exit,1\ndrain")
	for (pid = 2; pid < 4; pid++) {
		row("spawn," pid)
		for (i = 1; i <= nr; i++)
			if (active[file[i]])
				map(pid, file[i], "r", 8192 + 1024 * i)
		row("exit," pid "\ndrain")
	}
	row("spawn,4\nspawn,5\nspawn,6")
	for (i = 1; i <= nr; i++)
		perform(before[operation[file[i]]], file[i], 8192 + 1024 * i)
	row("drain\nmark,before")
	for (i = 1; i <= nr; i++)
		perform(after[operation[file[i]]], file[i], 8192 + 1024 * i)
	row("advance,1s\nfork,6,7\ndrain\nmark,after")
	row("mrelease,4\nmrelease,5\ndrain\nmark,reaped")
	row("advance,4s\nmemory_reclaim,6000\ndrain\nmark,reclaimed")
	row("advance,4s\nmemory_max,51050\ndrain\nmark,limited")
}'
}

matrix_of_orders operation "-s kmem=on -s memcg_stats=flushed -s file_system=ext4" "$@"
