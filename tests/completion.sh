#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Completion: what the scripts of "reapsim completion" make of a command line. bash runs its script
# as at a prompt; fish too, and zsh checks the syntax of its own, where they are installed.
# tests/cli/complete.cmd has the words that the program offers.
set -u
. "$(dirname "$0")/lib.sh"
mkdir "$top/bin" "$top/here"
ln -s "$REAPSIM" "$top/bin/reapsim"
PATH=$top/bin:$PATH
for shell in bash zsh fish; do
	"$REAPSIM" completion $shell >"$top/reapsim.$shell" || fail "completion $shell"
done
# shellcheck source=/dev/null
. "$top/reapsim.bash"
cd "$top/here" || exit
mkdir folder
touch a.csv b.rtrace phone.conf 'with space.csv' notes.txt folder/c.csv

# LINE REPLY...: with the cursor at its end bash gets these replies
bash_gives() {
	local line=$1 want got
	shift
	COMP_LINE=$line COMP_POINT=${#line} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	COMPREPLY=()
	_reapsim reapsim reap '' 2>>"$top/stderr"
	want=$(printf '[%s]' "$@")
	got=$(printf '[%s]' "${COMPREPLY[@]-}")
	[ "$got" = "$want" ] && pass || fail "bash: $line: got $got, expected $want"
}

# COMMAND -> what bash offers for its options, one a line
bash_options() {
	COMP_LINE="reapsim $1 --" COMP_POINT=$((${#1} + 11)) COMPREPLY=()
	_reapsim reapsim -- "$1"
	printf '%s\n' "${COMPREPLY[@]}"
}

complete -p reapsim | grep -q -- '-F _reapsim reapsim' && pass || fail "bash: no completion of reapsim"
bash_gives 'reapsim ru' run
bash_gives 'reapsim trace c' convert check
bash_gives 'reapsim help trace i' info
bash_gives 'reapsim run --po' --policy=
bash_gives 'reapsim run --policy=v' v1 v1+evict
bash_gives 'reapsim run --policy v' v1 v1+evict
bash_gives 'reapsim run -p v' v1 v1+evict
bash_gives 'reapsim compare -p baseline,any' baseline,any-exit baseline,any-exit+evict
bash_gives 'reapsim compare --policies=baseline,flag:o' oom=
bash_gives 'reapsim run -p flag:oom=' no yes
bash_gives 'reapsim run --lru ' classic mglru
bash_gives 'reapsim run -k 6.1' 6.12 6.18 6.12-lazy
bash_gives 'reapsim run -s prefault=' young old
bash_gives 'reapsim run --set=memory_p' memory_pages=
bash_gives 'reapsim run -m ph' phone-emmc phone-ufs phone.conf
bash_gives 'reapsim compare --machines=vm,f' vm,folder/
bash_gives 'reapsim run ' a.csv b.rtrace folder/ 'with\ space.csv'
bash_gives 'reapsim run folder/' folder/c.csv
bash_gives 'reapsim run --csv ' a.csv b.rtrace folder/ notes.txt phone.conf 'with\ space.csv'
bash_gives 'reapsim run --csv=n' notes.txt
bash_gives 'reapsim compare -C workingset_refault_' workingset_refault_anon workingset_refault_file
bash_gives 'reapsim compare --plots ' folder/
bash_gives 'reapsim gen kill-' kill-return
bash_gives 'reapsim gen kill-return app' app_pages=
bash_gives 'reapsim outcome -K lm' lmkd
bash_gives 'reapsim outcome --killer=lmkd:swap_' swap_low= swap_ratio=
bash_gives 'reapsim sweep ' folder/ phone.conf
bash_gives 'reapsim run -c --chec' --check
bash_gives 'reapsim run -- --chec'
bash_gives 'reapsim frobnicate '
bash_gives 'reapsim list policies kern' kernels
[ -s "$top/stderr" ] && fail "bash: $(cat "$top/stderr")"

# All options of all commands, by the other list of them that there is.
while read -r words; do
	"$REAPSIM" help $words | grep -oE '^  (-., )?--[a-z-]+=?' | sed 's/.*--/--/' | sort >"$top/want"
	[ -s "$top/want" ] || continue # a group of commands
	bash_options "$words" | sort >"$top/got"
	cmp -s "$top/want" "$top/got" && pass || {
		fail "bash: the options of $words"
		diff "$top/want" "$top/got"
	}
done < <("$REAPSIM" list --names commands)

if command -v zsh >/dev/null; then
	zsh -n "$top/reapsim.zsh" && pass || fail "zsh -n"
else
	echo "completion: zsh is not installed, its script was not checked"
fi

# LINE WORD...: what fish offers
fish_gives() {
	local line=$1 got want
	shift
	got=$(HOME=$top fish --no-config -c "source $top/reapsim.fish; complete -C '$line'" 2>&1 | cut -f1)
	want=$(printf '%s\n' "$@")
	[ "$got" = "$want" ] && pass || fail "fish: $line: got \"$got\", expected \"$want\""
}
if command -v fish >/dev/null; then
	fish -n "$top/reapsim.fish" && pass || fail "fish -n"
	fish_gives 'reapsim trace c' check convert
	fish_gives 'reapsim run --po' --policy=
	fish_gives 'reapsim run --policy=v' --policy=v1 --policy=v1+evict
	fish_gives 'reapsim compare -p baseline,v' baseline,v1 baseline,v1+evict
	fish_gives 'reapsim run folder/' folder/c.csv
else
	echo "completion: fish is not installed, its script was not checked"
fi
finish
