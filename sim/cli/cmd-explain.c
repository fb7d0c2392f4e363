// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim explain: show for each operation of a trace, or of a window of it, which folios moved,
 * which flags changed, by which rule, and the lists afterwards; as text or as a page.
 *
 * One or two runs go through the trace together. Before the window nothing is logged.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/cli/explain.h"
#include "sim/cli/runs.h"
#include "sim/mm/slots.h"
#include "sim/names.h"

#define LIMIT_TEXT 1000
#define LIMIT_PAGE 10000

struct explain_options {
	struct run_options o;
	bool no_lists, all, first_difference, legend;
	char **pages;
	const char *html, *limit, *process;
	uint64_t from, to, every;
	uint32_t max_lines, width;
};

/* The runs, for one pass over the trace. Return: 0, or a negative errno with @err. */
static int runs_open(struct explain *x, const GPtrArray *runs, struct err *err)
{
	const struct run *first = runs->pdata[0];

	x->nr_runs = runs->len;
	for (guint i = 0; i < x->nr_runs; i++) {
		const struct run *r = runs->pdata[i], *last = runs->pdata[runs->len - 1];

		x->runs[i].label = first->cfg.lru == last->cfg.lru
					   ? g_strdup(r->policy)
					   : g_strdup_printf("%s LRU", r->cfg.lru->name);
		event_log_init(&x->runs[i].log);
		x->runs[i].s = sim_new(x->t, &r->cfg, err);
		if (!x->runs[i].s)
			return -ENOMEM;
	}
	return 0;
}

static void runs_close(struct explain *x)
{
	for (guint i = 0; i < x->nr_runs; i++) {
		struct explain_run *r = &x->runs[i];

		if (!r->label)
			continue;
		sim_free(r->s);
		event_log_clear(&r->log);
		g_free(r->label);
		*r = (struct explain_run){ 0 };
	}
}

/* Does the operation belong to a step that is shown, if something happened? */
static bool in_question(const struct explain *x, const struct op *op)
{
	return !x->has_pid || (op_needs_pid(op->code) && op->pid == x->pid);
}

static bool shown(const struct explain *x, const struct op *op)
{
	bool any = x->all || op->code == OP_MARK;

	for (guint i = 0; i < x->nr_runs && !any; i++)
		any = explain_any(x, &x->runs[i]);
	return any;
}

/* Replay up to record @next in all runs. */
static int advance(struct explain *x, uint64_t next, struct err *err)
{
	int ret = 0;

	for (guint i = 0; i < x->nr_runs && ret >= 0; i++)
		ret = sim_run(x->runs[i].s, next - sim_position(x->runs[i].s), err);
	return ret < 0 ? ret : 0;
}

static void set_logs(struct explain *x, bool on)
{
	for (guint i = 0; i < x->nr_runs; i++)
		x->runs[i].s->log = on ? &x->runs[i].log : NULL;
}

static void empty_logs(struct explain *x)
{
	for (guint i = 0; i < x->nr_runs; i++)
		event_log_empty(&x->runs[i].log);
}

/* Show the operations of the window. Return: 0, or a negative errno with @err. */
static int explain_window(struct explain *x, const struct explain_writer *w, void *arg,
			  struct err *err)
{
	struct explain_step step = { .first = x->from };
	uint64_t nr_ops = 0, nr_steps = 0, rest = 0;
	bool asked = false;
	struct trace_iter it;
	int ret;

