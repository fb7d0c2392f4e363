// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/work.h"

#include <errno.h>

#define LOOK_US	 2000
#define GRACE_US 50000 /* between an interruption and leaving work behind */

struct work {
	void (*fn)(void *data, guint i);
	void *data;
	guint nr;
	struct lab_hooks hooks;
	GMutex lock;   /* of what follows */
	GCond ended;   /* a thread has */
	guint next;    /* call to make */
	guint nr_busy; /* threads that have not ended */
	bool left;     /* by the caller: the last thread frees it */
};

static void work_free(struct work *w)
{
	g_mutex_clear(&w->lock);
	g_cond_clear(&w->ended);
	g_free(w);
}

static bool take(struct work *w, guint *i)
{
	bool any;

	g_mutex_lock(&w->lock);
	any = w->next < w->nr && !lab_interrupted(&w->hooks);
	if (any)
		*i = w->next++;
	g_mutex_unlock(&w->lock);
	return any;
}

static gpointer work_main(gpointer data)
{
	struct work *w = data;
	bool last;
	guint i;

	while (take(w, &i))
		w->fn(w->data, i);
	g_mutex_lock(&w->lock);
	w->nr_busy--;
	last = w->left && !w->nr_busy;
	g_cond_signal(&w->ended);
	g_mutex_unlock(&w->lock);
	if (last)
		work_free(w);
	return NULL;
}

/* under a limit there may be fewer threads than asked for; without any, the caller is one */
static void start(struct work *w, guint jobs)
{
	w->nr_busy = jobs;
	for (guint n = 0; n < jobs; n++) {
		GThread *thread = g_thread_try_new("run", work_main, w, NULL);

		if (thread) {
			g_thread_unref(thread);
			continue;
		}
		g_mutex_lock(&w->lock);
		w->nr_busy -= jobs - n - !n;
		g_mutex_unlock(&w->lock);
		if (!n)
			work_main(w);
		return;
	}
}

/* with the lock; until all have ended, or there was no more patience with them */
static void wait_for_all(struct work *w, void (*look)(void *data, const struct lab_hooks *h))
{
	const struct lab_hooks *h = &w->hooks;
	gint64 until = G_MAXINT64;

	while (w->nr_busy) {
		const gint64 now = g_get_monotonic_time();

		if (lab_interrupted(h))
			until = MIN(until, now + GRACE_US);
		if (now >= until)
			return;
		if (!g_cond_wait_until(&w->ended, &w->lock, now + LOOK_US) && look) {
			g_mutex_unlock(&w->lock);
			look(w->data, h);
			g_mutex_lock(&w->lock);
		}
	}
}

int lab_work(void (*fn)(void *data, guint i), void *data, guint nr, int jobs,
	     const struct lab_hooks *h, void (*look)(void *data, const struct lab_hooks *h))
{
	struct work *w = g_new0(struct work, 1);
	int ret = 0;

	w->fn = fn;
	w->data = data;
	w->nr = nr;
	if (h)
		w->hooks = *h;
	g_mutex_init(&w->lock);
	g_cond_init(&w->ended);
	start(w, MIN(jobs > 0 ? (guint)jobs : g_get_num_processors(), nr));
	g_mutex_lock(&w->lock);
	wait_for_all(w, look);
	if (w->nr_busy)
		ret = -EBUSY;
	else if (w->next < nr)
		ret = -EINTR;
	w->left = ret == -EBUSY;
	g_mutex_unlock(&w->lock);
	if (ret != -EBUSY)
		work_free(w);
	return ret;
}
