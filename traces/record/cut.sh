#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: cut.sh TRACE ENDS [KEY=VALUE...] >PART.csv
#
# Prints the beginning of a trace, until ENDS processes have ended, in text form: small
# enough to play on a kernel. Snapshots "endN" after each third end (EVERY=N: each Nth) and
# after the last one replace the trace's own. Files that the part does not use are left out.
# KEY=VALUE replaces or adds a machine row. Processes that are still alive stay.
# traces/scenarios/compile-storm.csv is
#
#	traces/record/cut.sh traces/shipped/compile-storm.rtrace 8 memcg_pages=6500
set -euo pipefail
trace=${1:?usage: cut.sh TRACE ENDS [KEY=VALUE...]}
ends=${2:?usage: cut.sh TRACE ENDS [KEY=VALUE...]}
shift 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"${REAPSIM:-$(dirname "$0")/../../build/reapsim}" trace convert -- "$trace" "$tmp/all.csv"

# by the environment: -v would make a newline of a \n in a name
ENDS=$ends EVERY=${EVERY:-3} SETTINGS=$* FROM=$(basename -- "$trace") awk -F, '
# as a field may have it: without control characters, and quoted
function field(s) {
	gsub(/[[:cntrl:]]/, "?", s)
	gsub(/"/, "\"\"", s)
	return "\"" s "\""
}
BEGIN {
	ends = ENVIRON["ENDS"]
	every = ENVIRON["EVERY"]
	settings = ENVIRON["SETTINGS"]
	from = ENVIRON["FROM"]
	nr = split(settings, set, " ")
	for (i = 1; i <= nr; i++)
		ours[substr(set[i], 1, index(set[i], "=") - 1)] = 1
}
FNR == 1 {			# the version
	if (++pass == 1)
		print
	next
}
/^#/ || /^$/ { next }
pass == 1 {			# which files does the part use?
	if ($1 ~ /^(exit|kill|mrelease|oom)$/ && ++n == ends)
		nextfile
	if ($1 == "map")
		used[$6] = 1
	if ($1 ~ /^(read|write|truncate|unlink|fsync|fadvise)$/)
		used[$3] = 1
	if ($1 == "rename")
		used[$3] = used[$4] = 1
	next
}
$1 == "machine" {
	if (!($2 in ours))
		print
	next
}
$1 == "note" || $1 == "mark" { next }
$1 == "file" {
	if ($2 in used)
		print
	next
}
!began++ {
	for (i = 1; i <= nr; i++) {
		split(set[i], pair, "=")
		print "machine," pair[1] "," (pair[2] ~ /^[A-Za-z0-9._%+-]*$/ ? pair[2] : field(pair[2]))
	}
	print "note,probes," field("The beginning of " from ", a recording of real programs.")
	print "note,cut," field((every == 3 ? "" : "EVERY=" every " ") "traces/record/cut.sh " from " " ends " " settings)
}
{ print }
$1 ~ /^(exit|kill|mrelease|oom)$/ {
	if (++done % every == 0 || done == ends)
		print "mark,end" done
	if (done == ends)
		exit
}' "$tmp/all.csv" "$tmp/all.csv"
