/* SPDX-License-Identifier: GPL-2.0-only */
/* posix_fadvise(): v7.3 mm/fadvise.c. */
#ifndef REAPSIM_FADVISE_H
#define REAPSIM_FADVISE_H

#include "sim/mm/mm.h"

/** generic_fadvise() of @nr pages from @first on, 0: to the end, by a task on @cpu. */
void generic_fadvise(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t first,
		     uint32_t nr, enum fadvise advice);

/** fadvise_dontneed - POSIX_FADV_DONTNEED of the pages [@first, @last]: what is dirty is written,
 * which is too late for it to be dropped too. */
void fadvise_dontneed(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first,
		      uint32_t last);

#endif
