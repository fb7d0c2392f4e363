// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/csv.h"

#include <string.h>

void csv_append_number(GString *s, uint64_t n)
{
	char text[21];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	text[--at] = ',';
	g_string_append_len(s, text + at, (gssize)(sizeof(text) - at));
}

void csv_append(GString *s, const char *field)
{
	if (!strpbrk(field, ",\"\n\r")) {
		g_string_append(s, field);
		return;
	}
	g_string_append_c(s, '"');
	for (; *field; field++) {
		if (*field == '"')
			g_string_append_c(s, '"');
		g_string_append_c(s, *field);
	}
	g_string_append_c(s, '"');
}
