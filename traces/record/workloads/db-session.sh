#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Database sessions that are killed and restarted: a Python interpreter with
# its imports and the sqlite3 module, on a database of about 33 MB. Each
# session answers its queries, says that it is idle, and is then killed with
# SIGKILL, as a low-memory killer does to idle processes; the next one starts.
# Even sessions map the database (PRAGMA mmap_size), odd ones read() it.
#
#	traces/record/workloads/db-session.sh prepare DIR
#	traces/record/record.sh -o db-session.perf.txt --cold -- \
#		traces/record/workloads/db-session.sh run DIR [SESSIONS]

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [SESSIONS]" >&2; exit 2; }
dir=$2
sessions=${3:-10}
python=/usr/bin/python3

prepare()
{
	mkdir -p "$dir"
	rm -f "$dir/shop.db" "$dir/idle"
	mkfifo "$dir/idle"
	cat >"$dir/prepare.py" <<'PY'
import random
import sqlite3
import sys

rng = random.Random(1)
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA page_size=4096")
db.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT, note TEXT)")
db.execute("CREATE TABLE sale (id INTEGER PRIMARY KEY, customer INTEGER, day INTEGER,"
           " item TEXT, cents INTEGER)")
word = lambda n: "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(n))
cities = [word(9) for _ in range(60)]
db.executemany("INSERT INTO customer VALUES (?, ?, ?, ?)",
               ((i, word(14), rng.choice(cities), word(180)) for i in range(60000)))
db.executemany("INSERT INTO sale VALUES (?, ?, ?, ?, ?)",
               ((i, int(rng.paretovariate(1.2) * 40) % 60000, i // 400, word(24),
                 rng.randrange(100, 90000)) for i in range(320000)))
db.execute("CREATE INDEX sale_customer ON sale(customer)")
db.execute("CREATE INDEX sale_day ON sale(day)")
db.commit()
PY
	cat >"$dir/session.py" <<'PY'
import argparse
import csv
import decimal
import json
import logging
import random
import sqlite3
import time

p = argparse.ArgumentParser()
p.add_argument("database")
p.add_argument("idle")
p.add_argument("--session", type=int)
a = p.parse_args()
logging.basicConfig(level=logging.INFO)
rng = random.Random(100 + a.session)
db = sqlite3.connect(a.database)
db.execute("PRAGMA cache_size=-1024")
db.execute("PRAGMA temp_store=MEMORY")
db.execute("PRAGMA mmap_size=%d" % (0 if a.session % 2 else 256 << 20))
total = decimal.Decimal(0)
rows = []
# the hot part: popular customers, the same in every session
for _ in range(400):
    who = int(rng.paretovariate(1.2) * 40) % 60000
    rows += db.execute("SELECT c.name, c.city, s.day, s.cents FROM customer c JOIN sale s"
                       " ON s.customer = c.id WHERE c.id = ? LIMIT 20", (who,)).fetchall()
# a report over some days, elsewhere in each session
day = (a.session * 97) % 700
for cents, in db.execute("SELECT cents FROM sale WHERE day BETWEEN ? AND ?", (day, day + 40)):
    total += decimal.Decimal(cents) / 100
# every fourth session scans a whole table once: cold data passing through
if a.session % 4 == 3:
    db.execute("SELECT city, count(*), max(note) FROM customer GROUP BY city").fetchall()
# and some write
if a.session % 3 == 1:
    with db:
        db.executemany("UPDATE sale SET cents = cents + 1 WHERE id = ?",
                       ((rng.randrange(320000),) for _ in range(40)))
json.dumps(rows[:50])
with open(a.idle, "w") as f:
    f.write("idle\n")
time.sleep(600)
PY
	$python "$dir/prepare.py" "$dir/shop.db"
}

run()
{
	i=0
	while [ $i -lt "$sessions" ]; do
		$python "$dir/session.py" "$dir/shop.db" "$dir/idle" --session $i &
		read -r _ <"$dir/idle"
		kill -9 $!
		wait $! 2>/dev/null || :
		i=$((i + 1))
	done
}

case $1 in
prepare) prepare ;;
run) run ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
