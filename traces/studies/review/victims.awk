# SPDX-License-Identifier: GPL-2.0-only
# What becomes of the file pages that a process leaves: from a trace as text, a row
#
#	trace,deaths,pages,shared_percent,only_percent,again_percent,read_percent
#
# pages: pages of files, without shmem, used through mappings by a process that ended, summed over
# all of them. shared_percent: of these, those in MAP_SHARED mappings; a recording does not tell
# which of them are VM_SHARED and so left alone by the OOM reaper and process_mrelease().
# only_percent: used by no other live process through a mapping. again_percent: of these only
# ones, those that anybody uses later. read_percent: of them, those whose next use is a read() or
# write(), so by a third party or a new process without a mapping.
#
# Approximations: "used" is a touch in the trace, so a page that fault-around mapped and nobody
# touched does not count, neither as the victim's nor as another process's; a file has the same
# pages all the time (truncation and unlinking are ignored). A process that lives at the end of
# the trace has not ended.
#
#	reapsim trace convert --to text TRACE - | awk -F, -v trace=NAME -f victims.awk

function use(id, how) {
	if (id in waiting) {
		again += waiting[id]
		if (how == "read")
			by_read += waiting[id]
		delete waiting[id]
	}
}

function copy(from, to,    i) {
	nr_maps[to] = nr_maps[from]
	for (i = 1; i <= nr_maps[from]; i++)
		map[to, i] = map[from, i]
}

function touch(pid, at, count, stride,    i, page, m, v, id) {
	for (i = 0; i < count; i++) {
		page = at + i * stride
		# the newest mapping of this address
		for (m = nr_maps[pid]; m > 0; m--) {
			split(map[pid, m], v, SUBSEP)
			if (page >= v[1] && page < v[1] + v[2])
				break
		}
		if (!m || v[3] == "" || v[3] in shmem)
			continue
		id = v[3] SUBSEP (v[4] + page - v[1])
		use(id, "map")
		if (!((pid, id) in mine)) {
			mine[pid, id] = v[5]
			users[id]++
			list[pid, ++nr_used[pid]] = id
		}
	}
}

# All pages of @pid are unmapped; @dead: it ended, and what it only used waits for another use.
function leave(pid, dead,    i, id) {
	for (i = 1; i <= nr_used[pid]; i++) {
		id = list[pid, i]
		users[id]--
		if (dead) {
			pages++
			shared += mine[pid, id] == "s"
			if (!users[id]) {
				only++
				waiting[id]++
			}
		}
		delete mine[pid, id]
		delete list[pid, i]
	}
	nr_used[pid] = nr_maps[pid] = 0
}

# 0x1f as a number
function hex(s,    i, v) {
	for (i = 3; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}

function address(s) { return s ~ /^0x/ ? hex(s) : s + 0 }

function remember(pid, at, count, file, offset, kind) {
	map[pid, ++nr_maps[pid]] = at SUBSEP count SUBSEP file SUBSEP offset SUBSEP kind
}

$1 == "file" && $4 == "shmem" { shmem[$2] }
$1 == "map" { remember($2, address($3), $4, $6, $7, substr($5, 4, 1)) }
$1 == "anon" || $1 == "unmap" { remember($2, address($3), $4, "", 0, "") }
$1 == "fork" { copy($2, $3) }
$1 == "exec" { leave($2, 0) }
$1 == "touch" { touch($2, address($3), $4, $6 == "" ? 1 : $6) }
$1 == "read" || $1 == "write" {
	for (i = 0; i < $5; i++)
		use($3 SUBSEP ($4 + i), "read")
}
$1 == "exit" || $1 == "kill" || $1 == "mrelease" || $1 == "oom" { leave($2, 1); deaths++ }

function of(part, whole) { return whole ? sprintf("%.1f", 100 * part / whole) : 0 }

END {
	printf "%s,%d,%d,%s,%s,%s,%s\n", trace, deaths, pages, of(shared, pages), of(only, pages),
		of(again, only), of(by_read, again)
}
