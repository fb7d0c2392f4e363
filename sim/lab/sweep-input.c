// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inputs of a sweep, kept in memory from the first read on. A trace is hashed and then read;
 * inode, size and times show that both saw the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/lab/config.h"
#include "sim/lab/sweep-journal.h"
#include "sim/lab/sweep-parts.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

/* struct sweep_source - the trace of some consecutive runs. A generated trace exists only
 * while runs need it. */
struct sweep_source {
	GMutex lock;
	struct trace *t;
	struct stat st; /* status of the trace file when it was hashed */
	int ret;	/* result of the generator */
	struct err err;
	uint64_t left;	   /* unfinished runs */
	GHashTable *peaks; /* machine, as a string -> struct peak */
};

/* struct peak - sim_config_peak() of a trace on a machine, computed on first use */
struct peak {
	GMutex lock;
	bool known;
	int64_t pages;
	struct err err;
};

static char *resolve_path(const struct sweep *sw, const char *path)
{
	return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(sw->dir, path, NULL);
}

int sweep_declare(const struct sweep *sw, struct outputs *files, const char *what, const char *path,
		  bool restart, struct err *err)
{
	const struct {
		const struct axis *x;
		const char *what;
	} inputs[] = {
		{ axes_find(&sw->axes, "sweep", "trace"), "trace" },
		{ axes_find(&sw->axes, "machine", "file"), "machine file" },
	};
	int ret = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
		for (guint v = 0; inputs[i].x && v < inputs[i].x->values->len && !ret; v++) {
			g_autofree char *file = resolve_path(sw, inputs[i].x->values->pdata[v]);

			ret = outputs_declare(files, FILE_INPUT, inputs[i].what, file, err);
		}
	}
	return ret ? ret : sweep_journal_declare(files, what, path, restart, err);
}

/* Machine files */

static void file_free(gpointer data)
{
	struct sweep_file *f = data;

	keyfile_clear(&f->keys);
	g_free(f->text);
	g_free(f);
}

const struct sweep_file *sweep_file(struct sweep *sw, const char *value, struct err *err)
{
	struct sweep_file *f;
	g_autofree char *path = NULL;

	if (!sw->files)
		sw->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, file_free);
	f = g_hash_table_lookup(sw->files, value);
	if (f)
		return f;
	path = resolve_path(sw, value);
	f = g_new0(struct sweep_file, 1);
	if (keyfile_read(path, &f->text, &f->len, err)) {
		g_free(f);
		return NULL;
	}
	if (keyfile_parse(&f->keys, path, f->text, f->len, err)) {
		g_free(f->text);
		g_free(f);
		return NULL;
	}
	g_hash_table_insert(sw->files, g_strdup(value), f);
	return f;
}

const struct sweep_file *sweep_kept_file(const struct sweep *sw, const char *value)
{
	return g_hash_table_lookup(sw->files, value);
}

/* The digest */

static void hash_bytes(GChecksum *sum, const void *bytes, size_t len)
{
	const guint64 size = len;

	g_checksum_update(sum, (const guchar *)&size, sizeof(size));
	g_checksum_update(sum, bytes, (gssize)len);
}

/* Like hash_bytes(), of the contents of a file; @st: its status. */
static int hash_file(GChecksum *sum, const char *path, struct stat *st, struct err *err)
{
	const size_t size = 1 << 20;
	g_autofree guchar *buf = g_malloc(size);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	guint64 len, done = 0;
	ssize_t n = 0;

	if (fd < 0)
		return err_set(err, -EINVAL, "%s: %s", path, g_strerror(errno));
	if (fstat(fd, st) || !S_ISREG(st->st_mode)) {
		close(fd);
		return err_set(err, -EINVAL, "%s: expected a regular file", path);
	}
	len = (guint64)st->st_size;
	g_checksum_update(sum, (const guchar *)&len, sizeof(len));
	while ((n = read(fd, buf, size)) > 0) {
		g_checksum_update(sum, buf, n);
		done += (guint64)n;
	}
	if (n < 0)
		err_set(err, -EIO, "%s: %s", path, g_strerror(errno));
	else if (done != len)
		n = err_set(err, -EIO, "%s: changed while it was read", path);
	close(fd);
	return n < 0 ? -EIO : 0;
}

static int check_unchanged(const char *path, const struct stat *was, struct err *err)
{
	struct stat st;

	if (!stat(path, &st) && st.st_dev == was->st_dev && st.st_ino == was->st_ino &&
	    st.st_size == was->st_size && st.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == was->st_mtim.tv_nsec &&
	    st.st_ctim.tv_sec == was->st_ctim.tv_sec && st.st_ctim.tv_nsec == was->st_ctim.tv_nsec)
		return 0;
	return err_set(err, -EIO, "%s: changed while it was read", path);
}

static int hash_value(struct sweep *sw, GChecksum *sum, const struct axis *x, guint i,
		      struct err *err)
{
	const char *value = x->values->pdata[i];
	const struct sweep_file *file;

	g_checksum_update(sum, (const guchar *)value, -1);
	g_checksum_update(sum, (const guchar *)"", 1);
	if (is_axis(x, "machine", "file")) {
		file = sweep_file(sw, value, err);
		if (!file)
			return -EINVAL;
		hash_bytes(sum, file->text, file->len);
	} else if (is_axis(x, "sweep", "trace")) {
		g_autofree char *path = resolve_path(sw, value);

		/* the trace varies slowest: its values are the sources */
		return hash_file(sum, path, &sw->sources[i].st, err);
	}
	return 0;
}

