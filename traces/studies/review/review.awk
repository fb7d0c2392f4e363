# SPDX-License-Identifier: GPL-2.0-only
# Fills in a text from rows as --differences has them:
#
#	awk -f review.awk -v form=md|mail -v width=N PART.csv... TEXT
#
# A row belongs to the part that its file is named after. Holm's correction is for all cells of
# a part with the same counter. In TEXT:
#
#	{{cell PART KEY=VALUE...}}    the change in the one row that matches, with its interval
#	{{base PART KEY=VALUE...}}    what it is a change of
#	{{sim PART KEY=VALUE...}}     what the simulator has, of the rows of kernel.awk
#	{{tally PART KEY=VALUE...}}   how many rows are certainly more, and less: +3 -1
#	{{less PART KEY=VALUE...}}    how many rows are certainly less
#	{{sum PART KEY=VALUE...}}     the same in words, and how far the others reach
#	{{same PART KEY=VALUE...}}    how many rows have no change at all
#	{{span PART KEY=VALUE...}}    the least and the most of what they are a change of
#	{{signs PART KEY=VALUE...}}   of the kernel's certain changes, those whose sign is simulated
#	{{value PART KEY=VALUE... COLUMN}}  a column of a CSV file that has other columns
#	{{range PART COLUMN}}         the least and the most in it
#	{{even PART KEY=VALUE...}}    of breakeven --differences: the restart probability at which
#	                              the sign changes, or the verdict
#	{{young PART KEY=VALUE...}}, {{aged PART KEY=VALUE...}}  of reclaim-first --csv: the mapped
#	                              pages that are young, the marks that contradict reclaim
#	{{word FILE PATTERN PATTERN FIELD}}  the FIELD'th word (-1: the last) of the first line of
#	                              FILE that matches the second after one that matches the first
#	{{share FILE KEY KEY}}        of two keys of a machine file, the first in percent of both
#	@head TITLE | TITLE...        a table
#	@row CELL | CELL...           its rows
#	@only FORM                    what follows, until @only, is for this form
#	@rows KEY PART KEY=VALUE... | CELL...  a row for each value of KEY, which is $ in it
#
# Keys are trace, memory, kernel, lru, policy, ends, counter. A query that matches no row, or
# several where one is meant, ends the program.

function die(why) {
	print "review.awk: " FILENAME ":" FNR ": " why >"/dev/stderr"
	failed = 1
	exit 1
}

# The rows of PART

