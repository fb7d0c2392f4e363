/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Killers of a timed run decide when memory is short, and which process to kill. A killer is
 * one const struct in models/kill-NAME.c and one line in models/models.h. The kernel's OOM
 * killer runs in addition when an allocation fails.
 */
#ifndef REAPSIM_KILLER_H
#define REAPSIM_KILLER_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/option.h"

struct sim;

#define KILLER_ARGS_MAX 24

/* A killer that has not killed in this time without any change never will: the time
 * exceeds what its options, up to an hour each, can make it wait. */
#define KILLER_PATIENCE_NS (3 * 3600 * 1000000000ull)

/**
 * struct killer
 * @name: as in "--killer NAME"; file models/kill-@name.c
 * @summary: one line for "reapsim list"
 * @options: its parameters, whole numbers or words; may be NULL
 * @scripted: the kills of the trace happen as recorded. With any other killer they do
 *	not: the process lives on, and a later spawn of it finds the process with its
 *	mappings
 * @run: the body of the killer's task. It never returns; it waits in killer_wait(),
 *	killer_wait_gone() or psi_wait() (sim/time/psi.h) until the run ends, and must not
 *	own memory while it waits. NULL: no task. @args: the values of @options
 */
struct killer {
	const char *name;
	const char *summary;
	const struct option *options;
	bool scripted;
	void (*run)(struct sim *s, const union option_value *args);
};

/** Parse "KEY=VALUE:KEY=VALUE" over the defaults; @text may be NULL. -EINVAL:
 * @err names the key, the value and what is expected, or the valid keys. */
int killer_args_parse(union option_value *args, const struct killer *k, const char *text,
		      struct err *err);

/* Queries and actions of a killer */

/** struct candidate - a process that could be killed. */
struct candidate {
	uint32_t pid, parent; /* @parent: its own pid if it was not forked */
	uint64_t idle_ns;     /* since its last operation; 0: in an operation */
	uint64_t rss_pages, swap_pages, table_pages;
	bool has_adj; /* the trace says how important it is */
	int oom_score_adj;
};

/** All processes that are alive and not being killed, except TRACE_SYSTEM_PID, in the order
 * of their first record; the caller frees the array (struct candidate). */
GArray *killer_candidates(struct sim *s);
/**
 * killer_kill - send SIGKILL; with @reap, a separate task calls process_mrelease().
 * @shortage_pages: missing memory, for the count of avoidable kills
 */
void killer_kill(struct sim *s, uint32_t pid, bool reap, uint64_t shortage_pages);
/** Wait for the exit of @pid, as with a pidfd, at most until @until_ns.
 * Return: true if it has exited. */
bool killer_wait_gone(struct sim *s, uint32_t pid, uint64_t until_ns);
/** Pages missing to the high watermark; in a memcg, to room for one reclaim. */
uint64_t killer_shortage(const struct sim *s);
/** Sleep for @ns. */
void killer_wait(struct sim *s, uint64_t ns);

#endif
