#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Check the documents against the program.
#
# Commands must work. In a block fenced as ```sh, each line that starts with reapsim or
# build/reapsim (an optional "$ " before it; a backslash continues the line) runs in a copy
# of the tree and must exit 0. The target of each "make X" must exist. Blocks fenced as
# ```console are not run.
#
# Tables must match the program's output: the lines from
#	<!-- reapsim list --markdown KIND -->
# to the next empty line, and the lines between
#	<!-- begin traces/studies/large.sh --brief -->	(or another script there, with --brief or without)
#	<!-- end -->
# --update rewrites them. Every kind of plug-in must have a table.
#
# Links to files must resolve. The functions named in sim/DESIGN.md must exist. The
# program's version must be the newest release in CHANGELOG.md. CONTRIBUTING.md must give a
# reason for each dependency. debian/changelog must have the same release.
set -u

update=false
[ "${1:-}" = --update ] && update=true
. "$(dirname "$0")/lib.sh"

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

# The whole tree, without build output and history.
mkdir "$top/tree" "$top/bin"
(cd "$src" && tar cf - --exclude=./build --exclude=./out --exclude=./.git .) |
	tar xf - -C "$top/tree"
mkdir "$top/tree/build"
ln -s "$REAPSIM" "$top/tree/build/reapsim"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH
export PATH

# FILE -> FILE with its tables replaced by the program's output
with_tables() {
	local line table
	while IFS= read -r line; do
		printf '%s\n' "$line"
		if [[ $line =~ ^'<!-- begin '(traces/studies/[a-z]+\.sh)(' --brief')?' -->'$ ]]; then
			REAPSIM=$REAPSIM "$src/${BASH_REMATCH[1]}" ${BASH_REMATCH[2]} || return
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

for doc in README.md CONTRIBUTING.md models/README.md traces/README.md traces/FORMAT.md \
	traces/studies/LARGE.md; do
	grep -qE '^<!-- (reapsim list|begin) ' "$src/$doc" || continue
	if ! with_tables "$src/$doc" >"$top/doc"; then
		fail "$doc: a command that prints a table fails"
	elif cmp -s "$src/$doc" "$top/doc"; then
		pass
	elif $update; then
		cat "$top/doc" >"$src/$doc"
		echo "updated $doc"
	else
		fail "$doc: a table differs from the program's output; run \"make golden-update\""
		diff -u "$src/$doc" "$top/doc"
	fi
done
if $update; then
	exit $((failed > 0))
fi

for kind in kernels models policies killers formats generators machine-keys; do
	if grep -qx "<!-- reapsim list --markdown $kind -->" "$src"/{models,traces}/*.md; then
		pass
	else
		fail "no document has the table \"reapsim list --markdown $kind\""
	fi
done

for doc in README.md CONTRIBUTING.md models/README.md traces/README.md; do
	commands "$src/$doc" >"$top/commands"
	while IFS=$'\t' read -r line text; do
		case $text in
		make | make\ *)
			for word in ${text%%#*}; do
				case $word in
				make | *=* | -* | *\'*) continue ;;
				esac
				if grep -qhE "^$word:.*## " "$src/Makefile" "$src"/*/*.mk; then
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
		fail "${doc#"$src"/}: broken link:" $bad
	fi
done < <(find "$src" -name '*.md' -not -path "$src/build/*" -not -path "$src/out/*")

for name in $(grep -oE '`[a-z_]+\(\)`' "$src/sim/DESIGN.md" | tr -d '`()' | sort -u); do
	if grep -rqE "^[a-z].*\b$name\(" "$src/sim" "$src/models" --include=*.[ch]; then
		pass
	else
		fail "sim/DESIGN.md: no function $name() in sim/ or models/"
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
packaged=$(sed -n '1s/^reapsim (\(.*\)) .*/\1/p' "$src/debian/changelog")
[ "$packaged" = "$release" ] && pass || fail "debian/changelog: the newest release is $packaged, in CHANGELOG.md $release"
finish
