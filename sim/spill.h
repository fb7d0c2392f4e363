/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An append-only table that may exceed memory. Beyond SPILL_MEMORY_BYTES it is a
 * mapped file without a name in the folder for temporary files, with its disk space
 * reserved.
 *
 * Elements stay readable and writable. Elements before the current end, and those
 * that spill_passed() names, leave memory and come back on their next use.
 */
#ifndef REAPSIM_SPILL_H
#define REAPSIM_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/err.h"

#define SPILL_MEMORY_BYTES (8ull << 20)

/** struct spill - fields are for reading only. */
struct spill {
	uint64_t nr;
	uint8_t *base; /* moves when the table grows */
	size_t size;   /* of an element */
	int error;     /* -errno of the first spill_add() that failed */
	/* private */
	uint64_t room; /* bytes */
	uint64_t kept; /* spill_add() has released the memory of the bytes before it */
	int fd;	       /* -1: in memory */
};

void spill_init(struct spill *s, size_t size);
void spill_release(struct spill *s);
/**
 * spill_add - append one element, or a few of them.
 * Return: the memory for the new elements, valid until the next call; NULL if there is
 * no room, and then @s->error is set.
 */
void *spill_add(struct spill *s, unsigned int nr);
/** Elements [@from, @to) are not needed soon. Large consecutive ranges are cheap. */
void spill_passed(const struct spill *s, uint64_t from, uint64_t to);
/**
 * Copy an element out, or in. Unlike spill_at() they do not bring memory back that was let go:
 * for single elements anywhere in a long table.
 */
void spill_get(const struct spill *s, uint64_t i, void *element);
void spill_put(struct spill *s, uint64_t i, const void *element);
/** Report s->error, if there is one. @path: of the input. */
int spill_check(const struct spill *s, const char *path, struct err *err);

static inline void *spill_at(const struct spill *s, uint64_t i)
{
	return s->base ? s->base + i * s->size : NULL;
}

/** A new file without a name in the folder for temporary files, or -1. */
int nameless_file(void);

#endif
