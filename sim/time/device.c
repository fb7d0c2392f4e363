// SPDX-License-Identifier: GPL-2.0-only
/*
 * Approximations: reads only (writeback takes no time and no bandwidth); one
 * queue and one link, no seeks, no reordering, no merging of requests, no limit of their size; a
 * device does not slow down with age, heat or a full write cache. The tail of real
 * flash latencies (garbage collection) is longer than an exponential one.
 */
#include "sim/time/device.h"

#include <glib.h>

#include "sim/rng.h"

struct device_req {
	struct timer timer;
	struct device *d;
	uint32_t first, nr, segments;
	struct device_req *next; /* in a plug, the queue or the pool */
};

/* struct req_list - first in, first out */
struct req_list {
	struct device_req *first, **last;
};

struct device {
	struct device_config cfg;
	struct clock *clock;
	void (*done)(void *arg, uint32_t first, uint32_t nr);
	void *arg;
	struct rng rng;
	uint64_t access_ns; /* the mean */
	uint64_t link_free_ns;
	bool instant;
	uint64_t nr_requests;
	uint32_t nr_served, nr_queued;
	struct req_list queue;
	struct req_list ended; /* that nobody knows of yet */
	struct device_req *pool;
	GPtrArray *all; /* every request */
};

static void req_list_add(struct req_list *l, struct device_req *r)
{
	r->next = NULL;
	*l->last = r;
	l->last = &r->next;
}

/* NULL: it is empty */
static struct device_req *req_list_pop(struct req_list *l)
{
	struct device_req *r = l->first;

	if (r)
		l->first = r->next;
	if (!l->first)
		l->last = &l->first;
	return r;
}

static uint64_t transfer_ns(const struct device *d, uint64_t pages)
{
	return d->cfg.mbps ? pages * 4096 * 1000 / d->cfg.mbps : 0;
}

/* a piece of memory begins with its first block in a request, even if that is not its first page */
static uint64_t request_ns(const struct device *d, const struct device_req *r)
{
	const uint64_t further = r->segments ? r->segments - 1 : 0;

	return transfer_ns(d, r->nr) + further * d->cfg.segment_ns;
}

struct device *device_new(struct clock *clock, const struct device_config *cfg, uint64_t seed,
			  void (*done)(void *arg, uint32_t first, uint32_t nr), void *arg)
{
	struct device *d = g_new0(struct device, 1);
	uint64_t one;

	d->cfg = *cfg;
	d->clock = clock;
	d->done = done;
	d->arg = arg;
	rng_init(&d->rng, seed, 1);
	one = transfer_ns(d, 1);
	d->access_ns = cfg->read_ns > one ? cfg->read_ns - one : 0;
	d->instant = !cfg->read_ns && !cfg->mbps;
	d->queue.last = &d->queue.first;
	d->ended.last = &d->ended.first;
	d->all = g_ptr_array_new_with_free_func(g_free);
	return d;
}

void device_free(struct device *d)
{
	if (!d)
		return;
	g_ptr_array_free(d->all, TRUE);
	g_free(d);
}

static struct device_req *req_new(struct device *d, uint32_t first, uint32_t nr, uint32_t segments)
{
	struct device_req *r = d->pool;

	if (r) {
		d->pool = r->next;
	} else {
		r = g_new0(struct device_req, 1);
		g_ptr_array_add(d->all, r);
	}
	r->d = d;
	r->first = first;
	r->nr = nr;
	r->segments = segments;
	r->next = NULL;
	return r;
}

static uint64_t access_latency(struct device *d)
{
	const uint64_t random = d->access_ns * d->cfg.spread_percent / 100;

	if (!random)
		return d->access_ns;
	return d->access_ns - random + (uint64_t)((double)random * rng_exponential(&d->rng));
}

static void serve(struct device *d, struct device_req *r);

static void tell(struct device *d, struct device_req *r)
{
	d->done(d->arg, r->first, r->nr);
	r->next = d->pool;
	d->pool = r;
}

/* the request is complete */
static void complete(struct device *d, struct device_req *r)
{
	if (d->cfg.together)
		req_list_add(&d->ended, r);
	else
		tell(d, r);
	d->nr_served--;
	r = req_list_pop(&d->queue);
	if (r) {
		d->nr_queued--;
		serve(d, r);
	}
	while (!d->nr_served && (r = req_list_pop(&d->ended)))
		tell(d, r);
}

static void transferred(void *arg)
{
	struct device_req *r = arg;

	complete(r->d, r);
}

/* the access latency is over: use the link, or wait for it */
static void accessed(void *arg)
{
	struct device_req *r = arg;
	struct device *d = r->d;

	d->link_free_ns = MAX(d->link_free_ns, d->clock->now_ns) + request_ns(d, r);
	r->timer = (struct timer){ .fn = transferred, .arg = r };
	if (d->link_free_ns == d->clock->now_ns)
		complete(d, r);
	else
		clock_push(d->clock, &r->timer, d->link_free_ns);
}

static void serve(struct device *d, struct device_req *r)
{
	d->nr_served++;
	r->timer = (struct timer){ .fn = accessed, .arg = r };
	clock_push(d->clock, &r->timer, d->clock->now_ns + access_latency(d));
}

static void submit(struct device *d, struct device_req *r)
{
	d->nr_requests++;
	if (d->instant) {
		d->nr_served++;
		complete(d, r);
	} else if (!d->cfg.depth || d->nr_served < d->cfg.depth) {
		serve(d, r);
	} else {
		req_list_add(&d->queue, r);
		d->nr_queued++;
	}
}

void device_read(struct device *d, uint32_t first, uint32_t nr, uint32_t segments)
{
	submit(d, req_new(d, first, nr, segments));
}

void device_plug(struct device *d, struct device_plug *plug, uint32_t block, bool segment)
{
	struct device_req *r = plug->last;

	if (r && r->first + r->nr == block) {
		r->nr++;
		r->segments += segment;
		return;
	}
	r = req_new(d, block, 1, 1);
	if (plug->last)
		plug->last->next = r;
	else
		plug->first = r;
	plug->last = r;
}

uint32_t device_unplug(struct device *d, struct device_plug *plug)
{
	uint32_t nr = 0;

	for (struct device_req *r = plug->first, *next; r; r = next, nr++) {
		next = r->next;
		submit(d, r);
	}
	return nr;
}

bool device_is_instant(const struct device *d)
{
	return d->instant;
}

uint32_t device_nr_served(const struct device *d)
{
	return d->nr_served;
}

uint64_t device_nr_requests(const struct device *d)
{
	return d->nr_requests;
}

uint32_t device_nr_queued(const struct device *d)
{
	return d->nr_queued;
}
