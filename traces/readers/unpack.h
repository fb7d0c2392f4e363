/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacking of compressed bytes, as a stream or at once. */
#ifndef REAPSIM_TRACES_UNPACK_H
#define REAPSIM_TRACES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

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
 * @run: unpack from in to out until one of them is used up
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

extern const struct unpacker unpack_gzip, unpack_zlib, unpack_zstd;

/**
 * unpack_all - unpack @len bytes into @out, which holds nothing else after.
 * @most: bytes, less than 2^32
 *
 * Return: NULL, or an error message.
 */
const char *unpack_all(const struct unpacker *u, const uint8_t *in, size_t len, size_t most,
		       GByteArray *out);

/** The one that knows an input beginning with these bytes, or NULL. */
const struct unpacker *unpacker_find(const uint8_t *head, size_t len);

#endif
