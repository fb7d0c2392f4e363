// SPDX-License-Identifier: GPL-2.0-only
/*
 * models/lru-mglru.c, lru-mglru-walk.c, lru-mglru-ttl.c: v7.3 CONFIG_LRU_GEN. If the loops of
 * reclaim would hide a rule in a trace, the tests set the state and call a hook or a walk. A
 * run begins with generations 0 (the oldest) to 3.
 */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/lru-mglru.h"
#include "models/models.h"
#include "sim/mm/batch.h"
#include "sim/mm/reclaim.h"
#include "sim/mm/rmap.h"
#include "tests/unit/testlib.h"

void suite_lru_mglru(void);

#define REFS(n) ((n) << LRU_REFS_PGOFF)

static struct tl *run(const char *machine, const char *text)
{
	struct tl *x = tl_new_lru(&lru_mglru, machine, NULL, text);

	TL_EQ(tl_end(x), 1, "%s: %s", text, x->err.msg);
	return x;
}

static struct mglru *state(const struct tl *x)
{
	return x->s->memcg[0].lruvec.lists;
}

static struct folio *folio(const struct tl *x, uint32_t page)
{
	return &x->s->folios[tl_slot(x, "a", page)];
}

static int gen(const struct tl *x, uint32_t page)
{
	return folio_lru_gen(folio(x, page));
}

/* one pass of memcg reclaim at @priority that wants @nr pages */
static struct scan_control shrink(struct tl *x, int priority, uint64_t nr)
{
	struct scan_control sc = {
		.nr_to_reclaim = nr, .priority = priority, .memcg = true, .may_swap = true
	};

	while (shrink_node(x->s, &sc))
		;
	return sc;
}

/* lru_gen_folio_seq(), and the flags of the folio: folio_add_lru() marks it in a fault with
 * recency, read(2) marks it after reading */
static void test_placement(void)
{
	static const struct {
		const char *ops;
		const char *list;
		uint16_t flags; /* the reference flags among them */
		const char *what;
	} rows[] = {
		{ "read,1,a,0,1", "old_file", PG_referenced, "read" },
		{ "map,1,0,8,r--p,a,0; touch,1,0,1,r", "old_file", PG_referenced, "faulted" },
		{ "map,1,0,8,r--p,a,0; touch,1,1,1,r", "old_file", PG_referenced,
		  "read ahead by a fault" },
		{ "map,1,0,8,r--p,a,0,random; touch,1,0,1,r", "oldest_file", 0,
		  "faulted without recency" },
		{ "write,1,a,0,1", "oldest_file", 0, "written" },
		{ "read,1,a,0,1; read,1,a,1,1; read,1,a,0,1", "old_file", PG_referenced | REFS(1),
		  "read twice" },
		{ "write,1,t,0,1", "young_anon", PG_referenced, "tmpfs" },
	};
	struct tl *x;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; file,t,8,shmem; spawn,1;",
						    rows[i].ops, "; drain", NULL);
		const char *file = strstr(rows[i].ops, ",t,") ? "t" : "a";

		x = run("readahead_pages=8", text);
		TL_STR(tl_where(x, file, 0), rows[i].list, "%s", rows[i].what);
		TL_EQ(tl_folio(x, file, 0)->flags & (LRU_REFS_FLAGS | PG_workingset), rows[i].flags,
		      "%s", rows[i].what);
		tl_free(x);
	}
	x = run("readahead_pages=8", "file,a,8; spawn,1; read,1,a,0,4; drain");
	TL_STR(tl_where(x, "a", 3), "old_file", "read");
	TL_STR(tl_where(x, "a", 4), "oldest_file", "read ahead");
	tl_free(x);
}

