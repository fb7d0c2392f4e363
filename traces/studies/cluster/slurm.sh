#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A sweep as a Slurm array, a shard a task, and a job that merges when all tasks have ended. Waits
# for it; the exit code is that of the merge.
#
#	traces/studies/cluster/slurm.sh SHARDS COMMAND...
#	traces/studies/cluster/slurm.sh 64 sweep big.conf -o big.csv
#	ARRAY=3,17-19 traces/studies/cluster/slurm.sh 64 sweep big.conf -o big.csv
#
# COMMAND is sweep, breakeven or reclaim-first with its arguments. ARRAY: only these shards, such as
# those that a merge calls missing. CPUS: of each task (1). REAPSIM: the program, the same file on
# all nodes. Variables of sbatch work (SBATCH_PARTITION, SBATCH_TIMELIMIT, SBATCH_ACCOUNT). Logs are
# reapsim-JOB_TASK.log in the current folder, which all nodes share.
set -eu

if ! [[ ${1:-} =~ ^[1-9][0-9]*$ ]] || [ $# -lt 2 ]; then
	echo "usage: slurm.sh SHARDS sweep|breakeven|reclaim-first ARGUMENT..." >&2
	exit 2
fi
shards=$1
shift
words=$(printf '%q ' "${REAPSIM:-reapsim}" "$@")
# A node that fails takes its tasks with it: they are queued again and go on where they were.
tasks=$(sbatch --parsable --job-name=reapsim --array="${ARRAY:-1-$shards}" --requeue \
	--cpus-per-task="${CPUS:-1}" --open-mode=append --output=reapsim-%A_%a.log \
	--wrap "exec $words --jobs ${CPUS:-1} --shard \$SLURM_ARRAY_TASK_ID/$shards")
echo "tasks $tasks" >&2
# afterany: if some failed, the merge says which
status=0
merge=$(sbatch --wait --parsable --job-name=reapsim-merge --dependency="afterany:$tasks" --requeue \
	--open-mode=append --output=reapsim-%j.log --wrap "exec $words --merge") || status=$?
cat "reapsim-$merge.log" >&2
exit $status
