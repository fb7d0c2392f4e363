#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh: builds a kernel for the player and prints the folder it is in
# (bzImage, config, info). Built once for each set of source, patches and
# configuration.
#
#   KERNEL=VERSION     which source (default 7.3), as for fetch.sh
#   KERNEL_SRC=FOLDER  use this tree instead; it is not written to
#   PATCHES="FILE..."  patches to apply; default: the test-only one for KERNEL;
#                      empty: a kernel as it is
#   CONFIG=NAME        base (default); thp: with large folios; events: with trace events;
#                      selftests: what the series' tests look at; filesystems: and xfs, btrfs,
#                      f2fs; stress: what finds mistakes
#   JOBS=N             parallel compilers (default: all CPUs)
#
# The tree it was built in is kept, one for each source and configuration: with
# other patches only what they touch is built again, and a build that was interrupted goes on
# where it was. With ccache, if it is installed. A tree that does not build is copied anew, once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CONFIG=${CONFIG:-base}
JOBS=${JOBS:-$(nproc)}

case $CONFIG in
base) fragments=base ;;
thp | events | selftests) fragments="base $CONFIG" ;;
filesystems) fragments="base selftests filesystems" ;;
stress) fragments="base thp stress" ;;
*) bad "CONFIG=$CONFIG: expected one of: base thp events selftests filesystems stress" ;;
esac
# shellcheck disable=SC2086 # a list
read -ra fragments <<<"$(printf "$here/config/%s.config " $fragments)"
find_source
PATCHES=${PATCHES-$here/test-only/v$base.patch}
read -ra patches <<<"$PATCHES"
for f in "${patches[@]}" "${fragments[@]}"; do
	[ -f "$f" ] || die "no such file: $f"
done

key=$({ echo "$layout $id"; digest "${patches[@]}"; digest "${fragments[@]}"; } | sha256sum | cut -c1-16)
out=$cache/kernel/$key
if [ -f "$out/bzImage" ]; then
	echo "$out"
	exit 0
fi

need gcc=gcc make=make flex=flex bison=bison bc=bc patch=patch xz=xz-utils \
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/opensslv.h=libssl-dev

work=$cache/build/$({ echo "$layout $id"; digest "${fragments[@]}"; } | sha256sum | cut -c1-16)
mkdir -p "$cache/build" "$cache/kernel"
exec 9>"$work.lock"
# one build in a tree at a time
flock -n 9 || { say "waiting for another build in $work"; flock 9; }

change() { patch -d "$work/src" -p1 -s --no-backup-if-mismatch -F0 "$@" >>"$work/log" 2>&1; }

# What is applied, in order. As long as $work/whole exists, src is the source with exactly this.
applied() { (shopt -s nullglob && cat /dev/null "$work/applied"/* | sha256sum); }

copied=
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
# patch_tree - bring src to the source with the patches: from what is applied to it, or from
# a new copy of the source if anything is in doubt. Hard links: patch(1) writes a new file
# where it changes one. A tree that is as wanted is not touched, and files that the patches
# change as before get their times back, so that make does not compile what uses them.
patch_tree() {
	local p file
	if [ -f "$work/whole" ]; then
		[ "$(applied)" != "$(cat /dev/null "${patches[@]}" | sha256sum)" ] || return 0
		rm "$work/whole"
		(cd "$work/src" && sed -n 's,^+++ b/,,p' /dev/null "$work/applied"/* | sort -u | xargs -r cp -p --parents -t "$kept")
		for p in $(ls -r "$work/applied"); do
			change -R <"$work/applied/$p" || touch "$work/doubt"
		done
	else
		mkdir -p "$work"
		touch "$work/doubt"
	fi
	if [ -e "$work/doubt" ]; then
		say "copying $id"
		copied=1
		rm -rf "$work"
		mkdir -p "$work/obj"
		cp -al "$src" "$work/src" 2>/dev/null || { rm -rf "$work/src"; cp -a "$src" "$work/src"; }
		if [ -e "$work/src/.config" ] || [ -d "$work/src/include/config" ]; then
			make -s -C "$work/src" mrproper
		fi
	fi
	rm -rf "$work/applied"
	mkdir "$work/applied"
	for p in "${patches[@]}"; do
		change <"$p" || die "$p does not apply to $id"
		cp "$p" "$work/applied/$(printf '%03d' "$(ls "$work/applied" | wc -l)")"
	done
	(cd "$kept" && find . -type f) | while read -r file; do
		! cmp -s "$kept/$file" "$work/src/$file" || touch -r "$kept/$file" "$work/src/$file"
	done
	touch "$work/whole"
}

mk() { exec make -C "$work/src" O="$work/obj" -j"$JOBS" CC="$(ccache_if_any)gcc" KBUILD_BUILD_TIMESTAMP=@0 \
	KBUILD_BUILD_USER=reapsim KBUILD_BUILD_HOST=reapsim "$@" >>"$work/log" 2>&1; }
ccache_if_any() { ! command -v ccache >/dev/null || echo "ccache "; }

# drop_halves - a compiler that was killed hard leaves half an object, which is newer than the
# .cmd file that Kbuild writes after it
drop_halves() {
	local o
	find "$work/obj" -name '*.o' -o -name '*.a' | while read -r o; do
		[ ! "$o" -nt "${o%/*}/.${o##*/}.cmd" ] || rm "$o"
	done
}

