// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readahead of read(2) and of faults. After mm/readahead.c and mm/filemap.c.
 */
#include "tests/unit/reference/internal.h"

#include <glib.h>

/* readahead_expand() by one page. Return: could it be added? */
static bool expand(struct ref *r, unsigned int cpu, uint32_t file, uint64_t index)
{
	const uint64_t pages = r->files[file].size;
	const int page = index < pages ? ref_file_page(r, file, index)
				       : (int)(r->t->nr_file_pages + file * 32 + index - pages);

	return !r->pages[page].resident &&
	       ref_filemap_add_folio(r, cpu, page, false, REF_GFP_READAHEAD);
}

/* read_pages() of the @nr pages from @index on, which are new; squashfs_readahead() */
static void read_pages(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
		       uint64_t nr)
{
	const uint64_t block = ref_block_pages(r), pages = r->files[ra->file].size;

	if (!nr)
		return;
	if (r->erofs_blocks) {
		ref_z_erofs_readahead(r, cpu, ra->file, index, index + nr);
		return;
	}
	if (r->m.file_system == FS_BTRFS_ZSTD) {
		while ((index + nr) % block && index + nr < pages &&
		       expand(r, cpu, ra->file, index + nr)) {
			nr++;
			ra->size++;
			ra->async_size++;
		}
		ref_device_read(r, ref_file_page(r, ra->file, index), nr);
		return;
	}
	while (index % block && expand(r, cpu, ra->file, index - 1)) {
		index--;
		nr++;
	}
	if (block > 1 && index % block == 0) {
		const uint64_t len = (nr | (block - 1)) + 1;

		while (nr < len && expand(r, cpu, ra->file, index + nr)) {
			nr++;
			ra->size++;
			ra->async_size++;
		}
	}
	ref_device_read(r, ref_file_page(r, ra->file, index), MIN(nr, pages - index));
}

/* do_page_cache_ra(), page_cache_ra_unbounded() */
static void do_page_cache_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			     uint64_t nr_to_read, uint64_t lookahead_size)
{
	uint64_t end_index = r->files[ra->file].size - 1, mark = UINT64_MAX, nr = 0, i;

	if (!r->files[ra->file].size || index > end_index)
		return;
	if (nr_to_read > end_index - index) {
		nr_to_read = end_index - index + 1;
		if (!r->v6)
			lookahead_size = 0;
	}
	if (lookahead_size <= nr_to_read)
		mark = nr_to_read - lookahead_size;
	for (i = 0; i < nr_to_read; i++) {
		int page = ref_file_page(r, ra->file, index + i);

		if (r->pages[page].resident) {
			if (ref_block_pages(r) > 1 || r->erofs_blocks) {
				read_pages(r, cpu, ra, index + i - nr, nr);
				nr = 0;
			} else if (nr) { /* the device reads the gap, too */
				nr++;
			}
			continue;
		}
		if (!ref_filemap_add_folio(r, cpu, page, false, REF_GFP_READAHEAD))
			break;
		nr++;
		if (i == mark)
			r->pages[page].reclaim = true;
	}
	read_pages(r, cpu, ra, index + i - nr, nr);
}

/* page_cache_ra_order(): the window of @ra, but from @start on */
static void page_cache_ra_order_at(struct ref *r, unsigned int cpu, struct ref_open *ra,
				   uint64_t start)
{
	const unsigned int max_order = ref_max_order(r, ra->file);
	uint64_t limit = r->files[ra->file].size - 1, mark = UINT64_MAX, index = start;
	enum ref_add ret = REF_ADDED;

	if (!max_order || (r->v6_12 && ra->size < 4)) {
		ra->order = 0;
		do_page_cache_ra(r, cpu, ra, start, ra->size, ra->async_size);
		return;
	}
	if (start + ra->size - 1 < limit || r->v6)
		mark = start + ra->size - ra->async_size;
	if (start + ra->size - 1 < limit)
		limit = start + ra->size - 1;
	if (r->v6_12 && ra->order < max_order)
		ra->order += 2;
	ra->order = MIN(ra->order, max_order);
	while (ra->size && 1ull << ra->order > ra->size) /* ilog2(), which is -1u of 0 */
		ra->order--;
	while (index <= limit && ret == REF_ADDED) {
		uint64_t size = 1ull << ra->order;
		int order = (int)ra->order;

		while (index % size || (size > 1 && index + size - 1 > limit)) {
			size /= 2;
			order--;
		}
		/* ra_alloc_folio() */
		ret = ref_filemap_add_large(r, cpu, ref_file_page(r, ra->file, index), order, false,
					    REF_GFP_READAHEAD);
		if (ret != REF_ADDED)
			break;
		if (mark != UINT64_MAX && index == mark / size * size)
			r->pages[ref_file_page(r, ra->file, index)].reclaim = true;
		index += size;
	}
	read_pages(r, cpu, ra, start, index - start);
	if (ret != REF_ADDED && r->v6_12)
		do_page_cache_ra(r, cpu, ra, index, ra->size, ra->async_size);
	else if (ret != REF_ADDED && start + ra->size > index)
		do_page_cache_ra(r, cpu, ra, index, start + ra->size - index, ra->async_size);
}

