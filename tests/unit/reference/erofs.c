// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed files. After fs/erofs/zdata.c, zmap.c and data.c.
 *
 * Behind the pages of the files are those of the managed cache, one for each block of the image,
 * then as many of the device. A page with the flag buffer is used by a read at work.
 *
 * Approximations shared with sim/: see sim/mm/erofs.c. Here the entry of each cluster in a file's
 * index is made up when it is looked up.
 */
#include "tests/unit/reference/internal.h"

/* struct z_erofs_lcluster_index, of a page of a file */
struct lcluster {
	bool head;
	uint64_t ofs, nr; /* of a head: where in it which extent begins */
};

struct layout {
	uint64_t data, meta, index; /* blocks, and a position in bytes */
};

static uint64_t div_up(uint64_t n, uint64_t by)
{
	return n / by + (n % by != 0);
}

static bool compressed(const struct ref *r)
{
	return r->m.file_system == FS_EROFS_LZ4;
}

static struct lcluster lcluster(const struct ref *r, uint64_t lcn)
{
	const uint64_t nr = div_up(lcn * 4096, r->m.erofs_extent_bytes);
	const uint64_t at = nr * r->m.erofs_extent_bytes;

	return (struct lcluster){ .head = at / 4096 == lcn, .ofs = at % 4096, .nr = nr };
}

/* how many pages the pcluster of an extent has: its share */
static uint64_t nr_compressed(const struct ref *r, uint64_t pages, uint64_t extent)
{
	const uint64_t len = r->m.erofs_extent_bytes;

	if ((extent + 1) * len <= pages * 4096)
		return r->m.erofs_pcluster_pages;
	return div_up((pages * 4096 - extent * len) * r->m.erofs_pcluster_pages, len);
}

/* bytes of the entries before @lcn: packs of two in eight bytes, and of sixteen in 32 */
static uint64_t entries(uint64_t index, uint64_t nr, uint64_t lcn)
{
	uint64_t n = 0, bytes = 0;

	while (n < lcn && (index + bytes) % 32) {
		bytes += 4;
		n++;
	}
	while (n + 16 <= nr && n < lcn) {
		const uint64_t of_pack = lcn - n < 16 ? lcn - n : 16;

		bytes += of_pack * 2;
		n += of_pack;
		if (of_pack < 16)
			return bytes;
	}
	return bytes + (lcn - n) * 4;
}

/* mkfs.erofs: of @file, or with nr_files behind all: data is the end of the image */
static struct layout layout(const struct ref *r, uint32_t file)
{
	uint64_t meta = 1312, left = 4096 - 1312, next = 1;
	struct layout l = { 0 };

	for (uint32_t i = 0; i < r->t->nr_files && i <= file; i++) {
		const uint64_t pages = r->t->files[i].pages;
		uint64_t size;

		if (r->t->files[i].shmem)
			continue;
		l.data = next;
		for (uint64_t e = 0; e * r->m.erofs_extent_bytes < pages * 4096; e++)
			next += nr_compressed(r, pages, e);
		size = 72 + entries(meta + 72, pages, pages);
		if (size > left) {
			meta = next * 4096;
			size = 72 + entries(meta + 72, pages, pages);
			next += div_up(size, 4096);
			left = next * 4096 - meta;
		}
		l.index = meta + 72;
		size = div_up(size, 32) * 32;
		meta += size;
		left -= MIN(size, left);
	}
	if (file == r->t->nr_files)
		l.data = next;
	return l;
}

uint64_t ref_erofs_blocks(const struct ref *r)
{
	return compressed(r) ? layout(r, r->t->nr_files).data : 0;
}

struct frontend {
	struct ref *r;
	unsigned int cpu;
	uint32_t file;
	struct layout l;
	uint64_t pages;
	int metabuf; /* -1: none */
	/* the extent that was looked up last */
	uint64_t nr, la;
	bool full;
};

/* z_erofs_load_lcluster_from_disk(), erofs_bread() */
static struct lcluster load(struct frontend *f, uint64_t lcn)
{
	struct ref *r = f->r;
	const uint64_t pos = f->l.index + entries(f->l.index, f->pages, lcn);
	const int page = (int)(r->t->nr_file_pages + r->erofs_blocks + pos / 4096);

