/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes traces, in both forms of traces/FORMAT.md. */
#ifndef REAPSIM_TRACES_WRITE_H
#define REAPSIM_TRACES_WRITE_H

#include <stdint.h>
#include <stdio.h>

#include "sim/err.h"
#include "sim/trace.h"

/**
 * Write @t, which must have passed trace_check(). Write errors stay in @f, for
 * the caller to find with ferror() when it closes the file.
 *
 * Return: 0; -EINVAL when the trace can not be written in this form.
 */
int trace_write_text(const struct trace *t, FILE *f, struct err *err);
int trace_write_binary(const struct trace *t, FILE *f, struct err *err);

/** Write one operation as its row of the text form, newline included. */
void trace_write_op(const struct trace *t, const struct op *op, FILE *f);

/**
 * trace_recs_le - records as a file has them, little-endian, or back
 * Changes nothing on a little-endian machine.
 */
static inline void trace_recs_le(struct op_rec *recs, uint64_t nr)
{
	if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
		return;
	for (uint64_t i = 0; i < nr; i++) {
		recs[i].head = GUINT32_TO_LE(recs[i].head);
		recs[i].arg = GUINT32_TO_LE(recs[i].arg);
	}
}

/**
 * struct trace_sum - the checksum of the binary form: over little-endian
 * 64-bit words, a is their sum and b the sum of all values a had, mod 2^64.
 */
struct trace_sum {
	uint64_t a, b;
};
/** @words: as in the file */
void trace_sum_add(struct trace_sum *s, const uint64_t *words, uint64_t nr);
/** As above, for bytes that need not fill their last word: 0 fills it. */
void trace_sum_bytes(struct trace_sum *s, const void *bytes, size_t len);

#endif
