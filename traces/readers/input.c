// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "sim/spill.h"
#include "traces/readers/unpack.h"

#define RAW_BYTES (256u << 10)

int path_error(const char *path, const char *doing, int errnum, struct err *err)
{
	/* a wrong path is bad input (exit 2), a failing disk a failed run (exit 1) */
	bool input = errnum == ENOENT || errnum == EISDIR || errnum == EACCES ||
		     errnum == ENOTDIR || errnum == ENAMETOOLONG || errnum == ELOOP ||
		     errnum == EINVAL || errnum == EPERM || errnum == ENODEV || errnum == ENXIO;

	return err_at(err,
		      errnum == ENOENT ? -ENOENT
		      : input	       ? -EINVAL
				       : -errnum,
		      path, 0, "%s: %s", doing, g_strerror(errnum));
}

/* Fill @buf from the file. Return: how many bytes, fewer than @size only at its end. */
static int64_t read_raw(struct input *in, uint8_t *buf, size_t size, struct err *err)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(in->fd, buf + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return path_error(in->path, "cannot read", errno, err);
		if (!n)
			break;
		have += (size_t)n;
	}
	in->raw_read += have;
	if (in->options->progress)
		in->options->progress(in->options->progress_data, in->raw_read, in->size);
	return (int64_t)have;
}

static int check_bomb(const struct input *in, struct err *err)
{
	if (in->read <= INPUT_BOMB_BYTES || in->read / INPUT_BOMB_RATIO <= in->raw_read)
		return 0;
	return err_at(err, -EINVAL, in->path, 0,
		      "unpacks to more than %llu GiB and to more than %u times its size, expected "
		      "less (%s bomb?); if you trust it, unpack it first and pipe it in",
		      INPUT_BOMB_BYTES >> 30, INPUT_BOMB_RATIO, in->unpacker->name);
}

static int fill_raw(struct input *in, struct err *err)
{
	int64_t n;

	if (in->raw_start < in->raw_end)
		return 0;
	n = read_raw(in, in->raw, RAW_BYTES, err);
	if (n < 0)
		return (int)n;
	in->raw_start = 0;
	in->raw_end = (size_t)n;
	return 0;
}

static int64_t read_packed(struct input *in, uint8_t *buf, size_t size, struct err *err)
{
	struct unpack_step s = { .out = buf, .out_len = size };

	while (s.out_len) {
		size_t room = s.out_len, had;
		const char *wrong;
		int ret = fill_raw(in, err);

		if (ret)
			return ret;
		s.in = in->raw + in->raw_start;
		s.in_len = had = in->raw_end - in->raw_start;
		if (!had && in->whole)
			break;
		wrong = in->unpacker->run(in->unpack, &s, &in->whole);
		in->raw_start = in->raw_end - s.in_len;
		if (wrong)
			return err_at(err, -EINVAL, in->path, 0,
				      "%s data, near byte %" PRIu64 ": %s (is it damaged?)",
				      in->unpacker->name, in->raw_read - s.in_len, wrong);
		if (!had && s.out_len == room)
			return err_at(err, -EINVAL, in->path, 0,
				      "%s data that ends too early, after %" PRIu64
				      " bytes (is the file cut off?)",
				      in->unpacker->name, in->raw_read);
	}
	return (int64_t)(size - s.out_len);
}

static int64_t read_more(struct input *in, uint8_t *buf, size_t size, struct err *err)
{
	int64_t n;
	int ret;

	if (!in->unpacker) {
		size_t had = MIN(size, in->raw_end - in->raw_start);

		/* what was read to look for a packer's magic */
		memcpy(buf, in->raw + in->raw_start, had);
		in->raw_start += had;
		n = had < size ? read_raw(in, buf + had, size - had, err) : 0;
		if (n < 0)
			return n;
		n += (int64_t)had;
		in->read += (uint64_t)n;
		return n;
	}
	n = read_packed(in, buf, size, err);
	if (n < 0)
		return n;
	in->read += (uint64_t)n;
	ret = check_bomb(in, err);
	return ret ? ret : n;
}

