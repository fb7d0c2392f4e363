// SPDX-License-Identifier: GPL-2.0-only
/*
 * models/kernel-*.c: each item of a profile in which v6.12 and v7.3 differ, tested with both.
 * A row has the result of each: [0] v7.3, [1] v6.12, as in kernel_profiles[].
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/mm/reclaim.h"
#include "tests/unit/testlib.h"

void suite_kernel(void);

#define NR_KERNELS 2 /* releases; hypothetical kernels follow them */
#define REFS(n)	   ((n) << LRU_REFS_PGOFF)
#define ALL_REFS   (LRU_REFS_MASK | PG_referenced | PG_workingset)

static void test_find(void)
{
	g_autofree char *names = tl_names(kernel_profiles);
	g_autofree char *want = g_strconcat(
		"unknown kernel \"6.1\", did you mean 6.12? Expected one of: ", names, NULL);
	struct err err = { "" };

	CU_ASSERT_STRING_EQUAL(kernel_profiles[0]->name, "7.3");
	CU_ASSERT_STRING_EQUAL(kernel_profiles[1]->name, "6.12");
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++) {
		CU_ASSERT_PTR_EQUAL(kernel_profile_find((*k)->name, &err), *k);
		CU_ASSERT_PTR_NOT_NULL((*k)->summary);
		CU_ASSERT_PTR_NOT_NULL((*k)->lru_gen);
	}
	CU_ASSERT_PTR_NULL(kernel_profile_find("6.1", &err));
	TL_STR(err.msg, want, "kernel");
}

static void test_releases(void)
{
	static const struct {
		const char *release, *name; /* NULL: none */
	} rows[] = {
		{ "7.3.4+deb13-cloud-amd64", "7.3" },
		{ "7.3.10", "7.3" },
		{ "7.3.0-rc7", "7.3-rc7" },
		{ "7.3-cloud-amd64", "7.3-rc7" }, /* uname -r of Debian's 7.3-rc7 */
		{ "7.3.3", "7.3-rc7" },
		{ "7.3.34", "7.3" },
		{ "6.12.117+deb13-cloud-amd64", "6.12" },
		{ "6.18.15+deb13-cloud-amd64", "6.18" },
		{ "6.1.2", NULL },
		{ "7.30.1", NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = { "" };
		const struct kernel_profile *k = kernel_profile_of(rows[i].release, &err);

		TL_STR(k ? k->name : "none", rows[i].name ? rows[i].name : "none", "%s",
		       rows[i].release);
		CU_ASSERT((k != NULL) == !err.msg[0]);
	}
}

/* the lengths of the lru_add and lru_activate batches after the operations */
static void test_drains(void)
{
	static const struct {
		const char *ops;
		unsigned int add[NR_KERNELS], activate[NR_KERNELS];
	} rows[] = {
		{ "read,1,a,0,3; exit,1", { 3, 0 }, { 0, 0 } },
		{ "read,1,a,0,3; anon,1,0,1,rw-p; unmap,1,0,1", { 3, 0 }, { 0, 0 } },
		{ "read,1,a,0,3; unmap,1,0,1", { 3, 3 }, { 0, 0 } },
		{ "read,1,a,0,3; drain; read,1,a,0,2; anon,1,0,1,rw-p; unmap,1,0,1",
		  { 0, 0 },
		  { 2, 0 } },
		/* two marks by one unmapping */
		{ "map,1,0,2,r--p,a,0; map,1,8,2,r--p,a,0; touch,1,0,2,r; touch,1,8,2,r; drain;"
		  "exit,1",
		  { 0, 0 },
		  { 2, 0 } },
		{ "map,1,0,2,r--p,a,0; map,1,8,2,r--p,a,0; touch,1,0,2,r; touch,1,8,2,r; drain;"
		  "mrelease,1",
		  { 0, 0 },
		  { 2, 0 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; spawn,1;", rows[i].ops, NULL);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x =
				tl_run_kernel(kernel_profiles[k], &lru_classic, NULL, NULL, text);

			TL_EQ(x->s->cpus[0].lru_add.nr, rows[i].add[k], "%s, v%s", rows[i].ops,
			      kernel_profiles[k]->name);
			TL_EQ(x->s->cpus[0].lru_activate.nr, rows[i].activate[k], "%s, v%s",
			      rows[i].ops, kernel_profiles[k]->name);
			tl_free(x);
		}
	}
}

/* +evict: v7.3 still has a page that was just read in a batch, which blocks the eviction */
static void test_evict(void)
{
	static const uint64_t dropped[NR_KERNELS] = { 0, 4 };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x = tl_run_kernel(kernel_profiles[k], &lru_classic, NULL, "v1+evict",
					     "file,a,8; spawn,1; map,1,0,4,r--p,a,0; touch,1,0,4,r;"
					     "mrelease,1");

		TL_EQ(tl_stat(x, VM_sim_zap_evicted), dropped[k], "v%s", kernel_profiles[k]->name);
		tl_free(x);
	}
}

/* the order of activation shows the order of the reap */
static void test_reap_order(void)
{
	static const char *const active[NR_KERNELS] = { "a:0 a:4", "a:4 a:0" };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x =
			tl_run_kernel(kernel_profiles[k], &lru_classic, NULL, NULL,
				      "file,a,8; spawn,1; read,1,a,0,1; read,1,a,4,1; drain;"
				      "map,1,0,1,r--p,a,0; map,1,8,1,r--p,a,4; touch,1,0,1,r;"
				      "touch,1,8,1,r; mrelease,1; drain");
		g_autofree char *list = tl_list(x, "active_file");

		TL_STR(list, active[k], "v%s", kernel_profiles[k]->name);
		tl_free(x);
	}
}

