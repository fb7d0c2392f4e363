// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 mm/readahead.c (page_cache_sync_ra, page_cache_async_ra,
 * page_cache_ra_order, page_cache_ra_unbounded) and do_{sync,async}_mmap_readahead()
 * of mm/filemap.c.
 *
 * Approximations: no congestion. In an untimed run the reads of a window are one request, and the
 * task waits for readahead like for any other read, except on btrfs (lock_window()). In a timed run
 * each run of missing pages is one request, all are submitted at the end, and a task waits only
 * when it needs a page. page_cache_next_miss() leaves out what a miss next to a folio of more than
 * XA_CHUNK_SIZE pages, or around a multiple of XA_CHUNK_SIZE^2 pages, makes of the index. Where no
 * page is missing, page_cache_prev_miss() of v6.12 and v6.18 counts a page less than v7.3's, which
 * is used; that matters to a read of one page less than a window.
 */
#include "sim/mm/readahead.h"

#include <errno.h>

#include "sim/mm/batch.h"
#include "sim/mm/erofs.h"
#include "sim/mm/file-system.h"
#include "sim/mm/filemap.h"
#include "sim/mm/io.h"
#include "sim/mm/page-writeback.h"

#define MMAP_LOTSAMISS 100

/* add a folio of the window to the page cache; Return: as filemap_add_folio() */
static inline __attribute__((always_inline)) int ra_add_folio(struct sim *s, unsigned int cpu,
							      uint32_t slot, unsigned int order,
							      bool mark, struct device_plug *plug)
{
	int ret = filemap_add_folio(s, cpu, slot, order, ADD_READAHEAD);

	if (ret)
		return ret;
	for (uint32_t i = 0; s->sched && !s->erofs && i < 1u << order; i++)
		io_plug(s, plug, slot + i);
	if (mark)
		s->folios[slot].flags |= PG_readahead;
	return 0;
}

/* read_pages(): read the missing ones of @nr pages, starting at @slot */
static void ra_submit(struct sim *s, uint32_t slot, uint32_t nr, uint32_t nr_read,
		      struct device_plug *plug)
{
	if (s->sched)
		io_unplug(s, plug);
	else if (nr_read)
		read_folios(s, slot, nr);
}

/*
 * squashfs_readahead(), btrfs_readahead_expand(), readahead_expand(): add the rest of the blocks
 * that hold the pages [@first, @end), which were added, first downwards, up to a page that is
 * cached; and read them. On squashfs pages that end with a block get another one, even beyond the
 * end of the file, where nothing ever reads it. Compressed erofs reads in its own way.
 */
static void read_blocks(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t first,
			uint32_t end, struct device_plug *plug)
{
	const uint32_t block = s->cfg.machine.block_pages, base = file_slot(s, ra->file, 0);
	const bool rest = s->cfg.machine.rest_of_block;
	const uint32_t below = rest ? first : first - first % block;
	const uint32_t eof = s->files[ra->file].size;
	const uint32_t above = rest ? MIN((end + block - 1) / block * block, eof)
				    : below + ((end - below) / block + 1) * block;

	if (first == end)
		return;
	if (s->erofs) {
		erofs_readahead(s, cpu, ra->file, first, end);
		return;
	}
	while (first > below && !(s->folios[base + first - 1].flags & PG_resident) &&
	       !ra_add_folio(s, cpu, base + first - 1, 0, false, plug))
		first--;
	for (; first == below && end < above; end++, ra->size++, ra->async_size++) {
		const uint32_t slot =
			end < eof ? base + end : slot_beyond_eof(s, ra->file, end - eof);

		if (s->folios[slot].flags & PG_resident)
			break;
		if (end < eof ? ra_add_folio(s, cpu, slot, 0, false, plug)
			      : filemap_add_folio(s, cpu, slot, 0, ADD_BEYOND_EOF))
			break;
	}
	end = MIN(end, eof);
	ra_submit(s, base + first, end - first, end - first, plug);
}

