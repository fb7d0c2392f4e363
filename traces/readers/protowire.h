/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Iterates over the fields of a protobuf message in unchecked bytes: nothing is copied or
 * allocated, and a nested message is parsed only on request. protobuf-c would allocate each
 * message, and cannot look into fields that only the recording describes.
 */
#ifndef REAPSIM_TRACES_PROTOWIRE_H
#define REAPSIM_TRACES_PROTOWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How a field is written: the low three bits of its tag. */
enum pb_type { PB_VARINT = 0, PB_64 = 1, PB_BYTES = 2, PB_32 = 5 };

/** struct pb - a message, or the rest of it. */
struct pb {
	const uint8_t *p, *end;
};

/**
 * struct pb_field - a field.
 * @value: of PB_VARINT, PB_32 and PB_64; else 0
 * @bytes: of PB_BYTES; else empty
 */
struct pb_field {
	uint32_t number;
	enum pb_type type;
	uint64_t value;
	struct pb bytes;
};

static inline bool pb_varint(struct pb *m, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 64 && m->p < m->end; shift += 7) {
		uint8_t b = *m->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

/** The next field. Return: 1; 0 at the end; -1 if this is not a message. */
static inline int pb_next(struct pb *m, struct pb_field *f)
{
	uint64_t tag, len;
	size_t fixed;

	if (m->p == m->end)
		return 0;
	*f = (struct pb_field){ 0 };
	if (!pb_varint(m, &tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1)
		return -1;
	f->number = (uint32_t)(tag >> 3);
	f->type = (enum pb_type)(tag & 7);
	switch (f->type) {
	case PB_VARINT:
		return pb_varint(m, &f->value) ? 1 : -1;
	case PB_BYTES:
		if (!pb_varint(m, &len) || len > (uint64_t)(m->end - m->p))
			return -1;
		f->bytes = (struct pb){ m->p, m->p + len };
		m->p += len;
		return 1;
	case PB_32:
	case PB_64:
		fixed = f->type == PB_32 ? 4 : 8;
		if ((size_t)(m->end - m->p) < fixed)
			return -1;
		for (size_t i = fixed; i-- > 0;)
			f->value = f->value << 8 | m->p[i];
		m->p += fixed;
		return 1;
	}
	return -1; /* groups, which are obsolete */
}

static inline size_t pb_len(const struct pb *m)
{
	return (size_t)(m->end - m->p);
}

/** Bytes as text, cut at @size, terminated; empty if @m is no field of bytes. */
static inline void pb_copy(char *to, size_t size, const struct pb *m)
{
	size_t len = pb_len(m) < size ? pb_len(m) : size - 1;

	if (len)
		memcpy(to, m->p, len);
	to[len] = '\0';
}

static inline bool pb_is(const struct pb *m, const char *text)
{
	return pb_len(m) == strlen(text) && !memcmp(m->p, text, pb_len(m));
}

#endif
