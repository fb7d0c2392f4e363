#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# install.sh install BUILD, install.sh uninstall: below PREFIX, which is below DESTDIR if that is
# set; libraries in LIBDIR. BUILD is the folder of the build. What it has installed stands in
# PREFIX/share/reapsim/manifest; by that list it uninstalls, and removes an older release before it
# installs. sim/cli/data.c looks for the machine files where this puts them, relative to the program.
set -eu -o pipefail
cd "$(dirname "$0")/.."

: "${PREFIX:?}" "${LIBDIR:?}" "${DESTDIR=}"
for folder in "$PREFIX" "$LIBDIR"; do
	case $folder in
	/*) ;;
	*)
		echo "install: the folder \"$folder\", expected one that begins with /" >&2
		exit 2
		;;
	esac
done
share=$PREFIX/share
manifest=$share/reapsim/manifest

# lines MODE, SOURCE and TARGET, with tabs between
files() {
	local build=$1 file
	line() { printf '%s\t%s\t%s\n' "$@"; }
	line 755 "$build/reapsim" "$PREFIX/bin/reapsim"
	# built for x86-64 only
	[ ! -e "$build/reapsim-player" ] || line 755 "$build/reapsim-player" "$PREFIX/libexec/reapsim/reapsim-player"
	line 644 "$build/libreapsim.a" "$LIBDIR/libreapsim.a"
	line 644 "$build/install/reapsim.pc" "$LIBDIR/pkgconfig/reapsim.pc"
	for file in sim/*.h sim/{mm,time,lab}/*.h models/*.h traces/{readers,gen}/*.h; do
		line 644 "$file" "$PREFIX/include/reapsim/$file"
	done
	for file in "$build"/man/*.[15]; do
		line 644 "$file" "$share/man/man${file##*.}/${file##*/}"
	done
	line 644 "$build/install/reapsim.bash" "$share/bash-completion/completions/reapsim"
	line 644 "$build/install/reapsim.zsh" "$share/zsh/site-functions/_reapsim"
	line 644 "$build/install/reapsim.fish" "$share/fish/vendor_completions.d/reapsim.fish"
	for file in traces/machines/*.conf; do
		line 644 "$file" "$share/reapsim/machines/${file##*/}"
	done
	for file in traces/examples/*.* traces/examples/*/*; do
		line 644 "$file" "$share/reapsim/${file#traces/}"
	done
}

uninstall() {
	local file
	while IFS= read -r file; do
		rm -f -- "$DESTDIR$file"
	done <"$DESTDIR$manifest"
	rm -f -- "$DESTDIR$manifest"
	# other folders belong to the system
	find "$DESTDIR$share/reapsim" "$DESTDIR$PREFIX/include/reapsim" "$DESTDIR$PREFIX/libexec/reapsim" \
		-depth -type d -empty -delete 2>/dev/null || true
}

case $1 in
install)
	[ ! -e "$DESTDIR$manifest" ] || uninstall
	files "$2" | while IFS=$'\t' read -r mode from to; do
		install -D -m "$mode" -- "$from" "$DESTDIR$to"
	done
	files "$2" | cut -f 3 | install -D -m 644 -- /dev/stdin "$DESTDIR$manifest"
	;;
uninstall)
	if [ ! -e "$DESTDIR$manifest" ]; then
		echo "uninstall: nothing is installed, there is no $DESTDIR$manifest" >&2
		exit 1
	fi
	uninstall
	;;
esac
