# SPDX-License-Identifier: GPL-2.0-only
# Shared by the tests that are scripts; sourced, not run. Sets src (the tree), REAPSIM (the
# program) and top (a temporary folder, removed at the end); counts passed and failed tests.

export LC_ALL=C.UTF-8

src=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REAPSIM=${REAPSIM:-$src/build/reapsim}
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
passed=0
failed=0

pass() { passed=$((passed + 1)); }
fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

# print the last line of a test, and exit
finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
