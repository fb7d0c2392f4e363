// SPDX-License-Identifier: GPL-2.0-only
/*
 * Traces in memory: builder, iterator and checker.
 *
 * The checker keeps the address space of every process as a sorted array of
 * spans. Its work per operation is a binary search at worst and one compare
 * in the common case, never a loop over pages, so that a trace of any length
 * can be checked each time it is opened, and the replay need not check at all.
 */
#include "sim/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct op_rec) == 8, "the binary trace is made of these");
_Static_assert(NR_OPS <= 32, "the code has 5 bits");
_Static_assert(OP_PID_MAX <= INT32_MAX, "process ids are used as hash keys");
#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "binary traces are mmapped and little-endian"
#endif

/* /proc/sys/vm/max_map_count of a stock kernel: more would fail there too. */
#define SPANS_MAX 65530u
/* Of all live processes together: keeps a hostile trace under 2 GB here. */
#define ALL_SPANS_MAX (1u << 26)
/* A GArray counts its elements in 32 bits and doubles. */
#define BUILD_RECS_MAX ((1u << 31) - 8)

#define NAME_BYTES_MAX	255
#define KEY_BYTES_MAX	64
#define VALUE_BYTES_MAX 4096

/* Names and values */

static bool printable(const char *s, size_t max)
{
	size_t n = 0;

	for (; s[n]; n++)
		if ((unsigned char)s[n] < 0x20 || s[n] == 0x7f || n >= max)
			return false;
	return true;
}

static bool word(const char *s, const char *extra)
{
	size_t n = 0;

	for (; s[n]; n++)
		if (n >= KEY_BYTES_MAX || (!g_ascii_isalnum(s[n]) && !strchr(extra, s[n])))
			return false;
	return n > 0;
}

bool trace_file_name_ok(const char *name)
{
	return name[0] && printable(name, NAME_BYTES_MAX);
}

bool trace_mark_name_ok(const char *name)
{
	return word(name, "_.:-");
}

bool trace_key_ok(const char *key)
{
	return word(key, "_.-");
}

bool trace_value_ok(const char *value)
{
	return printable(value, VALUE_BYTES_MAX);
}

/* The container */

static void free_kvs(struct trace_kv *kv, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++) {
		g_free(kv[i].key);
		g_free(kv[i].value);
	}
	g_free(kv);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->nr_files; i++)
		g_free(t->files[i].name);
	g_free(t->files);
	for (uint32_t i = 0; i < t->nr_names; i++)
		g_free(t->names[i]);
	g_free(t->names);
	free_kvs(t->machine, t->nr_machine);
	free_kvs(t->notes, t->nr_notes);
	if (t->rec_array)
		g_array_free(t->rec_array, TRUE);
	if (t->mapped)
		g_mapped_file_unref(t->mapped);
	g_free(t->path);
	g_free(t);
}

/* The iterator */

void trace_iter_init(struct trace_iter *it, const struct trace *t)
{
	*it = (struct trace_iter){ .t = t };
}

static bool needs_pid(enum op_code code)
{
	return (code >= OP_SPAWN && code <= OP_WRITE) || code == OP_FORK_FAIL ||
	       code == OP_CLEAR_REFS;
}

static const char *decode_map(const struct trace_iter *it, uint32_t x, uint32_t arg,
			      struct op_rec ext, struct op *op)
{
	op->flags = op_rec_x(ext);
	if (op->flags & ~(uint32_t)VM_FLAGS_ALL)
		return "unknown map flags before a map";
	if (op->flags & VM_ANON) {
		if (ext.arg)
			return "an anonymous map with a file offset";
	} else {
		if (!it->has_file)
			return "a file map before any file was chosen";
		op->file = it->file;
	}
	op->at = arg;
	op->pages = x;
	op->pgoff = ext.arg;
	return NULL;
}

/* Return: NULL, or what is wrong with the record. */
static const char *decode(const struct trace_iter *it, struct op_rec r, const struct op_rec *ext,
			  struct op *op)
{
	enum op_code code = op_rec_code(r);
	uint32_t x = op_rec_x(r);

	*op = (struct op){ .code = code };
	if (needs_pid(code)) {
		if (!it->has_pid)
			return "an operation before any process was chosen";
		op->pid = it->pid;
	}
	if (code >= OP_MAP && code <= OP_WRITE && code != OP_TOUCH && x > OP_PAGES_MAX)
		return "a range longer than 2^26 - 1 pages";

