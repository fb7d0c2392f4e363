#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fail.sh [PART...]: makes each allocation and each write of small commands fail, one after the
# other, and checks that the command then ends in order: exit 1 and a message (141 and none where a pipe
# is closed), no output half written, none left behind, an older output as it was, or whole where the
# failure can be later than it; or that it could do without, and its output is whole; and that a sweep
# goes on afterwards.
#
#	memory	the Nth allocation fails, alone or with all that follow (tests/fail/alloc.c)
#	disk	the Nth call that writes, creates, syncs or renames a file fails: full, read-only,
#		broken or a closed pipe (strace injects the errors)
#
# FAIL_SO is the library of the first part.
set -u
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
shopt -s nullglob
cp "$src/tests/cli/tiny.csv" t.csv
printf '[sweep]\ntrace=t.csv\n[run]\npolicy=baseline;v1\n' >s.conf
printf '[machine]\ncpus=1\nread_us=100\nmemcg_pages=400\n' >m.conf
"$REAPSIM" gen kill-return app_pages=64 -o w.csv
mkdir scenarios
for f in '' .runs .pages; do
	awk 'NR == 1 || /^advice-random,baseline,/' "$src/kernel-patch/results/v7.3-classic$f.csv" >"k$f.csv"
done
cp "$src/traces/scenarios/advice-random.csv" scenarios

# NAME: the command; %O is its output
commands='run: run t.csv --csv %O
compare: compare -j 1 -p v1 t.csv --json %O
outcome: outcome -j 1 -n 1 -p baseline -m m.conf t.csv --csv %O
convert: trace convert --to binary t.csv %O
gen: gen zipf accesses=300 pages=20 --format binary -o %O
sweep: sweep -j 1 s.conf -o %O
agree: agree -t scenarios k.csv --csv %O'

# words NAME FILE - sets the array command
words() {
	local line
	line=$(grep "^$1: " <<<"$commands")
	line=${line#*: }
	read -ra command <<<"${line//%O/$2}"
}

# ended WHAT EXIT EXPECTED LATER - checks exit code, message and what is left in out/. LATER: the failure
# can be later than the output, which then is whole. Few processes, as there are thousands of cases.
ended() {
	local what=$1 rc=$2 expected=$3 later=$4 left=(out/.reapsim*)
	said=$(<said)
	if [ "$rc" -ne "$expected" ]; then
		fail "$what: exit $rc, expected $expected: ${said:0:200}"
	elif [ "$expected" -eq 1 ] && [[ $said != *reapsim:\ ?* ]]; then
		fail "$what: no message: ${said:0:200}"
	elif [ ${#left[@]} -ne 0 ]; then
		fail "$what: left ${left[*]}"
	elif [ "$name" != sweep ] && ! cmp -s out/o old && ! { $later && cmp -s out/o new; }; then
		fail "$what: the older file has changed"
	else
		pass
	fi
}

# a first run; its output is in new. old differs from it, and is what stands in its place before each run,
# so that an output that was not written shows.
first() {
	rm -rf out
	mkdir out
	words "$name" out/o
	if ! "$REAPSIM" "${command[@]}" >/dev/null 2>said; then
		fail "$name: $(<said)"
		return 1
	fi
	cp out/o new
	echo changed >>out/o
	cp out/o old
}

again() {
	if [ "$name" = sweep ]; then
		rm -f out/*
	else
		cp old out/o
	fi
}

# a sweep goes on, and then is what it would have been
goes_on() {
	[ "$name" = sweep ] || return 0
	"$REAPSIM" "${command[@]}" >/dev/null 2>said && cmp -s out/o new ||
		fail "$1: afterwards: $(<said)"
}

memory() {
	local n nr more rc
	for more in '' 1; do
		first || return
		again
		LD_PRELOAD=$FAIL_SO "$REAPSIM" "${command[@]}" 9>nr >/dev/null 2>said
		nr=$(<nr)
		[ "${nr:-0}" -gt 0 ] || fail "$name: no allocation was counted: is $FAIL_SO loaded?"
		for ((n = 1; n <= nr; n++)); do
			again
			FAIL_AT=$n FAIL_MORE=$more LD_PRELOAD=$FAIL_SO "$REAPSIM" "${command[@]}" \
				>/dev/null 2>said
			rc=$?
			# it could do without, or had fewer this time: threads differ
			if [ $rc -eq 0 ] && cmp -s out/o new; then
				pass
				continue
			fi
			ended "$name: allocation $n of $nr${more:+ and more}" $rc 1 true
			[[ $said == *[Mm]emory* ]] || fail "$name: allocation $n: \"$said\", expected it to name memory"
			goes_on "$name: allocation $n"
		done
	done
}

# calls LOG - lines "CALL N STDOUT" of a strace log: the Nth CALL of its thread is one that writes, and
# STDOUT says whether to standard output
calls() {
	awk '{
		pid = $1
		call = $2
		sub(/\(.*/, "", call)
		n = ++nr[pid, call]
		# messages, and files that are only read
		if (call == "write" && $2 ~ /\(2,/ || call == "openat" && !/O_TMPFILE|O_CREAT|O_WRONLY|O_RDWR/)
			next
		print call, n, call == "write" && $2 ~ /\(1,/ ? "true" : "false"
	}' "$1" | sort -u
}

trace=write,pwrite64,fsync,ftruncate,linkat,renameat,openat

# watch OPTION... - the command, under strace with these options
watch() {
	strace -f -qq -e signal=none -e trace=$trace "$@" "$REAPSIM" "${command[@]}" >/dev/null 2>said
}

disk() {
	local call n stdout error rc named=() errors expected
	first || return
	again
	watch -o log
	while :; do
		[ -n "$(calls log)" ] || fail "$name: no call was seen: does strace work?"
		while read -r call n stdout; do
			# the calls that make a file have names, and one of them fails already
			[ ${#named[@]} -eq 0 ] || [ "$call" != openat ] || continue
			errors='ENOSPC EIO EROFS'
			[ "$call" != write ] || errors+=' EPIPE:signal=SIGPIPE'
			for error in $errors; do
				again
				watch -o /dev/null "${named[@]}" -e "inject=$call:error=$error:when=$n"
				rc=$?
				# another way to a file without a name; no other error may be ignored
				if [ $rc -eq 0 ] && [ "$call" = openat ] && cmp -s out/o new; then
					pass
					continue
				fi
				# ended by the signal, as every filter is
				expected=1
				[ "$error" = "${error%SIGPIPE}" ] || expected=141
				ended "$name: $call $n, $error${named[*]:+, named}" $rc $expected $stdout
				goes_on "$name: $call $n, $error"
			done
		done < <(calls log)
		# once more, on a file system that has no files without a name
		[ ${#named[@]} -eq 0 ] || break
		n=$(awk '$2 ~ /^openat/ { n[$1]++ } /O_TMPFILE/ { print n[$1]; exit }' log)
		[ -n "$n" ] || break
		named=(-e "inject=openat:error=EOPNOTSUPP:when=$n")
		again
		watch -o log "${named[@]}"
	done
}

[ $# -gt 0 ] || set -- memory disk
for part; do
	while IFS=: read -r name _; do
		$part
	done <<<"$commands"
done
finish
