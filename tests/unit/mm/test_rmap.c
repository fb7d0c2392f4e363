// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/rmap.c: folio_referenced(), try_to_unmap(), folio_mkclean() of v7.3. */
#include <CUnit/CUnit.h>

#include "sim/mm/rmap.h"
#include "tests/unit/testlib.h"

void suite_rmap(void);

/*
 * folio_referenced() counts VMAs with a young PTE and clears the young bit. It skips a VMA
 * without recency (invalid_folio_referenced_vma()). Page 5 of a.
 */
static const struct {
	const char *ops;
	int count;
	bool exec;
	const char *what;
} references[] = {
	{ "read,1,a,5,1", 0, false, "not mapped" },
	{ "map,1,0,8,r--p,a,0; touch,1,5,1,r", 1, false, "one" },
	{ "map,1,0,8,r--p,a,0; touch,1,4,1,r", 0, false, "another page" },
	{ "map,1,0,8,r-xp,a,0; touch,1,5,1,r", 1, true, "code" },
	{ "map,1,0,8,r-xp,a,0; touch,1,5,1,r; map,2,0,8,r--p,a,0; touch,2,5,1,r", 2, true,
	  "code in one of two" },
	{ "map,1,0,8,r--p,a,0; touch,1,5,1,r; map,1,100,3,r--p,a,4; touch,1,101,1,r", 2, false,
	  "twice in one process" },
	{ "map,1,10,3,r--p,a,5; touch,1,10,1,r; map,2,0xffffffff,1,r--s,a,5; "
	  "touch,2,0xffffffff,1,r",
	  2, false, "at the start of a mapping and at the end of the address space" },
	{ "map,1,0,8,r--p,a,0,random; touch,1,5,1,r", 0, false, "MADV_RANDOM" },
	{ "map,1,0,8,r-xp,a,0,sequential; touch,1,5,1,r", 0, false, "MADV_SEQUENTIAL" },
	{ "map,1,0,8,r--p,a,0,normal,noreuse; touch,1,5,1,r", 0, false, "FMODE_NOREUSE" },
	{ "map,1,0,8,r--p,a,0,random; touch,1,5,1,r; map,2,0,8,r--p,a,0; touch,2,5,1,r", 1, false,
	  "one of two without recency" },
	{ "map,1,0,8,r--p,a,0; touch,1,5,1,r; advise,1,5,1,random", 0, false, "advised later" },
	{ "map,1,0,8,rw-p,a,0; touch,1,5,1,r; touch,1,5,1,w", 0, false, "copied away" },
	{ "map,1,0,8,r--p,a,0; touch,1,5,1,r; unmap,1,5,1", 0, false, "unmapped" },
	{ "map,1,0,8,r--p,a,0; touch,1,5,1,r; fork,1,3", 1, false, "fork copies no file PTEs" },
};

static void test_referenced(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(references); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1; spawn,2;", references[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		uint32_t slot = tl_slot(x, "a", 5);
		bool exec = true;

		TL_EQ(folio_referenced(x->s, slot, &exec), references[i].count, "%s",
		      references[i].what);
		TL_EQ(exec, references[i].exec, "%s", references[i].what);
		/* the first call has made it old */
		TL_EQ(folio_referenced(x->s, slot, &exec), 0, "%s, again", references[i].what);
		TL_EQ(exec, false, "%s, again", references[i].what);
		tl_free(x);
	}
}

/* a young bit that is skipped stays set: it counts once the advice is revoked */
static void test_no_recency_keeps_young(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,8,r--p,a,0,random; touch,1,5,1,r;"
			      "mark,random; advise,1,0,8,normal");
	bool exec;

	tl_to(x, "random");
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 5), &exec), 0, "MADV_RANDOM");
	TL_EQ(tl_pte(x, 1, 5) & PTE_young, PTE_young, "MADV_RANDOM");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 5), &exec), 1, "MADV_NORMAL");
	TL_EQ(tl_pte(x, 1, 5) & PTE_young, 0, "MADV_NORMAL");
	tl_free(x);
}

