/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process takes of kernel memory, apart from what its mappings and open files need. */
#ifndef REAPSIM_FORK_H
#define REAPSIM_FORK_H

#include "sim/mm/mm.h"

/** copy_process(). @forked: by a process of the memcg, to which all of it is charged then; else
 * by one outside, which pays for what it makes, and the memcg only for what the new process
 * does itself. */
void process_alloc(struct sim *s, bool forked);
/** The end of such a process; its page tables go with those of its mappings. */
void process_free(struct sim *s, bool forked);
/** Page tables of the process's own stack and program. */
unsigned int process_tables(bool forked);

#endif
