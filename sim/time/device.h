/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block device of a timed run. A request reads blocks that lie together: pages,
 * with the numbers that the owner gives them. Up to @depth requests are served at
 * once, the others wait in the order in which they came. A request that is served
 * first has its access latency, @read_ns less the transfer of 4 KiB, spread as
 * sim/machine.h says; then its pages pass the link, @mbps, one request after the
 * other in the order in which they get there. When it is complete the owner is told.
 *
 * Without @read_ns and @mbps the device takes no time.
 */
#ifndef REAPSIM_DEVICE_H
#define REAPSIM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/time/clock.h"

struct device;
struct device_req;

/** struct device_config - machine keys of the same names. */
struct device_config {
	uint64_t read_ns;
	uint32_t mbps, depth, spread_percent;
};

/** struct device_plug - requests in the making, like struct blk_plug. */
struct device_plug {
	struct device_req *first, *last;
};

/** @done: blocks [@first, @first + @nr) are read. */
struct device *device_new(struct clock *clock, const struct device_config *cfg, uint64_t seed,
			  void (*done)(void *arg, uint32_t first, uint32_t nr), void *arg);
void device_free(struct device *d);
/** Read [@first, @first + @nr). Does not wait. */
void device_read(struct device *d, uint32_t first, uint32_t nr);
/** Add a block to read; it joins the request before if it comes right after. */
void device_plug(struct device *d, struct device_plug *plug, uint32_t block);
/** Submit what was plugged. */
void device_unplug(struct device *d, struct device_plug *plug);
/** It takes no time: what was submitted is read. */
bool device_is_instant(const struct device *d);
/** Requests that are served, and that wait. */
uint32_t device_nr_served(const struct device *d);
uint32_t device_nr_queued(const struct device *d);
/** Requests so far. */
uint64_t device_nr_requests(const struct device *d);

#endif
