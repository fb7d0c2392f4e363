# SPDX-License-Identifier: GPL-2.0-only
# Tables and plots of what the sweeps of traces/studies/rotation.sh counted:
# DIR=DIR NAME=BASE awk -f rotation.awk BASE.csv
# A change is that of the mean over seeds of a variant's count against the first
# variant's; "~" where the seeds do not agree on its sign.
BEGIN {
	FS = ","
	out = ENVIRON["DIR"]
	name = ENVIRON["NAME"]
}

# a gnuplot string, in which nothing is replaced or executed
function quoted(s) {
	gsub(/[[:cntrl:]]/, "?", s)
	gsub(/'/, "''", s)
	return "'" s "'"
}

FNR == 1 {
	for (i = 1; i <= NF; i++)
		col[$i] = i
	fields = NF
	next
}

# a name with a comma, a quote or a newline would move every number
NF != fields || /"/ {
	print FILENAME ":" FNR ": expected " fields " plain fields" >"/dev/stderr"
	exit bad = 1
}

{
	key = $col["axis"] SUBSEP $col["point"]
	if (!(key in seen)) {
		seen[key] = ++nr
		axis[nr] = $col["axis"]
		point[nr] = $col["point"]
		if (!(axis[nr] in axes)) {
			axes[axis[nr]] = ++nr_axes
			axis_name[nr_axes] = axis[nr]
		}
	}
	n = seen[key]
	p = $col["variant"]
	if (base == "")
		base = p
	if (p != base && !(p in variants)) {
		variants[p] = ++nr_variants
		variant[nr_variants] = p
	}
	l = $col["arm"]
	if (!(l in arms)) {
		arms[l] = ++nr_arms
		arm[nr_arms] = l
	}
	file[n, l, p, $col["seed"]] = $col["workingset_refault_file"]
	anon[n, l, p, $col["seed"]] = $col["workingset_refault_anon"]
	if ($col["seed"] > seeds)
		seeds = $col["seed"]
}

function mean(a, n, l, p,    s, sum) {
	for (s = 1; s <= seeds; s++)
		sum += a[n, l, p, s]
	return sum / seeds
}

# the change in percent; agree: 1 if all seeds have its sign, low, high: their range
function change(a, n, l, p,    s, d, b, up, down) {
	low = 1e9
	high = -1e9
	for (s = 1; s <= seeds; s++) {
		b = a[n, l, base, s]
		d = b ? 100 * (a[n, l, p, s] - b) / b : (a[n, l, p, s] > 0 ? 100 : 0)
		up += d > 0
		down += d < 0
		low = d < low ? d : low
		high = d > high ? d : high
	}
	agree = up == seeds || down == seeds
	b = mean(a, n, l, base)
	return b ? 100 * (mean(a, n, l, p) - b) / b : (mean(a, n, l, p) > 0 ? 100 : 0)
}

function cell(a, n, l, p,    d) {
	d = change(a, n, l, p)
	if (low == 0 && high == 0)
		return "="
	return sprintf("%s%+.1f%%", (agree ? "" : "~"), d)
}

function number(v) {
	return v < 1e6 ? sprintf("%d", v + 0.5) : sprintf("%.2fM", v / 1e6)
}

function table(a_nr, p,    n, l, k, label) {
	printf "%s: %s against %s\n", axis_name[a_nr], p, base
	printf "%-22s%25s%25s\n", "", "------- " arm[1] " -------", "------- " arm[2] " -------"
	printf "%-22s%9s%8s%8s%9s%8s%8s\n", "", "refaults", "file", "anon", "refaults", "file", "anon"
	for (n = 1; n <= nr; n++) {
		if (axis[n] != axis_name[a_nr])
			continue
		label = point[n]
		sub(/ order=zipf$/, "", label)
		gsub(/[a-z_]+=/, "", label)
		printf "%-22s", label
		for (k = 1; k <= 2; k++)
			printf "%9s%8s%8s", number(mean(file, n, arm[k], base)), \
				cell(file, n, arm[k], p), cell(anon, n, arm[k], p)
		printf "\n"
	}
	printf "\n"
}

