#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh VERSION: prints the folder of an unpacked kernel source; VERSION is such as
# 6.12 or 7.3. The source is Debian's linux-source-VERSION, the newest that is found:
# first in the machine's apt sources, then in unstable, experimental and the backports of
# the same archive. For these it uses an apt configuration of its own and leaves the
# machine's unchanged. A source in the cache is used without looking for a newer one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

version=${1:?usage: fetch.sh VERSION}
package=linux-source-$version
src=$cache/src

found=$(ls -d "$src/${package}_"*/ 2>/dev/null | sort -V | tail -1 || true)
if [ -n "$found" ]; then
	echo "${found%/}"
	exit 0
fi
need dpkg-deb=dpkg xz=xz-utils apt-get=apt
mkdir -p "$src" "$cache/tmp"
tmp=$(mktemp -d "$cache/tmp/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

download() { (cd "$tmp" && apt-get "$@" -o APT::Sandbox::User=root download "$package" >>"$tmp/log" 2>&1); }

# A newly installed machine has no package lists yet.
refresh() {
	local root=()
	! apt-cache madison bash | grep -q Packages || return 1
	[ "$(id -u)" -eq 0 ] || root=(sudo -n)
	"${root[@]}" apt-get -q update >>"$tmp/log" 2>&1
}

other_suites() {
	archive "$tmp" unstable experimental stable-backports trixie-backports || die "get $package and set KERNEL_SRC="
	download
}

say "fetching $package"
: >"$tmp/log"
download || { refresh && download; } || other_suites || { tail -3 "$tmp/log" >&2; die "no $package in the apt sources; set KERNEL_SRC= to a tree"; }
deb=$(ls "$tmp/${package}_"*.deb)
name=${package}_$(dpkg-deb -f "$deb" Version)
say "unpacking $name"
dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards "./usr/src/$package.tar.*" | xz -dc -T0 >"$tmp/src.tar"
mkdir "$tmp/tree"
tar -xf "$tmp/src.tar" -C "$tmp/tree" --strip-components=1
mv "$tmp/tree" "$src/$name"
echo "$src/$name"
