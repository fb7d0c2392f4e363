/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measure the costs of memory management on this machine: each key of a machine file is
 * measured, read from the kernel, or has a reason why it is missing.
 *
 * A machine is shared: its neighbours come and go within seconds, and which physical pages a file
 * gets also counts. So everything is measured in turn in many short rounds, in random order.
 * What is a difference or a ratio is taken inside a round, from times that are milliseconds apart;
 * only zap_next_ps, fault_next_ps and new_anon_ps are samples less what another key came to in all
 * rounds. The rounds are in MEASURE_PARTS consecutive parts, each with new files and on the next
 * CPU. The parts say how far to trust a value: what they differ by, another run will.
 */
#ifndef REAPSIM_MEASURE_H
#define REAPSIM_MEASURE_H

#include <glib.h>
#include <stdbool.h>

#include "sim/lab/estimate.h"
#include "sim/lab/lab.h"

#define MEASURE_PARTS 6

/** struct measurement - a quantity; a key is the median of its samples. */
struct measurement {
	const char *key;  /* of the machine; NULL: for information only */
	const char *what; /* the timed operation, or the source of the value; NULL: only the table
			   * of orders has it */
	const char *unit; /* of @samples; NULL: @value was read */
	double scale;	  /* the key's units in one @unit */
	GArray *samples;  /* double, in the order of time; empty: not measured */
	guint part_end[MEASURE_PARTS]; /* number of @samples at the end of each part */
	unsigned int nr_preempted;     /* samples that are left out: others ran meanwhile */
	char value[32];		       /* read from the kernel */
	unsigned int nr_failed;	       /* rounds without a sample */
	char why_not[128];	       /* reason for the last of them; empty: there is none */
};

/** enum unmap_kind - what is measured of the unmapping of a file's pages. */
enum unmap_kind {
	UNMAP_ALONE,	     /* ns a page, without a mark */
	UNMAP_FIRST,	     /* added by a mark that finds it inactive and unreferenced */
	UNMAP_ACTIVATE,	     /* inactive and referenced: it is activated */
	UNMAP_FIRST_ACTIVE,  /* active and unreferenced */
	UNMAP_ACTIVE,	     /* active and referenced: nothing changes */
	UNMAP_SHARE_FIRST,   /* percent of an unmapping in which all pages get a first mark */
	UNMAP_SHARE,	     /* the same, marks that activate */
	UNMAP_FAULT,	     /* ns a fault that maps cached pages */
	UNMAP_FAULT_ONE,     /* ns a fault that maps one */
	UNMAP_COLD,	     /* ns a page, MADV_COLD of what is mapped and active */
	UNMAP_COLD_INACTIVE, /* and inactive */
	NR_UNMAP_KINDS,
};

/** struct unmap_row - the costs with one LRU and one order of folios. */
struct unmap_row {
	const char *lru;
	unsigned int order;
	bool pmd; /* the pages are mapped by PMDs */
	struct measurement *of[NR_UNMAP_KINDS];
};

/** struct measure_options - @dir: a folder on the file system and device to measure; @seconds:
 * for the rounds; @quick: one round a part, small files; @both_lrus: also with the LRU that does
 * not run, for which the kernel changes over meanwhile. */
struct measure_options {
	const char *dir;
	unsigned int seconds;
	bool quick, both_lrus;
	bool cold; /* unmap pages that have left the CPU's caches */
	const struct lab_hooks *hooks;
};

/** struct measures - freed by measures_clear(). */
struct measures {
	GPtrArray *all;	   /* struct measurement, in the order of the file */
	GPtrArray *unmaps; /* struct unmap_row */
	char date[32], kernel[64], file_system[32];
	const char *lru;       /* that runs */
	const char *other_lru; /* "LRU: why it was not measured"; NULL: it was */
	char thp[16];	       /* transparent huge pages */
	const char *monitor;   /* DAMON_STAT, before and meanwhile */
	const char *unseen;    /* why folios could not be looked at; NULL: they were */
	double load;	       /* average of the last minute, before; < 0: not known */
	unsigned int nr_rounds;
	double seconds;	  /* that they took */
	bool cold;	  /* as in struct measure_options */
	size_t scattered; /* bytes of free pages that are no neighbours; 0: they were left alone */
	double others, steal; /* percent of the processors' time meanwhile; < 0: not known */
};

/** An empty @m. */
void measures_init(struct measures *m);
/** Add a quantity with no samples yet; owned by @m. */
struct measurement *measures_add(struct measures *m, const char *key, const char *what,
				 const char *unit, double scale);
/** The median of a key that was measured, in its @unit; NaN: it was not. */
double measures_median(const struct measures *m, const char *key);
/** After all rounds, add a key in ps that follows from @of, in ns: its samples times @factor, less
 * @less ns, which is NaN if that was not measured. */
struct measurement *measures_add_from(struct measures *m, const char *key, const char *what,
				      const struct measurement *of, double factor, double less);
/** The measurement of a key, or NULL if it has no samples. */
const struct measurement *measures_find(const struct measures *m, const char *key);
/**
 * Measure everything. Writes files of 370 MiB (quick: 92) in @dir that are unlinked at once.
 * Return: 0 with @m to be cleared; -EINVAL or -EIO with @err if a file cannot be written;
 * -EINTR.
 */
int measure_all(struct measures *m, const struct measure_options *o, struct err *err);
/** As measure_all() for what is read and not measured: the kernel, its settings, those of the
 * device of the folder @dir. Return: 0 with @m to be cleared, or -EINVAL with @err. */
int measure_read(struct measures *m, const char *dir, struct err *err);
void measures_clear(struct measures *m);

/* measure-file.c */

/** The median of a quantity that was measured, with its interval. */
struct estimate measurement_estimate(const struct measurement *m);
/** The value of its key, a whole number: 0 if a measured difference is below 0. */
uint64_t measurement_key_value(const struct measurement *m);
/** The text of the machine file: each key with its method, or with the reason why it is missing.
 * The caller frees it. */
char *measures_machine_file(const struct measures *m);
/** The table of orders, whose last columns are the shares of the marks. Lines begin with
 * @prefix. The caller frees it. */
char *measures_table(const struct measures *m, const char *prefix);

#endif
