# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts here; sourced, not run.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${REAPSIM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reapsim}

# A number that changes the key of everything that is cached.
layout=1

say() { echo "kernel: $*" >&2; }
die() { echo "kernel: $*" >&2; exit 1; }

# digest FILE... - of names and contents
digest() { for f in "$@"; do printf '%s ' "$(basename "$f")"; sha256sum <"$f"; done | sha256sum | cut -c1-16; }

# need TOOL=PACKAGE... - install what is missing, or say in one line what to install
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

# boot KERNEL FOLDER OPTION... - runs a guest to its end: its console and second
# serial port go to FOLDER/console and FOLDER/results, what QEMU says to
# FOLDER/qemu. TIMEOUT=SECONDS. On a busy host the boot may find the timer dead;
# nothing has happened in the guest by then, so that is tried again.
boot() {
	local kernel=$1 dir=$2 status try
	shift 2
	mkdir -p "$dir"
	for try in 1 2 3; do
		status=0
		rm -f "$dir/results"
		timeout -k 5 "${TIMEOUT:-600}" qemu-system-x86_64 -accel tcg -cpu max \
			-kernel "$kernel/bzImage" -display none -no-reboot -nic none \
			-serial "file:$dir/console" -serial "file:$dir/results" "$@" \
			</dev/null >"$dir/qemu" 2>&1 || status=$?
		touch "$dir/console" "$dir/results"
		grep -aq "IO-APIC + timer doesn't work" "$dir/console" || break
		say "boot $try: the guest's timer does not work"
	done
	return $status
}
