#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# cost.sh OLD.o NEW.o [FUNCTION...]: bytes and instructions of each function in
# which two builds of a kernel object differ, and of those that are named, as
# CSV on stdout. What the compiler has inlined counts where it has gone:
# zap_present_folio_ptes() into its caller, for example.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '3,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for o in "$1" "$2"; do
	[ -f "$o" ] || { echo "cost.sh: no such file: $o" >&2; exit 2; }
done

# list OBJECT - function, bytes, instructions; padding between functions is none
list() {
	{ nm -S --radix=d --defined-only -- "$1"; objdump -d --no-show-raw-insn -j .text -- "$1"; } | awk '
		/^[0-9a-f]+ <.*>:$/ {
			name = substr($2, 2, length($2) - 3)
			sub(/\.(constprop|isra|part|cold).*/, "", name)
			next
		}
		/^ +[0-9a-f]+:\t/ && $2 !~ /^(nop|int3|xchg|cs|data16)/ { n[name]++ }
		NF == 4 && /^[0-9]+ [0-9]+ [tT] / {	# of nm
			sub(/\.(constprop|isra|part|cold).*/, "", $4)
			bytes[$4] += $2
		}
		END {
			for (f in n)
				print f, bytes[f] + 0, n[f]
		}' | sort
}

text() { size -A -d "$1" | awk '$1 == ".text" { print $2 }'; }

old=$1 new=$2
shift 2
echo "function,bytes_old,bytes_new,insns_old,insns_new"
join -a1 -a2 -e 0 -o 0,1.2,2.2,1.3,2.3 <(list "$old") <(list "$new") |
	awk -v names=" $* " '$2 != $3 || $4 != $5 || index(names, " " $1 " ") {
		print $1 "," $2 "," $3 "," $4 "," $5 }'
echo ".text,$(text "$old"),$(text "$new"),,"
