// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/mm.c: VMAs and fork. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_mm(void);

/* "START+PAGES:FILE@PGOFF" of each VMA, "~" for its advice, "-" for anon */
static char *layout(const struct tl *x, uint32_t pid)
{
	const struct mm *mm = tl_mm(x, pid);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < mm->vmas->len; i++) {
		const struct vma *v = mm->vmas->pdata[i];

		g_string_append_printf(out, "%s%u+%u:", i ? " " : "", v->start, vma_pages(v));
		if (v->open)
			g_string_append_printf(out, "%s@%u", x->t->files[v->file].name, v->pgoff);
		else
			g_string_append_c(out, '-');
		if (!vma_has_recency(v))
			g_string_append_c(out, '~');
	}
	return g_string_free(out, FALSE);
}

/* v7.3 mm/vma.c: __split_vma(), vms_gather_munmap_vmas(), MAP_FIXED */
static const struct {
	const char *ops, *want;
} layouts[] = {
	{ "map,1,10,8,r--p,a,4", "10+8:a@4" },
	{ "map,1,30,2,r--p,a,0; map,1,10,2,r--p,a,5; anon,1,20,3,rw-p",
	  "10+2:a@5 20+3:- 30+2:a@0" },
	/* unmap: the middle, the head, the tail, all, across a gap */
	{ "map,1,10,8,r--p,a,4; unmap,1,12,3", "10+2:a@4 15+3:a@9" },
	{ "map,1,10,8,r--p,a,4; unmap,1,10,1", "11+7:a@5" },
	{ "map,1,10,8,r--p,a,4; unmap,1,17,1", "10+7:a@4" },
	{ "map,1,10,8,r--p,a,4; unmap,1,10,8", "" },
	{ "map,1,10,8,r--p,a,4; unmap,1,0,100", "" },
	{ "map,1,10,4,r--p,a,0; map,1,20,4,r--p,a,8; unmap,1,12,10", "10+2:a@0 22+2:a@10" },
	{ "unmap,1,5,5", "" },
	/* a mapping replaces mappings that it overlaps */
	{ "map,1,10,8,r--p,a,0; map,1,12,2,r--p,a,20", "10+2:a@0 12+2:a@20 14+4:a@4" },
	{ "map,1,10,4,r--p,a,0; map,1,14,4,r--p,a,4; map,1,12,4,r--p,a,30",
	  "10+2:a@0 12+4:a@30 16+2:a@6" },
	{ "map,1,10,4,r--p,a,0; anon,1,8,8,rw-p", "8+8:-" },
	/* vma_merge_new_range(): a mapping that continues another one becomes the same VMA.
	 * Before merging was modelled there were two: "10+2:a@4 12+3:a@6" */
	{ "map,1,10,2,r--p,a,4; map,1,12,3,r--p,a,6", "10+5:a@4" },
	{ "map,1,12,3,r--p,a,6; map,1,10,2,r--p,a,4", "10+5:a@4" },
	{ "map,1,10,2,r--p,a,4; map,1,14,2,r--p,a,8; map,1,12,2,r--p,a,6", "10+6:a@4" },
	{ "anon,1,10,2,rw-p; anon,1,14,2,rw-p; anon,1,12,2,rw-p", "10+6:-" },
	/* as a loader does: maps the whole file, then parts of it on top */
	{ "map,1,10,8,r--p,a,0; map,1,12,3,r-xp,a,2; map,1,15,2,r--p,a,5; map,1,18,2,rw-p,a,8",
	  "10+2:a@0 12+3:a@2 15+3:a@5 18+2:a@8" },
	/* no merge: other offset, permissions, advice, file or open file */
	{ "map,1,10,2,r--p,a,4; map,1,12,3,r--p,a,7", "10+2:a@4 12+3:a@7" },
	{ "map,1,10,2,r--p,a,4; map,1,12,3,r-xp,a,6", "10+2:a@4 12+3:a@6" },
	{ "map,1,10,2,r--p,a,4; map,1,12,3,r--s,a,6", "10+2:a@4 12+3:a@6" },
	{ "map,1,10,2,r--p,a,4; map,1,12,3,r--p,a,6,random", "10+2:a@4 12+3:a@6~" },
	{ "map,1,10,2,rw-p,a,4; anon,1,12,3,rw-p", "10+2:a@4 12+3:-" },
	{ "map,1,10,2,r--s,a,4,normal,readonly; map,1,12,3,r--s,a,6,normal,readonly",
	  "10+2:a@4 12+3:a@6" },
	/* is_mergeable_anon_vma(): one or both have anon pages */
	{ "anon,1,10,2,rw-p; touch,1,10,1,w; anon,1,12,2,rw-p", "10+4:-" },
	{ "anon,1,10,1,rw-p; anon,1,12,1,rw-p; touch,1,10,1,w; touch,1,12,1,w; anon,1,11,1,rw-p",
	  "10+2:- 12+1:-" },
	/* madvise() merges VMAs that become alike: vma_merge_existing_range() */
	{ "map,1,10,8,r--p,a,0; advise,1,12,2,random; advise,1,12,2,normal", "10+8:a@0" },
	{ "map,1,10,8,r--p,a,0; advise,1,12,2,random; advise,1,14,2,random",
	  "10+2:a@0 12+4:a@2~ 16+2:a@6" },
	{ "map,1,10,8,r--p,a,0; advise,1,12,2,random; advise,1,12,1,normal",
	  "10+3:a@0 13+1:a@3~ 14+4:a@4" },
	/* madvise() splits at both ends */
	{ "map,1,10,8,r--p,a,0; advise,1,12,2,random", "10+2:a@0 12+2:a@2~ 14+4:a@4" },
	{ "map,1,10,8,r--p,a,0; advise,1,10,8,sequential", "10+8:a@0~" },
	{ "map,1,10,8,r--p,a,0,random; advise,1,10,8,normal", "10+8:a@0" },
	{ "map,1,10,4,r--p,a,0; map,1,14,4,r--p,a,9; advise,1,13,2,random",
	  "10+3:a@0 13+1:a@3~ 14+1:a@9~ 15+3:a@10" },
	/* FMODE_NOREUSE belongs to the file: advice does not undo it */
	{ "map,1,10,4,r--p,a,0,normal,noreuse; advise,1,10,4,normal", "10+4:a@0~" },
	/* the last pages of the address space, whose end is 2^32 */
	{ "map,1,0xfffffffe,2,r--p,a,0; unmap,1,0xffffffff,1", "4294967294+1:a@0" },
	{ "map,1,0xfffffffe,2,r--p,a,0; unmap,1,0xfffffffe,1", "4294967295+1:a@1" },
	{ "map,1,0xfffffff0,16,r--p,a,0; touch,1,0xffffffff,1,r", "4294967280+16:a@0" },
	/* exec() leaves nothing */
	{ "map,1,10,8,r--p,a,0; anon,1,30,2,rw-p; exec,1", "" },
};

