# SPDX-License-Identifier: GPL-2.0-only
# From the rows of "reapsim compare --differences" the table of README.md. Holm's correction
# for all cells of the table decides which of them can be noise.

$1 == "trace" {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}

$at["counter"] == "sim_fills" {
	row = $at["trace"] SUBSEP $at["machine"]
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nr_rows] = row
	}
	cell = row SUBSEP $at["lru"] SUBSEP $at["policy"]
	cells[++nr_cells] = cell
	base[row, $at["lru"]] = $at["against_mean"]
	mean[cell] = $at["percent"] + 0
	low[cell] = $at["low_percent"] + 0
	high[cell] = $at["high_percent"] + 0
	p[cell] = $at["p"] + 0
	members = $at["members"]
}

# Holm: the smallest p times the number of cells, the next times one less, never falling
function correct(    i, j, least, best, done, adjusted) {
	for (i = nr_cells; i > 0; i--) {
		best = 0
		for (j = 1; j <= nr_cells; j++)
			if (!(cells[j] in done) && (!best || p[cells[j]] < p[cells[best]]))
				best = j
		done[cells[best]] = 1
		adjusted = p[cells[best]] * i
		if (adjusted > least)
			least = adjusted
		noise[cells[best]] = least >= 0.05
	}
}

function number(v) {
	return sprintf(v < 9.95 && v > -9.95 ? "%+.1f" : "%+.0f", v)
}

function change(cell) {
	return sprintf("%s%% [%s, %s]%s", number(mean[cell]), number(low[cell]), number(high[cell]),
		noise[cell] ? "~" : "")
}

# "in 3 of 32 cells by +1.0% to +2.0%", and the widest interval of the others
function verdict(policy,    i, cell, k, nr, all, least, most, bound, text) {
	for (i = 1; i <= nr_cells; i++) {
		cell = cells[i]
		split(cell, k, SUBSEP)
		if (k[4] != policy)
			continue
		all++
		if (noise[cell]) {
			if (high[cell] > bound)
				bound = high[cell]
			continue
		}
		if (!nr || mean[cell] < least)
			least = mean[cell]
		if (!nr || mean[cell] > most)
			most = mean[cell]
		nr++
	}
	text = sprintf("with certainty in %d of %d cells", nr, all)
	if (nr)
		text = text sprintf(", by %s to %s%%", number(least), number(most))
	if (nr < all)
		text = text sprintf("; in the others no replay exceeds %s%%", number(bound))
	return text
}

END {
	correct()
	print "**In simulation, if every process is reaped:**"
	print ""
	print "- **skipping the call (`v1`) changes the reads from the device " verdict("v1") ";**"
	print "- **also evicting what only the victim mapped (`v1+evict`) changes them " \
		verdict("v1+evict") ".**"
	print ""
	print "| recording | memory | classic: reads | v1 | v1+evict |" \
		" MGLRU: reads | v1 | v1+evict |"
	print "|---|--:|--:|--:|--:|--:|--:|--:|"
	for (i = 1; i <= nr_rows; i++) {
		split(rows[i], k, SUBSEP)
		sub(/\.[a-z]*$/, "", k[1])
		line = sprintf("| %s | %s |", k[1], k[2])
		for (l = 1; l <= 2; l++) {
			lru = l == 1 ? "classic" : "mglru"
			line = line sprintf(" %.0f | %s | %s |", base[rows[i], lru],
				change(rows[i] SUBSEP lru SUBSEP "v1"),
				change(rows[i] SUBSEP lru SUBSEP "v1+evict"))
		}
		print line
	}
}
