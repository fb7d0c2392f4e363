#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The page of "reapsim explain --html" in a headless Chromium, driven by chromedriver: it loads
# without a message and asks for nothing but itself, steps to the end and back, shows the lists that
# the engine's text has, finds the first difference, works by keyboard alone and has what a screen
# reader needs, on a phone, a desktop and a projector, light and dark. Prints how long a step takes
# with 10,000 operations on 5,000 pages. Skipped with a line if something is not installed.
#
#	SHOTS=FOLDER keeps a picture of each size and scheme
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser.sh"

lacks=$(browser_missing | paste -sd ' ')
[ -z "$lacks" ] || { echo "explain-page: skipped, not installed: $lacks"; exit 0; }
trap 'browser_stop; rm -rf "$top"' EXIT
browser_start "$top/browser" || { fail "chromedriver does not start"; finish; exit; }
browser_size 1280 900

# make NAME TRACE [OPTION...] - a page, opened
make_page() {
	local name=$1
	shift
	"$REAPSIM" explain --html "$top/$name.html" "$@" 2>"$top/log" || fail "explain: $(tail -1 "$top/log")"
	browser_log performance >/dev/null
	browser_open "$top/$name.html"
}

# quiet NAME - no message on the console, no request but the page's own
quiet() {
	local urls other
	is_silent "$1"
	urls=$(browser_log performance | grep -oE '\\"url\\":\\"[^"\\]*' | sed 's/.*"//' | sort -u)
	other=$(grep -vE "^(file://.*/$1\.html|about:blank|chrome://.*|data:,)?\$" <<<"$urls" | head -1)
	if grep -qx "file://.*/$1\.html" <<<"$urls"; then pass; else fail "$1: the log does not have the page"; fi
	if [ -z "$other" ]; then pass; else fail "$1: asks for $other"; fi
	[ "$(stat -c %s "$top/$1.html")" -lt 1000000 ] || fail "$1: a megabyte or more"
}

