// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/unpack.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

static void *inflate_open(int window)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, window) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

/* 15: the largest window; 16: gzip, not zlib */
static void *gzip_open(void)
{
	return inflate_open(15 + 16);
}

static void *zlib_open(void)
{
	return inflate_open(15);
}

static const char *inflate_run(void *state, struct unpack_step *s, bool *whole)
{
	z_stream *z = state;
	int ret = Z_OK;

	*whole = false;
	do {
		z->next_in = (uint8_t *)(uintptr_t)s->in;
		z->avail_in = (uInt)s->in_len;
		z->next_out = s->out;
		z->avail_out = (uInt)s->out_len;
		ret = inflate(z, Z_NO_FLUSH);
		s->in = z->next_in;
		s->in_len = z->avail_in;
		s->out = z->next_out;
		s->out_len = z->avail_out;
		if (ret == Z_BUF_ERROR)
			return NULL;
		if (ret == Z_STREAM_END) /* another member may follow */
			inflateReset(z);
		else if (ret != Z_OK)
			return z->msg ? z->msg : zError(ret);
	} while (s->in_len && s->out_len);
	*whole = ret == Z_STREAM_END;
	return NULL;
}

static void inflate_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static void *zstd_open(void)
{
	return ZSTD_createDStream();
}

static const char *zstd_run(void *state, struct unpack_step *s, bool *whole)
{
	ZSTD_inBuffer in = { s->in, s->in_len, 0 };
	ZSTD_outBuffer out = { s->out, s->out_len, 0 };
	size_t ret = ZSTD_decompressStream(state, &out, &in);

	s->in += in.pos;
	s->in_len -= in.pos;
	s->out += out.pos;
	s->out_len -= out.pos;
	*whole = !ret;
	return ZSTD_isError(ret) ? ZSTD_getErrorName(ret) : NULL;
}

static void zstd_close(void *state)
{
	ZSTD_freeDStream(state);
}

const struct unpacker unpack_gzip = {
	"gzip", { 0x1f, 0x8b }, 2, gzip_open, inflate_run, inflate_close,
};
const struct unpacker unpack_zlib = {
	"zlib", { 0 }, 0, zlib_open, inflate_run, inflate_close,
};
const struct unpacker unpack_zstd = {
	"zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, zstd_open, zstd_run, zstd_close,
};

const struct unpacker *unpacker_find(const uint8_t *head, size_t len)
{
	static const struct unpacker *const all[] = { &unpack_gzip, &unpack_zstd };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (len >= all[i]->magic_len && !memcmp(head, all[i]->magic, all[i]->magic_len))
			return all[i];
	return NULL;
}

/* Twice the room, at first some more than usual data need. Return: whether that is allowed. */
static bool grow(struct unpack_step *s, size_t len, size_t most, GByteArray *out)
{
	const size_t had = out->len, room = MIN(had ? 2 * had : 8 * len + 4096, most);

	g_byte_array_set_size(out, (guint)room);
	s->out = out->data + had;
	s->out_len = room - had;
	return room > had;
}

const char *unpack_all(const struct unpacker *u, const uint8_t *in, size_t len, size_t most,
		       GByteArray *out)
{
	struct unpack_step s = { .in = in, .in_len = len };
	void *state = u->open();
	const char *wrong = state ? NULL : "no memory to unpack it";
	bool whole = false;

	g_byte_array_set_size(out, 0);
	while (!wrong && (!whole || s.in_len)) {
		struct unpack_step had;

		if (!s.out_len && !grow(&s, len, most, out)) {
			wrong = "it unpacks to more";
			break;
		}
		had = s;
		wrong = u->run(state, &s, &whole);
		if (!wrong && !whole && s.in_len == had.in_len && s.out_len == had.out_len)
			wrong = "it ends too early";
	}
	if (state)
		u->close(state);
	g_byte_array_set_size(out, out->len - (guint)s.out_len);
	return wrong;
}
