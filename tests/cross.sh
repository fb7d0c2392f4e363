#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# cross.sh ARCH: builds for another architecture with Debian's cross compiler, without warnings, and
# runs there, under qemu-user, the unit tests and commands whose output must be the same bytes as
# here: generated traces in every form, trace files read, written and converted, counters, times. s390x is
# big-endian. The libraries are Debian 12's packages of that architecture, in FOLDER ($CROSS,
# build/cross), which debootstrap fetches once.
#
#	ARCH	arm64 or s390x
#
# The suites of LONG ("oracle models"), which replay thousands of traces next to a reference, would take
# an hour under qemu and are left out; SUITE=all runs them too, SUITE="NAME..." these alone, SUITE=none
# none. JOBS suites run at a time.
set -u
arch=${1:?usage: cross.sh ARCH}
. "$(dirname "$0")/lib.sh"
case $arch in
arm64) triplet=aarch64-linux-gnu qemu=qemu-aarch64 ;;
s390x) triplet=s390x-linux-gnu qemu=qemu-s390x ;;
*)
	echo "cross: architecture \"$arch\", expected arm64 or s390x" >&2
	exit 2
	;;
esac
for tool in $triplet-gcc:gcc-$triplet $qemu:qemu-user debootstrap:debootstrap; do
	if ! command -v "${tool%:*}" >/dev/null; then
		echo "cross: $arch skipped, ${tool#*:} is not installed"
		exit 0
	fi
done
long=${LONG-oracle models}
unit=${SUITE:-most}
[ "$unit" != none ] || unit=
jobs=${JOBS:-$(nproc)}
cross=$(realpath -m "${CROSS:-$src/build/cross}")
root=$cross/$arch
build=$cross/build-$arch

