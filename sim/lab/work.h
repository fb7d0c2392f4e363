/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work in threads. An interruption can end it at once, even in the middle of a record that
 * reads millions of pages or an allocation that scans all of memory.
 */
#ifndef REAPSIM_LAB_WORK_H
#define REAPSIM_LAB_WORK_H

#include <glib.h>

#include "sim/lab/lab.h"

/**
 * lab_work - call @fn(@data, i) for each i below @nr, in at most @jobs threads (0: one per
 * core)
 * @look: called occasionally by the calling thread; may be NULL
 *
 * If @h interrupts, no further call is made, and lab_work() waits for the running calls.
 * With @h->leave they have only a moment to notice; a call that does not is left behind: it
 * runs until it notices or the program ends, and checks a copy of @h. So what it uses,
 * especially @data, must not be freed.
 *
 * Return: 0 if all calls have returned; -EINTR if interrupted and no call is running;
 * -EBUSY if interrupted and some calls still run.
 */
int lab_work(void (*fn)(void *data, guint i), void *data, guint nr, int jobs,
	     const struct lab_hooks *h, void (*look)(void *data, const struct lab_hooks *h));

#endif
