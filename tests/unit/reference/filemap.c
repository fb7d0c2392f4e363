// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page cache: adding and removing folios, read(2), write(2), drop_caches. After
 * mm/filemap.c, mm/shmem.c, mm/truncate.c and lib/xarray.c.
 *
 * Approximation shared with sim/: a read of tmpfs allocates its holes.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

uint64_t ref_nr_cache(const struct ref *r)
{
	uint64_t n = 0;

	for (int i = 0; i < r->nr_file; i++)
		n += r->pages[i].resident;
	return n;
}

int ref_file_of(const struct ref *r, int page)
{
	int file = 0;

	while ((uint64_t)page >= (uint64_t)r->t->files[file].first + r->t->files[file].pages)
		file++;
	return file;
}

bool ref_is_shmem(const struct ref *r, uint32_t file)
{
	return r->t->files[file].shmem || r->m.file_system == FS_TMPFS;
}

int ref_file_page(const struct ref *r, uint32_t file, uint64_t pgoff)
{
	return (int)(r->t->files[file].first + pgoff);
}

/* mapping_max_folio_order() */
unsigned int ref_max_order(const struct ref *r, uint32_t file)
{
	return ref_is_shmem(r, file) ? 0 : r->max_order;
}

/* a block of squashfs has 128 KiB */
uint64_t ref_block_pages(const struct ref *r)
{
	return r->m.file_system == FS_SQUASHFS || r->m.file_system == FS_BTRFS_ZSTD ? 32 : 1;
}

void ref_filemap_read_folio(struct ref *r, unsigned int cpu, int page)
{
	const uint32_t file = (uint32_t)ref_file_of(r, page);
	const uint64_t pgoff = (uint64_t)page - r->t->files[file].first;
	uint64_t at = pgoff, end = pgoff + 1;

	if (r->erofs_blocks) {
		ref_z_erofs_readahead(r, cpu, file, pgoff, pgoff + 1);
		return;
	}
	while (at % ref_block_pages(r) && r->m.file_system == FS_SQUASHFS)
		at--;
	while (end % ref_block_pages(r) && end < r->files[file].size)
		end++;
	/* grab_cache_page_nowait() */
	for (uint64_t i = at; i < end; i++)
		if (!r->pages[ref_file_page(r, file, i)].resident)
			ref_filemap_add_folio(r, cpu, ref_file_page(r, file, i), false,
					      r->m.file_system == FS_SQUASHFS ? REF_GFP_NOWAIT
									      : REF_GFP_READAHEAD);
	ref_device_read(r, ref_file_page(r, file, at), end - at);
}

enum ref_add ref_filemap_add_large(struct ref *r, unsigned int cpu, int page, int order, bool write,
				   enum ref_gfp gfp)
{
	struct ref_page *pg = &r->pages[page];
	bool metadata = page >= (int)r->t->nr_file_pages, swapped = pg->swap_slot;
	bool shmem = !metadata && ref_is_shmem(r, (uint32_t)ref_file_of(r, page));
	const int nr = 1 << order;
	/* shmem_swapin_folio(): the one it was swapped out of */
	const int memcg = swapped ? pg->memcg : ref_current_memcg(r);
	struct ref_shadow s = { 0 };
	int nodes;

	if (!ref_charge(r, memcg, cpu, nr, gfp))
		return REF_NO_MEMORY;
	if (!ref_tree_reserve(r, page, order, gfp, &nodes)) {
		ref_uncharge(r, memcg, nr);
		return REF_NO_MEMORY;
	}
	/* __filemap_add_folio(): xas_for_each_conflict() keeps the last shadow */
	for (int i = 0; i < nr; i++) {
		if (r->pages[page + i].resident) {
			for (; nodes; nodes--)
				ref_free_object(r, ref_current_objcg(r), REF_XA_NODE);
			ref_uncharge(r, memcg, nr);
			return REF_EXISTS;
		}
		if (r->pages[page + i].shadow.present)
			s = r->pages[page + i].shadow;
	}
	memset(pg, 0, sizeof(*pg));
	pg->used = pg->resident = true;
	pg->memcg = memcg;
	pg->swapbacked = shmem;
	pg->dirty = swapped; /* shmem_swapin_folio() */
	pg->swap_slot = swapped;
	ref_prep_compound(r, page, order);
	ref_tree_add(r, page, order);
	ref_count(r, VM_sim_cache_adds, (uint64_t)nr);
	pg->referenced = metadata && r->m.ext4; /* FGP_ACCESSED */
	pg->locked = !shmem && !write && !metadata;
	if (pg->locked)
		ref_count(r, VM_sim_fills, (uint64_t)nr);
	if (s.present && !write)
		ref_workingset_refault(r, page, s);
	ref_folio_add_lru(r, cpu, page);
	if (swapped) { /* shmem_swapin_folio() */
		pg->swap_slot = false;
		r->swap_used--;
		ref_count(r, VM_pswpin, 1);
	}
	return REF_ADDED;
}

