#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The page of "make review", what it is made of, and the page of "reapsim ask".
#
# Makes what "make review" makes. THREAD.md and its picture must be as they are in the tree, the mail
# at most 72 columns wide, and the cover letters have its figures. Of what is recorded one
# recording is replayed; the generated workloads, the killer, breakeven and reclaim-first are not.
#
# Each page is opened in a headless Chromium, as a phone and as a desktop: it must load without a
# message on the console and without asking for anything but itself, fit the width of a phone, and
# have what a keyboard and a screen reader need. That part is skipped with a line if there is no
# Chromium.
set -u
. "$(dirname "$0")/lib.sh"

if OUT=$top REVIEW=$top "$src/traces/studies/review.sh" 2>"$top/log"; then
	pass
else
	fail "review.sh: $(tail -1 "$top/log")"
	finish
	exit
fi
if diff -u "$src/traces/studies/THREAD.md" "$top/THREAD.md"; then
	pass
else
	fail "traces/studies/THREAD.md is not what \"make review\" writes"
fi
if cmp -s "$src/traces/studies/thread.svg" "$top/thread.svg"; then
	pass
else
	fail "traces/studies/thread.svg is not what \"make review\" draws"
fi
# What the cover letters say
while read -r series line; do
	for letter in "$src"/kernel-patch/series/*/"$series"-*/0000*; do
		if tr -s '\n ' ' ' <"$letter" | grep -qF -- "$line"; then
			pass
		else
			fail "$letter does not say: $line"
		fi
	done
done < <(grep . "$top/review/letters.txt")
# The parts with recordings, one of which is replayed: each row is in the recorded file, and no other
one=db-session
RECORDINGS=$(echo "$src/traces/shipped/$one".*) OUT=$top "$src/traces/studies/review.sh" record freed reaped ends oom \
	orders arm64 shadows time 2>"$top/log" || fail "review.sh: $(tail -1 "$top/log")"
for part in "$top"/review/parts/*.csv; do
	if diff <(grep "^$one" "$src/traces/studies/review/${part##*/}") <(grep "^$one" "$part"); then
		pass
	else
		fail "traces/studies/review/${part##*/} is not what is replayed now: run make review-record"
	fi
done
# the subject is one line
wide=$(sed 1d "$top/review/mail.txt" | awk 'length > 72' | head -1)
if [ -z "$wide" ]; then pass; else fail "mail.txt has a wide line: $wide"; fi
chromium=$(command -v chromium || command -v chromium-browser) || {
	echo "page: the browser's part is skipped, chromium is not installed"
	finish
	exit
}
# frame PAGE HEADINGS - a page that shows it as wide as a phone and as a desktop; what is measured
# goes into the document
frame() {
	echo '<!DOCTYPE html><title>measure</title><pre id="out"></pre>'
	for width in 375 1200; do
		printf '<iframe width="%s" height="800" srcdoc="' $width
		sed 's/&/\&amp;/g; s/"/\&quot;/g' "$1"
		echo '"></iframe>'
	done
	echo "<script>const HEADINGS = $2;</script>"
	cat <<-'END'
	<script>
	window.onload = () => {
		const say = s => document.getElementById("out").textContent += s + "\n";
		const missing = (d, list, good) => [...d.querySelectorAll(list)].filter(e => !good(e)).length;
		for (const f of document.querySelectorAll("iframe")) {
			const d = f.contentDocument, w = f.contentWindow;
			say(`width ${f.width}: overflow ${Math.max(0, d.documentElement.scrollWidth - w.innerWidth)}`);
			say(`lang ${d.documentElement.lang}, title ${d.title.length > 0}, h1 ${d.querySelectorAll("h1").length}`);
			say(`headings below: ${d.querySelectorAll("h2").length > HEADINGS}`);
			say(`tables without heads ${missing(d, "table", t => t.querySelector("th"))}, not reachable by keyboard ${missing(d, "table, pre", t => t.tabIndex == 0)}`);
			say(`pictures ${d.querySelectorAll("svg").length}, without a label ${missing(d, "svg", s => s.closest("[role=img][aria-label]"))}`);
			say(`broken numbers ${/\{\{|\b(NaN|nan|undefined|inf)\b/.test(d.body.textContent)}`);
		}
	};
	</script>
	END
}

# expected PICTURES - what is measured of a good page
expected() {
	for width in 375 1200; do cat <<END
width $width: overflow 0
lang en, title true, h1 1
headings below: true
tables without heads 0, not reachable by keyboard 0
pictures $1, without a label 0
broken numbers false
END
	done
}

# open PAGE PICTURES HEADINGS - a page with so many pictures, and more headings
open() {
	local status seen outside
	frame "$1" "$3" >"$top/frame.html"
	timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$top/profile" \
		--disable-background-networking --disable-component-update --no-first-run \
		--enable-logging=stderr --virtual-time-budget=5000 \
		--dump-dom "file://$top/frame.html" >"$top/dom" 2>"$top/console"
	status=$?
	if [ $status -eq 0 ]; then pass; else fail "$1: chromium exits with $status"; tail -3 "$top/console"; fi

	seen=$(sed -n '/<pre id="out">/,/<\/pre>/p' "$top/dom" | sed 's/.*<pre id="out">//; s/<\/pre>.*//' | grep .)
	if [ "$seen" = "$(expected "$2")" ]; then
		pass
	else
		fail "$1: not as expected"
		diff <(expected "$2") <(echo "$seen")
	fi
	if grep -q 'CONSOLE' "$top/console"; then
		fail "$1: messages on the console: $(grep -m1 CONSOLE "$top/console")"
	else
		pass
	fi
	# a link may lead elsewhere, nothing else
	outside=$(grep -oE '(src|url)[=(]["'"'"']?(https?:)?//[^"'"'"' )>]*|<link [^>]*>|@import[^;]*' "$1" | head -1)
	if [ -z "$outside" ]; then pass; else fail "$1 asks for $outside"; fi
}

open "$top/review/thread.html" 1 15
# a name with HTML in it
cp "$src/tests/cli/tiny.csv" "$top/<b>&\"x'.csv"
if "$REAPSIM" ask -o "$top/asked" "$top/<b>&\"x'.csv" >/dev/null 2>"$top/log"; then
	pass
else
	fail "ask: $(tail -1 "$top/log")"
fi
if grep -q '<b>' "$top/asked/answer.html"; then fail "ask: a name is HTML in the page"; else pass; fi
open "$top/asked/answer.html" 2 7
finish
