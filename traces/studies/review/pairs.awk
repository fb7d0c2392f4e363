# SPDX-License-Identifier: GPL-2.0-only
# From the rows of --csv of two sets of runs that differ in one column, rows as --differences
# has them: the median, the least and the most change of one counter, and the sign test.
#
#	awk -F, -f spread.awk -f pairs.awk -v by=kernel -v from=7.3 -v to=7.3-rc7 \
#		-v counters="sim_fills kills" ROWS.csv
#
# Runs of a pair have the same trace, machine, LRU and policy, and are the same member of an
# ensemble, or have the same seed. Traces NAME-1 to NAME-8, of other seeds, are one sample.

function sign_p(less, more,    n, k, of, p, c) {
	n = less + more
	k = less < more ? less : more
	of = 1
	for (c = 0; c <= k; c++) {
		p += of
		of = of * (n - c) / (c + 1)
	}
	p = 2 * p / 2 ^ n
	return p < 1 ? p : 1
}

$1 == "trace" || $1 == "member" {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	if (!nr)
		print "trace,machine,limit_pages,kernel,lru,policy,against,ends_as,counter,members,against_mean,percent,low_percent,high_percent,p"
	next
}

{
	trace = $at["trace"]
	run = trace SUBSEP ("member" in at ? $at["member"] : $at["seed"])
	sub(/-[0-9]+\.rtrace$/, "", trace)
	row = trace SUBSEP $at["machine"] SUBSEP $at["lru"] SUBSEP $at["policy"] SUBSEP $at["ends_as"]
	if (!(row in seen))
		seen[row] = rows[++nr] = row
	if (!((row, run) in runs))
		runs[row, run] = list[row, ++length_of[row]] = run
	for (c = split(counters, name, " "); c > 0; c--)
		value[row, run, $at[by], name[c]] = $at[name[c]]
}

END {
	for (i = 1; i <= nr; i++) {
		row = rows[i]
		for (c = 1; c <= split(counters, name, " "); c++) {
			n = less = more = sum = 0
			for (k = 1; k <= length_of[row]; k++) {
				first = value[row, list[row, k], from, name[c]]
				now = value[row, list[row, k], to, name[c]]
				if (first == "" || now == "")
					continue
				sum += first
				less += now + 0 < first + 0
				more += now + 0 > first + 0
				sort_in(changes, ++n, now == first ? 0 : first + 0 ? now / first - 1 : 1e10)
			}
			if (!n)
				continue
			split(row, key, SUBSEP)
			printf "%s,%s,,%s,%s,%s,%s,%s,%s,%d,%.10g,%s,%.6g\n", key[1], key[2], to, key[3],
				key[4] " (" to ")", key[4] " (" from ")", key[5], name[c], n, sum / n,
				spread(changes, n, "%.6f", 100), less + more ? sign_p(less, more) : 1
		}
	}
}
