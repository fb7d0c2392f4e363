// SPDX-License-Identifier: GPL-2.0-only
/* O_TMPFILE */
#define _GNU_SOURCE
#include "sim/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 4096 /* is_ours() reads this much of a file */

/*
 * struct identity - equal for two paths of the same file. If the file exists, @dev and
 * @ino are the file's and @rest is NULL. Otherwise they are those of the nearest folder
 * that exists, and @rest is the path from there.
 */
struct identity {
	dev_t dev;
	ino_t ino;
	char *rest;
};

struct declared {
	enum file_kind kind;
	char *what, *path;
	bool plain; /* a regular file, or one that does not exist yet */
	struct identity id;
};

static void declared_clear(gpointer data)
{
	struct declared *d = data;

	g_free(d->what);
	g_free(d->path);
	g_free(d->id.rest);
}

void outputs_init(struct outputs *o)
{
	*o = (struct outputs){
		.files = g_array_new(FALSE, FALSE, sizeof(struct declared)),
		.written = g_ptr_array_new_with_free_func(g_free),
	};
	g_array_set_clear_func(o->files, declared_clear);
}

void outputs_clear(struct outputs *o)
{
	if (o->files)
		g_array_free(o->files, TRUE);
	o->files = NULL;
	if (o->written)
		g_ptr_array_unref(o->written);
	o->written = NULL;
	g_clear_pointer(&o->to_stdout, g_free);
}

/* Identity */

static struct identity identify(const char *path)
{
	g_autofree char *at = g_strdup(path), *rest = NULL;
	struct identity id = { 0 };
	struct stat st = { 0 };

	if (!stat(path, &st))
		return (struct identity){ .dev = st.st_dev, .ino = st.st_ino };
	do {
		g_autofree char *below = at, *name = g_path_get_basename(below), *further = rest;

		at = g_path_get_dirname(below);
		rest = further ? g_build_filename(name, further, NULL) : g_strdup(name);
	} while (stat(at, &st) && strcmp(at, "/") && strcmp(at, "."));
	id.dev = st.st_dev;
	id.ino = st.st_ino;
	/* nothing in @rest exists, so no link changes the meaning of ".." */
	id.rest = g_canonicalize_filename(rest, "/");
	return id;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && !g_strcmp0(a->rest, b->rest);
}

static bool is_stream(const struct identity *id, int fd)
{
	struct stat st;

	return !id->rest && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_dev == id->dev &&
	       st.st_ino == id->ino;
}

/* The stream of ours that was redirected to this file, as in "> t.csv"; NULL: none. */
static const char *stream_of(const struct identity *id)
{
	return is_stream(id, STDOUT_FILENO)   ? "standard output"
	       : is_stream(id, STDERR_FILENO) ? "standard error"
					      : NULL;
}

/* The descriptor that "/dev/stdout" or a like path names; -1 for other paths. */
static int stream_fd(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };
	char *end;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		if (g_str_has_prefix(path, folders[i])) {
			const char *digits = path + strlen(folders[i]);
			const guint64 fd = g_ascii_strtoull(digits, &end, 10);

			return end > digits && !*end && fd <= INT_MAX ? (int)fd : -1;
		}
	}
	return -1;
}

/* Did reapsim write a file? */

static size_t read_head(int dir, const char *name, char head[HEAD_BYTES + 1])
{
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, head, HEAD_BYTES);

	if (fd >= 0)
		close(fd);
	n = MAX(n, 0);
	head[n] = '\0';
	return (size_t)n;
}

static bool any_prefix(const char *head, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (g_str_has_prefix(head, *prefixes))
			return true;
	return false;
}

/* A text trace may be hand-written. Only the note of a generator or an import shows that
 * reapsim can make it again. */
static bool trace_is_ours(const char *head)
{
	if (!g_str_has_prefix(head, "reapsim-trace,"))
		return false;
	return g_str_has_prefix(head, "reapsim-trace,1,binary\n") ||
	       strstr(head, "\nnote,generator,\"reapsim ") || strstr(head, "\nnote,imported,");
}

/* "NAME.gp" of "NAME.svg" */
static char *script_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	g_autofree char *base = g_strndup(name, dot ? (size_t)(dot - name) : strlen(name));

	return g_strconcat(base, ".gp", NULL);
}

