// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs do to whole files. After mm/truncate.c, mm/fadvise.c, mm/shmem.c,
 * fs/namei.c and fs/inode.c.
 *
 * Approximations shared with sim/: see sim/mm/truncate.c and sim/mm/inode.c.
 */
#include "tests/unit/reference/internal.h"

#include <string.h>

#include <glib.h>

/* unmap_mapping_range(), even_cows */
static void unmap_mapping_range(struct ref *r, uint32_t file, uint64_t first)
{
	uint64_t after = 0;

	/* in the order of the tree: by offset, then by age */
	for (;;) {
		struct ref_proc *proc = NULL;
		struct ref_vma *vma = NULL;
		uint64_t best = UINT64_MAX;
		struct ref_zap z;

		for_each_mapping(r, p, v)
		{
			const uint64_t id = (uint64_t)v->pgoff << 32 | v->id;

			if (v->anon || v->file != file || id <= after || id >= best ||
			    v->pgoff + (v->end - v->start) <= first)
				continue;
			best = id;
			proc = p;
			vma = v;
		}
		if (!vma)
			return;
		after = best;
		z = ref_zap_begin(r, proc, false, 0);
		if (r->v6_12)
			ref_lru_add_drain_cpu(r, r->this_cpu);
		ref_zap_range(r, &z, proc, vma, vma->start + (MAX(vma->pgoff, first) - vma->pgoff),
			      vma->end);
		ref_tlb_flush_mmu(r, &z);
	}
}

static void forget(struct ref_batch *b, int page)
{
	for (int i = 0; i < b->nr; i++)
		if (b->pages[i] == page)
			b->pages[i] = -1;
}

static void truncate_inode_folio(struct ref *r, int folio)
{
	for (unsigned int cpu = 0; cpu < r->m.cpus; cpu++) {
		forget(&r->lru_add[cpu], folio);
		forget(&r->lru_activate[cpu], folio);
		forget(&r->lru_deactivate_file[cpu], folio);
		forget(&r->lru_deactivate[cpu], folio);
		forget(&r->lru_lazyfree[cpu], folio);
	}
	ref_mlock_forget(r, folio);
	ref_cancel_dirty(r, folio);
	if (r->pages[folio].swap_slot)
		r->swap_used--;
	ref_filemap_drop(r, folio);
}

/* shadows: of a page, or of an entry above the leaves */
static void clear_shadow(struct ref *r, uint32_t file, int page)
{
	const int first = ref_file_page(r, file, 0), chunk = page - (page - first) % 64;
	const bool large = ref_shadow_is_large(r, page);

	if (r->pages[page].swap_slot) { /* shmem_free_swap() */
		r->swap_used--;
		r->pages[page].swap_slot = false;
	}
	ref_tree_clear_shadow(r, page);
	for (int i = large ? chunk : page; i < (large ? chunk + 64 : page + 1); i++)
		memset(&r->pages[i].shadow, 0, sizeof(r->pages[i].shadow));
}

/* truncate_inode_pages_range() */
static void truncate_inode_pages(struct ref *r, unsigned int cpu, uint32_t file, uint64_t start)
{
	const int first = ref_file_page(r, file, 0), begin = first + (int)start;
	const int end = first + (int)r->t->files[file].pages;
	bool drained = false;

	for (int page = begin; page < end; page++) {
		struct ref_page *pg = &r->pages[page];

		if (!pg->resident && (pg->shadow.present || pg->swap_slot))
			clear_shadow(r, file, page);
		if (!pg->resident || pg->behind)
			continue;
		/* folio_batch_release() */
		if (!drained)
			ref_lru_add_drain_cpu(r, cpu);
		drained = true;
		truncate_inode_folio(r, page);
	}
	/* truncate_inode_partial_folio() */
	if (begin < end && r->pages[begin].resident) {
		const int folio = ref_folio(r, begin), last = folio + ref_nr_pages(r, folio);

		if (ref_split_folio(r, folio, begin)) {
			for (int page = begin, nr; page < last; page += nr) {
				nr = ref_nr_pages(r, page);
				truncate_inode_folio(r, page);
			}
		} else {
			ref_try_to_unmap(r, folio, true);
			if (!r->pages[folio].dirty)
				truncate_inode_folio(r, folio);
		}
	}
}

bool ref_do_truncate(struct ref *r, struct ref_proc *p, uint32_t file, uint64_t size)
{
	const uint64_t old = r->files[file].size;

	if (!ref_file_update_time(r, p->cpu, file))
		return false;
	r->files[file].size = size;
	if (size < old) {
		unmap_mapping_range(r, file, size);
		truncate_inode_pages(r, p->cpu, file, size);
	}
	return true;
}

void ref_fput(struct ref *r)
{
	for (uint32_t file = 0; file < r->t->nr_files; file++) {
		bool open = false;

		for (int i = 0; i < r->nr_opens; i++)
			open |= r->opens[i].file == file && r->opens[i].refs;
		if (open || !r->files[file].unlinked || r->files[file].evicted)
			continue;
		r->files[file].evicted = true;
		r->files[file].size = 0;
		truncate_inode_pages(r, r->this_cpu, file, 0);
	}
}

