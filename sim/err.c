// SPDX-License-Identifier: GPL-2.0-only
#include "sim/err.h"

#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int err_at(struct err *err, int code, const char *file, unsigned long line, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!err)
		return code;
	if (line)
		n = snprintf(err->msg, sizeof(err->msg), "%s:%lu: ", file, line);
	else
		n = snprintf(err->msg, sizeof(err->msg), "%s: ", file);
	if (n < 0 || (size_t)n >= sizeof(err->msg))
		return code;
	va_start(ap, fmt);
	vsnprintf(err->msg + n, sizeof(err->msg) - (size_t)n, fmt, ap);
	va_end(ap);
	return code;
}
