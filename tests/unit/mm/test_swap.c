// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/swap.c: allocation of slots, their release, and full swap. */
#include <CUnit/CUnit.h>

#include "sim/mm/swap.h"
#include "tests/unit/testlib.h"

void suite_swap(void);

static void test_slots(void)
{
	struct tl *x = tl_run("swap_pages=4", NULL, "spawn,1; anon,1,0,6,rw-p; touch,1,0,6,w");
	struct folio *f;

	for (uint32_t i = 0; i < 6; i++) {
		const uint32_t slot = tl_anon_slot(x, 1, i);

		TL_EQ(vm_swap_full(x->s), i > 2, "more than half of 4 after %u", i);
		TL_EQ(folio_alloc_swap(x->s, slot), i < 4, "page %u", i);
		TL_EQ((x->s->folios[slot].flags & PG_swapcache) != 0, i < 4, "page %u", i);
	}
	TL_EQ(nr_swap_pages(x->s), 0, "none is left");

	/* a swap entry of another process still needs the slot */
	f = &x->s->folios[tl_anon_slot(x, 1, 0)];
	f->flags &= (uint16_t)~PG_dirty;
	x->s->anon[tl_anon_slot(x, 1, 0) - x->s->anon_first].nr_swap = 1;
	folio_free_swap(x->s, tl_anon_slot(x, 1, 0));
	TL_EQ(nr_swap_pages(x->s), 0, "an entry refers to it");
	TL_EQ(f->flags & (PG_swapcache | PG_dirty), PG_swapcache, "an entry refers to it");
	x->s->anon[tl_anon_slot(x, 1, 0) - x->s->anon_first].nr_swap = 0;
	folio_free_swap(x->s, tl_anon_slot(x, 1, 0));
	TL_EQ(nr_swap_pages(x->s), 1, "nobody does");
	TL_EQ(f->flags & (PG_swapcache | PG_dirty), PG_dirty, "the only copy now");
	/* it has no slot any more, so there is nothing to free */
	folio_free_swap(x->s, tl_anon_slot(x, 1, 0));
	folio_free_swap(x->s, tl_anon_slot(x, 1, 5));
	TL_EQ(nr_swap_pages(x->s), 1, "freed once");
	CU_ASSERT(sim_check(x->s, &x->err) == 0);
	tl_free(x);
}

/* munmap() of swapped pages frees their slots */
static void test_freed(void)
{
	struct tl *x = tl_run("memcg_pages=200 swap_pages=1000 swappiness=200", NULL,
			      "file,a,4000; spawn,1; anon,1,4096,150,rw-p; touch,1,4096,150,w;"
			      "drain; read,1,a,0,2000; mark,out; unmap,1,4096,150");

	CU_ASSERT(tl_at(x, "out", VM_pswpout) > 0);
	TL_EQ(nr_swap_pages(x->s), 1000, "all of them");
	tl_free(x);
}

void suite_swap(void)
{
	CU_pSuite s = CU_add_suite("swap", NULL, NULL);

	CU_add_test(s, "slots given and given back", test_slots);
	CU_add_test(s, "unmapping gives them back", test_freed);
}
