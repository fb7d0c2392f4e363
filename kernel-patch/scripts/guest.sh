# SPDX-License-Identifier: GPL-2.0-only
# Functions with which run.sh and stock-run.sh build a guest and play runs in it; sourced
# after lib.sh. The caller sets trace, and tmp, a temporary folder.

# check_trace - refuse what cannot be played, before anything is built or booted
check_trace() {
	local reapsim=${REAPSIM:-$here/../build/reapsim}
	[ -f "$trace" ] || bad "no such trace: $trace"
	case $(head -c 22 "$trace" | head -1) in
	reapsim-trace,[12]) ;;
	*) bad "$trace is no trace in text form; \"reapsim trace convert\" makes one" ;;
	esac
	[ -n "${MEM:-}${MEMCG:-}$(machine memcg_pages)$(machine memory_pages)" ] ||
		bad "$trace: no machine,memcg_pages,N and no machine,memory_pages,N: how much memory it has is part of a run; MEMCG=N sets the first"
	grep -q '^[[:space:]]*mark[[:space:]]*,' "$trace" || bad "$trace: no mark row: there is nothing to print"
	[ -x "$reapsim" ] || die "no $reapsim to check the trace with: run make, or set REAPSIM="
	"$reapsim" trace check "$trace" >/dev/null || exit 2
}

# number TEXT - a number of the trace, in decimal. TEXT is checked first, because $(( ))
# would execute a command in "0x1+b[$(command)]".
number() {
	[[ $1 =~ ^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$ ]] || bad "$trace: \"$1\": expected a number"
	case $1 in 0x*) echo $((16#${1#0x})) ;; *) echo $((10#$1)) ;; esac
}
# machine KEY - the value of a machine row of the trace, or nothing
machine() { sed -n "s/^ *machine *, *$1 *, *\([0-9a-fx]*\) *$/\1/p" "$trace" | tail -1; }

# contents NAME PAGES - of a file, without empty blocks, so that it has no holes. For
# compressed file systems: about a third of it is noise.
contents() {
	case $1 in
	erofs-lz4 | squashfs) awk 'BEGIN {
		for (srand(1); ; )
			printf "%s%.8f\n", "the same in each line: ", rand()
	}' ;;
	*) yes reapsim ;;
	esac 2>/dev/null | head -c $(($2 * 4096)) || true
}

# make_fs NAME FEATURES FILES IMAGE PAGES - an image with the FILES, which have so many pages
make_fs() {
	local name=$1 features=$2 files=$3 image=$4 pages=$5 file
	case $name in
	ext4 | overlayfs)
		mke2fs -q -t ext4 -b 4096 -m 0 -O "$features,^resize_inode" -E lazy_itable_init=0 \
			-d "$files" "$image" $((pages + pages / 50 + 8192))
		;;
	xfs)
		need mkfs.xfs=xfsprogs
		{
			printf '/\n0 0\nd--755 0 0\n'
			for file in "$files"/*; do
				echo "${file##*/} ---644 0 0 $file"
			done
			echo '$'
		} >"$tmp/proto"
		truncate -s $(((pages + 131072) * 4096)) "$image"
		mkfs.xfs -q -f -p "$tmp/proto" "$image"
		;;
	btrfs)
		need mkfs.btrfs=btrfs-progs
		truncate -s $(((pages * 2 + 65536) * 4096)) "$image"
		mkfs.btrfs -q -f -r "$files" "$image"
		;;
	btrfs-zstd) # only the kernel can compress, so the player fills it
		need mkfs.btrfs=btrfs-progs
		truncate -s $(((pages * 2 + 65536) * 4096)) "$image"
		mkfs.btrfs -q -f "$image"
		;;
	erofs)
		need mkfs.erofs=erofs-utils
		mkfs.erofs --quiet "$image" "$files"
		;;
	erofs-lz4)
		need mkfs.erofs=erofs-utils
		mkfs.erofs --quiet -zlz4 "-C${pcluster:-65536}" "$image" "$files"
		;;
	squashfs)
		need mksquashfs=squashfs-tools
		mksquashfs "$files" "$image" -quiet -no-progress -noappend -no-duplicates >/dev/null
		;;
	tmpfs | fuse) truncate -s 4096 "$image" ;; # the disk is not used
	esac
}

# erofs_settings - what the simulator must know of an image of erofs-lz4: the pages of a pcluster,
# and the mean length of the extents, but the last one
erofs_settings() {
	local dir
	need mkfs.erofs=erofs-utils dump.erofs=erofs-utils
	dir=$(mktemp -d)
	mkdir "$dir/files"
	contents erofs-lz4 8192 >"$dir/files/0"
	make_fs erofs-lz4 "" "$dir/files" "$dir/image" 8192
	dump.erofs --path=/0 -e "$dir/image" | awk -F '[|:.]+' -v pages=$((${pcluster:-65536} / 4096)) '
		$2 ~ /^ *[0-9]+$/ && $3 ~ /^ *[0-9]+ *$/ { before = $2; end = $3; n++ }
		END { printf "erofs_pcluster_pages=%d erofs_extent_bytes=%.0f\n", pages, before / (n - 1) }'
	rm -r "$dir"
}

