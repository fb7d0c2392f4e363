// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3.4 fs/erofs/zdata.c (z_erofs_readahead(), z_erofs_read_folio(), z_erofs_scan_folio(),
 * z_erofs_pcluster_begin(), z_erofs_bind_cache(), z_erofs_should_alloc_cache(),
 * z_erofs_pcluster_readmore(), z_erofs_fill_bio_vec(), z_erofs_cache_release_folio()), zmap.c
 * (z_erofs_map_blocks_fo(), z_erofs_load_compact_lcluster()) and data.c (erofs_bread()), for LZ4
 * and the default cache_strategy=readaround.
 *
 * A file is a row of extents. An extent is compressed into one pcluster, a few pages of the device.
 * A read of some pages needs the pclusters of all extents that these pages are in. It also reads
 * the pages before them, down to the first one that lies wholly in the same extent, as far as
 * there is memory without reclaim. For LZ4 nothing is read behind them: the extent's end is not
 * looked up. Compressed pages go to the managed cache, an inode that nobody maps and whose pages
 * nobody marks, if the extent is not read as a whole as far as the kernel has seen: it begins
 * before the first page that is read, or its end was not found, because its last cluster is not
 * shared with the next extent. What is in the managed cache is not read again. The compressed
 * pages of other extents are read into pages of the file, or into pages that are freed at once.
 * While a read is using them, pages of the managed cache can not be released, and reclaim
 * activates them. The index of a file, two bytes for each page, is in the page cache of the
 * device. Each read looks it up and marks it.
 *
 * Approximations: every extent of the image has erofs_extent_bytes, but the last one of a file, and
 * every pcluster erofs_pcluster_pages, the last one as many as its extent's share. In an image they
 * differ by what the contents are, and what does not shrink is stored as it is. There are no
 * fragments, no tails in the index (mkfs.erofs -Eztailpacking, fragments) and no extents shared by
 * files (-Ededupe). Inodes are placed as mkfs.erofs 1.5 does it with a few files. Pages for
 * decompression, and struct z_erofs_pcluster, which no memcg is charged for, take no memory, and
 * the shrinker that frees these structs in a whole machine frees nothing. In a timed run the device
 * transfers the pages of the file, not the compressed ones, and a read stops using the managed
 * cache when it is submitted.
 */
#include "sim/mm/erofs.h"

#include <errno.h>

#include <glib.h>

#include "sim/mm/batch.h"
#include "sim/mm/ext4.h"
#include "sim/mm/filemap.h"
#include "sim/mm/io.h"
#include "sim/mm/slots.h"

#define PAGE_BITS    12
#define PAGE_BYTES   4096u
#define FIRST_INODE  1312 /* in block 0, after the super block and the root folder */
#define INODE_BYTES  64	  /* struct erofs_inode_extended */
#define HEADER_BYTES 8	  /* struct z_erofs_map_header */

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* z_erofs_load_compact_lcluster(): where cluster @lcn is in the index that begins at @index. Four
 * bytes each up to a multiple of 32, then two bytes each for sixteen at a time, then four again. */
static uint64_t index_pos(uint64_t index, uint32_t nr, uint32_t lcn)
{
	const uint32_t initial = (uint32_t)((32 - index % 32) / 4 & 7);
	const uint32_t small = nr > initial ? (nr - initial) / 16 * 16 : 0;

	if (lcn < initial)
		return index + 4ull * lcn;
	if (lcn - initial < small)
		return index + 4ull * initial + 2ull * (lcn - initial);
	return index + 4ull * (initial + (lcn - initial - small)) + 2ull * small;
}

static uint32_t nr_extents(const struct machine *m, uint32_t pages)
{
	return (uint32_t)(((uint64_t)pages * PAGE_BYTES + m->erofs_extent_bytes - 1) /
			  m->erofs_extent_bytes);
}

/* pages of the pcluster of @extent in a file of @pages */
static uint32_t pcluster_pages(const struct machine *m, uint32_t pages, uint32_t extent)
{
	const uint64_t len = m->erofs_extent_bytes;
	const uint64_t rest = (uint64_t)pages * PAGE_BYTES - extent * len;

	return rest >= len ? m->erofs_pcluster_pages
			   : (uint32_t)((rest * m->erofs_pcluster_pages + len - 1) / len);
}

/* Where the files are: data in their order, and inodes in the last block that has some if there is
 * room, else behind the data. Return: the number of blocks. */
