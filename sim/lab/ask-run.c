// SPDX-License-Identifier: GPL-2.0-only
/* The runs of ask: those of all sizes, then at the sizes that are chosen. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "sim/lab/ask.h"
#include "sim/lab/config.h"
#include "sim/lab/csv.h"
#include "sim/lab/summary.h"
#include "sim/lab/sweep-parts.h"
#include "sim/lab/sweep-work.h"
#include "sim/lab/table.h"

/* Reads of mainline, relative to those with enough memory: light, main and heavy pressure. What
 * is called light or heavy is a judgement; the answer prints the ratios. */
static const double pressures[ASK_SIZES_MAX] = { 1.05, 1.25, 2 };

static const enum vmstat_item counters[NR_ASK_VALUES] = {
	[ASK_ACTIVATE] = VM_pgactivate,	    [ASK_SKIPPED] = VM_sim_zap_skipped,
	[ASK_EVICTED] = VM_sim_zap_evicted, [ASK_REFAULTS] = VM_workingset_refault_file,
	[ASK_FILLS] = VM_sim_fills,
};

/* Sizes */

/* Reads of mainline at a size, relative to those at the first, the mean of both LRUs; NaN: some run
 * there has failed. */
static double pressure(const struct ask *a, guint size)
{
	double sum = 0;

	for (guint lru = 0; lru < NR_ASK_LRUS; lru++) {
		const struct ask_part *p = ask_part(a, ASK_SIZES, lru, 0);

		for (guint i = 1; i < p->rs.policies->len; i++)
			if (isnan(ask_mean(p, size, i, ASK_FILLS)))
				return NAN;
		sum += ask_mean(p, size, 0, ASK_FILLS) / ask_mean(p, 0, 0, ASK_FILLS);
	}
	return sum / NR_ASK_LRUS;
}

/* Do runs end at a size, and also where a member of an ensemble has a tenth less? */
static bool runs_end(const struct ask *a, guint size)
{
	const double limit = (double)g_array_index(a->sizes, uint64_t, size);

	for (guint i = size; i < a->sizes->len; i++)
		if ((double)g_array_index(a->sizes, uint64_t, i) < 0.9 * limit)
			return !isnan(pressure(a, i));
	return false;
}

/*
 * Light pressure is the largest size at which mainline reads 5% more than with enough memory; the
 * main size is the next one at which it reads 25% more, and heavy the next at which it reads twice
 * as much. If there is none, one of the smallest sizes at which every run ends.
 */
static int choose(struct ask *a, struct err *err)
{
	double *const at[ASK_SIZES_MAX] = { &a->light, &a->main, &a->heavy };
	/* the main one is a->limits[0] */
	static const guint place[ASK_SIZES_MAX] = { 1, 0, 2 };
	guint last = 0, i = 0;

	for (guint n = 1; n < a->sizes->len; n++)
		if (runs_end(a, n))
			last = n;
	if (!last)
		return err_set(err, -EINVAL,
			       "%s: with a limit below the %" PRIu64
			       " pages that it needs runs fail%s%s; "
			       "try --memory SIZE",
			       a->t->path, a->peak, *a->failure.msg ? ": " : "", a->failure.msg);
	for (guint k = 0; k < ASK_SIZES_MAX; k++) {
		/* the sizes of heavier pressure come after it */
		const guint until =
			last > ASK_SIZES_MAX - 1 - k ? last - (ASK_SIZES_MAX - 1 - k) : 1;

		for (i = MIN(i + 1, until); i < until && !(pressure(a, i) >= pressures[k]); i++)
			;
		a->limits[place[k]] = g_array_index(a->sizes, uint64_t, i);
		*at[k] = pressure(a, i);
	}
	return 0;
}

/* Running */

static struct ask_part *part_of(const struct ask *a, uint64_t run)
{
	for (guint i = a->parts->len; i-- > 0;) {
		struct ask_part *p = a->parts->pdata[i];

		if (run >= p->first)
			return p;
	}
	return NULL;
}

static double time_value(const struct outcome *o, enum ask_value v)
{
	switch (v) {
	case ASK_REAP_MS:
		return (double)outcome_reap_ps(o) / 1e9;
	case ASK_MARKS_PERCENT:
		return outcome_marks_percent(o);
	case ASK_FREE100_MS:
		return (double)outcome_free_ns(o, 100) / 1e6;
	case ASK_IO_WAIT_MS:
		return (double)o->mm.io_wait_ns / 1e6;
	default:
		return outcome_net_ns(o) / 1e6;
	}
}

/* The values of a run: times first, as a failed run has an empty last field. */
static void add_values(GString *s, const struct run *r)
{
	for (enum ask_value v = 0; v < NR_ASK_VALUES; v++) {
		if (!run_finished(r) || (v < ASK_ACTIVATE && !r->timed.killer))
			g_string_append_c(s, ',');
		else if (v < ASK_ACTIVATE)
			g_string_append_printf(s, ",%.9g", time_value(&r->outcome, v));
		else
			csv_append_number(s, r->stat.v[counters[v]]);
	}
}