static void page_cache_ra_order(struct ref *r, unsigned int cpu, struct ref_open *ra)
{
	page_cache_ra_order_at(r, cpu, ra, ra->start);
}

void ref_force_page_cache_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			     uint64_t nr)
{
	const uint64_t last = index + MIN(nr, MAX(r->m.io_pages, ra->ra_pages));

	for (; index < last; index += 512)
		do_page_cache_ra(r, cpu, ra, index, MIN(last - index, 512), 0);
}

static uint64_t get_init_ra_size(uint64_t size, uint64_t max)
{
	uint64_t newsize = 1;

	while (newsize < size)
		newsize *= 2;
	if (newsize <= max / 32)
		return newsize * 4;
	if (newsize <= max / 4)
		return newsize * 2;
	return max;
}

static uint64_t get_next_ra_size(uint64_t cur, uint64_t max)
{
	if (cur < max / 16)
		return 4 * cur;
	if (cur <= max / 2)
		return 2 * cur;
	return max;
}

/* ractl_max_pages() */
static uint64_t ractl_max_pages(const struct ref *r, const struct ref_open *ra, uint64_t req_size)
{
	uint64_t max_pages = ra->ra_pages;

	if (req_size > max_pages && r->m.io_pages > max_pages)
		max_pages = MIN(req_size, r->m.io_pages);
	return max_pages;
}

/*
 * A cursor of the page cache's xarray, as far as xas_next() and xas_prev() use it: the slot
 * @offset of the node @node, which has those of 64 pages, and an index that should be the same
 * page, but is not, if it started inside a large folio: xas_load() goes to the slot of the head.
 */
struct xas {
	uint64_t index, node, offset;
};

static bool xas_entry(struct ref *r, uint32_t file, const struct xas *xas)
{
	const uint64_t page = xas->node * 64 + xas->offset;

	return page < r->t->files[file].pages && r->pages[ref_file_page(r, file, page)].resident;
}

static struct xas xas_load(struct ref *r, uint32_t file, uint64_t index)
{
	struct xas xas = { index, index / 64, index % 64 };

	if (xas_entry(r, file, &xas)) {
		const int page = ref_file_page(r, file, index), head = ref_folio(r, page);

		if (ref_nr_pages(r, head) <= 64)
			xas.offset -= (uint64_t)(page - head);
	}
	return xas;
}

static uint64_t page_cache_next_miss(struct ref *r, uint32_t file, uint64_t index, uint64_t max)
{
	struct xas xas = xas_load(r, file, index);

	for (; max && xas_entry(r, file, &xas); max--) {
		xas.index++;
		if (++xas.offset == 64) {
			xas.node++;
			xas.offset = xas.index % 64;
		}
	}
	return xas.index;
}

/* Return: the index of the miss; UINT64_MAX if there is none down to the first page */
static uint64_t page_cache_prev_miss(struct ref *r, uint32_t file, uint64_t index, uint64_t max)
{
	struct xas xas = xas_load(r, file, index);

	for (; max && xas.index != UINT64_MAX && xas_entry(r, file, &xas); max--) {
		xas.index--;
		if (xas.offset) {
			xas.offset--;
		} else if (xas.index % 64) {
			if (!xas.node)
				break;
			xas.node--;
			xas.offset = xas.index % 64;
		}
	}
	return xas.index;
}

void ref_page_cache_sync_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			    uint64_t req)
{
	uint64_t max = ractl_max_pages(r, ra, req), miss, contig;

	ref_flusher_runs(r);
	if (!ra->ra_pages || ra->random) {
		ref_force_page_cache_ra(r, cpu, ra, index, ra->ra_pages ? req : 1);
		return;
	}
	if (!index || req > max || index - (uint64_t)ra->prev_page <= 1) {
		ra->start = index;
		ra->size = get_init_ra_size(req, max);
		ra->async_size = ra->size > req ? ra->size - req : ra->size / 2;
	} else {
		miss = page_cache_prev_miss(r, ra->file, index - 1, max);
		contig = index - miss - 1;
		if (contig <= req) {
			do_page_cache_ra(r, cpu, ra, index, req, 0);
			return;
		}
		if (miss == UINT64_MAX)
			contig *= 2;
		ra->start = index;
		ra->size = MIN(contig + req, max);
		ra->async_size = 1;
	}
	ra->order = 0;
	page_cache_ra_order(r, cpu, ra);
}