bool ref_filemap_add_folio(struct ref *r, unsigned int cpu, int page, bool write, enum ref_gfp gfp)
{
	return ref_filemap_add_large(r, cpu, page, 0, write, gfp) == REF_ADDED;
}

/* remove it from the cache without leaving a shadow */
void ref_filemap_drop(struct ref *r, int page)
{
	const int nr = ref_nr_pages(r, page), order = r->pages[page].order;
	const int memcg = r->pages[page].memcg;

	ref_free_buffers(r, page);
	if (r->pages[page].lru)
		ref_lruvec_del(r, page);
	ref_count(r, VM_unevictable_pgs_cleared, r->pages[page].mlocked ? (uint64_t)nr : 0);
	ref_free_compound(r, page);
	memset(&r->pages[page], 0, sizeof(r->pages[page]));
	r->pages[page].used = true;
	ref_tree_drop(r, page, order);
	ref_uncharge(r, memcg, nr);
}

/* one request to the device; the pages of the window are locked until it is done */
void ref_device_read(struct ref *r, int first, uint64_t nr)
{
	if (r->m.read_us)
		ref_task_wait(r, (uint64_t)r->m.read_us * 1000);
	if (r->current) /* it slept, and context_switch() calls lru_gen_use_mm() */
		r->current->ran = true;
	for (uint64_t i = 0; i < nr; i++)
		r->pages[first + (int)i].locked = false;
}

/* filemap_get_read_batch(): the folios from page @at of the file on. Return: their number */
static int get_read_batch(const struct ref *r, int first, uint64_t at, uint64_t end, int *folios)
{
	int nr = 0;

	while (at < end && nr < REF_BATCH && r->pages[first + (int)at].resident) {
		const int folio = ref_folio(r, first + (int)at);

		folios[nr++] = folio;
		if (r->pages[folio].reclaim)
			break;
		at = (uint64_t)(folio - first + ref_nr_pages(r, folio));
	}
	return nr;
}

bool ref_filemap_read(struct ref *r, struct ref_proc *p, struct ref_open *ra, uint64_t at,
		      uint64_t nr)
{
	uint64_t end = at + nr;
	int first = ref_file_page(r, ra->file, 0);
	int64_t last = ra->prev_page;

	while (at < end) {
		int folios[REF_BATCH], nr_folios = get_read_batch(r, first, at, end, folios);
		int tail;

		if (!nr_folios) {
			ref_page_cache_sync_ra(r, p->cpu, ra, at, end - at);
			nr_folios = get_read_batch(r, first, at, end, folios);
		}
		if (!nr_folios) {
			/* filemap_create_folio() */
			if (!ref_filemap_add_folio(r, p->cpu, first + (int)at, false,
						   REF_GFP_KERNEL))
				return false;
			ref_filemap_read_folio(r, p->cpu, first + (int)at);
			folios[nr_folios++] = first + (int)at;
		}
		tail = folios[nr_folios - 1];
		if (r->pages[tail].reclaim) {
			/* filemap_readahead() */
			for (int i = 0; i < nr_folios; i++)
				r->pages[folios[i]].extra_refs++;
			ref_page_cache_async_ra(r, p->cpu, ra, (uint64_t)(tail - first),
						end - (uint64_t)(tail - first));
			for (int i = 0; i < nr_folios; i++)
				r->pages[folios[i]].extra_refs--;
		}
		for (int i = 0; i < nr_folios; i++) {
			const int64_t size = ref_nr_pages(r, folios[i]);

			/* pos_same_folio(): the page in which the last read ended */
			if (i > 0 || last < 0 || (int64_t)at / size != (last - 1) / size)
				ref_folio_mark_accessed(r, p->cpu, folios[i]);
			at = MIN((uint64_t)(folios[i] - first + size), end);
			last = (int64_t)at;
		}
	}
	ra->prev_page = last;
	return true;
}

