#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A build: make -j2 over a generated tree of small C files, one compiler run
# each. "prepare" writes the same tree every time; "run" builds it from
# nothing.
#
#	traces/record/workloads/compile-storm.sh prepare DIR [FILES]
#	traces/record/record.sh -o compile-storm.perf.txt --cold -- \
#		traces/record/workloads/compile-storm.sh run DIR

set -eu
[ $# -ge 2 ] || { echo "usage: ${0##*/} prepare|run DIR [FILES]" >&2; exit 2; }
dir=$2
nr=${3:-170}

prepare()
{
	mkdir -p "$dir/include" "$dir/src"
	for h in 0 1 2 3 4 5 6 7; do
		{
			echo "#ifndef PART${h}_H"
			echo "#define PART${h}_H"
			echo "#include <stddef.h>"
			i=0
			while [ $i -lt 40 ]; do
				echo "struct part${h}_s$i { int a[$((i + 1))]; struct part${h}_s$i *next; };"
				echo "int part${h}_f$i(const struct part${h}_s$i *s, int n);"
				i=$((i + 1))
			done
			echo "#endif"
		} >"$dir/include/part$h.h"
	done
	n=0
	while [ $n -lt "$nr" ]; do
		h=$((n % 8))
		{
			echo "#include <stdio.h>"
			[ $((n % 3)) != 0 ] || echo "#include <string.h>"
			[ $((n % 5)) != 0 ] || echo "#include <stdlib.h>"
			echo "#include \"part$h.h\""
			i=0
			while [ $i -lt 2 ]; do
				cat <<C
int f${n}_$i(const struct part${h}_s$i *s, int n);
int f${n}_$i(const struct part${h}_s$i *s, int n)
{
	int sum = $n;

	for (int k = 0; s && k < n; k++, s = s->next)
		sum += s->a[k % $((i + 1))] * $((i + 3));
	if (sum < 0)
		printf("f${n}_$i %d\\n", sum);
	return sum;
}
C
				i=$((i + 1))
			done
		} >"$dir/src/f$n.c"
		n=$((n + 1))
	done
	echo "int main(void) { return 0; }" >"$dir/src/main.c"
	cat >"$dir/Makefile" <<'MAKE'
CC = gcc
CFLAGS = -O0 -pipe -Iinclude
OBJS = $(patsubst src/%.c,obj/%.o,$(sort $(wildcard src/*.c)))
prog: $(OBJS)
	$(CC) -o $@ $(OBJS)
obj/%.o: src/%.c
	$(CC) $(CFLAGS) -c -o $@ $<
MAKE
	rm -rf "$dir/obj" "$dir/prog"
	mkdir "$dir/obj"
}

case $1 in
prepare) prepare ;;
run) exec make -s -j2 -C "$dir" ;;
*) echo "${0##*/}: unknown step '$1' (prepare, run)" >&2; exit 2 ;;
esac
