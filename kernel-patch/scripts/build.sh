#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh: builds a kernel for the player and prints the folder it is in
# (bzImage, config, info). Built once for each set of source, patches and
# configuration.
#
#   KERNEL=7.3|6.12    which source (default 7.3)
#   KERNEL_SRC=FOLDER  use this tree instead; it is not written to
#   PATCHES="FILE..."  patches to apply; default: the test-only one for KERNEL;
#                      empty: a kernel as it is
#   CONFIG=base|thp|events   thp: with large folios; events: with trace events
#   JOBS=N             parallel compilers (default: all CPUs)
#
# The tree it was built in is kept, one for each source and configuration: with
# other patches only what they touch is built again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

CONFIG=${CONFIG:-base}
JOBS=${JOBS:-$(nproc)}

find_source
PATCHES=${PATCHES-$here/test-only/v$base.patch}
read -ra patches <<<"$PATCHES"
fragments=("$here/config/base.config")
[ "$CONFIG" = base ] || fragments+=("$here/config/$CONFIG.config")
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
flock 9 # one build in a tree at a time

change() { patch -d "$work/src" -p1 -s --no-backup-if-mismatch -F0 "$@" >>"$work/log" 2>&1; }

# Back to the source as it is, or a new copy of it if anything is in doubt. Hard
# links: patch(1) writes a new file where it changes one. Files that the patches change as
# before get their times back below, so that make does not compile what uses them.
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
if [ -f "$work/built" ]; then
	rm "$work/built"
	(cd "$work/src" && sed -n 's,^+++ b/,,p' "$work"/applied/* | sort -u | xargs -r cp -p --parents -t "$kept")
	for p in $(ls -r "$work/applied"); do
		change -R <"$work/applied/$p" || touch "$work/doubt"
	done
else
	mkdir -p "$work"
	touch "$work/doubt"
fi
if [ -e "$work/doubt" ]; then
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

mk() { make -C "$work/src" O="$work/obj" -j"$JOBS" KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=reapsim \
	KBUILD_BUILD_HOST=reapsim "$@" >>"$work/log" 2>&1; }

say "building $id (log: $work/log)"
mk tinyconfig || die "tinyconfig failed: $(tail -1 "$work/log")"
(cd "$work/obj" && "$work/src/scripts/kconfig/merge_config.sh" -m .config "${fragments[@]}") >>"$work/log" 2>&1
mk olddefconfig || die "olddefconfig failed: $(tail -1 "$work/log")"
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
mk bzImage || { grep -m5 -E 'error|Error' "$work/log" >&2; die "the build failed; see $work/log"; }

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
} >"$tmp/info"
mv "$tmp" "$out"
touch "$work/built"
echo "$out"