void ref_do_unlink(struct ref *r, uint32_t file)
{
	r->files[file].unlinked = true;
}

/* filemap_fdatawrite_range(). Return: the folios that were written */
static GArray *fdatawrite(struct ref *r, unsigned int cpu, uint32_t file, uint64_t from,
			  uint64_t to)
{
	GArray *written = g_array_new(FALSE, FALSE, sizeof(int));

	r->files[file].delalloc = false;
	for (uint64_t i = from; i < to && !ref_is_shmem(r, file); i++) {
		const int page = ref_file_page(r, file, i), folio = ref_folio(r, page);

		if (!r->pages[page].resident || !r->pages[folio].dirty)
			continue;
		if (!written->len)
			ref_lru_add_drain_cpu(r, cpu);
		ref_write_page(r, folio);
		g_array_append_val(written, folio);
	}
	return written;
}

void ref_do_rename(struct ref *r, struct ref_proc *p, uint32_t file, uint32_t other)
{
	if (r->files[file].delalloc)
		g_array_free(fdatawrite(r, p->cpu, file, 0, r->t->files[file].pages), TRUE);
	ref_do_unlink(r, other);
}

void ref_do_fsync(struct ref *r, struct ref_proc *p, uint32_t file)
{
	GArray *written = fdatawrite(r, p->cpu, file, 0, r->t->files[file].pages);

	if (written->len) {
		if (r->m.read_us)
			ref_task_wait(r, (uint64_t)r->m.read_us * 1000);
		p->ran = true;
	}
	g_array_free(written, TRUE);
}

/* mapping_try_invalidate(). Return: number of folios that stay */
static int try_invalidate(struct ref *r, unsigned int cpu, uint32_t file, uint64_t from,
			  uint64_t to)
{
	const int first = ref_file_page(r, file, 0);
	int failed = 0, entries = 0, folios = 0;
	bool drained = false;

	for (uint64_t i = from; i <= to; i++) {
		const int page = first + (int)i;
		const struct ref_page *pg = &r->pages[page];
		bool entry = false;

		if (i < to && pg->resident && !pg->behind && !pg->locked &&
		    i + (uint64_t)ref_nr_pages(r, page) <= to) {
			entry = true;
			folios++;
			if (!pg->dirty && !ref_folio_mapcount(r, page) &&
			    !ref_other_refs(r, page)) {
				ref_filemap_drop(r, page);
			} else {
				failed++;
				ref_deactivate_file_folio(r, cpu, page);
			}
		} else if (i < to && !pg->resident && pg->shadow.present &&
			   !ref_is_shmem(r, file)) {
			entry = true;
			clear_shadow(r, file, page);
		}
		entries += entry;
		/* find_lock_entries() finds 31 at a time */
		if (entries == REF_BATCH || i == to) {
			if (folios && !drained) {
				ref_lru_add_drain_cpu(r, cpu);
				drained = true;
			}
			entries = folios = 0;
		}
	}
	return failed;
}

void ref_fadvise_dontneed(struct ref *r, unsigned int cpu, uint32_t file, uint64_t from,
			  uint64_t to)
{
	GArray *written;

	to = MIN(to, r->t->files[file].pages);
	if (ref_is_shmem(r, file) || from >= to)
		return;
	written = fdatawrite(r, cpu, file, from, to);

	for (guint i = 0; i < written->len; i++) /* under writeback */
		r->pages[g_array_index(written, int, i)].locked = true;
	ref_lru_add_drain_cpu(r, cpu);
	if (try_invalidate(r, cpu, file, from, to)) {
		ref_lru_add_drain_all(r);
		try_invalidate(r, cpu, file, from, to);
	}
	for (guint i = 0; i < written->len; i++)
		r->pages[g_array_index(written, int, i)].locked = false;
	g_array_free(written, TRUE);
}

static void set_noreuse(struct ref *r, int open, bool noreuse)
{
	r->opens[open].noreuse = noreuse;
	for_each_mapping(r, p, v) if (!v->anon && v->open == open) v->noreuse = noreuse;
}

void ref_do_fadvise(struct ref *r, struct ref_proc *p, int open, const struct op *op)
{
	struct ref_open *o = &r->opens[open];
	const uint64_t to = op->pages ? (uint64_t)op->at + op->pages : UINT64_MAX;

	if (ref_is_shmem(r, op->file))
		return;
	switch ((enum fadvise)op->value) {
	case FADVISE_NORMAL:
		o->ra_pages = r->m.readahead_pages;
		o->random = false;
		set_noreuse(r, open, false);
		break;
	case FADVISE_RANDOM:
		o->random = true;
		break;
	case FADVISE_SEQUENTIAL:
		o->ra_pages = 2ull * r->m.readahead_pages;
		o->random = false;
		break;
	case FADVISE_WILLNEED:
		ref_force_page_cache_ra(r, p->cpu, o, op->at, MIN(to, UINT32_MAX) - op->at);
		break;
	case FADVISE_DONTNEED:
		ref_fadvise_dontneed(r, p->cpu, op->file, op->at, to);
		break;
	case FADVISE_NOREUSE:
		set_noreuse(r, open, true);
		break;
	case NR_FADVISES:
		break;
	}
}
