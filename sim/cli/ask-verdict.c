// SPDX-License-Identifier: GPL-2.0-only
/* The verdict of ask: five sentences, and what would change them. It counts the cells of the
 * tables, and adds no test of its own. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/cli/ask-answer.h"
#include "sim/cli/change.h"

static const char *const lru_titles[NR_ASK_LRUS] = { "classic", "MGLRU" };

/* struct tally - the cells of a policy: size x LRU x machine */
struct tally {
	guint cells, up, down;	 /* @up, @down: certain */
	double low, high;	 /* of all members of all cells */
	struct estimate main[2]; /* at the main size, for each LRU */
};

static void count(struct tally *t, const GArray *table, const char *policy)
{
	for (guint i = 0; i < table->len; i++) {
		const struct comparison *c = answer_comparison(table, i);

		if (strcmp(answer_policy(c), policy) || isnan(c->change.mean))
			continue;
		t->cells++;
		if (!estimate_is_noise(&c->change)) {
			t->up += c->change.mean > 0;
			t->down += c->change.mean < 0;
		}
		t->low = fmin(t->low, c->change.low);
		t->high = fmax(t->high, c->change.high);
		if (c->p->question == ASK_POLICIES)
			t->main[c->p->lru] = c->change;
	}
}

static struct tally tally(const struct answer *x, const char *policy)
{
	struct tally t = { .low = INFINITY, .high = -INFINITY };

	count(&t, x->tables[ASK_POLICIES], policy);
	count(&t, x->tables[ASK_PRESSURE], policy);
	count(&t, x->tables[ASK_MACHINES], policy);
	return t;
}

/* "+2.0[-0.1..+4.0]%~ (classic) and 0 in every run (MGLRU)" */
static char *both(const struct estimate e[2])
{
	g_autofree char *classic = answer_change(&e[ASK_CLASSIC]);
	g_autofree char *mglru = answer_change(&e[ASK_MGLRU]);

	return g_strdup_printf("%s (classic) and %s (MGLRU)",
			       strcmp(classic, "=") ? classic : "0 in every run",
			       strcmp(mglru, "=") ? mglru : "0 in every run");
}

static void tally_sentence(struct doc *d, const struct answer *x, unsigned int number,
			   const char *policy, const char *what)
{
	const struct tally t = tally(x, policy);
	g_autofree char *main = both(t.main);
	const struct estimate all = { t.low, t.low, t.high, NAN };
	g_autofree char *range = t.low == 0 && t.high == 0
					 ? g_strdup("every run reads as much as mainline")
					 : g_strdup_printf("all runs lie between %+.1f and %+.1f%%",
							   100 * all.low, 100 * all.high);

	doc_text(d,
		 "%u. %s (%s) changes the file pages read by %s at %" PRIu64
		 " pages; of %u cells (size x LRU x machine) %u certainly read more and %u less, "
		 "and %s.",
		 number, what, policy, main, x->a->limits[0], t.cells, t.up, t.down, range);
	answer_command(d, x, answer_comparison(x->tables[ASK_POLICIES], 0), policy);
}

static void unpatched_sentence(struct doc *d, const struct answer *x)
{
	static const char *const names[] = { "cold-first", "pageout-first", "dontneed-after" };
	g_autoptr(GString) s = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct tally t = { 0 };
		g_autofree char *text = NULL;

		count(&t, x->tables[ASK_POLICIES], names[i]);
		text = both(t.main);
		g_string_append_printf(s, "%s%s by %s", i ? ", " : "", names[i], text);
	}
	doc_text(d, "3. What userspace can do on an unpatched kernel changes these reads, too: %s.",
		 s->str);
	answer_command(d, x, answer_comparison(x->tables[ASK_POLICIES], 0), UNPATCHED);
}

static void return_sentence(struct doc *d, const struct answer *x)
{
	const struct trace_deaths *t = x->deaths;
	uint64_t within = 0;
	const guint returned = trace_deaths_returned(t, 50, &within);
	g_autofree char *text = ask_deaths(x->a);

	doc_text(
		d,
		"4. Of the file pages that dead processes had used, %.1f%% were theirs alone, and "
		"%.1f%% of those are used again; after %u of %u deaths others use half of what was "
		"the dead one's alone (one recording, no interval).",
		t->pages ? 100 * (double)t->only / (double)t->pages : 0,
		t->only ? 100 * (double)t->again / (double)t->only : 0, returned, t->all->len);
	doc_command(d, text);
}

static struct estimate time_of(const struct answer *x, enum ask_value v, const char *policy,
			       guint lru)
{
	for (guint i = 0; i < x->times->len; i++) {
		const struct comparison *c = answer_comparison(x->times, i);

		if (c->value == v && c->p->lru == lru && !strcmp(answer_policy(c), policy))
			return c->change;
	}
	return (struct estimate){ NAN, NAN, NAN, NAN };
}