/* the same for folios with given flags */
static void test_placement_by_flags(void)
{
	static const struct {
		uint16_t flags;
		uint64_t min_seq;
		bool tail;
		int gen;
	} rows[] = {
		{ 0, 0, false, 0 },
		{ PG_referenced, 0, false, 1 },
		{ PG_workingset, 0, false, 1 },
		{ PG_active, 0, false, 2 },
		{ PG_active | PG_workingset, 0, false, 3 },
		{ PG_active | PG_workingset | PG_referenced, 0, false, 3 },
		{ PG_reclaim, 0, false, 0 },
		{ PG_reclaim | PG_dirty, 0, false, 2 },
		{ PG_referenced | PG_workingset, 0, true, 0 },
		/* never older than the oldest */
		{ 0, 1, false, 1 },
		{ PG_referenced, 1, false, 1 },
		{ 0, 1, true, 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = run(NULL, "file,a,8; spawn,1; read,1,a,0,1; drain");
		uint32_t slot = tl_slot(x, "a", 0);
		const uint16_t changed =
			PG_referenced | PG_workingset | PG_active | PG_reclaim | PG_dirty;

		x->s->cfg.lru->del(x->s, &x->s->memcg[0].lruvec, slot);
		TL_EQ(folio(x, 0)->gen, 0, "row %d: off the lists", (int)i);
		folio(x, 0)->flags = (uint16_t)((folio(x, 0)->flags & ~changed) | rows[i].flags);
		state(x)->min_seq[LRU_FILE] = rows[i].min_seq;
		if (rows[i].tail) {
			x->s->cfg.lru->add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
			x->s->cfg.lru->move_tail(x->s, &x->s->memcg[0].lruvec, slot);
		} else {
			x->s->cfg.lru->add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
		}
		TL_EQ(gen(x, 0), rows[i].gen, "row %d", (int)i);
		TL_EQ(folio(x, 0)->flags & (PG_active | PG_lru), PG_lru, "row %d", (int)i);
		folio(x, 0)->flags &= (uint16_t)~PG_dirty;
		tl_free(x);
	}
}

/* lru_gen_inc_refs(): PG_referenced, three more references, PG_workingset; the folio does not
 * move */
static void test_marks(void)
{
	static const uint16_t after[] = {
		PG_referenced,
		PG_referenced | REFS(1),
		PG_referenced | REFS(2),
		PG_referenced | REFS(3),
		PG_referenced | REFS(3) | PG_workingset,
		PG_referenced | REFS(3) | PG_workingset,
	};
	struct tl *x = run(NULL, "file,a,8; spawn,1; write,1,a,0,1; drain");
	uint32_t slot = tl_slot(x, "a", 0);

	for (size_t i = 0; i < G_N_ELEMENTS(after); i++) {
		lru_mglru.mark_accessed(x->s, 0, slot);
		TL_EQ(folio(x, 0)->flags & (LRU_REFS_FLAGS | PG_workingset), after[i], "mark %d",
		      (int)i + 1);
		TL_STR(tl_where(x, "a", 0), "oldest_file", "mark %d", (int)i + 1);
	}
	TL_EQ(lru_mglru.mark_noop_flags, after[5], "what has no effect");
	/* references that a refault restored do not count without PG_referenced */
	folio(x, 0)->flags = (uint16_t)((folio(x, 0)->flags & ~PG_referenced));
	TL_EQ(folio(x, 0)->flags & PG_referenced, 0, "not referenced");
	lru_mglru.mark_accessed(x->s, 0, slot);
	TL_EQ(folio(x, 0)->flags & LRU_REFS_FLAGS, PG_referenced, "starts over");
	TL_EQ(tl_stat(x, VM_pgactivate), 0, "marks");
	tl_free(x);
}

/* folio_check_references() with lru_gen_set_refs() */
static void test_check_references(void)
{
	static const struct {
		const char *perm;
		uint16_t flags;
		enum folio_references result;
		uint16_t after;
	} rows[] = {
		{ "r--p", 0, FOLIOREF_KEEP, PG_referenced },
		{ "r--p", REFS(2), FOLIOREF_KEEP, PG_referenced },
		{ "r-xp", 0, FOLIOREF_ACTIVATE, PG_workingset },
		{ "r--p", PG_referenced, FOLIOREF_ACTIVATE, PG_referenced | REFS(1) },
		{ "r-xp", PG_referenced, FOLIOREF_ACTIVATE, PG_referenced | REFS(1) },
		{ "r--p", PG_referenced | REFS(1), FOLIOREF_ACTIVATE, PG_workingset },
		{ "r--p", PG_referenced | REFS(3), FOLIOREF_ACTIVATE, PG_workingset },
		{ "r--p", PG_workingset, FOLIOREF_ACTIVATE, PG_workingset | PG_referenced },
		{ "r--p", PG_workingset | PG_referenced, FOLIOREF_ACTIVATE,
		  PG_workingset | PG_referenced | REFS(1) },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,8; spawn,1; map,1,0,1,%s,a,0; touch,1,0,1,r; drain", rows[i].perm);
		const uint16_t refs = LRU_REFS_FLAGS | PG_workingset;
		struct tl *x = run(NULL, text);
		uint32_t slot = tl_slot(x, "a", 0);

		folio(x, 0)->flags = (uint16_t)((folio(x, 0)->flags & ~refs) | rows[i].flags);
		TL_EQ(lru_mglru.check_references(x->s, slot), rows[i].result, "row %d", (int)i);
		TL_EQ(folio(x, 0)->flags & refs, rows[i].after, "row %d", (int)i);
		TL_EQ(tl_pte(x, 1, 0) & PTE_young, 0, "row %d", (int)i);
		/* not used since: reclaimed; its flags go into the shadow */
		TL_EQ(lru_mglru.check_references(x->s, slot), FOLIOREF_RECLAIM, "row %d", (int)i);
		TL_EQ(folio(x, 0)->flags & refs, rows[i].after, "row %d", (int)i);
		tl_free(x);
	}
}

/* the shadow of lru_gen_eviction(), and what lru_gen_refault() does with it */
static void test_shadows(void)
{
	static const struct {
		uint16_t flags;
		unsigned int token, tier;
		uint16_t after; /* on refault */
	} rows[] = {
		{ 0, 0, 0, 0 },
		{ PG_referenced, 0, 0, 0 },
		{ REFS(3), 0, 0, 0 },
		{ PG_referenced | REFS(1), 1, 1, REFS(1) },
		{ PG_referenced | REFS(2), 2, 2, REFS(2) },
		{ PG_referenced | REFS(3), 3, 2, REFS(3) },
		{ PG_workingset, 0, 3, PG_workingset },
		{ PG_workingset | PG_referenced | REFS(1), 1, 3, PG_workingset },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const uint16_t refs = LRU_REFS_FLAGS | PG_workingset;
		struct tl *x = run(NULL, "file,a,8; spawn,1; read,1,a,0,1; drain");
		struct mglru *g = state(x);
		const uint16_t plain = folio(x, 0)->flags & (uint16_t)~refs;
		const bool workingset = rows[i].flags & PG_workingset;
		uint32_t slot = tl_slot(x, "a", 0), shadow;

		g->max_seq = g->min_seq[LRU_FILE] = 9;
		folio(x, 0)->flags = plain | rows[i].flags;
		shadow = lru_mglru.eviction(x->s, folio_lruvec(x->s, slot), slot);
		TL_EQ(shadow, 9 << 2 | rows[i].token, "row %d", (int)i);
		TL_EQ(g->evicted.v[LRU_FILE][rows[i].tier], 1, "row %d", (int)i);
		for (int age = 3; age <= 4; age++) {
			const bool recent = age < 4;

			g->max_seq = 9 + (uint64_t)age;
			x->s->in_lru_fault = true;
			folio(x, 0)->flags = plain;
			lru_mglru.refault(x->s, folio_lruvec(x->s, slot), slot,
					  folio_lruvec(x->s, slot), shadow, workingset);
			TL_EQ(folio(x, 0)->flags & refs, recent ? rows[i].after : 0,
			      "row %d, %d generations on", (int)i, age);
		}
		TL_EQ(g->refaulted.v[LRU_FILE][rows[i].tier], 1, "row %d", (int)i);
		TL_EQ(x->s->stat.v[VM_workingset_refault_file], 2, "row %d", (int)i);
		TL_EQ(x->s->stat.v[VM_workingset_activate_file], workingset, "row %d", (int)i);
		/* outside a fault it is restored, but not activated */
		g->max_seq = 9;
		x->s->in_lru_fault = false;
		lru_mglru.refault(x->s, folio_lruvec(x->s, slot), slot, folio_lruvec(x->s, slot),
				  shadow, workingset);
		TL_EQ(x->s->stat.v[VM_workingset_restore_file], 2 * workingset, "row %d", (int)i);
		TL_EQ(x->s->stat.v[VM_workingset_activate_file], workingset, "row %d", (int)i);
		x->s->cfg.check = false;
		tl_free(x);
	}
}

/* a workingset page that refaults in a page fault starts in the youngest generation; with
 * read(2) or without recency in the second oldest */
static void test_refault_placement(void)
{
	static const struct {
		const char *ops, *list;
	} rows[] = {
		{ "map,1,0,1,r--p,a,0; touch,1,0,1,r", "youngest_file" },
		{ "read,1,a,0,1", "old_file" },
		{ "map,1,0,1,r--p,a,0,random; touch,1,0,1,r", "old_file" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1; mark,m;", rows[i].ops, "; drain", NULL);
		struct tl *x = tl_new_lru(&lru_mglru, NULL, NULL, text);

		tl_to(x, "m");
		folio(x, 0)->flags = PG_shadow | PG_workingset;
		TL_EQ(tl_end(x), 1, "%s", rows[i].ops);
		TL_STR(tl_where(x, "a", 0), rows[i].list, "%s", rows[i].ops);
		tl_free(x);
	}
}

/* Page-table walks */

/* folio_update_gen(), and the PTEs whose young bit a walk clears: four pages of a, mapped at 0 */
static void test_walk_pages(void)
{
	static const struct {
		const char *map;
		uint16_t flags; /* of the page, before */
		unsigned int swappiness;
		bool drain, young; /* @young: still young afterwards */
		int gen;
		uint16_t after;
		const char *what;
	} rows[] = {
		{ "map,1,0,4,r--p,a,0", PG_referenced, 1, true, false, 3, PG_workingset, "used" },
		{ "map,1,0,4,r--p,a,0", 0, 1, true, false, 1, PG_referenced, "used, unmarked" },
		{ "map,1,0,4,r--p,a,0", REFS(3), 1, true, false, 1, PG_referenced,
		  "counts are forgotten" },
		{ "map,1,0,4,r--p,a,0", PG_workingset | PG_referenced | REFS(1), 1, true, false, 3,
		  PG_workingset, "used by now and then" },
		{ "map,1,0,4,r-xp,a,0", 0, 1, true, false, 3, PG_workingset, "code" },
		{ "map,1,0,4,r--p,a,0", PG_referenced, 0, true, false, 3, PG_workingset,
		  "file, no swap" },
		{ "map,1,0,4,r--p,a,0,random", 0, 1, true, true, 0, 0, "no recency" },
		{ "map,1,0,4,r--p,a,0", PG_referenced, 1, false, true, -1, PG_referenced,
		  "not on a list yet" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const uint16_t refs = LRU_REFS_FLAGS | PG_workingset;
		g_autofree char *text =
			g_strconcat("file,a,8; spawn,1;", rows[i].map, "; touch,1,0,4,r",
				    rows[i].drain ? "; drain" : "", NULL);
		struct tl *x = run(NULL, text);

		folio(x, 2)->flags = (uint16_t)((folio(x, 2)->flags & ~refs) | rows[i].flags);
		TL_EQ(lru_gen_walk_mms(x->s, state(x), 3, rows[i].swappiness), 1, "%s",
		      rows[i].what);
		TL_EQ((tl_pte(x, 1, 2) & PTE_young) != 0, rows[i].young, "%s", rows[i].what);
		TL_EQ(gen(x, 2), rows[i].gen, "%s", rows[i].what);
		TL_EQ(folio(x, 2)->flags & refs, rows[i].after, "%s", rows[i].what);
		/* it stays on its old list */
		TL_STR(tl_where(x, "a", 2),
		       !rows[i].drain  ? "batch"
		       : rows[i].young ? "oldest_file"
				       : "old_file",
		       "%s", rows[i].what);
		/* there is one walk per generation */
		TL_EQ(lru_gen_walk_mms(x->s, state(x), 3, rows[i].swappiness), 0, "%s",
		      rows[i].what);
		tl_free(x);
	}
}

/* a walk takes anon and tmpfs pages only if they can be swapped out */
static void test_walk_swappiness(void)
{
	for (unsigned int swappiness = 0; swappiness < 2; swappiness++) {
		struct tl *x = run(NULL, "file,t,8,shmem; spawn,1; anon,1,0,4,rw-p; touch,1,0,4,w;"
					 "map,1,16,4,rw-s,t,0; touch,1,16,4,w; drain");

		lru_gen_walk_mms(x->s, state(x), 3, swappiness);
		TL_EQ((tl_pte(x, 1, 0) & PTE_young) != 0, !swappiness, "anon");
		TL_EQ((tl_pte(x, 1, 16) & PTE_young) != 0, !swappiness, "tmpfs");
		tl_free(x);
	}
}

/*
 * The processes that a walk visits: the first new one and all after it; of the others those
 * that ran, including the process of the current operation. Every process maps and touches
 * its own page; the PTE shows whether the walk visited it.
 */
static void test_walk_processes(void)
{
	static const char ops[] = "file,a,8;"
				  "spawn,1; map,1,0,1,r--p,a,1; touch,1,0,1,r;"
				  "spawn,2; map,2,0,1,r--p,a,2; touch,2,0,1,r;"
				  "spawn,3; map,3,0,1,r--p,a,3; touch,3,0,1,r; drain;"
				  "mark,first;"
				  "touch,1,0,1,r; touch,2,0,1,r; touch,3,0,1,r; mark,second;"
				  "exit,2; spawn,4; map,4,0,1,r--p,a,4; touch,4,0,1,r; drain;"
				  "mark,third";
	struct tl *x = tl_new_lru(&lru_mglru, NULL, NULL, ops);
	uint64_t seq = 3;

	x->s->cfg.check = false; /* the test walks without opening generations */

#define YOUNG(pid) ((tl_pte(x, pid, 0) & PTE_young) != 0)
	tl_to(x, "first");
	for (uint32_t pid = 1; pid <= 3; pid++)
		tl_mm(x, pid)->ran = false;
	lru_gen_walk_mms(x->s, state(x), seq++, 1);
	TL_EQ(YOUNG(1) + YOUNG(2) + YOUNG(3), 0, "all are new");
	TL_EQ(tl_mm(x, 3)->ran, 0, "noticed, though it is at work");

	tl_to(x, "second");
	tl_mm(x, 2)->ran = false;
	lru_gen_walk_mms(x->s, state(x), seq++, 1);
	TL_EQ(YOUNG(1), 0, "ran");
	TL_EQ(YOUNG(2), 1, "did not");
	TL_EQ(YOUNG(3), 0, "ran");
	TL_EQ(tl_mm(x, 1)->ran, 0, "noticed");

	tl_to(x, "third");
	for (uint32_t pid = 1; pid <= 4; pid++) {
		if (pid == 2)
			continue;
		tl_mm(x, pid)->ran = false;
		pte_add(pte_lookup(tl_mm(x, pid), 0), 0, PTE_young);
	}
	lru_gen_walk_mms(x->s, state(x), seq++, 1);
	TL_EQ(YOUNG(1), 1, "before the new one");
	TL_EQ(YOUNG(3), 1, "before the new one");
	TL_EQ(YOUNG(4), 0, "the new one");
	TL_EQ(state(x)->max_seq, 3, "a walk alone makes no generation");
	tl_free(x);
#undef YOUNG
}

/*
 * The page tables that a walk visits: present ones that the CPU used since the last walk, and
 * in which one PTE in eight was young. One table of 512 pages. Some pages are touched before
 * the first walk, which visits every table, and one page after it.
 */
static void test_walk_tables(void)
{
	static const struct {
		const char *first;
		bool pmd_young;
		bool walked;
		const char *what;
	} rows[] = {
		{ "touch,1,0,512,r", true, true, "full the last time" },
		{ "touch,1,0,64,r", true, true, "one in eight" },
		{ "touch,1,0,63,r", true, false, "not quite" },
		{ "touch,1,0,512,r", false, false, "full, but not used since" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,512; spawn,1; map,1,0,512,r--p,a,0;", rows[i].first,
				    "; drain; mark,m; touch,1,0,1,r", NULL);
		struct tl *x = tl_new_lru(&lru_mglru, NULL, NULL, text);
		struct pte_table *pt;

		tl_to(x, "m");
		pt = pte_lookup(tl_mm(x, 1), 0);
		lru_gen_walk_mms(x->s, state(x), 3, 1);
		TL_EQ(pt->young, 1, "%s: a walk of all leaves PMDs alone", rows[i].what);
		TL_EQ(tl_pte(x, 1, 0) & PTE_young, 0, "%s: walked", rows[i].what);
		pt->young = false;
		x->s->cfg.check = false;
		tl_end(x);
		TL_EQ(pt->young, 1, "%s: touched", rows[i].what);
		pt->young = rows[i].pmd_young;
		lru_gen_walk_mms(x->s, state(x), 4, 1);
		TL_EQ((tl_pte(x, 1, 0) & PTE_young) == 0, rows[i].walked, "%s", rows[i].what);
		TL_EQ(pt->young, 0, "%s", rows[i].what);
		tl_free(x);
	}
}

/* two mappings in one page table share one decision and one count */
static void test_walk_shared_table(void)
{
	struct tl *x = run(NULL, "file,a,512; spawn,1; map,1,0,8,r--p,a,0; touch,1,0,1,r;"
				 "map,1,100,8,r--p,a,100,random; touch,1,100,8,r;"
				 "map,1,200,8,r--p,a,200; touch,1,200,1,r; drain");
	struct pte_table *pt = pte_lookup(tl_mm(x, 1), 0);

	lru_gen_walk_mms(x->s, state(x), 3, 1);
	/* 2 of 16: the mapping without recency does not count */
	TL_EQ(pt->seen[0], state(x)->sets[0], "enough");
	TL_EQ(tl_pte(x, 1, 0) & PTE_young, 0, "first mapping");
	TL_EQ(tl_pte(x, 1, 200) & PTE_young, 0, "last mapping");
	TL_EQ(tl_pte(x, 1, 100) & PTE_young, PTE_young, "no recency");
	tl_free(x);
}

/*
 * lru_gen_look_around(): the PTEs around @at whose young bit it clears: up to 64, within the
 * page table and the mapping. Every page of the mapping [start, end) is young.
 */
static void test_look_around(void)
{
	static const struct {
		uint32_t start, end, at, first, last;
	} rows[] = {
		{ 0, 64, 10, 0, 63 },	     { 0, 65, 10, 0, 63 },	  { 0, 200, 31, 0, 63 },
		{ 0, 200, 32, 0, 63 },	     { 0, 200, 33, 1, 64 },	  { 0, 200, 100, 68, 131 },
		{ 0, 200, 168, 136, 199 },   { 0, 200, 169, 136, 199 },	  { 0, 200, 199, 136, 199 },
		{ 500, 600, 505, 500, 511 }, { 500, 600, 512, 512, 575 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const uint32_t pages = rows[i].end - rows[i].start;
		g_autofree char *text = g_strdup_printf(
			"file,a,1024; spawn,1; map,1,%u,%u,r--p,a,%u; touch,1,%u,%u,r; drain",
			rows[i].start, pages, rows[i].start, rows[i].start, pages);
		struct tl *x = run(NULL, text);
		struct mm *mm = tl_mm(x, 1);
		struct pte_table *pt = pte_lookup(mm, rows[i].at);
		bool exec;

		state(x)->sets[1] = 7;
		/* the page itself is isolated, and rmap has cleared its PTE */
		x->s->cfg.lru->del(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", rows[i].at));
		TL_EQ(folio_referenced(x->s, tl_slot(x, "a", rows[i].at), &exec), 1, "row %d",
		      (int)i);
		for (uint32_t p = rows[i].start; p < rows[i].end; p++)
			TL_EQ((tl_pte(x, 1, p) & PTE_young) == 0,
			      p >= rows[i].first && p <= rows[i].last, "row %d, page %u", (int)i,
			      p);
		TL_EQ(pt->seen[1], 7, "row %d: worth the next walk", (int)i);
		lru_mglru.add(x->s, &x->s->memcg[0].lruvec,
			      (uint32_t[]){ tl_slot(x, "a", rows[i].at) }, 1);
		tl_free(x);
	}
}

/* its effect on the neighbours, without and with an mm_walk; seven other young PTEs in 64 make
 * the table worth a walk, six do not */
static void test_look_around_promotes(void)
{
	for (int row = 0; row < 4; row++) {
		const bool has_walk = row % 2;
		const uint32_t others = row < 2 ? 6 : 7;
		g_autofree char *text = g_strdup_printf("file,a,64; spawn,1; map,1,0,64,r--p,a,0;"
							"touch,1,0,%u,r; drain",
							others + 1);
		struct tl *x = run(NULL, text);
		struct mglru *g = state(x);
		bool exec;

		g->sets[1] = 7;
		g->has_walk = has_walk;
		folio(x, 2)->flags &= (uint16_t)~PG_referenced;
		x->s->cfg.lru->del(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", 0));
		folio_referenced(x->s, tl_slot(x, "a", 0), &exec);
		TL_EQ(pte_lookup(tl_mm(x, 1), 0)->seen[1] == 7, others == 7, "row %d", row);
		TL_EQ(gen(x, 1), has_walk ? 3 : 1, "row %d", row);
		TL_EQ(folio(x, 1)->flags & (LRU_REFS_FLAGS | PG_workingset),
		      has_walk ? PG_workingset : PG_referenced | REFS(1), "row %d", row);
		TL_EQ(folio(x, 2)->flags & (LRU_REFS_FLAGS | PG_workingset), PG_referenced,
		      "row %d: its first time", row);
		TL_EQ(gen(x, 2), 1, "row %d", row);
		/* all except page 2 are in the lru_activate batch */
		TL_EQ(x->s->cpus[0].lru_activate.nr, has_walk ? 0 : others - 1, "row %d", row);
		lru_add_drain_all(x->s);
		TL_EQ(gen(x, 1), has_walk ? 3 : 2, "row %d", row);
		TL_EQ(tl_stat(x, VM_pgactivate), has_walk ? 0 : others - 1, "row %d", row);
		lru_mglru.add(x->s, &x->s->memcg[0].lruvec, (uint32_t[]){ tl_slot(x, "a", 0) }, 1);
		tl_free(x);
	}
}

/* Eviction */

/*
 * get_tier_idx(), shown by what sort_folio() evicts. The oldest generation has pages that were
 * read once, twice, three times and five times (all references), and one of the working set.
 * A row sets the counters of the second or third tier. Protected pages move to the next
 * generation and lose their references.
 *	pv.refaulted * (sp.total + 64) * 2 <= (sp.refaulted + 1) * pv.total * 3
 */
static void test_tiers(void)
{
	static const struct {
		unsigned int tier;
		uint64_t sp_refaulted, sp_total, refaulted, total;
		const char *left; /* in the next generation, newest first */
	} rows[] = {
		/* a page with all references is protected whatever the feedback */
		{ 1, 0, 0, 0, 0, "a:3" },
		{ 1, 0, 0, 63, 63, "a:3" },
		{ 1, 0, 0, 64, 64, "a:4 a:3 a:2 a:1" },
		{ 1, 0, 0, 64, 2730, "a:4 a:3 a:2 a:1" },
		{ 1, 0, 0, 64, 2731, "a:3" },
		{ 1, 9, 100, 100, 1000, "a:4 a:3 a:2 a:1" },
		{ 1, 11, 100, 100, 1000, "a:3" },
		{ 2, 0, 0, 64, 64, "a:4 a:3 a:2" },
		{ 3, 0, 0, 64, 64, "a:4 a:3" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		static const uint16_t flags[] = { PG_referenced, PG_referenced | REFS(1),
						  PG_referenced | REFS(2),
						  PG_referenced | REFS(3) | PG_workingset,
						  PG_workingset };
		struct tl *x = run(NULL, "file,a,8; spawn,1; write,1,a,0,5; drain; advance,60s");
		struct mglru *g = state(x);
		g_autofree char *left = NULL;
		struct scan_control sc;

		for (uint32_t p = 0; p < 5; p++)
			folio(x, p)->flags |= flags[p];
		g->refaulted.v[LRU_FILE][0] = rows[i].sp_refaulted;
		g->avg_total.v[LRU_FILE][0] = rows[i].sp_total;
		g->avg_refaulted.v[LRU_FILE][rows[i].tier] = rows[i].refaulted / 2;
		g->refaulted.v[LRU_FILE][rows[i].tier] = rows[i].refaulted - rows[i].refaulted / 2;
		g->evicted.v[LRU_FILE][rows[i].tier] = rows[i].total / 2;
		g->protected.v[LRU_FILE][rows[i].tier] = rows[i].total - rows[i].total / 2;
		sc = shrink(x, 0, 100);
		left = tl_list(x, "old_file");
		TL_STR(left, rows[i].left, "row %d", (int)i);
		TL_EQ(sc.nr_reclaimed + tl_stat(x, VM_pgrefill), 5, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_pgscan_direct), sc.nr_reclaimed, "row %d", (int)i);
		TL_EQ(folio(x, 3)->flags & (LRU_REFS_FLAGS | PG_workingset), PG_workingset,
		      "row %d: references start over", (int)i);
		TL_EQ(gen(x, 3), 1, "row %d", (int)i);
		tl_free(x);
	}
}

/* the averages: half of the old average plus half of the generation's count */
static void test_averages(void)
{
	struct tl *x = run(NULL, "file,a,8; spawn,1; read,1,a,0,1; drain");
	struct mglru *g = state(x);

	g->avg_refaulted.v[LRU_FILE][2] = 11;
	g->refaulted.v[LRU_FILE][2] = 6;
	g->avg_total.v[LRU_FILE][2] = 100;
	g->evicted.v[LRU_FILE][2] = 20;
	g->protected.v[LRU_FILE][2] = 30;
	/* the page is in generation 1, so 0 is empty: skipped */
	shrink(x, 0, 100);
	TL_EQ(g->min_seq[LRU_FILE], 2, "skipped 0, and 1 once its page was gone");
	TL_EQ(g->avg_refaulted.v[LRU_FILE][2], (11 + 6) / 2 / 2, "twice halved");
	TL_EQ(g->avg_total.v[LRU_FILE][2], (100 + 20 + 30) / 2 / 2, "twice halved");
	TL_EQ(g->refaulted.v[LRU_FILE][2] + g->evicted.v[LRU_FILE][2] + g->protected.v[LRU_FILE][2],
	      0, "starts over");
	/* one page was evicted meanwhile: half of it is 0 */
	TL_EQ(g->avg_total.v[LRU_FILE][0], 0, "the page");
	tl_free(x);
}

/* get_type_to_scan(): the type that is reclaimed first, with one page of each */
static void test_type(void)
{
	static const struct {
		const char *machine;
		uint64_t anon_refaulted, anon_total, file_refaulted, file_total;
		enum lru_type type;
		const char *what;
	} rows[] = {
		{ "swap_pages=100 swappiness=60", 0, 0, 0, 0, LRU_FILE, "nothing known" },
		{ "swap_pages=100 swappiness=0", 0, 9000, 9000, 9000, LRU_FILE, "file only" },
		{ "swap_pages=100 swappiness=1", 0, 9000, 9000, 9000, LRU_FILE, "nearly" },
		{ "swap_pages=100 swappiness=200", 9000, 9000, 0, 9000, LRU_ANON, "anon only" },
		{ "swap_pages=63 swappiness=200", 9000, 9000, 0, 9000, LRU_FILE,
		  "too little swap to begin with" },
		/* 64 * (1000 + 64) * s <= (0 + 1) * 1000 * (200 - s): never */
		{ "swap_pages=100 swappiness=60", 0, 1000, 64, 1000, LRU_ANON, "file thrashes" },
		{ "swap_pages=100 swappiness=60", 0, 1000, 63, 1000, LRU_FILE, "too few to tell" },
		/* 100 * 1064 * 100 <= 101 * r * 1000 * 100: 106.4 <= 101 + r */
		{ "swap_pages=100 swappiness=100", 105, 1000, 100, 1000, LRU_ANON,
		  "equal except for the margin" },
		{ "swap_pages=100 swappiness=100", 106, 1000, 100, 1000, LRU_FILE,
		  "anon comes back as often" },
		/* 100 * 1064 * 50 <= (r + 1) * 1000 * 150: 35.5 <= r + 1 */
		{ "swap_pages=100 swappiness=50", 34, 1000, 100, 1000, LRU_ANON, "dear anon" },
		{ "swap_pages=100 swappiness=50", 35, 1000, 100, 1000, LRU_FILE, "dear anon" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x =
			run(rows[i].machine,
			    "file,a,8; spawn,1; read,1,a,0,4; anon,1,0,4,rw-p; touch,1,0,4,w;"
			    "drain");
		struct mglru *g = state(x);

		/* both types in the oldest generation, old */
		for (uint32_t p = 0; p < 4; p++) {
			uint32_t slots[2] = { tl_slot(x, "a", p), tl_anon_slot(x, 1, p) };

			for (int n = 0; n < 2; n++) {
				lru_mglru.del(x->s, &x->s->memcg[0].lruvec, slots[n]);
				lru_mglru.add(x->s, &x->s->memcg[0].lruvec, &slots[n], 1);
				lru_mglru.move_tail(x->s, &x->s->memcg[0].lruvec, slots[n]);
			}
			pte_del(pte_lookup(tl_mm(x, 1), p), p, PTE_young);
		}
		g->avg_refaulted.v[LRU_ANON][1] = rows[i].anon_refaulted;
		g->avg_total.v[LRU_ANON][3] = rows[i].anon_total;
		g->avg_refaulted.v[LRU_FILE][1] = rows[i].file_refaulted;
		g->avg_total.v[LRU_FILE][3] = rows[i].file_total;
		/* one page of eight, or of four if anon does not count */
		shrink(x, strstr(rows[i].machine, "=63") || strstr(rows[i].machine, "=0") ? 2 : 3,
		       1);
		TL_EQ(tl_stat(x, VM_pgsteal_anon), rows[i].type == LRU_ANON, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_pgsteal_file), rows[i].type == LRU_FILE, "%s", rows[i].what);
		tl_free(x);
	}
}

/* The window of generations */

/* should_run_aging(), by priority. 4096 pages, so that there is something to scan at every
 * priority. */
static void test_when_to_age(void)
{
	static const struct {
		uint64_t min_seq; /* max_seq is 3 */
		int priority;
		bool ages;
	} rows[] = {
		{ 0, 12, false }, { 0, 11, false }, { 1, 12, false },
		{ 1, 11, true },  { 2, 12, true },  { 2, 0, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = run("memcg_pages=8192", "file,a,4200; spawn,1; drain; mark,m");
		struct mglru *g = state(x);

		g->min_seq[LRU_FILE] = rows[i].min_seq;
		for (uint32_t p = 0; p < 4096; p++) {
			uint32_t slot = tl_slot(x, "a", p);

			folio(x, p)->flags = PG_resident;
			lru_mglru.add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
		}
		x->s->nr_used = x->s->memcg[0].usage = x->s->nr_file_pages = 4096;
		shrink(x, rows[i].priority, 1);
		TL_EQ(g->max_seq, 3 + rows[i].ages, "row %d", (int)i);
		TL_EQ(g->mm_seq, 2 + rows[i].ages, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_pgsteal_file),
		      rows[i].priority == 0 ? 64 : 4096 >> rows[i].priority, "row %d", (int)i);
		tl_free(x);
	}
}

/* inc_min_seq(): anon that is not evicted has all generations, so a new one reuses the list of
 * its oldest, whose pages become young */
static void test_inc_min_seq(void)
{
	struct tl *x = run(NULL, "file,a,8; spawn,1; anon,1,0,4,rw-p; touch,1,0,4,w;"
				 "read,1,a,0,1; drain");
	struct mglru *g = state(x);
	g_autofree char *moved = NULL;

	for (uint32_t p = 0; p < 4; p++)
		lru_mglru.move_tail(x->s, &x->s->memcg[0].lruvec, tl_anon_slot(x, 1, p));
	/* file has only two generations left, so it ages */
	g->min_seq[LRU_FILE] = 2;
	lru_mglru.activate(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", 0));
	g->avg_total.v[LRU_ANON][1] = 9;
	shrink(x, 0, 1);
	TL_EQ(g->max_seq, 4, "a new one");
	TL_EQ(g->min_seq[LRU_ANON], 1, "the window moves");
	TL_EQ(g->avg_total.v[LRU_ANON][1], 4, "an end to the old one");
	moved = tl_list(x, "youngest_anon");
	TL_STR(moved, "anon:0 anon:1 anon:2 anon:3", "no swap");
	TL_EQ(tl_stat(x, VM_nr_active_anon), 4, "no swap");
	tl_free(x);
}

/* try_to_inc_min_seq(): two types that are both evicted do not differ by more than one
 * generation */
static void test_window(void)
{
	static const struct {
		const char *machine;
		uint64_t file; /* the oldest generation, afterwards */
	} rows[] = {
		{ "swap_pages=100 swappiness=60", 1 },
		{ "swap_pages=100 swappiness=0", 2 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = run(rows[i].machine, "file,a,8; spawn,1; anon,1,0,4,rw-p;"
						    "touch,1,0,4,w; read,1,a,0,4; drain");
		struct mglru *g = state(x);

		/* anon in the oldest generation, file in the youngest: two of it are empty */
		for (uint32_t p = 0; p < 4; p++) {
			lru_mglru.move_tail(x->s, &x->s->memcg[0].lruvec, tl_anon_slot(x, 1, p));
			folio(x, p)->flags |= PG_workingset;
			lru_mglru.activate(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", p));
		}
		shrink(x, 2, 1);
		TL_EQ(g->min_seq[LRU_FILE], rows[i].file, "%s", rows[i].machine);
		tl_free(x);
	}
}

/* pages that shrink_folio_list() keeps: a busy page gets a second pass, then moves to the younger
 * of the old generations, as does a dirty one */
static void test_rejected(void)
{
	struct tl *x = run(NULL, "file,a,8; spawn,1; write,1,a,0,1; read,1,a,1,3; drain");
	struct scan_control sc;

	/* pages 0 to 2 are the oldest, and 1 has another reference */
	folio(x, 1)->extra_refs = 1;
	for (uint32_t p = 0; p < 3; p++)
		lru_mglru.move_tail(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", p));
	sc = shrink(x, 0, 100);
	folio(x, 1)->extra_refs = 0;
	TL_EQ(sc.nr_reclaimed, 2, "page 2, and 3 of the next generation");
	TL_EQ(sc.nr_scanned, 5, "the busy one twice");
	TL_EQ(tl_stat(x, VM_pgscan_direct), 4, "isolated once");
	TL_EQ(tl_stat(x, VM_pgrotate_file), 2, "kept");
	TL_EQ(tl_stat(x, VM_pgactivate), 1, "the dirty one");
	/* a referenced page would go to generation 1, but that is the oldest now */
	TL_EQ(gen(x, 1), 2, "busy");
	TL_EQ(folio(x, 1)->flags & LRU_REFS_FLAGS, 0, "busy: starts over");
	TL_EQ(gen(x, 0), 2, "dirty");
	TL_EQ(folio(x, 0)->flags & PG_reclaim, PG_reclaim, "dirty");
	tl_free(x);
}

/* lru_deactivate_file(): drop_caches of a dirty page, and demote */
static void test_deactivate(void)
{
	static const struct {
		uint16_t flags;
		bool oldest;
		int gen;
		uint64_t deactivated;
	} rows[] = {
		{ PG_referenced | REFS(2) | PG_workingset, false, 0, 1 },
		{ PG_referenced | REFS(2) | PG_workingset, true, 0, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = run(NULL, "file,a,8; spawn,1; write,1,a,0,1; drain");
		uint32_t slot = tl_slot(x, "a", 0);

		lru_mglru.del(x->s, &x->s->memcg[0].lruvec, slot);
		folio(x, 0)->flags |= rows[i].oldest ? 0 : PG_active;
		lru_mglru.add(x->s, &x->s->memcg[0].lruvec, &slot, 1);
		folio(x, 0)->flags |= rows[i].flags;
		TL_EQ(deactivate_file_folio(x->s, 0, slot), 1, "row %d", (int)i);
		TL_EQ(folio(x, 0)->flags & (LRU_REFS_FLAGS | PG_workingset), 0, "row %d", (int)i);
		lru_add_drain_all(x->s);
		TL_EQ(gen(x, 0), rows[i].gen, "row %d", (int)i);
		TL_EQ(tl_stat(x, VM_pgdeactivate), rows[i].deactivated, "row %d", (int)i);
		tl_free(x);
	}
}

/* set_initial_priority(): fls(inactive) - 1 - fls(wanted - 1), 6 to 12 */
static void test_initial_priority(void)
{
	static const struct {
		uint64_t nr_to_reclaim;
		int before, after;
	} rows[] = {
		/* 4096 inactive pages: 13 - 1 - 7, 13 - 1 - 6 and so on */
		{ 63, 12, 12 }, { 64, 12, 6 }, { 65, 12, 6 }, { 2000, 12, 6 }, { 64, 11, 11 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x =
			run("memory_pages=20000", "file,a,5000; spawn,1; read,1,a,0,4096; drain");
		struct scan_control sc = { .nr_to_reclaim = rows[i].nr_to_reclaim,
					   .priority = rows[i].before,
					   .kswapd = true };

		lru_mglru.age_node(x->s, &x->s->memcg[0].lruvec, &sc);
		TL_EQ(sc.priority, rows[i].after, "row %d", (int)i);
		tl_free(x);
	}
}

/*
 * min_ttl_ms: generations 0 to 3 were opened at 0, 102, 200 and 300 ms, in ticks of
 * 4 ms 0, 25, 50 and 75. There are 64 file pages and 40 anon pages; these are
 * evicted if 64 swap slots are left.
 */
static void test_min_ttl(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		uint32_t ttl_ms, swap;
		uint64_t now_us, min_anon, min_file;
		int priority;
		bool kill;
	} rows[] = {
		{ &kernel_7_3, 0, 0, 0, 0, 0, 12, false },
		/* 250 ticks must pass */
		{ &kernel_7_3, 1000, 0, 300000, 0, 0, 0, true },
		{ &kernel_7_3, 1000, 0, 1000000, 0, 0, 0, true },
		{ &kernel_7_3, 1000, 0, 1003999, 0, 0, 0, true },
		{ &kernel_7_3, 1000, 0, 1004000, 0, 0, 0, false },
		/* 251 for one millisecond more */
		{ &kernel_7_3, 1001, 0, 1004000, 0, 0, 0, true },
		{ &kernel_7_3, 1001, 0, 1008000, 0, 0, 0, false },
		/* counted from the generation that was opened in tick 25 */
		{ &kernel_7_3, 1000, 0, 1103999, 0, 1, 0, true },
		{ &kernel_7_3, 1000, 0, 1104000, 0, 1, 0, false },
		/* anon is older: in v7.3 it counts if it is evicted, in v6.12 it does not */
		{ &kernel_7_3, 1000, 64, 1004000, 0, 1, 0, false },
		{ &kernel_7_3, 1000, 63, 1004000, 0, 1, 0, true },
		{ &kernel_6_12, 1000, 64, 1004000, 0, 1, 0, true },
		{ &kernel_6_12, 1000, 64, 1104000, 0, 1, 0, false },
		{ &kernel_6_12, 1000, 64, 1004000, 1, 0, 0, false },
		/* old enough, but less than a page at this priority: 64 >> 7, 104 >> 7 */
		{ &kernel_7_3, 1000, 0, 9000000, 0, 0, 6, false },
		{ &kernel_7_3, 1000, 0, 9000000, 0, 0, 7, true },
		{ &kernel_7_3, 1000, 64, 9000000, 0, 0, 6, false },
		{ &kernel_7_3, 1000, 64, 9000000, 0, 0, 7, true },
		{ &kernel_6_12, 1000, 64, 9000000, 0, 0, 12, true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine = g_strdup_printf("swap_pages=%u min_ttl_ms=%u",
							   rows[i].swap, rows[i].ttl_ms);
		struct tl *x = tl_new_kernel(rows[i].kernel, &lru_mglru, machine, NULL,
					     "file,a,64; spawn,1; read,1,a,0,64; anon,1,0,40,rw-p;"
					     "touch,1,0,40,w; drain");
		static const uint64_t born_ms[] = { 0, 102, 200, 300 };
		struct scan_control sc = { .priority = rows[i].priority,
					   .kswapd = true,
					   .may_swap = true };

		TL_EQ(tl_end(x), 1, "row %d", (int)i);
		for (int j = 0; j < 4; j++)
			state(x)->born_ns[j] = born_ms[j] * 1000000;
		state(x)->min_seq[LRU_ANON] = rows[i].min_anon;
		state(x)->min_seq[LRU_FILE] = rows[i].min_file;
		x->s->clock.now_ns = rows[i].now_us * 1000;
		TL_EQ(lru_mglru.age_node(x->s, &x->s->memcg[0].lruvec, &sc), rows[i].kill, "row %d",
		      (int)i);
		tl_free(x);
	}
}

/* a generation is opened at the time of the walk and takes the place of the oldest */
static void test_birth(void)
{
	struct tl *x = run(NULL, "file,a,8; spawn,1; advance,7ms; read,1,a,0,1; drain");
	struct mglru *g = state(x);

	g->min_seq[LRU_ANON] = g->min_seq[LRU_FILE] = 1;
	lru_gen_age(x->s, g, 0);
	TL_EQ(g->max_seq, 4, "aged");
	TL_EQ(g->born_ns[0], 7000000, "the fifth");
	for (int i = 1; i < 4; i++)
		TL_EQ(g->born_ns[i], 0, "%d: as old as the trace", i);
	tl_free(x);
}

/* sizes: the two youngest generations are active */
static void test_sizes(void)
{
	struct tl *x = run(NULL, "file,a,40; spawn,1; read,1,a,0,20; write,1,a,20,5;"
				 "anon,1,0,7,rw-p; touch,1,0,7,w; drain");
	struct mglru *g = state(x);

	TL_EQ(tl_stat(x, VM_nr_inactive_file), 25, "file");
	TL_EQ(tl_stat(x, VM_nr_active_file), 0, "file");
	TL_EQ(tl_stat(x, VM_nr_active_anon), 7, "anon");
	lru_mglru.activate(x->s, &x->s->memcg[0].lruvec, tl_slot(x, "a", 3));
	TL_EQ(tl_stat(x, VM_nr_active_file), 1, "activated");
	TL_EQ(tl_stat(x, VM_nr_inactive_file), 24, "activated");
	lru_gen_walk_mms(x->s, state(x), 3, 0);
	g->max_seq++;
	g->min_seq[0]++;
	g->min_seq[1]++;
	/* pages that were only written are in the list that is now the youngest's: as in
	 * the kernel, if a generation is reused before it is empty */
	TL_EQ(tl_stat(x, VM_nr_active_file), 5, "aged");
	TL_EQ(tl_stat(x, VM_nr_active_anon), 0, "aged");
	tl_free(x);
}

/* the check of the model finds broken state */
static void test_check(void)
{
	struct tl *x = run(NULL, "file,a,40; spawn,1; read,1,a,0,20; drain");
	struct mglru *g = state(x);
	struct folio *f = folio(x, 3);

	CU_ASSERT_FATAL(lru_mglru.check(x->s, &x->s->memcg[0].lruvec, &x->err) == 0);
#define BREAK(change, undo)                                                                        \
	do {                                                                                       \
		change;                                                                            \
		CU_ASSERT(lru_mglru.check(x->s, &x->s->memcg[0].lruvec, &x->err) == -EIO);         \
		undo;                                                                              \
	} while (0)
	BREAK(f->pos++, f->pos--);
	BREAK(f->flags |= PG_active, f->flags &= (uint16_t)~PG_active);
	BREAK(f->flags |= PG_swapbacked, f->flags &= (uint16_t)~PG_swapbacked);
	BREAK(f->gen++, f->gen--);
	BREAK(f->gen ^= 1 << LIST_SHIFT, f->gen ^= 1 << LIST_SHIFT);
	BREAK(g->nr_pages[0][LRU_FILE]++, g->nr_pages[0][LRU_FILE]--);
	BREAK(g->lists[1][LRU_FILE].nr--, g->lists[1][LRU_FILE].nr++);
	BREAK(g->min_seq[LRU_ANON] = 3, g->min_seq[LRU_ANON] = 0);
	BREAK(g->max_seq++, g->max_seq--);
#undef BREAK
	TL_EQ(lru_mglru.check(x->s, &x->s->memcg[0].lruvec, &x->err), 0, "whole again");
	tl_free(x);
}

static unsigned int memcg_gen(const struct tl *x, int i)
{
	return ((const struct mglru *)x->s->memcg[i].lruvec.lists)->memcg_gen;
}

/*
 * lru_gen_rotate_memcg(): young ones are in the next generation, which is the old one when all
 * have gone there. shrink_many(): each memcg of the old generation once, unless it is put to the
 * end because it has too little, and again then, or becomes young.
 */
static void test_memcg_lru(void)
{
	struct tl *x = tl_new_lru(&lru_mglru,
				  "memory_pages=4000 memcg2_pages=4000 readahead_pages=0", NULL,
				  "file,a,2000; file,b,40; spawn,1; read,1,a,0,2000; spawn,2;"
				  "cgroup,2,1; read,2,b,0,40; drain; mark,m");
	struct scan_control sc = {
		.nr_to_reclaim = 100000, .priority = 12, .kswapd = true, .order = 9
	};
	unsigned int seen[3] = { 0 };
	struct mem_cgroup *memcg;
	struct mglru *g[3];

	tl_to(x, "m");
	for (int i = 0; i < 3; i++)
		g[i] = x->s->memcg[i].lruvec.lists;
	TL_EQ(memcg_gen(x, 0) + memcg_gen(x, 1) + memcg_gen(x, 2), 0, "all are old");
	lru_gen_rotate_memcg(g[0], MEMCG_LRU_YOUNG);
	lru_gen_rotate_memcg(g[1], MEMCG_LRU_TAIL);
	TL_EQ(memcg_gen(x, 0) * 100 + memcg_gen(x, 1) * 10 + g[1]->seg, 102,
	      "young, and at a tail");
	lru_gen_rotate_memcg(g[1], MEMCG_LRU_YOUNG);
	lru_gen_rotate_memcg(g[2], MEMCG_LRU_YOUNG);
	lru_gen_rotate_memcg(g[0], MEMCG_LRU_YOUNG);
	TL_EQ(memcg_gen(x, 0) * 100 + memcg_gen(x, 1) * 10 + memcg_gen(x, 2), 211,
	      "what was young is old");
	lru_gen_rotate_memcg(g[0], MEMCG_LRU_OLD);
	TL_EQ(memcg_gen(x, 0), 1, "back");

	/* 2000 and 40 pages are 0 at priority 12: each goes to the end, and is young then */
	for (int pass = 0; pass < 4; pass++)
		for (memcg = lru_gen_next_memcg(x->s, NULL, &sc); memcg;
		     memcg = lru_gen_next_memcg(x->s, memcg, &sc))
			seen[memcg - x->s->memcg]++;
	CU_ASSERT(seen[0] >= 2 && seen[1] >= 2 && seen[2] >= 2);
	/* at priority 6 only the root and the second are too small */
	sc.priority = 6;
	lru_gen_rotate_memcg(g[1], MEMCG_LRU_OLD);
	for (memcg = lru_gen_next_memcg(x->s, NULL, &sc); memcg;
	     memcg = lru_gen_next_memcg(x->s, memcg, &sc))
		;
	TL_EQ(g[1]->seg, 0, "stays where it is");
	sc.need_rotate = true;
	sc.nr_reclaimed = 200000;
	memcg = lru_gen_next_memcg(x->s, NULL, &sc);
	CU_ASSERT_PTR_NOT_NULL(memcg);
	CU_ASSERT_PTR_NULL(lru_gen_next_memcg(x->s, memcg, &sc));
	tl_free(x);
}

void suite_lru_mglru(void)
{
	CU_pSuite s = CU_add_suite("lru_mglru", NULL, NULL);

	CU_add_test(s, "where pages are placed", test_placement);
	CU_add_test(s, "where flags place them", test_placement_by_flags);
	CU_add_test(s, "marks count", test_marks);
	CU_add_test(s, "folio_check_references", test_check_references);
	CU_add_test(s, "the memcg LRU", test_memcg_lru);
	CU_add_test(s, "shadows and refaults", test_shadows);
	CU_add_test(s, "where refaults are placed", test_refault_placement);
	CU_add_test(s, "walk: pages", test_walk_pages);
	CU_add_test(s, "walk: swappiness", test_walk_swappiness);
	CU_add_test(s, "walk: processes", test_walk_processes);
	CU_add_test(s, "walk: page tables", test_walk_tables);
	CU_add_test(s, "walk: mappings that share a table", test_walk_shared_table);
	CU_add_test(s, "look around: where", test_look_around);
	CU_add_test(s, "look around: what", test_look_around_promotes);
	CU_add_test(s, "tiers", test_tiers);
	CU_add_test(s, "averages", test_averages);
	CU_add_test(s, "anon or file", test_type);
	CU_add_test(s, "when to age", test_when_to_age);
	CU_add_test(s, "the oldest generation moves on", test_inc_min_seq);
	CU_add_test(s, "how far the types drift apart", test_window);
	CU_add_test(s, "what reclaim rejects", test_rejected);
	CU_add_test(s, "deactivation", test_deactivate);
	CU_add_test(s, "initial priority", test_initial_priority);
	CU_add_test(s, "min_ttl_ms", test_min_ttl);
	CU_add_test(s, "birth of a generation", test_birth);
	CU_add_test(s, "sizes", test_sizes);
	CU_add_test(s, "check", test_check);
}
