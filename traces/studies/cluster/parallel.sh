#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A sweep over ssh with GNU parallel: the shards go to the hosts as these have a free core, then the
# rows are merged here.
#
#	traces/studies/cluster/parallel.sh HOSTS SHARDS COMMAND...
#	traces/studies/cluster/parallel.sh hosts.txt 64 sweep big.conf -o big.csv
#
# HOSTS has a host a line, [CORES/][USER@]HOST, ":" is this one (parallel --sshloginfile). They share
# the current folder, under the same path. COMMAND is sweep, breakeven or reclaim-first with its
# arguments. REAPSIM: the program, the same file on all hosts. SSH: the command (ssh). Options of
# parallel can be in the variable PARALLEL.
set -eu

if [ ! -r "${1:-}" ] || ! [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || [ $# -lt 3 ]; then
	echo "usage: parallel.sh HOSTS SHARDS sweep|breakeven|reclaim-first ARGUMENT..." >&2
	exit 2
fi
hosts=$1 shards=$2
shift 2
program=${REAPSIM:-reapsim}
words=$(printf '%q ' "$program" "$@")
# A host that no longer answers is given up after half a minute, and its shards go to others, which
# go on where it was. It may be late only: that does no harm.
ssh="${SSH:-ssh} -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
seq "$shards" | parallel --sshloginfile "$hosts" --ssh "$ssh" --workdir "$PWD" --retries 4 \
	"$words --jobs 1 --shard {}/$shards" ||
	echo "parallel.sh: not every shard has ended well" >&2
exec "$program" "$@" --merge
