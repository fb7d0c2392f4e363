#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# review.sh [--brief | record [PART...]]: the questions of the review of the patch, answered.
#
#	make review          writes traces/studies/THREAD.md from the recorded results in
#	                     traces/studies/review and from the kernel's recordings, and in
#	                     $OUT/review the same as mail.txt and as thread.html
#	make review-record   runs all parts anew, and copies them to traces/studies/review;
#	                     then make review golden-update changes the texts
#
# A part is a command of reapsim, see part_NAME(), whose rows are kept in one CSV file. An
# interrupted recording goes on where it was; a part starts over if it, the program or a
# recording has changed. What the text says is in review/thread.in; review.awk fills in
# the numbers.
#
# --brief prints the result in README.md. "PART..." runs only these, into $OUT/review/parts, and
# copies nothing. RECORDINGS="FILE..." replays only these. REVIEW=FOLDER takes THREAD.md and its
# picture instead of traces/studies. $OUT/review/letters.txt has what the cover letters say.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. traces/studies/lib.sh
export LC_ALL=C.UTF-8
here=traces/studies
reapsim=${REAPSIM:-build/reapsim} jobs=${JOBS:-0}
out=${OUT:-out}/review
case $out in
/*) ;;
*) out=./$out ;;
esac
# shellcheck disable=SC2206 # words
recordings=(${RECORDINGS:-traces/shipped/*.csv traces/shipped/*.rtrace})
parts='freed reaped ends oom orders arm64 shadows killers time generated breakeven reclaim-first'
# made anew by each review, as it is short
live=victims

say() { echo "review.sh: $*" >&2; }

# need COMMAND [CURE] - ends the script if it is not there
need() {
	command -v "$1" >/dev/null || {
		say "$1 is missing${2:-: install $1}"
		exit 1
	}
}

# both COMMAND ARGUMENT... - under both LRUs
both() {
	local lru
	for lru in classic mglru; do
		"$reapsim" "$@" --lru $lru --jobs "$jobs"
	done
}

# in_counts ARGUMENT... - compare the members of an ensemble
in_counts() { both compare --ensemble 16 "$@"; }

# kernels COUNTERS COMMAND ARGUMENT... - MGLRU of v7.1 to v7.3.3 against that of v7.3.4
kernels() {
	local kernel counters=$1
	shift
	for kernel in 7.3 7.3-rc7; do
		"$reapsim" "$@" --lru mglru --kernel $kernel --set kmem=on --jobs "$jobs" --policies baseline \
			--csv -
	done | awk -F, -f $here/review/spread.awk -f $here/review/pairs.awk -v by=kernel -v from=7.3 \
		-v to=7.3-rc7 -v counters="$counters"
}

# generate GENERATOR [KEY=VALUE...] - eight traces, seeds 1 to 8; their names are in $generated
generate() {
	local seed
	generated=()
	for seed in 1 2 3 4 5 6 7 8; do
		"$reapsim" gen "$@" seed=$seed -o "$work/$1-$seed.rtrace"
		generated+=("$work/$1-$seed.rtrace")
	done
}

# The costs of vm.conf. Its readahead is for whole machines; here it is as in the counts. What
# calibrate does not measure, the walk of MADV_COLD, is that of BENCH.md on the same kind of machine.
costs=(--machines traces/machines/vm.conf --set readahead_pages=32 --set advise_ps=57000)

# in_time ARGUMENT... - outcome. In the order of the trace, as a process that waits for another one
# would go on if each had a clock of its own.
in_time() { both outcome --loop trace "${costs[@]}" --differences - "$@"; }

# What the recordings say of the pages that a process leaves
part_victims() { "$reapsim" trace deaths --csv - "${recordings[@]}"; }

# What +evict frees, and how much of it is read again
part_freed() {
	in_counts --ends-as mrelease --memory 75% --policies baseline,v1+evict --csv - \
		"${recordings[@]}" | awk -F, -f $here/review/spread.awk -f $here/review/freed.awk
}

# Every process ends by process_mrelease().
part_reaped() {
	in_counts --ends-as mrelease --memory 50%,75% --differences - "${recordings[@]}" \
		--policies baseline,v1,flag,v1+evict,demote,cold-first,pageout-first
}

# Every process ends as it did, or by exit.
part_ends() {
	in_counts --ends-as recorded,exit --memory 75% --differences - "${recordings[@]}" \
		--policies baseline,v1,flag,any-exit,any-exit+evict
}

# Every process is killed by the OOM killer.
part_oom() {
	in_counts --ends-as oom --memory 75% --differences - "${recordings[@]}" \
		--policies baseline,rfc,v1,flag
}

# Folios as large as ext4 has them
part_orders() {
	in_counts --ends-as mrelease --memory 75% --set file_system=ext4 --differences - "${recordings[@]}" \
		--policies baseline,v1,v1+evict,cold-first
}

part_arm64() {
	in_counts --ends-as mrelease --memory 75% --machines traces/machines/arm64.conf \
		--set file_system=ext4 --differences - "${recordings[@]}" --policies baseline,v1,v1+evict
}

# What is counted under MGLRU as v7.1 to v7.3.3 have it
part_shadows() {
	kernels "workingset_refault_file sim_fills" compare --memory 75% --ensemble 16 "${recordings[@]}"
}

# And what a killer makes of it
part_killers() {
	generate android-go kills=none
	kernels "kills workingset_refault_file sim_fills" outcome --killer lmkd --seeds 1 \
		--machines traces/machines/phone-ufs.conf "${generated[@]}"
	rm "${generated[@]}"
}

part_time() {
	in_time --ends-as mrelease --memory 75% --ensemble 16 "${recordings[@]}" \
		--policies baseline,v1,flag,v1+evict,cold-first
}

# Eight generated workloads each, which differ in what the generator draws
part_generated() {
	local name
	for name in shell-loop compile-storm tabs oomd-restart db-pressure k8s-crashloop \
		app-rotation; do
		generate $name
		in_time --ends-as mrelease --pool --seeds 1 "${generated[@]}" \
			--policies baseline,v1,v1+evict,demote,cold-first
		in_time --ends-as recorded --pool --seeds 1 "${generated[@]}" \
			--policies baseline,v1,any-exit,any-exit+evict
		rm "${generated[@]}"
	done
}

part_breakeven() {
	"$reapsim" breakeven kill-return "${costs[@]}" --policies baseline,v1,v1+evict,cold-first \
		--jobs "$jobs" --restart --csv "$work/runs.csv" --differences "$work/differences.csv" >/dev/null
	cat "$work/differences.csv"
}

part_reclaim-first() {
	"$reapsim" reclaim-first --policies baseline --jobs "$jobs" --restart --csv "$work/runs.csv" >/dev/null
	cat "$work/runs.csv"
}

# What the texts ask for, of the counters of --differences
counters="sim_fills disk_read_pages workingset_refault_file pgactivate reap_ms marks_percent free100_ms stall_ms io_wait_ms net_ms kills"

# rows - the rows of several files under one header
rows() {
	awk -F, -v counters=" $counters " '
	NR == 1 {
		header = $0
		for (i = 1; i <= NF; i++)
			if ($i == "counter")
				at = i
	}
	NR == 1 || ($0 != header && (!at || index(counters, " " $at " ")))'
}

# record PART... - those that are not there yet
record() {
	local name stamp
	for name; do
		declare -F "part_$name" >/dev/null || {
			say "no part \"$name\", expected one of: $live $parts"
			exit 2
		}
	done
	need "$reapsim" ": run make"
	mkdir -p "$out/parts"
	for name; do
		# shellcheck disable=SC2094 # nothing is written to them
		stamp=$({
			declare -f both in_counts kernels generate in_time rows "part_$name"
			echo "${costs[*]} $counters"
			cat "$reapsim" $here/review/{spread,pairs,freed}.awk "${recordings[@]}" traces/machines/*.conf
		} | sha256sum)
		if [ -e "$out/parts/$name.stamp" ]; then
			[ ! -e "$out/parts/$name.csv" ] || [ "$stamp" != "$(cat "$out/parts/$name.stamp")" ] || continue
			rm "$out/parts/$name.stamp"
		else
			claim "$out/parts/$name.csv" "$(head -1 "$here/review/$name.csv" 2>/dev/null | cut -c1-6)"
		fi
		say "$name"
		"part_$name" | rows >"$work/rows"
		put "$work/rows" "$out/parts/$name.csv"
		echo "$stamp" >"$out/parts/$name.stamp"
	done
}

# kernel_rows - what kernels read from the disk, and the simulator, of the recorded runs
kernel_rows() {
	local lru set folder file
	REAPSIM=$reapsim traces/record/windows.sh "$work/windows" >/dev/null
	for lru in classic mglru; do
		while IFS='|' read -r set folder file; do
			"$reapsim" agree --traces "$folder" --jobs "$jobs" --csv - \
				"kernel-patch/results/$file.csv" |
				awk -F, -f $here/review/kernel.awk -v set="$set" -v kernel=7.3.4
		done <<-END
			patched|traces/scenarios|v7.3.4-$lru
			patched-parts|$work/windows|recordings/v7.3.4-$lru
			stock|traces/scenarios/stock|stock/stock-v7.3.4-$lru-large
			recordings|$work/windows|recordings/stock-v7.3.4-$lru-large
		END
	done | rows
}

# The rows of the picture: of both policies the changes as factors, least, median, most
picture_rows() {
	awk -F, '
	$9 == "sim_fills" && ($6 == "v1" || $6 == "v1+evict") && $2 == "75%" {
		sub(/\.[a-z]*$/, "", $1)
		if (!($1 in seen))
			seen[$1] = names[++nr] = $1
		at[$1, $6, $5] = 1 + $13 / 100 " " 1 + $12 / 100 " " 1 + $14 / 100
	}
	END {
		for (i = 1; i <= nr; i++)
			print names[i], "-", at[names[i], "v1", "classic"], at[names[i], "v1", "mglru"],
				at[names[i], "v1+evict", "classic"], at[names[i], "v1+evict", "mglru"]
	}' $here/review/reaped.csv
}

# text FORM WIDTH NAME - review/NAME.in, filled in
text() {
	awk -v form="$1" -v width="$2" -f $here/review/review.awk "$work"/data/*.csv "$here/review/$3.in"
}

# What the texts are filled in with
data() {
	local name
	need "$reapsim" ": run make"
	for name in $parts; do
		[ -s "$here/review/$name.csv" ] || {
			say "$here/review/$name.csv is missing: run make review-record"
			exit 1
		}
	done
	mkdir -p "$work/data"
	cp $here/review/*.csv "$work/data"
	kernel_rows >"$work/data/kernel.csv"
}

review() {
	local name to=${REVIEW:-$here}
	need gnuplot ": install gnuplot-nox"
	need cmark-gfm
	mkdir -p "$out"
	claim "$out/mail.txt" "Subject: Re: [PATCH"
	claim "$out/thread.html" "<!DOCTYPE html>"
	claim "$out/letters.txt" "1 certainty in"
	claim "$to/THREAD.md" "<!-- made by traces/studies/review.sh"
	claim "$to/thread.svg" "<?xml"
	data
	for name in $live; do
		"part_$name" >"$work/data/$name.csv"
	done
	{
		echo "<!-- made by traces/studies/review.sh from review/thread.in -->"
		text md 100 thread
	} >"$work/THREAD.md"
	{
		echo "Subject: Re: [PATCH v1 2/3] mm: process_mrelease: skip LRU movement for exclusive file folios"
		echo
		text mail 72 thread
	} >"$work/mail.txt"
	picture_rows >"$work/picture"
	text mail 1000 letters | grep . >"$work/letters.txt"
	cp $here/review/thread.gp "$work"
	(cd "$work" && gnuplot -e "out='thread.svg'; rows='picture'" thread.gp)
	# the page, with the picture in it
	cmark-gfm -e table "$work/THREAD.md" | awk -v svg="$work/thread.svg" '
	/<img / {
		alt = $0
		sub(/.*alt="/, "", alt)
		sub(/".*/, "", alt)
		print "<figure role=\"img\" aria-label=\"" alt "\">"
		while ((getline line <svg) > 0)
			if (line !~ /^<\?xml|^<!DOCTYPE|^ "http/)
				body = body line "\n"
		printf "%s", body
		print "</figure>"
		next
	}
	{ sub(/<(table|pre)>/, "& tabindex=\"0\">"); sub(/> tabindex/, " tabindex") }
	{ print }' >"$work/body.html"
	awk -v body="$work/body.html" '
	$0 == "@body@" { while ((getline line <body) > 0) print line; next }
	{ print }' $here/review/page.html >"$work/thread.html"
	for name in THREAD.md thread.svg; do
		put "$work/$name" "$to/$name"
	done
	for name in mail.txt letters.txt thread.html; do
		put "$work/$name" "$out/$name"
	done
	say "wrote $to/THREAD.md, $out/mail.txt and $out/thread.html"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1:-} in
record)
	shift
	[ $# -eq 0 ] || { record "$@"; exit; }
	# shellcheck disable=SC2086 # words
	record $parts
	for name in $parts; do
		put "$out/parts/$name.csv" $here/review/$name.csv
	done
	say "wrote $here/review/*.csv; now run: make review golden-update"
	;;
--brief)
	data
	text md 1000 readme
	;;
"") review ;;
*)
	echo "usage: review.sh [--brief | record [PART...]]" >&2
	exit 2
	;;
esac
