#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libtracecmd-dev 3.1.6-1 (Debian 12), with all that it depends on.
#
# Behaviour: the package cannot be used as it is installed. Its pkg-config file requires
# libtracefs, and its header includes one of libtraceevent, but it depends on neither of their
# development packages, only on its own shared library. With libtracefs-dev and
# libtraceevent-dev both work.
#
# The guess it refutes: that "apt-get install libXXX-dev" brings what "pkg-config --cflags
# libXXX" needs; a machine on which somebody has installed the two others before hides it.
#
# Seen: what it depends on, and whether pkg-config and the compiler accept it, by itself and
# with the two others. Needs: apt, dpkg, gcc, pkg-config.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAIL: $*"; exit 1; }
for tool in apt-get dpkg-deb gcc pkg-config; do
	command -v $tool >/dev/null || fail "$tool is not installed"
done
cd "$tmp"

# get PACKAGE=VERSION... - unpacks packages into ./root
get() {
	local package
	for package; do
		apt-get -q download "$package" >log 2>&1 || fail "the archive has no $package: $(tail -1 log)"
		dpkg-deb -x "${package%%=*}"_*.deb root
	done
}

try() {
	local here=$tmp/root/usr/lib/x86_64-linux-gnu/pkgconfig flags=
	if flags=$(PKG_CONFIG_LIBDIR=$here PKG_CONFIG_SYSROOT_DIR=$tmp/root pkg-config --cflags libtracecmd 2>/dev/null); then
		echo "$1: pkg-config accepts it"
	else
		echo "$1: pkg-config refuses it"
		flags="-I$tmp/root/usr/include/trace-cmd"
	fi
	# none of the machine's own headers of these
	echo '#include <trace-cmd.h>' >t.c
	# shellcheck disable=SC2086 # words
	if gcc $flags -fsyntax-only t.c 2>err; then
		echo "$1: the header compiles"
	else
		echo "$1: $(sed -n 's/.*fatal error: //p' err)"
	fi
}

get libtracecmd-dev=3.1.6-1 libtracecmd1=3.1.6-1
{
	echo "depends on: $(dpkg-deb -f libtracecmd-dev_*.deb Depends)"
	try alone
	get libtracefs-dev=1.6.4-1 libtraceevent-dev=1:1.7.1-1
	try "with both"
} >seen
cat >expected <<'EOF'
depends on: libtracecmd1 (= 3.1.6-1)
alone: pkg-config refuses it
alone: event-parse.h: No such file or directory
with both: pkg-config accepts it
with both: the header compiles
EOF
diff -u --label expected --label seen expected seen || fail "the behaviour has changed"
echo "ok: as stated"
