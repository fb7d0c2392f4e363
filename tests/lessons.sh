#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lessons: "make lessons" builds all pages; no trace has more than 60 operations; every link leads
# somewhere, every operation that a text names is there, and its commands work; the numbers of lesson
# 3 are those of the trace; and each page loads in a headless Chromium without a message, hides its
# answers and has the figure of a refault. That part is skipped with a line if something is not
# installed. Prints how many of the kernel's numbers the simulator has, too.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser.sh"

trap 'browser_stop; rm -rf "$top"' EXIT
if OUT=$top "$src/traces/lessons/lessons.sh" 2>"$top/log"; then
	pass
else
	fail "lessons.sh: $(tail -1 "$top/log")"
	finish
	exit
fi
ln -s "$src/traces" "$top/traces"
mkdir "$top/bin"
ln -s "$REAPSIM" "$top/bin/reapsim"

# commands NAME - those of a text
commands() { sed -n '/^## What if/,/^## /s/^    //p' "$src/traces/lessons/$1.md"; }

for text in "$src"/traces/lessons/[0-9]*.md; do
	name=$(basename "$text" .md) page=$top/lessons/$(basename "$text" .md).html
	ops=$(grep -c '^{"o":' "$page")
	if [ "$ops" -le 60 ]; then pass; else fail "$name: $ops operations"; fi
	named=$(grep -o '#operation=[0-9]*' "$text" | sed 's/.*=//' | sort -n | tail -1)
	if [ "${named:-0}" -gt 0 ] && [ "$named" -le "$ops" ]; then pass; else fail "$name: operation ${named:-none}"; fi
	for part in '## Look at' '## Questions' '## What if' '## What a real kernel says'; do
		if grep -q "^$part" "$text"; then pass; else fail "$name: no \"$part\""; fi
	done
	if [ "$(grep -c '<details>' "$text")" -ge 3 ]; then pass; else fail "$name: less than three questions"; fi
	if (cd "$top" && PATH=$top/bin:$PATH bash -eu -o pipefail) < <(commands "$name") >"$top/said" 2>&1 && [ -s "$top/said" ]; then
		pass
	else
		fail "$name: a command: $(tail -1 "$top/said")"
	fi
	rm -f "$top"/*.csv
done
for page in "$top"/lessons/*.html; do
	for link in $(grep -o 'href="[^"#]*\.html"' "$page" | sed 's/.*="//; s/"//'); do
		if [ -f "$top/lessons/$link" ]; then pass; else fail "${page##*/}: $link is not there"; fi
	done
done

# what the text of lesson 3 says of its trace
three=$src/traces/lessons/3-refault-distance.csv
for said in '11 distance 40 <= 64: active_file 64' '15 distance 358 to 343 > 64: active_file 64'; do
	op=${said%% *}
	if "$REAPSIM" explain "$three" --from "$op" --to "$op" | grep -qF "${said#* }"; then pass; else fail "lesson 3: not \"$said\""; fi
done

echo letter >"$top/lessons/index.html"
if OUT=$top "$src/traces/lessons/lessons.sh" 2>/dev/null; then fail "a foreign file is replaced"; else pass; fi
grep -ohE '[0-9]+ of [0-9]+ numbers are|the simulator counts the same' "$top"/lessons/*.html | sort | uniq -c | sed 's/^ */lessons: /'

lacks=$(browser_missing | paste -sd ' ')
[ -z "$lacks" ] || { echo "lessons: the browser's part is skipped, not installed: $lacks"; finish; exit; }
rm "$top/lessons/index.html"
OUT=$top "$src/traces/lessons/lessons.sh" 2>/dev/null
browser_start "$top/browser" || { fail "chromedriver does not start"; finish; exit; }

# is WHAT EXPECTED CODE
is() {
	local got
	got=$(browser_js "$3")
	if [ "$got" = "$2" ]; then pass; else fail "$1: expected \"$2\", got \"$got\""; fi
}
for page in "$top"/lessons/*.html; do
	name=$(basename "$page" .html)
	browser_log browser >/dev/null
	browser_open "$page"
	for size in "375 812" "1440 900"; do
		# shellcheck disable=SC2086 # two numbers
		browser_size $size
		is "$name, $size: overflow" 0 'return Math.max(0, document.documentElement.scrollWidth - innerWidth)'
	done
	is "$name: one h1, a language, a title" "1 en true" 'return [document.querySelectorAll("h1").length, document.documentElement.lang, !!document.title].join(" ")'
	is "$name: answers are hidden" 0 'return document.querySelectorAll("details[open]").length'
	said=$(browser_log browser)
	if [ "$said" = '{"value":[]}' ]; then pass; else fail "$name: on the console: ${said:0:200}"; fi
done
browser_open "$top/lessons/3-refault-distance.html"
browser_js '[...document.querySelectorAll(".lesson a")].find(a => a.hash == "#operation=11").click(); return 1' >/dev/null
is "a link of the text leads to the step" 11 'return reapsim.at'
is "the refault distance is drawn" "refault distance 40 <= 64: active_file 64" 'return document.querySelector("#now svg").getAttribute("aria-label")'
finish