static int digest(struct sweep *sw, struct err *err)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	int ret = 0;

	g_checksum_update(sum, (const guchar *)sw->header, -1);
	for (guint i = 0; i < sw->order->len && !ret; i++) {
		const struct axis *x = sw->order->pdata[i];

		for (guint v = 0; v < x->values->len && !ret; v++) {
			struct err why;

			ret = hash_value(sw, sum, x, v, &why);
			if (ret)
				err_at(err, ret, sw->axes.path, x->line, "%s", why.msg);
		}
		g_checksum_update(sum, (const guchar *)"", 1);
	}
	g_strlcpy(sw->digest, g_checksum_get_string(sum), sizeof(sw->digest));
	g_checksum_free(sum);
	return ret;
}

int sweep_program_digest(char out[SWEEP_DIGEST], struct err *err)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	struct stat st;
	int ret = hash_file(sum, "/proc/self/exe", &st, err);

	g_strlcpy(out, g_checksum_get_string(sum), SWEEP_DIGEST);
	g_checksum_free(sum);
	return ret;
}

static void peak_free(gpointer data)
{
	struct peak *p = data;

	g_mutex_clear(&p->lock);
	g_free(p);
}

/* Loads trace files now: an invalid one is an error of the user, not of a run. */
int sweep_read_inputs(struct sweep *sw, struct err *err)
{
	const struct axis *x = axes_find(&sw->axes, "sweep", "trace");
	int ret;

	sw->header = sweep_header(sw);
	for (const char *c = sw->header; *c; c++)
		sw->nr_results += *c == ',';
	/* without the columns "sweep", "run", "status" and "limit_pages" */
	sw->nr_results -= sw->order->len + 3;
	sw->sources = g_new0(struct sweep_source, sw->nr_sources);
	for (uint64_t i = 0; i < sw->nr_sources; i++) {
		g_mutex_init(&sw->sources[i].lock);
		sw->sources[i].peaks =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, peak_free);
	}
	ret = digest(sw, err);
	for (uint64_t i = 0; x && i < sw->nr_sources && !ret; i++) {
		struct sweep_source *src = &sw->sources[i];
		g_autofree char *path = resolve_path(sw, x->values->pdata[i]);

		ret = trace_load(path, NULL, &src->t, err);
		if (!ret)
			ret = check_unchanged(path, &src->st, err);
	}
	return ret;
}

void sweep_free_inputs(struct sweep *sw)
{
	for (uint64_t i = 0; sw->sources && i < sw->nr_sources; i++) {
		g_mutex_clear(&sw->sources[i].lock);
		g_hash_table_unref(sw->sources[i].peaks);
		if (sw->sources[i].t)
			trace_free(sw->sources[i].t);
	}
	g_free(sw->sources);
	if (sw->files)
		g_hash_table_unref(sw->files);
}

/* The trace of a run */

static struct sweep_source *source_of(const struct sweep *sw, uint64_t run)
{
	return &sw->sources[run / sw->runs_a_trace];
}

void sweep_begin_traces(struct sweep *sw)
{
	for (uint64_t i = 0; i < sw->nr_sources; i++)
		sw->sources[i].left = sw->runs_a_trace;
}

static int generate(const struct sweep *sw, uint64_t run, struct sweep_source *src)
{
	g_autoptr(GPtrArray) kv = g_ptr_array_new_with_free_func(g_free);
	struct gen_args args;
	int ret;

	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];

		if (in_group(x, "generator"))
			g_ptr_array_add(kv,
					g_strconcat(x->key, "=", sweep_value(sw, run, i), NULL));
	}
	ret = gen_args_parse(&args, sw->gen, (char *const *)kv->pdata, kv->len, &src->err);
	return ret ? ret : gen_run(sw->gen, &args, &src->t, &src->err);
}

const struct trace *sweep_get_trace(const struct sweep *sw, uint64_t run, int *ret, struct err *err)
{
	struct sweep_source *src = source_of(sw, run);

	g_mutex_lock(&src->lock);
	if (!src->t && !src->ret)
		src->ret = generate(sw, run, src);
	g_mutex_unlock(&src->lock);
	*ret = src->ret;
	if (src->ret)
		*err = src->err;
	return src->t;
}

void sweep_put_trace(const struct sweep *sw, uint64_t run)
{
	struct sweep_source *src = source_of(sw, run);

	g_mutex_lock(&src->lock);
	if (--src->left == 0 && sw->gen && src->t) {
		trace_free(src->t);
		src->t = NULL;
	}
	g_mutex_unlock(&src->lock);
}

int64_t sweep_peak(const struct sweep *sw, uint64_t run, const struct trace *t,
		   const struct sim_config *cfg, const struct lab_hooks *h, struct err *err)
{
	struct sweep_source *src = source_of(sw, run);
	g_autoptr(GString) key = g_string_new(NULL);
	struct peak *p;

	g_string_printf(key, "%s %s", cfg->kernel->name, cfg->lru->name);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];

		if (in_group(x, "machine") && strcmp(x->key, "memory_pages") &&
		    strcmp(x->key, "memcg_pages"))
			g_string_append_printf(key, " %s=%s", x->key, sweep_value(sw, run, i));
	}
	g_mutex_lock(&src->lock);
	p = g_hash_table_lookup(src->peaks, key->str);
	if (!p) {
		p = g_new0(struct peak, 1);
		g_mutex_init(&p->lock);
		g_hash_table_insert(src->peaks, g_strdup(key->str), p);
	}
	g_mutex_unlock(&src->lock);
	g_mutex_lock(&p->lock);
	if (!p->known) {
		p->pages = sim_config_peak(cfg, t, h, &p->err);
		p->known = true;
	}
	g_mutex_unlock(&p->lock);
	if (p->pages < 0)
		*err = p->err;
	return p->pages;
}
