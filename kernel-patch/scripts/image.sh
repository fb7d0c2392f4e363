#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# image.sh: unpacks a distribution's kernel, as shipped, and prints the folder with its
# bzImage, info, config, and the modules that the player needs.
#
#   KERNEL=VERSION      Debian's cloud kernel: 7.3 is the newest 7.3.x of all suites,
#                       7.3-rc7 and 6.12.117 are exactly these (default 7.3)
#   KERNEL_IMAGE=WHAT   another kernel: the name of a package, .deb files, or a folder in
#                       which packages were unpacked with dpkg -x
#   FILE_SYSTEM=NAME    the kernel must have this one, such as xfs
#
# A kernel in the cache (a folder named after package and version) is used without
# looking for a newer one. modules/ has the modules that every guest needs, swap/ those
# for swap, fs-NAME/ those for a file system, decompressed and numbered in the order in
# which they are loaded.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

KERNEL=${KERNEL:-7.3}
KERNEL_IMAGE=${KERNEL_IMAGE:-}
FILE_SYSTEM=${FILE_SYSTEM:-}
images=$cache/image
suites="unstable experimental stable-backports trixie trixie-backports bookworm-backports"

# newest - of lines "PACKAGE VERSION" on stdin, the one with the newest kernel
newest() { sort -V -k2,2 | tail -1; }

# matching PACKAGE VERSION - of lines "PACKAGE VERSION" on stdin, those of PACKAGE or, if
# that is empty, those of cloud kernels of VERSION
matching() {
	awk -v package="$1" -v want="${2/-rc/\~rc}" '
	package != "" { if ($1 == package) print; next }
	$1 ~ /^linux-image-[0-9].*-cloud-amd64$/ {
		upstream = $2
		sub(/^[0-9]+:/, "", upstream)
		sub(/-[^-]*$/, "", upstream)
		if (upstream == want || index(upstream, want ".") == 1 || index(upstream, want "~") == 1)
			print
	}'
}

# cached PACKAGE VERSION - the newest such kernel in the cache
cached() { { ls "$images" 2>/dev/null || true; } | tr _ ' ' | matching "$1" "$2" | newest | tr ' ' _; }

# is_cached ID - is that kernel in the cache, with FILE_SYSTEM? Kernels that were unpacked
# before 28 November 2026 have none but ext4.
is_cached() {
	[ -f "$images/$1/bzImage" ] && { [ -z "$FILE_SYSTEM" ] || [ -f "$images/$1/file-systems" ]; }
}

# finish ID - print the folder
finish() {
	[ -z "$FILE_SYSTEM" ] || grep -qx "$FILE_SYSTEM" "$images/$1/file-systems" ||
		bad "$1 has no module $FILE_SYSTEM, which this file system needs"
	echo "$images/$1"
	exit 0
}

# unpack FILE.deb... - unpack into $tmp/root
unpack() {
	local deb
	need dpkg-deb=dpkg
	for deb in "$@"; do
		dpkg-deb -x "$deb" "$tmp/root" 2>>"$tmp/log" || bad "$deb is not a Debian package"
	done
}