# make_disk [FEATURES [NAME]] - sets disk to an image of the file system NAME (ext4) with the
# trace's files, which are named by their number. It is cached by file sizes, FEATURES of
# ext4, NAME, and for erofs-lz4 the variable pcluster, the bytes of a pcluster (65536).
make_disk() {
	local sizes=() row last size begin i total=0 new features=${1:-^has_journal} name=${2:-ext4}
	while IFS= read -r row; do
		row=${row%%[[:space:]]}
		begin=
		if [[ $row =~ ^(.*),[[:space:]]*size=([0-9a-fx]+)$ ]]; then
			row=${BASH_REMATCH[1]}
			begin=$(number "${BASH_REMATCH[2]}") || exit
		fi
		last=${row##*,}
		last=${last// /}
		if [ "$last" = shmem ]; then
			sizes+=(-)
		else
			size=$(number "$last") || exit
			# room for what it grows to
			[ -z "$begin" ] || total=$((total + size))
			sizes+=("${begin:-$size}")
		fi
	done < <(grep '^[[:space:]]*file[[:space:]]*,' "$trace" || true)
	printf '%s\n' "$layout" "${sizes[@]:-}" >"$tmp/sizes"
	[ "$total" = 0 ] || echo "grow $total" >>"$tmp/sizes"
	[ "$features" = ^has_journal ] || echo "$features" >>"$tmp/sizes"
	[ "$name" = ext4 ] || [ "$name" = overlayfs ] || echo "$name" >>"$tmp/sizes"
	[ "${pcluster:-65536}" = 65536 ] || echo "pcluster $pcluster" >>"$tmp/sizes"
	disk=$cache/disk/$(digest "$tmp/sizes").img
	[ ! -f "$disk" ] || return 0
	mkdir -p "$cache/disk" "$tmp/files"
	for i in "${!sizes[@]}"; do
		[ "${sizes[$i]}" = - ] && continue
		contents "$name" "${sizes[$i]}" >"$tmp/files/$i"
		total=$((total + sizes[i]))
	done
	new=$(mktemp "$disk.XXXXXX")
	make_fs "$name" "$features" "$tmp/files" "$new" $((total + ${#sizes[@]})) >"$tmp/mkfs" 2>&1 ||
		die "no image with $name: $(tail -1 "$tmp/mkfs")"
	mv "$new" "$disk"
	rm -rf "$tmp/files"
}

# make_initrd [FOLDER...] - makes $tmp/initrd: the player, the trace, and the modules in
# the folders, which the player loads in this order
make_initrd() {
	local init
	init=$(player)
	mkdir -p "$tmp/root"
	cp "$init" "$tmp/root/init"
	cp "$trace" "$tmp/root/trace.csv"
	pack_initrd "$@"
}

# plan_runs - sets runs to PLAN, or to RUNS of each POLICY and LRU, as POLICY-LRU-NUMBER
plan_runs() {
	local lru policy number
	# shellcheck disable=SC2206 # a list
	runs=(${PLAN:-})
	[ ${#runs[@]} -eq 0 ] || return 0
	for lru in $LRU; do
		for ((number = 1; number <= RUNS; number++)); do
			for policy in $POLICY; do
				runs+=("$policy-$lru-$number")
			done
		done
	done
}

# split_run RUN - sets policy, lru and run to the parts of its name. That of a policy may
# have a "-", too.
split_run() {
	run=${1##*-}
	policy=${1%-*}
	lru=${policy##*-}
	policy=${policy%-*}
}

# describe - prints what decides about a run in this guest, besides trace, kernel and player
describe() { echo "cpus=$cpus mem=$mem ${QEMU:-} $append"; }

# play RUN... - with a memory cgroup all runs in one boot (player/batch.c), otherwise each in
# its own. The results of each go to $out/RUN/results, and one() is called for it. The
# caller sets kernel, out, memcg, cpus, mem, disk, and append: the kernel's command line.
#
# A reap that lost its race with the exit of its victim says nothing of trace or kernel, so a
# run with one is repeated.
play() {
	local run try
	lost=("$@")
	for try in 1 2 3; do
		set -- "${lost[@]}"
		lost=()
		if [ -n "$memcg" ]; then
			play_boot "$@"
		else
			for run; do play_boot "$run"; done
		fi
		[ ${#lost[@]} -gt 0 ] || return 0
		[ $try = 3 ] || say "$(trace_field): repeating ${lost[*]}"
	done
	say "$(trace_field): not counted, as lost in three tries: ${lost[*]}"
	failed=1
}

# lost_race REASON - did the victim exit before the reap?
lost_race() { [[ $1 =~ process_mrelease\(.*\):\ No\ such\ process ]]; }

play_boot() { # RUN...
	local dir=$tmp/boot status=0 run plan=$*
	rm -rf "$dir"
	TIMEOUT=$((TIMEOUT * $#)) boot "$kernel" "$dir" -smp "$cpus" -m "${mem}M" -initrd "$tmp/initrd" \
		-append "$append player.plan=${plan// /,}" \
		-drive "file=${disk//,/,,},format=raw,if=virtio,snapshot=on" || status=$?
	awk -v out="$dir" '{ sub(/\r$/, "") } $1 == "run" { file = out "/" $2; next } file { print >file }' "$dir/results"
	for run; do
		mkdir -p "$out/$run"
		cp "$dir/qemu" "$out/$run"
		# drop the reason why another run failed
		sed '/^\(run-failed\|bad-input\): /d' "$dir/console" >"$out/$run/console"
		if [ -f "$dir/$run" ]; then
			mv "$dir/$run" "$out/$run/results"
		else # the guest ended before this run: use what came before the first run
			cp "$dir/results" "$out/$run/results"
			sed -i '/^done/d' "$out/$run/results"
		fi
		if lost_race "$(why_not "$out/$run" $status)"; then
			say "$(trace_field): run $run lost its race: $(why_not "$out/$run" $status)"
			lost+=("$run")
		else
			one "$run" $status || failed=1
		fi
		[ -s "$out/$run/results" ] || rm "$out/$run/results"
	done
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
