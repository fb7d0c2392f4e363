#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# storeys.sh OBJECTS SOURCE...: calls and includes run one way, from storey to storey:
#
#	cli -> lab -> models, readers, gen -> run -> mm -> time -> ground
#
# An arrow is a symbol that the object of one source needs and that of another defines, or an
# include. OBJECTS is the folder of the objects, in which the object of SOURCE.c is SOURCE.o.
# Prints the number of arrows from storey to storey, and each arrow that is not allowed. Fails
# if there is one.
set -u
export LC_ALL=C

objects=${1?usage: storeys.sh OBJECTS SOURCE...}
shift
cd "$(dirname "$0")/.." || exit 1

# Sources that all storeys may use and that depend on nothing: errors, names that a user types,
# random numbers, tables that may exceed memory.
ground="sim/err sim/names sim/rng sim/spill"

# Headers of the run that everything above sim/time/ may include: they describe interfaces.
# Lower storeys must not call the functions that they declare.
interfaces="
	sim/kernel.h
	sim/lru.h
	sim/machine.h
	sim/op.h
	sim/option.h
	sim/reap.h
	sim/state.h
	sim/trace.h
	sim/vmstat.h
	sim/mm/folio.h
	sim/mm/interval_tree.h
	sim/mm/mmzone.h
	sim/mm/times.h"

# The storeys that each storey may use in addition to itself.
uses="
	ground:
	time: ground
	interface: ground time
	mm: ground time interface
	run: ground time interface mm
	models: ground time interface mm run
	readers: ground interface run
	gen: ground interface run
	lab: ground time interface mm run models readers gen
	cli: ground time interface mm run models readers gen lab"

# "need SOURCE SYMBOL", "have SOURCE SYMBOL", "include FILE HEADER"
arrows() {
	local list=("${@/%.c/.o}")

	nm -A -g -P "${list[@]/#/$objects/}" | awk -v top="$objects/" '
		{
			source = substr($1, length(top) + 1)
			sub(/\.o:$/, ".c", source)
		}
		$3 == "U" { print "need", source, $2 }
		# it defines functions of the C library
		source == "sim/cli/malloc.c" { next }
		$3 ~ /^[A-TV-Z]$/ { print "have", source, $2 }'
	[ "${PIPESTATUS[0]}" = 0 ] || echo "bad nm"
	printf '%s\n' "${@%/*}" | sort -u | while read -r folder; do
		grep -H '^#include "' "$folder"/*.[ch]
	done | sed 's|^\([^:]*\):#include "\(.*\)".*|include \1 \2|'
}

arrows "$@" | awk -v ground="$ground" -v interfaces="$interfaces" -v uses="$uses" '
function storey(file,	stem) {
	stem = file
	sub(/\.[ch]$/, "", stem)
	if (stem in is_ground)
		return "ground"
	if (file in is_interface)
		return "interface"
	if (file ~ /^sim\/(time|mm|lab|cli)\//) {
		split(file, part, "/")
		return part[2]
	}
	if (file ~ /^sim\//)
		return "run"
	if (file ~ /^models\//)
		return "models"
	if (file ~ /^traces\/(readers|gen)\//) {
		split(file, part, "/")
		return part[2]
	}
	return "none: " file
}
function arrow(from, to, what,	a, b) {
	if (from == to || seen[from, to, what]++)
		return
	a = storey(from)
	b = storey(to)
	if (a == b)
		return
	count[a, b]++
	all++
	if (!((a, b) in may))
		up[++nr_up] = from " -> " to ": " what
}
BEGIN {
	n = split(ground, list)
	for (i = 1; i <= n; i++)
		is_ground[list[i]]
	n = split(interfaces, list)
	for (i = 1; i <= n; i++)
		is_interface[list[i]]
	n = split(uses, list)
	for (i = 1; i <= n; i++) {
		if (sub(/:$/, "", list[i]))
			names[++nr_names] = who = list[i]
		else
			may[who, list[i]]
	}
}
$1 == "bad" { up[++nr_up] = $2 }
$1 == "have" { home[$3] = $2 }
$1 == "need" { needs[$2, $3] }
$1 == "include" { arrow($2, $3, "#include") }
END {
	for (key in needs) {
		split(key, part, SUBSEP)
		if (part[2] in home)
			arrow(part[1], home[part[2]], part[2])
	}
	for (i = nr_names; i; i--)
		for (j = nr_names; j; j--)
			if (count[names[i], names[j]])
				printf "%6d %s -> %s\n", count[names[i], names[j]], names[i], names[j]
	for (i = 1; i <= nr_up; i++)
		print "FAIL " up[i]
	printf "%d arrows, upward arrows %d\n", all, nr_up
	exit all == 0 || nr_up > 0
}'
