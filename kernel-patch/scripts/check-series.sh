#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check-series.sh TREE SERIES...: are the patch series in the folders SERIES, each on
# top of the one before, fit to be sent? TREE is the kernel source that they are for; it is
# only read. Exits non-zero if any of this fails, for any patch:
#
#   git am, onto a pristine copy of TREE, without whitespace errors
#   scripts/checkpatch.pl --strict has nothing to say, but for the layout of trace events
#   the objects that the series touches build, with W=1, in each configuration,
#   with no warning that TREE does not have
#   the selftests that it touches build, static, for 64 and 32 bits
#   a cover letter has less than 120 lines, and each patch says why
#
#   LINT=1            the objects by sparse, too, with no new warning; and "make htmldocs" of the
#                     documents that the series touch, with no warning about them
#   OUT=FOLDER        put the selftests there, ready for a guest
#   CONFIGS="A B"     config/A.config, and with it config/B.config (base thp)
#   WORK=FOLDER       work there and keep it (a temporary folder)
#   JOBS=N            parallel compilers (all CPUs)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

[ $# -ge 2 ] || { sed -n '3,20s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ -f "$1/mm/memory.c" ] || { echo "kernel: $1 is not a kernel tree" >&2; exit 2; }
tree=$(cd "$1" && pwd)
shift
patches=()
for series; do
	found=("$series"/000[1-9]-*.patch)
	[ -f "${found[0]}" ] || { echo "kernel: no patches in $series" >&2; exit 2; }
	patches+=("${found[@]}")
done
read -ra configs <<<"${CONFIGS:-base thp}"
JOBS=${JOBS:-$(nproc)}

need gcc=gcc make=make flex=flex bison=bison bc=bc git=git perl=perl \
	/usr/include/libelf.h=libelf-dev /usr/include/openssl/opensslv.h=libssl-dev \
	/usr/lib32/libc.a=gcc-multilib
sparse=()
if [ -n "${LINT:-}" ]; then
	need sparse=sparse sphinx-build=python3-sphinx
	# Debian's does not know __typeof_unqual__, and v7.3 then leaves sparse out with a warning
	sparse=(C=2 CF=-D__typeof_unqual__=__typeof__)
fi

if [ -n "${WORK:-}" ]; then
	mkdir -p "$WORK"
	work=$(cd "$WORK" && pwd)
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/check-series.XXXXXX")
	trap 'rm -rf "$work"' EXIT
fi
src=$work/src
failed=0
fail() { say "FAIL $*"; failed=1; }

# files PATCH... - what they touch
files() { sed -n 's,^+++ b/,,p' "$@" | sort -u; }

# Hard links: git writes a new file where it changes one, and objects go elsewhere.
rm -rf "$src"
cp -al "$tree" "$src" 2>/dev/null || { rm -rf "$src"; cp -a "$tree" "$src"; }
rm -rf "$src/.git"
if [ -e "$src/.config" ] || [ -d "$src/include/config" ]; then
	make -s -C "$src" mrproper
fi
# git am looks at the files that a patch touches, and at no others.
in_src() { git -C "$src" -c user.name=check -c user.email=check@localhost "$@"; }
git -c init.defaultBranch=base init -q "$src"
printf '*\n' >"$src/.git/info/exclude"
while read -r f; do
	[ ! -e "$src/$f" ] || in_src add -f -- "$f"
done < <(files "${patches[@]}")
in_src commit -q -m "the tree"

objects=$(files "${patches[@]}" | sed -n 's/^\(mm\|kernel\|fs\)\(.*\)\.c$/\1\2.o/p')
selftests=$(files "${patches[@]}" | sed -n 's,^tools/testing/selftests/mm/\(.*\)\.c$,\1,p')

# mk CONFIG TARGET... - with W=1, quiet
mk() {
	local o=$work/$1
	shift
	make -s -C "$src" O="$o" -j"$JOBS" W=1 "$@"
}

# build CONFIG - the objects; warnings, and errors of sparse, without their line numbers go to a list
build() {
	local log=$work/$1.log targets=() o
	for o in $objects; do
		case $o in
		*huge_memory.o) grep -q '^CONFIG_TRANSPARENT_HUGEPAGE=y' "$work/$1/.config" || continue ;;
		esac
		targets+=("$o")
		# so that its warnings are seen at every step
		rm -f "$work/$1/$o"
	done
	mk "$1" "${sparse[@]}" "${targets[@]}" >"$log" 2>&1 || { tail -20 "$log" >&2; return 1; }
	! grep 'sparse.*not available' "$log" >&2 || return 1
	sed -n '/\(warning\|error\):/{s/:[0-9]\+:[0-9]\+:/:/;s/:[0-9]\+:/:/;p}' "$log" | sort -u >"$log.warnings"
}