/* the same as ra_fill() where a file is read in blocks */
static void ra_fill_blocks(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t start,
			   uint32_t nr, uint32_t mark)
{
	const uint32_t base = file_slot(s, ra->file, 0);
	struct device_plug plug = { NULL };
	uint32_t first = start, at;

	for (at = start; at < start + nr; at++) {
		int ret = -EEXIST;

		if (!(s->folios[base + at].flags & PG_resident))
			ret = ra_add_folio(s, cpu, base + at, 0, at - start == mark, &plug);
		if (ret == -EEXIST) {
			read_blocks(s, cpu, ra, first, at, &plug);
			first = at + 1;
		} else if (ret) {
			break;
		}
	}
	read_blocks(s, cpu, ra, first, at, &plug);
}

/* do_page_cache_ra() and page_cache_ra_unbounded(): single pages; if memory is short
 * they read less */
static void ra_fill(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t start,
		    uint32_t nr, uint32_t lookahead)
{
	const uint32_t size = s->files[ra->file].size;
	uint32_t base = file_slot(s, ra->file, 0);
	struct device_plug plug = { NULL };
	uint32_t mark, nr_read = 0;

	if (start >= size)
		return;
	if (nr > size - 1 - start) {
		nr = size - start;
		if (s->cfg.kernel->readahead_ends_at_eof)
			lookahead = 0;
	}
	/* without lookahead PG_readahead would be behind the last page */
	mark = lookahead <= nr ? nr - lookahead : UINT32_MAX;
	if (__builtin_expect(s->cfg.machine.block_pages > 1, 0)) {
		ra_fill_blocks(s, cpu, ra, start, nr, mark);
		return;
	}
	for (uint32_t i = 0; i < nr; i++) {
		int ret;

		if (s->folios[base + start + i].flags & PG_resident)
			continue;
		ret = ra_add_folio(s, cpu, base + start + i, 0, i == mark, &plug);
		if (ret == -EEXIST)
			continue;
		if (ret)
			break;
		nr_read++;
	}
	ra_submit(s, base + start, nr, nr_read, &plug);
}

/* page_cache_ra_order(): read the window of @ra, starting at @start, in folios of ra->order */
static void page_cache_ra_order(struct sim *s, unsigned int cpu, struct file_open *ra,
				uint32_t start)
{
	const unsigned int max_order = mapping_max_folio_order(s, ra->file);
	const uint32_t base = file_slot(s, ra->file, 0);
	uint64_t limit = (uint64_t)s->files[ra->file].size - 1, mark = UINT64_MAX;
	const uint64_t end = (uint64_t)start + ra->size;
	struct device_plug plug = { NULL };
	uint32_t index = start;
	int ret = 0;

	if (!max_order || (s->cfg.kernel->readahead_order_of_folio && ra->size < 4)) {
		ra->order = 0;
		ra_fill(s, cpu, ra, start, ra->size, ra->async_size);
		return;
	}
	if (limit > end - 1 || !s->cfg.kernel->readahead_ends_at_eof)
		mark = end - ra->async_size;
	limit = MIN(limit, end - 1);
	if (s->cfg.kernel->readahead_order_of_folio && ra->order < max_order)
		ra->order += 2;
	ra->order = (uint8_t)MIN(max_order, ra->order);
	/* The window is empty if an open file that has read nothing finds PG_readahead on
	 * its first page. The page was dirty when reclaim met it, and PG_reclaim is the same
	 * bit. Then neither ilog2(0) nor the window is a limit: all of the file is read. */
	if (ra->size)
		ra->order = (uint8_t)MIN(ra->order, (unsigned int)g_bit_storage(ra->size) - 1);
	while (index <= limit && start < s->files[ra->file].size) {
		unsigned int order = ra->order;

		/* use smaller folios until the index is aligned; none beyond the end */
		if (index & ((1u << order) - 1))
			order = (unsigned int)__builtin_ctz(index);
		while (order && index + (1u << order) - 1 > limit)
			order--;
		ret = ra_add_folio(s, cpu, base + index, order,
				   index == (mark & ~((1ull << order) - 1)), &plug);
		if (ret)
			break;
		index += 1u << order;
	}
	if (s->cfg.machine.block_pages > 1)
		read_blocks(s, cpu, ra, start, index, &plug);
	else
		ra_submit(s, base + start, index - start, index - start, &plug);
	/* some page was already cached, or memory is short */
	if (ret && s->cfg.kernel->readahead_order_of_folio) /* as much again as all of the window */
		ra_fill(s, cpu, ra, index, ra->size, ra->async_size);
	else if (ret && (uint64_t)start + ra->size > index)
		ra_fill(s, cpu, ra, index, start + ra->size - index, ra->async_size);
}

