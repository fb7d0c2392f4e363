/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorted, disjoint ranges of pages, as address spaces have them. */
#ifndef REAPSIM_RANGES_H
#define REAPSIM_RANGES_H

#include <stdint.h>

#include <glib.h>

/*
 * The elements of the arrays below are of any type that begins with
 *
 *	uint32_t first, last;
 *
 * the pages of the range, both inclusive: 2^32 pages fit in 32 bits.
 */

/** Index of the first range that ends at or after @page; the length if none does. O(log n). */
guint ranges_search(const GArray *ranges, uint32_t page);
/**
 * ranges_cut - remove what lies in [@first, @last]
 * @i: ranges_search() of @first
 * @trim_front: lets a range begin at @first, which is in it
 * Return: the index where a range of these pages belongs.
 */
guint ranges_cut(GArray *ranges, guint i, uint32_t first, uint32_t last,
		 void (*trim_front)(void *range, uint32_t first));

#endif
