/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory pressure in a timed run, as in /proc/pressure/memory, with triggers that a killer
 * can wait for. Mirrors v7.3 kernel/sched/psi.c.
 */
#ifndef REAPSIM_PSI_H
#define REAPSIM_PSI_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/time/clock.h"

struct psi;
struct sched;

/** enum psi_state - some: a task stalls; full: all non-idle tasks stall. */
enum psi_state {
	PSI_MEM_SOME,
	PSI_MEM_FULL,
	PSI_NONIDLE,
	NR_PSI_STATES,
};

/** struct psi_task - the current state of a task; zeroed at first. */
struct psi_task {
	unsigned int cpu;
	bool running, oncpu, memstall, iowait;
};

/** struct psi_window - struct psi_window of the kernel. */
struct psi_window {
	uint64_t size_ns, start_ns, start_value, prev_growth;
};

/** struct psi_trigger - fires if a state lasts @threshold_ns within a window, at most once per
 * window. The caller owns it; it must live as long as the run. */
struct psi_trigger {
	enum psi_state state;
	uint64_t threshold_ns;
	struct psi_window win;
	uint64_t last_event_ns;
	bool fired; /* @last_event_ns is valid (the kernel's clock is never 0) */
	bool pending;
	bool event; /* it fired; the reader clears it */
	struct psi_trigger *next;
};

/** Called by the scheduler; @jiffy_ns: timers expire at ticks. */
struct psi *psi_new(struct sched *sched, struct clock *clock, unsigned int nr_cpus,
		    uint64_t jiffy_ns);
void psi_free(struct psi *p);
/** psi_task_change(): @t changes to @now. */
void psi_task_change(struct psi *p, struct psi_task *t, struct psi_task now);
/** Register @t: "some 70000 1000000" is (PSI_MEM_SOME, 70 ms, 1 s). */
void psi_trigger_add(struct psi *p, struct psi_trigger *t, enum psi_state state,
		     uint64_t threshold_ns, uint64_t window_ns);
/** poll(): the current task sleeps until a trigger fires or until @until_ns. */
void psi_wait(struct psi *p, uint64_t until_ns);
/** total= of /proc/pressure/memory, ns, as of now. */
uint64_t psi_total_ns(struct psi *p, enum psi_state state);
/** avg10= in hundredths of a percent, as of the last period of 2 s. Periods start with the
 * first query or trigger; the time before counts as one period. */
uint64_t psi_avg10(struct psi *p, enum psi_state state);

/** window_update(): growth of @value over the window that ends at @now_ns. */
uint64_t psi_window_update(struct psi_window *win, uint64_t now_ns, uint64_t value);
/** calc_load() with EXP_10s: the average after another period with @percent
 * percent of pressure; fixed point, FIXED_1 = 2048. */
uint64_t psi_calc_avg10(uint64_t avg, uint64_t percent);

#endif
