# SPDX-License-Identifier: GPL-2.0-only
# Measured and predicted times side by side: from the CSV files of reapsim play and reapsim outcome,
# TRACE-measured.csv and TRACE-predicted.csv.
#
#	csv	file for a row per trace, policy and value
#	plot	file for the picture: VALUE MEASURED LOW HIGH PREDICTED LOW HIGH
#
# A measured value is the median of the repetitions, a predicted one that of the seeds; their ranges
# are the least and the most. A change is a policy's value relative to baseline's, in the same
# repetition or of the same seed. It is certain if it has the same sign in all of them.

BEGIN {
	FS = ","
	# value, its unit in ns, or 0: a count; column measured, column predicted and its unit
	nr_values = split("reap free100 free50 wait total start50 start95 fills refaults", value, " ")
	split("reap_ns free100_ns free50_ns wait_ns total_ns start50_ns start95_ns read_pages workingset_refault_file", measured, " ")
	split("reap_ps free100_ns free50_ns io_wait_ns steps_ns start_p50_ns start_p95_ns sim_fills workingset_refault_file", predicted, " ")
	split("CPU time of deaths|kill to 100% free|kill to 50% free|waiting|all steps|start, p50|start, p95|pages read|refaults", title, "|")
	# what a policy of the simulator is called on a stock kernel
	stock["v1"] = "skip"
	stock["baseline+evict"] = "evict"
	stock["v1+evict"] = "skip+evict"
}

function column_of(name) {
	if (!(name in column)) {
		printf "time-agreement: %s: no column %s\n", FILENAME, name >"/dev/stderr"
		bad = 1
		exit 1
	}
	return column[name]
}

