#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A sweep of 1,000 cells by the scripts of traces/studies/cluster, on four nodes of each engine, of
# which one is killed in the middle with all that runs on it. The merged CSV file must be that of
# one machine.
#
#	tests/cluster.sh [slurm|parallel|kubernetes...]
#
# Installs nothing: without root or a package it says what is missing, and fails. Everything runs
# in namespaces of its own (network, processes, mounts), and ends with them. KEEP: a folder, kept.
set -u

if [ "${IN_NAMESPACE:-}" != yes ]; then
	if [ "$(id -u)" -ne 0 ]; then
		echo "FAIL cluster: needs root, for namespaces"
		exit 1
	fi
	IN_NAMESPACE=yes exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[ -z "${KEEP:-}" ] || { trap - EXIT; rm -rf "$top"; mkdir -p "$KEEP"; top=$(cd "$KEEP" && pwd); }
export REAPSIM HOME=$top
scripts=$src/traces/studies/cluster
shards=20
ip link set lo up
ip link add bridge type bridge
ip address add 10.0.0.254/24 dev bridge
ip link set bridge up
mount -t tmpfs none /run
mkdir /run/sshd
cd "$top" || exit 1

# PACKAGE:COMMAND... - are they there?
need() {
	local p missing=
	for p; do
		command -v "${p#*:}" >/dev/null || missing="$missing ${p%:*}"
	done
	[ -z "$missing" ] && return
	fail "$engine: missing packages:$missing"
	return 1
}

# The sweep, about a minute on one core, and what one machine makes of it.
definition() {
	cat <<-END
		[sweep]
		generator=restart-loop
		[generator]
		app_pages=400..4000/400
		big_pages=3000
		rounds=80
		memcg_pages=0
		[machine]
		memcg_pages=30%..93%/7%
		[run]
		lru=classic;mglru
		policy=baseline;v1;flag;any-exit+evict;demote
	END
}

# rows that the shards in the current folder have
rows() {
	cat s.csv.shards/* 2>/dev/null | grep -c '^[0-9]'
}

# COMMAND... - wait until it is true
await() {
	local i
	for i in $(seq 1200); do
		"$@" && return
		sleep 0.1
	done
	fail "$engine: timed out: $*"
	return 1
}
# NODE - is the sweep in the middle, and a shard of that node, too?
in_the_middle() {
	local shard n
	shard=$(pgrep --ns "$(pgrep -P "${pid[$1]}")" --nslist pid -f -a -- --shard |
		sed -n 's/.*--shard \([0-9]*\).*/\1/p' | head -n 1)
	[ -n "$shard" ] && [ "$(rows)" -ge 300 ] &&
		n=$(grep -c '^[0-9]' "s.csv.shards/$shard-of-$shards.1") && [ "$n" -ge 10 ] && [ "$n" -le 35 ]
}

# NAME COMMAND... - start a node: a process in namespaces of its own, with which all of it ends;
# within: words before the command
declare -A pid
within=()
node() {
	local name=$1
	shift
	"${within[@]}" unshare --mount --pid --fork --kill-child --mount-proc "$@" >"$name.out" 2>&1 &
	pid[$name]=$!
	disown
}

# is the result that of one machine? $1: exit code of the script
judge() {
	local attempts
	attempts=$(find s.csv.shards -name '*.[2-9]' | wc -l)
	echo "$engine: exit $1; $(rows) rows of $(($(wc -l <s.csv) - 1)) runs in" \
		"$(find s.csv.shards -type f | wc -l) files, $attempts of them second attempts"
	if [ "$1" -ne 0 ]; then
		fail "$engine: exit $1"
	elif ! cmp s.csv "$top/whole.csv" || ! cmp s.csv.journal "$top/whole.csv.journal"; then
		fail "$engine: not what one machine makes"
	elif [ "$engine" != kubernetes ] && [ "$attempts" -eq 0 ]; then
		fail "$engine: no shard began again; was the node killed in time?"
	else
		pass
	fi
}