static int start(struct input *in, struct err *err)
{
	struct stat st;
	int64_t n;

	if (fstat(in->fd, &st))
		return path_error(in->path, "cannot read", errno, err);
	if (S_ISDIR(st.st_mode))
		return path_error(in->path, "cannot read", EISDIR, err);
	in->regular = S_ISREG(st.st_mode);
	in->size = in->regular ? (uint64_t)st.st_size : 0;
	in->changed = st.st_mtim;
	in->raw = g_malloc(RAW_BYTES);
	n = read_raw(in, in->raw, INPUT_HEAD_BYTES, err);
	if (n < 0)
		return (int)n;
	in->raw_end = (size_t)n;
	if (!in->copy)
		in->unpacker = unpacker_find(in->raw, in->raw_end);
	in->plain = in->regular && !in->unpacker;
	if (in->unpacker) {
		in->unpack = in->unpacker->open();
		if (!in->unpack)
			return err_at(err, -ENOMEM, in->path, 0, "no memory to unpack it");
	}
	n = read_more(in, in->head, sizeof(in->head), err);
	if (n < 0)
		return (int)n;
	in->head_end = (size_t)n;
	return 0;
}

int input_open(struct input *in, const char *path, const struct input_options *options,
	       struct err *err)
{
	static const struct input_options none = { 0 };
	bool std = !strcmp(path, "-");
	int ret;

	*in = (struct input){ .path = path, .options = options ? options : &none };
	in->fd = std ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return path_error(path, "cannot open", errno, err);
	ret = start(in, err);
	if (ret)
		input_close(in);
	return ret;
}

int input_attach(struct input *in, const char *path, int fd, const struct input_options *options,
		 struct err *err)
{
	int ret;

	*in = (struct input){ .path = path, .options = options, .fd = fd, .copy = true };
	ret = start(in, err);
	if (ret)
		input_close(in);
	return ret;
}

void input_close(struct input *in)
{
	if (in->unpack)
		in->unpacker->close(in->unpack);
	g_free(in->raw);
	close(in->fd);
	*in = (struct input){ .fd = -1 };
}

const uint8_t *input_head(const struct input *in, size_t *len)
{
	*len = in->head_end - in->head_start;
	return in->head + in->head_start;
}

int64_t input_read(struct input *in, void *buf, size_t size, struct err *err)
{
	size_t had = MIN(size, in->head_end - in->head_start);
	int64_t n = 0;

	memcpy(buf, in->head + in->head_start, had);
	in->head_start += had;
	if (had < size)
		n = read_more(in, (uint8_t *)buf + had, size - had, err);
	return n < 0 ? n : n + (int64_t)had;
}

int input_check_unchanged(const struct input *in, struct err *err)
{
	struct stat st;

	if (!in->regular ||
	    (!fstat(in->fd, &st) && (uint64_t)st.st_size == in->size &&
	     st.st_mtim.tv_sec == in->changed.tv_sec && st.st_mtim.tv_nsec == in->changed.tv_nsec))
		return 0;
	return err_at(err, -ESTALE, in->path, 0, "changed while it was read");
}

static int copy_to(struct input *in, int fd, struct err *err)
{
	uint8_t buf[16384];
	int64_t n;

	while ((n = input_read(in, buf, sizeof(buf), err)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return err_at(err, errno ? -errno : -EIO, in->path, 0,
				      "cannot write a copy of it in %s: %s", g_get_tmp_dir(),
				      g_strerror(errno));
	if (!n && lseek(fd, 0, SEEK_SET))
		return err_at(err, -EIO, in->path, 0, "cannot read a copy of it");
	return (int)n;
}

int input_make_plain(struct input *in, struct err *err)
{
	const struct input_options *options = in->options;
	const char *path = in->path;
	int fd, ret;

	if (in->plain)
		return 0;
	fd = nameless_file();
	if (fd < 0)
		return err_at(err, -EIO, path, 0, "no room for a copy of it in %s",
			      g_get_tmp_dir());
	ret = copy_to(in, fd, err);
	if (!ret)
		ret = input_check_unchanged(in, err);
	if (ret) {
		close(fd);
		return ret;
	}
	input_close(in);
	/* the copy is unpacked already; do not unpack it again */
	return input_attach(in, path, fd, options, err);
}