static char *row_of(const struct ask *a, const struct ask_part *p, uint64_t run)
{
	const struct run *r = &g_array_index(p->rs.runs, struct run, run - p->first);
	g_autofree char *base = g_path_get_basename(a->t->path);
	GString *s = g_string_new(NULL);

	g_string_append_printf(s, "%s,%" PRIu64 ",", a->digest, run + 1);
	csv_append(s, base);
	g_string_append_printf(s, ",%s,", ask_names[p->question]);
	csv_append(s, ask_variant(p->question == ASK_MACHINES ? p->variant : ask_own_variant(a)));
	g_string_append_printf(s, ",%s,%s,%" PRIu64 ",%s,%s,%" PRIu64, p->rs.kernel->name,
			       p->rs.lru->name, machine_limit(&r->cfg.machine),
			       ends_as_name(r->cfg.ends_as), r->policy,
			       (run - p->first) % p->rs.nr_seeds);
	add_values(s, r);
	g_string_append_c(s, '\n');
	return g_string_free(s, FALSE);
}

static char *header(void)
{
	GString *s = g_string_new("sweep,run,trace,question,variant,kernel,lru,limit_pages,ends_as,"
				  "policy,member");

	for (int v = 0; v < NR_ASK_VALUES; v++)
		g_string_append_printf(s, ",%s", ask_values[v]);
	g_string_append_c(s, '\n');
	return g_string_free(s, FALSE);
}

/* struct asking - runs in progress. If threads are left behind, it is, too. */
struct asking {
	struct sweep_work work;
	struct ask a; /* a copy; the two share what its members point to */
};

static void execute(void *data, uint64_t run, const struct lab_hooks *h, struct sweep_cell *cell)
{
	const struct ask *a = &((struct asking *)data)->a;
	struct ask_part *p = part_of(a, run);
	struct run *r = &g_array_index(p->rs.runs, struct run, run - p->first);

	run_execute(&p->rs, (guint)(run - p->first), h, NULL);
	r->done = r->ended;
	/* of the host, not of the machine */
	cell->outside = !r->ended || (r->ret == -ENOMEM && !r->snapshots);
	cell->ret = !r->ended ? -EINTR : MIN(r->ret, 0);
	cell->err = r->err;
	if (!cell->outside)
		cell->row = row_of(a, p, run);
}

static void keep_failure(void *data, uint64_t run, const struct sweep_cell *cell)
{
	(void)run;
	((struct asking *)data)->a.failure = cell->err;
}

/* Take the values of the runs from the file. */
static int load(struct ask *a, const char *path, struct err *err)
{
	struct table t;
	int ret = table_load(&t, path, err);
	const int column = ret ? 0 : table_column(&t, ask_values[0]);

	if (ret)
		return ret;
	for (guint i = 0; i < t.rows->len; i++) {
		struct ask_part *p = part_of(a, i);

		for (int v = 0; v < NR_ASK_VALUES; v++)
			p->values[(i - p->first) * NR_ASK_VALUES + (guint)v] =
				*table_text(&t, i, column + v) ? table_number(&t, i, column + v)
							       : NAN;
	}
	table_clear(&t);
	return 0;
}

static int run_all(struct asking *s, struct ask *a, const char *path, int jobs, struct err *err)
{
	const struct ask_part *last = ask_part(a, ASK_SIZES, NR_ASK_LRUS - 1, 0);
	struct sweep_work *w = &s->work;
	int ret;

	if (w->journal.nr_done && w->journal.nr_done < a->nr_runs)
		lab_note(&w->hooks, "%" PRIu64 " of %" PRIu64 " runs are finished already",
			 w->journal.nr_done, a->nr_runs);
	ret = sweep_work_until(w, last->first + last->rs.runs->len, jobs, err);
	a->failure = s->a.failure;
	if (!ret)
		ret = load(a, path, err);
	if (!ret && !a->spec.memory)
		ret = choose(a, err);
	if (!ret && !a->spec.memory)
		ret = ask_plan(a, &w->hooks, err);
	if (!ret)
		ret = sweep_work_until(w, a->nr_runs, jobs, err);
	a->failure = s->a.failure;
	if (!ret)
		ret = sweep_journal_finish(&w->journal, err);
	return ret ? ret : load(a, path, err);
}

int ask_run(struct ask *a, const struct outputs *files, const char *path, int jobs, bool restart,
	    const struct lab_hooks *h, struct err *err)
{
	char program[SWEEP_DIGEST];
	g_autofree char *first = header();
	const struct sweep_id id = {
		.header = first,
		.digest = a->digest,
		.program = program,
		.nr_runs = a->nr_runs,
	};
	struct asking *s;
	int ret = sweep_program_digest(program, err);

	if (ret)
		return ret;
	s = g_new0(struct asking, 1);
	s->a = *a;
	s->work.execute = execute;
	s->work.failed = keep_failure;
	s->work.data = s;
	ret = sweep_work_begin(&s->work, files, path, &id, restart, h, err);
	if (!ret)
		ret = run_all(s, a, path, jobs, err);
	a->nr_done = s->work.journal.nr_done;
	a->nr_failed = s->work.journal.nr_failed;
	a->left = s->work.left;
	if (sweep_work_end(&s->work))
		g_free(s);
	return ret;
}