packages=libglib2.0-dev,libjson-glib-dev,libcsv-dev,zlib1g-dev,libzstd-dev,libtracecmd-dev,libtracefs-dev,libtraceevent-dev,libjemalloc-dev,libcunit1-dev
if [ ! -e "$root.stamp" ]; then
	mkdir -p "$cross"
	debootstrap --foreign --variant=minbase --arch="$arch" --include=$packages bookworm "$root" >"$root.log" ||
		{ tail -3 "$root.log"; exit 1; }
	for package in "$root"/var/cache/apt/archives/*.deb; do
		dpkg-deb -x "$package" "$root" || exit 1
	done
	touch "$root.stamp"
fi

PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triplet/pkgconfig:$root/usr/share/pkgconfig \
	make -C "$src" -j"$jobs" BUILD="$build" CC="${CCACHE:-} $triplet-gcc --sysroot=$root" CFLAGS=-Werror \
	LDFLAGS="-Wl,-rpath-link,$root/lib/$triplet:$root/usr/lib/$triplet" \
	"$build/reapsim" ${unit:+"$build/unit-tests"} >"$build.log" 2>&1 ||
	{ tail -20 "$build.log"; exit 1; }
there() { "$qemu" -L "$root" "$build/reapsim" "$@"; }

# each in a process of its own: one that crashes fails alone
case $unit in
most | all)
	suites=$("$qemu" -L "$root" "$build/unit-tests" no-such-suite 2>&1 | sed -n 's/.*expected one of: //p' | tr -d ,)
	[ -n "$suites" ] || fail "the unit tests do not name their suites"
	;;
*) suites=$unit ;;
esac
if [ "$unit" = most ]; then
	echo "unit tests of $long: left out, they take an hour under qemu"
	# shellcheck disable=SC2086 # words
	suites=$(printf '%s\n' $suites | grep -vxF -f <(printf '%s\n' $long))
fi
one_suite() { # TOP, QEMU, ROOT, UNIT-TESTS, SUITE
	"$2" -L "$3" "$4" "$5" >"$1/unit.$5" 2>&1
	echo $? >"$1/exit.$5"
}
export -f one_suite
# shellcheck disable=SC2086 # words
[ -z "$suites" ] || printf '%s\n' $suites |
	xargs -P "$jobs" -I '{}' bash -c 'one_suite "$@"' - "$top" "$qemu" "$root" "$build/unit-tests" '{}'
for suite in $suites; do
	if [ "$(cat "$top/exit.$suite")" = 0 ]; then
		pass
	else
		fail "unit tests of $suite: exit $(cat "$top/exit.$suite")"
		grep -A 5 -E 'failures|egmentation' "$top/unit.$suite" | head -20
	fi
done
[ -z "$suites" ] || echo "unit tests: $(for suite in $suites; do tail -qn 1 "$top/unit.$suite"; done | awk '
	/^[0-9]+ passed, [0-9]+ failed$/ { suites++; passed += $1; failed += $3 }
	END { printf "%d suites, %d tests passed, %d failed", suites, passed, failed }')"

echo "the same bytes on this machine ($(uname -m)) and on $arch; their checksum:"
# same NAME COMMAND... - runs "COMMAND here" and "COMMAND there" in folders of their own and compares all
# that they print and write
same() {
	local name=$1 on
	shift
	for on in here there; do
		rm -rf "${top:?}/$on"
		mkdir "$top/$on"
		(cd "$top/$on" && "$@" $on) >"$top/$on.out" 2>&1 </dev/null || fail "$name: exit $? $on"
	done
	(cd "$top/here" && find . -type f -exec sha256sum {} + | sort -k 2) >"$top/sums"
	if diff -r "$top/here" "$top/there" >/dev/null && cmp -s "$top/here.out" "$top/there.out"; then
		pass
		printf '%-22s %s\n' "$name" "$(cat "$top/sums" "$top/here.out" | sha256sum | cut -c1-32)"
	else
		fail "$name: $(diff -rq "$top/here" "$top/there" | head -3) $(diff "$top/here.out" "$top/there.out" | head -5)"
	fi
}
here() { "$REAPSIM" "$@"; }

generate() { # NAME, WHERE
	"$2" gen "$1" --format binary -o t.rtrace && "$2" trace convert t.rtrace t.csv &&
		"$2" trace convert t.csv back.rtrace && cmp t.rtrace back.rtrace
}
readers() { # WHERE
	local file out
	for file in "$src"/tests/fuzz/corpus/{csv,text,binary,ftrace,lackey,oracle,perfetto,trace.dat,vscsi,gzip,zstd}/*; do
		out=${file#"$src"/tests/fuzz/corpus/}
		"$1" trace convert --to binary "$file" "${out//\//-}.rtrace" 2>&1 | sed "s|$src||"
	done
	true
}
counters() { # WHERE
	local lru
	for lru in classic mglru; do
		"$1" compare -p all -e mrelease -M 50%,75% -l $lru --csv $lru.csv --json $lru.json \
			"$src/traces/examples/second-mark.csv" "$src/tests/cli/tiny.csv" || return
	done
	"$1" compare -p v1,v1+evict --ensemble 8 -M 75% -e mrelease --differences d.csv "$src/tests/cli/tiny.csv"
}
times() { # WHERE
	"$1" gen kill-return app_pages=64 -o w.csv &&
		"$1" outcome -p baseline,v1 -m "$src/traces/machines/phone-ufs.conf" -n 4 --restart uniform=1ms..1s,p=0.5 --csv o.csv \
			--differences d.csv w.csv
}
sweeps() { # WHERE
	printf '[sweep]\ngenerator=zipf\n[generator]\naccesses=3000\npages=500;900\n[machine]\nmemcg_pages=50%%;200\n[run]\nlru=classic;mglru\npolicy=all\n' >s.conf
	"$1" sweep s.conf -j 2
	# the digest names the files of the program
	cut -d , -f 2- s.csv >rows && rm s.csv s.csv.journal
}

for generator in $("$REAPSIM" list --names generators); do
	same "gen $generator" generate "$generator"
done
same readers readers
same counters counters
same times times
same sweeps sweeps
finish
