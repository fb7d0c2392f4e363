/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reclaim first, reap second: had reclaim aged the victim's pages already, and does the
 * unmapping say the opposite of what reclaim had decided? A sweep of untimed runs of
 * the generator reclaim-first over the length of the stream that goes through memory
 * before the kill.
 */
#ifndef REAPSIM_RECLAIM_FIRST_H
#define REAPSIM_RECLAIM_FIRST_H

#include "sim/lab/sweep.h"
#include "sim/lab/table.h"

/** struct reclaim_first_spec - what is asked; lists as typed in a command, and NULL where
 * there is a default. */
struct reclaim_first_spec {
	const char *streams;  /* pages that are read before the kill */
	char *const *options; /* KEY=VALUE of the generator */
	guint nr_options;
	const char *machines;  /* key files; default: the generator's own machine */
	char *const *settings; /* KEY=VALUE of every machine, NULL-terminated */
	const char *policies;  /* the first is looked at, the others are compared with it */
	const char *lrus;
};

/** The sweep that answers. Return: 0 with @sw to be cleared, or -errno and nothing to
 * clear. */
int reclaim_first_parse(struct sweep *sw, const struct reclaim_first_spec *spec, struct err *err);

/** enum curve - what is read of each run. */
enum curve {
	CURVE_REAP_PAGES, /* sim_reap_pages: the victim's that reclaim has left it */
	CURVE_REAP_YOUNG, /* of these, with a young PTE: a mark is due */
	CURVE_REAP_AGED,  /* of the young, pages that reclaim had deactivated or let grow old */
	CURVE_MARKS,	  /* sim_zap_marks */
	CURVE_AGAINST,	  /* of these, on such aged pages: the mark would keep them */
	CURVE_FILLS,
	CURVE_LIMIT, /* limit_pages */
	NR_CURVES,
};

/** struct curves - the rows: machines x streams x LRUs x policies, as swept. */
struct curves {
	const struct sweep *sw;
	struct table t;
	int column[NR_CURVES];
	int machine, stream, lru, policy;			 /* axes of the sweep */
	const struct axis *machines, *streams, *lrus, *policies; /* @machines: NULL: none named */
};

/** @csv: of the sweep, which is finished and must live as long. */
int curves_load(struct curves *c, const struct sweep *sw, const char *csv, struct err *err);
void curves_clear(struct curves *c);
/** How many machines there are, and the name of one; NULL: the generator's own. The
 * caller frees it. */
guint curves_nr_machines(const struct curves *c);
char *curves_machine(const struct curves *c, guint machine);

/** 0 of a run that failed. */
double curves_get(const struct curves *c, guint machine, guint stream, guint lru, guint policy,
		  enum curve what);
/** Under the first policy, percent: of the victim's pages those that it still has. */
double curves_mapped(const struct curves *c, guint machine, guint stream, guint lru);
/** Likewise: @part of @whole. */
double curves_share(const struct curves *c, guint machine, guint stream, guint lru, enum curve part,
		    enum curve whole);
/** How many pages more than under the first policy are read from the device. */
double curves_more_fills(const struct curves *c, guint machine, guint stream, guint lru,
			 guint policy);

#endif