/* ractl_max_pages(): one read() may take more than the window at once */
static uint32_t ractl_max_pages(const struct sim *s, const struct file_open *ra, uint32_t req)
{
	return MAX(ra->ra_pages, MIN(req, s->cfg.machine.io_pages));
}

static uint32_t get_init_ra_size(uint32_t size, uint32_t max)
{
	uint32_t newsize = 1;

	while (newsize < size)
		newsize *= 2;
	if (newsize <= max / 32)
		return newsize * 4;
	if (newsize <= max / 4)
		return newsize * 2;
	return max;
}

static uint32_t get_next_ra_size(const struct file_open *ra, uint32_t max)
{
	if (ra->size < max / 16)
		return 4 * ra->size;
	if (ra->size <= max / 2)
		return 2 * ra->size;
	return max;
}

/*
 * page_cache_next_miss() and page_cache_prev_miss() go from slot to slot of the page cache's
 * xarray. Inside a large folio the first step, xas_load(), goes to the slot of its head, and
 * leaves the index where it is. From there xas_next() and xas_prev() move both by one, so that
 * they look at pages in front of the index. Only where they enter another node does the index
 * say which of its slots is next.
 */
#define XA_CHUNK_SIZE 64u

/* xas_load(): the page whose slot is looked at */
static uint32_t xas_first_page(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	const uint32_t base = file_slot(s, file, 0), head = folio_head(s->folios, base + pgoff);

	return folio_nr_pages(&s->folios[head]) > XA_CHUNK_SIZE ? pgoff : head - base;
}

static bool is_cached(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	return pgoff < s->trace->files[file].pages &&
	       s->folios[file_slot(s, file, 0) + pgoff].flags & PG_resident;
}

static uint32_t page_cache_next_miss(const struct sim *s, uint32_t file, uint32_t pgoff,
				     uint32_t max)
{
	uint32_t at;

	if (!is_cached(s, file, pgoff))
		return pgoff;
	at = xas_first_page(s, file, pgoff);
	while (max-- && is_cached(s, file, at)) {
		pgoff++;
		at = (at + 1) % XA_CHUNK_SIZE ? at + 1 : pgoff;
	}
	return pgoff;
}

/* page_cache_prev_miss() from @pgoff - 1 down: number of consecutive cached pages */
static uint32_t cached_before(const struct sim *s, uint32_t file, uint32_t pgoff, uint32_t max,
			      bool *from_start)
{
	uint32_t at = xas_first_page(s, file, pgoff - 1), n = 0;

	while (n < max && n < pgoff && is_cached(s, file, at)) {
		const uint32_t slot = (pgoff - 1 - ++n) % XA_CHUNK_SIZE;

		if (at % XA_CHUNK_SIZE)
			at--;
		else if (slot && !at)
			break;
		else if (slot) /* the index is still in front of its node */
			at = at - XA_CHUNK_SIZE + slot;
	}
	*from_start = n == pgoff;
	return n;
}

void page_cache_sync_ra(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t pgoff,
			uint32_t req)
{
	const uint32_t max = ractl_max_pages(s, ra, req);
	uint32_t contig;
	bool from_start;

	flusher_runs(s);
	if (!ra->ra_pages) {
		/* force_page_cache_ra() of one page */
		ra_fill(s, cpu, ra, pgoff, 1, 0);
		return;
	}
	if (__builtin_expect(ra->random, 0)) {
		force_page_cache_readahead(s, cpu, ra, pgoff, req);
		return;
	}

	/* index - prev_index <= 1: the read continues where the last one ended
	 * (prev_pos is the byte after it), or stays in its last page */
	if (!pgoff || req > max || pgoff - ra->prev_end <= 1) {
		ra->start = pgoff;
		ra->size = get_init_ra_size(req, max);
		ra->async_size = ra->size > req ? ra->size - req : ra->size >> 1;
	} else {
		contig = cached_before(s, ra->file, pgoff, max, &from_start);
		if (contig <= req) {
			ra_fill(s, cpu, ra, pgoff, req, 0);
			return;
		}
		if (from_start)
			contig *= 2;
		ra->start = pgoff;
		ra->size = MIN(contig + req, max);
		ra->async_size = 1;
	}
	ra->order = 0;
	page_cache_ra_order(s, cpu, ra, ra->start);
}

