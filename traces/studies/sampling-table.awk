# SPDX-License-Identifier: GPL-2.0-only
# A table of the rows of sampling.awk: of how many cells the interval covers the whole trace's value.
BEGIN {
	FS = ","
	print "| trace | refaults covered | fills covered | changes covered | error | half interval |"
	print "|---|---|---|---|---|---|"
}
function abs(x) { return x < 0 ? -x : x }
function sort(v, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j >= 1 && v[j] > x; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
}
# the median of a row's values
function median(what, row,    i, n, v) {
	n = count[what, row]
	for (i = 1; i <= n; i++)
		v[i] = value[what, row, i]
	sort(v, n)
	return n ? v[int((n + 1) / 2)] : 0
}
function add(what, row, x) { value[what, row, ++count[what, row]] = x }
function see(row) {
	kind = $7 == "change" ? "change" : $6 == "sim_fills" ? "fills" : "refaults"
	nr[kind, row]++
	hit[kind, row] += $12
	if (kind == "refaults" && $8 > 0) {
		add("error", row, 100 * abs($9 / $8 - 1))
		add("half", row, 100 * ($11 - $10) / 2 / $8)
	}
}
function print_row(row) {
	printf "| %s | %d of %d | %d of %d | %d of %d | %.1f%% | %.1f%% |\n", row,
		hit["refaults", row], nr["refaults", row], hit["fills", row], nr["fills", row],
		hit["change", row], nr["change", row], median("error", row), median("half", row)
}
$2 == "refused" {
	nr_refused++
	next
}
{
	if (!($1 in known)) {
		known[$1] = 1
		rows[++nr_rows] = $1
	}
	see($1)
	see("all, " $3)
	see("all")
	if (!$12)
		missed[++nr_missed] = $1 ", seed " $2 ", " $3 ", " $4 ", " $5 ", " $6 ": " $8 ($7 == "change" ? "%" : "") \
			", estimated " $9 ", " $10 " to " $11
}
END {
	for (i = 1; i <= nr_rows; i++)
		print_row(rows[i])
	print_row("all, classic")
	print_row("all, mglru")
	print_row("all")
	if (nr_refused)
		printf "\nRefused, as the trace is too small: %d pairs of a machine and an LRU, once a seed.\n", nr_refused
	if (nr_missed)
		print "\nNot covered:\n"
	for (i = 1; i <= nr_missed; i++)
		print "- " missed[i]
}