/* The worker that ends the reads of btrfs has not run since the window was submitted. */
static void lock_window(struct ref *r, uint32_t file, uint64_t start, uint64_t nr, bool lock)
{
	for (uint64_t i = start; i < start + nr && i < r->files[file].size; i++) {
		const int page = ref_file_page(r, file, i), head = ref_folio(r, page);

		if (r->m.file_system == FS_BTRFS && r->pages[page].resident)
			r->pages[head].locked = lock;
	}
}

void ref_page_cache_async_ra(struct ref *r, unsigned int cpu, struct ref_open *ra, uint64_t index,
			     uint64_t req)
{
	uint64_t max = ractl_max_pages(r, ra, req), start, end, align = 1, aligned_end;
	uint64_t expected, unread = ra->start, nr_unread = 0;
	const int folio = ref_folio(r, ref_file_page(r, ra->file, index));

	ref_flusher_runs(r);
	if (!ra->ra_pages)
		return;
	r->pages[folio].reclaim = false;
	expected = ra->start + ra->size - ra->async_size;
	if (index ==
	    expected / (uint64_t)ref_nr_pages(r, folio) * (uint64_t)ref_nr_pages(r, folio)) {
		if (ra->async_size == ra->size)
			nr_unread = ra->size;
		ra->start += ra->size;
		ra->size = MAX(ra->size, get_next_ra_size(ra->size, max));
	} else {
		start = page_cache_next_miss(r, ra->file, index + 1, max);
		if (start - index > max)
			return;
		ra->start = start;
		ra->size = get_next_ra_size(start - index + req, max);
	}
	/* ilog2 of the alignment: at most ffs(max_pages) - 1 */
	ra->order = r->v6_12 ? (unsigned int)r->pages[folio].order : ra->order + 2;
	while (!r->v6_12 && align < 1ull << ra->order && !(max & align))
		align *= 2;
	end = ra->start + ra->size;
	aligned_end = end - end % align;
	if (aligned_end > ra->start)
		ra->size -= end - aligned_end;
	ra->async_size = ra->size;
	lock_window(r, ra->file, unread, nr_unread, true);
	page_cache_ra_order(r, cpu, ra);
	lock_window(r, ra->file, unread, nr_unread, false);
}

/* Return: true if it read from the device, so that the lock was dropped */
bool ref_do_sync_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				uint64_t pgoff)
{
	struct ref_open *ra = &r->opens[v->open];
	uint64_t max = ra->ra_pages;
	bool exec = v->exec && !r->v6_12;

	if (v->hugepage && (r->v6 || ref_max_order(r, v->file))) {
		const unsigned int order = r->v6 ? 9 : ref_max_order(r, v->file);

		if (!r->v6 && !v->sequential && !v->exec) {
			if (ra->mmap_miss < 1000)
				ra->mmap_miss++;
			if (ra->mmap_miss > 100)
				return false;
		}
		ra->order = order;
		ra->async_size = 1u << order;
		ra->size = v->random ? ra->async_size : 2 * ra->async_size;
		page_cache_ra_order_at(r, cpu, ra, pgoff / ra->async_size * ra->async_size);
		return true;
	}
	if ((v->random && !exec) || !max)
		return false;
	if (v->sequential) {
		ref_page_cache_sync_ra(r, cpu, ra, pgoff, max);
		return true;
	}
	if (!exec || r->v6) {
		if (ra->mmap_miss < 1000)
			ra->mmap_miss++;
		if (ra->mmap_miss > 100)
			return false;
	}
	ra->order = 0;
	if (exec) {
		const uint64_t unit = 1ull << r->m.exec_folio_order,
			       end = v->pgoff + (v->end - v->start);
		uint64_t ra_end;

		ra->order = r->m.exec_folio_order;
		ra->start = pgoff / unit * unit;
		if (ra->start < v->pgoff)
			ra->start = v->pgoff;
		for (ra_end = ra->start + max; ra_end % unit; ra_end++)
			;
		ra->size = MIN(ra_end, end) - ra->start;
		ra->async_size = 0;
	} else {
		ra->start = pgoff > max / 2 ? pgoff - max / 2 : 0;
		ra->size = max;
		ra->async_size = max / 4;
	}
	page_cache_ra_order(r, cpu, ra);
	return true;
}

bool ref_do_async_mmap_readahead(struct ref *r, unsigned int cpu, const struct ref_vma *v,
				 uint64_t pgoff)
{
	struct ref_open *ra = &r->opens[v->open];
	int page = ref_folio(r, ref_file_page(r, v->file, pgoff));

	if (v->random || !ra->ra_pages)
		return false;
	if ((r->v6 || (!v->sequential && !v->exec)) && ra->mmap_miss)
		ra->mmap_miss--;
	if (!r->pages[page].reclaim) /* folio_test_readahead() */
		return false;
	r->pages[page].extra_refs++;
	ref_page_cache_async_ra(r, cpu, ra, pgoff, ra->ra_pages);
	r->pages[page].extra_refs--;
	return true;
}
