// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table has the comparisons of one question and value, under both LRUs, and is corrected as a
 * whole (Holm). The verdict counts the cells of all tables; it adds no test of its own.
 */
#include "sim/cli/ask-answer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/cli/change.h"
#include "sim/cli/plot.h"
#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/lab/config.h"

/* Comparisons */

struct comparison *answer_comparison(const GArray *table, guint i)
{
	return &g_array_index(table, struct comparison, i);
}

const char *answer_policy(const struct comparison *c)
{
	return c->p->rs.policies->pdata[c->policy];
}

/* A size that is asked about already: no run ends at a smaller one */
static bool repeated(const struct ask *a, const struct ask_part *p, guint machine)
{
	const GArray *m = p->rs.machines;
	const uint64_t limit = machine_limit(&g_array_index(m, struct machine, machine));

	if (p->question != ASK_PRESSURE)
		return false;
	return limit == a->limits[0] ||
	       (machine && limit == machine_limit(&g_array_index(m, struct machine, 0)));
}

/* All policies, machines and variants of a question; pairs of one under both LRUs. Return: a table
 */
static GArray *compare(const struct ask *a, enum ask_question q, enum ask_value value)
{
	GArray *table = g_array_new(FALSE, FALSE, sizeof(struct comparison));
	g_autofree struct estimate *e = NULL;

	for (guint v = 0; v < ASK_VARIANTS_MAX; v++) {
		const struct ask_part *first = ask_part(a, q, 0, v);

		if (!first)
			continue;
		for (guint m = 0; m < first->rs.machines->len; m++)
			for (guint i = 1; i < first->rs.policies->len && !repeated(a, first, m);
			     i++)
				for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
					const struct ask_part *p = ask_part(a, q, lru, v);
					const struct comparison c = { p, m, i, value,
								      ask_change(p, m, i, value) };

					g_array_append_val(table, c);
				}
	}
	e = g_new(struct estimate, table->len);
	for (guint i = 0; i < table->len; i++)
		e[i] = answer_comparison(table, i)->change;
	estimate_correct(e, table->len);
	for (guint i = 0; i < table->len; i++)
		answer_comparison(table, i)->change = e[i];
	return table;
}

static const enum ask_value times[] = { ASK_REAP_MS, ASK_FREE100_MS, ASK_IO_WAIT_MS, ASK_NET_MS };
static const char *const time_titles[] = {
	"CPU time of unmapping, of all exits, ms",
	"time from the kill until all memory of the victim is free, mean, ms",
	"total time waiting for file pages, ms",
	"net: unmapping + stalls + waits + kswapd, ms",
};

void answer_init(struct answer *x, const struct ask *a, const struct trace_deaths *deaths)
{
	*x = (struct answer){ .a = a, .deaths = deaths };
	for (enum ask_question q = 0; q < NR_ASK_QUESTIONS; q++)
		x->tables[q] = compare(a, q, ASK_FILLS);
	x->times = g_array_new(FALSE, FALSE, sizeof(struct comparison));
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		g_autoptr(GArray) table = compare(a, ASK_TIME, times[i]);

		g_array_append_vals(x->times, table->data, table->len);
	}
}

void answer_clear(struct answer *x)
{
	for (enum ask_question q = 0; q < NR_ASK_QUESTIONS; q++)
		g_array_unref(x->tables[q]);
	g_array_unref(x->times);
}

/* A change of an ensemble, or of one run */
char *answer_change(const struct estimate *e)
{
	if (isnan(e->mean))
		return g_strdup("failed");
	return isnan(e->low) ? cli_change(e, 1) : cli_spread(e);
}

/* Tables */

#define PATCHED "v1,v1+evict,flag,flag+evict,any-exit,any-exit+evict"

/* The command that prints a comparison, and others of its part */
void answer_command(struct doc *d, const struct answer *x, const struct comparison *c,
		    const char *policies)
{
	g_autofree char *text = ask_command(x->a, c->p, policies);

	doc_command(d, text);
}

/* A mean, as compare and outcome print it */
static void number_cell(struct doc *d, enum ask_value value, double v)
{
	g_autofree char *text =
		value < ASK_ACTIVATE || isnan(v) ? cli_figure(v) : cli_brief((uint64_t)(v + 0.5));

	doc_cell(d, "%s", text);
}

/* The row of a pair of comparisons, at @i and @i + 1 */
static void pair_row(struct doc *d, const char *label, const GArray *table, guint i)
{
	doc_cell(d, "%s", label);
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct comparison *c = answer_comparison(table, i + lru);
		g_autofree char *change = answer_change(&c->change);

		number_cell(d, c->value, ask_mean(c->p, c->machine, c->policy, c->value));
		doc_cell(d, "%s", change);
	}
}

