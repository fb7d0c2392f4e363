#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: windows.sh FOLDER
#
# Writes the beginnings of the shipped recordings that a kernel has played into FOLDER, which
# it makes: as long as a kernel without hardware virtualization plays in a minute or two, every
# end by process_mrelease(), and with the memory of such a part: about 75% of its peak. Then
#
#	make stock-agreement KERNEL=7.3 SETTINGS=large TRACES=FOLDER INTO=kernel-patch/results/recordings
#	reapsim agree -t FOLDER kernel-patch/results/recordings/NAME.csv
set -euo pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}
to=${1:?usage: windows.sh FOLDER}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$to"

# window NAME ENDS EVERY PAGES - as for cut.sh
window() {
	"$reapsim" trace convert "traces/shipped/$1.rtrace" "$tmp/all.csv"
	sed -E 's/^(exit|kill),([0-9]+)$/mrelease,\2/' "$tmp/all.csv" >"$tmp/$1.csv"
	EVERY=$3 REAPSIM=$reapsim traces/record/cut.sh "$tmp/$1.csv" "$2" "memcg_pages=$4" >"$to/$1.csv"
}
window chromium-tabs 18 6 79000
window node-crash-loop 3 1 18600
window package-build 25 8 6740
window postgres-restart 60 15 19800
