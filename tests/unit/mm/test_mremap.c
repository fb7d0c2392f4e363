// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/mremap.c: what moves along, and what happens to both places. */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "sim/mm/fault.h"
#include "sim/mm/mremap.h"
#include "tests/unit/testlib.h"

void suite_mremap(void);

/* the PTEs move, with their bits: no fault, no mark */
static void test_move(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,100; spawn,1; map,1,0x100,20,rw-s,a,10; touch,1,0x100,5,r;"
			      "touch,1,0x102,1,w; mark,before; mremap,1,0x100,20,0x300,20;"
			      "mark,moved; touch,1,0x300,5,r; mark,used");
	struct mm *mm = tl_mm(x, 1);

	TL_EQ(tl_at(x, "moved", VM_nr_mapped), 5, "all are mapped");
	TL_EQ(tl_at(x, "used", VM_pgfault), tl_at(x, "before", VM_pgfault), "no fault");
	CU_ASSERT_PTR_NULL(vma_find(mm, 0x100));
	TL_EQ(vma_find(mm, 0x300)->pgoff, 10, "the same pages");
	CU_ASSERT(pte_get(pte_lookup(mm, 0x302), 0x302 % PTRS_PER_PTE) & PTE_dirty);
	TL_EQ(pte_get(pte_lookup(mm, 0x100), 0x100 % PTRS_PER_PTE), 0, "nothing stays behind");
	tl_free(x);
}

/* a part in the middle, over another mapping, smaller and larger */
static void test_parts(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,100; spawn,1; map,1,0x100,30,r--p,a,0; touch,1,0x100,30,r;"
			      "anon,1,0x300,4,rw-p; touch,1,0x300,4,w; mark,before;"
			      "mremap,1,0x10a,10,0x300,4; mark,smaller; mremap,1,0x300,4,0x300,12;"
			      "mark,larger; touch,1,0x304,8,r; mark,used");
	struct mm *mm = tl_mm(x, 1);

	TL_EQ(tl_at(x, "smaller", VM_nr_mapped), 24, "six are gone");
	TL_EQ(tl_at(x, "smaller", VM_nr_anon_pages), 0, "overwritten");
	TL_EQ(vma_find(mm, 0x300)->pgoff, 10, "from the middle");
	TL_EQ(vma_pages(vma_find(mm, 0x300)), 12, "grown");
	TL_EQ(mm->vmas->len, 3, "two parts of the file, and the moved one");
	TL_EQ(tl_at(x, "used", VM_nr_mapped), 30, "pages 14 to 19 are mapped here again");
	tl_free(x);
}

/* a fork's child has the pages where the parent had them: rmap finds both */
static void test_anon_moves(void)
{
	struct tl *x =
		tl_run("memcg_pages=400 swap_pages=1000 swappiness=200", NULL,
		       "file,a,1000; spawn,1; anon,1,0x100,50,rw-p; touch,1,0x100,50,w;"
		       "fork,1,2; mremap,1,0x100,50,0x900,50; mark,moved; drain;"
		       "memory_reclaim,50,200; mark,out; touch,1,0x900,50,r; touch,2,0x100,50,r;"
		       "mark,in");

	TL_EQ(tl_at(x, "moved", VM_nr_anon_pages), 50, "shared");
	CU_ASSERT(tl_at(x, "out", VM_pswpout) >= 50);
	TL_EQ(tl_at(x, "out", VM_nr_anon_pages), 0, "unmapped in both");
	TL_EQ(tl_at(x, "in", VM_nr_anon_pages), 50, "mapped in both");
	tl_free(x);
}

/* an aligned page table moves as a whole */
static void test_move_pmd(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "spawn,1; anon,1,0x200,512,rw-p; touch,1,0x200,512,w; mark,before;"
			      "mremap,1,0x200,512,0x800,512; mark,moved");
	struct pte_table *pt;

	tl_to(x, "before");
	pt = pte_lookup(tl_mm(x, 1), 0x200);
	CU_ASSERT(pt->table);
	tl_to(x, "moved");
	CU_ASSERT(!pt->table && !pt->used);
	CU_ASSERT(pte_lookup(tl_mm(x, 1), 0x800)->table);
	TL_EQ(do_mremap(x->s, tl_mm(x, 1), 0x200, 1, 0x300, 1), -EFAULT, "nothing is there");
	tl_free(x);
}

/* what was never touched is as if it had been mapped there: it merges */
static void test_merge(void)
{
	struct tl *x =
		tl_run(NULL, NULL,
		       "spawn,1; anon,1,0x100,10,rw-p; anon,1,0x200,10,rw-p;"
		       "mremap,1,0x200,10,0x10a,10; spawn,2; anon,2,0x100,10,rw-p;"
		       "anon,2,0x200,10,rw-p; touch,2,0x200,1,w; mremap,2,0x200,10,0x10a,10");

	TL_EQ(tl_mm(x, 1)->vmas->len, 1, "one");
	TL_EQ(tl_mm(x, 2)->vmas->len, 2, "its pages know another place");
	tl_free(x);
}

void suite_mremap(void)
{
	CU_pSuite s = CU_add_suite("mremap", NULL, NULL);

	CU_add_test(s, "PTEs move", test_move);
	CU_add_test(s, "parts and sizes", test_parts);
	CU_add_test(s, "rmap of anon pages that moved", test_anon_moves);
	CU_add_test(s, "page tables move", test_move_pmd);
	CU_add_test(s, "merging", test_merge);
}
