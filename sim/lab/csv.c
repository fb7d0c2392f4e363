// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/csv.h"

#include <string.h>

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
