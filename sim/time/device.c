// SPDX-License-Identifier: GPL-2.0-only
/*
 * Approximations: reads only (writeback takes no time and no bandwidth); one
 * queue and one link, no seeks, no reordering, no merging of requests; a device
 * does not slow down with age, heat or a full write cache. The tail of real
 * flash latencies (garbage collection) is longer than an exponential one.
 */
#include "sim/time/device.h"

#include "sim/rng.h"
#include "sim/time/sched.h"

struct device_req {
	struct timer timer;
	struct sim *s;
	uint32_t slot, nr;
	struct device_req *next; /* in a plug, the queue or the pool */
};

struct device {
	struct rng rng;
	uint64_t access_ns; /* the mean */
	uint64_t link_free_ns;
	bool instant;
	uint64_t nr_requests;
	uint32_t nr_served, nr_queued;
	struct device_req *first, **last; /* the queue */
	struct device_req *pool;
	GPtrArray *all; /* every request there is */
};

static uint64_t transfer_ns(const struct sim *s, uint64_t pages)
{
	const uint32_t mbps = s->cfg.machine.device_mbps;

	return mbps ? pages * 4096 * 1000 / mbps : 0;
}

struct device *device_new(struct sim *s, uint64_t seed)
{
	const struct machine *m = &s->cfg.machine;
	struct device *d = g_new0(struct device, 1);
	const uint64_t one = transfer_ns(s, 1), read_ns = m->read_us * 1000ull;

	rng_init(&d->rng, seed, 1);
	d->access_ns = read_ns > one ? read_ns - one : 0;
	d->instant = !read_ns && !m->device_mbps;
	d->last = &d->first;
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

static struct device_req *req_new(struct sim *s, uint32_t slot, uint32_t nr)
{
	struct device *d = s->device;
	struct device_req *r = d->pool;

	if (r) {
		d->pool = r->next;
	} else {
		r = g_new0(struct device_req, 1);
		g_ptr_array_add(d->all, r);
	}
	r->s = s;
	r->slot = slot;
	r->nr = nr;
	r->next = NULL;
	return r;
}

static uint64_t access_latency(struct sim *s)
{
	const uint32_t spread = s->cfg.machine.device_spread_percent;
	struct device *d = s->device;
	const uint64_t random = d->access_ns * spread / 100;

	if (!random)
		return d->access_ns;
	return d->access_ns - random + (uint64_t)((double)random * rng_exponential(&d->rng));
}

static void serve(struct sim *s, struct device_req *r);

/* the pages are there */
static void complete(struct sim *s, struct device_req *r)
{
	struct device *d = s->device;

	for (uint32_t i = r->slot; i < r->slot + r->nr; i++)
		s->folios[i].flags &= (uint16_t) ~(PG_locked | PG_refault);
	folio_wake(s, r->slot, r->nr);
	r->next = d->pool;
	d->pool = r;
	d->nr_served--;
	if (d->first) {
		r = d->first;
		d->first = r->next;
		if (!d->first)
			d->last = &d->first;
		d->nr_queued--;
		serve(s, r);
	}
}

static void transferred(void *arg)
{
	struct device_req *r = arg;

	complete(r->s, r);
}

/* it is the request's turn on the link, or in the queue for it */
static void accessed(void *arg)
{
	struct device_req *r = arg;
	struct sim *s = r->s;
	struct device *d = s->device;

	d->link_free_ns = MAX(d->link_free_ns, s->clock.now_ns) + transfer_ns(s, r->nr);
	r->timer = (struct timer){ .fn = transferred, .arg = r };
	if (d->link_free_ns == s->clock.now_ns)
		complete(s, r);
	else
		sched_timer(s, &r->timer, d->link_free_ns);
}

static void serve(struct sim *s, struct device_req *r)
{
	s->device->nr_served++;
	r->timer = (struct timer){ .fn = accessed, .arg = r };
	sched_timer(s, &r->timer, s->clock.now_ns + access_latency(s));
}

static void submit(struct sim *s, struct device_req *r)
{
	const uint32_t depth = s->cfg.machine.device_depth;
	struct device *d = s->device;

	d->nr_requests++;
	r->next = NULL;
	if (d->instant) {
		d->nr_served++;
		complete(s, r);
		/* who asked for it waits, if for no time */
		sim_use_mm(s);
	} else if (!depth || d->nr_served < depth) {
		serve(s, r);
	} else {
		*d->last = r;
		d->last = &r->next;
		d->nr_queued++;
	}
}

void device_read(struct sim *s, uint32_t slot, uint32_t nr)
{
	submit(s, req_new(s, slot, nr));
}

void device_plug(struct sim *s, struct device_plug *plug, uint32_t slot)
{
	struct device_req *r = plug->last;

	if (r && r->slot + r->nr == slot) {
		r->nr++;
		return;
	}
	r = req_new(s, slot, 1);
	if (plug->last)
		plug->last->next = r;
	else
		plug->first = r;
	plug->last = r;
}

void device_unplug(struct sim *s, struct device_plug *plug)
{
	for (struct device_req *r = plug->first, *next; r; r = next) {
		next = r->next;
		submit(s, r);
	}
}

int device_wait(struct sim *s, uint32_t slot)
{
	const uint16_t flags = s->folios[slot].flags;
	const uint64_t start = s->clock.now_ns;
	int ret;

	/* folio_wait_bit_common(): who waits for the working set is thrashing */
	if (flags & PG_workingset)
		memstall_enter(s);
	ret = folio_wait_locked(s, slot);
	if (flags & PG_workingset)
		memstall_leave(s);
	s->times.nr_io_waits++;
	s->times.io_wait_ns += s->clock.now_ns - start;
	if (flags & PG_refault)
		s->times.refault_wait_ns += s->clock.now_ns - start;
	return ret;
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
