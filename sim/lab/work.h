/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work in threads. An interruption can end it at once, whatever it is at: one record may
 * read millions of pages, and one allocation may scan all of memory.
 */
#ifndef REAPSIM_LAB_WORK_H
#define REAPSIM_LAB_WORK_H

#include <glib.h>

#include "sim/lab/lab.h"

/**
 * lab_work - @fn(@data, i) for each i below @nr, in at most @jobs threads (0: one a core)
 * @look: called by the calling thread every now and then; may be NULL
 *
 * When @h says so no further call is made, and those under way are waited for. If
 * @h->leave they have only a moment to notice it, and one that does not is left behind: it
 * goes on, until it notices or the program ends, and asks a copy of @h. So what it uses,
 * @data above all, must not be freed then.
 *
 * Return: 0 when all calls have returned; -EINTR when it was interrupted and none is
 * under way; -EBUSY when it was and some are.
 */
int lab_work(void (*fn)(void *data, guint i), void *data, guint nr, int jobs,
	     const struct lab_hooks *h, void (*look)(void *data, const struct lab_hooks *h));

#endif