	trace_iter_init(&it, x->t);
	while (nr_ops < x->to && (ret = trace_iter_next(&it, &step.op, err)) == 1) {
		if (++nr_ops < x->from)
			continue;
		if (nr_ops == x->from) {
			ret = advance(x, it.at, err);
			if (ret < 0)
				return ret;
			w->begin(arg);
			set_logs(x, true);
		}
		ret = advance(x, it.next, err);
		if (ret < 0)
			return ret;
		step.last = nr_ops;
		asked |= in_question(x, &step.op);
		if ((nr_ops - x->from + 1) % x->every && nr_ops < x->to)
			continue;
		step.differs = !explain_same(x);
		if (asked && shown(x, &step.op)) {
			if ((x->limit && nr_steps == x->limit) || !w->step(arg, &step)) {
				rest = step.first;
				break;
			}
			nr_steps++;
		}
		empty_logs(x);
		step.first = nr_ops + 1;
		asked = false;
	}
	w->end(arg, rest);
	set_logs(x, false);
	return 0;
}

/* A writer that shows nothing, and stops at the first difference. */

static void find_begin(void *w)
{
	(void)w;
}

static bool find_step(void *w, const struct explain_step *step)
{
	(void)w;
	return !step->differs;
}

static void find_end(void *w, uint64_t rest)
{
	*(uint64_t *)w = rest;
}

/* The first operation of the window in which the runs do not do the same; 0: none. */
static int find_difference(struct explain *x, uint64_t *found, struct err *err)
{
	static const struct explain_writer writer = { find_begin, find_step, find_end };
	const uint64_t every = x->every, limit = x->limit;
	int ret;

	x->every = 1;
	x->limit = 0;
	ret = explain_window(x, &writer, found, err);
	x->every = every;
	x->limit = limit;
	return ret;
}

/* Options */

/* A number as those of the table are. Return: 0, or the exit code after printing why. */
static int parse_number(const char *name, const char *text, double max, uint64_t *n)
{
	const struct option o = { name, OPT_COUNT, .max = max };
	union option_value v;
	struct err err;
	const int ret = option_parse(&o, "--", text, &v, &err);

	if (ret)
		return cli_fail(ret, &err);
	*n = v.n;
	return 0;
}

static int count_ops(struct explain *x, struct err *err)
{
	bool has_pid = false;
	struct trace_iter it;
	struct op op;
	int ret;

	trace_iter_init(&it, x->t);
	while ((ret = trace_iter_next(&it, &op, err)) == 1) {
		x->nr_ops++;
		has_pid |= op_needs_pid(op.code) && op.pid == x->pid;
		has_pid |= op.code == OP_FORK && op.child == x->pid;
	}
	if (ret < 0)
		return cli_fail(ret, err);
	if (!x->nr_ops)
		return cli_fail(err_at(err, -EINVAL, x->t->path, 0,
				       "no operations, expected some to explain"),
				err);
	if (x->has_pid && !has_pid)
		return cli_usage("--process %" PRIu32 ": the trace has no such process", x->pid);
	return 0;
}

static int set_window(struct explain *x, const struct explain_options *o)
{
	struct err err = { "" };
	uint64_t pid = 0; /* gcc 14 does not see that a failure returns */
	int ret = 0;

	if (o->process) {
		ret = parse_number("process", o->process, OP_PID_MAX, &pid);
		if (ret)
			return ret;
		x->has_pid = true;
		x->pid = (uint32_t)pid;
	}
	ret = count_ops(x, &err);
	if (ret)
		return ret;
	x->from = o->from;
	x->to = o->to ? o->to : x->nr_ops;
	x->every = o->every;
	if (x->from > x->nr_ops)
		return cli_usage("--from %" PRIu64 ": the trace has %" PRIu64 " operations",
				 x->from, x->nr_ops);
	if (x->to > x->nr_ops)
		return cli_usage("--to %" PRIu64 ": the trace has %" PRIu64 " operations", x->to,
				 x->nr_ops);
	if (x->to < x->from)
		return cli_usage("--to %" PRIu64 ": before --from %" PRIu64, x->to, x->from);
	return 0;
}

static const struct trace_file *find_file(const struct trace *t, const char *name, size_t len)
{
	for (uint32_t i = 0; i < t->nr_files; i++)
		if (strlen(t->files[i].name) == len && !memcmp(t->files[i].name, name, len))
			return &t->files[i];
	return NULL;
}

