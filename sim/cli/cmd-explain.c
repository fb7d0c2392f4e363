// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim explain: show for each operation of a small trace which folios moved, which flags
 * changed, by which rule, and the lists afterwards.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/runs.h"
#include "sim/mm/event.h"
#include "sim/mm/slots.h"
#include "traces/readers/write.h"

struct explain {
	FILE *f;
	struct sim *s;
	bool lists, all;
	const char *only; /* show only folios of this file; NULL: all */
	guint max_events;
};

/* The name of the file, "anon" or "ext4"; @page is set to the page number in it. */
static const char *folio_name(const struct sim *s, uint32_t slot, uint32_t *page)
{
	uint32_t file;

	if (slot_is_anon(s, slot)) {
		*page = slot - s->anon_first;
		return "anon";
	}
	if (slot_is_metadata(s, slot)) {
		*page = slot - s->meta_first;
		return s->cfg.machine.ext4 ? "ext4" : "beyond-eof";
	}
	file = slot_file(s, slot);
	*page = slot - file_slot(s, file, 0);
	return s->trace->files[file].name;
}

/* "app:17" or "anon:3" */
static void put_folio(GString *out, const struct sim *s, uint32_t slot)
{
	uint32_t page;
	const char *name = folio_name(s, slot, &page);

	g_string_append_printf(out, "%s:%u", name, page);
}

/* Reclaim isolates a folio while it decides. Show the folio as if it stayed on its list. */
static uint16_t settled(const struct event *e, bool after)
{
	uint16_t flags = after ? e->after : e->before;

	switch (e->rule) {
	case EV_KEEP_ACTIVATE:
	case EV_KEEP_DIRTY:
	case EV_NO_SWAP:
	case EV_KEEP:
	case EV_KEEP_BUSY:
	case EV_EVICT:
	case EV_SWAP_OUT:
	case EV_DEACTIVATE:
	case EV_ROTATE_EXEC:
		return flags | PG_lru;
	default:
		return flags;
	}
}

static const char *place(uint16_t flags)
{
	if (!(flags & PG_resident))
		return flags & PG_shadow ? "shadow" : "absent";
	if (!(flags & PG_lru))
		return "batch";
	if (flags & PG_swapbacked)
		return flags & PG_active ? "active_anon" : "inactive_anon";
	return flags & PG_active ? "active_file" : "inactive_file";
}

static void put_flags(GString *out, uint16_t before, uint16_t after)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
		{ PG_referenced, "referenced" }, { PG_active, "active" },
		{ PG_workingset, "workingset" }, { PG_dirty, "dirty" },
		{ PG_reclaim, "reclaim" },	 { PG_swapcache, "swapcache" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if ((before ^ after) & names[i].flag)
			g_string_append_printf(out, " %c%s", after & names[i].flag ? '+' : '-',
					       names[i].name);
}

/* Do @a and @b fit on one line: the same event of the next folio of the same file? */
static bool continues(const struct sim *s, const struct event *a, const struct event *b)
{
	return b->slot == a->slot + 1 && b->rule == a->rule && b->before == a->before &&
	       b->after == a->after &&
	       (slot_is_anon(s, a->slot)   ? true
		: slot_is_anon(s, b->slot) ? false
					   : slot_file(s, a->slot) == slot_file(s, b->slot));
}

static bool wanted(const struct explain *x, const struct event *e)
{
	uint32_t page;

	return !x->only ||
	       (!slot_is_anon(x->s, e->slot) && !strcmp(folio_name(x->s, e->slot, &page), x->only));
}

