/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads from the device: PG_locked, and the tasks that wait for it. */
#ifndef REAPSIM_IO_H
#define REAPSIM_IO_H

#include "sim/state.h"
#include "sim/time/device.h"

struct io;

/** Set up the device of a timed run; @seed spreads its service times. io_free() frees it. */
void io_init(struct sim *s, uint64_t seed);
void io_free(struct sim *s);

/** read_folio(): submit one request for the slots [@slot, @slot + @nr), which are locked. The
 * end of the read unlocks them. An untimed run waits for that here. */
void read_folios(struct sim *s, uint32_t slot, uint32_t nr);
/** fsync(): write @nr pages and wait, in nobody's way. @inode: the file's inode has changed as
 * well, so the journal commits (v7.3 ext4_sync_file()). A machine without a time for it takes that
 * of one read. */
void write_takes_time(struct sim *s, uint64_t nr, bool inode);
/** folio_wait_bit(): like folio_wait_locked_killable(), whoever is killed. */
void folio_wait_locked(struct sim *s, uint32_t slot);
/** Plug the device of a timed run; io_unplug() submits the plugged requests (s->io->device). */
void io_plug(struct sim *s, struct device_plug *plug, uint32_t slot);
void io_unplug(struct sim *s, struct device_plug *plug);

/**
 * folio_wait_locked_killable - wait until a pending read has ended, and count the wait.
 * Only the current task of a timed run waits. The folio may be gone afterwards unless
 * the caller holds it.
 * Return: 0, or -EINTR if the task's process was killed.
 */
int folio_wait_locked_killable(struct sim *s, uint32_t slot);

/** Number of requests sent to the device so far. */
uint64_t io_nr_requests(const struct sim *s);

#endif
