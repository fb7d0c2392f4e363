/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process takes of kernel memory, apart from what its mappings and open files need. */
#ifndef REAPSIM_FORK_H
#define REAPSIM_FORK_H

#include "sim/mm/mm.h"

/** copy_process(): pages of a whole machine, or charged to the memcg of that index in sim.memcg.
 * @forked: by a process of the memcg, to which all of it is charged then; else by one outside,
 * which pays for what it makes, and the memcg only for what the new process does itself. */
void process_alloc(struct sim *s, uint8_t memcg, bool forked);
/** The end of such a process; its page tables go with those of its mappings. */
void process_free(struct sim *s, uint8_t memcg, bool forked);
/** Only what is charged of it. */
void process_charge(struct sim *s, uint8_t memcg, bool forked);
void process_uncharge(struct sim *s, uint8_t memcg, bool forked);
/** Page tables of the process's own stack and program. */
unsigned int process_tables(bool forked);

#endif
