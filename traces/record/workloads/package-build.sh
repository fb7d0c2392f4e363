#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds of packages, one after the other: each unpacks its sources, compiles them, makes a
# library, installs it into a staging folder, packs that as a .deb, and removes all that it has
# made but the package.
#
#	traces/record/workloads/package-build.sh prepare DIR
#	traces/record/record.sh -o package-build.perf.txt --cold -- \
#		traces/record/workloads/package-build.sh run DIR [PACKAGES]

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [PACKAGES]" >&2; exit 2; }
dir=$2
nr=${3:-6}

# sources of package $1: 12 files of C, a header, a manual of 200 KB
sources()
{
	mkdir -p "$dir/part$1"
	echo "int part$1(int n);" >"$dir/part$1/part.h"
	f=0
	while [ $f -lt 12 ]; do
		awk -v p="$1" -v f=$f 'BEGIN {
			print "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include \"part.h\""
			for (i = 0; i < 30; i++) {
				printf "int part%d_%d_%d(const char *s);\n", p, f, i
				printf "int part%d_%d_%d(const char *s)\n{\n\tint n = %d;\n\n", p, f, i, i * f
				print "\tfor (; *s; s++)\n\t\tn = n * 31 + *s;"
				print "\tif (n % 7 == 3)\n\t\tprintf(\"%d\\n\", n);\n\treturn n;\n}"
			}
		}' >"$dir/part$1/f$f.c"
		f=$((f + 1))
	done
	awk -v p="$1" 'BEGIN { for (i = 0; i < 3000; i++)
		printf "%d: how part %d works, line %d of the manual, at some length\n", i, p, i * 7 }' \
		>"$dir/part$1/manual.txt"
	tar -C "$dir" -cJf "$dir/part$1.tar.xz" "part$1"
	rm -r "$dir/part$1"
}

prepare()
{
	rm -rf "$dir"
	mkdir -p "$dir"
	n=0
	while [ $n -lt "$nr" ]; do
		sources $n
		n=$((n + 1))
	done
}

build() # PACKAGE
{
	mkdir "$dir/build"
	tar -C "$dir/build" -xf "$dir/part$1.tar.xz"
	cd "$dir/build/part$1"
	for c in *.c; do
		gcc -O1 -fPIC -c -o "${c%.c}.o" "$c"
	done
	ar rcs libpart.a ./*.o
	gcc -shared -o libpart.so ./*.o
	mkdir -p stage/DEBIAN stage/usr/lib/part stage/usr/share/doc
	cp libpart.a libpart.so stage/usr/lib/part/
	strip --strip-debug stage/usr/lib/part/libpart.so
	gzip -9c manual.txt >stage/usr/share/doc/manual.gz
	cat >stage/DEBIAN/control <<CONTROL
Package: part$1
Version: 1
Architecture: amd64
Maintainer: nobody <nobody@example.org>
Description: part $1
CONTROL
	dpkg-deb --root-owner-group -Zxz --build stage "$dir/part$1.deb" >/dev/null
	cd "$dir"
	rm -r "$dir/build"
}

run()
{
	rm -rf "$dir/build" "$dir"/*.deb
	n=0
	while [ $n -lt "$nr" ]; do
		build $n
		n=$((n + 1))
	done
}

case $1 in
prepare) prepare ;;
run) run ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
