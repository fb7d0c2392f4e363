# SPDX-License-Identifier: GPL-2.0-only
# Joins the CSV of "compare" and of "compare --sample" of one trace and LRU: a row for each cell and
# counter, and for each change from baseline:
#	name, seed, lru, settings of the machine, policy, counter, kind, whole, estimate, low, high, covered
BEGIN { FS = "," }
FNR == 1 {
	file++
	for (i = 1; i <= NF; i++)
		column[file, $i] = i
	next
}
file == 1 {
	for (i = 1; i <= 2; i++) {
		counter = i == 1 ? "workingset_refault_file" : "sim_fills"
		whole[$column[1, "machine"], $column[1, "policy"], counter] = $column[1, counter]
	}
	next
}
{
	machine = $column[2, "machine"]
	policy = $column[2, "policy"]
	counter = $column[2, "counter"]
	if (!((machine, policy, counter) in whole))
		next
	lru = $column[2, "lru"]
	is = whole[machine, policy, counter]
	cell = name "," seed "," lru "," settings "," policy "," counter
	low = $column[2, "low"]
	high = $column[2, "high"]
	print cell ",estimate," is "," $column[2, "estimate"] "," low "," high "," \
		(low <= is && is <= high)
	base = whole[machine, $column[2, "against"], counter]
	if (policy == $column[2, "against"] || $column[2, "percent"] == "" || !base)
		next
	is = 100 * (is / base - 1)
	low = $column[2, "low_percent"]
	high = $column[2, "high_percent"]
	print cell ",change," is "," $column[2, "percent"] "," low "," high "," \
		(low - 1e-4 <= is && is <= high + 1e-4)
}
