#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How often the interval of --sample covers what the whole trace gives: traces/studies/SAMPLING.md.
#
#	traces/studies/sampling.sh          the table: generated and shipped traces, two memcg limits and
#	                                    a whole machine, both LRUs, three policies; 1/8
#	traces/studies/sampling.sh --brief  a few small ones of them
#	traces/studies/sampling.sh phone    30 apps x 500 rounds, both LRUs: estimates of 1/64
#
# JOBS, RATE and SEEDS may be set. Everything goes to standard output; the same each time.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8
reapsim=${REAPSIM:-build/reapsim} jobs=${JOBS:-0} rate=${RATE:-1/8}
policies=baseline,v1,demote seeds=${SEEDS:-1}
generated="compile-storm db-pressure k8s-crashloop restart-loop shared-library shell-loop zipf
	sequential reclaim-first"
shipped="chromium-tabs compile-storm db-session node-crash-loop package-build postgres-restart
	source-scan"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# one NAME TRACE OPTION... - the rows of the whole trace, then those of its samples; none if refused
one() {
	local name=$1 trace=$2 lru seed
	shift 2
	for lru in classic mglru; do
		"$reapsim" compare -j "$jobs" -l "$lru" -p "$policies" -e mrelease "$@" \
			--csv "$work/whole.csv" "$trace" >"$work/out"
		for seed in $seeds; do
			if ! "$reapsim" compare -j "$jobs" -l "$lru" -p "$policies" -e mrelease "$@" \
				--sample "$rate" --sample-seed "$seed" --csv "$work/sample.csv" \
				"$trace" >"$work/out" 2>"$work/err"; then
				echo "$name,refused,$lru,$*" >>"$work/cells"
				continue
			fi
			awk -v name="$name" -v seed="$seed" -v settings="$*" \
				-f traces/studies/sampling.awk "$work/whole.csv" \
				"$work/sample.csv" >>"$work/cells"
		done
	done
}

# cells NAME TRACE - two limits of a memcg, and a whole machine
cells() {
	one "$1" "$2" -M 60%
	one "$1" "$2" -M 80%
	one "$1" "$2" --set memory_pages=70%
}

table() {
	awk -f traces/studies/sampling-table.awk "$work/cells"
}

case ${1:-} in
'' | --brief)
	if [ -n "${1:-}" ]; then
		generated="restart-loop reclaim-first sequential" shipped=db-session seeds=1
	fi
	for name in $generated; do
		"$reapsim" gen "$name" -o "$work/t.rtrace" 2>"$work/err"
		cells "gen $name" "$work/t.rtrace"
		rm "$work/t.rtrace"
	done
	for name in $shipped; do
		cells "$name" traces/shipped/"$name".*
	done
	table
	;;
phone)
	"$reapsim" gen android-cycle30 rounds=500 -o "$work/phone.rtrace" 2>"$work/err"
	for lru in classic mglru; do
		time "$reapsim" compare -j "$jobs" -l "$lru" -p baseline,v1 \
			--sample "${RATE:-1/64}" "$work/phone.rtrace"
	done
	;;
*)
	sed -n '3,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
