#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files outside tests/ have less than 700 lines, C functions at most 85. A function goes from its
# head in the first column to the "}" in the first column.
#
#	tests/sizes.sh [FOLDER]
set -u

cd "${1:-$(dirname "$0")/..}" || exit 2
max_file=699
max_function=85

# NAME... -> lines "FAIL FILE:LINE: what is too long", and the number of files
sizes() {
	awk -v max_file=$max_file -v max_function=$max_function '
	FNR == 1 { nr_files++; head = 0; in_body = 0 }
	FNR == max_file + 1 {
		printf "FAIL %s: more than %d lines\n", FILENAME, max_file
		bad[FILENAME] = 1
	}
	FILENAME !~ /\.[ch]$/ { next }
	/^[a-z].*\(/ && !in_body && !/;$/ { head = FNR; name = $0 }
	/^\{/ && head { in_body = 1 }
	/^\}/ {
		if (in_body) {
			if (FNR - head + 1 > max_function) {
				printf "FAIL %s:%d: %d lines, at most %d: %s\n", FILENAME, head,
					FNR - head + 1, max_function, name
				bad[FILENAME] = 1
			}
		}
		head = in_body = 0
	}
	/;$/ && !in_body { head = 0 }
	END {
		printf "%d passed, %d failed\n", nr_files - length(bad), length(bad)
		exit length(bad) > 0
	}' "$@"
}

mapfile -d '' files < <(find sim models traces install kernel-patch Makefile \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.mk' -o -name Makefile \) \
	-type f -print0 2>/dev/null | sort -z)
if [ ${#files[@]} -eq 0 ]; then
	echo "FAIL: no sources in $PWD"
	echo "0 passed, 1 failed"
	exit 1
fi
sizes "${files[@]}"