compiled() { find "$work/obj" -name '.*.o.cmd' | wc -l; }

# usual - the number of objects in the last kernel that was built so, or in one on the machine
# where this was written
usual() {
	local info
	info=$(grep -lsx "config=$CONFIG" "$cache"/kernel/*/info | xargs -r ls -t | xargs -r grep -hs '^objects=' | head -1)
	case $info$CONFIG in
	objects=*) info=${info#objects=} && echo "${info%%[!0-9]*}" ;;
	*) echo 1200 ;;
	esac
}

# progress TOTAL FIRST SECONDS - the line on a terminal
progress() {
	local now left=
	[ -t 2 ] || return 0
	now=$(compiled)
	[ "$now" -le "$2" ] || [ "$now" -ge "$1" ] ||
		left=", about $(((($1 - now) * $3 / (now - $2) + 59) / 60)) min left"
	printf '\r\033[Kkernel: %d of about %d objects, %d s%s' "$now" "$(($1 > now ? $1 : now))" "$3" "$left" >&2
}

stop() {
	[ -z "${making:-}" ] || { kill -TERM "$making" && wait "$making"; } 2>/dev/null || true
}
# build TARGET - in the background, as a signal would otherwise be seen only at its end
build() {
	local total first began=$SECONDS status=0
	total=$(usual)
	first=$(compiled)
	(mk "$@") &
	making=$!
	while kill -0 $making 2>/dev/null; do
		progress "$total" "$first" $((SECONDS - began))
		sleep 1
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	wait $making || status=$?
	making=
	return $status
}

configure() {
	touch "$work/making"
	(mk tinyconfig) || die "tinyconfig failed: $(tail -1 "$work/log")"
	(cd "$work/obj" && "$work/src/scripts/kconfig/merge_config.sh" -m .config "${fragments[@]}") >>"$work/log" 2>&1
	(mk olddefconfig) || die "olddefconfig failed: $(tail -1 "$work/log")"
	# A wish that olddefconfig dropped would show only in odd results. What this
	# version does not have at all is no loss.
	for f in "${fragments[@]}"; do
		grep -h '^CONFIG_.*=' "$f"
	done | { grep -vxFf "$work/obj/.config" || true; } | while read -r wish; do
		name=${wish%%=*}
		if grep -rqx --include='Kconfig*' "\(menu\)\?config ${name#CONFIG_}" "$work/src"; then
			echo "$wish"
		fi
	done >"$work/dropped"
	[ ! -s "$work/dropped" ] || die "the kernel's configuration refuses: $(tr '\n' ' ' <"$work/dropped")"
}
failed() {
	grep -m5 -E 'error|Error' "$work/log" >&2
	die "the build failed; see $work/log"
}

on_signal "stopped; what is compiled is kept in $work, and the same command goes on from there" stop
[ ! -e "$work/making" ] || drop_halves
patch_tree
say "building $id, CONFIG=$CONFIG, with $JOBS compilers$(command -v ccache >/dev/null && echo " and ccache") (log: $work/log)"
configure
if ! build bzImage; then
	[ -z "$copied" ] || failed
	# Its tools may be made for a libc or by a compiler that is gone.
	say "the tree that was kept does not build, trying a new one"
	rm "$work/whole"
	patch_tree
	configure
	build bzImage || failed
fi
rm "$work/making"

tmp=$(mktemp -d "$cache/kernel/tmp.XXXXXX")
cp "$work/obj/arch/x86/boot/bzImage" "$tmp/bzImage"
cp "$work/obj/.config" "$tmp/config"
cp "$work/obj/System.map" "$tmp/System.map"
{
	echo "source=$id"
	echo "version=$(make -s -C "$work/src" kernelversion)"
	echo "config=$CONFIG"
	echo "patches=$(for p in "${patches[@]}"; do printf '%s:%s ' "$(basename "$p")" "$(digest "$p")"; done)"
	echo "key=$key"
	echo "objects=$(compiled)"
} >"$tmp/info"
mv "$tmp" "$out"
echo "$out"