# gnuplot's data: an index an axis and LRU
function data(dat, p,    a_nr, k, n, v, d) {
	print "# reapsim plot" >dat
	for (a_nr = 1; a_nr <= nr_axes; a_nr++)
		for (k = 1; k <= 2; k++) {
			printf "# %s, %s: value(s), change, low, high, agree\n", axis_name[a_nr], \
				arm[k] >dat
			for (n = 1; n <= nr; n++) {
				if (axis[n] != axis_name[a_nr])
					continue
				v = point[n]
				sub(/ order=zipf$/, "", v)
				gsub(/[a-z_]+=/, "", v)
				d = change(file, n, arm[k], p)
				if (split(v, xy, " ") == 2 && !(xy[2] in rank)) {
					rank[xy[2]] = ++nr_ranks
					ytics = ytics sprintf("%s%s %d", (nr_ranks > 1 ? ", " : ""), \
						quoted(xy[2]), nr_ranks)
				}
				print v, d, low, high, agree, rank[xy[2]] >dat
			}
			printf "\n\n" >dat
		}
	close(dat)
}

function panel(gp, ax, label,    k) {
	printf "set title %s\nset xlabel %s\n", quoted(label), quoted(ax) >gp
	printf "plot 0 lc '#888888' lw 1 notitle" >gp
	for (k = 1; k <= 2; k++)
		printf ", %s index %d using 1:2:3:4 with yerrorlines lw 2 pt %d lc '%s' title %s", \
			quoted("./" name ".dat"), 2 * (axes[ax] - 1) + k - 1, 5 + 2 * k, colour[k], \
			quoted(arm[k]) >gp
	printf "\n" >gp
}

# a square a point: orange costs, blue saves, grey: the seeds do not agree, or nothing
function map(gp, ax, k,    nr_index) {
	nr_index = 2 * (axes[ax] - 1) + k - 1
	printf "set title %s\nset xlabel 'cached_limit'\n", quoted(arm[k] ": change (%)") >gp
	printf "set ylabel 'exclusive_percent'\nset ytics (%s)\n", ytics >gp
	printf "plot %s index %d using 1:7:($6 == 1 ? ($3 > 0 ? 1 : $3 < 0 ? -1 : 0) : 0)" \
		" with points pt 5 ps 6 palette notitle, " \
		"'' index %d using 1:7:(sprintf('%%+.0f', $3)) with labels notitle\n", \
		quoted("./" name ".dat"), nr_index, nr_index >gp
}

function script(gp, p,    t, both) {
	both = "cached_limit x exclusive_percent"
	print "# reapsim plot: run gnuplot on it in its folder" >gp
	for (t = 1; t <= 2; t++) {
		print (t == 1 ? "set terminal svg size 1100,1150 font 'sans,13' background '#ffffff'" \
			: "set terminal pngcairo size 1100,1150 font 'sans,10'") >gp
		print "set output " quoted("./" name "." (t == 1 ? "svg" : "png")) >gp
		print "set multiplot layout 3,2 title " quoted("File refaults, " p " against " base \
			", percent: above 0 it costs (bars: " seeds " seeds, cut at -60 and 120)") \
			" noenhanced" >gp
		print "set grid ytics lc '#dddddd' lt 1\nset border 3\nset tics nomirror" >gp
		print "set key top left\nset ylabel 'change (%)'\nset offsets graph 0.03, graph 0.03, graph 0.1, graph 0.1" >gp
		print "set xlabel noenhanced\nset ylabel noenhanced\nset title noenhanced" >gp
		print "set yrange [-60:120]" >gp
		panel(gp, "cached_limit", "apps kept alive: how full memory is")
		panel(gp, "exclusive_percent", "share of file pages that only one app maps")
		panel(gp, "start_percent", "share of them that a start touches")
		panel(gp, "resume_percent", "share of that which a resume touches")
		print "set yrange [*:*]" >gp
		print "set cbrange [-1:1]\nset palette defined (-1 '#56b4e9', 0 '#dddddd', 1 '#d55e00')" >gp
		print "unset colorbox\nunset key\nunset grid" >gp
		map(gp, both, 1)
		map(gp, both, 2)
		print "unset multiplot\nset ytics autofreq\nset key" >gp
	}
	close(gp)
}

END {
	if (bad)
		exit 1
	colour[1] = "#0072b2"
	colour[2] = "#d55e00"
	printf "Refaults of files, %s; the change of file and anon refaults.\n", base
	printf "Mean of %d seeds; ~: the seeds do not agree on the sign.\n\n", seeds
	for (i = 1; i <= nr_variants; i++)
		for (j = 1; j <= nr_axes; j++)
			table(j, variant[i])
	data(out "/" name ".dat", variant[1])
	script(out "/" name ".gp", variant[1])
}
