#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "make install" into an empty DESTDIR, whose name has a space: the installed program, its examples,
# manuals, completion and library work, from there and without the source tree; "make uninstall"
# leaves nothing. "make test" runs it with its own variables; alone it installs what "make" builds.
set -u
. "$(dirname "$0")/lib.sh"
dest="$top/a destination" prefix=/usr/local
root=$dest$prefix
installed=$root/bin/reapsim
make_() { make --no-print-directory -s -C "$src" "$@" DESTDIR="$dest" PREFIX=$prefix; }
# TEXT COMMAND...
check() {
	local text=$1
	shift
	if "$@" >"$top/log" 2>&1; then
		pass
	else
		fail "$text: exits with $?"
		tail -5 "$top/log"
	fi
}

check "make install" make_ install
(cd "$dest" && find . ! -type d | sort) >"$top/first"
check "make install over an installation" make_ install
(cd "$dest" && find . ! -type d | sort) | cmp - "$top/first" && pass || fail "make install again installs other files"

mkdir "$top/here"
cd "$top/here" || exit
check "the version" "$installed" --version
check "a trace" "$installed" gen kill-return -o app.rtrace
check "a machine by name" "$installed" run -m phone-ufs app.rtrace
check "a machine by name, in a list" "$installed" compare -p v1 -m vm,x86.conf app.rtrace
"$installed" run -m nowhere app.rtrace 2>"$top/err"
grep -qF "none of that name in $root/share/reapsim/machines, expected one of: arm64, " "$top/err" &&
	pass || fail "a machine that does not exist: $(cat "$top/err")"
printf '[machine]\nmemcg_pages=30000\n' >vm
"$installed" compare -p v1 -m vm app.rtrace | grep -q 'machine: vm, 30000 pages' && pass || fail "a file is not preferred to a machine"
for example in "$root"/share/reapsim/examples/{policies,machines,killers}/*.sh; do
	check "${example##*examples/}" env -C "$root/share/reapsim/examples" PATH="$root/bin:$PATH" \
		bash -e -o pipefail "$example"
done

# the library, for a program of somebody else's
pc() { PKG_CONFIG_PATH=$root/lib/pkgconfig pkg-config "$@" reapsim; }
pc --modversion | cmp -s - <("$installed" --version | sed 's/reapsim //') && pass || fail "reapsim.pc: another version"
eval "flags=($(pc --cflags --libs))"
check "compare-two.c by reapsim.pc" ${CC:-gcc} -o two "$root/share/reapsim/examples/compare-two.c" "${flags[@]}"
"$installed" trace convert app.rtrace app.csv
check "compare-two" ./two app.csv baseline v1
cmp -s "$top/log" <("${REAPSIM%/*}/compare-two" app.csv baseline v1) && pass || fail "compare-two prints something else"

if command -v man >/dev/null; then
	while read -r words; do
		check "man reapsim ${words}" man -M "$root/share/man" -w 1 "reapsim-${words// /-}"
	done < <("$installed" list --names commands)
	check "man 5 reapsim-trace" man -M "$root/share/man" -w 5 reapsim-trace
fi
check "completion in bash" bash -c '. "$1/bash-completion/completions/reapsim" && complete -p reapsim' - "$root/share"
if command -v zsh >/dev/null; then
	zsh -f -c 'fpath=("$1/zsh/site-functions" $fpath); autoload -U compinit; compinit -u -D; print $_comps[reapsim]' \
		- "$root/share" 2>&1 | grep -qx _reapsim && pass || fail "zsh does not find _reapsim"
fi

# it must not matter where it was built
grep -rlF "$src" "$root" --include='*.pc' --include='*.conf' --include='*.[15]' --include='reapsim*' \
	--exclude=reapsim --exclude='*.a' >"$top/log" && fail "names the source tree: $(cat "$top/log")" || pass

check "make uninstall" make_ uninstall
[ -z "$(find "$dest" ! -type d)" ] && pass || fail "left: $(find "$dest" ! -type d)"
[ -z "$(find "$dest" -name '*reapsim*')" ] && pass || fail "left: $(find "$dest" -name '*reapsim*')"
make_ uninstall >"$top/log" 2>&1 && fail "make uninstall of nothing succeeds" || pass
grep -q 'nothing is installed' "$top/log" && pass || fail "make uninstall of nothing says: $(cat "$top/log")"
finish
