/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common code of the experiments. Nothing in sim/lab/ prints, exits or catches signals.
 * Hooks report progress to the caller and let it interrupt long work.
 */
#ifndef REAPSIM_LAB_H
#define REAPSIM_LAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/err.h"

struct sim;

/** struct lab_hooks - hooks of the caller; each member, and the whole, may be NULL. */
struct lab_hooks {
	/** Progress from 0 to 1; called occasionally, in the calling thread. */
	void (*progress)(void *data, double done);
	/** True: end soon and keep finished work. Called often, in any thread. */
	bool (*interrupted)(void *data);
	/** Do not wait for a thread that is slow to notice an interruption (sim/lab/work.h). It
	 * keeps running, and the memory it uses is lost: for a program that ends soon. It still
	 * calls interrupted(), so @data must stay valid or be unused. */
	bool leave;
	/** A message for humans: a line without newline; called in the calling thread. */
	void (*note)(void *data, const char *text);
	void *data;
};

void lab_progress(const struct lab_hooks *h, double done);
bool lab_interrupted(const struct lab_hooks *h);
void lab_note(const struct lab_hooks *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * lab_run - execute a run to its end in pieces, and check @h between them.
 * @nr_recs: counts the records replayed; may be NULL
 * Return: 1 at the end of the trace, 0 if interrupted, or as sim_run().
 */
int lab_run(struct sim *s, const struct lab_hooks *h, _Atomic uint64_t *nr_recs, struct err *err);
/** The same up to record @until: also 0 if it is reached. */
int lab_run_to(struct sim *s, uint64_t until, const struct lab_hooks *h, _Atomic uint64_t *nr_recs,
	       struct err *err);

/** The value of a row, such as "VmSwap:", of a file of /proc, in KiB; 0: there is none. */
uint64_t proc_kb(const char *path, const char *row);

#endif
