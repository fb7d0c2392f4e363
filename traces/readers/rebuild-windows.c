// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to files in recordings without mappings (ftrace). The page cache names file and page
 * of a fault, but nothing shows where the file is mapped. So at its first use a part of 512 pages
 * is mapped at an invented address of the process, and stays until the process executes or ends.
 *
 * When it is wrong: nothing shows that a file is unmapped. The fault-around event names a window
 * of pages; the used page is taken from the address, as if the window were aligned, or is the
 * first page if there is no
 * address. A later write to a page of a private mapping shows as anonymous
 * memory at its own address, and the read of the page as a page of the file.
 * Alignment within page tables is kept within a part.
 */
#include "traces/readers/rebuild-priv.h"

#include <errno.h>

#define WINDOW_SHIFT 9
#define WINDOW_PAGES (1ull << WINDOW_SHIFT)
/* Above what a process can map, below RB_PAGES_MAX. */
#define MADE_UP (RB_PAGES_MAX - (1ull << 33))
/* Pages that a fault maps at once on kernels of today, aligned. */
#define AROUND_PAGES 16u

static int window_get(struct rebuild *rb, struct rb_space *s, int64_t file, uint64_t index,
		      uint64_t *page)
{
	uint64_t part = index >> WINDOW_SHIFT;
	gpointer key = GSIZE_TO_POINTER((uint64_t)file << (33 - WINDOW_SHIFT) | part);
	uint64_t nr = GPOINTER_TO_SIZE(g_hash_table_lookup(s->windows, key));
	struct rb_vma v = {
		.pgoff = part << WINDOW_SHIFT,
		.file = file,
		.flags = VM_READ | VM_EXEC,
	};
	int ret = 0;

	if (!nr) {
		if (s->nr_windows >= (1ull << 33) / WINDOW_PAGES)
			return -E2BIG;
		nr = ++s->nr_windows;
		v.start = MADE_UP + (nr - 1) * WINDOW_PAGES;
		v.end = v.start + WINDOW_PAGES;
		ret = map_range(rb, s, &v);
		if (ret)
			return ret;
		g_hash_table_insert(s->windows, key, GSIZE_TO_POINTER(nr));
	}
	*page = MADE_UP + (nr - 1) * WINDOW_PAGES + index % WINDOW_PAGES;
	return 0;
}

int rb_window_fault(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id, uint64_t first,
		    uint64_t last)
{
	int64_t file = file_get(rb, id, NULL);
	uint64_t index = first, page = 0;
	bool write = t->waits && t->write;
	int ret;

	file_at(rb, file)->cached = true;
	if (last < first || last >= TRACE_FILE_PAGES_MAX)
		return -E2BIG;
	if (!t->waits)
		rb->counts.faults++;
	else if (last - first < AROUND_PAGES)
		index = MIN(first + t->page % AROUND_PAGES, last);
	t->waits = false;
	rb->counts.checked++;
	rb->counts.agreed++;
	/* a part holds whole pages of any machine */
	index -= index % rb->page_pages;
	ret = window_get(rb, t->p->space, file, index, &page);
	for (unsigned int i = 0; i < rb->page_pages && ret >= 0; i++)
		ret = rb_access(rb, t, page + i, write);
	return MIN(ret, 0);
}
