// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 folio_add_return_large_mapcount() and folio_sub_return_large_mapcount()
 * of include/linux/rmap.h, folio_maybe_mapped_shared() and v6.12 folio_likely_mapped_shared() of
 * include/linux/mm.h.
 *
 * Approximation: a split makes single pages; folios of other orders do not result from one.
 */
#include "sim/mm/large.h"

#include "sim/mm/mm.h"

void large_init(struct sim *s)
{
	s->large = g_array_new(FALSE, TRUE, sizeof(struct large_folio));
	g_array_set_size(s->large, 1);
}

/* the first free record, 0 if there is none */
static uint32_t *free_list(struct sim *s)
{
	return &g_array_index(s->large, struct large_folio, 0).next;
}

void folio_make_large(struct sim *s, uint32_t head, unsigned int order)
{
	uint32_t i = *free_list(s);

	if (!i) {
		i = s->large->len;
		g_array_set_size(s->large, i + 1);
	} else {
		*free_list(s) = g_array_index(s->large, struct large_folio, i).next;
	}
	g_array_index(s->large, struct large_folio, i) =
		(struct large_folio){ .mm_mapcount = { -1, -1 } };
	s->folios[head].order = (uint8_t)order;
	s->folios[head].mm_ids_shared = false;
	s->folios[head + 1] =
		(struct folio){ .pos = i, .flags = PG_resident, .order = FOLIO_SECOND };
	for (uint32_t n = 2; n < 1u << order; n++)
		s->folios[head + n] =
			(struct folio){ .pos = head, .flags = PG_resident, .order = FOLIO_TAIL };
}

void folio_unmake_large(struct sim *s, uint32_t head)
{
	const uint32_t i = s->folios[head + 1].pos, nr = folio_nr_pages(&s->folios[head]);

	g_array_index(s->large, struct large_folio, i).next = *free_list(s);
	*free_list(s) = i;
	s->folios[head].order = 0;
	s->folios[head].mm_ids_shared = false;
	for (uint32_t n = 1; n < nr; n++)
		s->folios[head + n] = (struct folio){ 0 };
}

static void add_large_mapcount(struct folio *f, struct large_folio *l, const struct mm *mm,
			       int32_t nr)
{
	for (int i = 0; i < 2; i++) {
		if (l->mm[i] == mm) {
			l->mm_mapcount[i] += nr;
			return;
		}
	}
	for (int i = 0; i < 2; i++) {
		if (l->mm[i])
			continue;
		l->mm[i] = mm;
		l->mm_mapcount[i] = nr - 1;
		/* in the first place too: mm_structs without a place may map the folio */
		if (i || f->mapcount != (uint32_t)nr)
			f->mm_ids_shared = true;
		return;
	}
}

static void sub_large_mapcount(struct folio *f, struct large_folio *l, const struct mm *mm,
			       int32_t nr)
{
	for (int i = 0; i < 2; i++) {
		if (l->mm[i] != mm)
			continue;
		l->mm_mapcount[i] -= nr;
		if (l->mm_mapcount[i] >= 0)
			return;
		/* @mm may have mapped some pages while there was no place for it */
		l->mm_mapcount[i] = -1;
		l->mm[i] = NULL;
		break;
	}
	if (l->mm_mapcount[0] == (int32_t)f->mapcount - 1 ||
	    l->mm_mapcount[1] == (int32_t)f->mapcount - 1)
		f->mm_ids_shared = false;
}

/* the counter of the PTEs that map one page */
static uint32_t *page_count(struct sim *s, uint32_t slot)
{
	return s->folios[slot].order < FOLIO_SECOND ? &folio_large(s, slot)->first_mapcount
						    : &s->folios[slot].mapcount;
}

void folio_add_rmap_large(struct sim *s, const struct mm *mm, uint32_t slot, uint32_t nr)
{
	const uint32_t head = folio_head(s->folios, slot);
	struct folio *f = &s->folios[head];

	f->mapcount += nr;
	for (uint32_t i = 0; i < nr; i++)
		if (!(*page_count(s, slot + i))++ && !folio_large(s, head)->entire_mapcount)
			s->nr_mapped[false]++;
	add_large_mapcount(f, folio_large(s, head), mm, (int32_t)nr);
}

void folio_remove_rmap_large(struct sim *s, const struct mm *mm, uint32_t slot, uint32_t nr)
{
	const uint32_t head = folio_head(s->folios, slot);
	struct folio *f = &s->folios[head];

	f->mapcount -= nr;
	for (uint32_t i = 0; i < nr; i++)
		if (!--*page_count(s, slot + i) && !folio_large(s, head)->entire_mapcount)
			s->nr_mapped[false]--;
	sub_large_mapcount(f, folio_large(s, head), mm, (int32_t)nr);
}

/* number of pages of folio @head that no PTE maps */
static uint32_t nr_without_pte(struct sim *s, uint32_t head)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < folio_nr_pages(&s->folios[head]); i++)
		nr += !*page_count(s, head + i);
	return nr;
}

void folio_add_rmap_pmd(struct sim *s, const struct mm *mm, uint32_t head)
{
	struct large_folio *l = folio_large(s, head);

	s->folios[head].mapcount++;
	if (!l->entire_mapcount++)
		s->nr_mapped[false] += nr_without_pte(s, head);
	add_large_mapcount(&s->folios[head], l, mm, 1);
}

void folio_remove_rmap_pmd(struct sim *s, const struct mm *mm, uint32_t head)
{
	struct large_folio *l = folio_large(s, head);

	s->folios[head].mapcount--;
	if (!--l->entire_mapcount)
		s->nr_mapped[false] -= nr_without_pte(s, head);
	sub_large_mapcount(&s->folios[head], l, mm, 1);
}

bool folio_large_mapped_shared(const struct sim *s, uint32_t head)
{
	const struct folio *f = &s->folios[head];
	const struct large_folio *l = folio_large(s, head);

	if (!s->cfg.kernel->shared_by_first_page)
		return f->mm_ids_shared;
	return l->entire_mapcount || f->mapcount > folio_nr_pages(f) || l->first_mapcount > 1;
}

uint32_t folio_pte_batch(const struct sim *s, const struct pte_table *pt, uint32_t idx,
			 uint32_t slot, uint32_t head, uint32_t max)
{
	const uint32_t most = MIN(max, head + folio_nr_pages(&s->folios[head]) - slot);
	uint32_t nr = 1;

	while (nr < most && pte_is_file(pt, idx + nr))
		nr++;
	return nr;
}