function load_header(    i) {
	part = FILENAME
	sub(/.*\//, "", part)
	sub(/\.csv$/, "", part)
	split("", at)
	nr_columns = split($0, column, ",")
	for (i = 1; i <= nr_columns; i++)
		at[column[i]] = i
}

function load(    f, n, i) {
	n = split($0, f, ",")
	if (!("percent" in at)) {
		nr_other[part]++
		for (i = 1; i <= n; i++)
			other[part, nr_other[part], column[i]] = f[i]
		return
	}
	nr++
	ids[part, ++nr_of[part]] = nr
	field[nr, "trace"] = f[at["trace"]]
	sub(/\.(csv|rtrace)$/, "", field[nr, "trace"])
	sub(/-1$/, "", field[nr, "trace"]) # the first of eight seeds
	field[nr, "memory"] = f[at["machine"]]
	sub(/.*:/, "", field[nr, "memory"])
	field[nr, "kernel"] = f[at["kernel"]]
	field[nr, "lru"] = f[at["lru"]]
	field[nr, "policy"] = f[at["policy"]]
	field[nr, "ends"] = f[at["ends_as"]]
	field[nr, "counter"] = f[at["counter"]]
	against[nr] = f[at["against_mean"]] + 0
	percent[nr] = number_of(f[at["percent"]])
	low[nr] = number_of(f[at["low_percent"]])
	high[nr] = number_of(f[at["high_percent"]])
	p[nr] = f[at["p"]] ~ /nan/ ? 1 : f[at["p"]] + 0
	if ("sim_percent" in at)
		sim[nr] = f[at["sim_percent"]] + 0
	family = part SUBSEP f[at["counter"]]
	tests[family, ++nr_tests[family]] = nr
	families[family]
}

function number_of(s) { return s ~ /inf/ ? 1e12 : s ~ /nan/ ? 0 : s + 0 }

# Holm: the smallest p times the number of tests, the next times one less, never falling
function correct(    family, n, i, j, t, least, adjusted, sorted) {
	for (family in families) {
		n = nr_tests[family]
		for (i = 1; i <= n; i++) {
			t = tests[family, i]
			for (j = i; j > 1 && p[sorted[j - 1]] > p[t]; j--)
				sorted[j] = sorted[j - 1]
			sorted[j] = t
		}
		least = 0
		for (i = 1; i <= n; i++) {
			adjusted = p[sorted[i]] * (n - i + 1)
			if (adjusted > least)
				least = adjusted
			noise[sorted[i]] = least >= 0.05
		}
	}
}

# Queries

# match_rows - into found[1..n] the rows of the part WORDS[FROM] with what follows
function match_rows(words, from, nr_words,    i, k, n, id, kv, good) {
	if (!(words[from] in nr_of))
		die("no rows of \"" words[from] "\"")
	for (i = 1; i <= nr_of[words[from]]; i++) {
		id = ids[words[from], i]
		good = 1
		for (k = from + 1; k <= nr_words && good; k++) {
			if (split(words[k], kv, "=") != 2)
				die("\"" words[k] "\": expected KEY=VALUE")
			if (!((id, kv[1]) in field))
				die("no key \"" kv[1] "\"")
			good = field[id, kv[1]] == kv[2]
		}
		if (good)
			found[++n] = id
	}
	if (!n)
		die("nothing matches: " query)
	return n
}

function number(v) {
	if (v >= 1e11)
		return "new"
	if (v >= 9999.5)
		return sprintf("%+.0fk", v / 1000)
	return sprintf(v < 9.95 && v > -9.95 ? "%+.1f" : "%+.0f", v)
}

function plain(v) { return sprintf(v < 0.995 ? "%.2f" : v < 99.5 ? "%.1f" : "%.0f", v) }

function change(id) {
	if (low[id] == 0 && high[id] == 0)
		return "="
	return number(percent[id]) "% [" number(low[id]) ", " number(high[id]) "]" (noise[id] ? "~" : "")
}

# certain - how many of the @n rows found are certainly more, or with a @sign of -1 less
function certain(n, sign,    i, nr) {
	for (i = 1; i <= n; i++)
		nr += !noise[found[i]] && sign * percent[found[i]] > 0
	return nr + 0
}

function tally(n,    more, less) {
	more = certain(n, 1)
	less = certain(n, -1)
	return !more && !less ? "0" : (more ? "+" more : "") (more && less ? " " : "") (less ? "-" less : "")
}

function sum(n,    i, id, sure, least, most, floor, ceiling, text, others) {
	for (i = 1; i <= n; i++) {
		id = found[i]
		if (!noise[id]) {
			if (!sure || percent[id] < least)
				least = percent[id]
			if (!sure || percent[id] > most)
				most = percent[id]
			sure++
			continue
		}
		others++
		if (low[id] < floor)
			floor = low[id]
		if (high[id] > ceiling)
			ceiling = high[id]
	}
	text = sprintf("in %d of %d cells", sure, n)
	if (sure)
		text = text " by " number(least) (sure > 1 && most != least ? " to " number(most) : "") "%"
	if (others && (floor < 0 || ceiling > 0))
		text = text " (all runs of the others: " number(floor) " to " number(ceiling) "%)"
	return text
}

function same(n,    i, equal) {
	for (i = 1; i <= n; i++)
		equal += low[found[i]] == 0 && high[found[i]] == 0
	return sprintf("%d of %d", equal, n)
}

function span(n,    i, least, most) {
	for (i = 1; i <= n; i++) {
		if (i == 1 || against[found[i]] < least)
			least = against[found[i]]
		if (i == 1 || against[found[i]] > most)
			most = against[found[i]]
	}
	return plain(least) " to " plain(most)
}

function signs(n,    i, id, sure, right) {
	for (i = 1; i <= n; i++) {
		id = found[i]
		if (noise[id])
			continue
		sure++
		right += sim[id] * percent[id] > 0
	}
	return sprintf("%d of %d", right, sure)
}

# A row of a file with other columns: the one in which all keys match
function value(words, nr_words,    i, k, kv, good, found_row) {
	for (i = 1; i <= nr_other[words[2]]; i++) {
		good = 1
		for (k = 3; k < nr_words && good; k++) {
			split(words[k], kv, "=")
			good = other[words[2], i, kv[1]] == kv[2]
		}
		if (good && found_row)
			die("several rows match: " query)
		if (good)
			found_row = i
	}
	if (!found_row)
		die("nothing matches: " query)
	return other[words[2], found_row, words[nr_words]]
}

function range(part, name,    i, v, least, most) {
	for (i = 1; i <= nr_other[part]; i++) {
		v = other[part, i, name]
		if (v == "")
			die("no column \"" name "\" in " part)
		if (i == 1 || v + 0 < least)
			least = v + 0
		if (i == 1 || v + 0 > most)
			most = v + 0
	}
	return least " to " most
}

# The value, in the row of reclaim-first in which baseline has just reaped the victim, of a part
# of WHOLE, in percent
function percent_of(words, nr_words, of, whole,    v) {
	words[nr_words + 1] = "policy=baseline"
	words[nr_words + 2] = whole
	v = value(words, nr_words + 2)
	words[nr_words + 2] = of
	return v ? sprintf("%.0f%%", 100 * value(words, nr_words + 2) / v) : "none"
}

function even(words, nr_words,    at_p, text) {
	words[nr_words + 1] = "p=0"
	words[nr_words + 2] = "even_p"
	text = at_p = value(words, nr_words + 2)
	if (at_p ~ /^[0-9]/) {
		words[nr_words + 2] = "even_p_low"
		text = sprintf("%.2f [%.2f", at_p, value(words, nr_words + 2))
		words[nr_words + 2] = "even_p_high"
		return text sprintf(", %.2f]", value(words, nr_words + 2))
	}
	words[nr_words + 2] = "significant"
	text = text " " value(words, nr_words + 2)
	words[nr_words + 2] = "of"
	return text "/" value(words, nr_words + 2)
}

function word(file, first, second, nth,    line, f, n, got, after) {
	while (got == "" && (getline line <file) > 0) {
		if (after && line ~ second) {
			n = split(line, f, /[ \t]+/)
			got = nth > 0 ? f[nth] : f[n + nth + 1]
		}
		if (line ~ first)
			after = 1
	}
	close(file)
	if (got == "")
		die(file ": no line matches " second " after " first)
	return got
}

function key_of(file, key,    line, f, got) {
	while (got == "" && (getline line <file) > 0)
		if (split(line, f, "=") == 2 && f[1] == key)
			got = f[2]
	close(file)
	if (got == "")
		die(file ": no key " key)
	return got
}

function answer(text,    words, n, nr_words) {
	query = text
	nr_words = split(text, words, " ")
	if (words[1] == "word")
		return word(words[2], words[3], words[4], words[5])
	if (words[1] == "share")
		return sprintf("%.0f", 100 * key_of(words[2], words[3]) / (key_of(words[2], words[3]) + key_of(words[2], words[4])))
	if (words[1] == "value")
		return value(words, nr_words)
	if (words[1] == "range")
		return range(words[2], words[3])
	if (words[1] == "even")
		return even(words, nr_words)
	if (words[1] == "young")
		return percent_of(words, nr_words, "sim_reap_young", "sim_reap_pages")
	if (words[1] == "aged")
		return percent_of(words, nr_words, "sim_zap_marks_aged", "sim_zap_marks")
	n = match_rows(words, 2, nr_words)
	if (words[1] ~ /^(cell|base|sim)$/ && n > 1)
		die("several rows match: " query)
	if (words[1] == "cell")
		return change(found[1])
	if (words[1] == "base")
		return plain(against[found[1]])
	if (words[1] == "sim")
		return sim[found[1]] ? number(sim[found[1]]) "%" : "="
	if (words[1] == "tally")
		return tally(n)
	if (words[1] == "less")
		return certain(n, -1)
	if (words[1] == "sum")
		return sum(n)
	if (words[1] == "same")
		return same(n)
	if (words[1] == "span")
		return span(n)
	if (words[1] == "signs")
		return signs(n)
	die("unknown: " query)
}

function filled(text,    done, begin, end) {
	while ((begin = index(text, "{{")) > 0) {
		end = index(text, "}}")
		if (!end)
			die("\"{{\" without \"}}\"")
		done = done substr(text, 1, begin - 1) answer(substr(text, begin + 2, end - begin - 2))
		text = substr(text, end + 2)
	}
	return done text
}

# Output

function fold(text, indent,    words, n, i, line) {
	n = split(text, words, " ")
	line = words[1]
	for (i = 2; i <= n; i++) {
		if (length(line) + 1 + length(words[i]) > width) {
			print line
			line = indent words[i]
		} else {
			line = line " " words[i]
		}
	}
	print line
}

function end_paragraph() {
	if (paragraph != "")
		fold(paragraph, paragraph ~ /^(-|[0-9]+\.) / ? "  " : "")
	paragraph = ""
}

function cells_of(text,    c, n) {
	n = split(text, c, "|")
	nr_rows++
	for (; n > 0; n--) {
		gsub(/^ +| +$/, "", c[n])
		cell[nr_rows, n] = c[n]
		if (n > nr_cells)
			nr_cells = n
	}
}

function begin_table(text) {
	end_paragraph()
	nr_rows = nr_cells = 0
	split("", cell)
	in_table = 1
	cells_of(text)
}

function end_table(    r, c, w, line) {
	if (!in_table)
		return
	in_table = 0
	for (r = 1; r <= nr_rows && form == "mail"; r++)
		for (c = 1; c <= nr_cells; c++)
			if (length(cell[r, c]) > w[c])
				w[c] = length(cell[r, c])
	for (r = 1; r <= nr_rows; r++) {
		line = form == "md" ? "|" : ""
		for (c = 1; c <= nr_cells; c++) {
			if (form == "md")
				line = line " " cell[r, c] " |"
			else if (c == 1)
				line = sprintf("  %-" w[c] "s", cell[r, c])
			else
				line = line sprintf("  %" w[c] "s", cell[r, c])
		}
		sub(/ +$/, "", line)
		if (form == "mail" && length(line) > width)
			die("the table before is wider than " width " columns: " line)
		print line
		if (r == 1 && form == "md") {
			line = "|---|"
			for (c = 2; c <= nr_cells; c++)
				line = line "--:|"
			print line
		}
	}
}

function table_rows(text,    words, nr_words, n, i, v, seen, row, rest, spec) {
	rest = index(text, "|")
	spec = substr(text, 1, rest - 1)
	rest = substr(text, rest + 1)
	query = spec
	nr_words = split(spec, words, " ")
	n = match_rows(words, 2, nr_words)
	for (i = 1; i <= n; i++)
		list[i] = field[found[i], words[1]]
	for (i = 1; i <= n; i++) {
		v = list[i]
		if (v in seen)
			continue
		seen[v]
		row = rest
		gsub(/\$/, v, row)
		cells_of(filled(row))
	}
}

FNR == 1 && FILENAME ~ /\.csv$/ { load_header(); next }
FILENAME ~ /\.csv$/ { load(); next }
FNR == 1 { correct() }

/^#!/ { next }
/^@only/ { only = $2; next }
only != "" && only != form { next }
/^@head / { begin_table(filled(substr($0, 7))); next }
/^@row / { cells_of(filled(substr($0, 6))); next }
/^@rows / { table_rows(substr($0, 7)); next }
/^$/ { end_paragraph(); end_table(); print; next }
/^#/ {
	end_paragraph()
	$0 = filled($0)
	if (form == "md") {
		print
		next
	}
	level = $1
	sub(/^#+ /, "")
	fold($0, "")
	line = level == "#" || level == "##" ? sprintf("%" (length($0) < width ? length($0) : width) "s", "") : ""
	gsub(/ /, level == "#" ? "=" : "-", line)
	if (line != "")
		print line
	next
}
/^    / { end_paragraph(); print filled($0); next }
/^(-|[0-9]+\.) / { end_paragraph() }
{
	line = filled($0)
	if (form == "mail") {
		gsub(/`/, "", line)
		gsub(/\*\*/, "", line)
		while (match(line, /\[[^]]*\]\([^)]*\)/)) {
			link = substr(line, RSTART + 1, index(substr(line, RSTART), "](") - 2)
			line = substr(line, 1, RSTART - 1) link substr(line, RSTART + RLENGTH)
		}
	}
	paragraph = paragraph == "" ? line : paragraph " " line
}

END {
	if (!failed) {
		end_paragraph()
		end_table()
	}
	exit failed
}
