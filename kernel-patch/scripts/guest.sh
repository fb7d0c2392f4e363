# SPDX-License-Identifier: GPL-2.0-only
# Functions with which run.sh and stock-run.sh build a guest; sourced after lib.sh. The
# caller sets trace, and tmp, a temporary folder.

# number TEXT - a number of the trace, in decimal. TEXT is checked first, because $(( ))
# would execute a command in "0x1+b[$(command)]".
number() {
	[[ $1 =~ ^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$ ]] || bad "$trace: \"$1\": expected a number"
	case $1 in 0x*) echo $((16#${1#0x})) ;; *) echo $((10#$1)) ;; esac
}
# machine KEY - the value of a machine row of the trace, or nothing
machine() { sed -n "s/^ *machine *, *$1 *, *\([0-9a-fx]*\) *$/\1/p" "$trace" | tail -1; }

# make_disk [FEATURES] - sets disk to an ext4 image with the trace's files, which are
# named by their number. They contain no zero blocks and therefore no holes. The image is
# cached by file sizes and FEATURES of ext4.
make_disk() {
	local sizes=() row last size i total=0 new features=${1:-^has_journal}
	while IFS= read -r row; do
		row=${row%%[[:space:]]}
		last=${row##*,}
		last=${last// /}
		if [ "$last" = shmem ]; then
			sizes+=(-)
		else
			size=$(number "$last") || exit
			sizes+=("$size")
		fi
	done < <(grep '^[[:space:]]*file[[:space:]]*,' "$trace" || true)
	printf '%s\n' "$layout" "${sizes[@]:-}" >"$tmp/sizes"
	[ "$features" = ^has_journal ] || echo "$features" >>"$tmp/sizes"
	disk=$cache/disk/$(digest "$tmp/sizes").img
	[ ! -f "$disk" ] || return 0
	mkdir -p "$cache/disk" "$tmp/files"
	for i in "${!sizes[@]}"; do
		[ "${sizes[$i]}" = - ] && continue
		yes reapsim 2>/dev/null | head -c $((sizes[i] * 4096)) >"$tmp/files/$i" || true
		total=$((total + sizes[i]))
	done
	new=$(mktemp "$disk.XXXXXX")
	mke2fs -q -t ext4 -b 4096 -m 0 -O "$features,^resize_inode" -E lazy_itable_init=0 \
		-d "$tmp/files" "$new" $((total + total / 50 + ${#sizes[@]} + 8192))
	mv "$new" "$disk"
	rm -rf "$tmp/files"
}

# make_initrd [FOLDER...] - makes $tmp/initrd: the player, the trace, and the modules in
# the folders, which the player loads in this order
make_initrd() {
	local init file nr=0
	init=$(player)
	mkdir -p "$tmp/root/dev"
	cp "$init" "$tmp/root/init"
	cp "$trace" "$tmp/root/trace.csv"
	for file in ${1:+$(printf '%s/*\n' "$@")}; do
		mkdir -p "$tmp/root/modules"
		cp "$file" "$tmp/root/modules/$(printf '%02d' $nr)"
		nr=$((nr + 1))
	done
	(cd "$tmp/root" && find . | cpio -o -H newc --quiet) >"$tmp/initrd"
}

# why_not FOLDER STATUS - nothing if boot() left a complete result in FOLDER, otherwise
# the reason
why_not() {
	local said
	said=$(grep -ahE '^(run-failed|bad-input): ' "$1/results" "$1/console" | head -1 | tr -d '\r' || true)
	if [ -n "$said" ]; then
		echo "$said"
	elif grep -aqx done "$1/results"; then
		return 0
	elif [ "$2" = 124 ]; then
		echo "run-failed: no end after $TIMEOUT s"
	else
		echo "run-failed: the guest stopped: $(tail -n1 "$1/qemu")$(grep -a -m1 -E 'panic|BUG|Oops' "$1/console")"
	fi
}

# trace_field - the trace's name as a CSV field
trace_field() {
	local name=${trace##*/}
	name=${name//[[:cntrl:]]/?}
	[[ $name != *[,\"]* ]] || name=\"${name//\"/\"\"}\"
	printf '%s\n' "$name"
}

# counters HEAD FOLDER - the counters of a run at each snapshot, as CSV
counters() {
	HEAD=$1 awk '
		$1 == "M" { print ENVIRON["HEAD"] "," $2 ($3 > 1 ? ":" $3 : "") "," $4 "," $5 }' "$2/results"
}