/* mmap_miss after a fault: four pages are cached, and a fifth misses first */
static void test_mmap_miss(void)
{
	static const struct {
		const char *map;
		uint32_t before, after[NR_KERNELS];
	} rows[] = {
		{ "map,1,0,8,r--p,a,0", 10, { 9, 6 } },
		{ "map,1,0,8,r-xp,a,0", 10, { 10, 6 } },
		{ "map,1,0,8,r--p,a,0,sequential", 10, { 10, 6 } },
		{ "map,1,0,8,r--p,a,0", 2, { 1, 0 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; spawn,1; read,1,a,0,4; drain;",
						    rows[i].map, "; mark,m; touch,1,1,1,r", NULL);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x = tl_new_kernel(kernel_profiles[k], &lru_classic,
						     "fault_around_pages=8", NULL, text);
			struct vma *vma;

			tl_to(x, "m");
			vma = vma_find(tl_mm(x, 1), 0);
			vma->open->mmap_miss = rows[i].before;
			tl_end(x);
			TL_EQ(vma->open->mmap_miss, rows[i].after[k], "row %d, v%s", (int)i,
			      kernel_profiles[k]->name);
			tl_free(x);
		}
	}
}

/* pages in the cache after one fault, and the one with PG_readahead */
static void test_readahead(void)
{
	static const struct {
		const char *ops, *resident[NR_KERNELS], *marked[NR_KERNELS];
	} rows[] = {
		/* code: reads from the fault on, or around it */
		{ "map,1,0,32,r-xp,a,0; touch,1,20,1,r", { "20-27", "16-23" }, { "", "22" } },
		{ "map,1,0,32,r-xp,a,0,random; touch,1,20,1,r", { "20-27", "20" }, { "", "" } },
		/* a window cut by the end of the file */
		{ "map,1,0,64,r--p,a,0; touch,1,61,1,r", { "57-63", "57-63" }, { "", "62" } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,64; spawn,1;", rows[i].ops, NULL);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x = tl_run_kernel(kernel_profiles[k], &lru_classic,
						     "readahead_pages=8", NULL, text);
			g_autofree char *resident = tl_pages(x, "a", PG_resident);
			g_autofree char *marked = tl_pages(x, "a", PG_readahead);

			TL_STR(resident, rows[i].resident[k], "row %d, v%s", (int)i,
			       kernel_profiles[k]->name);
			TL_STR(marked, rows[i].marked[k], "row %d, v%s", (int)i,
			       kernel_profiles[k]->name);
			tl_free(x);
		}
	}
}

