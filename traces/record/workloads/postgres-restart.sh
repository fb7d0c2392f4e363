#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# PostgreSQL killed under load and restarted: pgbench's tables of about 80 MB, a server
# with 16 MB of shared buffers, so that it relies on the page cache. Each life ends with
# SIGKILL for all of its processes while clients wait for answers; the next one recovers
# from the write-ahead log.
#
#	traces/record/workloads/postgres-restart.sh prepare DIR
#	traces/record/record.sh -o postgres-restart.perf.txt --cold -- \
#		traces/record/workloads/postgres-restart.sh run DIR [LIVES]
#
# As root, with the package postgresql; its processes run as the user postgres.

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [LIVES]" >&2; exit 2; }
dir=$2
lives=${3:-6}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
[ -n "$bin" ] || { echo "${0##*/}: no PostgreSQL; on Debian: apt-get install postgresql" >&2; exit 1; }

as_postgres()
{
	setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
}

ready()
{
	until as_postgres "$bin/pg_isready" -q -h "$dir" -p 5499; do
		sleep 0.3
	done
}

start()
{
	setpriv --reuid=postgres --regid=postgres --clear-groups \
		"$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 &
	server=$!
}

prepare()
{
	rm -rf "$dir"
	mkdir -p "$dir"
	chown postgres:postgres "$dir"
	as_postgres "$bin/initdb" -D "$dir/data" -A trust >/dev/null
	cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
port = 5499
shared_buffers = 16MB
max_wal_size = 256MB
checkpoint_timeout = 30s
autovacuum = off
jit = off
CONF
	start
	ready
	as_postgres "$bin/pgbench" -q -h "$dir" -p 5499 -i -s 5 postgres 2>/dev/null
	kill -INT "$server"
	wait "$server" || :
}

one_life()
{
	start
	ready
	as_postgres "$bin/pgbench" -n -h "$dir" -p 5499 -c 3 -t 400 -S --random-seed=7 postgres \
		>/dev/null 2>&1
	setpriv --reuid=postgres --regid=postgres --clear-groups "$bin/pgbench" -n -h "$dir" \
		-p 5499 -c 2 -t 100000 --random-seed=8 postgres >/dev/null 2>&1 &
	clients=$!
	sleep 1
	# the server and its children, each a process group of its own
	# shellcheck disable=SC2046 # the pids are words
	kill -9 "$server" $(ps -o pid= --ppid "$server")
	wait "$server" 2>/dev/null || :
	wait $clients 2>/dev/null || :
	rm -f "$dir/data/postmaster.pid"
}

run()
{
	i=0
	while [ $i -lt "$lives" ]; do
		one_life
		i=$((i + 1))
	done
}

case $1 in
prepare) prepare ;;
run) run ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