/*
 * btrfs ends its reads in a worker, which checks the data (btrfs_end_bio_work()). A reader that
 * gets to the mark at the beginning of a window of 4 MiB has not slept since the window was
 * submitted, so the worker may not have run, and reclaim for the next window finds the folios
 * locked. In a timed run the device says when they are read.
 */
static void lock_window(struct sim *s, uint32_t file, uint32_t start, uint32_t nr, bool lock)
{
	const uint32_t base = file_slot(s, file, 0), end = MIN(start + nr, s->files[file].size);

	if (!s->cfg.machine.reads_in_worker || s->io)
		return;
	for (uint32_t slot = base + start; slot < base + end; slot++) {
		struct folio *f = &s->folios[folio_head(s->folios, slot)];

		if (lock && f->flags & PG_resident)
			f->flags |= PG_locked;
		else
			f->flags &= (uint16_t)~PG_locked;
	}
}

void page_cache_async_ra(struct sim *s, unsigned int cpu, struct file_open *ra, uint32_t pgoff,
			 uint32_t req)
{
	const uint32_t max = ractl_max_pages(s, ra, req);
	struct folio *f = &s->folios[folio_head(s->folios, file_slot(s, ra->file, pgoff))];
	const uint32_t expected = ra->start + ra->size - ra->async_size;
	uint32_t start, align, unread = ra->start, nr_unread = 0;

	flusher_runs(s);
	if (!ra->ra_pages)
		return;
	f->flags &= (uint16_t)~PG_readahead;
	if (pgoff == expected - expected % folio_nr_pages(f)) {
		if (ra->async_size == ra->size)
			nr_unread = ra->size;
		ra->start += ra->size;
		ra->size = MAX(ra->size, get_next_ra_size(ra, max));
	} else {
		start = page_cache_next_miss(s, ra->file, pgoff + 1, max);
		if (start - pgoff > max)
			return;
		ra->start = start;
		ra->size = start - pgoff + req;
		ra->size = get_next_ra_size(ra, max);
	}
	ra->order = s->cfg.kernel->readahead_order_of_folio ? f->order
							    : (uint8_t)MIN(ra->order + 2, 31);
	/* the window ends where a folio of the next order would */
	for (align = 1; align < 1u << ra->order && !(max & align); align *= 2)
		;
	if (s->cfg.kernel->readahead_aligned) {
		uint32_t end = ra->start + ra->size, aligned_end = end - end % align;

		if (aligned_end > ra->start)
			ra->size -= end - aligned_end;
	}
	ra->async_size = ra->size;
	lock_window(s, ra->file, unread, nr_unread, true);
	page_cache_ra_order(s, cpu, ra, ra->start);
	lock_window(s, ra->file, unread, nr_unread, false);
}

__attribute__((noinline)) void force_page_cache_readahead(struct sim *s, unsigned int cpu,
							  struct file_open *ra, uint32_t pgoff,
							  uint32_t nr)
{
	const uint32_t chunk = 2 * 1024 * 1024 / 4096;

	nr = MIN(nr, MAX(s->cfg.machine.io_pages, ra->ra_pages));
	for (uint32_t now; nr; nr -= now, pgoff += now) {
		now = MIN(nr, chunk);
		ra_fill(s, cpu, ra, pgoff, now, 0);
	}
}

/* do_sync_mmap_readahead(): count a miss. Return: were there too many to read ahead? */
static bool too_many_misses(const struct sim *s, struct file_open *ra)
{
	const uint32_t one_in = s->cfg.one_in; /* a sample has 1/N of the misses */

	if (ra->mmap_miss * one_in < MMAP_LOTSAMISS * 10)
		ra->mmap_miss++;
	return ra->mmap_miss * one_in > MMAP_LOTSAMISS;
}

