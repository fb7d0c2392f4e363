// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/results.h"

#include <errno.h>
#include <string.h>

#include "traces/readers/rows.h"

#define SAME(n)                                                                                    \
	{                                                                                          \
#n, VM_##n, VM_##n                                                                 \
	}
#define SUM(n)                                                                                     \
	{                                                                                          \
#n, VM_##n##_kswapd, VM_##n##_direct                                               \
	}
const struct result_counter result_counters[NR_RESULT_COUNTERS + 1] = {
	SAME(workingset_refault_file),
	SAME(workingset_activate_file),
	SAME(workingset_restore_file),
	SAME(pgactivate),
	SAME(pgdeactivate),
	SUM(pgscan),
	SUM(pgsteal),
	SAME(nr_active_file),
	SAME(nr_inactive_file),
	[RESULT_DISK_READ] = { "disk_read_pages", VM_sim_fills, VM_sim_fills },
};

#define RUNS_HEADER                                                                                \
	"scenario,policy,lru,digest,runs,fault_us,scan_ns,kernel,patches,config,player,qemu,date"
/* old recordings do not have this column */
#define RUNS_MORE    ",settings"
#define CSV_HEADER   "scenario,policy,mark,counter,values"
#define PAGES_HEADER "scenario,policy,mark,file,pages"

static const char *intern(struct results *r, const char *s)
{
	return g_string_chunk_insert_const(r->strings, s);
}

struct result *results_find(const struct results *r, const char *scenario, const char *policy)
{
	for (guint i = r->all->len; i-- > 0;) {
		struct result *x = r->all->pdata[i];

		if (!strcmp(x->policy, policy) && !strcmp(x->scenario, scenario))
			return x;
	}
	return NULL;
}

const struct cell *result_find_cell(const struct result *x, unsigned int counter, const char *mark)
{
	const GArray *cells = counter == RESULT_DISK_READ ? x->reads : x->cells;

	for (guint i = 0; i < cells->len; i++) {
		const struct cell *c = &g_array_index(cells, struct cell, i);

		if (c->counter == counter && !strcmp(c->mark, mark))
			return c;
	}
	return NULL;
}

static void free_values_of(gpointer data)
{
	struct cell *c = data;

	g_free(c->values);
}

static void free_flushes_of(gpointer data)
{
	const struct op_times *t = data;

	g_free((gpointer)t->flushes);
}

static int take_run(struct results *r, const struct rows *rows, struct err *err)
{
	char *const *f = rows->field;
	struct result *x;
	uint64_t runs, fault_us, scan_ns;

	if (results_find(r, f[0], f[1]))
		return rows_bad(rows, err, "%s under %s a second time", f[0], f[1]);
	if (rows_number(rows, 4, "number of runs", 1, 1000, &runs, err) ||
	    rows_number(rows, 5, "fault_us", 0, 10000000, &fault_us, err) ||
	    rows_number(rows, 6, "scan_ns", 0, 10000000, &scan_ns, err))
		return -EINVAL;
	x = g_new0(struct result, 1);
	x->scenario = intern(r, f[0]);
	x->policy = intern(r, f[1]);
	x->lru = intern(r, f[2]);
	x->digest = intern(r, f[3]);
	x->kernel = intern(r, f[7]);
	x->settings = intern(r, rows->nr_fields > 13 ? f[13] : "");
	x->line = rows->lines.nr;
	x->nr_runs = (unsigned int)runs;
	x->fault_us = fault_us;
	x->scan_ns = scan_ns;
	x->times = g_array_new(FALSE, TRUE, sizeof(struct op_times));
	x->cells = g_array_new(FALSE, TRUE, sizeof(struct cell));
	x->reads = g_array_new(FALSE, TRUE, sizeof(struct cell));
	g_array_set_clear_func(x->cells, free_values_of);
	g_array_set_clear_func(x->reads, free_values_of);
	g_array_set_clear_func(x->times, free_flushes_of);
	x->pages = g_array_new(FALSE, TRUE, sizeof(struct page_states));
	g_ptr_array_add(r->all, x);
	return 0;
}

/* The result that a row of the CSV or the pages file belongs to. */
static struct result *owner(const struct results *r, const struct rows *rows, struct err *err)
{
	struct result *x = results_find(r, rows->field[0], rows->field[1]);

	if (!x)
		rows_bad(rows, err, "%s under %s is not in %s", rows->field[0], rows->field[1],
			 r->runs_path);
	return x;
}

