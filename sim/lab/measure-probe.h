/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to the probes of calibrate (measure.h). */
#ifndef REAPSIM_MEASURE_PROBE_H
#define REAPSIM_MEASURE_PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sim/lab/measure.h"
#include "sim/lab/samples.h"

#define PAGE	 4096u
#define PMD_SIZE (2u << 20)
#define CHUNK	 (128u << 10) /* the readahead window of many devices */
/* many times what a core has to itself */
#define CACHE_BYTES (64u << 20)

/** struct bench - what all probes share. */
struct bench {
	const struct measure_options *o;
	struct measures *m;
	int fd, direct_fd;   /* a file that is read from the device */
	int folios_fd;	     /* a file that is cached in folios of a given order */
	bool no_device;	     /* there is none below these files */
	uint64_t file_bytes; /* of @fd */
	size_t bytes;	     /* that a probe maps */
	uint64_t random;
	char *scattered; /* every second page is there; NULL: free pages are as they were */
	char *cache;	 /* CACHE_BYTES that are not in the CPU's caches; NULL: not asked for */
	GArray *cpus;	 /* int: that this process may use */
	int part;	 /* that runs */
	GPtrArray *probes;
};

/* quantities of a probe, at most */
#define PROBE_QUANTITIES 16
_Static_assert((int)NR_UNMAP_KINDS <= PROBE_QUANTITIES, "unmap kinds");

/** struct probe - measures some quantities, once in each round. */
struct probe {
	const struct probe_kind *kind;
	struct unmap_row *row; /* of an order */
	struct measurement *m[PROBE_QUANTITIES];
	void *data;
	bool ready; /* prepared for this part */
	unsigned int nr_done, nr_failed;
	const char *why; /* the last failure */
};

/**
 * struct probe_kind - what a probe does. A function that returns text failed, and says why; the
 * text is a constant. @prepare runs before the first round of a part and after a failure.
 * @end_part adds what a part has one sample of, @end runs after all. Those that are NULL are not
 * needed. No probe with failures only is tried more than three times.
 */
struct probe_kind {
	const char *(*prepare)(struct bench *b, struct probe *p);
	const char *(*round)(struct bench *b, struct probe *p);
	void (*end_part)(struct bench *b, struct probe *p);
	void (*end)(struct bench *b, struct probe *p);
};

/** Add a probe, which has no quantities yet. */
struct probe *bench_add(struct bench *b, const struct probe_kind *kind);

/* measure.c */

double bench_wall_ns(void);
/** CPU time of this thread. */
double bench_cpu_ns(void);

/** struct cpu_timer - CPU time of this thread; it can be stopped more than once. */
struct cpu_timer {
	double start_ns;
	long nr_preempted;
};

void cpu_timer_start(struct cpu_timer *t);
/** Return: ns, or NaN if the thread was preempted: then its caches are another one's. */
double cpu_timer_stop(const struct cpu_timer *t);
/** Add a sample, unless it is NaN: @m counts those. */
void measurement_add(struct measurement *m, double v);

uint64_t bench_random(uint64_t *state);
/** Stay on the CPU of a part; < 0: on any. */
void bench_pin(const struct bench *b, int part);

/** Scatter the free pages of the machine. */
void bench_scatter(struct bench *b);

/** With --cold: what was used until now leaves the CPU's caches. */
void bench_leave_caches(const struct bench *b);

/* measure-cache.c: the page cache of the files */

/** Make the files. Return: 0, or -EINVAL or -EIO with @err. */
int bench_make_files(struct bench *b, struct err *err);
/** probe_kind.prepare of who needs a device below the files. */
const char *has_device(struct bench *b, struct probe *p);
/** Drop the pages of @fd from the cache. Return: NULL, or why it is not possible. */
const char *bench_drop_cache(struct bench *b);
/** The same, and look whether the mapped part has left it. */
const char *bench_empty_cache(struct bench *b);
/** Map the first @bytes of @fd, and those of @folios_fd from @offset at a multiple of PMD_SIZE.
 * NULL: not possible. */
char *bench_map_file(struct bench *b);
char *bench_map_folios(struct bench *b, off_t offset);
/** Pages of the mapped part of @fd that are in the cache; -1: unknown. */
long bench_nr_cached(struct bench *b);
/** Read that part into the cache without marking a page. Return: NULL, or why that failed. */
const char *bench_fill_unmarked(struct bench *b);
void bench_touch(const char *p, size_t bytes);

/** struct folios_seen - shares of mapped pages. */
struct folios_seen {
	double in_order;	   /* that are in a folio of the order */
	double referenced, active; /* whose folio has the flag */
};

/** Look at the folios of @bytes at @p, whose pages are present. Return: NULL, or why they can not
 * be seen. */
const char *folios_look(struct folios_seen *seen, const char *p, size_t bytes, unsigned int order);

/* measure-switch.c */

/** struct kernel_switch - a setting of the kernel that is another one while something is
 * measured. */
struct kernel_switch {
	const char *path;
	char was[32]; /* what it is to be again */
	int fd;	      /* that ends @guard when it is closed; < 0: nothing is changed */
	pid_t guard;
};

/** Write @value to the setting @path. Return: false with nothing changed, if that failed. */
bool switch_set(struct kernel_switch *s, const char *path, const char *value);
/** Write again what it was, if it was changed. Return: false if that failed. */
bool switch_back(struct kernel_switch *s);
/** Turn the monitor off whose switch is the file @path. Return: what it was, and is, as text. */
const char *monitor_stop(struct kernel_switch *s, const char *path);

/* The probes; each call adds one or more */

void probe_unmap(struct bench *b, const char *lru);
/** Add zap_next_ps: @mean is the time of unmapping folios of order 4, a page. */
void unmap_next(struct measures *ms, const struct measurement *mean);
/* unmappings of a round; those with an odd number mark */
enum { NR_UNMAPPINGS = 9 };
/** The kinds from UNMAP_FIRST to UNMAP_SHARE, from the times of a round's unmappings: each that
 * marks against the two next to it. NaN where one of the three is. */
void unmap_marks(const double zap[NR_UNMAPPINGS], double marks[NR_UNMAP_KINDS]);
void probe_anon(struct bench *b);
/** Add fault_next_ps: @fault is the time of a fault that maps 16 pages. */
void fault_next(struct measures *ms, const struct measurement *fault);
/** Add free_anon_ps: @zap is the time of unmapping and freeing a page. */
void anon_free(struct measures *ms, const struct measurement *zap);
/** Add new_anon_ps: @write is the time of writing to a new page. */
void anon_new(struct measures *ms, const struct measurement *write);
void probe_steps(struct bench *b);
void probe_fill(struct bench *b);
void probe_mmap(struct bench *b);
void probe_fsync(struct bench *b);
void probe_tables(struct bench *b);
void probe_vma(struct bench *b);
void probe_close(struct bench *b);
void probe_write(struct bench *b);
void probe_swap(struct bench *b);
void probe_evict(struct bench *b);
void probe_group_reclaim(struct bench *b);
void probe_pageout(struct bench *b);
/** Add submit_ps: @single is the time of reading a page that is not cached. */
void device_submit(struct measures *ms, const struct measurement *single);
void probe_device(struct bench *b);

/* measure-settings.c: values that are read, not measured */
void measure_settings(struct bench *b);
void measure_describe(struct bench *b);

#endif
