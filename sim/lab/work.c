// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/work.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#define LOOK_US	    2000
#define GRACE_US    50000 /* between an interruption and leaving work behind */
#define ARENA_BYTES (8u << 20)

struct work {
	void (*fn)(void *data, guint i);
	void *data;
	guint nr;
	struct lab_hooks hooks;
	GMutex lock;	/* protects the members below */
	GCond changed;	/* one of them changed */
	guint next;	/* index of the next call */
	guint nr_ready; /* threads that have begun */
	guint nr_busy;	/* threads that have not ended */
	bool go;	/* all threads have begun */
	bool left;	/* the caller has left: the last thread frees this */
};

static void work_free(struct work *w)
{
	g_mutex_clear(&w->lock);
	g_cond_clear(&w->changed);
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

static void make_calls(struct work *w)
{
	guint i;

	while (take(w, &i))
		w->fn(w->data, i);
}

static gpointer thread_main(gpointer data)
{
	struct work *w = data;
	bool last;

	/* sets up jemalloc's arena, for which room_for_thread() found room */
	g_free(g_malloc(1));
	g_mutex_lock(&w->lock);
	w->nr_ready++;
	g_cond_broadcast(&w->changed);
	while (!w->go)
		g_cond_wait(&w->changed, &w->lock);
	g_mutex_unlock(&w->lock);
	make_calls(w);
	g_mutex_lock(&w->lock);
	w->nr_busy--;
	last = w->left && !w->nr_busy;
	g_cond_broadcast(&w->changed);
	g_mutex_unlock(&w->lock);
	if (last)
		work_free(w);
	return NULL;
}

/* jemalloc 5.3 crashes if a new thread finds no memory for its arena */
static bool room_for_thread(void)
{
	pthread_attr_t attr;
	size_t size = 0;
	void *p;

	if (!pthread_attr_init(&attr)) {
		pthread_attr_getstacksize(&attr, &size);
		pthread_attr_destroy(&attr);
	}
	size += ARENA_BYTES;
	p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p != MAP_FAILED && !munmap(p, size);
}

/* Called with the lock. */
static bool start_thread(struct work *w)
{
	GThread *thread = room_for_thread() ? g_thread_try_new("run", thread_main, w, NULL) : NULL;

	if (!thread)
		return false;
	g_thread_unref(thread);
	w->nr_busy++;
	while (w->nr_ready < w->nr_busy)
		g_cond_wait(&w->changed, &w->lock);
	return true;
}

/* If memory is limited, fewer than @jobs threads may begin; if none, the caller makes the
 * calls. */
static void start(struct work *w, guint jobs)
{
	bool any;

	g_mutex_lock(&w->lock);
	while (w->nr_busy < jobs && start_thread(w)) {
		/* start them one by one: two could both find the same room */
	}
	any = w->nr_busy;
	w->go = true;
	g_cond_broadcast(&w->changed);
	g_mutex_unlock(&w->lock);
	if (!any)
		make_calls(w);
}

/* Called with the lock. Wait until all threads have ended, or until GRACE_US after an
 * interruption if the caller may leave. */
static void wait_for_all(struct work *w, void (*look)(void *data, const struct lab_hooks *h))
{
	const struct lab_hooks *h = &w->hooks;
	gint64 until = G_MAXINT64;

	while (w->nr_busy) {
		const gint64 now = g_get_monotonic_time();

		if (h->leave && lab_interrupted(h))
			until = MIN(until, now + GRACE_US);
		if (now >= until)
			return;
		if (!g_cond_wait_until(&w->changed, &w->lock, now + LOOK_US) && look) {
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
	g_cond_init(&w->changed);
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