/* do_sync_mmap_readahead() of a mapping with MADV_HUGEPAGE. Return: false if that makes no
 * difference for this file. */
static bool thp_readahead(struct sim *s, unsigned int cpu, struct vma *vma, uint32_t pgoff)
{
	const unsigned int max_order = mapping_max_folio_order(s, vma->file);
	const bool needs_large = s->cfg.kernel->thp_readahead_needs_large;
	const unsigned int order = needs_large ? max_order : MAX_FOLIO_ORDER;
	struct file_open *ra = vma->open;

	if (!order)
		return false;
	if (needs_large && !(vma->flags & (VM_SEQ_READ | VM_EXEC)) && too_many_misses(s, ra))
		return true;
	ra->size = (vma->flags & VM_RAND_READ ? 1u : 2u) << order;
	ra->async_size = 1u << order;
	ra->order = (uint8_t)order;
	page_cache_ra_order(s, cpu, ra, pgoff & ~((1u << order) - 1));
	return true;
}

/* the flags of a mapping that control its readahead */
static uint32_t readahead_flags(const struct sim *s, const struct vma *vma)
{
	return vma->flags & ~(s->cfg.kernel->exec_readahead ? 0u : VM_EXEC);
}

/* not inlined, so that a fault without readahead saves no registers */
static __attribute__((noinline)) void sync_mmap_readahead(struct sim *s, unsigned int cpu,
							  struct vma *vma, uint32_t pgoff)
{
	const uint32_t flags = readahead_flags(s, vma), max = vma->open->ra_pages;
	struct file_open *ra = vma->open;

	if (__builtin_expect(flags & VM_HUGEPAGE, 0) && thp_readahead(s, cpu, vma, pgoff))
		return;
	if ((flags & (VM_RAND_READ | VM_EXEC)) == VM_RAND_READ || !max)
		return;
	if (flags & VM_SEQ_READ) {
		page_cache_sync_ra(s, cpu, ra, pgoff, max);
		return;
	}
	if ((!(flags & VM_EXEC) || s->cfg.kernel->exec_counts_misses) && too_many_misses(s, ra))
		return;
	if (flags & VM_EXEC) {
		const uint64_t size = 1ull << s->cfg.machine.exec_folio_order;
		uint64_t end;

		ra->start = MAX((uint32_t)(pgoff - pgoff % size), vma->pgoff);
		end = (ra->start + max + size - 1) / size * size;
		ra->size = (uint32_t)MIN(end, (uint64_t)vma->pgoff + vma_pages(vma)) - ra->start;
		ra->async_size = 0;
		ra->order = (uint8_t)s->cfg.machine.exec_folio_order;
	} else {
		ra->start = pgoff > max / 2 ? pgoff - max / 2 : 0;
		ra->size = max;
		ra->async_size = max / 4;
		ra->order = 0;
	}
	page_cache_ra_order(s, cpu, ra, ra->start);
}

void mmap_readahead_sync(struct sim *s, unsigned int cpu, struct vma *vma, uint32_t pgoff)
{
	if (vma->open->ra_pages || (vma->flags & VM_HUGEPAGE))
		sync_mmap_readahead(s, cpu, vma, pgoff);
}

bool mmap_readahead_async(struct sim *s, unsigned int cpu, struct vma *vma, uint32_t pgoff)
{
	struct file_open *ra = vma->open;
	const uint32_t head = folio_head(s->folios, file_slot(s, vma->file, pgoff));
	const unsigned int held = s->held->nr;

	if (vma->flags & VM_RAND_READ || !ra->ra_pages)
		return false;
	if (ra->mmap_miss &&
	    !(s->cfg.kernel->mmap_miss_by_fault && (vma->flags & (VM_SEQ_READ | VM_EXEC))))
		ra->mmap_miss--;
	if (!(s->folios[head].flags & PG_readahead))
		return false;
	folio_hold(s, head); /* the fault takes this reference */
	page_cache_async_ra(s, cpu, ra, pgoff, ra->ra_pages);
	folio_unhold(s, held);
	return true;
}