/* "3480@33", or "12": not before @last. Return: false if it is not that. */
static bool parse_flush(const char *text, struct op_flush last, struct op_flush *flush)
{
	g_auto(GStrv) at = g_strsplit(text, "@", 2);
	guint64 op, pages = 0;

	if (!at[0] || !g_ascii_string_to_unsigned(at[0], 10, last.op, UINT32_MAX, &op, NULL))
		return false;
	if (at[1] && !g_ascii_string_to_unsigned(at[1], 10, op == last.op ? last.pages : 0,
						 UINT32_MAX, &pages, NULL))
		return false;
	*flush = (struct op_flush){ (uint32_t)op, (uint32_t)pages };
	return true;
}

/* "12+3480@33": before operation 12, and in operation 3480 when it has read 33 pages; or "-". Of
 * the run in the middle. */
static int take_flushes(struct result *x, char *const *texts, const struct rows *rows,
			struct err *err)
{
	const char *text = texts[x->nr_runs / 2];
	g_auto(GStrv) ops = g_strsplit(strcmp(text, "-") ? text : "", "+", -1);
	const guint nr = g_strv_length(ops);
	g_autofree struct op_flush *flushes = g_new0(struct op_flush, nr + 1);
	struct op_flush last = { 0, 0 };
	struct op_times *t;

	for (guint i = 0; i < nr; i++) {
		if (!parse_flush(ops[i], last, &flushes[i]))
			return rows_bad(
				rows, err,
				"\"%s\", expected the numbers of operations in ascending "
				"order, joined by \"+\", each with \"@\" and pages after it "
				"or without, or \"-\"",
				text);
		last = flushes[i];
	}
	/* the row follows the op_us row of its snapshot */
	if (!x->times->len)
		return rows_bad(rows, err, "flush_ops before any read_us");
	t = &g_array_index(x->times, struct op_times, x->times->len - 1);
	if (t->flushes)
		return rows_bad(rows, err, "flush_ops at %s a second time", rows->field[2]);
	t->flushes = g_steal_pointer(&flushes);
	t->nr_flushes = nr;
	return 0;
}

static int take_cell(struct results *r, const struct rows *rows, struct err *err)
{
	struct cell cell = { .mark = intern(r, rows->field[2]), .line = rows->lines.nr };
	struct result *x = owner(r, rows, err);
	g_auto(GStrv) texts = g_strsplit(rows->field[4], " ", -1);
	const bool flushes = !strcmp(rows->field[3], "flush_ops");
	const bool reads = !strcmp(rows->field[3], "read_us");
	const bool procs = !strcmp(rows->field[3], "proc_us");
	const bool time = reads || procs || !strcmp(rows->field[3], "op_us");
	g_autofree uint64_t *values = g_new(uint64_t, g_strv_length(texts) + 1);

	if (!x)
		return -EINVAL;
	while (!time && !flushes && strcmp(result_counters[cell.counter].name, rows->field[3]))
		if (cell.counter++ == RESULT_DISK_READ)
			return rows_bad(rows, err, "unknown counter \"%s\"", rows->field[3]);
	if (g_strv_length(texts) != x->nr_runs)
		return rows_bad(rows, err, "%u values, expected one of each of %u runs",
				g_strv_length(texts), x->nr_runs);
	if (flushes)
		return take_flushes(x, texts, rows, err);
	for (guint i = 0; i < x->nr_runs; i++)
		if (!g_ascii_string_to_unsigned(texts[i], 10, 0, time ? G_MAXINT32 : G_MAXINT64,
						&values[i], NULL))
			return rows_bad(rows, err, "\"%s\", expected a count", texts[i]);
	cell.kernel = spread_of(values, x->nr_runs);
	if (reads) {
		const struct op_times t = { .read_us = (uint32_t)cell.kernel.median };

		g_array_append_val(x->times, t);
	} else if (time) {
		struct op_times *t;

		/* the row follows the read_us row of its snapshot */
		if (!x->times->len)
			return rows_bad(rows, err, "%s before any read_us", rows->field[3]);
		t = &g_array_index(x->times, struct op_times, x->times->len - 1);
		*(procs ? &t->proc_us : &t->op_us) = (uint32_t)cell.kernel.median;
	} else {
		GArray *cells = cell.counter == RESULT_DISK_READ ? x->reads : x->cells;

		if (result_find_cell(x, cell.counter, cell.mark))
			return rows_bad(rows, err, "%s at %s a second time", rows->field[3],
					cell.mark);
		cell.values = g_steal_pointer(&values);
		g_array_append_val(cells, cell);
	}
	return 0;
}