static void put_events(struct explain *x)
{
	GArray *events = x->s->log->events;
	guint lines = 0;

	for (guint i = 0; i < events->len; i++) {
		const struct event *e = &g_array_index(events, struct event, i), *last = e;
		g_autoptr(GString) who = g_string_new(NULL), what = g_string_new(NULL);
		const uint16_t before = settled(e, false), after = settled(e, true);
		const char *from = place(before), *to = place(after);

		if (!wanted(x, e))
			continue;
		while (i + 1 < events->len &&
		       continues(x->s, last, &g_array_index(events, struct event, i + 1)))
			last = &g_array_index(events, struct event, ++i);
		if (x->max_events && ++lines > x->max_events) {
			fprintf(x->f, "    ... (--max-lines 0 shows all)\n");
			break;
		}
		put_folio(who, x->s, e->slot);
		if (last != e)
			g_string_append_printf(
				who, "-%u",
				last->slot - e->slot +
					(uint32_t)strtoul(strrchr(who->str, ':') + 1, NULL, 10));
		if (strcmp(from, to))
			g_string_append_printf(what, " %s -> %s", from, to);
		put_flags(what, before, after);
		fprintf(x->f, "    %-14s%s\n        %s(): %s\n", who->str,
			what->len ? what->str : " unchanged", event_function(e->rule),
			event_text(e->rule));
	}
}

struct list_state {
	const struct explain *x;
	const char *list;
	uint32_t first, last;
	guint n;
	GString *line;
};

static void flush_span(struct list_state *st)
{
	const struct sim *s = st->x->s;
	uint32_t page;

	if (!st->n)
		return;
	g_string_append_c(st->line, ' ');
	put_folio(st->line, s, st->first);
	if (st->n > 1) {
		folio_name(s, st->last, &page);
		g_string_append_printf(st->line, "..%u", page);
	}
	if (s->folios[st->first].flags & PG_referenced)
		g_string_append_c(st->line, 'r');
	if (s->folios[st->first].flags & PG_workingset)
		g_string_append_c(st->line, 'w');
	st->n = 0;
}

static void flush_list(struct list_state *st)
{
	flush_span(st);
	if (st->list)
		fprintf(st->x->f, "  %-14s|%s\n", st->list, st->line->str);
	g_string_truncate(st->line, 0);
}

static bool list_folio(void *arg, const char *list, uint32_t slot)
{
	struct list_state *st = arg;
	const struct sim *s = st->x->s;
	const uint16_t shown = PG_referenced | PG_workingset;

	if (!st->list || strcmp(st->list, list)) {
		flush_list(st);
		st->list = list;
	}
	/* show consecutive folios, in rising or falling order, as one span */
	if (st->n && (slot == st->last + 1 || slot == st->last - 1) &&
	    (st->n == 1 || (slot > st->last) == (st->last > st->first)) &&
	    slot_is_anon(s, slot) == slot_is_anon(s, st->first) &&
	    (slot_is_anon(s, slot) || slot_file(s, slot) == slot_file(s, st->first)) &&
	    (s->folios[slot].flags & shown) == (s->folios[st->first].flags & shown)) {
		st->last = slot;
		st->n++;
		return true;
	}
	flush_span(st);
	st->first = st->last = slot;
	st->n = 1;
	return true;
}

static void put_batches(struct explain *x)
{
	for (unsigned int cpu = 0; cpu < x->s->cfg.machine.cpus; cpu++) {
		const struct sim_cpu *c = &x->s->cpus[cpu];

		if (c->lru_add.nr || c->lru_activate.nr)
			fprintf(x->f, "  cpu %u batches  | %u to be added, %u to be activated\n",
				cpu, c->lru_add.nr, c->lru_activate.nr);
	}
}

/* The newest folio is on the left, reclaim takes from the right. */
static void put_lists(struct explain *x)
{
	struct list_state st = { .x = x, .line = g_string_new(NULL) };

	for (unsigned int i = 0; i < x->s->nr_memcgs; i++)
		x->s->cfg.lru->walk(&x->s->memcg[i].lruvec, list_folio, &st);
	flush_list(&st);
	g_string_free(st.line, TRUE);
	put_batches(x);
}

