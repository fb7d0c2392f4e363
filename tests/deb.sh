#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "make deb": lintian accepts the packages, two builds in two folders give the same bytes, and the
# program and the library in them work. Not a part of "make test": it builds all twice.
set -u
. "$(dirname "$0")/lib.sh"
for tool in dpkg-buildpackage dh lintian; do
	if ! command -v $tool >/dev/null; then
		echo "deb: $tool is not installed, nothing was checked"
		exit 0
	fi
done
for build in one another; do
	if make --no-print-directory -C "$src" deb BUILD="$top/$build" >"$top/log" 2>&1; then
		pass
	else
		fail "make deb"
		grep -E '^[EW]: |rror' "$top/log" | tail -20
	fi
done
for package in "$top"/one/deb/*.deb; do
	cmp "$package" "$top/another/deb/${package##*/}" && pass || fail "${package##*/}: two builds differ"
	dpkg-deb -x "$package" "$top/root"
done
cd "$top" || exit
usr=$top/root/usr
"$usr/bin/reapsim" gen kill-return -o app.rtrace &&
	"$usr/bin/reapsim" run -m vm app.rtrace >/dev/null && pass || fail "the packaged program"
flags=$(PKG_CONFIG_PATH=$(echo "$usr"/lib/*/pkgconfig) pkg-config --cflags --libs reapsim)
# shellcheck disable=SC2086 # words
gcc -o two "$usr/share/reapsim/examples/compare-two.c" $flags && ./two app.rtrace baseline v1 >/dev/null &&
	pass || fail "the packaged library"
finish