static void test_layouts(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
		g_autofree char *text = g_strconcat("file,a,40; spawn,1;", layouts[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *got = layout(x, 1);

		TL_STR(got, layouts[i].want, "%s", layouts[i].ops);
		tl_free(x);
	}
}

/*
 * Bug: two adjacent mappings stayed two, whereas the kernel merges them
 * (vma_merge_new_range()). A loader creates such mappings: it maps the whole file, then parts
 * of it on top. Expected 16 pages mapped by fault-around, it was 8, up to the boundary.
 */
static void test_fault_around_after_merge(void)
{
	struct tl *x = tl_run("fault_around_pages=16", NULL,
			      "file,a,16; spawn,1; read,1,a,0,16; map,1,0,16,r--p,a,0;"
			      "map,1,0,8,r--p,a,0; touch,1,0,1,r");

	for (uint32_t p = 0; p < 16; p++)
		TL_EQ(tl_folio(x, "a", p)->mapcount, 1, "page %u", p);
	tl_free(x);
}

/* vma_is_fork_child(): a VMA that also has anon_vmas of its ancestors does not merge with a new
 * one, and fork() gives each VMA its own anon_vma */
static void test_merge_after_fork(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "spawn,1; anon,1,10,2,rw-p; touch,1,10,1,w; anon,1,20,4,rw-p;"
			      "touch,1,20,4,w; advise,1,21,1,random; fork,1,2; anon,1,12,2,rw-p;"
			      "anon,2,12,2,rw-p; advise,1,21,1,normal; advise,2,21,1,normal;"
			      "advise,2,22,1,random; advise,2,22,1,normal");
	g_autofree char *parent = layout(x, 1), *child = layout(x, 2);

	TL_STR(parent, "10+4:- 20+4:-", "the parent's");
	TL_STR(child, "10+2:- 12+2:- 20+1:- 21+1:- 22+2:-", "the child's");
	tl_free(x);
}

