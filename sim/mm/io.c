// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/filemap.c folio_wait_bit_common() and folio_end_read(), with the
 * hash table of wait queues that pages share.
 *
 * In an untimed run a read takes no time, or read_us. In a timed run the device of
 * sim/time/device.c serves it, which lists its approximations.
 *
 * Approximations: the CPU time of a request is the task's that submits it, and all of it comes
 * after the submission: the end of readahead that nobody waits for is an interrupt, on any CPU. Two
 * folios are never neighbours in memory, so each is a segment; on a machine that was just booted
 * single pages often are. fsync() takes the same CPU time with the journal's commit as without.
 */
#include "sim/mm/io.h"

#include <errno.h>

#include "sim/mm/memcontrol.h"
#include "sim/mm/mm.h"
#include "sim/mm/task.h"
#include "sim/time/sched.h"

/* folio_wait_table[] */
#define WAIT_TABLE_BITS 8

struct io {
	struct device *device;
	struct wait_queue folio_wait_table[1 << WAIT_TABLE_BITS];
};

static struct wait_queue *folio_waitqueue(struct sim *s, uint32_t slot)
{
	return &s->io->folio_wait_table[slot * 0x9e3779b1u >> (32 - WAIT_TABLE_BITS)];
}

/* folio_end_read() */
static void end_read(void *arg, uint32_t slot, uint32_t nr)
{
	struct sim *s = arg;

	for (uint32_t i = slot; i < slot + nr; i++)
		s->folios[i].flags &= (uint16_t) ~(PG_locked | PG_refault);
	for (uint32_t i = slot; i < slot + nr; i++)
		wake_key(s->sched, folio_waitqueue(s, i), i);
}

void io_init(struct sim *s, uint64_t seed)
{
	const struct machine *m = &s->cfg.machine;
	const struct device_config cfg = {
		.read_ns = m->read_us * 1000ull,
		.mbps = m->device_mbps,
		.segment_ns = m->device_segment_ns,
		.together = m->device_together,
		.depth = m->device_depth,
		.spread_percent = m->device_spread_percent,
	};

	s->io = g_new0(struct io, 1);
	s->io->device = device_new(&s->clock, &cfg, seed, end_read, s);
}

void io_free(struct sim *s)
{
	if (!s->io)
		return;
	device_free(s->io->device);
	g_free(s->io);
	s->io = NULL;
}

/* the task that submitted @nr requests waits, even if the read takes no time */
static void submitted(struct sim *s, uint32_t nr)
{
	read_owe(s, (uint64_t)nr * s->cfg.machine.submit_ps);
	if (device_is_instant(s->io->device))
		task_use_mm(s);
}

/* the end of a read in an untimed run */
static inline void read_ends(struct sim *s, uint32_t slot, uint32_t nr)
{
	task_use_mm(s);
	for (uint32_t i = 0; i < nr; i++)
		s->folios[slot + i].flags &= (uint16_t)~PG_locked;
}

static uint32_t nr_folios(const struct sim *s, uint32_t slot, uint32_t nr)
{
	const uint32_t end = slot + nr;
	uint32_t n = 0;

	for (; slot < end; n++) {
		const uint32_t head = folio_head(s->folios, slot);

		slot = head + folio_nr_pages(&s->folios[head]);
	}
	return n;
}

/* not inlined, so that a read that takes no time saves no registers */
static __attribute__((noinline)) void read_takes_time(struct sim *s, uint32_t slot, uint32_t nr)
{
	if (s->io) {
		device_read(s->io->device, slot, nr, nr_folios(s, slot, nr));
		submitted(s, 1);
	} else {
		task_wait(s, s->cfg.machine.read_us * 1000ull);
		read_ends(s, slot, nr);
		if (s->cfg.nr_times)
			mem_cgroup_flush_recorded(s, nr);
	}
}

void read_folios(struct sim *s, uint32_t slot, uint32_t nr)
{
	if (s->io || s->cfg.machine.read_us || s->cfg.nr_times)
		read_takes_time(s, slot, nr);
	else
		read_ends(s, slot, nr);
}

void io_plug(struct sim *s, struct device_plug *plug, uint32_t slot)
{
	device_plug(s->io->device, plug, slot, folio_head(s->folios, slot) == slot);
}

void io_unplug(struct sim *s, struct device_plug *plug)
{
	const uint32_t nr = device_unplug(s->io->device, plug);

	if (nr)
		submitted(s, nr);
}

/* folio_wait_bit_common() */
static int wait_locked(struct sim *s, uint32_t slot)
{
	const uint16_t locked = PG_resident | PG_locked;

	while ((s->folios[slot].flags & locked) == locked) {
		if (fatal_signal_pending(s))
			return -EINTR;
		io_wait_on(s->sched, folio_waitqueue(s, slot), slot);
	}
	return fatal_signal_pending(s) ? -EINTR : 0;
}

int folio_wait_locked_killable(struct sim *s, uint32_t slot)
{
	const uint16_t flags = s->folios[slot].flags;
	const uint64_t start = s->clock.now_ns;
	int ret;

	/* a task that waits for the working set is thrashing */
	if (flags & PG_workingset)
		memstall_enter(s->sched);
	ret = wait_locked(s, slot);
	if (flags & PG_workingset)
		memstall_leave(s->sched);
	s->times.nr_io_waits++;
	s->times.io_wait_ns += s->clock.now_ns - start;
	if (flags & PG_refault)
		s->times.refault_wait_ns += s->clock.now_ns - start;
	return ret;
}

void folio_wait_locked(struct sim *s, uint32_t slot)
{
	const uint16_t locked = PG_resident | PG_locked;

	while ((s->folios[slot].flags & locked) == locked)
		io_wait_on(s->sched, folio_waitqueue(s, slot), slot);
}

void write_takes_time(struct sim *s, uint64_t nr, bool inode)
{
	const struct machine *m = &s->cfg.machine;
	const uint32_t sync_us = inode ? m->fsync_us : m->fdatasync_us ?: m->fsync_us;
	/* a page at one MB/s takes 4096 us */
	const uint64_t transfer_ns = m->device_mbps ? (nr - 1) * 4096000 / m->device_mbps : 0;

	uint64_t ns = (sync_us ?: m->read_us) * 1000ull + transfer_ns;

	if (s->sched) {
		task_owe(s, m->sync_ps);
		ns -= MIN(ns, m->sync_ps / 1000);
		s->times.sync_wait_ns += ns;
	}
	if (ns)
		task_wait(s, ns);
	task_use_mm(s);
}

uint64_t io_nr_requests(const struct sim *s)
{
	return device_nr_requests(s->io->device);
}
