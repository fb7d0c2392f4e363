// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/pgtable.h, whose PTEs are bits in words: random changes and questions, of single PTEs and
 * of ranges across words, against a table with a byte for each PTE.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/mm/pgtable.h"
#include "sim/rng.h"
#include "tests/unit/testlib.h"

void suite_pgtable(void);

#define STEPS 20000

/* struct both - the table, and what pte_get() should return */
struct both {
	struct pte_table pt;
	uint8_t plain[PTRS_PER_PTE];
	struct rng rng;
};

static uint32_t rnd(struct both *b, uint32_t below)
{
	return (uint32_t)rng_below(&b->rng, below);
}

/* flags of a PTE that is there */
static uint8_t random_flags(struct both *b)
{
	static const uint8_t kinds[] = { PTE_present, PTE_present, PTE_present | PTE_anon,
					 PTE_present | PTE_zero, PTE_swap };
	const uint8_t kind = kinds[rnd(b, G_N_ELEMENTS(kinds))];
	const uint8_t any = kind & PTE_swap ? PTE_write : PTE_young | PTE_dirty | PTE_write;

	return kind | (rnd(b, 2) ? any & (uint8_t)rnd(b, 256) : 0);
}

/* [@idx, @end), often a single PTE, often across words, sometimes all */
static void random_range(struct both *b, uint32_t *idx, uint32_t *end)
{
	const uint32_t most[] = { 1, 4, 64, 130, PTRS_PER_PTE };

	*idx = rnd(b, PTRS_PER_PTE);
	*end = *idx + 1 + rnd(b, most[rnd(b, G_N_ELEMENTS(most))]);
	*end = MIN(*end, PTRS_PER_PTE);
	if (!rnd(b, 8))
		*idx = 0;
}

/* how many of [@idx, @end) have one of @flags? @first: of those, or @end */
static uint32_t plain_count(const struct both *b, uint32_t idx, uint32_t end, uint8_t flags,
			    uint32_t *first)
{
	uint32_t nr = 0;

	*first = end;
	for (uint32_t i = idx; i < end; i++) {
		if (!(b->plain[i] & flags))
			continue;
		if (!nr++)
			*first = i;
	}
	return nr;
}

static void change(struct both *b)
{
	const uint8_t flags = random_flags(b), some = (uint8_t)rnd(b, 256);
	uint32_t idx, end, first, nr;

	random_range(b, &idx, &end);
	switch (rnd(b, 6)) {
	case 0:
		pte_set(&b->pt, idx, flags);
		b->plain[idx] = flags;
		break;
	case 1:
		pte_set_range(&b->pt, idx, end, flags);
		memset(b->plain + idx, flags, end - idx);
		break;
	case 2:
		pte_clear_range(&b->pt, idx, end);
		memset(b->plain + idx, 0, end - idx);
		break;
	case 3:
		/* what a PTE loses while it stays */
		pte_del(&b->pt, idx, some & (PTE_young | PTE_dirty | PTE_write));
		b->plain[idx] &= (uint8_t) ~(some & (PTE_young | PTE_dirty | PTE_write));
		break;
	case 4:
		if (!(b->plain[idx] & PTE_present))
			break;
		pte_add(&b->pt, idx, some & (PTE_young | PTE_dirty | PTE_write));
		b->plain[idx] |= some & (PTE_young | PTE_dirty | PTE_write);
		break;
	default:
		nr = plain_count(b, idx, end, PTE_young, &first);
		TL_EQ(pte_take_young(&b->pt, idx, end), nr != 0, "young of %u to %u", idx, end);
		for (uint32_t i = idx; i < end; i++)
			b->plain[i] &= (uint8_t)~PTE_young;
	}
}

static void ask(struct both *b)
{
	const uint64_t base = (uint64_t)rnd(b, 1000) * PTRS_PER_PTE;
	uint32_t idx, end, first, nr;

	random_range(b, &idx, &end);
	nr = plain_count(b, idx, end, PTE_dirty, &first);
	TL_EQ(pte_any_dirty(&b->pt, idx, end), nr != 0, "dirty of %u to %u", idx, end);
	nr = plain_count(b, idx, end, PTE_young, &first);
	TL_EQ(pte_count_young(&b->pt, idx, end), nr, "young of %u to %u", idx, end);
	TL_EQ(pte_next_young_vpn(&b->pt, base + idx, base + end), base + first,
	      "first young of %u to %u", idx, end);
	TL_EQ(pte_next_young_vpn(&b->pt, base + end, base + end), base + end, "of none");
	plain_count(b, idx, end, PTE_present | PTE_swap, &first);
	TL_EQ(pte_next(&b->pt, idx, end), first, "first of %u to %u", idx, end);
	TL_EQ(pte_next_vpn(&b->pt, base + idx, base + end), base + first, "first of %u to %u", idx,
	      end);
	TL_EQ(pte_next_vpn(&b->pt, base + end, base + end), base + end, "of none");
}

/* all PTEs are as they should be, and nothing is left where there is none */
static void compare(const struct both *b)
{
	uint32_t nr_bad = 0;

	for (uint32_t i = 0; i < PTRS_PER_PTE; i++) {
		const uint8_t pte = b->plain[i];
		const bool folio = (pte & PTE_present) && !(pte & PTE_zero);

		nr_bad += pte_get(&b->pt, i) != pte || pte_has_folio(&b->pt, i) != folio ||
			  pte_is_file(&b->pt, i) != (folio && !(pte & PTE_anon));
		nr_bad += !pte && b->pt.more && b->pt.more[i];
	}
	for (uint32_t i = 0; i < PTE_WORDS; i++)
		nr_bad += (b->pt.word[i].young & ~b->pt.word[i].any) != 0;
	TL_EQ(nr_bad, 0, "PTEs that differ");
}

static void test_random(void)
{
	struct both *b = g_new0(struct both, 1);

	rng_init(&b->rng, 1, 0);
	for (int i = 0; i < STEPS; i++) {
		change(b);
		ask(b);
		compare(b);
	}
	CU_ASSERT_PTR_NOT_NULL(b->pt.more);
	g_free(b->pt.more);
	g_free(b);
}

/* no byte for each PTE while none has more than two bits */
static void test_small(void)
{
	struct pte_table pt = { 0 };

	pte_set_range(&pt, 60, 70, PTE_present | PTE_young);
	pte_set(&pt, 511, PTE_present);
	CU_ASSERT_PTR_NULL(pt.more);
	CU_ASSERT(!pte_any_dirty(&pt, 0, PTRS_PER_PTE));
	TL_EQ(pte_count_young(&pt, 0, PTRS_PER_PTE), 10, "young");
	TL_EQ(pte_get(&pt, 511), PTE_present, "the last one");
	pte_add(&pt, 511, PTE_dirty);
	CU_ASSERT(pte_any_dirty(&pt, 511, PTRS_PER_PTE));
	CU_ASSERT(!pte_any_dirty(&pt, 0, 511));
	g_free(pt.more);
}

void suite_pgtable(void)
{
	CU_pSuite s = CU_add_suite("pgtable", NULL, NULL);

	CU_add_test(s, "random changes against a byte for each PTE", test_random);
	CU_add_test(s, "a table of file pages that are only read", test_small);
}