/* Mainline, for the comparisons of a row */
static void mainline_row(struct doc *d, const char *label, const GArray *table, guint i)
{
	doc_cell(d, "%s", label);
	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct comparison *c = answer_comparison(table, i + lru);

		number_cell(d, c->value, ask_mean(c->p, c->machine, 0, c->value));
		doc_cell(d, "%s", "");
	}
}

/* A row per policy, in the comparisons [@from, @to) of one machine */
static void policies_table(struct doc *d, const char *caption, const GArray *table, guint from,
			   guint to)
{
	doc_table(d, caption, "policy|classic|change|MGLRU|change");
	mainline_row(d, "baseline", table, from);
	for (guint i = from; i < to; i += NR_ASK_LRUS)
		pair_row(d, answer_policy(answer_comparison(table, i)), table, i);
}

/* The sizes that the rest is about, chosen by ask_run() */
static void chosen_text(struct doc *d, const struct ask *a)
{
	doc_text(d,
		 "Chosen by what mainline reads, the mean of both LRUs: %" PRIu64
		 " pages, where it reads %.2f times as much as with enough memory (wanted: "
		 "1.25); %" PRIu64 " pages for light pressure (%.2f times; wanted: "
		 "1.05) and %" PRIu64 " for heavy (%.2f times; "
		 "wanted: 2).",
		 a->limits[0], a->main, a->limits[1], a->light, a->limits[2], a->heavy);
	if (a->main < 1.05)
		doc_text(d, "So mainline reads hardly more at any of these sizes: there is little "
			    "that a policy could change.");
}

static void sizes_section(struct doc *d, const struct answer *x)
{
	const struct ask *a = x->a;
	const struct ask_part *p[NR_ASK_LRUS];

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++)
		p[lru] = ask_part(a, ASK_SIZES, lru, 0);
	doc_heading(d, "At which size of memory does it matter?");
	doc_text(d, "We assume that every process that ends is killed and reaped by "
		    "process_mrelease(). The table has the file pages that mainline reads from "
		    "the device (sim_fills), and how the policies change that. One run each, no "
		    "interval.");
	doc_table(d, "memory limit in pages, and in percent of what the trace needs",
		  "pages|%|classic|v1|v1+evict|MGLRU|v1|v1+evict");
	for (guint m = 0; m < p[0]->rs.machines->len; m++) {
		const uint64_t limit =
			machine_limit(&g_array_index(p[0]->rs.machines, struct machine, m));

		doc_cell(d, "%" PRIu64, limit);
		doc_cell(d, "%.0f", 100.0 * (double)limit / (double)a->peak);
		for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
			number_cell(d, ASK_FILLS, ask_mean(p[lru], m, 0, ASK_FILLS));
			for (guint i = 1; i < p[lru]->rs.policies->len; i++) {
				const struct estimate e = ask_change(p[lru], m, i, ASK_FILLS);
				g_autofree char *change = answer_change(&e);

				doc_cell(d, "%s", change);
			}
		}
	}
	doc_picture(
		d,
		"Lines: file pages read over the memory limit, relative to mainline, one run each, "
		"for v1 and v1+evict under both LRUs. Bars: median, least and most of the members "
		"at the chosen sizes. The tables have the numbers.",
		plot_ask_sizes(a));
	if (a->nr_failed)
		doc_text(d, "failed: %" PRIu64 " of %" PRIu64 " runs did not end. The last: %s.",
			 a->nr_failed, a->nr_runs,
			 *a->failure.msg ? a->failure.msg : "see runs.csv");
	if (!a->spec.memory)
		chosen_text(d, a);
	answer_command(d, x, answer_comparison(x->tables[ASK_SIZES], 0), "v1,v1+evict");
}

/* When a change is certain in a table, whatever the others are */
static void certainty_text(struct doc *d, guint members, guint comparisons)
{
	const guint needed = estimate_signs_needed(members, comparisons);
	g_autofree char *few = cli_too_few(members, comparisons);

	if (few)
		doc_text(d, "%s.", few);
	else
		doc_text(d,
			 "Among %u comparisons, as in the next table, a change is certain if at "
			 "least %u of %u members agree on its sign; fewer will do if others in the "
			 "table are certain.",
			 comparisons, needed, members);
}

