#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands that the documentation tells people to type must work. In blocks
# fenced as ```sh, lines that start with reapsim or build/reapsim (with or
# without a "$ " in front; a backslash continues the line) are run from a copy
# of the tree and must exit 0; the target of each "make X" must exist.
# Blocks fenced as ```console are for show and are not run.
#
# Tables that the program can print are what it prints: the lines after a line
#	<!-- reapsim list --markdown KIND -->
# up to the next empty one, and those between
#	<!-- begin traces/studies/headline.sh -->
#	<!-- end -->
# --update puts them there.
#
# Links to files must lead somewhere, the functions that sim/DESIGN.md names must
# exist, and the program's version must be the newest release of CHANGELOG.md. Each
# dependency has its reason in CONTRIBUTING.md.
set -u

update=false
[ "${1:-}" = --update ] && update=true
src=$(cd "$(dirname "$0")/.." && pwd)
REAPSIM=${REAPSIM:-$src/build/reapsim}
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
passed=0
failed=0

pass() { passed=$((passed + 1)); }
fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

# FILE -> lines "NUMBER<tab>COMMAND"
commands() {
	awk '
	/^[ \t]*```/ {
		in_block = !in_block
		run = in_block && /```(sh|bash|shell)[ \t]*$/
		text = ""
		next
	}
	run {
		line = $0
		sub(/^[ \t]*(\$ )?/, "", line)
		if (text == "") at = NR
		text = text line
		if (sub(/\\$/, "", text)) next
		if (text != "" && text !~ /^#/) print at "\t" text
		text = ""
	}' "$1"
}

# Everything but what is built and the history.
mkdir "$top/tree" "$top/bin"
(cd "$src" && tar cf - --exclude=./build --exclude=./out --exclude=./.git .) |
	tar xf - -C "$top/tree"
mkdir "$top/tree/build"
ln -s "$REAPSIM" "$top/tree/build/reapsim"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH
export PATH

# FILE -> FILE as it should be
with_tables() {
	local line table
	while IFS= read -r line; do
		printf '%s\n' "$line"
		if [ "$line" = '<!-- begin traces/studies/headline.sh -->' ]; then
			REAPSIM=$REAPSIM "$src/traces/studies/headline.sh" || return
			while IFS= read -r line && [ "$line" != '<!-- end -->' ]; do :; done
			printf '%s\n' "$line"
		fi
		[[ $line =~ ^'<!-- reapsim '(list\ --markdown\ [a-z-]+)' -->'$ ]] || continue
		table=${BASH_REMATCH[1]}
		# shellcheck disable=SC2086 # words
		"$REAPSIM" $table || return
		while IFS= read -r line && [ -n "$line" ]; do :; done
		echo
	done <"$1"
}

for doc in README.md CONTRIBUTING.md models/README.md traces/FORMAT.md; do
	grep -qE '^<!-- (reapsim list|begin) ' "$src/$doc" || continue
	if ! with_tables "$src/$doc" >"$top/doc"; then
		fail "$doc: a command of its tables fails"
	elif cmp -s "$src/$doc" "$top/doc"; then
		pass
	elif $update; then
		cat "$top/doc" >"$src/$doc"
		echo "updated $doc"
	else
		fail "$doc: a table is not what the program prints; \"make golden-update\" mends it"
		diff -u "$src/$doc" "$top/doc"
	fi
done
if $update; then
	exit $((failed > 0))
fi

for doc in README.md CONTRIBUTING.md models/README.md traces/README.md; do
	commands "$src/$doc" >"$top/commands"
	while IFS=$'\t' read -r line text; do
		case $text in
		make | make\ *)
			for word in ${text%%#*}; do
				case $word in
				make | *=* | -* | *\'*) continue ;;
				esac
				if grep -qE "^$word:.*## " "$src/Makefile"; then
					pass
				else
					fail "$doc:$line: make has no target \"$word\""
				fi
			done
			;;
		reapsim\ * | build/reapsim\ *)
			if (cd "$top/tree" && bash -o pipefail -c "$text") \
				>"$top/log" 2>&1 </dev/null; then
				pass
			else
				fail "$doc:$line: exits with $?: $text"
				tail -5 "$top/log"
			fi
			;;
		esac
	done <"$top/commands"
done
while IFS= read -r doc; do
	bad=$(grep -oE '\]\([^)#:]+[)#]' "$doc" | tr -d '])(#' | while IFS= read -r to; do
		[ -e "$(dirname "$doc")/$to" ] || echo "$to"
	done)
	if [ -z "$bad" ]; then
		pass
	else
		fail "${doc#"$src"/}: links to nothing:" $bad
	fi
done < <(find "$src" -name '*.md' -not -path "$src/build/*" -not -path "$src/out/*")

for name in $(grep -oE '`[a-z_]+\(\)`' "$src/sim/DESIGN.md" | tr -d '`()' | sort -u); do
	if grep -rqE "^[a-z].*\b$name\(" "$src/sim" "$src/models" --include=*.[ch]; then
		pass
	else
		fail "sim/DESIGN.md: there is no $name()"
	fi
done

for package in $(sed -n 's/.*missing+=(\(.*\))/\1/p' "$src/tests/deps.sh"); do
	if [ "$package" = pkg-config ] || grep -q "^|.*\`$package\`" "$src/CONTRIBUTING.md"; then
		pass
	else
		fail "CONTRIBUTING.md: gives no reason for $package, which tests/deps.sh installs"
	fi
done

release=$(sed -n 's/^## \([0-9][0-9.]*\) .*/\1/p' "$src/CHANGELOG.md" | head -1)
if [ "$("$REAPSIM" --version)" = "reapsim $release" ]; then
	pass
else
	fail "CHANGELOG.md: the newest release is $release, the program is $("$REAPSIM" --version)"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