static int unknown_file(const struct trace *t, const char *arg, size_t len)
{
	g_autofree const char **valid = g_new0(const char *, t->nr_files + 2);
	g_autofree char *name = g_strndup(arg, len), *hint = NULL;

	for (uint32_t i = 0; i < t->nr_files; i++)
		valid[i] = t->files[i].name;
	valid[t->nr_files] = "anon";
	hint = names_hint(name, valid);
	return cli_usage("--pages %s: the trace has no such file%s (\"reapsim trace info\" lists "
			 "them)",
			 arg, hint);
}

/* "3" or "3-17", in a file of @pages. Return: false if it is none */
static bool parse_range(const char *text, uint64_t pages, uint64_t *first, uint64_t *last)
{
	const struct option page = { "page", OPT_COUNT, .max = (double)(pages - 1) };
	const char *dash = strchr(text, '-');
	g_autofree char *from = g_strndup(text, dash ? (size_t)(dash - text) : strlen(text));
	union option_value a, b;

	if (option_parse(&page, "", from, &a, NULL) ||
	    option_parse(&page, "", dash ? dash + 1 : from, &b, NULL))
		return false;
	*first = a.n;
	*last = b.n;
	return a.n <= b.n;
}

/* --pages NAME, NAME:FIRST or NAME:FIRST-LAST */
static int add_pages(struct explain *x, const struct sim *s, const char *arg)
{
	const char *colon = strrchr(arg, ':');
	const struct trace_file *file = find_file(x->t, arg, strlen(arg));
	uint64_t first = 0, last, pages, base = 0;
	struct page_range r;

	if (file || !colon)
		colon = arg + strlen(arg);
	if (!file)
		file = find_file(x->t, arg, (size_t)(colon - arg));
	if (file) {
		base = file_slot(s, (uint32_t)(file - x->t->files), 0);
		pages = file->pages;
	} else if (colon - arg == 4 && !memcmp(arg, "anon", 4)) {
		base = s->anon_first;
		pages = UINT32_MAX - base;
	} else {
		return unknown_file(x->t, arg, (size_t)(colon - arg));
	}
	last = pages - 1;
	if (*colon && !parse_range(colon + 1, pages, &first, &last))
		return cli_usage(
			"--pages %s: expected NAME, NAME:PAGE or NAME:FIRST-LAST below %" PRIu64,
			arg, pages);
	r.first = (uint32_t)(base + first);
	r.last = (uint32_t)(base + last);
	g_array_append_val(x->pages, r);
	return 0;
}

static int set_limit(struct explain *x, const struct explain_options *o)
{
	x->limit = o->html ? LIMIT_PAGE : LIMIT_TEXT;
	return o->limit ? parse_number("limit", o->limit, OPTION_NO_MAX, &x->limit) : 0;
}

static int check_runs(const struct explain_options *o, guint nr_runs)
{
	if (nr_runs > EXPLAIN_RUNS_MAX)
		return cli_usage("%u runs, expected one, or two to compare: two policies, or two "
				 "LRU models",
				 nr_runs);
	if (o->first_difference && nr_runs != 2)
		return cli_usage("--first-difference needs two runs, such as --policy baseline,v1");
	return 0;
}

/* Output */

static int write_page(struct explain *x, const struct explain_options *o, struct err *err)
{
	struct explain_page *p = explain_page_new(x);
	g_autofree char *base = g_path_get_basename(x->t->path), *title = cli_printable(base);
	struct output out;
	int ret = explain_window(x, &explain_page_writer, p, err);

	if (ret) {
		ret = cli_fail(ret, err);
	} else {
		ret = cli_open_out(&out, &o->o.files, o->html);
		if (!ret) {
			explain_page_write(p, title, out.f);
			ret = cli_close_out(&out, OUTPUT_WHOLE);
		}
	}
	explain_page_free(p);
	return ret;
}

