# SPDX-License-Identifier: GPL-2.0-only
# The manual page of the trace format, from traces/FORMAT.md:
#
#	awk -v version=0.1.0 -f install/manual.awk traces/FORMAT.md
#
# Knows the Markdown of that file only: headings, paragraphs of one line, lists of one level,
# indented code, tables, `code`, [links](to) and comments. A row of a table becomes an item,
# named by its first cell, with the heads of the columns before the other cells. What else
# Markdown has comes out as it was typed, so look at the page if you use it.

BEGIN {
	print ".\\\" Made by install/manual.awk from traces/FORMAT.md."
	print ".TH REAPSIM-TRACE 5 \"\" \"reapsim " version "\" \"File Formats\""
	print ".SH NAME"
	print "reapsim\\-trace \\- what processes do to memory, for " \
		"reapsim(1) to replay"
	print ".SH DESCRIPTION"
}

# what roff would take for its own
function plain(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	gsub(/'/, "\\(aq", s)
	gsub(/`/, "\\(ga", s)
	gsub(/\^/, "\\(ha", s)
	gsub(/~/, "\\(ti", s)
	return s
}

# text, with `code` in bold and links without their target
function text(s,    n, i, part, out) {
	while (match(s, /\[[^]]+\]\([^)]*\)/)) {
		i = substr(s, RSTART + 1, RLENGTH - 1)
		sub(/\].*/, "", i)
		s = substr(s, 1, RSTART - 1) i substr(s, RSTART + RLENGTH)
	}
	n = split(s, part, "`")
	for (i = 1; i <= n; i++)
		out = out (i % 2 || i == n ? plain(part[i]) : "\\fB" plain(part[i]) "\\fR")
	return (out ~ /^[.\\]/ ? "\\&" : "") out
}

function end_code() {
	if (in_code) print ".EE"
	in_code = 0
}

# the cells of a row, whose "\|" are no borders
function cells(line, cell,    n, i) {
	gsub(/\\\|/, "\001", line)
	sub(/^\| */, "", line)
	sub(/ *\|$/, "", line)
	n = split(line, cell, / *\| */)
	for (i = 1; i <= n; i++) gsub(/\001/, "|", cell[i])
	return n
}

/^<!--/ { next }
/^    / {
	if (!in_code) print ".PP\n.EX"
	in_code = 1
	print plain($0) # begins with spaces, so it is no request
	next
}
{ end_code() }
/^# / { next }
/^## / { print ".SH " text(toupper(substr($0, 4))); next }
/^### / { print ".SS " text(substr($0, 5)); next }
/^\|[-|]+$/ { next }
/^\|/ {
	n = cells($0, cell)
	if (!in_table) {
		in_table = 1
		heads = n
		for (i = 1; i <= n; i++) head[i] = cell[i]
		next
	}
	print ".TP\n" text(cell[1])
	for (i = 2; i <= n; i++) {
		if (cell[i] == "") continue
		print text(heads > 2 && head[i] != "" ? head[i] ": " cell[i] : cell[i])
		print ".br"
	}
	next
}
{ in_table = 0 }
/^- / { print ".IP \\(bu 2\n" text(substr($0, 3)); next }
/^$/ { next }
{ print ".PP\n" text($0) }
END {
	end_code()
	print ".SH SEE ALSO\n.BR reapsim (1),\n.BR reapsim\\-trace (1)"
}
