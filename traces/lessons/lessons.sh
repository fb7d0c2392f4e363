#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# lessons.sh [record [NAME...]]: the lessons as a small site.
#
#	make lessons         writes $OUT/lessons: index.html, glossary.html and a page for each lesson,
#	                     of its text (NAME.md), its trace (NAME.csv) and what a kernel counted
#	                     (kernel/NAME.csv)
#	make lessons-record  plays the traces on a real kernel, five times each, into kernel/; NAME...:
#	                     only these
#
# The first lines of a text say what is in it, how its page is made and what is recorded, as comments:
#	<!-- about: SENTENCE -->   for the list of the lessons
#	<!-- explain: OPTION... -->   for the page
#	<!-- kernel: POLICY... LRU... -->   "baseline v1, classic"
#	<!-- stock: yes -->   also on a distribution's kernel, with large folios, under baseline
# In the text, <!-- kernel POLICY LRU COUNTER... --> becomes a table of these counters at each
# snapshot, with the simulator's; <!-- stock COUNTER... --> one of that kernel.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
export LC_ALL=C.UTF-8
here=traces/lessons
reapsim=${REAPSIM:-build/reapsim}
out=${OUT:-out}/lessons
case $out in
/*) ;;
*) out=./$out ;;
esac
first='<!DOCTYPE html><!-- by reapsim explain -->'
# what is kept of a recording
counters='active_file inactive_file pgactivate pgdeactivate pgscan pgsteal workingset_refault_file
	workingset_activate_file pgfault pgmajfault'

say() { echo "lessons.sh: $*" >&2; }

names() { for f in "$here"/[0-9]*.md; do basename "$f" .md; done; }

# said NAME KEY - what the comment of that key says
said() { sed -n "s/^<!-- $2: \(.*\) -->\$/\1/p" "$here/$1.md" | head -1; }

# filter FILE - the rows of the counters that are kept
filter() {
	awk -F, -v list="$counters" 'BEGIN { n = split(list, c, " "); for (i = 1; i <= n; i++) keep[c[i]] = 1 }
		NR == 1 || $8 in keep' "$1"
}

record() {
	local name kernel policies lrus
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	mkdir -p "$here/kernel"
	for name; do
		kernel=$(said "$name" kernel)
		policies=${kernel%,*} lrus=${kernel#*, }
		say "$name: $policies, $lrus"
		# the traces charge no kernel memory
		KMEM=0 POLICY=$policies LRU=$lrus REAPSIM=$PWD/$reapsim KERNEL=${KERNEL:-7.3} \
			kernel-patch/scripts/run.sh "$here/$name.csv" >"$tmp/all.csv"
		filter "$tmp/all.csv" >"$here/kernel/$name.csv"
		[ -n "$(said "$name" stock)" ] || continue
		say "$name: a distribution's kernel"
		SET="kmem=0 thp=never damon_stat=0 boost=0" POLICY=baseline LRU=classic RUNS=5 REAPSIM=$PWD/$reapsim \
			KERNEL=${KERNEL:-7.3} kernel-patch/scripts/stock-run.sh "$here/$name.csv" >"$tmp/all.csv"
		filter "$tmp/all.csv" >"$here/kernel/$name-stock.csv"
	done
}

# table FILE POLICY LRU SIMULATED COUNTER... - a Markdown table: at each snapshot the least and the most
# of the kernel's runs, and what the simulator counts
table() {
	local file=$1 policy=$2 lru=$3 simulated=$4
	shift 4
	awk -F, -v policy="$policy" -v lru="$lru" -v list="$*" '
	# the simulator has other names of some
	function ours(c) { return c == "active_file" || c == "inactive_file" ? "nr_" c : c == "pgscan" || c == "pgsteal" ? c "_direct" : c }
	BEGIN { n = split(list, c, " ") }
	FNR == 1 && NR != FNR { for (i = 1; i <= NF; i++) column[$i] = i; next }
	NR == FNR {
		if ($3 != policy || $4 != lru || FNR == 1)
			next
		v = $8 ~ /^(in)?active_file$/ ? $9 / 4096 : $9
		k = $7 SUBSEP $8
		if (!(k in least) || v < least[k]) least[k] = v
		if (!(k in most) || v > most[k]) most[k] = v
		runs[$6] = 1
		version = $1
		next
	}
	$column["mark"] != "(end)" { marks[++nr] = $column["mark"]; for (i = 1; i <= n; i++) sim[nr, i] = $column[ours(c[i])] }
	END {
		for (r in runs) nr_runs++
		if (!nr_runs) { print "no runs of " policy ", " lru > "/dev/stderr"; exit 1 }
		printf "| snapshot |"
		for (i = 1; i <= n; i++) printf " %s |", c[i]
		printf "\n|---|"
		for (i = 1; i <= n; i++) printf "--:|"
		print ""
		for (m = 1; m <= nr; m++) {
			printf "| %s |", marks[m]
			for (i = 1; i <= n; i++) {
				k = marks[m] SUBSEP c[i]
				inside = (sim[m, i] >= least[k] && sim[m, i] <= most[k])
				range = (most[k] == least[k] ? least[k] : least[k] "–" most[k])
				printf " %s%s |", range, (inside ? "" : " (simulator: " sim[m, i] ")")
				all++
				same += inside
			}
			print ""
		}
		verdict = (same == all ? "the simulator counts the same" : same " of " all " numbers are the simulator'"'"'s, too")
		printf "\nv%s, %d runs, %s LRU, policy %s: %s.\n", version, nr_runs, lru, policy, verdict
	}' "$file" "$simulated"
}

# body NAME - its text with the tables, as HTML
body() {
	local name=$1 line words stock='file_system=ext4'
	while IFS= read -r line; do
		# shellcheck disable=SC2206 # words
		words=($line)
		case $line in
		'<!-- kernel '*)
			"$reapsim" run "$here/$name.csv" -p "${words[2]}" -l "${words[3]}" --csv "$tmp/run.csv" --force >/dev/null
			table "$here/kernel/$name.csv" "${words[2]}" "${words[3]}" "$tmp/run.csv" "${words[@]:4:${#words[@]}-5}"
			;;
		'<!-- stock '*)
			"$reapsim" run "$here/$name.csv" --set $stock --csv "$tmp/run.csv" --force >/dev/null
			table "$here/kernel/$name-stock.csv" baseline classic "$tmp/run.csv" "${words[@]:2:${#words[@]}-3}"
			;;
		'<!-- '*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$here/$name.md" | cmark-gfm --unsafe -e table | sed "s,<table>,<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"table\"><table>,; s,</table>,</table></div>,; s,<pre>,<pre tabindex=\"0\">,"
}

# go_on PREVIOUS NEXT - links
go_on() {
	echo '<nav aria-label="lessons"><p><a href="index.html">all lessons</a>'
	[ -z "$1" ] || echo " | before: <a href=\"$1.html\">$(title "$1")</a>"
	[ -z "$2" ] || echo " | next: <a href=\"$2.html\">$(title "$2")</a>"
	echo ' | <a href="glossary.html">glossary</a></p></nav>'
}

title() { sed -n 's/^# //p' "$here/$1.md" | head -1; }

# page TITLE - a page without a trace, of standard input; its style is that of the others
page() {
	echo "$first"
	echo "<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	echo "<title>$1</title><style>"
	cat sim/cli/explain/page.css
	echo '</style></head><body><main class="text">'
	cat
	echo '</main></body></html>'
}

build() {
	local list name previous='' next options
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	mkdir -p "$out"
	mapfile -t list < <(names)
	for name in "${list[@]}" index glossary; do claim "$out/$name.html" "$first"; done
	mkdir "$tmp/site"
	for i in "${!list[@]}"; do
		name=${list[i]} next=${list[i + 1]:-}
		options=$(said "$name" explain)
		# shellcheck disable=SC2086 # words
		"$reapsim" explain $options --html "$tmp/$name.html" "$here/$name.csv"
		{
			echo '<div class="lesson">'
			go_on "$previous" "$next"
			body "$name"
			echo "<p class=\"hint\">The trace: <code>$here/$name.csv</code>. What steps through it is <code>reapsim explain $options --html</code> of it.</p>"
			go_on "$previous" "$next"
			echo '</div>'
		} >"$tmp/text"
		# the heading of the lesson is that of the page
		sed -e "s|<h1>.*</h1>||; s|<title>.*</title>|<title>$(title "$name")</title>|" -e "/<!-- lesson -->/{r $tmp/text
d}" "$tmp/$name.html" >"$tmp/site/$name.html"
		previous=$name
	done
	{
		echo "<h1>How Linux ages file pages: ${#list[@]} lessons</h1>"
		cmark-gfm --unsafe "$here/README.md" | sed '/<h1>/d'
		echo '<ol>'
		for name in "${list[@]}"; do
			echo "<li><a href=\"$name.html\">$(title "$name")</a>. $(said "$name" about)</li>"
		done
		echo '</ol><p><a href="glossary.html">Glossary</a>, in the terms of the kernel.</p>'
	} | page "How Linux ages file pages" >"$tmp/site/index.html"
	{
		echo '<h1>Glossary</h1><nav><p><a href="index.html">all lessons</a></p></nav><dl>'
		sed -n '/<dl id="glossary">/,/<\/dl>/p' "$tmp/site/${list[0]}.html" | sed 1d
	} | page Glossary >"$tmp/site/glossary.html"
	for name in "${list[@]}" index glossary; do put "$tmp/site/$name.html" "$out/$name.html"; done
	say "wrote $out/index.html"
}

case ${1:-} in
'') build ;;
record)
	shift
	if [ $# -eq 0 ]; then
		mapfile -t list < <(names)
		set -- "${list[@]}"
	fi
	record "$@"
	;;
*)
	say "$1: expected nothing, or record"
	exit 2
	;;
esac
