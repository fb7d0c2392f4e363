# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How the scripts here write what reapsim itself doesn't; sourced, not run. As
# sim/output.h has it: a file that is not ours stays, and a whole one takes its place.

# claim FILE BEGINNING - ends the script if FILE is there and does not begin so
claim() {
	if [ -d "$1" ]; then
		echo "${0##*/}: $1 is a folder, expected a file" >&2
	elif [ -s "$1" ] && [ "$(head -c "${#2}" <"$1" | tr -d '\0')" != "$2" ]; then
		echo "${0##*/}: $1 exists, and was not written by this script; remove it, or set OUT" >&2
	elif [ -e "$1" ] && [ -z "$(find "$1" -prune -perm /222)" ]; then
		echo "${0##*/}: $1 is read-only" >&2
	else
		return 0
	fi
	exit 2
}

# put FROM FILE - FROM, which is whole, under its name
put() {
	local new
	new=$(mktemp "$(dirname -- "$2")/.reapsim-XXXXXXXX")
	if cat -- "$1" >"$new" && chmod "$(printf %o $((0666 & ~0$(umask))))" "$new"; then
		mv -f -- "$new" "$2"
	else
		rm -f -- "$new"
		return 1
	fi
}
