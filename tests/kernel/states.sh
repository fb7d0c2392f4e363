# SPDX-License-Identifier: GPL-2.0-only
# States of pages, for the scripts of the two decision matrices; sourced, not run. A state is
# "." for a page that is not cached, otherwise letters and the number of page table entries
# that map the page; "?" is one that nothing shows, beyond the end of its file. Lines are "HEAD,SNAPSHOT,FILE,FIRST,COUNT,STATE".

# kernel_states HEAD "FILE..." LETTERS RESULTS - states in the player's dump. LETTERS selects
# from "raldw": PG_referenced, active, lru, dirty, workingset
kernel_states() {
	awk -v head="$1" -v files="$2" -v letters="$3" '
BEGIN {
	split(files, file, " ")
	nr = split("r 3 a 4 l 5 d 6 w 8", flag, " ")
}
function bit(n) { return int(word / 2 ^ n) % 2 }
$1 == "P" {
	word = 0
	for (i = 1; i <= length($7); i++)
		word = word * 16 + index("123456789abcdef", substr($7, i, 1))
	state = ""
	for (i = 1; i <= nr; i += 2)
		if (index(letters, flag[i]) && bit(flag[i + 1]))
			state = state flag[i]
	state = $7 == "-" ? "?" : bit(0) ? state int(word / 2 ^ 32) % 65536 : "."
	print head "," $2 "," file[$4 + 1] "," $5 "," $6 "," state
}' "$4"
}

# simulator_states HEAD LETTERS - states in the output of "reapsim run --pages -" on stdin
simulator_states() {
	awk -F, -v head="$1" -v letters="$2" '
BEGIN { nr = split("r a l d w", letter, " ") }
NR > 1 {
	state = ""
	for (i = 1; i <= nr; i++)
		if (index(letters, letter[i]) && $(6 + i))
			state = state letter[i]
	print head "," $1 "," $3 "," $4 "," $5 "," ($6 ? state $12 : ".")
}'
}

# wide GROUP POLICY... - a column for each policy, a row for pages that have the same states
# under all of them. HEAD of the lines is the policy, or POLICY,LRU. GROUP: names of the fields
# after the policy, up to the file.
wide() {
	local group=$1
	shift
	awk -F, -v group="$group" -v policies="$*" '
BEGIN { nr = split(policies, name, " ") }
{
	range = $2
	for (i = 3; i <= NF - 3; i++)
		range = range "," $i
	if (!(range in last))
		ranges[nr_ranges++] = range
	if ($(NF - 2) + $(NF - 1) > last[range])
		last[range] = $(NF - 2) + $(NF - 1)
	for (i = 0; i < $(NF - 1); i++)
		state[$1, range, $(NF - 2) + i] = $NF
}
function flush() {
	if (count)
		print ranges[r] "," first "," count before
	count = 0
}
END {
	printf "%s,page,count", group
	for (p = 1; p <= nr; p++)
		printf ",%s", name[p]
	print ""
	for (r = 0; r < nr_ranges; r++) {
		for (i = 0; i < last[ranges[r]]; i++) {
			row = ""
			for (p = 1; p <= nr; p++)
				row = row "," state[name[p], ranges[r], i]
			if (row != before)
				flush()
			if (!count)
				first = i
			count++
			before = row
		}
		flush()
	}
}'
}

# table_of_orders HEADING VERBOSE KERNEL SIMULATOR - compares two outputs of "wide lru,mark,file
# state" whose files are named WHAT-new|active...-ORDER: a row for each LRU and WHAT, a column for
# each order; VERBOSE: also what differs. Fails if anything does.
table_of_orders() {
	awk -F, -v what_they_are="$1" -v verbose="$2" '
$1 == "lru" { input++; next }
/^#/ { next }
{
	for (i = 0; i < $5; i++) {
		key = $1 "," $2 "," $3 "," $4 + i
		if (input == 1) {
			state[key] = $6
			continue
		}
		if (!(key in state) || state[key] == "?") # or the file has no name
			continue
		order = $3
		what = $3
		sub(/.*-/, "", order)
		sub(/-(new|active).*/, "", what)
		row = "| " $1 " | `" what "` |"
		if (!(row in seen)) {
			seen[row] = 1
			rows[++nr] = row
		}
		if (order !~ /^[0-9]$/)
			order = "0"
		all[row, order]++
		if (state[key] == $6)
			continue
		bad[row, order]++
		wrong++
		why = $1 " " $2 " " $3 ": kernel " state[key] ", simulator " $6
		if (!differ[why]++)
			list[++nr_why] = why
	}
}
END {
	print "| LRU | " what_they_are " | order 0 | order 2 | order 5 | order 9 |\n|---|---|---|---|---|---|"
	split("0 2 5 9", orders, " ")
	for (r = 1; r <= nr; r++) {
		line = rows[r]
		for (o = 1; o <= 4; o++) {
			n = all[rows[r], orders[o]]
			b = bad[rows[r], orders[o]]
			line = line " " (n ? (b ? b " of " n " pages differ" : n " pages equal") : "") " |"
		}
		print line
	}
	for (i = 1; verbose && i <= nr_why; i++)
		print list[i] ": " differ[list[i]] " pages"
	exit wrong || !nr
}' "$3" "$4"
}

# matrix_of_orders HEADING "OPTION..." ARGUMENT... - the command line of a matrix: trace() prints its
# trace, OPTIONs are those of "reapsim run" that make its machine the kernel's, and
# NAME.kernel.csv, next to the script NAME.sh, has the kernel's states. Sets the folder tmp.
matrix_of_orders() {
	local heading=$1 options=$2 recorded=${0%.sh}.kernel.csv folder reapsim lru
	shift 2
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	trace >"$tmp/matrix.csv"
	case ${1:-} in
	--trace) cat "$tmp/matrix.csv" ;;
	--play)
		folder=${2:?usage: ${0##*/} --play FOLDER}
		LRU="classic mglru" RUNS=1 OUT=$folder \
			SET="folios=large damon_stat=0 thp=never" OPTIONS=player.dump=1 \
			"$(dirname "$0")/../../kernel-patch/scripts/stock-run.sh" "$tmp/matrix.csv" >/dev/null
		;;
	--record)
		folder=${2:?usage: ${0##*/} --record FOLDER}
		for lru in classic mglru; do
			kernel_states "state,$lru" "$(awk -F, '$1 == "file" { print $2 }' "$tmp/matrix.csv")" rald \
				"$folder/baseline-$lru-1/results"
		done | wide lru,mark,file state
		;;
	*)
		reapsim=${1:?usage: ${0##*/} REAPSIM [-v]}
		for lru in classic mglru; do
			# shellcheck disable=SC2086 # a list
			"$reapsim" run --lru "$lru" $options --pages - "$tmp/matrix.csv" |
				simulator_states "state,$lru" rald
		done | wide lru,mark,file state >"$tmp/simulator.csv"
		table_of_orders "$heading" "${2:-}" "$recorded" "$tmp/simulator.csv"
		;;
	esac
}
