// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/anon_vma.c: chains, and what they and the anon_vmas are charged. */
#include <CUnit/CUnit.h>

#include "sim/mm/mm.h"
#include "sim/mm/objcg.h"
#include "tests/unit/testlib.h"

void suite_anon_vma(void);

static struct anon_own *own_of(struct tl *x, uint32_t pid, guint i)
{
	const struct vma *vma = tl_mm(x, pid)->vmas->pdata[i];

	return vma->own;
}

/* anon_vma_clone() of both halves of a VMA, anon_vma_fork() */
static void test_chains(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "spawn,1; anon,1,10,8,rw-p; touch,1,10,8,w; unmap,1,14,1; fork,1,2;"
			      "fork,2,3");
	struct anon_own *own = own_of(x, 1, 0);

	CU_ASSERT(own_of(x, 1, 1) == own);
	CU_ASSERT(own->parent == NULL);
	TL_EQ(own->nr_chains, 6, "from two VMAs of three processes");
	CU_ASSERT(own_of(x, 2, 0) != own_of(x, 2, 1));
	CU_ASSERT(own_of(x, 2, 0)->parent == own);
	TL_EQ(own_of(x, 2, 0)->nr_chains, 2, "from its own VMA and that of the child");
	CU_ASSERT(own_of(x, 3, 0)->parent == own_of(x, 2, 0));
	TL_EQ(own_of(x, 3, 0)->nr_chains, 1, "from its own");
	tl_free(x);
}

static uint32_t stock_at(struct tl *x, const char *mark)
{
	tl_to(x, mark);
	return x->s->objcg->stock[0].nr_bytes[0];
}

/* Half of a VMA gives its chain back; the other half the anon_vma, too. */
static void test_freed(void)
{
	struct tl *x = tl_new("memcg_pages=200 kmem=on", NULL,
			      "spawn,1; anon,1,10,8,rw-p; touch,1,10,1,w; unmap,1,14,1; mark,split;"
			      "unmap,1,10,4; mark,half; unmap,1,15,3; mark,all");
	const struct slab_sizes *slab = &x->s->cfg.kernel->slab;
	const uint32_t split = stock_at(x, "split"), half = stock_at(x, "half");
	const uint32_t all = stock_at(x, "all"), chain = slab->vma + slab->anon_vma_chain;

	TL_EQ((half - split) % 4096, chain, "of the first half");
	TL_EQ((all - half) % 4096, chain + slab->anon_vma, "of the other");
	tl_free(x);
}

void suite_anon_vma(void)
{
	CU_pSuite s = CU_add_suite("anon_vma", NULL, NULL);

	CU_add_test(s, "chains after a split and forks", test_chains);
	CU_add_test(s, "what is freed with a VMA", test_freed);
}
