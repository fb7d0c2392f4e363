// SPDX-License-Identifier: GPL-2.0-only
/* "reapsim explain" as text: for each step what happened, and the lists afterwards. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/explain.h"
#include "sim/mm/slots.h"

static void put_events(const struct explain *x, const struct explain_run *r, GString *out)
{
	g_autoptr(GArray) changes = explain_changes(x, r);

	for (guint i = 0; i < changes->len; i++) {
		const struct change *c = &g_array_index(changes, struct change, i);
		g_autofree char *what = explain_what(r, c->first), *why = explain_why(r, c);
		g_autoptr(GString) who = g_string_new(NULL);

		if (x->max_events && i == x->max_events) {
			g_string_append_printf(out, "    ... %u more (--max-lines 0 shows all)\n",
					       changes->len - i);
			return;
		}
		explain_put_pages(who, r->s, c->first->slot, c->nr);
		g_string_append_printf(out, "    %-14s %s\n        %s(): %s\n", who->str, what,
				       event_function(c->first->rule), event_text(c->first->rule));
		if (why)
			g_string_append_printf(out, "        %s\n", why);
	}
}

/* of a line, what is not pages: the name of the list, and the number of those left out */
#define OTHER_WIDTH 36

/* struct list_state - a list on its way to a line */
struct list_state {
	const struct explain *x;
	const struct explain_run *r;
	GString *out;
	const char *list;
	GPtrArray *spans; /* char * */
	GArray *folios;	  /* uint32_t, in each span */
	uint32_t first, last;
	guint n, others;
};

static void end_span(struct list_state *st)
{
	const struct sim *s = st->r->s;
	GString *span = g_string_new(NULL);
	guint n = st->n + st->others;
	uint32_t page;

	if (st->others)
		g_string_printf(span, "(%u)", st->others);
	if (st->n) {
		explain_put_pages(span, s, st->first, 1);
		if (st->n > 1) {
			explain_name(s, st->last, &page);
			g_string_append_printf(span, "..%u", page);
		}
		if (s->folios[st->first].flags & PG_referenced)
			g_string_append_c(span, 'r');
		if (s->folios[st->first].flags & PG_workingset)
			g_string_append_c(span, 'w');
	}
	if (n) {
		g_array_append_val(st->folios, n);
		g_ptr_array_add(st->spans, g_string_free(span, FALSE));
	} else {
		g_string_free(span, TRUE);
	}
	st->n = st->others = 0;
}

/* The line, with "..." for what is in the middle of a long list. */
static void end_list(struct list_state *st)
{
	guint head = 0, tail, hidden = 0;
	size_t used = OTHER_WIDTH;

	end_span(st);
	if (!st->list)
		return;
	tail = st->spans->len;
	/* from both ends in turn, until the width is full */
	while (head < tail) {
		const guint next = head <= st->spans->len - tail ? head : tail - 1;
		const size_t len = strlen(st->spans->pdata[next]) + 1;

		if (st->x->width && head && tail < st->spans->len && used + len > st->x->width)
			break;
		used += len;
		if (next == head)
			head++;
		else
			tail--;
	}
	g_string_append_printf(st->out, "  %-14s|", st->list);
	for (guint i = 0; i < head; i++)
		g_string_append_printf(st->out, " %s", (char *)st->spans->pdata[i]);
	for (guint i = head; i < tail; i++)
		hidden += g_array_index(st->folios, guint, i);
	if (hidden)
		g_string_append_printf(st->out, " ... %u more ...", hidden);
	for (guint i = tail; i < st->spans->len; i++)
		g_string_append_printf(st->out, " %s", (char *)st->spans->pdata[i]);
	g_string_append_c(st->out, '\n');
	g_ptr_array_set_size(st->spans, 0);
	g_array_set_size(st->folios, 0);
}

