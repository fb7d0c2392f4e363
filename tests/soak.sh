#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# soak.sh SECONDS: fuzzes every target of tests/fuzz for that long altogether, always the one that had
# the least time so far. FOLDER ($SOAK, build/soak) keeps what was found worth mutating and the figures,
# so that the next call goes on where this one was, and a day can be made of many. Ctrl-C ends it in
# order. Prints a line for each target at its end; exits 1 if any call has ever found something, which
# is then in FOLDER/found.
#
# FUZZER is the program, built by "make soak".
set -u
export LC_ALL=C
seconds=${1:?usage: soak.sh SECONDS}
cd "$(dirname "$0")/.." || exit 1
fuzzer=$(realpath "${FUZZER:-build/fuzz/fuzz_readers}")
folder=${SOAK:-build/soak}
slice=${SLICE:-30} # seconds of one target at a time
figures=$folder/figures
mkdir -p "$folder/found"

case $seconds in
*[!0-9]* | 0)
	echo "soak: SECONDS is \"$seconds\", expected a number of seconds from 1" >&2
	exit 2
	;;
esac

# a line for each target: NAME SECONDS EXECUTIONS EDGES FINDINGS
for path in tests/fuzz/corpus/*; do
	grep -qs "^${path##*/} " "$figures" || echo "${path##*/} 0 0 0 0" >>"$figures"
done

# count NAME SECONDS LOG FOUND - adds a slice to the figures
count() {
	local new
	new=$(awk -v name="$1" -v seconds="$2" -v found="$4" '
		FILENAME == log_name {
			if (match($0, /cov: [0-9]+/) && (n = substr($0, RSTART + 5, RLENGTH - 5) + 0) > edges)
				edges = n
			if (/^stat::number_of_executed_units:/)
				runs = $2
			else if (/^#[0-9]+/ && substr($1, 2) + 0 > seen)
				seen = substr($1, 2) + 0
			next
		}
		$1 == name { $2 += seconds; $3 += runs ? runs : seen; if (edges > $4) $4 = edges; $5 += found }
		{ print }' log_name="$3" "$3" "$figures") && printf '%s\n' "$new" >"$figures.new" &&
		mv "$figures.new" "$figures"
}

report() {
	printf '%-12s %9s %14s %9s %8s %9s\n' target seconds executions per-s edges findings
	sort "$figures" | awk '
		{ printf "%-12s %9d %14d %9.0f %8d %9d\n", $1, $2, $3, $2 ? $3 / $2 : 0, $4, $5
		  s += $2; n += $3; f += $5 }
		END { printf "%-12s %9d %14d %9.0f %8s %9d\n", "all", s, n, s ? n / s : 0, "", f; exit f > 0 }'
}

stop=
# what the fuzzer writes, in memory
dir=$(mktemp -d /dev/shm/reapsim-fuzz-XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'stop=1' INT TERM
end=$((SECONDS + seconds))
while [ -z "$stop" ] && left=$((end - SECONDS)) && [ "$left" -gt 0 ]; do
	name=$(sort -n -k 2,2 "$figures" | head -1)
	name=${name%% *}
	mkdir -p "$folder/corpus/$name"
	begin=$SECONDS
	PATH=$(dirname "$fuzzer")/bin:$PATH FUZZ_DIR=$dir FUZZ_READER=$name "$fuzzer" \
		-max_total_time=$((left < slice ? left : slice)) -timeout=60 -rss_limit_mb=3000 -max_len=65536 \
		-print_final_stats=1 -artifact_prefix="$folder/found/$name-" "$folder/corpus/$name" \
		"tests/fuzz/corpus/$name" >"$folder/log" 2>&1 </dev/null
	rc=$?
	# an interrupted one has found nothing
	found=0
	if [ $rc -ne 0 ] && [ -z "$stop" ]; then
		found=1
		cp "$folder/log" "$folder/found/$name-$(date +%s).log"
		echo "soak: $name: $(grep -m 1 -E 'ERROR|SUMMARY|^[a-z_]+: ' "$folder/log" || tail -1 "$folder/log")" >&2
	fi
	took=$((SECONDS - begin))
	count "$name" $((took ? took : 1)) "$folder/log" $found
done
report