static int explain_all(struct explain *x, struct err *err)
{
	const struct trace *t = x->s->trace;
	struct event_log log = { g_array_new(FALSE, FALSE, sizeof(struct event)) };
	struct trace_iter it;
	struct op op;
	int ret;

	x->s->log = &log;
	fprintf(x->f, "# policy %s%s, %s LRU of v%s, machine %s\n", x->s->cfg.reap->name,
		x->s->cfg.evict ? "+evict" : "", x->s->cfg.lru->name, x->s->cfg.kernel->name,
		x->s->cfg.machine.name);
	trace_iter_init(&it, t);
	while ((ret = trace_iter_next(&it, &op, err)) == 1) {
		g_array_set_size(log.events, 0);
		ret = sim_run(x->s, it.next - sim_position(x->s), err);
		if (ret < 0)
			break;
		if (!x->all && !log.events->len && op.code != OP_MARK)
			continue;
		trace_write_op(t, &op, x->f);
		put_events(x);
		if (x->lists)
			put_lists(x);
	}
	x->s->log = NULL;
	g_array_free(log.events, TRUE);
	return ret < 0 ? ret : 0;
}

static bool has_file(const struct trace *t, const char *name)
{
	for (uint32_t i = 0; i < t->nr_files; i++)
		if (!strcmp(t->files[i].name, name))
			return true;
	return false;
}

static int explain(struct explain *x, const struct run_options *o, const char *path)
{
	struct run_set rs = { 0 };
	struct trace *t = NULL;
	struct output out;
	struct err err;
	int ret = cli_load_trace(path, o->format, &t), closed;

	if (!ret && x->only && !has_file(t, x->only))
		ret = cli_usage("--file %s: the trace has no such file; \"reapsim trace info\" "
				"lists them",
				x->only);
	if (!ret)
		ret = cli_run_set_init_one(&rs, &o->spec, t);
	if (!ret)
		ret = cli_open_stdout(&out, NULL);
	if (!ret) {
		x->f = out.f;
		x->s = sim_new(t, &run_set_get(&rs, 0, 0, 0)->cfg, &err);
		ret = x->s ? explain_all(x, &err) : -ENOMEM;
		if (ret)
			ret = cli_fail(ret, &err);
		closed = cli_close_out(&out, true);
		ret = MAX(ret, closed);
		sim_free(x->s);
	}
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

struct explain_options {
	struct run_options o;
	bool no_lists, all;
	const char *file;
	uint32_t max_lines;
};

static int run(void *options, int argc, char **argv)
{
	const struct explain_options *o = options;
	struct explain x = {
		.lists = !o->no_lists,
		.all = o->all,
		.only = o->file,
		.max_events = o->max_lines,
	};

	return argc == 1 ? explain(&x, &o->o, argv[0])
			 : cli_usage("explain: expected one trace, got %d", argc);
}

#define FIELD(member) OPTION_FIELD(struct explain_options, member)

static const struct option rows[] = {
	{ "no-lists", OPT_FLAG, NULL, "do not show the lists after each operation", .letter = 'n',
	  FIELD(no_lists) },
	{ "all", OPT_FLAG, NULL, "also show operations that changed no folio", .letter = 'a',
	  FIELD(all) },
	{ "file", OPT_TEXT, NULL, "only folios of this file", .metavar = "NAME", FIELD(file) },
	{ "max-lines", OPT_COUNT, "40", "changes shown for each operation; 0: all", 0, 1000000000,
	  .metavar = "N", FIELD(max_lines) },
	{ NULL },
};

const struct command cmd_explain = {
	.name = "explain",
	.summary = "show which folios each operation moves, and by which rule",
	.arguments = "TRACE",
	.title = "Show what each operation of a small trace does to the folios, and why.",
	.details = "Lists are shown newest first; reclaim takes from the right. Flags follow a\n"
		   "page or a span of pages: r referenced, w workingset.\n\n" RUN_DETAILS,
	.examples = "cat >small.csv <<'EOF'\n"
		    "reapsim-trace,1\n"
		    "machine,memcg_pages,1000\n"
		    "file,lib,2\n"
		    "spawn,1\n"
		    "map,1,0x1000,2,r-xp,lib,0\n"
		    "touch,1,0x1000,2,r\n"
		    "mrelease,1\n"
		    "EOF\n"
		    "reapsim explain --policy v1 small.csv\n",
	.shared = run_rows_one,
	.options = rows,
	.complete = complete_traces,
	.size = sizeof(struct explain_options),
	.run = run,
};