/* anon pages shared by fork are swapped out, and the child exits: in v6.12 the pages that the
 * parent swaps in are exclusive */
static void test_swap_in(void)
{
	static const char text[] =
		"file,a,4000; spawn,1; anon,1,4096,150,rw-p; touch,1,4096,150,w; drain;"
		"fork,1,2; read,1,a,0,2000; exit,2;";
	static const char machine[] = "memcg_pages=200 swap_pages=1000 swappiness=200";
	static const uint8_t write[NR_KERNELS] = { 0, PTE_write };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x = tl_run_kernel(kernel_profiles[k], &lru_classic, machine, NULL, text);
		g_autofree char *more = NULL;
		uint32_t vpn = 4096;

		while (vpn < 4246 && !(tl_pte(x, 1, vpn) & PTE_swap))
			vpn++;
		TL_EQ(tl_pte(x, 1, vpn), PTE_swap, "v%s", kernel_profiles[k]->name);
		tl_free(x);
		more = g_strdup_printf("%s touch,1,%u,1,r", text, vpn);
		x = tl_run_kernel(kernel_profiles[k], &lru_classic, machine, NULL, more);
		TL_EQ(tl_pte(x, 1, vpn) & (PTE_present | PTE_write), PTE_present | write[k], "v%s",
		      kernel_profiles[k]->name);
		tl_free(x);
	}
}

/* a written tmpfs page that is mapped again for reading */
static void test_maps_dirty(void)
{
	static const uint8_t dirty[NR_KERNELS] = { PTE_dirty, 0 };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x =
			tl_run_kernel(kernel_profiles[k], &lru_classic, NULL, NULL,
				      "file,t,8,shmem; spawn,1; write,1,t,0,1; map,1,0,1,rw-s,t,0;"
				      "touch,1,0,1,r");

		TL_EQ(tl_pte(x, 1, 0) & PTE_dirty, dirty[k], "v%s", kernel_profiles[k]->name);
		tl_free(x);
	}
}

