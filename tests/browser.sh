# SPDX-License-Identifier: GPL-2.0-only
# Functions to drive a headless Chromium by chromedriver, over HTTP (W3C WebDriver). Sourced.
# Scripts and their results go through base64, so that neither needs quoting.

browser_missing() { # prints what is not installed
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
	command -v chromedriver >/dev/null || echo chromium-driver
	command -v curl >/dev/null || echo curl
}

browser_call() { # METHOD PATH [JSON] - prints the answer
	curl -s --max-time 120 -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://127.0.0.1:$browser_port$2"
}

# browser_start FOLDER - a browser whose files are there
browser_start() {
	local answer
	mkdir -p "$1"
	chromedriver --port=0 >"$1/driver.log" 2>&1 &
	browser_pid=$!
	for _ in $(seq 100); do
		browser_port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$1/driver.log")
		[ -z "$browser_port" ] || break
		sleep 0.1
	done
	[ -n "$browser_port" ] || { tail -3 "$1/driver.log"; return 1; }
	answer=$(browser_call POST /session '{"capabilities":{"alwaysMatch":{"goog:loggingPrefs":{"browser":"ALL","performance":"ALL"},
		"goog:chromeOptions":{"args":["--headless=new","--no-sandbox","--disable-gpu","--hide-scrollbars",
		"--disable-background-networking","--disable-component-update","--no-first-run","--user-data-dir='"$1"'/profile"]}}}}')
	browser_session=$(sed -n 's/.*"sessionId":"\([^"]*\)".*/\1/p' <<<"$answer")
	[ -n "$browser_session" ] || { echo "$answer" | head -c 300; return 1; }
}

browser_stop() {
	[ -z "${browser_session:-}" ] || browser_call DELETE "/session/$browser_session" >/dev/null
	[ -z "${browser_pid:-}" ] || kill "$browser_pid" 2>/dev/null
	wait "${browser_pid:-}" 2>/dev/null
	browser_session='' browser_pid=''
}

browser_do() { # PATH JSON - a command of the session
	browser_call POST "/session/$browser_session/$1" "$2"
}

browser_open() { # FILE
	browser_do url "{\"url\":\"file://$1\"}" >/dev/null
}

# browser_js CODE - prints what it returns, as text
browser_js() {
	local code
	code=$(base64 -w0 <<<"$1")
	browser_do execute/sync '{"args":[],"script":"try { const f = new Function(new TextDecoder().decode(Uint8Array.from(atob('"'$code'"'), c => c.charCodeAt(0)))); return btoa(String.fromCharCode(...new TextEncoder().encode(String(f())))); } catch (e) { return btoa(\"error: \" + e); }"}' |
		sed -n 's/.*"value":"\([^"]*\)".*/\1/p' | base64 -d
}

# browser_keys KEY... - each a character, or a name such as Right
browser_keys() {
	local key code actions=
	for key; do
		case $key in
		Right) code='\uE014' ;; Left) code='\uE012' ;; Home) code='\uE011' ;; End) code='\uE010' ;;
		Tab) code='\uE004' ;; Enter) code='\uE007' ;; Escape) code='\uE00C' ;; *) code=$key ;;
		esac
		actions+="${actions:+,}{\"type\":\"keyDown\",\"value\":\"$code\"},{\"type\":\"keyUp\",\"value\":\"$code\"}"
	done
	browser_do actions "{\"actions\":[{\"type\":\"key\",\"id\":\"keys\",\"actions\":[$actions]}]}" >/dev/null
}

browser_size() { # WIDTH HEIGHT
	browser_do goog/cdp/execute '{"cmd":"Emulation.setDeviceMetricsOverride","params":{"width":'"$1"',"height":'"$2"',"deviceScaleFactor":1,"mobile":false}}' >/dev/null
}

browser_scheme() { # light or dark
	browser_do goog/cdp/execute '{"cmd":"Emulation.setEmulatedMedia","params":{"features":[{"name":"prefers-color-scheme","value":"'"$1"'"}]}}' >/dev/null
}

browser_shot() { # FILE.png
	browser_call GET "/session/$browser_session/screenshot" | sed -n 's/.*"value":"\([^"]*\)".*/\1/p' | base64 -d >"$1"
}

browser_log() { # browser or performance - what was logged since the last call
	browser_do se/log "{\"type\":\"$1\"}"
}

# Checks, which need lib.sh

# is WHAT EXPECTED CODE - what the page's code returns
is() {
	local got
	got=$(browser_js "$3")
	if [ "$got" = "$2" ]; then pass; else fail "$1: expected \"$2\", got \"$got\""; fi
}

# is_silent NAME - no message on the console since the last call
is_silent() {
	local said
	said=$(browser_log browser)
	if [ "$said" = '{"value":[]}' ]; then pass; else fail "$1: on the console: ${said:0:200}"; fi
}

is_document() { # NAME
	is "$1: one h1, a language, a title" "1 en true" 'return [document.querySelectorAll("h1").length, document.documentElement.lang, !!document.title].join(" ")'
}

# is_narrow NAME - not wider than the screen
is_narrow() {
	is "$1: overflow" 0 'return Math.max(0, document.documentElement.scrollWidth - innerWidth)'
}
