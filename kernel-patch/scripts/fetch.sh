#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fetch.sh VERSION: prints the folder of an unpacked kernel source. VERSION is such as 6.12
# or 7.3, for the newest that is found, or exact, such as 7.3.4 or 7.3-rc7. The source is
# Debian's linux-source-VERSION: first in the machine's apt sources, then in unstable,
# experimental and the backports of the same archive. For these it uses an apt configuration
# of its own and leaves the machine's unchanged. A source in the cache is used without
# looking for a newer one; so is a package that was downloaded before an interruption.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

version=${1:?usage: fetch.sh VERSION}
[[ $version =~ ^([0-9]+\.[0-9]+)(\.[0-9]+|-rc[0-9]+)?$ ]] ||
	bad "KERNEL=$version: expected a version such as 7.3, 7.3.4 or 7.3-rc7"
package=linux-source-${BASH_REMATCH[1]}
upstream=${version/-rc/\~rc} # as Debian writes it
src=$cache/src

# matching NAME... - the newest PACKAGE_VERSION, perhaps with more after it, of VERSION
matching() { printf '%s\n' "$@" | grep -E "(^|/)${package}_${upstream//./\\.}([.~-]|$)" | sort -V | tail -1; }

found=$(matching "$src/${package}_"*/ || true)
if [ -n "$found" ]; then
	echo "${found%/}"
	exit 0
fi
need dpkg-deb=dpkg xz=xz-utils apt-get=apt
mkdir -p "$src" "$cache/tmp"
tmp=$(mktemp -d "$cache/tmp/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
on_signal "stopped; a package that was downloaded is kept in $cache/tmp, and the same command goes on from there"

# download - to $tmp, then, as a whole, to $cache/tmp
download() {
	local all
	all=$(apt-cache madison "$package" 2>>"$tmp/log" | awk '{ print $1 "_" $3 }')
	# shellcheck disable=SC2086 # a list
	found=$(matching $all) || return 1
	(cd "$tmp" && apt-get -o APT::Sandbox::User=root download "$package=${found#*_}" >>"$tmp/log" 2>&1) &&
		mv "$tmp/${package}_"*.deb "$cache/tmp/"
}

# A newly installed machine has no package lists yet.
refresh() {
	local root=()
	! apt-cache madison bash | grep -q Packages || return 1
	[ "$(id -u)" -eq 0 ] || root=(sudo -n)
	"${root[@]}" apt-get -q update >>"$tmp/log" 2>&1
}

other_suites() {
	archive "$tmp" unstable experimental stable-backports trixie-backports || die "get $package and set KERNEL_SRC="
	APT_CONFIG=$archive_conf download
}

: >"$tmp/log"
deb=$(matching "$cache/tmp/${package}_"*.deb || true)
[ -f "$deb" ] || say "fetching $package $version"
[ -f "$deb" ] || download || { refresh && download; } || other_suites || { tail -3 "$tmp/log" >&2; die "no $package of version $version in the apt sources; set KERNEL_SRC= to a tree"; }
deb=$(matching "$cache/tmp/${package}_"*.deb)
name=${package}_$(dpkg-deb -f "$deb" Version)
say "unpacking $name"
dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards "./usr/src/$package.tar.*" | xz -dc -T0 >"$tmp/src.tar"
mkdir "$tmp/tree"
tar -xf "$tmp/src.tar" -C "$tmp/tree" --strip-components=1
mv "$tmp/tree" "$src/$name"
rm "$deb"
echo "$src/$name"
