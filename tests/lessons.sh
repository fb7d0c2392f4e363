#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lessons: "make lessons" builds all pages; no trace has more than 60 operations; every link leads
# somewhere, every operation that a text names is there, and its commands work; the numbers of lessons
# 3 and 8 are those of their traces; and each page loads in a headless Chromium without a message, hides its
# answers and has the figure of a refault. That part is skipped with a line if something is not
# installed. How many of the kernel's numbers the simulator has, too, is recorded here.
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

# what the texts say of their traces
while read -r name lru op said; do
	if "$REAPSIM" explain "$src/traces/lessons/$name.csv" -l "$lru" --from "$op" --to "$op" | grep -qF "$said"; then
		pass
	else
		fail "$name: operation $op does not have \"$said\""
	fi
done <<'END'
3-refault-distance classic 11 distance 40 <= 64: active_file 64
3-refault-distance classic 15 distance 358 to 343 > 64: active_file 64
8-generations mglru 10 generation 1 at its eviction, 4 now: 3 apart, recent if less than 4
8-generations mglru 10 generation 0 at its eviction, 4 now: 4 apart, recent if less than 4
END

# how far the simulator has the kernel's numbers
agreement() {
	(cd "$top/lessons" && grep -oE '^<p>v[^<]*(the simulator counts the same|numbers are the simulator)' ./*.html) |
		sed 's,^\./,,; s,\.html:<p>v[^,]*\, [0-9]* runs\, ,: ,'
}
if diff <(agreement) - >"$top/diff" <<'END'
1-second-chance: classic LRU, policy baseline: the simulator counts the same
2-two-deaths: classic LRU, policy baseline: the simulator counts the same
2-two-deaths: classic LRU, policy baseline: the simulator counts the same
3-refault-distance: classic LRU, policy baseline: the simulator counts the same
4-batches: classic LRU, policy baseline: the simulator counts the same
5-young: classic LRU, policy baseline: the simulator counts the same
6-exclusive: classic LRU, policy baseline: the simulator counts the same
6-exclusive: classic LRU, policy v1: the simulator counts the same
7-restart: classic LRU, policy baseline: the simulator counts the same
7-restart: classic LRU, policy v1: the simulator counts the same
8-generations: classic LRU, policy baseline: 19 of 20 numbers are the simulator
8-generations: mglru LRU, policy baseline: the simulator counts the same
END
then pass; else fail "the simulator has other numbers of the kernel's"; cat "$top/diff"; fi

# a foreign file stays, and so does all else
mv "$top/lessons/index.html" "$top/index.html"
echo letter >"$top/lessons/index.html"
touch "$top/before"
OUT=$top "$src/traces/lessons/lessons.sh" 2>"$top/log"
rc=$?
if [ $rc -eq 2 ] && [ "$(cat "$top/lessons/index.html")" = letter ]; then
	pass
else
	fail "a foreign file: exit $rc, $(tail -1 "$top/log")"
fi
if [ -z "$(find "$top/lessons" -name '*.html' -newer "$top/before")" ]; then pass; else fail "a foreign file: others are replaced"; fi
mv "$top/index.html" "$top/lessons/index.html"

lacks=$(browser_missing | paste -sd ' ')
[ -z "$lacks" ] || { echo "lessons: the browser's part is skipped, not installed: $lacks"; finish; exit; }
browser_start "$top/browser" || { fail "chromedriver does not start"; finish; exit; }
for page in "$top"/lessons/*.html; do
	name=$(basename "$page" .html)
	browser_log browser >/dev/null
	browser_open "$page"
	for size in "375 812" "1440 900"; do
		# shellcheck disable=SC2086 # two numbers
		browser_size $size
		is_narrow "$name, $size"
	done
	is_document "$name"
	is "$name: answers are hidden" 0 'return document.querySelectorAll("details[open]").length'
	is_silent "$name"
done
browser_open "$top/lessons/3-refault-distance.html"
browser_js '[...document.querySelectorAll(".lesson a")].find(a => a.hash == "#operation=11").click(); return 1' >/dev/null
is "a link of the text leads to the step" 11 'return reapsim.at'
is "the refault distance is drawn" "refault distance 40 <= 64: active_file 64" 'return document.querySelector("#now svg").getAttribute("aria-label")'
finish