	switch (code) {
	case OP_TOUCH:
		op->at = r.arg;
		op->pages = x >> 1;
		op->write = x & 1;
		op->stride = 1;
		if (ext) {
			if (op_rec_x(*ext) || !ext->arg)
				return "a bad stride before a touch";
			op->stride = ext->arg;
		}
		return NULL;
	case OP_READ:
	case OP_WRITE:
		if (!it->has_file)
			return "a read or write before any file was chosen";
		op->file = it->file;
		op->at = r.arg;
		op->pages = x;
		break;
	case OP_MAP:
		if (!ext)
			return "a map without its flags record";
		return decode_map(it, x, r.arg, *ext, op);
	case OP_UNMAP:
		op->at = r.arg;
		op->pages = x;
		break;
	case OP_ADVISE:
		if (!ext)
			return "an advise without its advice record";
		op->flags = op_rec_x(*ext);
		if (ext->arg ||
		    (op->flags && op->flags != VM_RAND_READ && op->flags != VM_SEQ_READ))
			return "an unknown advice";
		op->at = r.arg;
		op->pages = x;
		return NULL;
	case OP_SPAWN:
		op->cpu = x;
		if (r.arg)
			return "an unused field that is not 0";
		break;
	case OP_FORK:
		op->cpu = x;
		op->child = r.arg;
		if (r.arg > OP_PID_MAX)
			return "a process id beyond 2^27 - 1";
		break;
	case OP_MRELEASE:
		op->flags = x;
		if (r.arg || x & ~(uint32_t)MRELEASE_FLAGS_ALL)
			return "unknown process_mrelease flags";
		break;
	case OP_ADVANCE:
		op->ns = (uint64_t)x << 32 | r.arg;
		break;
	case OP_MARK:
		op->name = r.arg;
		if (x || r.arg >= it->t->nr_names)
			return "a mark beyond the table of names";
		break;
	case OP_EXEC:
	case OP_EXIT:
	case OP_KILL:
	case OP_OOM:
	case OP_OPTIN:
	case OP_FORK_FAIL:
	case OP_CLEAR_REFS:
	case OP_DROP_CACHES:
	case OP_DRAIN:
		if (x || r.arg)
			return "an unused field that is not 0";
		break;
	default:
		return "an unknown operation";
	}
	return ext ? "an extension record before an operation that takes none" : NULL;
}

int trace_iter_next(struct trace_iter *it, struct op *op, struct err *err)
{
	const struct trace *t = it->t;
	const char *wrong = NULL;
	struct op_rec ext = { 0 };
	bool has_ext = false;

	while (it->next < t->nr_recs) {
		struct op_rec r = t->recs[it->next];
		uint32_t x = op_rec_x(r);
		enum op_code code = op_rec_code(r);

		it->at = it->next++;
		if (code > REC_EXT || code == OP_NONE) {
			wrong = decode(it, r, has_ext ? &ext : NULL, op);
			if (!wrong)
				return 1;
		} else if (has_ext) {
			wrong = "an extension record that no operation follows";
		} else if (code == REC_PID) {
			it->pid = x;
			it->has_pid = true;
			if (r.arg)
				wrong = "an unused field that is not 0";
		} else if (code == REC_FILE) {
			it->file = r.arg;
			it->has_file = true;
			if (x || r.arg >= t->nr_files)
				wrong = "a file beyond the table of files";
		} else {
			ext = r;
			has_ext = true;
		}
		if (wrong)
			return err_at(err, -EINVAL, t->path, 0,
				      "record %" PRIu64 " (0x%08" PRIx32 " 0x%08" PRIx32 "): %s",
				      it->at, r.head, r.arg, wrong);
	}
	if (has_ext)
		return err_at(err, -EINVAL, t->path, 0,
			      "record %" PRIu64 ": the trace ends in an extension record", it->at);
	return 0;
}

/* The checker */

struct span {
	uint32_t first, last; /* inclusive: 2^32 pages fit in 32 bits */
	uint32_t file, pgoff; /* 0 if anonymous */
	uint32_t flags;	      /* vm_flags that make two spans differ */
};

#define SPAN_FLAGS (VM_READ | VM_WRITE | VM_EXEC | VM_SHARED | VM_ANON)

/* An address space; fork shares it until one side changes its mappings. */
struct space {
	uint32_t refs;
	uint32_t hint; /* span found last */
	GArray *spans; /* struct span, sorted, disjoint */
};

struct proc {
	struct space *space; /* NULL: dead */
};

struct check {
	const struct trace *t;
	const uint32_t *line_of;
	struct err *err;
	uint64_t ordinal;
	GHashTable *procs; /* pid -> struct proc; the dead stay, for messages */
	struct proc *cur;
	uint32_t cur_pid;
	uint64_t nr_live;
	uint64_t nr_spans;
	struct trace_stats *stats;
	uint64_t *touched, *fd; /* bit per file page, for the stats */
};