/* Did reapsim write the existing file @name in @dir, as a file of @kind? */
static bool is_ours(enum file_kind kind, int dir, const char *name)
{
	static const char *const results[] = { OUTPUT_JSON_MARK,	 "trace,machine,",
					       "mark,number,file,page,", "group,scenario,",
					       "workload,machine,",	 "member,readahead_pages,",
					       "trace,deaths,",		 NULL };
	static const char *const sweeps[] = { "sweep,run,", "sweep ", NULL };
	static const char *const keys[] = { "# Measured by reapsim calibrate",
					    "# What \"reapsim agree", NULL };
	static const char *const answers[] = { "reapsim ask: ",
					       "<!DOCTYPE html><!-- by reapsim -->", NULL };
	static const char *const explained[] = { OUTPUT_EXPLAINED_MARK, NULL };
	static const char *const plots[] = { OUTPUT_PLOT_MARK, NULL };
	char head[HEAD_BYTES + 1];
	g_autofree char *script = kind == FILE_PICTURE ? script_of(name) : g_strdup(name);
	const size_t n = read_head(dir, script, head);

	switch (kind) {
	case FILE_TRACE:
		return n && trace_is_ours(head);
	case FILE_RESULTS:
		return any_prefix(head, results);
	case FILE_SWEEP:
		return any_prefix(head, sweeps);
	case FILE_KEYS:
		return any_prefix(head, keys);
	case FILE_ANSWER:
		return any_prefix(head, answers);
	case FILE_EXPLAINED:
		return any_prefix(head, explained);
	case FILE_PLOT:
	case FILE_PICTURE:
		return any_prefix(head, plots);
	case FILE_RESUMED:
	case FILE_INPUT:
	case FILE_NONE:
		break;
	}
	return true;
}

/* May an output replace the existing file @name in @dir, of status @st? 0 or -EINVAL. */
static int may_replace(enum file_kind kind, bool force, int dir, const char *name, const char *path,
		       const struct stat *st, struct err *err)
{
	if (S_ISDIR(st->st_mode))
		return err_set(err, -EINVAL, "%s: a folder, expected a file", path);
	if (S_ISBLK(st->st_mode) && !force)
		return err_set(err, -EINVAL, "%s: a block device; --force writes to it", path);
	if (!S_ISREG(st->st_mode))
		return 0;
	if (!(st->st_mode & 0222))
		return err_set(err, -EINVAL, "%s: read-only, mode %04o; not replaced", path,
			       (unsigned int)(st->st_mode & 07777));
	if (faccessat(dir, name, W_OK, AT_EACCESS))
		return err_set(err, -EINVAL, "%s: cannot write: %s", path, g_strerror(errno));
	if (st->st_size && !force && !is_ours(kind, dir, name))
		return err_set(err, -EINVAL,
			       "%s: exists, and is not what reapsim would have written there; "
			       "--force replaces it",
			       path);
	return 0;
}

/* Open the folder of @path, and set @name to the name in it. Follows a symbolic link.
 * Return: the descriptor, or -1 with errno. */
