#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A Node service in a crash loop: it loads 120 modules and a table of 6 MB, answers requests, and
# is killed with SIGKILL, as by a memory limit, after 300 of them; its supervisor starts it
# again at once.
#
#	traces/record/workloads/node-crash-loop.sh prepare DIR
#	traces/record/record.sh -o node-crash-loop.perf.txt --cold -- \
#		traces/record/workloads/node-crash-loop.sh run DIR [LIVES]
#
# Needs the package nodejs.

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [LIVES]" >&2; exit 2; }
dir=$2
lives=${3:-8}
node=$(command -v node) || { echo "${0##*/}: no node; on Debian: apt-get install nodejs" >&2; exit 1; }

prepare()
{
	mkdir -p "$dir/lib"
	n=0
	while [ $n -lt 120 ]; do
		awk -v n=$n 'BEGIN {
			print "\"use strict\";"
			for (i = 0; i < 60; i++) {
				printf "function f%d_%d(x) {\n\tlet sum = %d;\n", n, i, n * i
				print "\tfor (let k = 0; k < x.length; k++)\n\t\tsum = (sum * 31 + x.charCodeAt(k)) >>> 0;"
				print "\treturn sum;\n}"
			}
			printf "module.exports = (x) => f%d_%d(x) ^ f%d_%d(x);\n", n, n % 60, n, (n * 7) % 60
		}' >"$dir/lib/m$n.js"
		n=$((n + 1))
	done
	awk 'BEGIN { x = 1; print "["; for (i = 0; i < 60000; i++) {
		x = (x * 1103 + 12345) % 65536
		printf "%s{\"id\":%d,\"key\":\"k%05d\",\"text\":\"%064d\"}\n", i ? "," : "", i, x, x * i
		} print "]" }' >"$dir/table.json"
	cat >"$dir/service.js" <<'JS'
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");
const zlib = require("zlib");

const modules = fs.readdirSync(path.join(__dirname, "lib"))
	.map((name) => require(path.join(__dirname, "lib", name)));
const table = JSON.parse(fs.readFileSync(path.join(__dirname, "table.json"), "utf8"));
const index = new Map(table.map((row) => [row.key, row]));
const server = http.createServer((request, response) => {
	const key = request.url.slice(1), row = index.get(key) || table[0];
	let sum = 0;

	for (const m of modules)
		sum ^= m(key);
	response.end(zlib.gzipSync(JSON.stringify({ row, sum })));
});
server.listen(path.join(__dirname, "socket"), () => console.log("ready"));
JS
	cat >"$dir/supervisor.js" <<'JS'
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const socketPath = path.join(__dirname, "socket");

function ask(n)
{
	return new Promise((done, failed) => {
		http.get({ socketPath, path: "/k" + String(n * 7919 % 65536).padStart(5, "0") },
			 (r) => r.resume().on("end", done)).on("error", failed);
	});
}

async function life(number)
{
	fs.rmSync(socketPath, { force: true });
	const child = spawn(process.execPath, [path.join(__dirname, "service.js")],
			    { stdio: ["ignore", "pipe", "inherit"] });

	await new Promise((ready) => child.stdout.once("data", ready));
	for (let i = 0; i < 300; i++)
		await ask(number * 300 + i);
	child.kill("SIGKILL");
	await new Promise((gone) => child.once("exit", gone));
}

(async () => {
	for (let i = 0; i < Number(process.argv[2]); i++)
		await life(i);
})();
JS
}

case $1 in
prepare) prepare ;;
run) exec "$node" "$dir/supervisor.js" "$lives" ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
