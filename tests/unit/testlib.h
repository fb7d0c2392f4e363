/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the suites of the engine: a trace written as text, a run of it, and the state of
 * a page in that run.
 *
 * A trace has no first line. Operations are separated by newlines or semicolons, so that a
 * case fits a line of a table:
 *	"file,a,8; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,8,r"
 * The machine is "KEY=VALUE KEY=VALUE". The tests have these defaults: a memcg limit of 4096
 * pages, no readahead, no fault-around.
 */
#ifndef REAPSIM_TESTS_TESTLIB_H
#define REAPSIM_TESTS_TESTLIB_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/mm/mm.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** struct tl - a trace and a run of it. */
struct tl {
	struct trace *t;
	struct sim *s;
	struct err err;
	int ret; /* result of the last sim_run(): 1 at the end of the trace */
};

/** Parse a trace like a user's file. Return: the trace, or NULL with @err. */
struct trace *tl_trace(const char *text, struct err *err);
/** The machine of a test; an invalid key fails the test. */
struct machine tl_machine(const char *settings);
/** A run that has not begun, and checks every invariant after each operation. @machine and
 * @policy may be NULL (the defaults; baseline). @ends_as: OP_NONE, or how every process ends.
 * Errors fail the test fatally, so it never returns NULL. */
struct tl *tl_new_as(const char *machine, const char *policy, enum op_code ends_as,
		     const char *text);
struct tl *tl_new(const char *machine, const char *policy, const char *text);
/** The same with another LRU model than classic. */
struct tl *tl_new_lru(const struct lru_model *lru, const char *machine, const char *policy,
		      const char *text);
/** The same with another kernel than the default, too. */
struct tl *tl_new_kernel(const struct kernel_profile *kernel, const struct lru_model *lru,
			 const char *machine, const char *policy, const char *text);
/** A timed run; @timed must outlive it. Only what @machine sets takes time. */
struct tl *tl_new_timed(const char *machine, const char *policy, const struct timed_config *timed,
			const char *text);
struct tl *tl_new_timed_lru(const struct lru_model *lru, const char *machine, const char *policy,
			    const struct timed_config *timed, const char *text);
/** Replay up to and including the next snapshot of that name. */
void tl_to(struct tl *x, const char *mark);
/** Replay the rest. Return: as sim_run(). */
int tl_end(struct tl *x);
/** tl_new() or tl_new_kernel(), and tl_end(), which must succeed. */
struct tl *tl_run(const char *machine, const char *policy, const char *text);
struct tl *tl_run_kernel(const struct kernel_profile *kernel, const struct lru_model *lru,
			 const char *machine, const char *policy, const char *text);
void tl_free(struct tl *x);

/** A whole pass of reclaim. */
void tl_shrink_node(struct tl *x, struct scan_control *sc);

/** A counter or level now, and at the first snapshot of that name. */
uint64_t tl_stat(const struct tl *x, enum vmstat_item item);
uint64_t tl_at(const struct tl *x, const char *mark, enum vmstat_item item);

/** The folio of a file's page. */
const struct folio *tl_folio(const struct tl *x, const char *file, uint32_t page);
uint32_t tl_slot(const struct tl *x, const char *file, uint32_t page);
/** The orders of the folios of its first @pages pages, run-length encoded: "0*32 2*8"; "-": not
 * cached. g_free() it. */
char *tl_orders(const struct tl *x, const char *file, uint32_t pages);
/** Where it is: "inactive_file", "batch", "shadow", "absent", ... */
const char *tl_where(const struct tl *x, const char *file, uint32_t page);
/** Its place on its list from the newest, 0; -1: on none. */
int tl_position(const struct tl *x, const char *file, uint32_t page);
/** A list, newest first, as "a:3 a:2 anon:0"; g_free() it. */
char *tl_list(const struct tl *x, const char *list);
/** The pages of a file with all of @flags set, as "0-3 7"; g_free() it. */
char *tl_pages(const struct tl *x, const char *file, uint16_t flags);

struct mm *tl_mm(const struct tl *x, uint32_t pid);
/** The PTE's flags (enum pte_flags); 0: none. */
uint8_t tl_pte(const struct tl *x, uint32_t pid, uint32_t vpn);
/** The slot of an anon page or swap entry. */
uint32_t tl_anon_slot(const struct tl *x, uint32_t pid, uint32_t vpn);

/** "A, B": the names of a registry (struct plugin), as messages list them; g_free() it. */
char *tl_names(const void *registry);

/* Assertions that say which row of a table failed, and the values. */
#define TL_EQ(got, want, ...)                                                                      \
	tl_assert_eq(__FILE__, __LINE__, (uint64_t)(got), (uint64_t)(want), #got, __VA_ARGS__)
#define TL_STR(got, want, ...) tl_assert_str(__FILE__, __LINE__, got, want, #got, __VA_ARGS__)

void tl_assert_eq(const char *file, unsigned int line, uint64_t got, uint64_t want,
		  const char *expr, const char *row, ...) __attribute__((format(printf, 6, 7)));
void tl_assert_str(const char *file, unsigned int line, const char *got, const char *want,
		   const char *expr, const char *row, ...) __attribute__((format(printf, 6, 7)));

#endif
