/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel faults in what a process has mapped: v7.3 mm/gup.c. */
#ifndef REAPSIM_GUP_H
#define REAPSIM_GUP_H

#include "sim/mm/mm.h"
#include "sim/state.h"

/** faultin_page_range(): fault in a range that is mapped, for reading.
 * Return: as touch_pages(); -ENXIO where the file ends. */
int faultin_page_range(struct sim *s, struct mm *mm, uint64_t vpn, uint64_t end);
/** __mm_populate(): fault in what is mapped in a range, and break COW in writable private
 * mappings. Return: the same; with @ignore_errors it goes on with the next VMA, and returns 0. */
int mm_populate(struct sim *s, struct mm *mm, uint64_t vpn, uint64_t end, bool ignore_errors);

#endif