static bool list_folio(void *arg, const char *list, uint32_t slot)
{
	struct list_state *st = arg;
	const struct sim *s = st->r->s;
	const uint16_t shown = PG_referenced | PG_workingset;

	if (!st->list || strcmp(st->list, list)) {
		end_list(st);
		st->list = list;
	}
	if (!explain_wants(st->x, slot)) {
		if (st->n)
			end_span(st);
		st->others++;
		return true;
	}
	/* show consecutive folios, in rising or falling order, as one span */
	if (st->n && (slot == st->last + 1 || slot == st->last - 1) &&
	    (st->n == 1 || (slot > st->last) == (st->last > st->first)) &&
	    slots_same_file(s, slot, st->first) &&
	    (s->folios[slot].flags & shown) == (s->folios[st->first].flags & shown)) {
		st->last = slot;
		st->n++;
		return true;
	}
	end_span(st);
	st->first = st->last = slot;
	st->n = 1;
	return true;
}

static void put_batches(const struct explain_run *r, GString *out)
{
	for (unsigned int cpu = 0; cpu < r->s->cfg.machine.cpus; cpu++) {
		const struct sim_cpu *c = &r->s->cpus[cpu];

		if (c->lru_add.nr || c->lru_activate.nr)
			g_string_append_printf(
				out, "  cpu %u batches | %u to be added, %u to be activated\n", cpu,
				c->lru_add.nr, c->lru_activate.nr);
	}
}

/* The newest folio is on the left, reclaim takes from the right. */
static void put_lists(const struct explain *x, const struct explain_run *r, GString *out)
{
	g_autoptr(GPtrArray) spans = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) folios = g_array_new(FALSE, FALSE, sizeof(guint));
	struct list_state st = { .x = x, .r = r, .out = out, .spans = spans, .folios = folios };

	for (unsigned int i = 0; i < r->s->nr_memcgs; i++)
		r->s->cfg.lru->walk(&r->s->memcg[i].lruvec, list_folio, &st);
	end_list(&st);
	put_batches(r, out);
}

static void begin(void *w)
{
	const struct explain_text *t = w;

	for (guint i = 0; i < t->x->nr_runs; i++) {
		const struct sim_config *cfg = &t->x->runs[i].s->cfg;

		fprintf(t->f, "# policy %s%s, %s LRU of v%s, machine %s\n", cfg->reap->name,
			cfg->evict ? "+evict" : "", cfg->lru->name, cfg->kernel->name,
			cfg->machine.name);
	}
}

static bool put_step(void *w, const struct explain_step *step)
{
	const struct explain_text *t = w;
	g_autofree char *op = explain_step_text(t->x, step);
	GString *out[EXPLAIN_RUNS_MAX];

	for (guint i = 0; i < t->x->nr_runs; i++) {
		out[i] = g_string_new(NULL);
		put_events(t->x, &t->x->runs[i], out[i]);
		if (!t->x->no_lists)
			put_lists(t->x, &t->x->runs[i], out[i]);
	}
	if (step->first == step->last)
		fprintf(t->f, "%" PRIu64 " ", step->last);
	fprintf(t->f, "%s\n", op);
	if (t->x->nr_runs == 2 && (step->differs || strcmp(out[0]->str, out[1]->str))) {
		for (guint i = 0; i < 2; i++)
			fprintf(t->f, "  -- %s%s\n%s", t->x->runs[i].label,
				step->differs ? ", which differs" : "", out[i]->str);
	} else {
		fputs(out[0]->str, t->f);
	}
	for (guint i = 0; i < t->x->nr_runs; i++)
		g_string_free(out[i], TRUE);
	return true;
}

static void end(void *w, uint64_t rest)
{
	const struct explain_text *t = w;

	if (rest)
		fprintf(t->f,
			"# stopped at --limit %" PRIu64 ", %" PRIu64 " of %" PRIu64
			" operations left: --from %" PRIu64 " goes on,\n# --limit 0 shows all; "
			"--pages, --process and --every show less\n",
			t->x->limit, t->x->to - rest + 1, t->x->nr_ops, rest);
}

const struct explain_writer explain_text_writer = { begin, put_step, end };