static int write_text(struct explain *x, struct err *err)
{
	struct explain_text t = { .x = x };
	struct output out;
	int ret = cli_open_stdout(&out, NULL), closed;

	if (ret)
		return ret;
	t.f = out.f;
	ret = explain_window(x, &explain_text_writer, &t, err);
	if (ret)
		ret = cli_fail(ret, err);
	closed = cli_close_out(&out, OUTPUT_WHOLE);
	return MAX(ret, closed);
}

static int write_same(const struct explain *x)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	fprintf(out.f, "no difference between %s and %s in operations %" PRIu64 " to %" PRIu64 "\n",
		x->runs[0].label, x->runs[1].label, x->from, x->to);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

static int write_legend(void)
{
	struct output out;
	int ret = cli_open_stdout(&out, NULL);

	if (ret)
		return ret;
	explain_legend(out.f);
	return cli_close_out(&out, OUTPUT_WHOLE);
}

static int explain_runs(struct explain *x, const struct explain_options *o, const GPtrArray *runs)
{
	struct err err = { "" };
	uint64_t found = 0;
	int ret = runs_open(x, runs, &err);

	for (char **p = o->pages; !ret && p && *p; p++) {
		ret = add_pages(x, x->runs[0].s, *p);
		if (ret)
			return ret;
	}
	if (!ret && o->first_difference) {
		ret = find_difference(x, &found, &err);
		if (!ret && !found)
			return write_same(x);
		x->from = found;
		runs_close(x);
		ret = ret ? ret : runs_open(x, runs, &err);
	}
	if (ret)
		return cli_fail(ret, &err);
	return o->html ? write_page(x, o, &err) : write_text(x, &err);
}

/* The runs of each LRU model that was named. @sets: as many; all are to be cleared */
static int plan_runs(struct run_set *sets, char **lrus, const struct run_spec *spec,
		     const struct trace *t, GPtrArray *runs)
{
	for (; *lrus; lrus++, sets++) {
		struct run_spec one = *spec;
		int ret;

		one.lru = *lrus;
		ret = cli_run_set_init(sets, &one, t);
		if (ret)
			return ret;
		for (guint i = 0; i < sets->runs->len; i++)
			g_ptr_array_add(runs, &g_array_index(sets->runs, struct run, i));
	}
	return 0;
}

static int explain_trace(struct explain *x, const struct explain_options *o, const char *path)
{
	g_auto(GStrv) lrus = g_strsplit(o->o.spec.lru, ",", -1);
	g_autofree struct run_set *sets = g_new0(struct run_set, g_strv_length(lrus));
	g_autoptr(GPtrArray) runs = g_ptr_array_new();
	struct trace *t = NULL;
	int ret = cli_load_trace(path, o->o.format, &t);

	x->t = t;
	if (!ret)
		ret = set_window(x, o);
	if (!ret)
		ret = set_limit(x, o);
	if (!ret)
		ret = plan_runs(sets, lrus, &o->o.spec, t, runs);
	if (!ret)
		ret = check_runs(o, runs->len);
	if (!ret)
		ret = explain_runs(x, o, runs);
	runs_close(x);
	for (guint i = 0; lrus[i]; i++)
		run_set_clear(&sets[i]);
	trace_free(t);
	return ret;
}

static int run(void *options, int argc, char **argv)
{
	struct explain_options *o = options;
	g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(struct page_range));
	struct explain x = {
		.pages = pages,
		/* a page shows what page tables do, too */
		.all = o->all || (o->html && !o->pages),
		.no_lists = o->no_lists,
		.max_events = o->max_lines,
		.width = o->width,
	};
	const struct cli_file html = { FILE_EXPLAINED, "--html", o->html, false };
	int ret;

	if (o->legend && !argc)
		return write_legend();
	if (argc != 1)
		return cli_usage("explain: expected one trace, got %d", argc);
	ret = cli_declare_inputs(&o->o.files, "TRACE", argv, 1);
	if (!ret)
		ret = command_declare(&cmd_explain, o);
	if (!ret)
		ret = cli_declare(&o->o.files, &html, 1);
	if (!ret && o->legend)
		ret = write_legend();
	if (ret)
		return ret;
	return explain_trace(&x, o, argv[0]);
}

