# SPDX-License-Identifier: GPL-2.0-only
# From the rows of "agree --csv" the change of what a kernel read from the disk until the last
# snapshot, or of the refaults where a recording does not tell what was read, as rows that
# review.awk takes. The interval is that of all pairs of runs; p is 0 if the runs under the policy
# and those under baseline do not overlap, else 1. sim_percent is the simulator's change.
#
#	awk -F, -f kernel.awk -v set=NAME -v kernel=VERSION AGREE.csv

$6 == "disk_read_pages" || $6 == "workingset_refault_file" {
	key = $2 SUBSEP $3 SUBSEP $4
	if ($4 != "baseline" && !(key in counter))
		keys[++nr] = key
	if (counter[key] == "disk_read_pages" && $6 != counter[key])
		next
	counter[key] = $6
	low[key] = $7
	median[key] = $8
	high[key] = $9
	runs[key] = $10
	sim[key] = $11
}

function change(now, before) { return 100 * (now - before) / before }

END {
	print "trace,machine,limit_pages,kernel,lru,policy,against,ends_as,counter,members,against_mean,percent,low_percent,high_percent,p,sim_percent"
	for (i = 1; i <= nr; i++) {
		key = keys[i]
		split(key, k, SUBSEP)
		base = k[1] SUBSEP k[2] SUBSEP "baseline"
		if (!low[base] || !sim[base])
			continue
		overlap = low[key] <= high[base] && high[key] >= low[base]
		printf "%s,%s,,%s,%s,%s,baseline,recorded,%s,%d,%.10g,%.6f,%.6f,%.6f,%d,%.6f\n",
			k[1], set, kernel, k[2], k[3], counter[key], runs[key], median[base],
			change(median[key], median[base]), change(low[key], high[base]),
			change(high[key], low[base]), overlap, change(sim[key], sim[base])
	}
}