# Download the package from the archive. Since 7.3 a kernel is split into several packages:
# also download those.
download() { # PACKAGE, or "" for a cloud kernel of version KERNEL
	local package version part
	need dpkg-deb=dpkg apt-get=apt
	archive "$tmp" $suites ||
		die "get the kernel's packages and set KERNEL_IMAGE="
	APT_CONFIG=$archive_conf apt-cache dumpavail | awk '/^Package: linux-image-/ { p = $2 } /^Version: / && p != "" { print p, $2; p = "" }' \
		>"$tmp/packages"
	[ -s "$tmp/packages" ] || die "no suite of the archive could be read: $(grep '^[EW]:' "$tmp/log" | tail -1)"
	read -r package version < <(matching "$1" "$KERNEL" <"$tmp/packages" | newest) || true
	if [ -z "${version:-}" ]; then
		[ -z "$1" ] || bad "KERNEL_IMAGE=$1: no such file, folder or package"
		bad "no suite of the archive has a cloud kernel $KERNEL; set KERNEL_IMAGE="
	fi
	id=${package}_$version
	name=$id
	! is_cached "$id" || return 0
	say "fetching $id"
	(cd "$tmp" && APT_CONFIG=$archive_conf apt-get -q download "$package=$version" >>log 2>&1) || die "$(tail -1 "$tmp/log")"
	for part in $(dpkg-deb -f "$tmp/$package"_*.deb Depends | tr ',|' '\n\n' |
		sed -n 's/^ *\(linux-\(base\|binary\|modules\)-[0-9][^ ]*\).*/\1/p'); do
		# the archive drops the linux-base of an old kernel first; it may be unneeded
		(cd "$tmp" && APT_CONFIG=$archive_conf apt-get -q download "$part=$version" >>log 2>&1) || [[ $part == linux-base-* ]] ||
			die "$(tail -1 "$tmp/log")"
	done
	unpack "$tmp"/*.deb
}

# Use what KERNEL_IMAGE names.
given() {
	local what dir
	read -ra what <<<"$KERNEL_IMAGE"
	name=$KERNEL_IMAGE
	if [ -d "$KERNEL_IMAGE" ]; then
		id=folder_$(cd "$KERNEL_IMAGE" && { find boot lib/modules usr/lib/modules -type f \
			-printf '%p %s %T@\n' 2>/dev/null || true; } | sort | sha256sum | cut -c1-16)
		! is_cached "$id" || return 0
		for dir in boot lib/modules usr/lib/modules; do
			[ -d "$KERNEL_IMAGE/$dir" ] || continue
			mkdir -p "$tmp/root/$dir"
			cp -a "$KERNEL_IMAGE/$dir/." "$tmp/root/$dir/"
		done
	elif [ -f "${what[0]}" ]; then
		id=deb_$(sha256sum -- "${what[@]}" | cut -d' ' -f1 | sha256sum | cut -c1-16)
		is_cached "$id" || unpack "${what[@]}"
	elif [[ $KERNEL_IMAGE =~ ^[a-z0-9][a-z0-9.+-]*$ ]]; then
		id=$(cached "$KERNEL_IMAGE" "")
		is_cached "${id:-none}" || download "$KERNEL_IMAGE"
	else
		bad "KERNEL_IMAGE=$KERNEL_IMAGE: no such file, folder or package"
	fi
}

# modules_of MODULE... - their files and those of their dependencies, in loading order
modules_of() {
	modprobe -C /dev/null -d "$tmp/root" -S "$release" --show-depends -a "$@" 2>>"$tmp/log" |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

# has MODULE - does the kernel have it, as a file or built in?
has() { modprobe -C /dev/null -d "$tmp/root" -S "$release" --show-depends "$1" >>"$tmp/log" 2>&1; }

# keep FOLDER FILE... - store files in FOLDER, decompressed and numbered
keep() {
	local dir=$1 nr=0 file to
	shift
	mkdir -p "$dir"
	for file in "$@"; do
		to=$dir/$(printf '%02d' $nr)
		case $file in
		*.xz) xz -dc "$file" >"$to" ;;
		*.gz) gzip -dc "$file" >"$to" ;;
		*.zst) need zstd=zstd && zstd -qdc "$file" >"$to" ;;
		*) cp "$file" "$to" ;;
		esac
		nr=$((nr + 1))
	done
}

if [ -z "$KERNEL_IMAGE" ]; then
	[[ $KERNEL =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?(-rc[0-9]+)?$ ]] ||
		bad "KERNEL=$KERNEL: expected a version such as 7.3, 6.12.117 or 7.3-rc7"
	id=$(cached "" "$KERNEL")
	! is_cached "${id:-none}" || finish "$id"
fi
mkdir -p "$images" "$cache/tmp"
tmp=$(mktemp -d "$cache/tmp/image.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/root"
: >"$tmp/log"
if [ -n "$KERNEL_IMAGE" ]; then given; else download ""; fi
! is_cached "$id" || finish "$id"

# modprobe finds the modules only with a merged /usr.
if [ -d "$tmp/root/lib/modules" ] && [ ! -L "$tmp/root/lib" ]; then
	mkdir -p "$tmp/root/usr/lib"
	mv "$tmp/root/lib/modules" "$tmp/root/usr/lib/modules"
	rm -rf "$tmp/root/lib"
fi
ln -sfn usr/lib "$tmp/root/lib"
release=$(ls "$tmp/root/usr/lib/modules" 2>/dev/null || true)
[ -n "$release" ] || bad "$name has no modules, and the player needs virtio_blk"
[ "$(wc -w <<<"$release")" -eq 1 ] || bad "$name has modules of several kernels: ${release//$'\n'/ }"
for vmlinuz in "$tmp/root/boot/vmlinuz-$release" "$tmp/root/usr/lib/modules/$release/vmlinuz" ""; do
	[ ! -f "$vmlinuz" ] || break
done
[ -n "$vmlinuz" ] || bad "$name has no vmlinuz of $release"
need depmod=kmod xz=xz-utils
depmod -b "$tmp/root" "$release" 2>>"$tmp/log" || die "depmod: $(tail -1 "$tmp/log")"
missing=
for module in virtio_pci virtio_blk ext4; do
	has "$module" || missing+=" $module"
done
[ -z "$missing" ] || bad "$name lacks what the player needs:$missing"
new=$tmp/new
mapfile -t files < <(modules_of virtio_pci virtio_blk ext4)
keep "$new/modules" "${files[@]}"
if has zram; then
	mapfile -t files < <(modules_of zram)
	keep "$new/swap" "${files[@]}"
fi
for fs in $file_systems; do module_of "$fs"; done | sort -u >"$tmp/wanted"
while read -r module; do
	if has "$module"; then
		mapfile -t files < <(modules_of "$module")
		keep "$new/fs-$module" "${files[@]}"
		echo "$module"
	fi
done <"$tmp/wanted" >"$tmp/file-systems"
cp "$tmp/file-systems" "$new"
cp "$vmlinuz" "$new/bzImage"
# 7.3-rc7's release is "7.3-cloud-amd64"
version=$release
upstream=${id#*_}
upstream=${upstream%-*}
upstream=${upstream/\~rc/-rc}
[[ ! $id =~ ^linux- || $release == "$upstream"* ]] || version=$upstream
for config in "$tmp/root/boot/config-$release" "$tmp/root/usr/lib/modules/$release/config"; do
	[ ! -f "$config" ] || cp "$config" "$new/config"
done
touch "$new/config"
{
	echo "source=$id"
	echo "version=$version"
	echo "config=stock"
	echo "patches=none"
} >"$new/info"
chmod -R a+rX "$new"
if [ -f "$images/$id/bzImage" ]; then # it lacks the file systems
	cp -r "$new"/fs-* "$images/$id" 2>/dev/null || true
	cp "$new/file-systems" "$images/$id"
else
	mv -T "$new" "$images/$id" 2>/dev/null || [ -f "$images/$id/bzImage" ] || die "$images/$id can not be written"
	say "$id is Linux $version"
fi
finish "$id"
