/* SPDX-License-Identifier: GPL-2.0-only */
/* v7.3 mm/mremap.c. */
#ifndef REAPSIM_MREMAP_H
#define REAPSIM_MREMAP_H

#include "sim/mm/mm.h"

/**
 * do_mremap - move @pages pages at @addr to @new_addr, where they are @new_pages
 * (MREMAP_FIXED), or change their size in place if @new_addr is @addr.
 * Return: 0; -EFAULT if they are not in one mapping.
 */
int do_mremap(struct sim *s, struct mm *mm, uint32_t addr, uint32_t pages, uint32_t new_addr,
	      uint32_t new_pages);

#endif
