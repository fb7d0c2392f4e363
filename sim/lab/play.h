/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plays a trace on the kernel that runs here: policies in repetitions, each a run of the player
 * (kernel-patch/player, host.c) in a folder and a memory cgroup of its own.
 *
 * In each repetition every policy runs once, in an order drawn from the seed, so that what
 * changes on the machine meanwhile meets all policies alike, and a repetition is a pair.
 */
#ifndef REAPSIM_PLAY_H
#define REAPSIM_PLAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/lab/lab.h"
#include "sim/op.h"
#include "sim/trace.h"

/** enum play_value - what a run measures, or NaN if it could not. Times are nanoseconds. */
enum play_value {
	/* CPU time of all deaths but those of exec's old address space: process_mrelease() and
	 * the victim's own from the kill on, less what a process takes that has done nothing */
	PLAY_REAP,
	PLAY_RELEASE, /* process_mrelease() alone, nothing subtracted */
	PLAY_EMPTY,   /* what one process takes that has done nothing */
	PLAY_FREE100, /* mean over the kills: from the kill until 100, 90, 50% is free */
	PLAY_FREE90,
	PLAY_FREE50,
	PLAY_KILLS,
	PLAY_LOST,  /* of these: gone by themselves before process_mrelease() */
	PLAY_FREED, /* pages that the kills freed */
	PLAY_PSI_SOME,
	PLAY_PSI_FULL,
	PLAY_WAIT, /* of the steps: time without CPU time */
	PLAY_REFAULTS,
	PLAY_FILLS, /* pages that the processes have had read */
	PLAY_MAJFLT,
	PLAY_START50, /* of the starts after the first death, as sim/timed-start.c counts them */
	PLAY_START95,
	PLAY_START99,
	PLAY_STARTS,
	PLAY_CPU, /* of the steps */
	PLAY_TOTAL,
	PLAY_NET, /* PLAY_REAP and PLAY_WAIT */
	NR_PLAY_VALUES,
};

/** The name of a value, as in the CSV. */
const char *play_value_name(enum play_value v);

/** struct play_op - an operation, by its row: "touch". An advance has only its place. */
struct play_op {
	uint32_t line, pid;
	char row[16];
	uint64_t wall_ns, cpu_ns;
};

/** struct play_death - of a process. @line 0: of one that has done nothing; @how "end": of one that
 * was left when the trace ended. */
struct play_death {
	uint32_t line, pid;
	char how[16];
	bool lost;
	uint64_t ns;				  /* from the kill until it is a zombie */
	uint64_t release_ns, exit_ns;		  /* CPU time of process_mrelease(), and its own */
	uint64_t life_ns, freed_pages;		  /* its CPU time before the kill */
	int64_t free50_ns, free90_ns, free100_ns; /* -1: not known */
	uint64_t minflt, majflt, read_pages;
};

/** struct play_run - one run. */
struct play_run {
	guint policy, repetition;
	guint place; /* among the runs of its repetition */
	bool done;
	double v[NR_PLAY_VALUES];
	bool own_pressure; /* PSI is the cgroup's, not the machine's */
	GArray *ops;	   /* struct play_op; only while play_hooks.ran() runs */
	GArray *deaths;	   /* struct play_death; likewise */
};

/** struct play_room - a folder, and a memory cgroup of its own: play-room.c. */
struct play_room {
	char *dir;	      /* the folder is in it */
	char *folder;	      /* its path; NULL: not made */
	int lock;	      /* the folder, locked */
	char *cgroup;	      /* the path of the cgroup, which exists only during a run */
	unsigned int version; /* of cgroups */
};

/**
 * play_room_open - make the folder in @dir and choose the place of the cgroup: below @parent, or,
 * if that is NULL, below the cgroup that this process is in, or the nearest one above whose
 * children may have the memory controller. Removes first what a killed call has left there.
 * Return: 0, or -EINVAL with @err.
 */
int play_room_open(struct play_room *r, const char *dir, const char *parent, struct err *err);
/** Make the cgroup; a process that is in it, and it, are gone after play_room_empty(), as is
 * all in the folder but the trace and its files. Return: 0, or -EINVAL with @err. */
int play_room_cgroup(struct play_room *r, struct err *err);
void play_room_empty(struct play_room *r);
/** How many processes the OOM killer has killed in the cgroup. */
uint64_t play_room_oom_kills(const struct play_room *r);
/** Remove all. */
void play_room_close(struct play_room *r);

/**
 * struct play_policy - that can be played
 * @limits: what it cannot stand for; "": nothing
 * @looks: it looks up who maps the victim's folios
 * @advises: it advises the victim between the SIGKILL and process_mrelease()
 */
struct play_policy {
	const char *name, *limits;
	bool looks, advises;
};
/** All of them; the last has no name. */
extern const struct play_policy play_policies[];
/** The policy called @name, or NULL. */
const struct play_policy *play_policy_find(const char *name);

/** struct play_spec - all runs of a trace. */
struct play_spec {
	const struct trace *trace;
	const char *player;  /* its path */
	GPtrArray *policies; /* char * */
	guint repetitions;
	uint64_t seed;
	uint64_t memcg_pages, memcg2_pages, swap_pages;
	unsigned int cpus;
	enum op_code ends_as; /* OP_NONE: as the trace says */
	bool think;	      /* an advance of the trace's clock takes its time */
};

/**
 * play_check - can it be played here? Memory and disk of the trace, and a margin, must be free;
 * the kernel, this process and the machine must have what the policies and the trace need.
 * Return: 0, or -EINVAL with @err naming what is missing and the cure.
 */
int play_check(const struct play_spec *s, const struct play_room *r, struct err *err);

/** Is it looked up before each reap, whatever the policy, who maps the victim's folios? Some policy
 * needs that, and it brings what is unmapped into the CPU's caches. */
bool play_looks(const struct play_spec *s);

/** struct play_hooks - of the caller; @ran: after each run, in the order of time. */
struct play_hooks {
	struct lab_hooks lab;
	void (*ran)(void *data, const struct play_run *run);
	void *data;
};

/**
 * play_all - play all runs.
 * @runs: struct play_run, by repetition and policy; the caller frees it
 * Return: 0; -EINTR: interrupted, the runs that are done are; another negative errno with @err.
 */
int play_all(const struct play_spec *s, struct play_room *r, const struct play_hooks *h,
	     GArray **runs, struct err *err);

/** Compute the values of @run from what the player printed, @text. Return: 0, or a negative errno
 * with @err: the player says why there is no result. */
int play_read(struct play_run *run, char *text, struct err *err);

/** Write @s->trace as the player reads it: its machine rows are those of @s. */
int play_write_trace(const struct play_spec *s, FILE *f, struct err *err);

#endif