/* MGLRU: the generation in which a page starts, by the way it was added */
static void test_gen_placement(void)
{
	static const struct {
		const char *ops, *list[NR_KERNELS];
		uint16_t flags[NR_KERNELS];
	} rows[] = {
		{ "read,1,a,0,1", { "old_file", "old_file" }, { PG_referenced, PG_referenced } },
		{ "write,1,a,0,1", { "oldest_file", "old_file" }, { 0, 0 } },
		{ "map,1,0,8,r--p,a,0; touch,1,0,1,r",
		  { "old_file", "youngest_file" },
		  { PG_referenced, 0 } },
		{ "map,1,0,8,r--p,a,0,random; touch,1,0,1,r",
		  { "oldest_file", "old_file" },
		  { 0, 0 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1;", rows[i].ops, "; drain", NULL);

		for (int k = 0; k < NR_KERNELS; k++) {
			struct tl *x =
				tl_run_kernel(kernel_profiles[k], &lru_mglru, NULL, NULL, text);

			TL_STR(tl_where(x, "a", 0), rows[i].list[k], "%s, v%s", rows[i].ops,
			       kernel_profiles[k]->name);
			TL_EQ(tl_folio(x, "a", 0)->flags & ALL_REFS, rows[i].flags[k], "%s, v%s",
			      rows[i].ops, kernel_profiles[k]->name);
			tl_free(x);
		}
	}
}

/* folio_inc_refs() of v6.12 */
static void test_gen_marks(void)
{
	static const uint16_t after[] = {
		PG_referenced,
		PG_referenced | PG_workingset,
		PG_referenced | PG_workingset | REFS(1),
		PG_referenced | PG_workingset | REFS(2),
		PG_referenced | PG_workingset | REFS(3),
		PG_referenced | PG_workingset | REFS(3),
	};
	struct tl *x = tl_run_kernel(kernel_profiles[1], &lru_mglru, NULL, NULL,
				     "file,a,8; spawn,1; write,1,a,0,1; drain");
	uint32_t slot = tl_slot(x, "a", 0);

	for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
		lru_mglru.mark_accessed(x->s, 0, slot);
		TL_EQ(x->s->folios[slot].flags & ALL_REFS, after[i], "mark %d", (int)i + 1);
	}
	TL_EQ(lru_mglru.mark_noop_flags, after[5], "what has no effect");
	tl_free(x);
}

/* lru_gen_eviction() and lru_gen_refault() of v6.12 */
static void test_gen_shadows(void)
{
	static const struct {
		uint16_t flags;
		unsigned int refs, tier;
	} rows[] = {
		{ 0, 0, 0 },
		{ PG_referenced, 0, 0 },
		{ PG_referenced | PG_workingset, 1, 1 },
		{ PG_referenced | PG_workingset | REFS(1), 2, 2 },
		{ PG_referenced | PG_workingset | REFS(2), 3, 2 },
		{ PG_referenced | PG_workingset | REFS(3), 4, 3 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_run_kernel(kernel_profiles[1], &lru_mglru, NULL, NULL,
					     "file,a,8; spawn,1; read,1,a,0,1; drain");
		struct mglru *g = x->s->memcg[0].lruvec.lists;
		uint32_t slot = tl_slot(x, "a", 0), shadow;
		struct folio *f = &x->s->folios[slot];
		const uint16_t plain = f->flags & (uint16_t)~ALL_REFS;
		const bool stall = rows[i].refs >= 3;

		g->max_seq = 11;
		g->min_seq[LRU_FILE] = 9;
		f->flags = plain | rows[i].flags;
		shadow = lru_mglru.eviction(x->s, folio_lruvec(x->s, slot), slot);
		TL_EQ(g->evicted.v[LRU_FILE][rows[i].tier], 1, "row %d", (int)i);
		/* by read(2): only a page that was read often returns to the working set */
		f->flags = plain;
		lru_mglru.refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
				  shadow, false);
		TL_EQ(f->flags & ALL_REFS, stall ? LRU_REFS_MASK | PG_workingset : 0, "row %d",
		      (int)i);
		/* by a fault: every page does */
		f->flags = plain;
		x->s->in_lru_fault = true;
		lru_mglru.refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
				  shadow, false);
		x->s->in_lru_fault = false;
		TL_EQ(f->flags & ALL_REFS, LRU_REFS_MASK | PG_workingset, "row %d", (int)i);
		TL_EQ(g->refaulted.v[LRU_FILE][rows[i].tier], 2, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_workingset_activate_file), 2, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_workingset_restore_file), 1 + stall, "row %d", (int)i);
		/* not if its generation no longer exists */
		f->flags = plain;
		g->min_seq[LRU_FILE] = 10;
		lru_mglru.refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
				  shadow, false);
		TL_EQ(f->flags & ALL_REFS, 0, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_workingset_refault_file), 3, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_workingset_activate_file), 2, "row %d", (int)i);
		x->s->cfg.check = false;
		tl_free(x);
	}
}

/* one pass of v6.12: does it age, and how many pages does it take? @old pages were added by
 * read(2), @young ones by faults */
