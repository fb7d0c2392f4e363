#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: windows.sh FOLDER
#
# Writes the beginnings of the shipped recordings that kernels have played into FOLDER, which it
# makes: every end by process_mrelease(), and with the memory of such a part: about 75% of its
# peak. They were chosen by their length, deaths, and refaults under baseline, not by what a policy
# changes. Those for the stock kernel are as long as a kernel without hardware virtualization plays
# in a minute or two. Those for the patched kernel take it about ten seconds, as it plays them under
# three policies; NAME-short is a shorter part of a recording that has a long one. Then
#
#	make stock-agreement KERNEL=7.3 SETTINGS=large TRACES=FOLDER INTO=kernel-patch/results/recordings
#	make kernel-agreement KERNEL=7.3.4 POLICY="baseline v1 v1+evict" TRACES=FOLDER \
#		INTO=kernel-patch/results/recordings SCENARIOS="NAME..."
#	reapsim agree -t FOLDER kernel-patch/results/recordings/NAME.csv
set -euo pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}
to=${1:?usage: windows.sh FOLDER}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$to"

# window NAME ENDS EVERY PAGES [SUFFIX] - as for cut.sh; writes NAMESUFFIX.csv
window() {
	if [ ! -f "$tmp/$1.csv" ]; then
		"$reapsim" trace convert traces/shipped/"$1".[cr]* "$tmp/all.csv"
		sed -E 's/^(exit|kill),([0-9]+)$/mrelease,\2/' "$tmp/all.csv" >"$tmp/$1.csv"
	fi
	EVERY=$3 REAPSIM=$reapsim traces/record/cut.sh "$tmp/$1.csv" "$2" "memcg_pages=$4" >"$to/$1${5:-}.csv"
}
# played on a stock kernel
window chromium-tabs 18 6 79000
window node-crash-loop 3 1 18600
window package-build 25 8 6740
window postgres-restart 60 15 19800
# played on the patched kernel: package-build and node-crash-loop above, and these
window chromium-tabs 15 5 20400 -short
window compile-storm 12 4 6900
window db-session 3 1 7150
window postgres-restart 25 8 17700 -short
window shell-loop 20 5 2540
window source-scan 20 5 4380
