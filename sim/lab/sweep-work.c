// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sweep-work.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/lab/work.h"

/* Called with the lock. Take the next unfinished run. */
static bool take_run(struct sweep_work *w, uint64_t *run)
{
	while (!w->ret && w->next < w->end && !lab_interrupted(&w->hooks)) {
		*run = w->next++;
		if (!sweep_journal_has(&w->journal, *run))
			return true;
	}
	return false;
}

static void worker(void *data, guint thread)
{
	struct sweep_work *w = data;
	uint64_t run;

	(void)thread;
	g_mutex_lock(&w->lock);
	while (take_run(w, &run)) {
		struct sweep_cell cell = { 0 };

		g_mutex_unlock(&w->lock);
		w->execute(w->data, run, &w->hooks, &cell);
		g_mutex_lock(&w->lock);
		if (w->ret || cell.outside) {
			if (!w->ret && cell.ret != -EINTR) {
				w->ret = cell.ret;
				w->err = cell.err;
			}
			g_free(cell.row);
			break;
		}
		if (cell.ret)
			w->failed(w->data, run, &cell);
		w->ret = sweep_journal_add(&w->journal, run, cell.row, &w->err);
	}
	g_mutex_unlock(&w->lock);
}

static void look(void *data, const struct lab_hooks *h)
{
	struct sweep_work *w = data;
	double done;

	g_mutex_lock(&w->lock);
	done = (double)(w->journal.nr_done - w->nr_before);
	g_mutex_unlock(&w->lock);
	lab_progress(h, done / (double)(w->journal.nr_all - w->nr_before));
}

int sweep_work_begin(struct sweep_work *w, const struct outputs *files, const char *path,
		     const struct sweep_id *id, bool restart, const struct lab_hooks *h,
		     struct err *err)
{
	int ret;

	if (h)
		w->hooks = *h;
	g_mutex_init(&w->lock);
	ret = sweep_journal_open(&w->journal, files, path, id, restart, h, err);
	w->nr_before = w->journal.nr_done;
	return ret;
}

int sweep_work_until(struct sweep_work *w, uint64_t end, int jobs, struct err *err)
{
	int ret;

	if (jobs <= 0)
		jobs = (int)g_get_num_processors();
	w->end = end;
	if (w->journal.nr_written < end) {
		jobs = (int)MIN((uint64_t)jobs, end - w->journal.nr_written);
		w->left = lab_work(worker, w, (guint)jobs, jobs, &w->hooks, look) == -EBUSY;
	}
	g_mutex_lock(&w->lock);
	if (w->left && !w->ret)
		w->ret = -EINTR; /* from now on the threads do not touch the journal */
	ret = w->ret == -EINTR ? 0 : w->ret;
	if (ret)
		*err = w->err;
	else if (w->journal.nr_written < end)
		ret = err_set(err, -EINTR,
			      "interrupted: %" PRIu64 " of %" PRIu64 " runs are finished; run "
			      "the same command again to resume",
			      w->journal.nr_done, w->journal.nr_all);
	g_mutex_unlock(&w->lock);
	return ret;
}

bool sweep_work_end(struct sweep_work *w)
{
	sweep_journal_close(&w->journal);
	if (!w->left)
		g_mutex_clear(&w->lock);
	return !w->left;
}