static void test_gen_aging(void)
{
	static const struct {
		int priority;
		unsigned int old, young;
		uint64_t max_seq, stolen;
	} rows[] = {
		/* at the first priority it takes a batch, if at least one page is to be scanned */
		{ DEF_PRIORITY, 5000, 0, 3, 64 },
		{ DEF_PRIORITY, 100, 0, 3, 0 },
		{ DEF_PRIORITY, 100, 5000, 3, 64 },
		/* at later priorities it ages and returns if too many pages are young */
		{ 2, 100, 300, 4, 0 },
		/* otherwise it takes a quarter of all pages, even if fewer are wanted */
		{ 2, 400, 0, 3, 128 },
		{ 2, 300, 100, 3, 128 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,16384; spawn,1; read,1,a,0,%u; map,1,0,16384,r--p,a,0; %s%u%s",
			rows[i].old, rows[i].young ? "touch,1,8192," : "read,1,a,0,",
			rows[i].young ? rows[i].young : 1, rows[i].young ? ",r; drain" : "; drain");
		struct scan_control sc = { .nr_to_reclaim = 1,
					   .priority = rows[i].priority,
					   .memcg = true,
					   .may_swap = true };
		struct tl *x = tl_run_kernel(kernel_profiles[1], &lru_mglru, "memcg_pages=20000",
					     NULL, text);
		struct mglru *g = x->s->memcg[0].lruvec.lists;

		/* read pages are in the second oldest generation, the oldest is empty */
		g->min_seq[LRU_FILE] = 1;
		tl_shrink_node(x, &sc);
		TL_EQ(g->max_seq, rows[i].max_seq, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_pgsteal_file), rows[i].stolen, "row %d", (int)i);
		tl_free(x);
	}
}

/* reclaim looks around a young PTE: a neighbour that reclaim has isolated itself becomes
 * referenced and stays; v7.3 does not touch the neighbour's PTE */
static void test_gen_look_around(void)
{
	static const uint8_t young[NR_KERNELS] = { PTE_young, 0 };
	static const uint16_t referenced[NR_KERNELS] = { 0, PG_referenced };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x = tl_run_kernel(kernel_profiles[k], &lru_mglru, NULL, NULL,
					     "file,a,8; spawn,1; write,1,a,0,2; map,1,0,2,r--p,a,0;"
					     "touch,1,0,2,r; drain");
		uint32_t slot = tl_slot(x, "a", 1);
		struct folio *f = &x->s->folios[slot];

		x->s->cfg.check = false;
		lru_mglru.del(x->s, &x->s->memcg[0].lruvec, slot); /* isolated */
		f->flags &= (uint16_t)~ALL_REFS;
		lru_mglru.check_references(x->s, tl_slot(x, "a", 0));
		TL_EQ(tl_pte(x, 1, 1) & PTE_young, young[k], "v%s", kernel_profiles[k]->name);
		TL_EQ(f->flags & ALL_REFS, referenced[k], "v%s", kernel_profiles[k]->name);
		TL_EQ(lru_mglru.check_references(x->s, slot), FOLIOREF_KEEP, "v%s",
		      kernel_profiles[k]->name);
		lru_mglru.add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
		tl_free(x);
	}
}

/* v6.18 has some rules of v6.12, and some of v7.3 */
static void test_6_18(void)
{
	static const struct {
		const struct lru_model *lru;
		const char *what, *machine, *ops, *where;
		uint16_t flags;	 /* of page 0: those of ALL_REFS */
		uint32_t faults; /* pages read from the device */
	} rows[] = {
		{ &lru_classic, "an exit drains nothing", "", "read,1,a,0,3; exit,1", "batch",
		  PG_referenced, 3 },
		{ &lru_classic, "code is read from the fault on", "readahead_pages=8",
		  "map,1,0,32,r-xp,a,0; touch,1,20,1,r; touch,1,0,1,r", "batch", 0, 16 },
		{ &lru_classic, "but 101 misses end readahead, here of 100 x 8 pages",
		  "readahead_pages=8", "map,1,0,4000,r-xp,a,0; touch,1,0,120,r,16", "inactive_file",
		  0, 100 * 8 + 20 },
		{ &lru_classic, "a reap begins at the end of the address space", "",
		  "map,1,0,1,r--p,a,0; map,1,9,1,r--p,a,1; touch,1,0,1,r; touch,1,9,1,r; drain;"
		  "mrelease,1",
		  "inactive_file", PG_referenced, 2 },
		{ &lru_mglru, "a fault's page is active", "",
		  "map,1,0,8,r--p,a,0; touch,1,0,1,r; drain", "young_file", 0, 1 },
		{ &lru_mglru, "but not with MADV_RANDOM", "",
		  "map,1,0,8,r--p,a,0,random; touch,1,0,1,r; drain", "oldest_file", 0, 1 },
		{ &lru_mglru, "a page that was read once is among the oldest", "",
		  "read,1,a,0,1; drain", "oldest_file", PG_referenced, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,4000; spawn,1;", rows[i].ops, NULL);
		struct tl *x =
			tl_new_kernel(&kernel_6_18, rows[i].lru, rows[i].machine, NULL, text);

		TL_EQ(tl_end(x), 1, "%s: %s", rows[i].what, x->err.msg);
		TL_STR(tl_where(x, "a", 0), rows[i].where, "%s", rows[i].what);
		TL_EQ(tl_folio(x, "a", 0)->flags & ALL_REFS, rows[i].flags, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_sim_fills), rows[i].faults, "%s", rows[i].what);
		tl_free(x);
	}
}

