// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* memmem() */
#include "traces/readers/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <glib.h>

#define READ_BYTES (256u << 10)
#define BUF_BYTES  (LINE_BYTES_MAX + READ_BYTES)

void lines_start(struct lines *l, struct input *in)
{
	*l = (struct lines){ .path = in->path, .in = in, .buf = g_malloc(BUF_BYTES) };
}

int lines_open(struct lines *l, const char *path, struct err *err)
{
	struct input *in = g_new(struct input, 1);
	int ret = input_open(in, path, NULL, err);

	if (ret) {
		g_free(in);
		return ret;
	}
	lines_start(l, in);
	l->own = in;
	return 0;
}

void lines_close(struct lines *l)
{
	if (l->own)
		input_close(l->own);
	g_free(l->own);
	g_free(l->buf);
	*l = (struct lines){ 0 };
}

static int check_line(const struct lines *l, const char *line, size_t len, struct err *err)
{
	if (memchr(line, '\0', len))
		return err_at(err, -EINVAL, l->path, l->nr,
			      "a NUL byte in column %zu, expected text", strlen(line) + 1);
	if (memchr(line, '\r', len))
		return err_at(err, -EINVAL, l->path, l->nr,
			      "a carriage return, expected lines that end in a plain newline "
			      "(dos2unix converts)");
	return 0;
}

int lines_next(struct lines *l, char **line, size_t *len, struct err *err)
{
	size_t scanned = 0;

	for (;;) {
		char *from = l->buf + l->start;
		size_t have = l->end - l->start;
		int64_t n;
		char *nl = memchr(from + scanned, '\n', have - scanned);

		if (nl ? (size_t)(nl - from) > LINE_BYTES_MAX : have > LINE_BYTES_MAX)
			return err_at(err, -EINVAL, l->path, l->nr + 1,
				      "a line of more than %u bytes", LINE_BYTES_MAX);
		if (nl) {
			if (l->keep)
				g_string_append_len(l->keep, from, nl + 1 - from);
			*nl = '\0';
			*line = from;
			*len = (size_t)(nl - from);
			l->start += *len + 1;
			l->offset += *len + 1;
			l->nr++;
			return check_line(l, *line, *len, err) ?: 1;
		}
		scanned = have;
		if (l->end == BUF_BYTES) {
			memmove(l->buf, from, have);
			l->start = 0;
			l->end = have;
		}
		n = input_read(l->in, l->buf + l->end, BUF_BYTES - l->end, err);
		if (n < 0)
			return (int)n;
		if (n) {
			l->end += (size_t)n;
			continue;
		}
		if (have)
			return err_at(err, -EINVAL, l->path, l->nr + 1,
				      "the last line does not end in a newline, expected one (is "
				      "the file cut off?)");
		return 0;
	}
}

int lines_skip_to(struct lines *l, const char *text, struct err *err)
{
	char *find = g_strconcat("\n", text, NULL);
	const size_t find_len = strlen(find);
	char *at = NULL;
	int64_t n = 1;

	while (!at && n > 0) {
		char *from = l->buf + l->start;
		size_t have = l->end - l->start, passed;

		at = memmem(from, have, find, find_len);
		passed = at ? (size_t)(at + 1 - from) : have - MIN(have, find_len - 1);
		for (char *p = from; (p = memchr(p, '\n', passed - (size_t)(p - from))); p++)
			l->nr++;
		l->offset += passed;
		l->start += passed;
		if (at)
			break;
		memmove(l->buf, from + passed, have - passed);
		l->start = 0;
		l->end = have - passed;
		n = input_read(l->in, l->buf + l->end, READ_BYTES, err);
		l->end += (size_t)MAX(n, 0);
	}
	g_free(find);
	return at ? 1 : (int)n;
}

int64_t lines_rest(struct lines *l, void *buf, size_t size, struct err *err)
{
	const size_t had = MIN(size, l->end - l->start);
	int64_t n = 0;

	if (had)
		memcpy(buf, l->buf + l->start, had);
	l->start += had;
	if (had < size)
		n = input_read(l->in, (char *)buf + had, size - had, err);
	return n < 0 ? n : n + (int64_t)had;
}
