# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts here; sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${REAPSIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reapsim}

# Part of the key of everything in the cache: change it to discard the cache.
layout=1

say() { echo "kernel: $*" >&2; }
die() { echo "kernel: $*" >&2; exit 1; }
# bad input of the user
bad() { echo "kernel: $*" >&2; exit 2; }

# on_signal TEXT [COMMAND...] - on a signal that ends the script run COMMAND, say TEXT, exit
on_signal() {
	local signal command
	command=$(printf '%q ' "$@")
	for signal in INT TERM HUP; do
		# shellcheck disable=SC2064 # what they are now
		trap "interrupted $signal $command" $signal
	done
}
interrupted() {
	local signal=$1 text=$2
	shift 2
	trap '' INT TERM HUP
	"$@"
	[ ! -t 2 ] || printf '\r\033[K' >&2
	say "SIG$signal: $text"
	exit $((128 + $(kill -l "$signal")))
}

# digest FILE... - a digest of names and contents
digest() { for f in "$@"; do printf '%s ' "$(basename "$f")"; sha256sum <"$f"; done | sha256sum | cut -c1-16; }

# need TOOL=PACKAGE... - install missing packages, or fail and name them
need() {
	local missing=() pair root=()
	for pair in "$@"; do
		case $pair in
		/*) [ -e "${pair%=*}" ] || missing+=("${pair#*=}") ;;
		*) command -v "${pair%=*}" >/dev/null 2>&1 || missing+=("${pair#*=}") ;;
		esac
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	[ "$(id -u)" -eq 0 ] || root=(sudo -n)
	say "installing ${missing[*]}"
	apt_get() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" >/dev/null 2>&1; }
	if command -v apt-get >/dev/null 2>&1; then
		apt_get install --no-install-recommends "${missing[@]}" && return 0
		apt_get update && apt_get install --no-install-recommends "${missing[@]}" && return 0
	fi
	die "please install these packages first: ${missing[*]}"
}

# archive FOLDER SUITE... - sets archive_conf to a separate configuration in FOLDER, with these
# suites of the archive that this machine's release comes from. Missing suites are ignored.
# Look and download with APT_CONFIG=$archive_conf, but never install with it, nor export it: what
# is installed would bring the libc of another release.
archive() {
	local dir=$1 uri signed=/usr/share/keyrings/debian-archive-keyring.gpg suite
	shift
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk '$3 == "main" && $2 !~ /[-\/](security|updates|backports)/ && $1 ~ /\/debian\/?$/ { print $1; exit }')
	[ -n "$uri" ] || { say "none of this machine's apt sources is a Debian archive"; return 1; }
	[ -e "$signed" ] || { say "debian-archive-keyring is not installed"; return 1; }
	for suite in "$@"; do
		echo "deb [signed-by=$signed] $uri $suite main"
	done >"$dir/sources.list"
	printf '%s\n' "Dir::State::Lists \"$dir/lists\";" "Dir::Etc::SourceList \"$dir/sources.list\";" \
		'Dir::Etc::SourceParts "/dev/null";' "Dir::Cache \"$dir\";" \
		'APT::Sandbox::User "root";' >"$dir/apt.conf"
	archive_conf=$dir/apt.conf
	APT_CONFIG=$archive_conf apt-get -q update >>"$dir/log" 2>&1 || true
}

# find_source - sets src to the source tree of KERNEL or KERNEL_SRC, id to a name for its
# contents, and base to the version of our patches that apply to it
find_source() {
	if [ -z "${KERNEL_SRC:-}" ]; then
		src=$("$here/scripts/fetch.sh" "${KERNEL:-7.3}") || return
		base=$(cut -d. -f1,2 <<<"${KERNEL:-7.3}")
		base=${base%-rc*}
		id=$(basename "$src")
		return 0
	fi
	[ -f "$KERNEL_SRC/mm/memory.c" ] || die "KERNEL_SRC=$KERNEL_SRC is not a kernel tree"
	src=$(cd "$KERNEL_SRC" && pwd)
	id=$(cd "$src" && find . -name .git -prune -o -type f -printf '%p %s %T@\n' | sort | sha256sum | cut -c1-16)
	case $(make -s -C "$src" kernelversion) in
	6.12*) base=6.12 ;;
	6.18*) base=6.18 ;;
	*) base=7.3 ;;
	esac
}

# what a stock kernel can have the trace's files on (player/files.c)
file_systems="ext4 xfs btrfs btrfs-zstd erofs erofs-lz4 squashfs overlayfs tmpfs fuse"

# module_of FILE_SYSTEM - the kernel module that it needs, if any
module_of() {
	case $1 in
	xfs | btrfs* | erofs* | squashfs | fuse) echo "${1%%-*}" ;;
	overlayfs) echo overlay ;;
	esac
}

# program FOLDER - prints the path of the program of kernel-patch/FOLDER, static; compiled if
# its sources changed
program() {
	local bin tmp
	bin=$cache/player/$(digest "$here/$1"/*.[ch])
	if [ ! -x "$bin" ]; then
		need gcc=gcc /usr/include/stdio.h=libc6-dev
		mkdir -p "$cache/player"
		tmp=$(mktemp "$cache/player/tmp.XXXXXX")
		gcc -static -O2 -std=gnu11 -Wall -Wextra -o "$tmp" "$here/$1"/*.c
		chmod 755 "$tmp"
		mv "$tmp" "$bin"
	fi
	echo "$bin"
}
player() { program player; } # PID 1 of the guest

# series_patches - sets patches to what both series for base change in the kernel, in their order;
# their tests and documents, patches 2 and 3, build no kernel
series_patches() {
	patches=("$here/series/$base"/*/0001-*.patch)
	[ -f "${patches[0]}" ] || die "no series for v$base in $here"
}

