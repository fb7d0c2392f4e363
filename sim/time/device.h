/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block device of a timed run. A request reads pages that lie together. Up
 * to device_depth requests are served at once, the others wait in the order in
 * which they came. A request that is served first has its access latency, read_us
 * less the transfer of 4 KiB, spread as sim/machine.h says; then its pages pass
 * the link, device_mbps, one request after the other in the order in which they
 * get there. When it is complete its pages are unlocked.
 *
 * A machine without read_us and device_mbps has a device that takes no time.
 */
#ifndef REAPSIM_DEVICE_H
#define REAPSIM_DEVICE_H

#include <stdint.h>

#include "sim/sim.h"

struct device;
struct device_req;

/** struct device_plug - requests in the making, like struct blk_plug. */
struct device_plug {
	struct device_req *first, *last;
};

struct device *device_new(struct sim *s, uint64_t seed);
void device_free(struct device *d);
/** Read [@slot, @slot + @nr), which are locked. Does not wait. */
void device_read(struct sim *s, uint32_t slot, uint32_t nr);
/** Add a page to read; it joins the request before if it comes right after. */
void device_plug(struct sim *s, struct device_plug *plug, uint32_t slot);
/** Submit what was plugged. */
void device_unplug(struct sim *s, struct device_plug *plug);
/**
 * device_wait - the current task waits until a page is read, and counts it.
 * Return: 0, or -EINTR when its process was killed.
 */
int device_wait(struct sim *s, uint32_t slot);
/** Requests that are served, and that wait. */
uint32_t device_nr_served(const struct device *d);
uint32_t device_nr_queued(const struct device *d);
/** Requests so far. */
uint64_t device_nr_requests(const struct device *d);

#endif