FNR == 1 {
	trace = FILENAME
	sub(/.*\//, "", trace)
	is_measured = trace ~ /-measured\.csv$/
	sub(/-(measured|predicted)\.csv$/, "", trace)
	if (is_measured)
		traces[++nr_traces] = trace
	split("", column)
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

{
	policy = $column_of("policy")
	if (policy in stock)
		policy = stock[policy]
	if (is_measured && !((trace, policy) in seen)) {
		seen[trace, policy] = 1
		policies[trace, ++nr_policies[trace]] = policy
	}
	run = $column_of(is_measured ? "repetition" : "seed")
	kind = is_measured ? "m" : "p"
	if (!((kind, trace, run) in known)) {
		known[kind, trace, run] = 1
		runs[kind, trace, ++nr_runs[kind, trace]] = run
	}
	for (v = 1; v <= nr_values; v++) {
		x = $column_of(is_measured ? measured[v] : predicted[v])
		if (!is_measured && value[v] == "wait")
			x += $column_of("sync_wait_ns")
		if (!is_measured && value[v] == "reap")
			x = (x - $column_of("exec_ps") + $column_of("advise_ps")) / 1000
		cell[kind, trace, policy, v, run] = x
	}
}

function sort_x(n, i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && xs[j - 1] > xs[j]; j--) {
			t = xs[j]
			xs[j] = xs[j - 1]
			xs[j - 1] = t
		}
}

# median, low and high of xs[1..n], into mid, low, high
function spread(n) {
	sort_x(n)
	low = xs[1]
	high = xs[n]
	mid = n % 2 ? xs[(n + 1) / 2] : (xs[n / 2] + xs[n / 2 + 1]) / 2
}

# the spread of the values of a cell, or of its changes from baseline; return: their number
function gather(kind, trace, policy, v, change, n, i, run, x, base) {
	split("", xs)
	n = 0
	for (i = 1; i <= nr_runs[kind, trace]; i++) {
		run = runs[kind, trace, i]
		if (!((kind, trace, policy, v, run) in cell))
			continue
		x = cell[kind, trace, policy, v, run]
		if (x == "")
			continue
		if (change) {
			base = cell[kind, trace, "baseline", v, run]
			if (base == "" || base <= 0)
				continue
			x = x / base
		}
		xs[++n] = x + 0
	}
	if (n)
		spread(n)
	return n
}

function off(a, b) { return a > b ? a / b - 1 : b / a - 1 }
function median_of(list, n, i) {
	split("", xs)
	for (i = 1; i <= n; i++)
		xs[i] = list[i]
	if (!n)
		return "-"
	spread(n)
	return sprintf("%.0f%%", 100 * mid)
}

END {
	if (bad)
		exit 1
	print "trace,policy,value,measured,measured_low,measured_high,predicted,predicted_low,predicted_high," \
		"change_measured,change_measured_low,change_measured_high,change_predicted,certain,sign_agrees" >csv
	for (t = 1; t <= nr_traces; t++)
		for (p = 1; p <= nr_policies[traces[t]]; p++)
			for (v = 1; v <= nr_values; v++)
				one(traces[t], policies[traces[t], p], v)
	table()
}

function one(trace, policy, v, nm, np, m, ml, mh, p, pl, ph, cm, cl, ch, cp, certain, agrees) {
	nm = gather("m", trace, policy, v, 0)
	m = mid; ml = low; mh = high
	np = gather("p", trace, policy, v, 0)
	p = mid; pl = low; ph = high
	if (!nm || !np)
		return
	# what neither has says nothing
	if (m <= 0 && p <= 0)
		return
	if (m > 0 && p > 0) {
		absolute[v, ++nr_absolute[v]] = off(p, m)
		near[v] += off(p, m) <= 0.25
		print v, m, ml, mh, p, pl, ph >plot
	} else {
		lone[v]++
	}
	cm = cl = ch = cp = certain = agrees = ""
	if (policy != "baseline") {
		nm = gather("m", trace, policy, v, 1)
		cm = nm ? mid : ""; cl = nm ? low : ""; ch = nm ? high : ""
		np = gather("p", trace, policy, v, 1)
		cp = np ? mid : ""
		if (nm && np) {
			ratio[v, ++nr_ratio[v]] = off(cp > 0 ? cp : 1e-9, cm > 0 ? cm : 1e-9)
			close_[v] += ratio[v, nr_ratio[v]] <= 0.1
			certain = (cl > 1 || ch < 1) && nm > 4
			if (certain) {
				agrees = (cm > 1) == (cp > 1) && cp != 1
				nr_certain[v]++
				nr_agrees[v] += agrees
				if (!agrees)
					wrong[++nr_wrong] = sprintf("%-13s%-15s%-18s%6.3f [%.3f, %.3f]%7.3f", trace, policy, title[v], cm, cl, ch, cp)
			}
		}
	}
	printf "%s,%s,%s,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f", trace, policy, value[v], m, ml, mh, p, pl, ph >csv
	if (policy == "baseline")
		print ",,,,,," >csv
	else
		printf ",%.4g,%.4g,%.4g,%.4g,%s,%s\n", cm, cl, ch, cp, certain, agrees >csv
}

function table(v, i) {
	printf "%d traces; predicted / measured, off by (median); cells within 25%%;\n", nr_traces
	printf "changes from baseline, off by (median); within 10%%; signs that are\n"
	printf "certain on the machine, and predicted\n\n"
	printf "%-18s%8s%10s %9s%10s%14s\n", "", "value", "in 25%", "change", "in 10%", "signs"
	for (v = 1; v <= nr_values; v++) {
		split("", list)
		for (i = 1; i <= nr_absolute[v]; i++)
			list[i] = absolute[v, i]
		a = median_of(list, nr_absolute[v])
		split("", list)
		for (i = 1; i <= nr_ratio[v]; i++)
			list[i] = ratio[v, i]
		r = median_of(list, nr_ratio[v])
		printf "%-18s%8s%10s %9s%10s%14s\n", title[v], a, \
			(near[v] + 0) "/" (nr_absolute[v] + 0), r, (close_[v] + 0) "/" (nr_ratio[v] + 0), \
			(nr_agrees[v] + 0) " of " (nr_certain[v] + 0)
	}
	if (nr_wrong) {
		printf "\ncertain changes that are predicted with another sign, x baseline\n"
		printf "%-13s%-15s%-18s%6s %14s%7s\n", "trace", "policy", "", "measured", "", "predicted"
		for (i = 1; i <= nr_wrong; i++)
			print wrong[i]
	}
}
