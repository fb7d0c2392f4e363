#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Check the manual pages:
#
# - man formats each without a warning;
# - each has the sections that all have, and says what --help says, or traces/FORMAT.md;
# - each has examples, they use the command, and they work: those of a command run in an empty
#   folder with reapsim in PATH ("# in the source tree": there), that of the format is a trace.
#
#	tests/manual.sh [PAGE...]	such as reapsim-trace-info.1
set -u
. "$(dirname "$0")/lib.sh"
mkdir "$top/bin"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH

# PAGE NAME, and lines on stdin, which man must print for the page, however they are broken
has_lines() {
	MANWIDTH=2000 man --warnings --no-hyphenation --no-justification -E UTF-8 -l "$1" 2>"$top/log" >"$top/text"
	if [ -s "$top/log" ]; then
		fail "$2: man warns"
		cat "$top/log"
	fi
	awk '
	{ $1 = $1; $0 = tolower($0) }
	FNR == NR { page = page " " $0; next }
	!index(page, $0) { print "FAIL: does not say: " $0; bad = 1 }
	END { exit bad }' "$top/text" - && pass || fail "$2"
}

# "reapsim-trace-info.1" -> "trace info"
command_of() { "$REAPSIM" list --names commands | sed 'h; s/ /-/g; s/^/reapsim-/; s/$/.1/; G; s/\n/\t/' |
	awk -F '\t' -v page="$1" '$1 == page { print $2 }'; }

# COMMAND -> what its --help says, as the page writes it
help_lines() {
	# shellcheck disable=SC2086 # words
	"$REAPSIM" $1 --help | sed -e 's/…/.../g' -e 's/^usage: //' -e '/^Usage:$/d' -e '/^Options:$/d' \
		-e 's/^\(commands\|exit status\):$/\1/' -e '/^$/d'
}

# cells and lines of traces/FORMAT.md without their marks
format_lines() {
	sed -e '/^<!--/d' -e '/^# /d' -e '/^|[-|]*$/d' -e '/^$/d' -e 's/^##* //' -e 's/^- //' -e 's/\\|/\x01/g' \
		-e 's/^| *//' -e 's/ *|$//' "$src/traces/FORMAT.md" |
		sed -E -e '/^    /!s/\[([^]]+)\]\([^)]*\)/\1/g' -e '/^    /!s/`//g' -e 's/ *\| */\n/g' | sed -e 's/\x01/|/g' -e '/^$/d'
}

# PAGE -> its examples, as they are typed
examples() {
	sed -n '/^\.SH EXAMPLES/,/^\.EE/p' "$1" | sed -n '/^\.EX/,/^\.EE/p' |
		sed -e '/^\.E[XE]$/d' -e 's/^\\&//' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\(ga/`/g' \
			-e 's/\\(ha/^/g' -e 's/\\(ti/~/g' -e 's/\\e/\\/g'
}

# of the page NAME of COMMAND, in $top/examples
run_examples() {
	local name=$1 where=$top/run words=reapsim${2:+ $2}
	grep -qE "^$words( |\$)" "$top/examples" || {
		fail "$name: no example of \"$words\""
		return
	}
	rm -rf "$where"
	mkdir "$where"
	head -1 "$top/examples" | grep -q '^# in the source tree' && where=$src
	if (cd "$where" && exec timeout 60 bash -e -o pipefail "$top/examples") >"$top/log" 2>&1 </dev/null; then
		pass
	else
		fail "$name: an example exits with $?"
		tail -5 "$top/log"
	fi
}

one() {
	local name=$1 page=$top/man/$1 command section
	for section in NAME DESCRIPTION EXAMPLES 'SEE ALSO' $([ "${name##*.}" = 5 ] || echo SYNOPSIS FILES); do
		grep -qx ".SH $section" "$page" || fail "$name: no section $section"
	done
	command=$(command_of "$name")
	examples "$page" >"$top/examples"
	if [ "$name" = reapsim-trace.5 ]; then
		sed 's/^    //' "$top/examples" >"$top/example.csv"
		reapsim trace check "$top/example.csv" >"$top/log" 2>&1 && pass || {
			fail "$name: the example is no trace"
			cat "$top/log"
		}
	else
		run_examples "$name" "$command"
	fi
	[ -n "$man" ] || return
	if [ "$name" = reapsim-trace.5 ]; then
		has_lines "$page" "$name" < <(format_lines)
	else
		has_lines "$page" "$name" < <(help_lines "$command")
	fi
}

if ! "$src/install/manuals.sh" "$REAPSIM" "$top/man"; then
	fail "install/manuals.sh"
	finish
	exit
fi
man=$(command -v man) || echo "manual: man is not installed, only the examples were checked"
if [ $# -gt 0 ]; then
	for name; do
		one "$name"
	done
else
	for page in "$top"/man/*; do
		one "${page##*/}"
	done
fi
finish
