/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaim first, reap second: has reclaim aged the victim's pages before the reap, and do the
 * marks of the unmapping contradict it? A sweep of untimed runs of the generator
 * reclaim-first over the number of pages streamed through memory before the kill.
 */
#ifndef REAPSIM_RECLAIM_FIRST_H
#define REAPSIM_RECLAIM_FIRST_H

#include "sim/lab/sweep.h"
#include "sim/lab/table.h"

/** struct reclaim_first_spec - the question; lists as typed in a command, NULL: the default. */
struct reclaim_first_spec {
	const char *streams;  /* pages read before the kill */
	char *const *options; /* KEY=VALUE of the generator */
	guint nr_options;
	const char *machines;  /* key files; default: the generator's own machine */
	char *const *settings; /* KEY=VALUE of every machine, NULL-terminated */
	const char *policies;  /* the others are compared with the first */
	const char *lrus;
};

/** Build the sweep. Return: 0 with @sw to be cleared, or -errno with @err and nothing to clear. */
int reclaim_first_parse(struct sweep *sw, const struct reclaim_first_spec *spec, struct err *err);

/** enum curve - values taken from each run. */
enum curve {
	CURVE_REAP_PAGES, /* sim_reap_pages: pages of the victim that reclaim left mapped */
	CURVE_REAP_YOUNG, /* of these, pages with a young PTE: a mark is due under baseline */
	CURVE_REAP_AGED,  /* of the young ones, pages that reclaim had deactivated or aged */
	CURVE_MARKS,	  /* sim_zap_marks */
	CURVE_AGAINST,	  /* of the marks, those on aged pages: they contradict reclaim */
	CURVE_FILLS,
	CURVE_LIMIT, /* limit_pages */
	NR_CURVES,
};

/** struct curves - the rows: machines x streams x LRUs x policies, as swept. */
struct curves {
	const struct sweep *sw;
	struct table t;
	int column[NR_CURVES];
	int machine, stream, lru, policy; /* axes of the sweep */
	/* @machines: NULL if no machine was named */
	const struct axis *machines, *streams, *lrus, *policies;
};

/** Read @csv, the file of the finished sweep @sw, which must outlive @c. Return: 0 with @c to be
 * cleared, or -errno with @err. */
int curves_load(struct curves *c, const struct sweep *sw, const char *csv, struct err *err);
void curves_clear(struct curves *c);
/** The number of machines, and the name of one (NULL: the generator's own machine), which the
 * caller frees. */
guint curves_nr_machines(const struct curves *c);
char *curves_machine(const struct curves *c, guint machine);

/** A value of a run; 0 if it failed. */
double curves_get(const struct curves *c, guint machine, guint stream, guint lru, guint policy,
		  enum curve what);
/** Percent of the victim's pages that are still mapped under the first policy. */
double curves_mapped(const struct curves *c, guint machine, guint stream, guint lru);
/** @part in percent of @whole, under the first policy. */
double curves_share(const struct curves *c, guint machine, guint stream, guint lru, enum curve part,
		    enum curve whole);
/** Pages read from the device in addition to those under the first policy. */
double curves_more_fills(const struct curves *c, guint machine, guint stream, guint lru,
			 guint policy);

#endif
