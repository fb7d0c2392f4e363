/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The block device of a timed run. A request reads contiguous blocks (pages, numbered by
 * the owner). The device serves up to @depth requests in parallel; others wait in FIFO
 * order. A served request first takes its access latency: @read_ns minus the transfer of
 * 4 KiB, with the spread of sim/machine.h. Then its pages pass the link at @mbps, one request
 * after another in order of arrival; each segment but the first, a piece of memory, takes
 * @segment_ns more. On completion the device calls @done. With @together it does so when it has no
 * other request left: some virtual devices interrupt their machine only then.
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
	uint32_t mbps, segment_ns, depth, spread_percent;
	bool together;
};

/** struct device_plug - collects requests, like struct blk_plug. */
struct device_plug {
	struct device_req *first, *last;
};

/** @done: blocks [@first, @first + @nr) are read. */
struct device *device_new(struct clock *clock, const struct device_config *cfg, uint64_t seed,
			  void (*done)(void *arg, uint32_t first, uint32_t nr), void *arg);
void device_free(struct device *d);
/** Read [@first, @first + @nr) into @segments pieces of memory. Does not wait. */
void device_read(struct device *d, uint32_t first, uint32_t nr, uint32_t segments);
/** Add a block to read; it is merged into the previous request if it is adjacent. @segment: a new
 * piece of memory begins. */
void device_plug(struct device *d, struct device_plug *plug, uint32_t block, bool segment);
/** Submit what was plugged. Return: the number of requests. */
uint32_t device_unplug(struct device *d, struct device_plug *plug);
/** Does a read take no time? Then it is complete once submitted. */
bool device_is_instant(const struct device *d);
/** Number of requests being served, and of waiting ones. */
uint32_t device_nr_served(const struct device *d);
uint32_t device_nr_queued(const struct device *d);
/** Requests so far. */
uint64_t device_nr_requests(const struct device *d);

#endif
