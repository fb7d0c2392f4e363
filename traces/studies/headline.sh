#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Print the result table of README.md: the file pages that each shipped recording reads
# from the device if process_mrelease() reaps every process, and the change under two
# policies, for both LRUs, with the interval of an ensemble. tests/check-docs.sh compares
# README.md with this output.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
reapsim=${REAPSIM:-build/reapsim}

for lru in classic mglru; do
	"$reapsim" compare --lru $lru --policies baseline,v1,v1+evict --ends-as mrelease \
		--memory 50%,75% --ensemble 12 --differences - \
		traces/shipped/*.csv traces/shipped/*.rtrace
done | awk -F, -f traces/studies/headline.awk