/* "480a 32i" */
static int take_pages(struct results *r, const struct rows *rows, struct err *err)
{
	struct page_states p = {
		.mark = intern(r, rows->field[2]),
		.file = intern(r, rows->field[3]),
		.line = rows->lines.nr,
		.runs = g_array_new(FALSE, FALSE, sizeof(struct state_run)),
	};
	const struct result *x = owner(r, rows, err);
	char *s = rows->field[4];

	if (!x) {
		g_array_free(p.runs, TRUE);
		return -EINVAL;
	}
	for (guint i = 0; i < x->pages->len; i++) {
		const struct page_states *o = &g_array_index(x->pages, struct page_states, i);

		if (o->mark == p.mark && o->file == p.file) {
			g_array_free(p.runs, TRUE);
			return rows_bad(rows, err, "%s at %s a second time", p.file, p.mark);
		}
	}
	g_array_append_val(x->pages, p);
	for (;; s++) {
		char *end = s;
		guint64 count = g_ascii_isdigit(*s) ? g_ascii_strtoull(s, &end, 10) : 0;
		struct state_run run = { (uint32_t)count, *end };

		if (!count || count > UINT32_MAX || !*end || !strchr(".iap?", *end) ||
		    (end[1] && end[1] != ' '))
			return rows_bad(rows, err, "pages \"%.20s\", expected such as \"480a 32i\"",
					s);
		g_array_append_val(p.runs, run);
		s = end + 1;
		if (!*s)
			return 0;
	}
}

static int load(struct results *r, const char *path, const char *header, const char *more,
		unsigned int nr_fields,
		int (*take)(struct results *r, const struct rows *rows, struct err *err),
		struct err *err)
{
	struct rows rows;
	int ret = rows_open_table(&rows, path, header, more, err);

	if (ret)
		return ret;
	while ((ret = rows_next(&rows, err)) > 0) {
		ret = rows_count(&rows, nr_fields, nr_fields + (more != NULL), header, err);
		if (!ret)
			ret = take(r, &rows, err);
		if (ret)
			break;
	}
	rows_close(&rows);
	return ret;
}

static void free_pages_of(gpointer data)
{
	struct page_states *p = data;

	g_array_free(p->runs, TRUE);
}

static void free_result(gpointer data)
{
	struct result *x = data;

	g_array_set_clear_func(x->pages, free_pages_of);
	g_array_free(x->pages, TRUE);
	g_array_free(x->cells, TRUE);
	g_array_free(x->reads, TRUE);
	g_array_free(x->times, TRUE);
	g_free(x);
}

int results_load(struct results *r, const char *path, struct err *err)
{
	g_autofree char *base = NULL;
	int ret;

	*r = (struct results){
		.csv_path = g_strdup(path),
		.strings = g_string_chunk_new(4096),
		.all = g_ptr_array_new_with_free_func(free_result),
	};
	if (!g_str_has_suffix(path, ".csv"))
		return err_set(err, -EINVAL, "%s: expected the name of a .csv file", path);
	base = g_strndup(path, strlen(path) - 4);
	r->runs_path = g_strconcat(base, ".runs.csv", NULL);
	r->pages_path = g_strconcat(base, ".pages.csv", NULL);
	ret = load(r, r->runs_path, RUNS_HEADER, RUNS_MORE, 13, take_run, err);
	if (!ret)
		ret = load(r, r->csv_path, CSV_HEADER, NULL, 5, take_cell, err);
	if (!ret)
		ret = load(r, r->pages_path, PAGES_HEADER, NULL, 5, take_pages, err);
	if (!ret && !r->all->len)
		ret = err_at(err, -EINVAL, r->runs_path, 0, "no rows recorded");
	/* without this check a truncated file would agree with everything */
	for (guint i = 0; !ret && i < r->all->len; i++) {
		const struct result *x = r->all->pdata[i];

		if (!x->cells->len || !x->pages->len)
			ret = err_at(err, -EINVAL, x->cells->len ? r->pages_path : r->csv_path, 0,
				     "nothing of %s under %s, which is in %s", x->scenario,
				     x->policy, r->runs_path);
	}
	return ret;
}

void results_clear(struct results *r)
{
	g_free(r->runs_path);
	g_free(r->csv_path);
	g_free(r->pages_path);
	g_string_chunk_free(r->strings);
	g_ptr_array_free(r->all, TRUE);
}