#define FIELD(member) OPTION_FIELD(struct explain_options, member)

static const struct option rows[] = {
	{ "html", OPT_PATH, NULL, "write a page to step through, instead of text",
	  .metavar = "FILE", FIELD(html) },
	{ "from", OPT_COUNT, "1", "first operation that is shown", 1, OPTION_NO_MAX, .metavar = "N",
	  FIELD(from) },
	{ "to", OPT_COUNT, NULL, "last operation that is shown (default: the last)", 1,
	  OPTION_NO_MAX, .metavar = "N", FIELD(to) },
	{ "every", OPT_COUNT, "1", "show so many operations as one step", 1, OPTION_NO_MAX,
	  .metavar = "N", FIELD(every) },
	{ "process", OPT_TEXT, NULL, "only operations of this process", .metavar = "PID",
	  FIELD(process) },
	{ "pages", OPT_TEXTS, NULL,
	  "only these pages: of a file, or of anonymous memory, which is called anon; repeatable",
	  .alias = "file", .metavar = "NAME[:FIRST[-LAST]]", FIELD(pages) },
	{ "first-difference", OPT_FLAG, NULL,
	  "begin where two policies do not do the same for the first time",
	  FIELD(first_difference) },
	{ "limit", OPT_TEXT, NULL,
	  "stop after so many steps; 0: never (default: 1000, or 10000 of a page)", .metavar = "N",
	  FIELD(limit) },
	{ "legend", OPT_FLAG, NULL, "say first how to read it, and what the words mean",
	  FIELD(legend) },
	{ "no-lists", OPT_FLAG, NULL, "do not show the lists after each operation", .letter = 'n',
	  FIELD(no_lists) },
	{ "all", OPT_FLAG, NULL, "also show operations that changed no folio", .letter = 'a',
	  FIELD(all) },
	{ "max-lines", OPT_COUNT, "40", "changes shown for each operation; 0: all", 0, 1000000000,
	  .metavar = "N", FIELD(max_lines) },
	{ "width", OPT_COUNT, "100",
	  "longest line of a list, of which the middle is left out; 0: any", 0, 1000000000,
	  .metavar = "N", FIELD(width) },
	COMMAND_FORCE,
	{ NULL },
};

const struct command cmd_explain = {
	.name = "explain",
	.summary = "show which folios each operation moves, and by which rule",
	.arguments = "TRACE",
	.title = "Show what each operation of a trace does to the folios, and why.",
	.details = "Operations have numbers, from 1. Lists are shown newest first; reclaim takes "
		   "from the\n"
		   "right. Flags follow a page or a span of pages: r referenced, w workingset. "
		   "With two\n"
		   "policies both are shown where they differ. With --html the page has every "
		   "list, the\n"
		   "page tables and the shadows, and steps forwards and back.\n\n" RUN_DETAILS,
	.examples = "cat >small.csv <<'EOF'\n"
		    "reapsim-trace,1\n"
		    "machine,memcg_pages,1000\n"
		    "file,lib,2\n"
		    "spawn,1\n"
		    "map,1,0x1000,2,r-xp,lib,0\n"
		    "touch,1,0x1000,2,r\n"
		    "mrelease,1\n"
		    "EOF\n"
		    "reapsim explain --policy v1 small.csv\n"
		    "reapsim explain --policy baseline,v1 --first-difference small.csv\n"
		    "reapsim explain --policy baseline,v1 --html small.html small.csv\n",
	.shared = run_rows_pair,
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct explain_options),
	.run = run,
};