static void policies_section(struct doc *d, const struct answer *x)
{
	const struct ask *a = x->a;
	const GArray *reaped = x->tables[ASK_POLICIES], *recorded = x->tables[ASK_RECORDED];
	g_autofree char *axes = ensemble_text(&answer_comparison(reaped, 0)->p->rs.ensemble);

	doc_heading(d, "What does each policy change?");
	doc_text(d,
		 "%" PRIu64
		 " pages of memory. +4.0[+1.2..+28]%%: the median, the least and the most of %u "
		 "members of an ensemble, which differ in what the recording does not tell (%s). "
		 "They count a part of the trace only (window), so that they read less than the "
		 "runs above. \"~\": the sign can be noise, by a sign test with Holm's correction "
		 "for all comparisons of the table; \"=\": equal in every member.",
		 a->limits[0], a->spec.members, axes);
	certainty_text(d, a->spec.members, reaped->len);
	doc_text(d, "A command prints the columns of the classic LRU, --lru mglru those of the "
		    "other. It corrects its own table, which has other rows, so that a \"~\" may "
		    "differ.");
	policies_table(d, "every process that ends is killed and reaped; file pages read", reaped,
		       0, reaped->len);
	doc_picture(
		d,
		"What each policy changes in the file pages read: median, least and most of the "
		"members, relative to mainline, under both LRUs. The table has the numbers.",
		plot_ask_policies(a));
	answer_command(d, x, answer_comparison(reaped, 0), PATCHED);
	answer_command(d, x, answer_comparison(reaped, 0), UNPATCHED);
	doc_text(d, "Where every process is reaped, the flag and any-exit skip where v1 does, "
		    "except for what the reap leaves to the exit.");
	policies_table(d, "every process ends as recorded; file pages read", recorded, 0,
		       recorded->len);
	answer_command(d, x, answer_comparison(recorded, 0), "v1,flag,any-exit,any-exit+evict");
}

static void pressure_section(struct doc *d, const struct answer *x)
{
	const GArray *table = x->tables[ASK_PRESSURE];
	guint to;

	if (!table->len)
		return;
	doc_heading(d, "And with more or less memory?");
	for (guint from = 0; from < table->len; from = to) {
		const struct comparison *c = answer_comparison(table, from);
		g_autofree char *caption = g_strdup_printf(
			"%" PRIu64 " pages, every process is reaped; file pages read",
			machine_limit(
				&g_array_index(c->p->rs.machines, struct machine, c->machine)));

		for (to = from;
		     to < table->len && answer_comparison(table, to)->machine == c->machine; to++)
			;
		policies_table(d, caption, table, from, to);
	}
	answer_command(d, x, answer_comparison(table, 0), "v1,v1+evict");
}

static void machines_section(struct doc *d, const struct answer *x)
{
	const GArray *table = x->tables[ASK_MACHINES];
	const GPtrArray *policies = answer_comparison(table, 0)->p->rs.policies;

	doc_heading(d, "And on other machines?");
	doc_text(d,
		 "The tables above are of %s. \"large\": folios as large as the machine says, here "
		 "as ext4 has them; \"arm64\": fault-around maps pages old, as with hardware "
		 "access flags (prefault=old), \"x86\": young. Nothing else of these machines "
		 "differs.",
		 ask_variant(ask_own_variant(x->a)));
	for (guint policy = 1; policy < policies->len; policy++) {
		g_autofree char *caption = g_strdup_printf(
			"%s, %" PRIu64 " pages, every process is reaped; file pages read",
			(char *)policies->pdata[policy], x->a->limits[0]);

		doc_table(d, caption, "machine|classic|change|MGLRU|change");
		for (guint i = 0; i < table->len; i += NR_ASK_LRUS)
			if (answer_comparison(table, i)->policy == policy)
				pair_row(d, ask_variant(answer_comparison(table, i)->p->variant),
					 table, i);
	}
	for (guint i = 0; i < table->len; i++)
		if (!i || answer_comparison(table, i)->p->variant !=
				  answer_comparison(table, i - 1)->p->variant)
			answer_command(d, x, answer_comparison(table, i), "v1,v1+evict");
}

static void time_section(struct doc *d, const struct answer *x)
{
	const guint each = x->times->len / G_N_ELEMENTS(times);

	doc_heading(d, "And in time?");
	if (!each) {
		doc_text(d, "The machine has no costs, so nothing takes time. -m FILE gives it "
			    "costs; \"reapsim calibrate\" measures those of this machine.");
		return;
	}
	doc_text(d,
		 "Simulated time on the machine of %s; one user runs the trace in its order. "
		 "%" PRIu64 " pages, every process is reaped.",
		 x->a->spec.machines ? x->a->spec.machines : "the trace's machine rows",
		 x->a->limits[0]);
	for (guint i = 0; i < G_N_ELEMENTS(times); i++)
		policies_table(d, time_titles[i], x->times, i * each, (i + 1) * each);
	answer_command(d, x, answer_comparison(x->times, 0), "v1,v1+evict,cold-first");
}

