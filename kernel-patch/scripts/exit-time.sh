#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# exit-time.sh: the cost of the series for processes that do not use it. A process maps a
# cached file, touches each page, so that all its entries are young, and exits; no flag
# is passed. Kernels without and with the series take turns. Prints CSV on stdout: the
# time of an exit per page, minus the exit of a process without the file.
#
#   KERNEL, KERNEL_SRC, CONFIG   as for build.sh
#   OLD=FOLDER NEW=FOLDER        kernels that build.sh printed, instead
#   PAGES=N                      of the file (default 8192)
#   EXITS=N BOOTS=N              exits a boot, boots of each kernel (40, 5)
#   OUT=FOLDER                   keep the raw results there
#
# clock "time" is the guest's clock. QEMU translates code on a shared host, so only the
# difference of two medians is meaningful, and only roughly. clock "instructions" is
# QEMU's -icount shift=0, where a nanosecond of the guest is one executed instruction:
# there is almost no noise, but it does not show how long an instruction takes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PAGES=${PAGES:-8192}
EXITS=${EXITS:-40}
BOOTS=${BOOTS:-5}

find_source
series_patches
old=${OLD:-$(PATCHES="" "$here/scripts/build.sh")}
new=${NEW:-$(PATCHES="${patches[*]}" "$here/scripts/build.sh")}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
out=${OUT:-$tmp/out}

# After the first three exits further marks of a page change nothing.
awk -v pages="$PAGES" -v exits="$EXITS" 'BEGIN {
	print "reapsim-trace,1\nfile,data," pages
	for (i = 1; i <= 3 + exits; i++) {
		print "spawn,1\nmap,1,0x1000," pages ",r--p,data,0\ntouch,1,0x1000," pages ",r\nexit,1"
		print "spawn,1\nexit,1"
	}
	print "mark,end"
}' >"$tmp/exits.csv"

for ((boot = 1; boot <= BOOTS; boot++)); do
	for clock in instructions time; do
		for kernel in old new; do
			[ $clock = time ] && QEMU='' || QEMU='-icount shift=0,sleep=off'
			QEMU=$QEMU KERNEL_DIR=${!kernel} RUNS=1 OPTIONS=player.times=1 MEM=$((PAGES / 256 + 128)) \
				OUT=$out/$clock/$kernel/$boot "$here/scripts/run.sh" "$tmp/exits.csv" >/dev/null
		done
	done
done

# summary CLOCK KERNEL - over all exits of all boots
summary() {
	local p
	for p in "$out/$1/$2"/*/baseline-classic-1/results; do
		awk '$1 == "T" && $3 == "exit" {
			if (++n % 2)
				full = $4
			else if (n > 6)
				print full - $4
		}' "$p"
	done | sort -n | awk -v head="$base,$2,$1" -v pages="$PAGES" '
		{ v[NR] = $1 / pages }
		function at(q) { return v[1 + int((NR - 1) * q + 0.5)] }
		END { printf "%s,%d,%d,%.2f,%.2f,%.2f\n", head, pages, NR, at(0.5), at(0.25), at(0.75) }'
}
echo "version,kernel,clock,pages,exits,median_a_page,quartile1,quartile3"
for clock in instructions time; do
	for kernel in old new; do
		summary $clock $kernel
	done
done