static uint32_t layout(const struct trace *t, const struct machine *m, struct erofs_inode *inodes)
{
	uint64_t at = FIRST_INODE, end = PAGE_BYTES, next = 1, size;

	for (uint32_t i = 0; i < t->nr_files; i++) {
		const uint32_t pages = t->files[i].pages, nr = nr_extents(m, pages);
		struct erofs_inode inode = { .first_block = (uint32_t)next, .nr_clusters = pages };

		if (t->files[i].shmem)
			continue;
		if (nr)
			next += (uint64_t)(nr - 1) * m->erofs_pcluster_pages +
				pcluster_pages(m, pages, nr - 1);
		inode.index = at + INODE_BYTES + HEADER_BYTES;
		size = index_pos(inode.index, pages, pages) - at;
		if (at + size > end) {
			at = next * PAGE_BYTES;
			inode.index = at + INODE_BYTES + HEADER_BYTES;
			size = index_pos(inode.index, pages, pages) - at;
			next += (size + PAGE_BYTES - 1) / PAGE_BYTES;
			end = next * PAGE_BYTES;
		}
		at = round_up(at + size, 32);
		if (inodes)
			inodes[i] = inode;
	}
	return (uint32_t)MIN(next, UINT32_MAX);
}

uint32_t erofs_nr_blocks(const struct trace *t, const struct machine *m)
{
	return m->in_pclusters ? layout(t, m, NULL) : 0;
}

void erofs_mount(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;

	if (!m->in_pclusters)
		return;
	s->erofs = g_malloc0(sizeof(struct erofs) +
			     (s->trace->nr_files + 1) * sizeof(struct erofs_inode));
	s->erofs->nr_blocks = layout(s->trace, m, s->erofs->inodes);
}

void erofs_free(struct sim *s)
{
	g_free(s->erofs);
}

/* struct z_erofs_frontend: a read that goes down through a file */
struct frontend {
	struct sim *s;
	unsigned int cpu;
	uint32_t file;
	uint64_t headoffset; /* the first byte that is read */
	/* struct erofs_map_blocks: the extent that was looked up last */
	uint32_t extent;
	uint64_t la;	  /* where it begins */
	bool partial;	  /* EROFS_MAP_PARTIAL_MAPPED: its end was not found */
	uint32_t metabuf; /* slot of the page of the index that is held; 0: none */
	unsigned int held;
	/* the pclusters that are read, the first one last; does the managed cache get it? */
	uint32_t last;
	GByteArray *cached;
	GArray *added; /* slots of pages of the file before headoffset */
};

/* erofs_bread(), read_cache_folio(): a page of the index is read if need be, and marked */
static void load_lcluster(struct frontend *f, uint64_t lcn)
{
	struct sim *s = f->s;
	const struct erofs_inode *inode = &s->erofs->inodes[f->file];
	const uint64_t pos = index_pos(inode->index, inode->nr_clusters, (uint32_t)lcn);
	const uint32_t slot = s->meta_first + s->erofs->nr_blocks + (uint32_t)(pos / PAGE_BYTES);

	if (slot == f->metabuf)
		return;
	folio_unhold(s, f->held);
	f->metabuf = 0;
	if (!(s->folios[slot].flags & PG_resident)) {
		if (filemap_add_folio(s, f->cpu, slot, 0, ADD_BLOCK) == -ENOMEM)
			return;
		create_buffers(s, slot);
		read_folios(s, slot, 1);
	}
	folio_hold(s, slot);
	f->metabuf = slot;
	s->cfg.lru->mark_accessed(s, f->cpu, slot);
}

/* z_erofs_map_blocks_fo() of the extent with byte @la */
static void map_blocks(struct frontend *f, uint64_t la)
{
	const struct machine *m = &f->s->cfg.machine;
	const uint64_t len = m->erofs_extent_bytes, lcn = la / PAGE_BYTES;
	uint64_t head;

	f->extent = (uint32_t)(la / len);
	f->la = f->extent * len;
	head = f->la / PAGE_BYTES;
	load_lcluster(f, lcn);
	/* the cluster in which the next extent begins says where this one ends */
	f->partial = (f->la + len) / PAGE_BYTES != lcn ||
		     f->la + len >= (uint64_t)f->s->trace->files[f->file].pages * PAGE_BYTES;
	if (head != lcn) {
		/* z_erofs_extent_lookback() */
		if (!f->partial)
			load_lcluster(f, lcn - 1);
		load_lcluster(f, head);
	}
	/* z_erofs_get_extent_compressedlen(): in the cluster after the first one */
	if (m->erofs_pcluster_pages > 1 && head + 1 < f->s->files[f->file].size)
		load_lcluster(f, head + 1);
}

/* the compressed pages of @extent: their first slot in the managed cache, and how many */
static uint32_t pcluster(const struct frontend *f, uint32_t extent, uint32_t *nr)
{
	const struct machine *m = &f->s->cfg.machine;

	*nr = pcluster_pages(m, f->s->trace->files[f->file].pages, extent);
	return f->s->meta_first + f->s->erofs->inodes[f->file].first_block +
	       extent * m->erofs_pcluster_pages;
}