static void recording_section(struct doc *d, const struct answer *x)
{
	const struct trace_deaths *t = x->deaths;
	guint how[NR_OPS] = { 0 };
	uint64_t within = 0;
	const guint returned = trace_deaths_returned(t, 50, &within);

	for (guint i = 0; i < t->all->len; i++)
		how[g_array_index(t->all, struct trace_death, i).how]++;
	doc_heading(d, "What is in the recording?");
	doc_text(d,
		 "Of %u processes that end, %u exit by themselves, %u are killed by SIGKILL, %u "
		 "reaped by process_mrelease() and %u by the OOM killer. In the recording "
		 "they used %" PRIu64
		 " file pages through mappings, each process for itself. %" PRIu64
		 " of these pages no other live process used: a policy decides about them. "
		 "Of those %" PRIu64 " are used again, %" PRIu64 " by read() first.",
		 t->all->len, how[OP_EXIT], how[OP_KILL], how[OP_MRELEASE], how[OP_OOM], t->pages,
		 t->only, t->again, t->by_read);
	if (!returned)
		doc_text(d, "Nobody comes back: after no death do other processes map and use half "
			    "of what only the dead one had used. All answers assume so. What a "
			    "return costs, \"reapsim breakeven\" says.");
	else if (t->ns)
		doc_text(d,
			 "After %u of %u deaths other processes map and use half of what only the "
			 "dead one had used, as a restarted one would: half of them within %.3g s "
			 "of the recording.",
			 returned, t->all->len, (double)within / 1e9);
	else
		doc_text(d,
			 "After %u of %u deaths other processes map and use half of what only the "
			 "dead one had used, as a restarted one would. The trace has no times.",
			 returned, t->all->len);
}

void answer_write(const struct answer *x, struct doc *d)
{
	g_autofree char *typed = ask_typed(x->a);

	doc_text(d,
		 "What a killed process costs and saves if its file pages are not marked accessed "
		 "when it dies, in one recording. Simulated with the rules of Linux %s. Made by:",
		 answer_comparison(x->tables[ASK_POLICIES], 0)->p->rs.kernel->name);
	doc_command(d, typed);
	recording_section(d, x);
	sizes_section(d, x);
	policies_section(d, x);
	pressure_section(d, x);
	machines_section(d, x);
	time_section(d, x);
	answer_verdict(x, d);
}

/* Rows */

static void csv_rows(const struct answer *x, const GArray *table, FILE *f)
{
	g_autofree char *name = g_path_get_basename(x->a->t->path);

	for (guint i = 0; i < table->len; i++) {
		const struct comparison *c = answer_comparison(table, i);
		const struct run_set *rs = &c->p->rs;
		const struct machine *m = &g_array_index(rs->machines, struct machine, c->machine);
		const struct estimate *e = &c->change;

		csv_field(f, name);
		fputc(',', f);
		csv_field(f, m->name);
		fprintf(f, ",%s,", ask_names[c->p->question]);
		csv_field(f, ask_variant(c->p->question == ASK_MACHINES ? c->p->variant
									: ask_own_variant(x->a)));
		fprintf(f, ",%" PRIu64 ",%s,%s,%s,%s,%s,%s,%u,%.10g,%.10g,%.6f,", machine_limit(m),
			rs->kernel->name, rs->lru->name,
			ends_as_name(g_array_index(rs->ends, enum op_code, 0)), answer_policy(c),
			(char *)rs->policies->pdata[0], ask_values[c->value], rs->nr_seeds,
			ask_mean(c->p, c->machine, 0, c->value),
			ask_mean(c->p, c->machine, c->policy, c->value), 100 * e->mean);
		if (isnan(e->low))
			fputs(",,\n", f);
		else
			fprintf(f, "%.6f,%.6f,%.6g\n", 100 * e->low, 100 * e->high, e->p);
	}
}

void answer_csv(const struct answer *x, FILE *f)
{
	for (enum ask_question q = 0; q < NR_ASK_QUESTIONS; q++)
		csv_rows(x, x->tables[q], f);
	csv_rows(x, x->times, f);
}
