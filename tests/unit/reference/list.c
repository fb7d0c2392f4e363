// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lists of the classic LRU; entry [0] is the newest. With MGLRU, calls its functions
 * instead. After include/linux/mm_inline.h.
 */
#include "tests/unit/reference/internal.h"
#include "tests/unit/reference/mglru.h"

#include <string.h>

uint64_t ref_lru_size(const struct ref *r, int list)
{
	uint64_t n = 0;

	if (r->cg->gen)
		return ref_gen_size(r, list / 2, list % 2);
	for (int i = 0; i < r->cg->lists[list].nr; i++)
		n += (uint64_t)ref_nr_pages(r, r->cg->lists[list].pages[i]);
	return n;
}

uint64_t ref_node_size(struct ref *r, int list)
{
	struct ref_memcg *before = r->cg;
	uint64_t n = 0;

	for (r->cg = r->memcgs; r->cg < r->memcgs + r->nr_memcgs; r->cg++)
		n += ref_lru_size(r, list);
	r->cg = before;
	return n;
}

struct ref_memcg *ref_enter(struct ref *r, int page)
{
	struct ref_memcg *before = r->cg;

	r->cg = &r->memcgs[r->pages[page].memcg];
	return before;
}

static int list_of(const struct ref_page *pg)
{
	if (pg->swapbacked)
		return pg->active ? REF_ACTIVE_ANON : REF_INACTIVE_ANON;
	return pg->active ? REF_ACTIVE_FILE : REF_INACTIVE_FILE;
}

static void list_insert(struct ref_list *l, int at, int page)
{
	memmove(l->pages + at + 1, l->pages + at, (size_t)(l->nr - at) * sizeof(int));
	l->pages[at] = page;
	l->nr++;
}

/* lruvec_add_folio(), folio_set_lru() */
void ref_lruvec_add(struct ref *r, int page)
{
	struct ref_memcg *before;

	r->pages[page].lru = true;
	if (r->pages[page].unevictable) /* LRU_UNEVICTABLE is not threaded */
		return;
	before = ref_enter(r, page);
	if (r->cg->gen)
		ref_gen_add(r, page, false);
	else
		list_insert(&r->cg->lists[list_of(&r->pages[page])], 0, page);
	r->pages[page].lru = true;
	r->cg = before;
}

void ref_lruvec_add_tail(struct ref *r, int page)
{
	struct ref_memcg *before = ref_enter(r, page);
	struct ref_list *l = &r->cg->lists[list_of(&r->pages[page])];

	if (r->cg->gen)
		ref_gen_add(r, page, true);
	else
		list_insert(l, l->nr, page);
	r->pages[page].lru = true;
	r->cg = before;
}

/* lruvec_del_folio(), folio_test_clear_lru() */
void ref_lruvec_del(struct ref *r, int page)
{
	struct ref_memcg *before = ref_enter(r, page);
	struct ref_list *l = &r->cg->lists[list_of(&r->pages[page])];
	int at = 0;

	if (r->pages[page].unevictable) {
		r->pages[page].lru = false;
		r->cg = before;
		return;
	}
	if (r->cg->gen) {
		ref_gen_del(r, page);
		r->cg = before;
		return;
	}
	while (l->pages[at] != page)
		at++;
	l->nr--;
	memmove(l->pages + at, l->pages + at + 1, (size_t)(l->nr - at) * sizeof(int));
	r->pages[page].lru = false;
	r->cg = before;
}

void ref_lruvec_add_before(struct ref *r, int page, int next)
{
	struct ref_memcg *before = ref_enter(r, page);
	struct ref_list *l = &r->cg->lists[list_of(&r->pages[page])];
	int at = 0;

	if (r->cg->gen) {
		ref_gen_add_before(r, page, next);
		r->cg = before;
		return;
	}
	while (l->pages[at] != next)
		at++;
	list_insert(l, at, page);
	r->pages[page].lru = true;
	r->cg = before;
}