/* after a second touch the PTE counts again; only young PTEs count */
static void test_touched_again(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,8; spawn,1; spawn,2; map,1,0,8,r--p,a,0; map,2,0,8,r-xp,a,0;"
			      "touch,1,5,1,r; touch,2,5,1,r; mark,m; touch,1,5,1,r");
	bool exec;

	tl_to(x, "m");
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 5), &exec), 2, "both");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 5), &exec), 1, "the one that touched");
	TL_EQ(exec, false, "the executable mapping was not used");
	TL_EQ(tl_stat(x, VM_pgfault), 2, "no fault for a touch of an old PTE");
	tl_free(x);
}

/*
 * folio_referenced_one(): -1 for an anon page that only a dying or reaped mm maps, as it is
 * not worth swapping out; not for a shared page or a file page.
 */
static void test_dying(void)
{
	struct tl *x = tl_run(
		NULL, NULL,
		"file,a,8; spawn,1; map,1,0,8,r--p,a,0; anon,1,100,2,rw-p;"
		"touch,1,100,2,w; touch,1,5,1,r; fork,1,2; touch,2,101,1,w; touch,1,100,2,r");
	bool exec;

	for (int how = 0; how < 2; how++) {
		struct mm *mm = tl_mm(x, 1);

		mm->dying = how == 0;
		mm->unstable = how == 1;
		/* the child has copied page 101, so the parent's is exclusive */
		CU_ASSERT(folio_referenced(x->s, tl_anon_slot(x, 1, 101), &exec) == -1);
		/* the living child shares page 100, with an old PTE */
		TL_EQ(folio_referenced(x->s, tl_anon_slot(x, 1, 100), &exec), how == 0,
		      "shared, young in the parent");
		TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 5), &exec), how == 0, "file");
		mm->dying = mm->unstable = false;
	}
	tl_free(x);
}

/* try_to_unmap() of a file page removes every PTE; a dirty one dirties the page */
static void test_unmap_file(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; spawn,2; map,1,0,8,rw-s,a,0; touch,1,0,2,r;"
			      "map,2,50,8,r--p,a,0; touch,2,50,2,r; map,1,100,1,r--p,a,0;"
			      "touch,1,100,1,r; touch,1,1,1,w");

	/* page 1 is clean but its PTE dirty, as after a write through a mapping to a
	 * page whose writeback has begun */
	try_to_unmap(x->s, tl_slot(x, "a", 0), false);
	TL_EQ(tl_folio(x, "a", 0)->mapcount, 0, "page 0");
	TL_EQ(tl_pte(x, 1, 0) | tl_pte(x, 2, 50) | tl_pte(x, 1, 100), 0, "page 0");
	TL_EQ(tl_folio(x, "a", 0)->flags & PG_dirty, 0, "page 0 was clean");
	x->s->folios[tl_slot(x, "a", 1)].flags &= (uint16_t)~PG_dirty;
	try_to_unmap(x->s, tl_slot(x, "a", 1), false);
	TL_EQ(tl_folio(x, "a", 1)->mapcount, 0, "page 1");
	TL_EQ(tl_folio(x, "a", 1)->flags & PG_dirty, PG_dirty, "page 1 was dirty in a PTE");
	tl_free(x);
}

