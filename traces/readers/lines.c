// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include <glib.h>

#define READ_BYTES (256u << 10)
#define BUF_BYTES  (LINE_BYTES_MAX + READ_BYTES)

int path_error(const char *path, const char *doing, int errnum, struct err *err)
{
	/* a wrong path is bad input; a disk that fails is a failed run */
	bool input = errnum == ENOENT || errnum == EISDIR || errnum == EACCES ||
		     errnum == ENOTDIR || errnum == ENAMETOOLONG || errnum == ELOOP ||
		     errnum == EINVAL || errnum == EPERM || errnum == ENODEV;

	return err_at(err,
		      errnum == ENOENT ? -ENOENT
		      : input	       ? -EINVAL
				       : -errnum,
		      path, 0, "%s: %s", doing, g_strerror(errnum));
}

int lines_open(struct lines *l, const char *path, struct err *err)
{
	struct stat st;

	*l = (struct lines){ .path = path };
	l->f = fopen(path, "rb");
	if (!l->f)
		return path_error(path, "cannot open", errno, err);
	if (!fstat(fileno(l->f), &st) && S_ISDIR(st.st_mode)) {
		lines_close(l);
		return path_error(path, "cannot read", EISDIR, err);
	}
	setvbuf(l->f, NULL, _IONBF, 0);
	l->buf = g_malloc(BUF_BYTES);
	return 0;
}

void lines_close(struct lines *l)
{
	if (l->f)
		fclose(l->f);
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
		size_t have = l->end - l->start, n;
		char *nl = memchr(from + scanned, '\n', have - scanned);

		if (nl ? (size_t)(nl - from) > LINE_BYTES_MAX : have > LINE_BYTES_MAX)
			return err_at(err, -EINVAL, l->path, l->nr + 1,
				      "a line of more than %u bytes", LINE_BYTES_MAX);
		if (nl) {
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
		n = fread(l->buf + l->end, 1, BUF_BYTES - l->end, l->f);
		if (n) {
			l->end += n;
			continue;
		}
		if (ferror(l->f))
			return path_error(l->path, "cannot read", errno, err);
		if (have)
			return err_at(err, -EINVAL, l->path, l->nr + 1,
				      "the last line does not end in a newline, expected one (is "
				      "the file cut off?)");
		return 0;
	}
}