# lists OPTION... -- OPERATION - the lists of the engine's text after that operation, sorted
lists() {
	local op=${!#}
	"$REAPSIM" explain "${@:1:$#-2}" --from "$op" --to "$op" --all --width 0 --max-lines 1 |
		sed -n 's/^  \([^ |]*\) *| /\1 | /p; s/^  \(cpu .*\)/\1/p' | sort
}

# same_as_engine NAME OPERATION OPTION... - the page's lists there, reached from where it is
same_as_engine() {
	local name=$1 op=$2
	shift 2
	if diff <(lists "$@" -- "$op") <(browser_js "reapsim.show(reapsim.stepOf($op)); return reapsim.dump()[0]" | sort) >"$top/diff"; then
		pass
	else
		fail "$name: operation $op is not what the engine has"
		head -4 "$top/diff"
	fi
}

distance=$src/traces/scenarios/refault-distance.csv
for lru in classic mglru; do
	make_page "$lru" "$distance" -l $lru
	before=$(browser_js 'return reapsim.dump()[0] + document.body.innerText')
	for op in 12 28 17 31 21; do
		same_as_engine "$lru" $op "$distance" -l $lru
	done
	browser_js 'for (let i = 0; i <= reapsim.last; i++) reapsim.show(i); for (let i = reapsim.last; i >= 0; i--) reapsim.show(i); return 1' >/dev/null
	after=$(browser_js 'return reapsim.dump()[0] + document.body.innerText')
	if [ "$before" = "$after" ]; then pass; else fail "$lru: to the end and back is not where it began"; fi
	quiet "$lru"
done
anon=$src/traces/scenarios/anon-swap.csv
make_page anon "$anon"
end=$("$REAPSIM" explain "$anon" --limit 0 -an | grep -c '^[0-9]')
for op in 3 $((end / 3)) $((end / 2)) $end 5; do same_as_engine anon "$op" "$anon"; done
quiet anon

# two policies, by keyboard alone
make_page second-mark "$src/traces/examples/second-mark.csv" -p baseline,v1
is "first difference, known to the page" 5 'return reapsim.difference'
browser_keys d
is "first difference" 5 'return reapsim.at'
is "it is marked" "the first difference" 'return document.querySelector("#operation-text .mark").textContent'
is "both runs are framed" 2 'return document.querySelectorAll("#now .differs").length'
is "two runs stand next to each other" true 'const [a, b] = document.querySelectorAll("#lists .run"); return a.offsetTop == b.offsetTop && a.offsetLeft < b.offsetLeft'
browser_keys Right n
is "two steps forwards" 7 'return reapsim.at'
browser_keys Left p
is "two steps back" 5 'return reapsim.at'
browser_keys End
is "last step" true 'return reapsim.at == reapsim.last'
browser_keys Home
is "first step" 0 'return reapsim.at'
browser_keys g 1 0 Enter
is "operation 10" 10 'return reapsim.at'
browser_js 'document.querySelector("#lists [data-slot][tabindex=\"0\"]").focus(); return 1' >/dev/null
browser_keys Right Enter
is "a page is chosen" "The life of app:2" 'return document.getElementById("story-head").textContent'
is "its life" 6 'return document.querySelectorAll("#story .run:first-child tbody tr").length'
is "the focus stays in the list" "app:2" 'return document.activeElement.textContent.slice(0, 5)'
browser_keys Escape e
is "its next event" 12 'return reapsim.at'
browser_keys E E
is "the one before" 9 'return reapsim.at'
reached=$(browser_js 'return [...document.querySelectorAll("button, input, a, [tabindex=\"0\"]")].filter(e => e.tabIndex >= 0 && e.getClientRects().length && !e.disabled).length')
browser_js 'document.activeElement.blur(); seen = new Set(); document.addEventListener("focusin", e => seen.add(e.target)); return 1' >/dev/null
for _ in $(seq $((reached / 10 + 2))); do browser_keys Tab Tab Tab Tab Tab Tab Tab Tab Tab Tab; done
is "Tab reaches all of it" "$reached" 'return seen.size'
is "controls have names" 0 'return [...document.querySelectorAll("button, input")].filter(e => !(e.textContent || e.getAttribute("aria-label") || e.closest("label"))).length'
is "pictures have names" 0 'return [...document.querySelectorAll("svg")].filter(e => !e.getAttribute("aria-label") || e.getAttribute("role") != "img").length'
is "what happens is announced" polite 'return document.getElementById("now").getAttribute("aria-live")'
is_document second-mark
is "links lead to the glossary" 0 'return [...document.querySelectorAll("a[href^=\"#\"]")].filter(a => !document.querySelector(a.getAttribute("href"))).length'
quiet second-mark

# each size and scheme; text must differ from its ground by 4.5 to 1
contrast='const lum = c => { const [r, g, b] = c.match(/[\d.]+/g).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/^rgba.*, 0\)$/.test(c)) return c; } return "rgb(255,255,255)"; };
return [...document.querySelectorAll("p, a, b, h1, h2, h3, dt, dd, td, th, code, kbd, .chip, .pte span, .mark, .count, .more, .arrow, .why")].filter(e => e.getClientRects().length && !e.closest(":disabled")).filter(e => { const a = lum(getComputedStyle(e).color), b = lum(ground(e)); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5; }).map(e => e.textContent.slice(0, 30)).join("; ") || "none"'
for page in second-mark classic; do
	browser_open "$top/$page.html"
	browser_js 'reapsim.show(12); document.querySelector("#lists [data-slot]").click(); return 1' >/dev/null
	for scheme in light dark; do
		browser_scheme $scheme
		for size in "375 812" "1280 900" "1920 1080"; do
			# shellcheck disable=SC2086 # two numbers
			browser_size $size
			is_narrow "$page, $size, $scheme"
			is "$page, $size, $scheme: weak contrast" none "$contrast"
			[ -z "${SHOTS:-}" ] || browser_shot "$SHOTS/$page-$scheme-${size% *}.png"
		done
	done
done

# names with HTML in them
cat >"$top/names.csv" <<'END'
reapsim-trace,1
machine,memcg_pages,256
file,"<img src=x onerror=alert(1)>",4
file,"</script><script>alert(2)</script>&""'",4
spawn,1
read,1,"<img src=x onerror=alert(1)>",0,4
map,1,0x1000,4,r--p,"</script><script>alert(2)</script>&""'",0
touch,1,0x1000,4,r
mark,end
END
mv "$top/names.csv" "$top/<b>x&'.csv"
make_page names "$top/<b>x&'.csv"
is "the trace's name is text" "<b>x&'.csv" 'return document.querySelector("h1").textContent'
is "names are text" 0 'for (let i = 0; i <= reapsim.last; i++) { reapsim.show(i); for (const e of document.querySelectorAll("[data-slot]")) if (e.getAttribute("data-slot") % 3 == 0) e.click(); } return document.querySelectorAll("img, h1 b, script").length - 2'
is "a name is shown" true 'reapsim.show(reapsim.stepOf(2)); return document.body.innerText.includes("<img src=x onerror=alert(1)>:0-3")'
is "another is shown" true 'reapsim.show(reapsim.stepOf(4)); return document.body.innerText.includes("</script><script>alert(2)</script>&\"'"'"'")'
quiet names

# how long a step takes, until it is painted
"$REAPSIM" gen zipf pages=5000 accesses=10000 -o "$top/large.csv" >/dev/null 2>"$top/log" || fail "gen: $(tail -1 "$top/log")"
make_page large "$top/large.csv" --set memcg_pages=1500 --set readahead_pages=8
size=$(stat -c %s "$top/large.html")
if [ "$size" -lt 5000000 ]; then pass; else fail "the page of 10,000 operations has $size bytes"; fi
browser_js 'reapsim.show(5000); document.querySelector("#lists [data-slot]").click(); return 1' >/dev/null
is "a page is chosen while it is timed" true 'return !document.getElementById("story-part").hidden && document.querySelectorAll("#story tbody tr").length > 0'
times=$(browser_js 'const t = []; for (let i = 0; i < 600; i++) { const from = performance.now(); reapsim.show(i < 300 ? 5000 + i : 5600 - i); document.body.offsetHeight; t.push(performance.now() - from); }
t.shift(); t.sort((a, b) => a - b); const jump = performance.now(); reapsim.show(0); reapsim.show(reapsim.last); const all = performance.now() - jump;
return `${reapsim.last} operations: a step takes ${t[300].toFixed(1)} ms (median of 599), ${t[593].toFixed(1)} ms (99%), from one end to the other ${(all / 2).toFixed(0)} ms`')
case $times in [0-9]*ms) pass ;; *) fail "large: $times" ;; esac
echo "explain-page: $times; page of $size bytes"
finish