/* a window of large folios that the end of the file cuts has a readahead flag in v6.18 */
static void test_readahead_mark_at_end(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		const char *marked;
	} rows[] = { { &kernel_7_3, "" }, { &kernel_6_18, "63" } };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new_kernel(
			rows[i].kernel, &lru_classic, "readahead_pages=8 max_folio_order=9", NULL,
			"file,a,64; spawn,1; map,1,0,64,r--p,a,0; touch,1,61,1,r");
		g_autofree char *marked = NULL;

		TL_EQ(tl_end(x), 1, "%s", x->err.msg);
		marked = tl_pages(x, "a", PG_readahead);
		TL_STR(marked, rows[i].marked, "v%s", rows[i].kernel->name);
		tl_free(x);
	}
}

/* Tables that v6.12 frees with the gather do not go through the stock of the CPU
 * (Debian's 6.12.117: 570 pages of 576 are left, six of which were tables). In v7.3 RCU frees them
 * later. */
static void test_table_stock(void)
{
	static const uint64_t usage[NR_KERNELS][2] = { { 64, 64 }, { 64, 58 } };

	for (int k = 0; k < NR_KERNELS; k++) {
		struct tl *x = tl_new_kernel(kernel_profiles[k], &lru_classic,
					     "memcg_pages=1000 kmem=on", NULL,
					     "file,a,200; spawn,1; map,1,0x1000,200,r--p,a,0;"
					     "touch,1,0x1000,1,r; mark,m; mrelease,1; mark,n");

		tl_to(x, "m");
		TL_EQ(x->s->memcg[0].usage, usage[k][0], "kernel %d, mapped", k);
		tl_to(x, "n");
		TL_EQ(x->s->memcg[0].usage, usage[k][1], "kernel %d, unmapped", k);
		tl_free(x);
	}
}

void suite_kernel(void)
{
	CU_pSuite s = CU_add_suite("kernel", NULL, NULL);

	CU_add_test(s, "by name", test_find);
	CU_add_test(s, "by release", test_releases);
	CU_add_test(s, "drains when an address space goes", test_drains);
	CU_add_test(s, "+evict and what waits in batches", test_evict);
	CU_add_test(s, "the order of the reaper", test_reap_order);
	CU_add_test(s, "misses that a fault takes back", test_mmap_miss);
	CU_add_test(s, "readahead of code, and at the end of a file", test_readahead);
	CU_add_test(s, "a swap slot of one process", test_swap_in);
	CU_add_test(s, "a dirty page mapped again", test_maps_dirty);
	CU_add_test(s, "MGLRU: where pages are placed", test_gen_placement);
	CU_add_test(s, "MGLRU: marks", test_gen_marks);
	CU_add_test(s, "MGLRU: shadows and refaults", test_gen_shadows);
	CU_add_test(s, "MGLRU: when to age", test_gen_aging);
	CU_add_test(s, "MGLRU: look around", test_gen_look_around);
	CU_add_test(s, "page tables and the stock", test_table_stock);
	CU_add_test(s, "v6.18", test_6_18);
	CU_add_test(s, "v6.18's readahead flag at the end of a file", test_readahead_mark_at_end);
}
