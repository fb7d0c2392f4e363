# SPDX-License-Identifier: GPL-2.0-only
# The condensed tables of traces/studies/COST.md, from what traces/studies/cost.sh wrote: the tables of
# reapsim outcome and reclaim-first, and the differences of breakeven.
#
# The files are named ARCHETYPE-*, and come in the order of the tables' rows.

function add(list, value) {
	if (!((list, value) in seen)) {
		seen[list, value] = 1
		item[list, ++nr[list]] = value
	}
}

FNR == 1 {
	a = FILENAME
	sub(/.*\//, "", a)
	kind = a
	sub(/-.*/, "", a)
	kind = kind ~ /-outcome-/ ? "outcome" : kind ~ /-differences/ ? "even" : "reclaim"
	delete column
}

# the columns of a CSV file
kind == "even" && FNR == 1 {
	n = split($0, name, ",")
	for (i = 1; i <= n; i++)
		column[name[i]] = i
	next
}

kind == "even" {
	split($0, f, ",")
	add("policy " a, f[column["policy"]])
	add("delay " a, f[column["delay"]])
	even[a, f[column["machine"]], f[column["lru"]], f[column["policy"]], f[column["delay"]]] = \
		f[column["even_p"]]
	sure[a, f[column["machine"]], f[column["lru"]], f[column["policy"]], f[column["delay"]]] = \
		f[column["significant"]] "/" f[column["of"]]
	next
}

# a table of outcome
kind == "outcome" && / on .*pages/ {
	m = $0
	sub(/.* on /, "", m)
	sub(/,.*/, "", m)
	add("arch", a)
	add("machine", m)
}
kind == "outcome" && /^lru / {
	l = $2
	sub(/,/, "", l)
	add("lru", l)
}
kind == "outcome" && /^CPU time/ { part = "reap" }
kind == "outcome" && /^its parts/ { part = "" }
kind == "outcome" && /^time from the kill/ { part = "free" }
kind == "outcome" && /^kills/ { part = "" }
kind == "outcome" && /^total time in direct/ { part = "stall" }
kind == "outcome" && /^total time waiting for/ { part = "wait" }
kind == "outcome" && /^time from a restart/ { part = "restart" }
kind == "outcome" && /^net:/ { part = "net" }
kind == "outcome" && part && NF > 1 && /^(baseline|rfc|v1|flag|any-exit|prctl|demote)/ {
	value[a, m, l, $1, part] = $2
	change[a, m, l, $1, part] = $3
	if (part == "stall") {
		v = $NF
		sub(/[=~]$/, "", v)
		value[a, m, l, $1, "kswapd"] = v
	}
}

# a table of reclaim-first
kind == "reclaim" && /; policies: fills/ {
	split($0, f, ", |; ")
	m = f[1]
	l = f[2]
}
kind == "reclaim" && $1 == "stream" {
	for (i = 6; i <= NF; i++)
		name[i] = $i
	n_reclaim = NF
}
kind == "reclaim" && /%/ && $1 ~ /^[0-9]+$/ {
	if (!((a, $1) in seen)) {
		seen[a, $1] = 1
		stream[a, ++nr_streams[a]] = $1
	}
	young[a, m, l, $1] = $3 + 0
	nr_young++
	against[a, m, l, $1] = $5 + 0
	for (i = 6; i <= n_reclaim; i++)
		more[a, m, l, $1, name[i]] = $i + 0
}

# rows(WHAT): a line for each archetype, machine and LRU
function rows(what,    i, j, k) {
	for (i = 1; i <= nr["arch"]; i++) {
		a = item["arch", i]
		print a
		for (j = 1; j <= nr["machine"]; j++)
			for (k = 1; k <= nr["lru"]; k++) {
				m = item["machine", j]
				l = item["lru", k]
				printf "  %-12s%-7s", k == 1 ? m : "", l
				if (what == "parts")
					parts_row()
				else if (what == "young" || what == "v1")
					reclaim_row(what)
				else
					changes(what)
				printf "\n"
			}
	}
	printf "\n"
}

function changes(part,    p) {
	printf "%9s", value[a, m, l, "baseline", part]
	for (p = 1; p <= 4; p++)
		printf "%10s", short(change[a, m, l, shown[p], part])
}

# "+12.3+-4.5%~" -> "+12/4.5~"
function short(text,    f) {
	if (split(text, f, /\+-|%/) < 3)
		return text
	return sprintf("%s%s/%s%s", f[1] > 0 ? "+" : "", digits(f[1]), digits(f[2]), f[3])
}

function digits(v) {
	return sprintf(v < 9.95 && v > -9.95 ? "%.1f" : "%.0f", v)
}

function delta(p, part,    d, size) {
	d = value[a, m, l, p, part] - value[a, m, l, "baseline", part]
	size = d < 0 ? -d : d
	if (size >= 999.5)
		return sprintf(size < 9950 ? "%+.1fk" : "%+.0fk", d / 1000)
	return d == 0 ? "0" : sprintf(size < 9.95 ? "%+.1f" : "%+.0f", d)
}

function parts_row(    p, i, n, part) {
	n = split("reap stall kswapd wait", part, " ")
	for (p = 2; p <= 4; p += 2)
		for (i = 1; i <= n; i++)
			printf "%*s", i % 2 ? 5 : 6, delta(shown[p], part[i])
}

function even_cell(p, d,    v) {
	v = even[a, m, l, p, d]
	if (v ~ /^[0-9]/)
		return sprintf("%.2f", v)
	return sure[a, m, l, p, d] ~ /^0/ ? v : v " " sure[a, m, l, p, d]
}

# as in the heads of the other tables
function brief(policy) { return policy == "any-exit+evict" ? "any+ev." : policy }

function even_table(    i, j, k, p, d) {
	for (i = 1; i <= nr["arch"]; i++) {
		a = item["arch", i]
		printf "%-22s%-9s", a, "delay:"
		for (d = 1; d <= nr["delay " a]; d++)
			printf "%10s", item["delay " a, d]
		printf "\n"
		for (j = 1; j <= nr["machine"]; j++)
			for (k = 1; k <= nr["lru"]; k++)
				for (p = 1; p <= nr["policy " a]; p++) {
					m = item["machine", j]
					l = item["lru", k]
					printf "  %-12s%-8s%-9s", k + p == 2 ? m : "", \
						p == 1 ? l : "", brief(item["policy " a, p])
					for (d = 1; d <= nr["delay " a]; d++)
						printf "%10s", even_cell(item["policy " a, p], \
							item["delay " a, d])
					printf "\n"
				}
		printf "\n"
	}
}

# the streams of 1/2, 3/4, 1, 5/4 and 3/2 of memory: of 24 steps up to 3/2
function reclaim_row(what,    i, s) {
	for (i = 8; i <= 24; i += 4) {
		s = stream[a, i + 1]
		printf "%8s", what == "young" ? sprintf("%.0f/%.0f", young[a, m, l, s], \
			against[a, m, l, s]) : sprintf("%+d", more[a, m, l, s, what])
	}
}

function streams(text) {
	print text
	printf "%-21s%8s%8s%8s%8s%8s\n", "stream / memory:", "0.5", "0.75", "1", "1.25", "1.5"
}

END {
	if (!m || !nr_young || !nr["arch"]) {
		print "cost.awk: the tables of outcome or reclaim-first are not as expected" >"/dev/stderr"
		exit 1
	}
	split("v1 any-exit v1+evict any-exit+evict", shown, " ")
	head = sprintf("%-21s%9s%10s%10s%10s%10s", "", "baseline", "v1", "any-exit", "v1+evict", \
		"any+ev.")
	print "Net cost (CPU of unmapping and kswapd, stalls, waits): ms under the"
	print "baseline, and the change: percent/half its 95% interval. ~: it can be"
	print "noise, after Holm's correction for the comparisons of a machine and"
	print "LRU; =: the same in every seed; any+ev.: any-exit+evict."
	print head
	rows("net")
	print "From the kill until all that it frees is free: ms, and the change."
	print head
	rows("free")
	print "From a restart to the end of its start-up: median, ms, and the change. A"
	print "neighbour that comes again counts as one."
	print head
	rows("restart")
	print "Where the change of the net is: ms against the baseline, means; k: 1000."
	print "ksw: kswapd."
	printf "%-21s%22s%22s\n", "", "----- any-exit ----", "-- any-exit+evict -"
	printf "%-21s", ""
	for (i = 1; i <= 2; i++)
		printf "%5s%6s%5s%6s", "reap", "stall", "ksw", "wait"
	printf "\n"
	rows("parts")
	print "Break-even: the restart probability from which on the policy costs more"
	print "than the baseline. Where there is none: pays n/m, never n/m: it costs"
	print "less, or more, with certainty at n of m probabilities from 0 to 1, more"
	print "than half of them; noise: at fewer, or with both signs; same: nothing"
	print "differs."
	even_table()
	streams("Reclaim first: percent of the victim's mapped pages that are young at\nthe reap / of the marks due, those on pages that reclaim had aged.")
	rows("young")
	streams("Reclaim first: pages read after the return, more under v1 than baseline\n(one run, no interval)")
	rows("v1")
}