/* ttu_anon: every process that shares the page gets a swap entry */
static void test_unmap_anon(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "spawn,1; anon,1,10,4,rw-p; touch,1,10,4,w; fork,1,2; fork,2,3;"
			      "touch,3,11,1,w; unmap,2,12,1");
	uint32_t s10 = tl_anon_slot(x, 1, 10), s11 = tl_anon_slot(x, 1, 11),
		 s12 = tl_anon_slot(x, 1, 12);

	TL_EQ(x->s->folios[s10].mapcount, 3, "shared by three");
	TL_EQ(x->s->folios[s11].mapcount, 2, "one has a copy");
	TL_EQ(x->s->folios[s12].mapcount, 2, "one unmapped it");
	try_to_unmap(x->s, s10, false);
	try_to_unmap(x->s, s11, false);
	try_to_unmap(x->s, s12, false);
	TL_EQ(x->s->anon[s10 - x->s->anon_first].nr_swap, 3, "swap entries");
	TL_EQ(x->s->anon[s11 - x->s->anon_first].nr_swap, 2, "swap entries");
	TL_EQ(x->s->anon[s12 - x->s->anon_first].nr_swap, 2, "swap entries");
	for (uint32_t pid = 1; pid <= 3; pid++)
		TL_EQ(tl_pte(x, pid, 10), PTE_swap, "process %u", pid);
	TL_EQ(tl_pte(x, 3, 11) & PTE_present, PTE_present, "the copy");
	tl_free(x);
}

/* folio_mkclean(): shared PTEs become clean and read-only and stay young, so the next write
 * faults (write notification) */
static void test_mkclean(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,8,rw-s,a,0; touch,1,3,1,w; mark,m;"
			      "touch,1,3,1,w");

	tl_to(x, "m");
	TL_EQ(tl_pte(x, 1, 3), PTE_present | PTE_young | PTE_dirty | PTE_write, "written");
	folio_mkclean(x->s, tl_slot(x, "a", 3));
	TL_EQ(tl_pte(x, 1, 3), PTE_present | PTE_young, "clean");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_pgfault), 2, "faults");
	TL_EQ(tl_pte(x, 1, 3), PTE_present | PTE_young | PTE_dirty | PTE_write, "written again");
	tl_free(x);
}

static void append_mappings(GString *to, struct interval_node *n)
{
	if (!n)
		return;
	append_mappings(to, n->left);
	g_string_append_printf(to, "%s%u@%u", to->len ? " " : "", vma_in_file(n)->mm->pid,
			       vma_in_file(n)->pgoff);
	append_mappings(to, n->right);
}

/*
 * Bug: the newest mapping of a file came first. In the kernel's tree the mapping with the
 * lowest begin comes first, of equal ones the oldest. After fork() the child's follows its
 * parent's, and a mapping that was cut or merged counts as the newest. MGLRU looks around in
 * this order; with the bug "rotation" on v6.12 agreed with the kernel in 90% of its cells.
 */