fragments=()
for c in "${configs[@]}"; do
	fragments+=("$here/config/$c.config")
	mkdir -p "$work/$c"
	mk "$c" tinyconfig >"$work/$c.log" 2>&1 || die "tinyconfig failed: $(tail -1 "$work/$c.log")"
	(cd "$work/$c" && "$src/scripts/kconfig/merge_config.sh" -m .config "${fragments[@]}") >>"$work/$c.log" 2>&1
	mk "$c" olddefconfig >>"$work/$c.log" 2>&1 || die "olddefconfig failed: $(tail -1 "$work/$c.log")"
	build "$c" || die "$tree does not build in $c"
	cp "$work/$c.log.warnings" "$work/$c.base.warnings"
	say "$c: the tree builds, with $(wc -l <"$work/$c.base.warnings") warnings"
done

# build_selftests - static, as a guest without libraries needs them; NAME_32 is of 32 bits
build_selftests() {
	local t bits name dir=$src/tools/testing/selftests/mm common=()
	for t in vm_util thp_settings hugepage_settings; do
		[ ! -f "$dir/$t.c" ] || common+=("$t.c")
	done
	mk "${configs[0]}" headers || return 1
	mkdir -p "$work/selftests"
	for t in $selftests; do
		[ -f "$dir/$t.c" ] || continue
		for bits in 64 32; do
			name=$t
			[ $bits = 64 ] || name=${t}_32
			(cd "$dir" && gcc -m$bits -static -O2 -Wall -D_GNU_SOURCE= -I.. -isystem "$work/${configs[0]}/usr/include" \
				-isystem ../../../include/uapi -o "$work/selftests/$name" "$t.c" "${common[@]}" \
				2>"$work/selftests/$name.log") || { cat "$work/selftests/$name.log" >&2; return 1; }
			! grep "^$t.c:.*warning:" "$work/selftests/$name.log" >&2 || return 1
		done
	done
}

# documents - "make htmldocs" of the folders in which the series touch a document
documents() {
	local f log=$work/htmldocs.log
	while read -r f; do
		make -s -C "$src" O="$work/${configs[0]}" SPHINXDIRS="${f#Documentation/}" htmldocs >"$log" 2>&1 ||
			{ tail -5 "$log" >&2; return 1; }
		# of the others, labels of folders that are not built are unknown
		! grep -F "$(files "${patches[@]}" | grep "^$f/.*\.rst$")" "$log" >&2 || return 1
	done < <(files "${patches[@]}" | sed -n 's,/[^/]*\.rst$,,p' | sort -u)
}

# checkpatch PATCH - says what checkpatch.pl has to say. It also tries to run spdxcheck.py,
# which needs modules that are seldom there. No TRACE_EVENT() has the layout that it asks for.
checkpatch() {
	{ (cd "$src" && perl scripts/checkpatch.pl --strict --terse "$1" 2>/dev/null) || true; } | awk -F: -v patch="$1" '
BEGIN {
	while ((getline line <patch) > 0) {
		nr++
		if (line ~ /^\+\+\+ /)
			trace = line ~ /^\+\+\+ b\/include\/trace\//
		skip[nr] = trace
	}
}
/^total:/ { next }
skip[$2] && /Alignment should match open parenthesis|Lines should not end with a/ { next }
{ print }'
}

for series; do
	[ ! -f "$series/0000-cover-letter.patch" ] || [ "$(wc -l <"$series/0000-cover-letter.patch")" -lt 120 ] ||
		fail "$(basename "$series"): the cover letter has 120 lines or more"
done
for p in "${patches[@]}"; do
	name=$(basename "$p")
	if ! out=$(in_src am -q --whitespace=error-all <"$p" 2>&1); then
		echo "$out" >&2
		fail "$name: git am"
		break # those that follow build on this one
	fi
	p=$(cd "$(dirname "$p")" && pwd)/$name
	out=$(checkpatch "$p")
	if [ -n "$out" ]; then
		echo "$out" >&2
		fail "$name: checkpatch"
	fi
	grep -q '^Signed-off-by: ' "$p" || fail "$name: not signed off"
	awk '/^$/ { body = 1; next } body && /^([A-Z][A-Za-z-]*: |---$)/ { exit } body { n++ } END { exit !n }' "$p" ||
		fail "$name: its changelog has no word"
	for c in "${configs[@]}"; do
		if ! build "$c"; then
			fail "$name: does not build in $c"
		elif new=$(comm -13 "$work/$c.base.warnings" "$work/$c.log.warnings") && [ -n "$new" ]; then
			echo "$new" >&2
			fail "$name: new warnings in $c"
		fi
	done
	if files "$p" | grep -q '^tools/testing/selftests/mm/.*\.c$'; then
		build_selftests || fail "$name: selftests"
	fi
	[ $failed -ne 0 ] || say "ok $(basename "$(dirname "$p")")/$name"
done

[ $failed -eq 0 ] || exit 1
if [ -n "${LINT:-}" ]; then
	documents || { fail "htmldocs"; exit 1; }
	say "ok htmldocs"
fi
if [ -n "${OUT:-}" ]; then
	mkdir -p "$OUT"
	for t in $selftests; do
		cp "$work/selftests/$t" "$work/selftests/${t}_32" "$OUT/"
	done
fi
say "$*: ${#patches[@]} patches, all fine in ${configs[*]}"
