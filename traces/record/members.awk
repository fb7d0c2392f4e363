# SPDX-License-Identifier: GPL-2.0-only
#
# Of a recording of a cgroup (record.sh -G): leave out what other processes did. perf lists
# mappings and tasks of the whole machine, and SIGKILLs and OOM victims are recorded there. A
# member is a process with an event of the cgroup. A fork is kept if parent and child are members,
# a signal if its target is one. Of those who sent SIGKILL the names are kept.
#
#	awk -f members.awk EVENTS EVENTS
#
# When it is wrong: a process number that was used twice, inside the cgroup and outside, is one.
function in_set(who, set,   f) {
	split(who, f, "/")
	return f[1] + 0 in set
}
{
	name = $0
	sub(/^[^:]*: +/, "", name)
	kernels = name ~ /^PERF_RECORD_/
	others = name ~ /^(signal:signal_generate|oom:mark_victim):/
}
NR == FNR {
	split($1, f, "/")
	if (others) {
		sender[f[1] + 0]
	} else if (!kernels) {
		member[f[1] + 0]
		member[f[2] + 0]
	}
	next
}
others {
	n = split(name, f, " pid=")
	if (name ~ /^oom/)
		n = split(name, f, /[: ]pid=/) >= 2 ? 2 : 0
	if (f[n] + 0 in member)
		print
	next
}
# lines of time 0 list what ran before
kernels && name ~ /^PERF_RECORD_(FORK|EXIT)/ {
	listed = $0 ~ / 0\.0+: / || name ~ /EXIT/
	gsub(/[^0-9]+/, " ", name)
	split(name, f, " ")
	if (f[1] + 0 in member && (listed || f[3] + 0 in member))
		print
	next
}
kernels && name ~ /^PERF_RECORD_COMM/ {
	sub(/.*:/, "", name)
	if (!in_set(name, member) && !in_set(name, sender))
		next
	# a sender executes elsewhere
	if (!in_set(name, member))
		sub(/COMM exec:/, "COMM:")
	print
	next
}
kernels && name ~ /^PERF_RECORD_MMAP/ {
	sub(/^[^ ]+ /, "", name)
	if (in_set(name, member))
		print
	next
}
{ print }
