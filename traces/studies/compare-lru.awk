# SPDX-License-Identifier: GPL-2.0-only
# Classic against MGLRU, from the CSV that "reapsim compare --csv" wrote under
# each: awk -v scenarios=0|1 -f compare-lru.awk classic.csv mglru.csv
# 0: a table per trace and kind of exit, a row per policy. 1: a row per trace, with what
# v1 and any-exit change.
BEGIN { FS = "," }

FNR == 1 {
	for (i = 1; i <= NF; i++)
		col[$i] = i
	fields = NF
	next
}

# a name with a comma, a quote or a newline would move every number
NF != fields || /"/ {
	print FILENAME ":" FNR ": expected " fields " plain fields; rename the trace" >"/dev/stderr"
	exit bad = 1
}

{
	trace = $col["trace"]
	end = $col["ends_as"]
	p = $col["policy"]
	l = $col["lru"]
	if (!((trace, end) in table)) {
		table[trace, end] = ++nr
		name[nr] = trace
		ends[nr] = end
	}
	t = table[trace, end]
	if (!((t, p) in row)) {
		row[t, p] = ++rows[t]
		policy[t, rows[t]] = p
	}
	refaults[t, p, l] = $col["workingset_refault_file"]
	fills[t, p, l] = $col["sim_fills"]
	activations[t, p, l] = $col["pgactivate"]
	marks[t, p, l] = $col["sim_zap_marks"]
	moves[t, p, l] = $col["sim_zap_moves"]
	all[t, p, l] = $col["sim_list_moves"]
}

# at most 5 characters and a sign; the CSV has all digits
function brief(v,    u) {
	u = v < 0 ? -v : v
	if (u < 10000)
		return sprintf("%d", v)
	if (u < 1000000)
		return sprintf("%.0fk", v / 1000)
	return sprintf("%.1fM", v / 1000000)
}

function full(v) {
	return v < 10000000 ? sprintf("%d", v) : sprintf("%.4gM", v / 1000000)
}

# the change against the baseline, "=" if there is none
function change(a, t, p, l,    d) {
	d = a[t, p, l] - a[t, "baseline", l]
	return d == 0 ? "=" : (d > 0 ? "+" : "") (a["digits"] ? full(d) : brief(d))
}

function differs(t, p,    k, l) {
	for (k = 1; k <= 2; k++) {
		l = lru[k]
		if (refaults[t, p, l] != refaults[t, "baseline", l] ||
		    activations[t, p, l] != activations[t, "baseline", l] ||
		    marks[t, p, l] != marks[t, "baseline", l] ||
		    all[t, p, l] != all[t, "baseline", l])
			return 1
	}
	return 0
}

function cell(a, t, p, l, width) {
	if (p == "baseline")
		printf "%" width "s", (a["digits"] ? full(a[t, p, l]) : brief(a[t, p, l]))
	else
		printf "%" width "s", change(a, t, p, l)
}

function detail(t,    i, k, p, l, same) {
	printf "%s, ends: %s\n", name[t], ends[t]
	printf "%-14s  %s  %s\n", "", "----------- classic ----------", "--------- MGLRU --------"
	printf "%-14s%8s%6s%6s%6s%6s%8s%6s%6s%6s\n", "policy", "refault", "activ", "marks", \
		"their", "moves", "refault", "activ", "marks", "moves"
	for (i = 1; i <= rows[t]; i++) {
		p = policy[t, i]
		if (p != "baseline" && !differs(t, p)) {
			same = same " " p
			continue
		}
		printf "%-14s", p
		for (k = 1; k <= 2; k++) {
			l = lru[k]
			cell(refaults, t, p, l, 8)
			cell(activations, t, p, l, 6)
			cell(marks, t, p, l, 6)
			if (k == 1)
				cell(moves, t, p, l, 6)
			cell(all, t, p, l, 6)
		}
		printf "\n"
	}
	if (same != "") {
		printf "as baseline:"
		k = split(same, words, " ")
		for (i = 1; i <= k; i++)
			printf "%s%s", (i % 5 == 1 && i > 1 ? "\n             " : " "), words[i]
		printf "\n"
	}
	printf "\n"
}

# +1: the policy costs refaults, -1: it saves some
function sign(t, p, l,    d) {
	d = refaults[t, p, l] - refaults[t, "baseline", l]
	return d > 0 ? 1 : d < 0 ? -1 : 0
}

function overview(t,    k, l, label) {
	label = name[t]
	sub(/\.(csv|rtrace)$/, "", label)
	printf "%-20s", substr(label, 1, 20)
	for (k = 1; k <= 2; k++) {
		l = lru[k]
		printf "%9s%8s%9s", full(refaults[t, "baseline", l]), \
			change(refaults, t, "v1", l), change(refaults, t, "any-exit", l)
		count[l, "v1", sign(t, "v1", l)]++
		count[l, "any-exit", sign(t, "any-exit", l)]++
	}
	printf "\n"
	differ += sign(t, "v1", "classic") != sign(t, "v1", "mglru")
}

END {
	if (bad)
		exit 1
	lru[1] = "classic"
	lru[2] = "mglru"
	refaults["digits"] = 1
	if (scenarios) {
		printf "%-20s%26s%26s\n", "", "-------- classic --------", "--------- MGLRU ---------"
		printf "%-20s", "refaults"
		for (i = 0; i < 2; i++)
			printf "%9s%8s%9s", "baseline", "v1", "any-exit"
		printf "\n"
	}
	for (t = 1; t <= nr; t++)
		if (scenarios)
			overview(t)
		else
			detail(t)
	if (!scenarios)
		exit
	printf "\n%-34s%12s%12s%12s\n", "of " nr " scenarios", "costs", "saves", "same"
	for (k = 1; k <= 2; k++)
		for (j = 1; j <= 2; j++) {
			p = j == 1 ? "v1" : "any-exit"
			printf "%-34s%12d%12d%12d\n", lru[k] ", " p, count[lru[k], p, 1], \
				count[lru[k], p, -1], count[lru[k], p, 0]
		}
	printf "\nUnder v1 the sign is another under MGLRU in %d of them.\n", differ
}
