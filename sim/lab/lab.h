/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the experiments share. Nothing in sim/lab/ prints or exits, and nothing
 * catches signals: who calls may look on, and end what takes long, by hooks.
 */
#ifndef REAPSIM_LAB_H
#define REAPSIM_LAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/err.h"

struct sim;

/** struct lab_hooks - what a caller may give; each member, and the whole, may be NULL. */
struct lab_hooks {
	/** How much is done, 0 to 1; now and then, in the thread that called. */
	void (*progress)(void *data, double done);
	/** True: end soon and keep what is finished. In any thread, often. */
	bool (*interrupted)(void *data);
	/** Do not wait for a thread that is slow to notice an interruption (sim/lab/work.h). It
	 * goes on, and what it uses is lost: for a program that ends soon. interrupted() is
	 * called even then, so @data must live, or not be needed. */
	bool leave;
	/** A remark for people: a line without its newline; in the thread that called. */
	void (*note)(void *data, const char *text);
	void *data;
};

void lab_progress(const struct lab_hooks *h, double done);
bool lab_interrupted(const struct lab_hooks *h);
void lab_note(const struct lab_hooks *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * lab_run - a run to its end, in pieces between which it looks at @h.
 * @nr_recs: counts the records replayed; may be NULL
 * Return: 1 at the end of the trace, 0 if interrupted, or as sim_run().
 */
int lab_run(struct sim *s, const struct lab_hooks *h, _Atomic uint64_t *nr_recs, struct err *err);

#endif