static void saving_sentence(struct doc *d, const struct answer *x)
{
	const struct ask_part *p = answer_comparison(x->tables[ASK_POLICIES], 0)->p;
	const guint v1 = (guint)ask_policy(p, "v1");
	struct estimate reap[NR_ASK_LRUS], net[NR_ASK_LRUS], active[NR_ASK_LRUS];

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct ask_part *q = ask_part(x->a, ASK_POLICIES, lru, 0);

		reap[lru] = time_of(x, ASK_REAP_MS, "v1", lru);
		net[lru] = time_of(x, ASK_NET_MS, "v1", lru);
		active[lru] = ask_change(q, 0, v1, ASK_ACTIVATE);
	}
	if (x->times->len) {
		g_autofree char *cpu = both(reap), *all = both(net);

		doc_text(d,
			 "5. In simulated time v1 changes the CPU time of unmapping by %s, and the "
			 "net cost by %s.",
			 cpu, all);
		answer_command(d, x, answer_comparison(x->times, 0), "v1");
	} else {
		g_autofree char *text = both(active);

		doc_text(d,
			 "5. v1 skips %.0f calls of folio_mark_accessed() under the classic LRU "
			 "(the mean of the members) and changes pgactivate by %s; what that saves "
			 "in time, -m FILE tells.",
			 ask_mean(p, 0, v1, ASK_SKIPPED), text);
		answer_command(d, x, answer_comparison(x->tables[ASK_POLICIES], 0), "v1");
	}
}

/* At which sizes a policy reads less and more in the single runs */
static void sizes_item(struct doc *d, const struct answer *x, guint lru, const char *policy)
{
	const struct ask_part *p = ask_part(x->a, ASK_SIZES, lru, 0);
	g_autoptr(GString) less = g_string_new(NULL), more = g_string_new(NULL);

	for (guint m = 0; m < p->rs.machines->len; m++) {
		const double c = ask_change(p, m, (guint)ask_policy(p, policy), ASK_FILLS).mean;
		GString *s = c < 0 ? less : more;

		if (c < 0 || c > 0)
			g_string_append_printf(
				s, "%s%" PRIu64, s->len ? ", " : " at ",
				machine_limit(&g_array_index(p->rs.machines, struct machine, m)));
	}
	doc_item(d,
		 "Memory, %s, in the single runs above: %s reads less%s, and more%s (limits in "
		 "pages).",
		 lru_titles[lru], policy, less->len ? less->str : " at no size",
		 more->len ? more->str : " at no size");
}

/* Cells that are certain where the main one is not, or of another sign */
static void machines_item(struct doc *d, const struct answer *x, const char *policy)
{
	const struct tally t = tally(x, policy);
	g_autoptr(GString) s = g_string_new(NULL);
	const GArray *table = x->tables[ASK_MACHINES];

	for (guint i = 0; i < table->len; i++) {
		const struct comparison *c = answer_comparison(table, i);
		const struct estimate *main = &t.main[c->p->lru];
		g_autofree char *text = answer_change(&c->change);

		if (!strcmp(answer_policy(c), policy) && !estimate_is_noise(&c->change) &&
		    (estimate_is_noise(main) || c->change.mean * main->mean < 0))
			g_string_append_printf(s, "%s%s, %s: %s", s->len ? "; " : "",
					       ask_variant(c->p->variant), lru_titles[c->p->lru],
					       text);
	}
	if (s->len)
		doc_item(d,
			 "The machine: the change by %s is certain there, and above it is not, or "
			 "has the other sign: %s.",
			 policy, s->str);
	else
		doc_item(
			d,
			"The machine: with large folios and on the other architecture no change by "
			"%s is certain that is not certain above, with the same sign.",
			policy);
}

static void changes(struct doc *d, const struct answer *x)
{
	const struct trace_deaths *t = x->deaths;
	struct tally any = { 0 };
	guint reaped = 0;
	g_autofree char *text = NULL;

	for (guint i = 0; i < t->all->len; i++) {
		const enum op_code how = g_array_index(t->all, struct trace_death, i).how;

		reaped += how == OP_MRELEASE || how == OP_OOM;
	}
	for (guint i = 0; i < x->tables[ASK_RECORDED]->len; i++) {
		const struct comparison *c = answer_comparison(x->tables[ASK_RECORDED], i);

		if (!strcmp(answer_policy(c), "any-exit"))
			any.main[c->p->lru] = c->change;
	}
	text = both(any.main);
	doc_heading(d, "What would change this?");
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++)
		sizes_item(d, x, lru, "v1");
	machines_item(d, x, "v1");
	doc_item(d,
		 "How processes end: in the recording %u of %u are reaped, and v1 acts on those "
		 "only. If every exit skipped (any-exit), as recorded, the reads would change by "
		 "%s.",
		 reaped, t->all->len, text);
	doc_item(d,
		 "Who comes back: here somebody does after %u of %u deaths. What skipping loses is "
		 "what those read again; \"reapsim breakeven\" varies how many there are, for "
		 "generated workloads.",
		 trace_deaths_returned(t, 50, &(uint64_t){ 0 }), t->all->len);
	doc_item(d, "What no run here has: other processes than the recorded ones, global reclaim "
		    "with kswapd (the limit is a memcg's), a killer that reacts to memory. A "
		    "recording of faults has no access to a page that is mapped already.");
}

void answer_verdict(const struct answer *x, struct doc *d)
{
	g_autofree char *few = cli_too_few(x->a->spec.members, x->tables[ASK_POLICIES]->len);

	doc_heading(d, "Verdict");
	doc_text(
		d,
		"Cells are counted over several tables, each of which is corrected for itself. "
		"The commands print the columns of the classic LRU, and correct their own tables.");
	if (few)
		doc_text(d, "%s.", few);
	tally_sentence(d, x, 1, "v1", "Skipping the mark");
	tally_sentence(d, x, 2, "v1+evict", "Dropping the pages too");
	unpatched_sentence(d, x);
	return_sentence(d, x);
	saving_sentence(d, x);
	changes(d, x);
}
