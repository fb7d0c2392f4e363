/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that are read from the device: PG_locked, and who waits for it. */
#ifndef REAPSIM_IO_H
#define REAPSIM_IO_H

#include "sim/state.h"
#include "sim/time/device.h"

struct io;

/** A timed run's: a device that is spread by @seed. */
void io_init(struct sim *s, uint64_t seed);
void io_free(struct sim *s);

/** read_folio(): one request for [@slot, @slot + @nr), which are locked and are
 * unlocked when they are there. An untimed run waits for that here. */
void read_folios(struct sim *s, uint32_t slot, uint32_t nr);
/** A timed run: submits the requests that were plugged (s->io->device). */
void io_plug(struct sim *s, struct device_plug *plug, uint32_t slot);
void io_unplug(struct sim *s, struct device_plug *plug);

/**
 * folio_wait_locked_killable - the current task of a timed run waits until a read that
 * is under way has ended, which is counted. The folio may be gone afterwards unless
 * it is held.
 * Return: 0, or -EINTR when its process was killed.
 */
int folio_wait_locked_killable(struct sim *s, uint32_t slot);

/** Requests to the device so far. */
uint64_t io_nr_requests(const struct sim *s);

#endif
