/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Killers of a timed run: who decides that memory is short, and who has to die
 * for it. A killer is one const struct in models/kill-NAME.c and one line in
 * models/registry.c. Whatever the killer, the kernel's own OOM killer is there
 * when an allocation fails.
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

/* What a killer has not killed after so long without any change it never will:
 * more than its options, each up to an hour, can make it wait. */
#define KILLER_PATIENCE_NS (3 * 3600 * 1000000000ull)

/**
 * struct killer
 * @name: as in "--killer NAME"; file models/kill-@name.c
 * @summary: one line for "reapsim list"
 * @options: its parameters, each a whole number or a word; may be NULL
 * @scripted: the kills that the trace has happen as recorded. With any other
 *	killer they do not: the process lives on, and a later spawn of it finds it
 *	there, with what it maps
 * @run: the body of the killer's task, which never returns: it waits by
 *	killer_wait(), killer_wait_gone() or psi_wait() (sim/time/psi.h) until the run
 *	ends, and must own no memory then; NULL: no task. @args: the values of
 *	@options
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

/* What a killer may ask and do */

/** struct candidate - a process that could be killed. */
struct candidate {
	uint32_t pid, parent; /* @parent: who forked it; its own pid: nobody */
	uint64_t idle_ns;     /* since its last operation; 0: in one now */
	uint64_t rss_pages, swap_pages, table_pages;
};

/** All that live and are not being killed, except for TRACE_SYSTEM_PID, in the order
 * of their first record; the caller frees the array (struct candidate). */
GArray *killer_candidates(struct sim *s);
/**
 * killer_kill - SIGKILL; with @reap, process_mrelease() by a task of its own.
 * @shortage_pages: what is missing, for the count of avoidable kills
 */
void killer_kill(struct sim *s, uint32_t pid, bool reap, uint64_t shortage_pages);
/** Until the victim @pid is gone, or @until_ns: as by a pidfd.
 * Return: true if it is gone. */
bool killer_wait_gone(struct sim *s, uint32_t pid, uint64_t until_ns);
/** Pages missing to the high watermark, or to room for one reclaim in a memcg. */
uint64_t killer_shortage(const struct sim *s);
void killer_wait(struct sim *s, uint64_t ns);

#endif