/* z_erofs_pcluster_begin(), z_erofs_bind_cache(): take what the managed cache has, and decide
 * whether it gets the rest */
static void pcluster_begin(struct frontend *f)
{
	const guint8 cached = f->partial || f->la < f->headoffset;
	uint32_t nr, slot = pcluster(f, f->extent, &nr);

	g_byte_array_append(f->cached, &cached, 1);
	for (; nr; nr--, slot++) {
		struct folio *folio = &f->s->folios[slot];

		if ((folio->flags & (PG_resident | PG_private)) != PG_resident ||
		    folio->extra_refs >= FOLIO_EXTRA_REFS_MAX)
			continue;
		folio->flags |= PG_private;
		folio->extra_refs++;
	}
}

/* z_erofs_scan_folio() for each folio down to headoffset: one extent after the other */
static void scan(struct frontend *f, uint64_t end)
{
	map_blocks(f, end - 1);
	f->last = f->extent;
	pcluster_begin(f);
	while (f->la > f->headoffset) {
		map_blocks(f, f->la - 1);
		pcluster_begin(f);
	}
}

/* z_erofs_pcluster_readmore(): what is before headoffset in the extent, by FGP_NOWAIT */
static void readmore(struct frontend *f)
{
	const uint32_t base = file_slot(f->s, f->file, 0);
	uint32_t page = (uint32_t)(f->headoffset / PAGE_BYTES);
	const uint32_t least = (uint32_t)(round_up(f->la, PAGE_BYTES) / PAGE_BYTES);

	while (page > least) {
		const uint32_t slot = base + --page;

		if (!(f->s->folios[slot].flags & PG_resident) &&
		    !filemap_add_folio(f->s, f->cpu, slot, 0, ADD_NOWAIT))
			g_array_append_val(f->added, slot);
	}
}

/* z_erofs_submit_queue(), z_erofs_fill_bio_vec(). Return: is anything read from the device? */
static bool submit(struct frontend *f)
{
	struct sim *s = f->s;
	bool reads = false;

	for (guint i = f->cached->len; i--;) {
		uint32_t nr, slot = pcluster(f, f->last - i, &nr);

		for (; nr; nr--, slot++) {
			if (s->folios[slot].flags & PG_resident)
				continue;
			reads = true;
			if (f->cached->data[i] && !filemap_add_folio(s, f->cpu, slot, 0, ADD_BLOCK))
				s->folios[slot].flags |= PG_locked;
		}
	}
	return reads;
}

/* The file's pages, of which those from @first on were added by readahead, are read. What is in the
 * managed cache needs no device. */
static void read_file(struct frontend *f, uint32_t first, uint32_t end, bool from_device)
{
	struct sim *s = f->s;
	const uint32_t base = file_slot(s, f->file, 0);
	const uint32_t *added = (const uint32_t *)(const void *)f->added->data;
	struct device_plug plug = { NULL };

	if (from_device && !s->sched) {
		const uint32_t low = f->added->len ? added[f->added->len - 1] : base + first;

		read_folios(s, low, base + end - low);
		return;
	}
	for (guint i = f->added->len; i--;) {
		if (from_device)
			io_plug(s, &plug, added[i]);
		else
			s->folios[added[i]].flags &= (uint16_t)~PG_locked;
	}
	for (uint32_t slot = base + first; slot < base + end; slot++) {
		if (from_device)
			io_plug(s, &plug, slot);
		else
			s->folios[slot].flags &= (uint16_t)~PG_locked;
	}
	if (from_device)
		io_unplug(s, &plug);
}

/* z_erofs_decompress_pcluster(): nobody uses the compressed pages any more */
static void put_pclusters(struct frontend *f)
{
	for (guint i = 0; i < f->cached->len; i++) {
		uint32_t nr, slot = pcluster(f, f->last - i, &nr);

		for (; nr; nr--, slot++) {
			struct folio *folio = &f->s->folios[slot];

			if (folio->flags & PG_private)
				folio->extra_refs--;
			folio->flags &= (uint16_t) ~(PG_private | PG_locked);
		}
	}
}

void erofs_readahead(struct sim *s, unsigned int cpu, uint32_t file, uint32_t first, uint32_t end)
{
	struct frontend f = {
		.s = s,
		.cpu = cpu,
		.file = file,
		.headoffset = (uint64_t)first * PAGE_BYTES,
		.held = s->held->nr,
		.cached = g_byte_array_new(),
		.added = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
	};

	scan(&f, (uint64_t)end * PAGE_BYTES);
	readmore(&f);
	read_file(&f, first, end, submit(&f));
	put_pclusters(&f);
	folio_unhold(s, f.held);
	g_byte_array_unref(f.cached);
	g_array_unref(f.added);
}