static int fail(const struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(const struct check *c, const char *fmt, ...)
{
	char msg[sizeof(c->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (c->line_of)
		return err_at(c->err, -EINVAL, c->t->path, c->line_of[c->ordinal], "%s", msg);
	return err_at(c->err, -EINVAL, c->t->path, 0, "operation %" PRIu64 ": %s", c->ordinal, msg);
}

static struct span *span_at(const struct space *s, uint32_t i)
{
	return &g_array_index(s->spans, struct span, i);
}

static struct space *space_new(GArray *spans)
{
	struct space *s = g_new0(struct space, 1);

	s->refs = 1;
	s->spans = spans ? spans : g_array_new(FALSE, FALSE, sizeof(struct span));
	return s;
}

static void space_put(struct check *c, struct space *s)
{
	c->nr_spans -= s->spans->len;
	if (--s->refs)
		return;
	g_array_free(s->spans, TRUE);
	g_free(s);
}

/* The space of @p, made its own so that it can be changed. */
static struct space *space_own(struct proc *p)
{
	struct space *s = p->space;

	if (s->refs > 1) {
		s->refs--;
		p->space = space_new(g_array_copy(s->spans));
	}
	return p->space;
}

/* after the spans of process @pid were @before: both limits */
static int check_spans(struct check *c, uint32_t pid, const struct space *s, uint32_t before)
{
	c->nr_spans += (uint64_t)s->spans->len - before;
	if (s->spans->len > SPANS_MAX)
		return fail(c, "process %" PRIu32 " has %u mappings, expected at most %u", pid,
			    s->spans->len, SPANS_MAX);
	if (c->nr_spans > ALL_SPANS_MAX)
		return fail(c, "%" PRIu64 " mappings in all processes, expected at most %u",
			    c->nr_spans, ALL_SPANS_MAX);
	return 0;
}

/* Index of the first span that ends at or after @page; the length if none. */
static uint32_t space_find(struct space *s, uint32_t page)
{
	uint32_t lo = 0, hi = s->spans->len;

	if (s->hint < hi) {
		const struct span *h = span_at(s, s->hint);

		if (h->first <= page && page <= h->last)
			return s->hint;
	}
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (span_at(s, mid)->last < page)
			lo = mid + 1;
		else
			hi = mid;
	}
	s->hint = lo;
	return lo;
}

static void span_trim_front(struct span *v, uint32_t first)
{
	if (!(v->flags & VM_ANON))
		v->pgoff += first - v->first;
	v->first = first;
}

/* Unmap first..last. Return: the index where a span in that range belongs. */
static uint32_t space_cut(struct space *s, uint32_t first, uint32_t last)
{
	uint32_t i = space_find(s, first);
	uint32_t end;

	if (i < s->spans->len && span_at(s, i)->first < first) {
		if (span_at(s, i)->last > last) {
			struct span right = *span_at(s, i);

			span_trim_front(&right, last + 1);
			g_array_insert_val(s->spans, i + 1, right);
		}
		span_at(s, i)->last = first - 1;
		i++;
	}
	for (end = i; end < s->spans->len && span_at(s, end)->last <= last; end++)
		;
	if (end > i)
		g_array_remove_range(s->spans, i, end - i);
	if (i < s->spans->len && span_at(s, i)->first <= last)
		span_trim_front(span_at(s, i), last + 1);
	return i;
}

static bool span_follows(const struct span *a, const struct span *b)
{
	if (a->last == UINT32_MAX || a->last + 1 != b->first || a->flags != b->flags ||
	    a->file != b->file)
		return false;
	return a->flags & VM_ANON || (uint64_t)a->pgoff + (a->last - a->first) + 1 == b->pgoff;
}

/* Spans that continue each other become one, as the kernel merges VMAs. */
static void space_insert(struct space *s, struct span v)
{
	uint32_t i = space_cut(s, v.first, v.last);

	if (i && span_follows(span_at(s, i - 1), &v)) {
		i--;
		span_at(s, i)->last = v.last;
	} else {
		g_array_insert_val(s->spans, i, v);
	}
	if (i + 1 < s->spans->len && span_follows(span_at(s, i), span_at(s, i + 1))) {
		span_at(s, i)->last = span_at(s, i + 1)->last;
		g_array_remove_index(s->spans, i + 1);
	}
	s->hint = i;
}

static struct proc *proc_find(const struct check *c, uint32_t pid)
{
	return g_hash_table_lookup(c->procs, GUINT_TO_POINTER(pid));
}

static int proc_start(struct check *c, const char *what, uint32_t pid, uint32_t cpu,
		      struct space *space)
{
	struct proc *p = proc_find(c, pid);

	c->nr_spans += space->spans->len;
	if (cpu > TRACE_CPU_MAX) {
		space_put(c, space);
		return fail(c, "%s on cpu %" PRIu32 ", expected 0..%u", what, cpu, TRACE_CPU_MAX);
	}
	if (p && p->space) {
		space_put(c, space);
		return fail(c, "%s of process %" PRIu32 ", which exists, expected an unused id",
			    what, pid);
	}
	if (!p) {
		p = g_new0(struct proc, 1);
		g_hash_table_insert(c->procs, GUINT_TO_POINTER(pid), p);
	}
	p->space = space;
	c->nr_live++;
	if (c->stats) {
		c->stats->nr_procs++;
		c->stats->max_live_procs = MAX(c->stats->max_live_procs, c->nr_live);
	}
	return check_spans(c, pid, space, space->spans->len);
}

static int check_alive(struct check *c, uint32_t pid)
{
	if (!c->cur || c->cur_pid != pid) {
		c->cur = proc_find(c, pid);
		c->cur_pid = pid;
	}
	if (G_LIKELY(c->cur && c->cur->space))
		return 0;
	if (c->cur)
		return fail(c, "process %" PRIu32 " is dead, expected a living one", pid);
	return fail(c, "unknown process %" PRIu32 ", expected one that was spawned or forked", pid);
}

static int check_pages(const struct check *c, const char *what, uint32_t at, uint32_t pages)
{
	if (!pages)
		return fail(c, "%s of 0 pages at 0x%" PRIx32 ", expected at least 1", what, at);
	if (UINT32_MAX - at < pages - 1)
		return fail(c, "%s of %" PRIu32 " pages at 0x%" PRIx32 " passes the last page 0x%x",
			    what, pages, at, UINT32_MAX);
	return 0;
}

static int check_in_file(const struct check *c, const char *what, uint32_t file, uint32_t off,
			 uint32_t pages)
{
	const struct trace_file *f = &c->t->files[file];

	if (!pages)
		return fail(c, "%s of 0 pages at offset %" PRIu32 ", expected at least 1", what,
			    off);
	if (off >= f->pages || f->pages - off < pages)
		return fail(c,
			    "%s of pages %" PRIu32 "..%" PRIu64 ", beyond file \"%s\" of %" PRIu32
			    " pages",
			    what, off, (uint64_t)off + pages - 1, f->name, f->pages);
	return 0;
}

static void set_bits(uint64_t *map, uint64_t from, uint64_t nr, uint64_t stride)
{
	if (stride == 1)
		for (; nr >= 64 && !(from & 63); nr -= 64, from += 64)
			map[from >> 6] = UINT64_MAX;
	for (; nr; nr--, from += stride) {
		map[from >> 6] |= 1ull << (from & 63);
		if (stride == 1 && nr > 64 && (from & 63) == 63) {
			set_bits(map, from + 1, nr - 1, 1);
			return;
		}
	}
}

static int check_touch(struct check *c, const struct op *op)
{
	struct space *s = c->cur->space;
	uint32_t need = op->write ? VM_WRITE : VM_READ | VM_EXEC;
	uint64_t page = op->at, left = op->pages;

	if (!left)
		return fail(c, "touch of 0 pages at 0x%" PRIx32 ", expected at least 1", op->at);
	if ((left - 1) * op->stride > UINT32_MAX - page)
		return fail(c,
			    "touch of %" PRIu32 " pages at 0x%" PRIx32 ", stride %" PRIu32
			    ", passes the last page 0x%x",
			    op->pages, op->at, op->stride, UINT32_MAX);
	while (left) {
		uint32_t i = space_find(s, (uint32_t)page);
		const struct span *v = i < s->spans->len ? span_at(s, i) : NULL;
		uint64_t here;

		if (G_UNLIKELY(!v || v->first > page))
			return fail(c,
				    "touch of page 0x%" PRIx64 ", which process %" PRIu32
				    " has not mapped",
				    page, op->pid);
		if (G_UNLIKELY(!(v->flags & need)))
			return fail(c,
				    "%s touch of page 0x%" PRIx64 ", mapped %c%c%c%c by process "
				    "%" PRIu32 ", expected %s",
				    op->write ? "write" : "read", page,
				    v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
				    v->flags & VM_EXEC ? 'x' : '-',
				    v->flags & VM_SHARED ? 's' : 'p', op->pid,
				    op->write ? "w" : "r or x");
		here = MIN((v->last - page) / op->stride + 1, left);
		if (c->stats) {
			c->stats->nr_touches += here;
			if (!(v->flags & VM_ANON)) {
				c->stats->nr_file_touches += here;
				set_bits(c->touched,
					 (uint64_t)c->t->files[v->file].first + v->pgoff +
						 (page - v->first),
					 here, op->stride);
			}
		}
		left -= here;
		page += here * op->stride;
	}
	return 0;
}

static int check_map(struct check *c, const struct op *op)
{
	uint32_t flags = op->flags;
	struct space *s;
	uint32_t before;
	int ret = check_pages(c, "map", op->at, op->pages);

	if (ret)
		return ret;
	if ((flags & VM_RAND_READ) && (flags & VM_SEQ_READ))
		return fail(c, "map with both random and sequential advice, expected one");
	if (flags & VM_ANON) {
		if (flags & VM_SHARED)
			return fail(c,
				    "shared anonymous map at 0x%" PRIx32
				    ", expected a map of a shmem file",
				    op->at);
		if (flags & VM_NOREUSE)
			return fail(c,
				    "anonymous map with noreuse at 0x%" PRIx32
				    ", which is for files",
				    op->at);
	}
	if ((flags & VM_READONLY) && (flags & (VM_ANON | VM_SHARED | VM_WRITE)) != VM_SHARED)
		return fail(c,
			    "map with readonly at 0x%" PRIx32
			    ", which is for shared mappings without w",
			    op->at);
	if (!(flags & VM_ANON)) {
		ret = check_in_file(c, "map", op->file, op->pgoff, op->pages);
		if (ret)
			return ret;
	}
	s = space_own(c->cur);
	before = s->spans->len;
	space_insert(s, (struct span){
				.first = op->at,
				.last = op->at + (op->pages - 1),
				.file = op->file,
				.pgoff = op->pgoff,
				.flags = flags & SPAN_FLAGS,
			});
	return check_spans(c, op->pid, s, before);
}

static int check_unmap(struct check *c, const struct op *op)
{
	int ret = check_pages(c, "unmap", op->at, op->pages);
	struct space *s;
	uint32_t before;

	if (ret)
		return ret;
	s = space_own(c->cur);
	before = s->spans->len;
	space_cut(s, op->at, op->at + (op->pages - 1));
	return check_spans(c, op->pid, s, before);
}

static int check_advise(struct check *c, const struct op *op)
{
	struct space *s = c->cur->space;
	uint64_t page = op->at, end = page + op->pages;
	int ret = check_pages(c, "advise", op->at, op->pages);

	if (ret)
		return ret;
	for (uint32_t i = space_find(s, op->at); page < end; i++) {
		if (i >= s->spans->len || span_at(s, i)->first > page)
			return fail(c,
				    "advise for page 0x%" PRIx64 ", which process %" PRIu32
				    " has not mapped",
				    page, op->pid);
		page = (uint64_t)span_at(s, i)->last + 1;
	}
	return 0;
}

static int check_op(struct check *c, const struct op *op)
{
	int ret;

	if (op->code == OP_SPAWN)
		return proc_start(c, "spawn", op->pid, op->cpu, space_new(NULL));
	if (needs_pid(op->code)) {
		ret = check_alive(c, op->pid);
		if (ret)
			return ret;
	}
	switch (op->code) {
	case OP_READ:
	case OP_WRITE:
		ret = check_in_file(c, op->code == OP_READ ? "read" : "write", op->file, op->at,
				    op->pages);
		if (!ret && c->stats) {
			c->stats->nr_fd_pages += op->pages;
			set_bits(c->fd, (uint64_t)c->t->files[op->file].first + op->at, op->pages,
				 1);
		}
		return ret;
	case OP_TOUCH:
		return check_touch(c, op);
	case OP_FORK:
		c->cur->space->refs++;
		return proc_start(c, "fork", op->child, op->cpu, c->cur->space);
	case OP_EXEC:
		space_put(c, c->cur->space);
		c->cur->space = space_new(NULL);
		return 0;
	case OP_EXIT:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		space_put(c, c->cur->space);
		c->cur->space = NULL;
		c->nr_live--;
		return 0;
	case OP_MAP:
		return check_map(c, op);
	case OP_UNMAP:
		return check_unmap(c, op);
	case OP_ADVISE:
		return check_advise(c, op);
	case OP_ADVANCE:
		if (c->stats)
			c->stats->ns += op->ns;
		return 0;
	default:
		return 0;
	}
}

static int check_kvs(const struct trace *t, const char *what, const struct trace_kv *kv,
		     uint32_t nr, struct err *err)
{
	for (uint32_t i = 0; i < nr; i++) {
		if (!trace_key_ok(kv[i].key))
			return err_at(err, -EINVAL, t->path, 0,
				      "%s key \"%.80s\", expected 1 to 64 of A-Za-z0-9_.-", what,
				      kv[i].key);
		if (!trace_value_ok(kv[i].value))
			return err_at(err, -EINVAL, t->path, 0,
				      "value of %s \"%s\", expected at most %d bytes without "
				      "control characters",
				      what, kv[i].key, VALUE_BYTES_MAX);
	}
	return 0;
}

static int check_header(const struct trace *t, struct err *err)
{
	uint64_t first = 0;
	int ret;

	for (uint32_t i = 0; i < t->nr_files; i++) {
		const struct trace_file *f = &t->files[i];

		if (!trace_file_name_ok(f->name))
			return err_at(err, -EINVAL, t->path, 0,
				      "name of file %" PRIu32 ", expected 1 to %d bytes without "
				      "control characters",
				      i, NAME_BYTES_MAX);
		if (!f->pages || f->first != first)
			return err_at(err, -EINVAL, t->path, 0,
				      "file \"%s\" has %" PRIu32 " pages from slot %" PRIu32
				      ", expected at least 1 from %" PRIu64,
				      f->name, f->pages, f->first, first);
		first += f->pages;
		if (first >= TRACE_FILE_PAGES_MAX)
			return err_at(err, -EINVAL, t->path, 0,
				      "%" PRIu64 " file pages, expected less than %u", first,
				      TRACE_FILE_PAGES_MAX);
	}
	if (first != t->nr_file_pages)
		return err_at(err, -EINVAL, t->path, 0,
			      "%" PRIu64 " file pages, expected the sum of all files, %" PRIu64,
			      t->nr_file_pages, first);
	for (uint32_t i = 0; i < t->nr_names; i++)
		if (!trace_mark_name_ok(t->names[i]))
			return err_at(err, -EINVAL, t->path, 0,
				      "mark \"%.80s\", expected 1 to 64 of A-Za-z0-9_.:-",
				      t->names[i]);
	ret = check_kvs(t, "machine", t->machine, t->nr_machine, err);
	return ret ? ret : check_kvs(t, "note", t->notes, t->nr_notes, err);
}

static int check_run(struct check *c)
{
	struct trace_iter it;
	struct op op;
	int ret = check_header(c->t, c->err);

	if (ret)
		return ret;
	trace_iter_init(&it, c->t);
	while ((ret = trace_iter_next(&it, &op, c->err)) > 0) {
		ret = check_op(c, &op);
		if (ret)
			return ret;
		if (c->stats)
			c->stats->ops[op.code]++;
		c->ordinal++;
	}
	return ret;
}

static int check_all(struct check *c)
{
	GHashTableIter it;
	gpointer value;
	int ret;

	c->procs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	ret = check_run(c);
	g_hash_table_iter_init(&it, c->procs);
	while (g_hash_table_iter_next(&it, NULL, &value)) {
		struct proc *p = value;

		if (p->space)
			space_put(c, p->space);
	}
	g_hash_table_destroy(c->procs);
	return ret;
}

int trace_check(const struct trace *t, const uint32_t *line_of, struct err *err)
{
	struct check c = { .t = t, .line_of = line_of, .err = err };

	return check_all(&c);
}

int trace_stat(const struct trace *t, struct trace_stats *stats, struct err *err)
{
	struct check c = { .t = t, .err = err, .stats = stats };
	size_t words = (size_t)(t->nr_file_pages / 64 + 1);
	int ret;

	*stats = (struct trace_stats){ 0 };
	/* calloc() and not g_new0(): most pages of a sparse map stay unbacked */
	c.touched = calloc(words, sizeof(*c.touched));
	c.fd = calloc(words, sizeof(*c.fd));
	if (!c.touched || !c.fd) {
		ret = err_set(err, -ENOMEM, "no memory to count %" PRIu64 " file pages",
			      t->nr_file_pages);
		goto out;
	}
	ret = check_all(&c);
	if (ret)
		goto out;
	stats->nr_ops = c.ordinal;
	for (size_t i = 0; i < words; i++) {
		stats->file_pages_touched += (uint64_t)__builtin_popcountll(c.touched[i]);
		stats->file_pages_fd += (uint64_t)__builtin_popcountll(c.fd[i]);
		stats->file_pages_used += (uint64_t)__builtin_popcountll(c.touched[i] | c.fd[i]);
	}
out:
	free(c.touched);
	free(c.fd);
	return ret;
}

/* The builder. Growing tables live in the trace itself, doubled in place. */

static void *grow(void *table, uint32_t nr, size_t size)
{
	/* a table is full when its length is a power of two */
	if (nr & (nr - 1))
		return table;
	return g_realloc_n(table, nr ? (gsize)nr * 2 : 1, size);
}

void trace_build_init(struct trace_build *b, const char *path)
{
	*b = (struct trace_build){ .t = g_new0(struct trace, 1) };
	b->t->path = g_strdup(path ? path : "trace");
	b->t->rec_array = g_array_new(FALSE, FALSE, sizeof(struct op_rec));
	/* the keys are owned by the trace */
	b->file_ids = g_hash_table_new(g_str_hash, g_str_equal);
	b->name_ids = g_hash_table_new(g_str_hash, g_str_equal);
}

int trace_build_file(struct trace_build *b, const char *name, uint64_t pages, bool shmem,
		     uint32_t *id)
{
	struct trace *t = b->t;
	int64_t have = trace_build_find(b, name);
	struct trace_file *f;

	if (have >= 0) {
		f = &t->files[have];
		if (f->pages != pages || f->shmem != shmem)
			return -EEXIST;
		*id = (uint32_t)have;
		return 0;
	}
	if (!trace_file_name_ok(name) || !pages)
		return -EINVAL;
	if (pages >= TRACE_FILE_PAGES_MAX || t->nr_file_pages + pages >= TRACE_FILE_PAGES_MAX)
		return -E2BIG;
	t->files = grow(t->files, t->nr_files, sizeof(*t->files));
	f = &t->files[t->nr_files];
	*f = (struct trace_file){
		.name = g_strdup(name),
		.pages = (uint32_t)pages,
		.first = (uint32_t)t->nr_file_pages,
		.shmem = shmem,
	};
	t->nr_file_pages += pages;
	*id = t->nr_files++;
	g_hash_table_insert(b->file_ids, f->name, GUINT_TO_POINTER(*id + 1));
	return 0;
}

int64_t trace_build_find(const struct trace_build *b, const char *name)
{
	uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(b->file_ids, name));

	return id ? (int64_t)id - 1 : -ENOENT;
}

uint32_t trace_build_name(struct trace_build *b, const char *name)
{
	struct trace *t = b->t;
	uint32_t id = GPOINTER_TO_UINT(g_hash_table_lookup(b->name_ids, name));

	if (id)
		return id - 1;
	t->names = grow(t->names, t->nr_names, sizeof(*t->names));
	t->names[t->nr_names] = g_strdup(name);
	id = ++t->nr_names;
	g_hash_table_insert(b->name_ids, t->names[id - 1], GUINT_TO_POINTER(id));
	return id - 1;
}

static struct trace_kv *add_kv(struct trace_kv *kv, uint32_t *nr, const char *key, char *value,
			       uint32_t line)
{
	kv = grow(kv, *nr, sizeof(*kv));
	kv[(*nr)++] = (struct trace_kv){ .key = g_strdup(key), .value = value, .line = line };
	return kv;
}

void trace_build_machine(struct trace_build *b, const char *key, const char *value)
{
	b->t->machine = add_kv(b->t->machine, &b->t->nr_machine, key, g_strdup(value), b->line);
}

void trace_build_note(struct trace_build *b, const char *key, const char *value)
{
	char *v = g_strndup(value, VALUE_BYTES_MAX);

	for (char *p = v; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	b->t->notes = add_kv(b->t->notes, &b->t->nr_notes, key, v, b->line);
}

static int build_bad(const struct trace_build *b, struct err *err, const char *what, uint64_t value,
		     const char *expected)
{
	return err_at(err, -EINVAL, b->t->path, 0,
		      "operation %" PRIu64 ": %s %" PRIu64 ", expected %s", b->nr_ops, what, value,
		      expected);
}

static int build_fits(const struct trace_build *b, const struct op *op, struct err *err)
{
	if (needs_pid(op->code) && op->pid > OP_PID_MAX)
		return build_bad(b, err, "process", op->pid, "at most 134217727");
	if (op->code >= OP_MAP && op->code <= OP_WRITE && op->pages > OP_PAGES_MAX)
		return build_bad(b, err, "length", op->pages, "at most 67108863 pages");
	if (op->file >= b->t->nr_files && (op->code == OP_READ || op->code == OP_WRITE ||
					   (op->code == OP_MAP && !(op->flags & VM_ANON))))
		return build_bad(b, err, "file", op->file, "an index of the file table");
	switch (op->code) {
	case OP_SPAWN:
	case OP_FORK:
		if (op->cpu > TRACE_CPU_MAX)
			return build_bad(b, err, "cpu", op->cpu, "at most 8191");
		if (op->child > OP_PID_MAX)
			return build_bad(b, err, "process", op->child, "at most 134217727");
		return 0;
	case OP_MAP:
		if (op->flags & ~(uint32_t)VM_FLAGS_ALL)
			return build_bad(b, err, "map flags", op->flags, "known ones");
		if ((op->flags & VM_ANON) && op->pgoff)
			return build_bad(b, err, "offset of an anonymous map", op->pgoff, "0");
		return 0;
	case OP_ADVISE:
		if (op->flags && op->flags != VM_RAND_READ && op->flags != VM_SEQ_READ)
			return build_bad(b, err, "advice", op->flags,
					 "0, VM_RAND_READ or VM_SEQ_READ");
		return 0;
	case OP_MRELEASE:
		if (op->flags & ~(uint32_t)MRELEASE_FLAGS_ALL)
			return build_bad(b, err, "process_mrelease flags", op->flags, "known ones");
		return 0;
	case OP_TOUCH:
		if (!op->stride)
			return build_bad(b, err, "stride", 0, "at least 1");
		return 0;
	case OP_ADVANCE:
		if (op->ns >> (32 + REC_X_BITS))
			return build_bad(b, err, "time", op->ns, "less than 2^59 ns");
		return 0;
	case OP_MARK:
		if (op->name >= b->t->nr_names)
			return build_bad(b, err, "mark", op->name, "an index of the name table");
		return 0;
	default:
		if (op->code < OP_SPAWN || op->code >= NR_OPS)
			return build_bad(b, err, "operation code", op->code, "a known one");
		return 0;
	}
}

int trace_build_op(struct trace_build *b, const struct op *op, struct err *err)
{
	struct op_rec out[4];
	unsigned int n = 0;
	int ret = build_fits(b, op, err);

	if (ret)
		return ret;
	if (b->t->rec_array->len >= BUILD_RECS_MAX)
		return err_at(err, -EINVAL, b->t->path, 0, "more than %u records, expected fewer",
			      BUILD_RECS_MAX);
	if (needs_pid(op->code) && (!b->has_pid || b->pid != op->pid)) {
		out[n++] = op_rec(REC_PID, op->pid, 0);
		b->pid = op->pid;
		b->has_pid = true;
	}
	if ((op->code == OP_READ || op->code == OP_WRITE ||
	     (op->code == OP_MAP && !(op->flags & VM_ANON))) &&
	    (!b->has_file || b->file != op->file)) {
		out[n++] = op_rec(REC_FILE, 0, op->file);
		b->file = op->file;
		b->has_file = true;
	}
	switch (op->code) {
	case OP_SPAWN:
		out[n++] = op_rec(op->code, op->cpu, 0);
		break;
	case OP_FORK:
		out[n++] = op_rec(op->code, op->cpu, op->child);
		break;
	case OP_MRELEASE:
		out[n++] = op_rec(op->code, op->flags, 0);
		break;
	case OP_MAP:
		out[n++] = op_rec(REC_EXT, op->flags, op->pgoff);
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_ADVISE:
		out[n++] = op_rec(REC_EXT, op->flags, 0);
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_UNMAP:
	case OP_READ:
	case OP_WRITE:
		out[n++] = op_rec(op->code, op->pages, op->at);
		break;
	case OP_TOUCH:
		if (op->stride != 1)
			out[n++] = op_rec(REC_EXT, 0, op->stride);
		out[n++] = op_rec(op->code, op->pages << 1 | op->write, op->at);
		break;
	case OP_ADVANCE:
		out[n++] = op_rec(op->code, (uint32_t)(op->ns >> 32), (uint32_t)op->ns);
		break;
	case OP_MARK:
		out[n++] = op_rec(op->code, 0, op->name);
		break;
	default:
		out[n++] = op_rec(op->code, 0, 0);
		break;
	}
	g_array_append_vals(b->t->rec_array, out, n);
	b->nr_ops++;
	return 0;
}

static void build_clear(struct trace_build *b)
{
	g_hash_table_destroy(b->file_ids);
	g_hash_table_destroy(b->name_ids);
	*b = (struct trace_build){ 0 };
}

struct trace *trace_build_end(struct trace_build *b)
{
	struct trace *t = b->t;

	t->recs = (const struct op_rec *)(const void *)t->rec_array->data;
	t->nr_recs = t->rec_array->len;
	build_clear(b);
	return t;
}

void trace_build_abort(struct trace_build *b)
{
	trace_free(b->t);
	build_clear(b);
}
