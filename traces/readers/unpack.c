// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/unpack.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

static void *gzip_open(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	/* 16: gzip, not zlib; 15: the largest window */
	if (z && inflateInit2(z, 15 + 16) != Z_OK) {
		free(z);
		z = NULL;
	}
	return z;
}

static const char *gzip_run(void *state, struct unpack_step *s, bool *whole)
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

static void gzip_close(void *state)
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

static const struct unpacker unpackers[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, gzip_open, gzip_run, gzip_close },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, zstd_open, zstd_run, zstd_close },
};

const struct unpacker *unpacker_find(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < sizeof(unpackers) / sizeof(*unpackers); i++)
		if (len >= unpackers[i].magic_len &&
		    !memcmp(head, unpackers[i].magic, unpackers[i].magic_len))
			return &unpackers[i];
	return NULL;
}
