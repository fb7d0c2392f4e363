// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a sweep: each takes the next run that is not finished. */
#include "sim/lab/sweep.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/sweep-journal.h"
#include "sim/lab/sweep-parts.h"

/* struct sweeping - a sweep being run */
struct sweeping {
	struct sweep *sw;
	const struct lab_hooks *hooks;
	GMutex lock; /* of all below */
	struct sweep_journal journal;
	struct sweep_report *report;
	uint64_t next; /* run to hand out */
	guint nr_threads;
	int ret; /* what stops all: no further run is begun */
	struct err err;
};

/* with the lock: remembers those with the lowest numbers, in the same order whatever
 * thread had them */
static void remember_failure(struct sweep_report *r, uint64_t run, const struct sweep_cell *cell)
{
	guint i = r->nr_failures;

	if (i == SWEEP_FAILURES_MAX && r->failures[--i].run < run)
		return;
	for (; i > 0 && r->failures[i - 1].run > run; i--)
		r->failures[i] = r->failures[i - 1];
	r->failures[i] = (struct sweep_failure){ run, cell->ret, cell->err };
	r->nr_failures = MIN(r->nr_failures + 1, SWEEP_FAILURES_MAX);
}

/* the next run that is not finished; with the lock */
static bool take_run(struct sweeping *s, uint64_t *run)
{
	while (!s->ret && s->next < s->sw->nr_runs && !lab_interrupted(s->hooks)) {
		*run = s->next++;
		if (!sweep_journal_has(&s->journal, *run))
			return true;
	}
	return false;
}

static gpointer worker(gpointer data)
{
	struct sweeping *s = data;
	uint64_t run;

	g_mutex_lock(&s->lock);
	while (take_run(s, &run)) {
		struct sweep_cell cell;

		g_mutex_unlock(&s->lock);
		sweep_execute(s->sw, run, s->hooks, &cell);
		sweep_put_trace(s->sw, run);
		g_mutex_lock(&s->lock);
		if (s->ret || cell.outside) {
			if (!s->ret && cell.ret != -EINTR) {
				s->ret = cell.ret;
				s->err = cell.err;
			}
			g_free(cell.row);
			break;
		}
		if (cell.ret)
			remember_failure(s->report, run, &cell);
		s->ret = sweep_journal_add(&s->journal, run, cell.row, &s->err);
	}
	s->nr_threads--;
	g_mutex_unlock(&s->lock);
	return NULL;
}

static void run_threads(struct sweeping *s, int jobs)
{
	const uint64_t before = s->journal.nr_done, left = s->sw->nr_runs - before;
	g_autofree GThread **threads = NULL;

	if (jobs <= 0)
		jobs = (int)g_get_num_processors();
	jobs = (int)MIN((uint64_t)jobs, left);
	threads = g_new(GThread *, jobs);
	s->nr_threads = (guint)jobs;
	for (int i = 0; i < jobs; i++)
		threads[i] = g_thread_new("run", worker, s);
	for (guint running = 1; running;) {
		uint64_t done;

		g_usleep(2000);
		g_mutex_lock(&s->lock);
		done = s->journal.nr_done - before;
		running = s->nr_threads;
		g_mutex_unlock(&s->lock);
		lab_progress(s->hooks, (double)done / (double)left);
	}
	for (int i = 0; i < jobs; i++)
		g_thread_join(threads[i]);
}

/* the traces of the runs that are finished are not needed for them */
static void pass_over_finished(struct sweeping *s)
{
	sweep_begin_traces(s->sw);
	for (uint64_t run = 0; s->journal.nr_done && run < s->sw->nr_runs; run++)
		if (sweep_journal_has(&s->journal, run))
			sweep_put_trace(s->sw, run);
}

static int sweep_missing(struct sweeping *s, int jobs, struct err *err)
{
	const uint64_t all = s->sw->nr_runs;

	s->report->nr_before = s->journal.nr_done;
	if (s->journal.nr_done)
		lab_note(s->hooks, "%" PRIu64 " of %" PRIu64 " runs are finished already",
			 s->journal.nr_done, all);
	pass_over_finished(s);
	if (s->journal.nr_done < all)
		run_threads(s, jobs);
	if (s->ret) {
		*err = s->err;
		return s->ret;
	}
	if (s->journal.nr_done < all)
		return err_set(err, -EINTR,
			       "interrupted: %" PRIu64 " of %" PRIu64 " runs are finished; the "
			       "same command goes on",
			       s->journal.nr_done, all);
	return sweep_journal_finish(&s->journal, err);
}

int sweep_run(struct sweep *sw, const struct outputs *files, const char *path, int jobs,
	      bool restart, const struct lab_hooks *h, struct sweep_report *r, struct err *err)
{
	struct sweeping s = { .sw = sw, .hooks = h, .report = r };
	char program[SWEEP_DIGEST];
	int ret = sweep_program_digest(program, err);
	const struct sweep_id id = {
		.header = sw->header,
		.digest = sw->digest,
		.program = program,
		.nr_runs = sw->nr_runs,
	};

	*r = (struct sweep_report){ 0 };
	if (ret)
		return ret;
	g_mutex_init(&s.lock);
	ret = sweep_journal_open(&s.journal, files, path, &id, restart, h, err);
	if (!ret)
		ret = sweep_missing(&s, jobs, err);
	r->nr_done = s.journal.nr_done;
	r->nr_failed = s.journal.nr_failed;
	sweep_journal_close(&s.journal);
	g_mutex_clear(&s.lock);
	return ret;
}