static int open_folder(const char *path, char **name)
{
	g_autofree char *target = NULL, *folder = NULL;
	char *real;
	struct stat st;
	int fd;

	if (!lstat(path, &st) && S_ISLNK(st.st_mode)) {
		real = realpath(path, NULL);
		target = g_strdup(real);
		free(real);
		if (!target)
			return -1;
	}
	folder = g_path_get_dirname(target ? target : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		*name = g_path_get_basename(target ? target : path);
	return fd;
}

static int check_output(const struct outputs *o, enum file_kind kind, const char *path,
			struct err *err)
{
	const bool plot = kind == FILE_PLOT || kind == FILE_PICTURE;
	g_autofree char *name = NULL;
	struct stat st;
	int ret = 0, dir;

	if (!*path || g_str_has_suffix(path, "/"))
		return err_set(err, -EINVAL, "\"%s\": expected the name of a file", path);
	/* not a file that another command has just finished */
	if (stat(path, &st) && !lstat(path, &st) && S_ISLNK(st.st_mode))
		return err_set(err, -EINVAL, "%s: a dangling symbolic link", path);
	dir = open_folder(path, &name);
	if (dir < 0) {
		if (plot && errno == ENOENT)
			return 0;
		return err_set(err, -EINVAL, "%s: cannot write: %s", path, g_strerror(errno));
	}
	if (!fstatat(dir, name, &st, 0))
		ret = may_replace(kind, o->force, dir, name, path, &st, err);
	else
		st.st_mode = S_IFREG;
	if (!ret && S_ISREG(st.st_mode) && faccessat(dir, ".", W_OK | X_OK, AT_EACCESS))
		ret = err_set(err, -EINVAL, "%s: cannot write into its folder: %s", path,
			      g_strerror(errno));
	close(dir);
	return ret;
}

static int check_others(const struct outputs *o, const struct declared *d, struct err *err)
{
	const char *stream = d->plain ? stream_of(&d->id) : NULL;

	for (guint i = 0; d->plain && i < o->files->len; i++) {
		const struct declared *e = &g_array_index(o->files, struct declared, i);
		const struct declared *out = d->kind == FILE_INPUT ? e : d;
		const struct declared *other = d->kind == FILE_INPUT ? d : e;

		if (!same(&d->id, &e->id) || out->kind == FILE_INPUT)
			continue;
		if (other->kind == FILE_INPUT)
			return err_set(err, -EINVAL,
				       "%s %s: the same file as the input %s %s, which would be "
				       "lost",
				       out->what, out->path, other->what, other->path);
		return err_set(err, -EINVAL, "%s %s: the same file as %s %s; expected two files",
			       out->what, out->path, other->what, other->path);
	}
	if (stream)
		return err_set(err, -EINVAL, "%s %s: %s is the same file", d->what, d->path,
			       stream);
	return 0;
}

/* Standard output takes one of the command's outputs. */
static int take_stdout(struct outputs *o, const char *what, struct err *err)
{
	if (o->to_stdout)
		return err_set(err, -EINVAL,
			       "%s -: standard output is already that of %s; expected a file", what,
			       o->to_stdout);
	o->to_stdout = g_strdup(what);
	return 0;
}

int outputs_declare(struct outputs *o, enum file_kind kind, const char *what, const char *path,
		    struct err *err)
{
	struct declared d = { .kind = kind };
	struct stat st;
	int ret = 0;

	if (!path)
		return 0;
	if (!strcmp(path, "-") && kind != FILE_INPUT)
		return take_stdout(o, what, err);
	/* standard input may be a file: "- <t.csv" */
	if (!strcmp(path, "-"))
		path = "/dev/stdin";
	d.what = g_strdup(what);
	d.path = g_strdup(path);
	d.id = identify(path);
	d.plain = (kind == FILE_INPUT || stream_fd(path) < 0) &&
		  (stat(path, &st) || S_ISREG(st.st_mode));
	ret = check_others(o, &d, err);
	if (!ret && kind != FILE_INPUT && stream_fd(path) < 0) {
		struct err why;

		ret = check_output(o, kind, path, &why);
		if (ret)
			err_set(err, ret, "%s %s", what, why.msg);
	}
	if (ret)
		declared_clear(&d);
	else
		g_array_append_val(o->files, d);
	return ret;
}

int outputs_declare_list(struct outputs *o, enum file_kind kind, const char *what, const char *list,
			 struct err *err)
{
	g_auto(GStrv) items = list ? g_strsplit(list, ",", -1) : NULL;
	int ret = 0;

	for (char **item = items; !ret && item && *item; item++)
		if (**item)
			ret = outputs_declare(o, kind, what, *item, err);
	return ret;
}

static const struct declared *find(const struct outputs *o, const char *path)
{
	for (guint i = 0; i < o->files->len; i++) {
		const struct declared *d = &g_array_index(o->files, struct declared, i);

		if (d->kind != FILE_INPUT && !strcmp(d->path, path))
			return d;
	}
	return NULL;
}

void outputs_wrote(const struct outputs *o, const char *path)
{
	g_ptr_array_add(o->written, g_strdup(path));
}

bool outputs_declared(const struct outputs *o, const char *path)
{
	return find(o, path) != NULL;
}

/* Writing */

static int failed(const char *path, const char *doing, int errnum, struct err *err)
{
	return err_set(err, errnum ? -errnum : -EIO, "%s: %s: %s", path ? path : "standard output",
		       doing, errnum ? g_strerror(errnum) : "write error");
}

static void forget(struct output *out)
{
	if (out->dir >= 0)
		close(out->dir);
	g_free(out->path);
	g_free(out->name);
	g_free(out->tmp);
	*out = (struct output){ .dir = -1 };
}

/* A name that no file in the folder should have. It does not contain the output's name,
 * which may have 255 bytes already. */
static char *random_name(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = (uint64_t)g_get_real_time() ^ (uint64_t)getpid() << 32;
	return g_strdup_printf(".reapsim-%016" PRIx64, r);
}

static char *fd_path(int fd)
{
	return g_strdup_printf("/proc/self/fd/%d", fd);
}

static void drop_name(struct output *out)
{
	if (out->tmp && out->temporary)
		out->temporary(out->dir, out->tmp, false);
	g_clear_pointer(&out->tmp, g_free);
}

/* Called before the file is created, so that no file exists that @temporary does not know. */
static void take_name(struct output *out)
{
	drop_name(out);
	out->tmp = random_name();
	if (out->temporary)
		out->temporary(out->dir, out->tmp, true);
}

static void remove_temporary(struct output *out)
{
	if (out->tmp)
		unlinkat(out->dir, out->tmp, 0);
	drop_name(out);
}

/* Create a temporary file in the folder, without a name if possible. Return: the
 * descriptor, or -1 with errno. */
static int open_temporary(struct output *out, bool named)
{
	int fd = -1;

	if (!named) {
		g_autofree char *link = NULL;

		fd = openat(out->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
		/* take_place() links it through /proc */
		link = fd_path(fd);
		if (fd >= 0 && !access(link, F_OK))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	do {
		take_name(out);
		fd = openat(out->dir, out->tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

/* Open a temporary file that will replace the output. Return: the descriptor, or -1 with
 * errno. */
static int open_replacement(struct output *out, bool named)
{
	struct stat st;
	int fd;

	out->dir = open_folder(out->path, &out->name);
	if (out->dir < 0)
		return -1;
	fd = open_temporary(out, named);
	if (fd >= 0 && !fstatat(out->dir, out->name, &st, 0) && fchmod(fd, st.st_mode & 0777)) {
		/* ignore: not every file system has modes */
	}
	return fd;
}

int output_open_null(struct output *out, struct err *err)
{
	*out = (struct output){ .dir = -1, .path = g_strdup("/dev/null") };
	out->f = fopen(out->path, "wb");
	if (!out->f)
		return failed(out->path, "cannot write", errno, err);
	return 0;
}

int output_open(struct output *out, const struct outputs *o, const char *path, struct err *err)
{
	const struct declared *d;
	struct stat st;
	int fd, ret;

	*out = (struct output){ .f = stdout, .dir = -1 };
	if (!path || !strcmp(path, "-"))
		return 0;
	d = find(o, path);
	if (!d)
		return err_set(err, -ENOTSUP, "%s: written but not declared", path);
	out->path = g_strdup(path);
	out->kind = d->kind;
	out->force = o->force;
	out->temporary = o->temporary;
	out->written = o->written;
	if (stream_fd(path) >= 0)
		fd = fcntl(stream_fd(path), F_DUPFD_CLOEXEC, 0);
	else if (!stat(path, &st) && !S_ISREG(st.st_mode))
		fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		fd = open_replacement(out, o->named);
	out->f = fd < 0 ? NULL : fdopen(fd, "wb");
	if (out->f)
		return 0;
	ret = failed(path, "cannot write", errno, err);
	if (fd >= 0)
		close(fd);
	remove_temporary(out);
	forget(out);
	return ret;
}

/* Rename the finished file to the output's name. Return: 0, or -1 with errno. */
static int take_place(struct output *out, int fd)
{
	g_autofree char *link = fd_path(fd);

	while (!out->tmp) {
		take_name(out);
		if (!linkat(AT_FDCWD, link, out->dir, out->tmp, AT_SYMLINK_FOLLOW))
			break;
		drop_name(out);
		if (errno != EEXIST)
			return -1;
	}
	if (renameat(out->dir, out->tmp, out->dir, out->name))
		return -1;
	drop_name(out);
	return 0;
}

/* Check again, as the output may have been created since outputs_declare(), and rename. */
static int commit(struct output *out, enum output_end end, struct err *err)
{
	struct stat st;
	int ret = 0;

	if (!fstatat(out->dir, out->name, &st, 0)) {
		if (end == OUTPUT_PART && st.st_size)
			return 1;
		ret = may_replace(out->kind, out->force, out->dir, out->name, out->path, &st, err);
	}
	if (!ret && take_place(out, fileno(out->f)))
		ret = failed(out->path, "cannot rename the finished file", errno, err);
	return ret;
}

/* Return: 0, or -1 with errno. The errno of an earlier failed write is lost, so write once
 * more to get it again: a byte to the temporary file, none to standard output, which is
 * enough for /dev/full. */
static int flush(struct output *out)
{
	errno = 0;
	if (!fflush(out->f) && !ferror(out->f))
		return 0;
	if (!errno && write(fileno(out->f), "", out->dir >= 0) >= 0)
		errno = 0;
	return -1;
}

int output_close(struct output *out, enum output_end end, struct err *err)
{
	int ret = 0;

	if (flush(out))
		ret = failed(out->path, "cannot write", errno, err);
	/* fsync() may be the first to report a full disk */
	if (!ret && out->dir >= 0 && end != OUTPUT_FAILED && fsync(fileno(out->f)))
		ret = failed(out->path, "cannot write", errno, err);
	if (!ret && out->dir >= 0 && end != OUTPUT_FAILED)
		ret = commit(out, end, err);
	if (out->path && fclose(out->f) && !ret && out->dir < 0)
		ret = failed(out->path, "cannot write", errno, err);
	/* what a sweep puts in place is its own; it says which file has its rows */
	if (!ret && end != OUTPUT_FAILED && out->written && out->kind != FILE_RESUMED &&
	    out->kind != FILE_SWEEP)
		g_ptr_array_add(out->written, g_strdup(out->path));
	remove_temporary(out);
	forget(out);
	return end == OUTPUT_FAILED ? 0 : ret;
}
