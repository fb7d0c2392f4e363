#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# debian.sh SUITE [PART...]: in clean systems of Debian's SUITE (bookworm, trixie), which debootstrap
# makes below FOLDER ($DEBIAN, build/debian) and which hold nothing but what a part needs:
#
#	package	build the packages there with what Build-Depends names, twice: the same bytes; lintian
#	tour	install the program alone, run the commands of the documents; then autopkgtest
#	build	build without warnings by each compiler of COMPILERS that the suite has, and test
#
# All of them without a PART. Needs root: it mounts, in a namespace of its own, and changes nothing
# of the machine. COMPILERS is "gcc clang-14 clang-19"; TESTS what "make" does with the first
# one, "test-unit test-cli test-docs test-manual test-completion test-install"; the others run the
# unit tests and the command line's. Left out everywhere: what plays on the kernel (test-play), counts
# instructions (test-growth), opens a browser or repeats a study.
set -u
suite=${1:?usage: debian.sh SUITE [PART...]}
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
	echo "debian: skipped, it needs root and debootstrap"
	exit 0
fi
[ "${DEBIAN_NAMESPACE:-}" ] || exec env DEBIAN_NAMESPACE=1 unshare --mount --pid --fork --kill-child \
	bash "$0" "$@"
. "$(dirname "$0")/lib.sh"
shift
folder=$(realpath -m "${DEBIAN:-$src/build/debian}")
clean=$folder/$suite
archives=$folder/$suite.archives
log=$folder/$suite.log
mkdir -p "$archives/partial"
exec 9>"$folder/$suite.lock"
if ! flock -n 9; then
	echo "debian: $folder/$suite is in use by another call" >&2
	exit 1
fi
: >"$log"

step() { # TEXT COMMAND...
	local text=$1
	shift
	if "$@" >>"$log" 2>&1; then
		pass
		echo "$text: good"
	else
		fail "$text: exits with $?, see $log"
		tail -15 "$log"
		return 1
	fi
}

if [ ! -e "$clean.stamp" ]; then
	rm -rf --one-file-system "$clean"
	step "debootstrap $suite" debootstrap --variant=buildd "$suite" "$clean" || exit
	# the mounts of debootstrap end with the namespace
	touch "$clean.stamp"
fi

# NAME - a clean system, and the tree in it, in /work/reapsim
fresh() {
	root=$folder/$suite.$1
	rm -rf --one-file-system "$root"
	cp -a --one-file-system "$clean" "$root"
	mount -t proc proc "$root/proc"
	mount -t devpts devpts "$root/dev/pts"
	mount --bind /dev/shm "$root/dev/shm"
	mount --bind "$archives" "$root/var/cache/apt/archives"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	printf 'APT::Install-Recommends "false";\nBinary::apt::APT::Keep-Downloaded-Packages "true";\n' \
		>"$root/etc/apt/apt.conf.d/90reapsim"
	tree reapsim
	inside apt-get -q update >>"$log" 2>&1
}
tree() { # NAME
	mkdir -p "$root/work/$1"
	tar cf - -C "$src" --exclude=./build --exclude=./out --exclude=./.git . | tar xf - -C "$root/work/$1"
}
# removed with what is mounted in it
gone() {
	umount "$root"/{proc,dev/pts,dev/shm,var/cache/apt/archives}
	rm -rf --one-file-system "$root"
}
inside() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@"
}
in_tree() { inside env -C /work/reapsim "$@"; }

# as root, whose files dpkg-buildpackage makes anyway
package() {
	fresh package
	tree another/reapsim
	step "build dependencies" inside apt-get -q -y build-dep /work/reapsim || return
	step "package" in_tree dpkg-buildpackage -b -us -uc || return
	step "package, again in another folder" inside env -C /work/another/reapsim dpkg-buildpackage -b -us -uc || return
	rm -rf "$folder/$suite.packages"
	mkdir "$folder/$suite.packages"
	cp "$root"/work/*.{deb,changes,buildinfo} "$folder/$suite.packages"
	for deb in "$root"/work/*.deb; do
		step "${deb##*/} $(sha256sum <"$deb" | cut -c1-32), twice the same" cmp "$deb" "$root/work/another/${deb##*/}"
	done
	step "lintian is installed" inside apt-get -q -y install lintian || return
	inside sh -c 'lintian --version; lintian --allow-root --fail-on error,warning --display-info /work/*.changes' \
		>"$folder/$suite.lintian" 2>&1 && pass || fail "lintian"
	echo "lintian:"
	cat "$folder/$suite.lintian"
	gone
}

tour() {
	fresh tour
	mkdir "$root/packages"
	cp "$folder/$suite.packages"/*.deb "$root/packages" || { fail "tour: no packages"; return; }
	step "install the program" inside sh -c 'apt-get -q -y install /packages/reapsim_*.deb' || return
	step "tour with nothing else" in_tree debian/tests/tour
	step "report with nothing else" in_tree debian/tests/report
	step "autopkgtest is installed" inside apt-get -q -y install autopkgtest || return
	inside sh -c 'autopkgtest --no-built-binaries /packages/*.deb /work/reapsim -- null' \
		>"$folder/$suite.autopkgtest" 2>&1 && pass || fail "autopkgtest, see $folder/$suite.autopkgtest"
	echo "autopkgtest:"
	sed -n '/@@@@* summary/,$p' "$folder/$suite.autopkgtest"
	gone
}

build() {
	local compiler tests=${TESTS-test-unit test-cli test-docs test-manual test-completion test-install}
	fresh build
	# all that a user is told to have; make installs the rest
	step "make" inside apt-get -q -y install gcc make || return
	for compiler in ${COMPILERS:-gcc clang-14 clang-19}; do
		if ! inside apt-cache show "$compiler" >/dev/null 2>&1; then
			echo "$compiler: skipped, $suite has no such package"
			continue
		fi
		step "$compiler" inside apt-get -q -y install "$compiler" || continue
		step "$(inside "$compiler" --version | head -1): builds without warnings" \
			in_tree make -j"${JOBS:-$(nproc)}" BUILD="build/$compiler" CC="$compiler" CFLAGS=-Werror || continue
		[ "$compiler" != gcc ] || inside apt-get -q -y install man-db zsh fish bash-completion >>"$log" 2>&1
		for test in $tests; do
			step "$compiler: $test" in_tree make BUILD="build/$compiler" CC="$compiler" CFLAGS=-Werror "$test"
		done
		tests="test-unit test-cli"
	done
	gone
}

[ $# -gt 0 ] || set -- package tour build
for part; do
	case $part in
	package | tour | build) $part ;;
	*)
		echo "debian: part \"$part\", expected package, tour or build" >&2
		exit 2
		;;
	esac
done
finish
