/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measure the costs of memory management on this machine: each key of a machine file is
 * measured, read from the kernel, or has a reason why it is missing.
 */
#ifndef REAPSIM_MEASURE_H
#define REAPSIM_MEASURE_H

#include <glib.h>
#include <stdbool.h>

#include "sim/lab/lab.h"

/** struct measurement - one key. */
struct measurement {
	const char *key;   /* of the machine; NULL: for information only */
	const char *what;  /* the timed operation, or the source of the value */
	const char *unit;  /* of @samples; NULL: @value was read */
	double scale;	   /* the key's units in one @unit */
	bool mean;	   /* the key is the mean of @samples; false: their median */
	GArray *samples;   /* double; empty: not measured */
	char value[32];	   /* read from the kernel */
	char why_not[128]; /* reason if not measured; empty: measured */
};

/** struct measure_options - @dir: a folder on the file system and device to measure; @quick: few
 * samples, for tests. */
struct measure_options {
	const char *dir;
	bool quick;
	const struct lab_hooks *hooks;
};

/** struct measures - freed by measures_clear(). */
struct measures {
	GArray *all; /* struct measurement, in the order of the file */
	char kernel[64], file_system[32], lru[16];
	char thp[16];	     /* transparent huge pages */
	const char *monitor; /* DAMON_STAT, before and meanwhile */
	double load;	     /* average of the last minute, before; < 0: not known */
};

/**
 * Measure everything. Writes a file of 128 MiB (quick: 8) in @dir that is
 * unlinked at once; takes less than a minute.
 * Return: 0 with @m to be cleared; -EINVAL or -EIO with @err if the file cannot be written;
 * -EINTR.
 */
int measure_all(struct measures *m, const struct measure_options *o, struct err *err);
/** As measure_all() for what is read and not measured: the kernel, its settings, those of the device
 * of the folder @dir. Return: 0 with @m to be cleared, or -EINVAL with @err. */
int measure_read(struct measures *m, const char *dir, struct err *err);
void measures_clear(struct measures *m);
/** The text of the machine file (measure-file.c): each key with its method, or with the reason
 * why it is missing. The caller frees it. */
char *measures_machine_file(const struct measures *m);

#endif
