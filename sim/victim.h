/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a killer in userspace does about its victim's files besides process_mrelease(): advice
 * by process_madvise(), and posix_fadvise(POSIX_FADV_DONTNEED) after the death.
 */
#ifndef REAPSIM_VICTIM_H
#define REAPSIM_VICTIM_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** struct victim_advice - the victim's file mappings, as the killer read them before it killed
 * (/proc/PID/maps), and how many of them it has advised. */
struct victim_advice {
	GArray *ranges;
	guint next;
};

/** Read the mappings, if the policy does anything with them in a death by @how. */
void victim_begin(const struct sim *s, struct victim_advice *v, const struct mm *mm,
		  enum op_code how);
/** Does the killer advise the victim now, before (or else after) it kills it? */
bool victim_is_advised(const struct sim *s, const struct victim_advice *v, bool before);
/**
 * One process_madvise(), of as many ranges as one call takes. Its caller holds the mm.
 * Return: true if there are more.
 */
bool victim_process_madvise(struct sim *s, struct victim_advice *v, struct mm *mm);
/** The mm is gone: no call succeeds any more (ESRCH). */
void victim_is_gone(struct sim *s, struct victim_advice *v);
/** After the death, by a task on @cpu; frees what victim_begin() allocated. */
void victim_end(struct sim *s, struct victim_advice *v, unsigned int cpu);

#endif