bool ref_shmem_file_read(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at, uint64_t nr)
{
	for (; nr; nr--, at++) {
		int page = ref_file_page(r, file, at);

		if (!r->pages[page].resident &&
		    !ref_filemap_add_folio(r, p->cpu, page, false, REF_GFP_KERNEL))
			return false;
		ref_folio_mark_accessed(r, p->cpu, page);
	}
	return true;
}

/* __filemap_get_folio() of write_begin(), fgf_set_order(): a folio as large as the write, if
 * aligned; smaller orders if the allocation fails. Return: false if out of memory */
static bool get_folio(struct ref *r, unsigned int cpu, uint32_t file, uint64_t at, uint64_t nr,
		      bool write)
{
	int order = 0;

	while (order < (int)ref_max_order(r, file) && nr >> (order + 1))
		order++;
	while (at % (1ull << order))
		order--;
	for (; order >= 0; order--)
		if (ref_filemap_add_large(r, cpu, ref_file_page(r, file, at), order, write,
					  REF_GFP_KERNEL) == REF_ADDED)
			return true;
	return false;
}

bool ref_file_write(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t at, uint64_t nr)
{
	bool shmem = ref_is_shmem(r, file);

	if (!ref_file_update_time(r, p->cpu, file))
		return false;
	while (nr) {
		/* generic_perform_write(): up to the end of the largest possible folio */
		const uint64_t chunk = 1ull << ref_max_order(r, file);
		uint64_t bytes = MIN(chunk - at % chunk, nr);
		int page = ref_file_page(r, file, at), folio;

		if (!r->pages[page].resident && !get_folio(r, p->cpu, file, at, bytes, !shmem))
			return false;
		folio = ref_folio(r, page);
		bytes = MIN(bytes, (uint64_t)(folio + ref_nr_pages(r, folio) - page));
		if (shmem) {
			/* shmem_get_folio(SGP_WRITE), shmem_write_end() */
			ref_folio_mark_accessed(r, p->cpu, folio);
			ref_folio_mark_dirty(r, folio);
		} else {
			r->pages[folio].idle = false; /* FGP_WRITE */
			ref_create_buffers(r, folio);
			/* mark_buffer_dirty(): not folio_mark_dirty() */
			ref_set_dirty(r, folio);
		}
		at += bytes;
		nr -= bytes;
		if (at > r->files[file].size) { /* i_size_write() */
			r->files[file].size = at;
			r->files[file].delalloc = !shmem;
		}
	}
	return true;
}

/* drop_pagecache_sb(), mapping_try_invalidate() */
void ref_drop_pagecache(struct ref *r)
{
	ref_count(r, VM_drop_pagecache, 1);
	ref_lru_add_drain_all(r);
	for (int i = 0; i < r->nr_file; i++) {
		struct ref_page *pg = &r->pages[i];

		if (pg->behind)
			continue;
		if (!pg->resident) {
			/* clear_shadow_entries(); tmpfs keeps its swap entries */
			if (i < (int)r->t->nr_file_pages &&
			    ref_is_shmem(r, (uint32_t)ref_file_of(r, i)))
				continue;
			memset(&pg->shadow, 0, sizeof(pg->shadow));
			ref_tree_clear_shadow(r, i);
			continue;
		}
		if (!pg->dirty && !ref_folio_mapcount(r, i) && !ref_other_refs(r, i)) {
			ref_filemap_drop(r, i); /* mapping_evict_folio() */
		} else {
			ref_deactivate_file_folio(r, 0, i);
		}
	}
}