	if (page != f->metabuf) {
		if (f->metabuf >= 0)
			r->pages[f->metabuf].extra_refs--;
		f->metabuf = -1;
		if (!r->pages[page].resident) {
			if (!ref_filemap_add_folio(r, f->cpu, page, false, REF_GFP_KERNEL))
				return lcluster(r, lcn);
			ref_create_buffers(r, page);
			ref_device_read(r, page, 1);
		}
		r->pages[page].extra_refs++;
		f->metabuf = page;
		ref_folio_mark_accessed(r, f->cpu, page);
	}
	return lcluster(r, lcn);
}

static void map_blocks(struct frontend *f, uint64_t la)
{
	uint64_t lcn = la / 4096;
	struct lcluster c = load(f, lcn);

	f->full =
		c.head && la % 4096 < c.ofs && c.nr * f->r->m.erofs_extent_bytes < f->pages * 4096;
	if (!c.head || la % 4096 < c.ofs) {
		/* z_erofs_extent_lookback() */
		if (f->full)
			c = load(f, --lcn);
		if (!f->full || !c.head) {
			do
				c = lcluster(f->r, --lcn);
			while (!c.head);
			load(f, lcn);
		}
	}
	f->nr = c.nr;
	f->la = lcn * 4096 + c.ofs;
	/* z_erofs_get_extent_compressedlen() */
	if (f->r->m.erofs_pcluster_pages > 1 && lcn + 1 < f->r->files[f->file].size)
		load(f, lcn + 1);
}

static int compressed_page(const struct frontend *f, uint64_t extent, uint64_t i)
{
	return (int)(f->r->t->nr_file_pages + f->l.data + extent * f->r->m.erofs_pcluster_pages +
		     i);
}

/* the folios from @first up to before @end, which are new */
void ref_z_erofs_readahead(struct ref *r, unsigned int cpu, uint32_t file, uint64_t first,
			   uint64_t end)
{
	struct frontend f = { .r = r,
			      .cpu = cpu,
			      .file = file,
			      .l = layout(r, file),
			      .pages = r->t->files[file].pages,
			      .metabuf = -1 };
	bool *is_cached = g_new0(bool, f.pages + 1), reads = false;
	uint64_t last, low = first;

	/* z_erofs_scan_folio() */
	map_blocks(&f, end * 4096 - 1);
	last = f.nr;
	for (;;) {
		is_cached[f.nr] = !f.full || f.la < first * 4096;
		for (uint64_t i = 0; i < nr_compressed(r, f.pages, f.nr); i++)
			r->pages[compressed_page(&f, f.nr, i)].buffer =
				r->pages[compressed_page(&f, f.nr, i)].resident;
		if (f.la <= first * 4096)
			break;
		map_blocks(&f, f.la - 1);
	}
	/* z_erofs_pcluster_readmore() */
	for (uint64_t i = first; i-- > 0 && i * 4096 >= f.la;) {
		const int page = ref_file_page(r, file, i);

		if (!r->pages[page].resident &&
		    ref_filemap_add_folio(r, cpu, page, false, REF_GFP_NOWAIT))
			low = i;
	}
	/* z_erofs_submit_queue() */
	for (uint64_t e = f.nr; e <= last; e++) {
		for (uint64_t i = 0; i < nr_compressed(r, f.pages, e); i++) {
			const int page = compressed_page(&f, e, i);

			if (r->pages[page].resident)
				continue;
			reads = true;
			if (is_cached[e] &&
			    ref_filemap_add_folio(r, cpu, page, false, REF_GFP_KERNEL))
				r->pages[page].locked = true;
		}
	}
	if (reads)
		ref_device_read(r, ref_file_page(r, file, low), end - low);
	for (uint64_t i = low; i < end; i++)
		r->pages[ref_file_page(r, file, i)].locked = false;
	for (uint64_t e = f.nr; e <= last; e++)
		for (uint64_t i = 0; i < nr_compressed(r, f.pages, e); i++) {
			r->pages[compressed_page(&f, e, i)].locked = false;
			r->pages[compressed_page(&f, e, i)].buffer = false;
		}
	if (f.metabuf >= 0)
		r->pages[f.metabuf].extra_refs--;
	g_free(is_cached);
}
