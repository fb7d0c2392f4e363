/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error reports of library code. A function that can fail returns 0 or a
 * negative errno and fills one of these; only sim/cli/ prints and exits.
 */
#ifndef REAPSIM_ERR_H
#define REAPSIM_ERR_H

#include <stdarg.h>

/** struct err - one human-readable message; empty without an error. */
struct err {
	char msg[1024];
};

/**
 * err_set - format a message and return the code, for "return err_set()".
 * @err: may be NULL, then only the code is returned
 * @code: a negative errno; -EINVAL and -ENOENT mean bad input (exit 2),
 *	anything else a failed run (exit 1)
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/** err_at - as err_set(), with "FILE:LINE: " in front (@line 0: no line). */
int err_at(struct err *err, int code, const char *file, unsigned long line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

#endif
