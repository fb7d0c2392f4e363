#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# deps.sh [review]: checks the headers and tools that the build and the report need, or the page of
# the review too, by using them, and installs missing Debian packages. Prints nothing if none is
# missing. Exits 1 and names the packages if they cannot be installed, or are still missed after that.
set -u

cc=${CC:-gcc} for=${1-build}

have_tool() { command -v "$1" >/dev/null 2>&1; }
have_header() { printf '#include <stdio.h>\n#include <%s>\n' "$1" | $cc -E -x c - >/dev/null 2>&1; }
have_glib() { have_tool pkg-config && pkg-config --exists 'glib-2.0 >= 2.58'; }

# look - sets missing; true if nothing is
look() {
	missing=()
	have_tool pkg-config || missing+=(pkg-config)
	have_glib || missing+=(libglib2.0-dev)
	have_tool pkg-config && pkg-config --exists json-glib-1.0 || missing+=(libjson-glib-dev)
	have_header csv.h || missing+=(libcsv-dev)
	have_header zlib.h || missing+=(zlib1g-dev)
	# Debian 12's libtracecmd-dev does not depend on the two packages that its .pc file requires.
	have_tool pkg-config && pkg-config --exists libtracecmd || missing+=(libtracecmd-dev libtracefs-dev libtraceevent-dev)
	have_header zstd.h || missing+=(libzstd-dev)
	have_header CUnit/CUnit.h || missing+=(libcunit1-dev)
	have_header jemalloc/jemalloc.h || missing+=(libjemalloc-dev)
	have_tool gnuplot || missing+=(gnuplot-nox)
	have_tool jq || missing+=(jq)
	have_tool strace || missing+=(strace)
	have_tool valgrind || missing+=(valgrind)
	[ "$for" != review ] || have_tool cmark-gfm || missing+=(cmark-gfm)
	[ ${#missing[@]} -eq 0 ]
}

look && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo -n)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >>"$log" 2>&1
}

echo "deps: installing ${missing[*]}" >&2
if have_tool apt-get && { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }; then
	# The lists may be absent or old: refresh them only if they have to be.
	apt install --no-install-recommends "${missing[@]}" ||
		{ apt update && apt install --no-install-recommends "${missing[@]}"; } ||
		{ grep '^E:' "$log" | tail -1 >&2; false; }
else
	false
fi && look && exit 0

echo "deps: please install these packages first: ${missing[*]}" >&2
exit 1