# kernel_with_series CONFIG - sets KERNEL_DIR, if it is not set: the kernel with PATCHES, by
# default both series
kernel_with_series() {
	[ -z "${KERNEL_DIR:-}" ] || return 0
	if [ ! -v PATCHES ]; then
		find_source
		series_patches
		PATCHES=${patches[*]}
	fi
	KERNEL_DIR=$(CONFIG=$1 PATCHES=$PATCHES "$here/scripts/build.sh") || exit
}

# tests_of_series - sets TESTS, if it is not set: the selftests of both series
tests_of_series() {
	[ -z "${TESTS:-}" ] || return 0
	[ -n "${base:-}" ] || find_source
	TESTS=$tmp/series-tests
	CONFIGS=selftests OUT=$TESTS "$here/scripts/check-series.sh" "$src" "$here/series/$base"/*/
}

# pack_initrd [FOLDER...] - makes $tmp/initrd of $tmp/root and the modules in the folders, for
# an init that loads them in this order
pack_initrd() {
	local file nr=0
	mkdir -p "$tmp/root/dev"
	for file in ${1:+$(printf '%s/*\n' "$@")}; do
		[ -f "$file" ] || continue
		mkdir -p "$tmp/root/modules"
		cp "$file" "$tmp/root/modules/$(printf '%02d' $nr)"
		nr=$((nr + 1))
	done
	(cd "$tmp/root" && find . | cpio -o -H newc --quiet) >"$tmp/initrd"
}

# Kernel command line of every guest. A panic ends QEMU, as does the end of the player.
guest_cmdline="console=ttyS0 quiet no_timer_check panic=-1 reboot=k rootfstype=ramfs no5lvl"

stop_guest() { [ -z "${guest_pid:-}" ] || kill "$guest_pid"; }

# boot KERNEL FOLDER OPTION... - runs a guest to its end. Its console goes to
# FOLDER/console, its second serial port to FOLDER/results, the output of QEMU to
# FOLDER/qemu. TIMEOUT=SECONDS, QEMU="MORE OPTIONS". On a busy host the kernel may decide
# at boot that the timer does not work. Nothing was played by then, so boot again. A signal
# ends the script, and stop_guest() the guest.
boot() {
	local kernel=$1 dir=$2 status try more
	read -ra more <<<"${QEMU:-}"
	shift 2
	mkdir -p "$dir"
	for try in 1 2 3; do
		status=0
		rm -f "$dir/results"
		timeout -k 5 "${TIMEOUT:-600}" qemu-system-x86_64 -accel tcg -cpu max \
			-kernel "$kernel/bzImage" -display none -no-reboot -nic none \
			-serial "file:$dir/console" -serial "file:$dir/results" "$@" "${more[@]}" \
			</dev/null >"$dir/qemu" 2>&1 &
		guest_pid=$!
		wait $guest_pid || status=$?
		guest_pid=
		touch "$dir/console" "$dir/results"
		grep -aq "IO-APIC + timer doesn't work" "$dir/console" || break
		say "boot $try: the guest's timer does not work"
	done
	return $status
}