slurm() {
	local host n script status
	need slurmctld:slurmctld slurmd:slurmd slurm-client:sbatch munge:munged || return
	host=$(hostname -s)
	mkdir state
	head -c 1024 /dev/urandom >munge.key
	chmod 400 munge.key
	cat >slurm.conf <<-END
		ClusterName=reapsim
		SlurmctldHost=$host(10.0.0.254)
		SlurmctldPort=17100
		SlurmUser=root
		AuthType=auth/munge
		AuthInfo=socket=$PWD/munge.socket,cred_expire=15
		StateSaveLocation=$PWD/state
		SlurmctldPidFile=$PWD/slurmctld.pid
		SlurmctldLogFile=$PWD/slurmctld.log
		SlurmdSpoolDir=$PWD/%n
		SlurmdPidFile=$PWD/%n.pid
		SlurmdLogFile=$PWD/%n.log
		SlurmdParameters=config_overrides
		SlurmdTimeout=10
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		SchedulerParameters=sched_interval=2,batch_sched_delay=1
		JobCompType=jobcomp/filetxt
		JobCompLoc=$PWD/jobs
		NodeName=n[1-4] NodeHostname=$host NodeAddr=10.0.0.254 Port=[17101-17104] CPUs=1
		PartitionName=all Nodes=ALL Default=YES State=UP
	END
	export SLURM_CONF=$PWD/slurm.conf
	munged --foreground --force --key-file="$PWD/munge.key" --socket="$PWD/munge.socket" \
		--pid-file="$PWD/munge.pid" --log-file="$PWD/munge.log" --seed-file="$PWD/munge.seed" \
		>munge.out 2>&1 &
	await test -S munge.socket || return
	slurmctld -D >slurmctld.out 2>&1 &
	for n in 1 2 3 4; do
		mkdir n$n
		node n$n slurmd -D -N n$n
	done
	"$scripts/slurm.sh" $shards sweep s.conf >script.out 2>&1 &
	script=$!
	await in_the_middle n2 || return
	echo "slurm: kills n2, with $(squeue --noheader --states=R --nodelist=n2 --format=%i | xargs)"
	kill -KILL "${pid[n2]}"
	wait $script
	status=$?
	sinfo --noheader --Node --format='slurm: %N %T'
	# the accounting: tasks by node and end, and those that were queued again
	awk '{
		delete v
		for (i = 1; i <= NF; i++)
			if (split($i, x, "="))
				v[x[1]] = x[2]
		n[v["NodeList"] " " v["JobState"]]++
		if (v["JobState"] == "NODE_FAIL")
			failed[v["ArrayTaskId"]] = 1
		line[NR] = "slurm: task " v["ArrayTaskId"] " " v["JobState"] " on " v["NodeList"] ", " \
			v["StartTime"] " to " v["EndTime"]
		task[NR] = v["ArrayTaskId"]
	} END {
		for (i in n)
			print "slurm: " i ": " n[i] | "sort"
		close("sort")
		for (i = 1; i <= NR; i++)
			if (task[i] in failed)
				print line[i]
	}' jobs
	judge $status
}

parallel() {
	local n script status within
	need parallel:parallel openssh-server:/usr/sbin/sshd iproute2:ip || return
	command parallel --version | grep -q GNU || { fail "parallel: not GNU parallel"; return; }
	ssh-keygen -q -t ed25519 -N '' -f key
	cat >sshd.conf <<-END
		HostKey $PWD/key
		AuthorizedKeysFile $PWD/key.pub
		PermitRootLogin prohibit-password
		StrictModes no
		UsePAM no
		PidFile none
	END
	cat >ssh.conf <<-END
		IdentityFile $PWD/key
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		LogLevel ERROR
	END
	for n in 1 2 3 4; do
		ip netns add n$n
		ip link add v$n type veth peer name eth0 netns n$n
		ip link set v$n master bridge up
		ip -n n$n address add 10.0.0.$n/24 dev eth0
		ip -n n$n link set eth0 up
		within=(ip netns exec n$n)
		node n$n /usr/sbin/sshd -D -e -f "$PWD/sshd.conf"
		echo "1/10.0.0.$n" >>hosts
	done
	for n in 1 2 3 4; do
		await ssh -F ssh.conf 10.0.0.$n true || return
	done
	SSH="ssh -F $PWD/ssh.conf" PARALLEL="--joblog $PWD/jobs" \
		"$scripts/parallel.sh" hosts $shards sweep s.conf >script.out 2>&1 &
	script=$!
	await in_the_middle n2 || return
	echo "parallel: kills 10.0.0.2"
	# as if its power failed: it does not even close its connections
	ip link set v2 down
	kill -KILL "${pid[n2]}"
	wait $script
	status=$?
	awk 'NR > 1 { n[$2 " exit " $7]++ } END { for (i in n) print "parallel: " i ": " n[i] " tasks" }' jobs | sort
	judge $status
}

# the commands of the two files, one index after the other
kubernetes() {
	local nr i status=0
	command_of() { sed -n 's/^            - \(exec .*\)/\1/p' "$scripts/$1" | sed 's/big/s/g'; }
	mkdir bin
	ln -s "$REAPSIM" bin/reapsim
	PATH=$PWD/bin:$PATH
	nr=$(sed -n 's/^  completions: //p' "$scripts/kubernetes.yaml")
	for i in $(seq 0 $((nr - 1))); do
		JOB_COMPLETION_INDEX=$i sh -c "$(command_of kubernetes.yaml)" || status=$?
	done
	sh -c "$(command_of kubernetes-merge.yaml)" || status=$?
	judge $status
}

definition >s.conf
"$REAPSIM" sweep s.conf -o whole.csv || fail "one machine"
[ $# -gt 0 ] || set -- kubernetes slurm parallel
for engine; do
	rm -rf "$engine"
	mkdir "$engine"
	cp s.conf "$engine"
	cd "$engine" && "$engine"
	cd "$top" || exit 1
done
finish
