/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to the probes of calibrate (measure.h). */
#ifndef REAPSIM_MEASURE_PROBE_H
#define REAPSIM_MEASURE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/lab/measure.h"
#include "sim/lab/samples.h"

#define PAGE  4096u
#define CHUNK (128u << 10) /* no more is read ahead at once on many devices */

/** struct bench - the machinery of all measurements. */
struct bench {
	const struct measure_options *o;
	struct measures *m;
	int fd, direct_fd;
	uint64_t file_bytes;
	size_t bytes; /* of it that are mapped */
	unsigned int nr_samples, nr_reads;
	double seconds; /* for each thing that takes as long as one lets it */
	uint64_t random;
	unsigned int step, nr_steps;
};

/* measure.c */

/** CPU time of this thread, and time. */
double bench_cpu_ns(void);
double bench_wall_ns(void);
uint64_t bench_random(uint64_t *state);
/** Another sample? A slow device gets fewer, so that it ends within a minute. */
bool bench_go_on(const struct bench *b, unsigned int n, double start_ns);
/** One of @nr_steps is done. */
void bench_step(struct bench *b);
/** @why_not: for which no further sample was taken; NULL if all were. */
struct measurement *bench_report(struct bench *b, const char *key, const char *what,
				 const char *unit, double scale, GArray *samples,
				 const char *why_not);
/** Drop the file's pages from the cache. Return: NULL, or why it is not possible. */
const char *bench_drop_cache(struct bench *b);
/** Map the file; NULL: not possible. */
char *bench_map_file(struct bench *b);
/** Pages of the mapped part that are in the cache; -1: not to be known. */
long bench_nr_cached(struct bench *b);
/** Every page in the cache, none of them marked. Return: NULL, or why not. */
const char *bench_fill_unmarked(struct bench *b);
void bench_touch(const char *p, size_t bytes);

/* The probes; @no_file: why the file is none, or NULL */

/* measure-unmap.c */
void measure_unmap(struct bench *b, bool large, const char *no_file);
void measure_anon(struct bench *b);
void measure_swap(struct bench *b);
/* measure-reclaim.c */
void measure_group_reclaim(struct bench *b, const char *no_file);
void measure_pageout(struct bench *b, const char *no_file);
/* measure-device.c */
void measure_device(struct bench *b, const char *no_file);
/* measure-settings.c: what can be read */
void measure_settings(struct bench *b);
void measure_describe(struct bench *b);

#endif
