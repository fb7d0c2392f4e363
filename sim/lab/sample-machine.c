// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory, swap and watermarks scale with the share, and so do the batches of the kernel in a run of
 * a sample (struct batches). What would have to be known per process or per operation is refused:
 * no test says that a sample gets it right.
 */
#include "sim/lab/sample-machine.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/mm/file-system.h"
#include "sim/mm/page_alloc.h"

#define EXTENT_PAGES 16
#define CURE_BYTES   64

void sample_machine(struct machine *m, uint32_t one_in)
{
	/* the kernel's default grows with the root of the memory */
	if (m->memory_pages)
		m->min_free_pages = MAX(share_of(machine_min_free_pages(m), one_in), 1);
	m->memory_pages = share_of(m->memory_pages, one_in);
	m->memcg_pages = share_of(m->memcg_pages, one_in);
	m->managed_pages = share_of(m->managed_pages, one_in);
	m->unevictable_pages = share_of(m->unevictable_pages, one_in);
	m->swap_pages = share_of(m->swap_pages, one_in);
	m->pcp_pages = share_of(m->pcp_pages, one_in);
}

/* What to do instead; 1/@most can be had. Return: @cure */
static const char *cure_of(uint64_t most, char *cure)
{
	if (most < SAMPLE_ONE_IN_MIN)
		return "replay the whole trace";
	g_snprintf(cure, CURE_BYTES, "take 1/%" PRIu64 " or more of it", most);
	return cure;
}

int sample_machine_check(const struct machine *m, const struct sampling *sp, const char *path,
			 struct err *err)
{
	const struct {
		bool set;
		const char *key, *why;
	} refused[] = {
		{ m->kmem, "kmem", "kernel memory of a process does not shrink with its pages" },
		{ m->memcg2_pages, "memcg2_pages", "no test covers two cgroups" },
		{ m->damon_stat, "damon_stat", "its regions are those of a whole address space" },
		{ m->file_system > FS_ORDER0, "file_system",
		  "no test covers the large folios and the metadata of file systems" },
		{ m->max_folio_order > 0, "max_folio_order",
		  "no test covers large folios, whose size depends on what was read before" },
		{ m->op_us || m->fault_us || m->read_us || m->scan_ns,
		  "op_us, fault_us, read_us and scan_ns",
		  "a sample has 1/N of the operations, so time would pass more slowly" },
	};
	/* machine_resolve() has the second */
	const uint64_t least = MAX(SAMPLE_PAGES_MIN, 64 + 64 * (uint64_t)m->cpus);
	const uint64_t pages = machine_limit(m) / (sp->one_in * SAMPLE_CHECK);
	const uint64_t most = machine_limit(m) / (least * SAMPLE_CHECK);
	char cure[CURE_BYTES];

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		if (refused[i].set)
			return err_at(err, -EINVAL, path, 0,
				      "--sample with the machine key %s: %s; expected it unset, or "
				      "replay the whole trace",
				      refused[i].key, refused[i].why);
	if (pages >= least)
		return 0;
	return err_at(err, -EINVAL, path, 0,
		      "--sample 1/%" PRIu32 " of %" PRIu64 " pages: the samples of 1/%" PRIu32
		      " that show the bias have %" PRIu64 " pages, expected at least %" PRIu64
		      ": %s",
		      sp->one_in, machine_limit(m), sp->one_in * SAMPLE_CHECK, pages, least,
		      cure_of(most, cure));
}

int sample_extents_check(const struct sampling *sp, uint64_t nr_used, uint32_t unit,
			 const char *path, struct err *err)
{
	const uint64_t least = SAMPLE_EXTENTS_MIN * (uint64_t)sp->one_in;
	char cure[CURE_BYTES];

	if (nr_used >= least)
		return 0;
	return err_at(err, -EINVAL, path, 0,
		      "%" PRIu64 " extents of %" PRIu32
		      " pages of files are used, expected at least "
		      "%" PRIu64 " for samples of 1/%" PRIu32 " with %u each: %s",
		      nr_used, unit, least, sp->one_in, SAMPLE_EXTENTS_MIN,
		      cure_of(nr_used / (SAMPLE_EXTENTS_MIN * SAMPLE_CHECK), cure));
}

uint32_t sample_unit_pages(const GArray *machines)
{
	uint32_t unit = EXTENT_PAGES;

	for (guint i = 0; i < machines->len; i++)
		unit = MAX(unit, g_array_index(machines, struct machine, i).fault_around_pages);
	return unit;
}

uint64_t sample_reach(const GArray *machines)
{
	uint64_t least = UINT64_MAX;

	for (guint i = 0; i < machines->len; i++)
		least = MIN(least, machine_limit(&g_array_index(machines, struct machine, i)));
	return least;
}
