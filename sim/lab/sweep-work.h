/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that execute the runs which a journal lacks, each the next one that is not finished. */
#ifndef REAPSIM_SWEEP_WORK_H
#define REAPSIM_SWEEP_WORK_H

#include "sim/lab/sweep-journal.h"

/** struct sweep_cell - a run that was executed. */
struct sweep_cell {
	int ret; /* 0, or a negative errno with @err */
	struct err err;
	/* the failure has an outside cause: an interruption, or the host is out of memory.
	 * A resumed sweep repeats the run */
	bool outside;
	char *row; /* with its newline; NULL if @outside */
};

/**
 * struct sweep_work - work in progress. If threads are left behind, it is, too, with all that @data
 * needs.
 * @journal: open
 * @execute: executes a run; called in several threads
 * @failed: is told of a run that failed; called by one thread at a time
 */
struct sweep_work {
	struct sweep_journal journal;
	struct lab_hooks hooks;
	void (*execute)(void *data, uint64_t run, const struct lab_hooks *h,
			struct sweep_cell *cell);
	void (*failed)(void *data, uint64_t run, const struct sweep_cell *cell);
	void *data;
	bool left; /* threads are still at work */
	/* private: */
	GMutex lock;	    /* protects the journal and the members below */
	uint64_t next, end; /* run to hand out, and the first that may not begin yet */
	uint64_t nr_before; /* finished when the work began */
	int ret;	    /* an error that stops the work: no further run begins */
	struct err err;
};

/** Open the journal as sweep_journal_open() does, and begin. The other members are the caller's.
 * sweep_work_end() in any case. */
int sweep_work_begin(struct sweep_work *w, const struct outputs *files, const char *path,
		     const struct sweep_id *id, bool restart, const struct lab_hooks *h,
		     struct err *err);
/**
 * sweep_work_until - execute the missing runs below @end, on @jobs threads (0: one per core)
 * Return: 0; -EINTR: interrupted; or another -errno with @err.
 */
int sweep_work_until(struct sweep_work *w, uint64_t end, int jobs, struct err *err);
/** Close the journal. Return: may @w be freed? Not if threads are left behind. */
bool sweep_work_end(struct sweep_work *w);

#endif