/* a split changes no PTE */
static void test_split_keeps_ptes(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,40; spawn,1; map,1,10,8,rw-p,a,4; touch,1,10,8,r;"
			      "touch,1,11,1,w; unmap,1,12,3; advise,1,16,1,random; touch,1,10,2,r;"
			      "touch,1,15,3,r");

	for (uint32_t p = 0; p < 8; p++) {
		bool mapped = p != 1 && (p < 2 || p > 4); /* 11 is a copy, 12..14 are gone */

		TL_EQ(tl_folio(x, "a", 4 + p)->mapcount, mapped, "page %u", p);
	}
	TL_EQ(tl_pte(x, 1, 11) & (PTE_anon | PTE_present), PTE_anon | PTE_present, "the copy");
	TL_EQ(tl_pte(x, 1, 13), 0, "unmapped");
	TL_EQ(tl_stat(x, VM_pgfault), 9, "8 reads and a write fault, none after the split");
	tl_free(x);
}

/*
 * v7.3 vma_needs_copy(): fork does not copy the page tables of a file mapping, as faults can
 * rebuild them. With an anon_vma it does, including PTEs of file pages.
 * __copy_present_ptes(): the child's PTEs are old, those of private mappings
 * write-protected in both.
 */
static void test_fork_file_only(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; file,t,4,shmem; spawn,1; map,1,0,8,rw-p,a,0;"
			      "map,1,100,8,rw-s,a,0; map,1,200,4,rw-s,t,0; touch,1,0,8,r;"
			      "touch,1,100,8,w; touch,1,200,4,w; mark,before; fork,1,2");
	g_autofree char *parent = layout(x, 1), *child = layout(x, 2);

	TL_STR(child, parent, "the child has the same mappings");
	for (uint32_t p = 0; p < 8; p++) {
		TL_EQ(tl_folio(x, "a", p)->mapcount, 2, "page %u: twice in the parent only", p);
		TL_EQ(tl_pte(x, 2, p) | tl_pte(x, 2, 100 + p), 0, "child's page %u", p);
	}
	TL_EQ(tl_pte(x, 2, 200), 0, "child's tmpfs page");
	TL_EQ(tl_pte(x, 1, 100), PTE_present | PTE_young | PTE_dirty | PTE_write,
	      "the parent's PTEs are as they were");
	tl_free(x);
}

static void test_fork_private_with_anon(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,8; spawn,1; map,1,0,8,rw-p,a,0; touch,1,0,7,r; touch,1,0,2,w;"
			      "anon,1,50,4,rw-p; touch,1,50,1,w; touch,1,51,1,r; drain; fork,1,2");
	const uint8_t file_ro = PTE_present;

	/* copies: shared, read-only in both, old in the child, still dirty */
	for (uint32_t p = 0; p < 2; p++) {
		TL_EQ(tl_anon_slot(x, 1, p), tl_anon_slot(x, 2, p), "copy %u", p);
		TL_EQ(x->s->folios[tl_anon_slot(x, 1, p)].mapcount, 2, "copy %u", p);
		TL_EQ(tl_pte(x, 1, p), PTE_present | PTE_young | PTE_dirty | PTE_anon,
		      "parent %u: write-protected", p);
		TL_EQ(tl_pte(x, 2, p), PTE_present | PTE_dirty | PTE_anon, "child %u", p);
		TL_EQ(tl_folio(x, "a", p)->mapcount, 0, "page %u", p);
	}
	/* the file pages of the same VMA are copied too, old */
	for (uint32_t p = 2; p < 7; p++) {
		TL_EQ(tl_folio(x, "a", p)->mapcount, 2, "page %u", p);
		TL_EQ(tl_pte(x, 2, p), file_ro, "child %u", p);
		TL_EQ(tl_pte(x, 1, p), PTE_present | PTE_young, "parent %u", p);
	}
	TL_EQ(tl_pte(x, 2, 7), 0, "never touched");
	TL_EQ(tl_pte(x, 2, 51), PTE_present | PTE_zero, "the zero page");
	TL_EQ(tl_pte(x, 2, 52), 0, "never touched");
	tl_free(x);
}

/* a shared mapping never has an anon_vma. After fork a write in either process copies the page
 * once, and the last owner reuses it (do_wp_page()) */
static void test_fork_then_write(void)
{
	struct tl *x = tl_new(NULL, NULL,
			      "spawn,1; anon,1,0,4,rw-p; touch,1,0,4,w; drain; fork,1,2;"
			      "touch,2,0,1,w; mark,copied; drain; touch,1,0,1,w; mark,reused;"
			      "exit,2; drain; touch,1,1,1,w; mark,alone");
	uint32_t slot;

	tl_to(x, "copied");
	CU_ASSERT(tl_anon_slot(x, 1, 0) != tl_anon_slot(x, 2, 0));
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 5, "a copy");
	slot = tl_anon_slot(x, 1, 0);
	TL_EQ(tl_pte(x, 2, 0), PTE_present | PTE_young | PTE_dirty | PTE_write | PTE_anon,
	      "the child's copy");
	tl_to(x, "reused");
	TL_EQ(tl_anon_slot(x, 1, 0), slot, "the only owner writes in place");
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 5, "no copy");
	slot = tl_anon_slot(x, 1, 1);
	tl_to(x, "alone");
	TL_EQ(tl_anon_slot(x, 1, 1), slot, "the other one died");
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 4, "no copy");
	tl_free(x);
}

