#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# manuals.sh REAPSIM FOLDER: write all manual pages: reapsim.1, one for each command, and that
# of the trace format. They are text; what installs them packs them.
set -eu -o pipefail

reapsim=${1?usage: manuals.sh REAPSIM FOLDER}
to=${2?usage: manuals.sh REAPSIM FOLDER}
src=$(dirname "$0")/..
version=$("$reapsim" --version)

mkdir -p "$to"
"$reapsim" man >"$to/reapsim.1"
"$reapsim" list --names commands | while read -r words; do
	# shellcheck disable=SC2086 # words
	"$reapsim" man $words >"$to/reapsim-${words// /-}.1"
done
awk -v version="${version#* }" -f "$src/install/manual.awk" "$src/traces/FORMAT.md" >"$to/reapsim-trace.5"
