/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What memory management costs on this very machine: the keys of a machine file,
 * each measured, read from the kernel, or with the reason why not.
 */
#ifndef REAPSIM_MEASURE_H
#define REAPSIM_MEASURE_H

#include <glib.h>
#include <stdbool.h>

#include "sim/lab/lab.h"

/** struct measurement - one key. */
struct measurement {
	const char *key;   /* of the machine; NULL: for information only */
	const char *what;  /* what was timed, or where the value was read */
	const char *unit;  /* of @samples; NULL: @value was read */
	double scale;	   /* the key's units in one @unit */
	bool mean;	   /* the key is the mean of @samples, else their median */
	GArray *samples;   /* double; empty: not measured */
	char value[32];	   /* read from the kernel */
	char why_not[128]; /* not measured; empty: it was */
};

/** struct measure_options - @dir is on the file system and the device that are
 * measured; @quick: few samples, for tests. */
struct measure_options {
	const char *dir;
	bool quick;
	const struct lab_hooks *hooks;
};

/** struct measures - freed by measures_clear(). */
struct measures {
	GArray *all; /* struct measurement, in the order of the file */
	char kernel[64], file_system[32], lru[16];
	double load; /* average of the last minute, before; < 0: not known */
};

/**
 * Measure everything. Writes a file of 128 MiB (quick: 8) in @dir that is
 * unlinked at once; takes less than a minute.
 * Return: 0; -EINVAL, -EIO with @err when there is no place for the file; -EINTR.
 */
int measure_all(struct measures *m, const struct measure_options *o, struct err *err);
void measures_clear(struct measures *m);
/** The machine file (measure-file.c): each key with how it was measured, or why it was
 * not. The caller frees it. */
char *measures_machine_file(const struct measures *m);

#endif