/* fork shares the struct file, and with it the position of the last read; exec and another
 * open do not (traces/FORMAT.md) */
static void test_open_files(void)
{
	static const struct {
		const char *ops;
		bool marked; /* does the second read mark page 0 again, and so activate it? */
	} rows[] = {
		{ "read,1,a,0,1; read,1,a,0,1", false },
		{ "read,1,a,0,1; fork,1,2; read,2,a,0,1", false },
		{ "fork,1,2; read,1,a,0,1; read,2,a,0,1", true },
		{ "read,1,a,0,1; exec,1; read,1,a,0,1", true },
		{ "read,1,a,0,1; spawn,2; read,2,a,0,1", true },
		{ "read,1,a,0,1; read,1,b,0,1; read,1,a,0,1", false },
		{ "read,1,a,0,1; map,1,0,1,r--p,a,0; read,1,a,0,1", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; file,b,8; spawn,1;", rows[i].ops, "; drain", NULL);
		struct tl *x = tl_run(NULL, NULL, text);

		TL_EQ((tl_folio(x, "a", 0)->flags & PG_active) != 0, rows[i].marked, "%s",
		      rows[i].ops);
		tl_free(x);
	}
}

/* FORMAT.md: a mapping with noreuse or readonly has its own file description, and one with
 * readonly is not VM_SHARED. A child inherits both. */
static void test_own_open(void)
{
	static const struct {
		const char *map;
		bool own, shared;
	} rows[] = {
		{ "r--p,a,0", false, false },
		{ "rw-p,a,0", false, false },
		{ "rw-s,a,0", false, true },
		{ "r--s,a,0", false, true },
		{ "r--s,a,0,readonly", true, false },
		{ "--xs,t,0,random,readonly", true, false },
		{ "r--s,a,0,noreuse,readonly", true, false },
		{ "r--p,a,0,normal,noreuse", true, false },
		{ "rw-s,a,0,normal,noreuse", true, true },
		{ "rw-s,t,0,normal,noreuse", true, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,8; file,t,8,shmem; spawn,1; map,1,10,2,%s; unmap,1,10,1; fork,1,2",
			rows[i].map);
		struct tl *x = tl_run(NULL, NULL, text);
		struct vma *vma = vma_find(tl_mm(x, 1), 11);
		bool own = vma->open != mm_open(x->s, tl_mm(x, 1), vma->file);

		TL_EQ(own, rows[i].own, "%s", rows[i].map);
		TL_EQ((vma->flags & VM_SHARED) != 0, rows[i].shared, "%s", rows[i].map);
		CU_ASSERT(vma_find(tl_mm(x, 2), 11)->open == vma->open);
		TL_EQ(vma->open->refs, rows[i].own ? 2 : 4, "%s", rows[i].map);
		tl_free(x);
	}
}

/* an anon slot is reused when its page has no reference left */
static void test_anon_slots(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "spawn,1; anon,1,0,40,rw-p; touch,1,0,40,w; unmap,1,0,40; drain;"
			      "anon,1,0,40,rw-p; touch,1,0,40,w");

	TL_EQ(x->s->nr_folios - x->s->anon_first, 40, "slots for 40 pages at a time");
	TL_EQ(tl_stat(x, VM_nr_anon_pages), 40, "pages");
	tl_free(x);
}

void suite_mm(void)
{
	CU_pSuite s = CU_add_suite("mm", NULL, NULL);

	CU_add_test(s, "layout after map, unmap, advise, exec", test_layouts);
	CU_add_test(s, "fault-around passes where two mappings became one",
		    test_fault_around_after_merge);
	CU_add_test(s, "merging after fork", test_merge_after_fork);
	CU_add_test(s, "a split moves no page", test_split_keeps_ptes);
	CU_add_test(s, "fork does not copy page tables of files", test_fork_file_only);
	CU_add_test(s, "fork copies private mappings with copies", test_fork_private_with_anon);
	CU_add_test(s, "writes after fork", test_fork_then_write);
	CU_add_test(s, "open files: fork shares, exec closes", test_open_files);
	CU_add_test(s, "mappings with an open file of their own", test_own_open);
	CU_add_test(s, "anon slots are used again", test_anon_slots);
}
