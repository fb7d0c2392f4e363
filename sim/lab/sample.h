/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sample: a share of the pages of a trace, 1/N, on a machine of 1/N of the memory. Several
 * disjoint samples of one trace are repetitions, of which sim/lab/sample-estimate.c makes an
 * estimate with an interval. SHARDS (Waldspurger et al., FAST 2015) chooses addresses by hash, and
 * miniature simulation (ATC 2017) scales the cache; here processes, mappings and their deaths are
 * part of it.
 *
 * What is chosen are extents of files, sim/lab/sample-units.h says how, and single anonymous pages.
 * All processes keep or lose the same ones, so what a policy asks about a folio (who maps it, which
 * PTEs are young, was it marked) has the answer that it has in the whole trace.
 *
 * The extents of a sample lie back to back, in their file and in each mapping. So a file has 1/N of
 * its pages, and with it 1/N of the nodes of the page cache; a mapping has 1/N of its page tables,
 * and who reads from one end to the other still reads without a hole. The order of all operations
 * stays, those that use no page of the sample are left out, and all processes live and die.
 *
 * Approximations:
 * - Neighbours. Behind an extent comes another one than in the whole trace. Readahead, fault-around
 *   of a window that does not begin where an extent does, and MGLRU's look at the PTEs around a
 *   young one cross into it. If neighbours are used together more often than others, such guesses
 *   come true less often than in the whole trace. Anonymous pages are chosen one by one, so there
 *   it is so for all neighbours.
 * - What the kernel has in fixed numbers of pages is 1/N of that too: batches of folios, of reclaim
 *   and of memcg charges, MIN_LRU_BATCH (struct batches), per-CPU lists, MMAP_LOTSAMISS, the size
 *   by which inactive_is_low() decides, and the kernel memory of processes. But none is less than
 *   one page, which from 1/32 on is more than its share. Windows of readahead and of fault-around
 *   and the shifts of DEF_PRIORITY stay: they are relative to what a process uses at once, or to
 *   the lists. The bias that is left is measured in each call: see sim/lab/estimate.h.
 * - VMAs. An address space is packed anew, and neighbouring VMAs do not merge. Nothing that counts
 *   pages depends on it.
 * - A process has at least one page table if it has a page of the sample.
 *
 * traces/studies/SAMPLING.md has the measurements.
 */
#ifndef REAPSIM_SAMPLE_H
#define REAPSIM_SAMPLE_H

#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/lab/estimate.h"
#include "sim/lab/lab.h"
#include "sim/machine.h"
#include "sim/trace.h"
#include "sim/vmstat.h"

struct run_set;

/** Disjoint samples of each rate: 1/N, and 1/SAMPLE_CHECK of that, which shows the bias. */
#define SAMPLES		  8
#define SAMPLE_CHECK	  4
#define SAMPLE_ONE_IN_MIN SAMPLES
#define SAMPLE_ONE_IN_MAX 1024

/** struct sampling - @one_in: N of the share 1/N, 0: no sampling; @seed: of what is chosen. */
struct sampling {
	uint32_t one_in;
	uint64_t seed;
};

/** Parse "1/N". Return: 0, or -EINVAL with @err. */
int sampling_parse(struct sampling *sp, const char *text, struct err *err);

/** The N of the @i'th of 2 * SAMPLES samples; 0: no sampling. */
static inline uint32_t sampling_one_in(const struct sampling *sp, guint i)
{
	return i < SAMPLES ? sp->one_in : sp->one_in * SAMPLE_CHECK;
}

/** The value that the whole trace would give. All runs of the policy must have finished. */
struct estimate sample_estimate(const struct run_set *rs, guint end, guint machine, guint policy,
				enum vmstat_item item);
/** Its change from the first policy to @policy, as a ratio: 0.1 is 10% more. */
struct estimate sample_change(const struct run_set *rs, guint end, guint machine, guint policy,
			      enum vmstat_item item);
/** Does a counter count something that a sample has 1/N of? */
bool sample_scales(enum vmstat_item item);

/**
 * sample_traces - the first @nr of the disjoint samples of @t, which is valid
 * @unit: pages of an extent, a power of two: no folio and no window of fault-around is larger
 * @reach: pages of memory. Uses of an extent with fewer touches of other pages between them
 *	count as one when extents are told apart by how often they are used
 * @out: @nr traces, owned by the caller; all NULL on errors
 * @nr_used: extents of files that are used in the whole trace
 * Reads the trace twice. Return: 0; -EINTR if @h interrupts; -EINVAL with @err if a process has
 * too much address space; or an error of spill_check().
 */
int sample_traces(const struct trace *t, const struct sampling *sp, guint nr, uint32_t unit,
		  uint64_t reach, const struct lab_hooks *h, struct trace **out, uint64_t *nr_used,
		  struct err *err);

#endif
