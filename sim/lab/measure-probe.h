/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to the probes of calibrate (measure.h). */
#ifndef REAPSIM_MEASURE_PROBE_H
#define REAPSIM_MEASURE_PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sim/lab/measure.h"
#include "sim/lab/samples.h"

#define PAGE  4096u
#define CHUNK (128u << 10) /* the readahead window of many devices */

/** struct bench - the machinery of all measurements. */
struct bench {
	const struct measure_options *o;
	struct measures *m;
	int fd, direct_fd;
	uint64_t file_bytes;
	size_t bytes; /* length of the mapped part */
	unsigned int nr_samples, nr_reads;
	double seconds; /* for each measurement that has no fixed length */
	uint64_t random;
	unsigned int step, nr_steps;
};

/* measure.c */

/** CPU time of this thread, and wall time. */
double bench_cpu_ns(void);
double bench_wall_ns(void);
uint64_t bench_random(uint64_t *state);
/** Take another sample after @n? On a slow device fewer, to end within a minute. */
bool bench_go_on(const struct bench *b, unsigned int n, double start_ns);
/** Report progress: one of @nr_steps is done. */
void bench_step(struct bench *b);
/** Add a measurement. @why_not: the reason why no further samples were taken; NULL if all
 * were. */
struct measurement *bench_report(struct bench *b, const char *key, const char *what,
				 const char *unit, double scale, GArray *samples,
				 const char *why_not);
/** Drop the file's pages from the cache. Return: NULL, or why it is not possible. */
const char *bench_drop_cache(struct bench *b);
/** Map the file; NULL: not possible. */
char *bench_map_file(struct bench *b);
/** Pages of the mapped part that are in the cache; -1: unknown. */
long bench_nr_cached(struct bench *b);
/** Read all pages into the cache without marking one. Return: NULL, or why that failed. */
const char *bench_fill_unmarked(struct bench *b);
void bench_touch(const char *p, size_t bytes);

/* measure-monitor.c */

/** struct monitor - DAMON_STAT's switch, while it is off. */
struct monitor {
	const char *path;
	bool on; /* it was, and is to be again */
	int fd;	 /* that ends @guard when it is closed */
	pid_t guard;
};

/** Turn the monitor off whose switch is the file @path. Return: what it was, and is, as text. */
const char *monitor_stop(struct monitor *m, const char *path);
/** Turn it on again if it was. Return: false if that failed. */
bool monitor_restart(struct monitor *m);

/* The probes; @no_file: why there is no file to measure with, or NULL */

/* measure-unmap.c */
void measure_unmap(struct bench *b, bool large, const char *no_file);
void measure_anon(struct bench *b);
void measure_swap(struct bench *b);
/* measure-reclaim.c */
void measure_group_reclaim(struct bench *b, const char *no_file);
void measure_pageout(struct bench *b, const char *no_file);
/* measure-device.c */
void measure_device(struct bench *b, const char *no_file);
/* measure-settings.c: values that are read, not measured */
void measure_settings(struct bench *b);
void measure_describe(struct bench *b);

#endif
