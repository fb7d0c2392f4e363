// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/fadvise.c generic_fadvise(). FMODE_NOREUSE only matters to mappings of the
 * descriptor: read(2) marks as without it.
 *
 * Approximation: what DONTNEED writes back is written at once, but as in the kernel it is too
 * late for the same call to drop it.
 */
#include "sim/mm/fadvise.h"

#include "sim/mm/batch.h"
#include "sim/mm/page-writeback.h"
#include "sim/mm/readahead.h"
#include "sim/mm/truncate.h"

/* the mappings of the descriptor follow its FMODE_NOREUSE: vma_has_recency() */
static void set_noreuse(struct sim *s, struct file_open *open, bool noreuse)
{
	const struct interval_tree *t = &s->files[open->file].mappings;
	struct interval_node *n;

	open->noreuse = noreuse;
	for (n = interval_tree_iter_first(t, 0, UINT32_MAX); n;
	     n = interval_tree_iter_next(n, 0, UINT32_MAX)) {
		struct vma *vma = vma_in_file(n);

		if (vma->open != open)
			continue;
		vma->flags &= ~(uint32_t)VM_NOREUSE;
		vma->flags |= noreuse ? VM_NOREUSE : 0;
	}
}

void fadvise_dontneed(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first, uint32_t last)
{
	g_autoptr(GArray) written = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	uint64_t nr_failed = 0;

	last = MIN(last, s->trace->files[file].pages - 1);
	/* noop_backing_dev_info, as below */
	if (s->files[file].shmem || first > last)
		return;
	/* they are under writeback now, so they can not be dropped */
	filemap_fdatawrite_range(s, cpu, file, first, last, written);
	for (guint i = 0; i < written->len; i++)
		s->folios[g_array_index(written, uint32_t, i)].flags |= PG_locked;
	lru_add_drain_cpu(s, cpu);
	mapping_try_invalidate(s, cpu, file, first, last, &nr_failed);
	if (nr_failed) {
		lru_add_drain_all(s);
		invalidate_mapping_pages(s, cpu, file, first, last);
	}
	for (guint i = 0; i < written->len; i++)
		s->folios[g_array_index(written, uint32_t, i)].flags &= (uint16_t)~PG_locked;
}

void generic_fadvise(struct sim *s, unsigned int cpu, struct file_open *open, uint32_t first,
		     uint32_t nr, enum fadvise advice)
{
	const uint32_t ra_pages = s->cfg.machine.readahead_pages;
	const uint32_t last = nr ? (uint32_t)MIN((uint64_t)first + nr - 1, UINT32_MAX) : UINT32_MAX;

	/* noop_backing_dev_info */
	if (s->files[open->file].shmem)
		return;
	switch (advice) {
	case FADVISE_NORMAL:
		open->ra_pages = ra_pages;
		open->random = false;
		set_noreuse(s, open, false);
		break;
	case FADVISE_RANDOM:
		open->random = true;
		break;
	case FADVISE_SEQUENTIAL:
		open->ra_pages = 2 * ra_pages;
		open->random = false;
		break;
	case FADVISE_WILLNEED:
		force_page_cache_readahead(s, cpu, open, first, nr ? nr : UINT32_MAX);
		break;
	case FADVISE_NOREUSE:
		set_noreuse(s, open, true);
		break;
	case FADVISE_DONTNEED:
		fadvise_dontneed(s, cpu, open->file, first, last);
		break;
	case NR_FADVISES:
		break;
	}
}
