/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacking of a compressed input, as a stream. */
#ifndef REAPSIM_TRACES_UNPACK_H
#define REAPSIM_TRACES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct unpack_step - the bytes of one step; run() moves all four. */
struct unpack_step {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

/**
 * struct unpacker - one way of packing.
 * @open: NULL when there is no memory
 * @run: take from in, give to out, until one of them is used up
 *
 * @run returns NULL or an error message; *@whole is set if the bytes taken so far are complete,
 * so that the input may end here.
 */
struct unpacker {
	const char *name;
	uint8_t magic[4];
	size_t magic_len;
	void *(*open)(void);
	const char *(*run)(void *state, struct unpack_step *s, bool *whole);
	void (*close)(void *state);
};

/** The one that knows an input beginning with these bytes, or NULL. */
const struct unpacker *unpacker_find(const uint8_t *head, size_t len);

#endif
