// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces perf when the reader of perf.data is fuzzed. After the magic the file has a byte that
 * selects how the program ends, and the text that it prints.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "perf script -i FILE ...", as the reader calls it */
int main(int argc, char **argv)
{
	static char text[1 << 16];
	FILE *f = argc > 3 ? fopen(argv[3], "rb") : NULL;
	size_t len = f ? fread(text, 1, sizeof(text), f) : 0;

	if (len < 9 || strcmp(argv[1], "script") || strcmp(argv[2], "-i"))
		return 9;
	fwrite(text + 9, 1, len - 9, text[8] == 'e' ? stderr : stdout);
	fflush(stdout);
	if (text[8] == 'a')
		abort();
	return text[8] == 'e' ? 255 : 0;
}