static void test_order(void)
{
	static const struct {
		const char *ops, *want; /* PID@PGOFF */
	} rows[] = {
		{ "map,1,0,8,r--p,a,0; map,2,0,8,r--p,a,0", "1@0 2@0" },
		{ "map,1,0,8,r--p,a,4; map,2,0,8,r--p,a,0; map,1,20,8,r--p,a,2", "2@0 1@2 1@4" },
		{ "map,1,0,8,r--p,a,0; map,2,0,8,r--p,a,0; fork,1,3", "1@0 3@0 2@0" },
		{ "map,1,0,8,r--p,a,0; map,2,0,8,r--p,a,0; unmap,1,4,2", "2@0 1@0 1@6" },
		{ "map,1,0,4,r--p,a,0; map,2,0,8,r--p,a,0; map,1,4,4,r--p,a,4", "2@0 1@0" },
		{ "map,1,0,8,r--p,a,0; map,2,0,8,r--p,a,0; exit,1", "2@0" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,12; spawn,1; spawn,2;", rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autoptr(GString) got = g_string_new(NULL);

		append_mappings(got, x->s->files[0].mappings.root);
		TL_STR(got->str, rows[i].want, "%s", rows[i].ops);
		tl_free(x);
	}
}

static void append_anon(GString *to, struct interval_node *n)
{
	if (!n)
		return;
	append_anon(to, n->left);
	g_string_append_printf(to, "%s%u@%u", to->len ? " " : "", vma_in_anon(n)->mm->pid,
			       vma_in_anon(n)->start);
	append_anon(to, n->right);
}

/*
 * Bug: the VMAs of an anon_vma were in the order of their creation. In the kernel's tree they
 * are in the order of address, of equal ones the oldest first, and one that was cut counts as
 * the newest.
 */
static void test_anon_order(void)
{
	static const struct {
		const char *ops, *want; /* PID@ADDRESS */
	} rows[] = {
		{ "fork,1,2; fork,1,3", "1@0 2@0 3@0" },
		{ "fork,1,2; advise,1,4,4,random", "2@0 1@0 1@4" },
		{ "fork,1,2; advise,2,0,4,random; advise,1,6,2,random", "2@0 1@0 2@4 1@6" },
		{ "advise,1,4,4,random; fork,1,2; advise,1,4,4,normal", "2@0 1@0 2@4" },
		{ "fork,1,2; unmap,1,0,6", "2@0 1@6" },
		{ "fork,1,2; exit,1", "2@0" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,1; spawn,1; anon,1,0,8,rw-p; touch,1,0,8,w; mark,m;",
				    rows[i].ops, NULL);
		struct tl *x = tl_new(NULL, NULL, text);
		g_autoptr(GString) got = g_string_new(NULL);
		const struct anon_vma *av;

		tl_to(x, "m");
		av = ((struct vma *)tl_mm(x, 1)->vmas->pdata[0])->av;
		CU_ASSERT(tl_end(x) == 1);
		append_anon(got, av->vmas.root);
		TL_STR(got->str, rows[i].want, "%s", rows[i].ops);
		tl_free(x);
	}
}

/* rmap tries the process that an anon page was allocated for first. That process may be dead,
 * its pid may be another process's, or it may not map the page any more. */
static void test_owner(void)
{
	static const char *const rows[] = {
		"touch,2,3,1,r; exit,1",
		"touch,2,3,1,r; exit,1; spawn,1",
		"touch,2,3,1,r; exit,1; spawn,1; anon,1,0,8,rw-p; touch,1,0,8,w",
		"touch,1,3,1,w; touch,2,3,1,r",
		"touch,1,3,1,w; touch,2,3,1,w", /* wp_can_reuse_anon_folio() */
		"touch,2,3,1,r; unmap,1,0,8",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,1; spawn,1; anon,1,0,8,rw-p;"
						    "touch,1,0,8,w; fork,1,2;",
						    rows[i], NULL);
		struct tl *x = tl_run("swap_pages=100", NULL, text);
		uint32_t slot = tl_anon_slot(x, 2, 3);
		bool exec;

		TL_EQ(x->s->folios[slot].mapcount, 1, "%s", rows[i]);
		TL_EQ(folio_referenced(x->s, slot, &exec), 1, "%s", rows[i]);
		TL_EQ(tl_pte(x, 2, 3) & PTE_young, 0, "%s", rows[i]);
		tl_free(x);
	}
}

void suite_rmap(void)
{
	CU_pSuite s = CU_add_suite("rmap", NULL, NULL);

	CU_add_test(s, "folio_referenced", test_referenced);
	CU_add_test(s, "the order of a file's mappings", test_order);
	CU_add_test(s, "the order of an anon_vma's mappings", test_anon_order);
	CU_add_test(s, "the process that an anon page was made for", test_owner);
	CU_add_test(s, "no recency: the young bit stays", test_no_recency_keeps_young);
	CU_add_test(s, "touched again", test_touched_again);
	CU_add_test(s, "anon page of a dying process", test_dying);
	CU_add_test(s, "try_to_unmap of a file page", test_unmap_file);
	CU_add_test(s, "try_to_unmap of an anon page", test_unmap_anon);
	CU_add_test(s, "folio_mkclean", test_mkclean);
}
