// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/batch.c: the per-CPU batches of v7.3 mm/folio.c, and folio_mark_accessed() of a
 * folio that is in one.
 */
#include <CUnit/CUnit.h>

#include "sim/mm/batch.h"
#include "sim/mm/zap.h"
#include "tests/unit/testlib.h"

void suite_batch(void);

/* FOLIO_BATCH_SIZE is 31 (include/linux/folio_batch.h): folio_batch_add()
 * returns the space left, and at 0 the batch goes to the lists */
static void test_lru_add_31(void)
{
	static const struct {
		const char *reads;
		uint64_t listed, waiting;
	} rows[] = {
		{ "read,1,a,0,30", 0, 30 },
		{ "read,1,a,0,31", 31, 0 },
		{ "read,1,a,0,32", 31, 1 },
		{ "read,1,a,0,62", 62, 0 },
		{ "read,1,a,0,100", 93, 7 },
		{ "read,1,a,0,30; drain", 30, 0 },
		/* each CPU has its own batch; drain drains all of them */
		{ "read,1,a,0,30; read,2,a,50,30", 0, 60 },
		{ "read,1,a,0,31; read,2,a,50,30", 31, 30 },
		{ "read,1,a,0,30; read,2,a,50,30; drain", 60, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,200; spawn,1,0; spawn,2,1;", rows[i].reads, NULL);
		struct tl *x = tl_run("cpus=2", NULL, text);

		TL_EQ(tl_stat(x, VM_nr_inactive_file), rows[i].listed, "%s", rows[i].reads);
		TL_EQ(x->s->cpus[0].lru_add.nr + x->s->cpus[1].lru_add.nr, rows[i].waiting, "%s",
		      rows[i].reads);
		tl_free(x);
	}
}

/* the list keeps the order of the batch: the page read first is reclaimed first */
static void test_order(void)
{
	struct tl *x = tl_run(NULL, NULL, "file,a,200; spawn,1; read,1,a,5,2; read,1,a,0,3; drain");
	g_autofree char *list = tl_list(x, "inactive_file");

	TL_STR(list, "a:2 a:1 a:0 a:6 a:5", "newest first");
	tl_free(x);
}

/* pages in the lru_activate batch are still on the inactive list */
static void test_lru_activate_31(void)
{
	for (unsigned int n = 29; n <= 33; n++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,200; spawn,1; spawn,2; read,1,a,0,%u; drain; read,2,a,0,%u;"
			"mark,second; drain",
			n, n);
		struct tl *x = tl_run(NULL, NULL, text);
		uint64_t moved = n >= 31 ? 31 : 0;

		TL_EQ(tl_at(x, "second", VM_nr_active_file), moved, "%u pages", n);
		TL_EQ(tl_at(x, "second", VM_pgactivate), moved, "%u pages", n);
		TL_EQ(tl_stat(x, VM_nr_active_file), n, "%u pages, drained", n);
		TL_EQ(tl_stat(x, VM_pgactivate), n, "%u pages, drained", n);
		tl_free(x);
	}
}

/*
 * folio_mark_accessed() of a page that is on no list yet: sets PG_active if the page is in
 * this CPU's lru_add batch, without counting pgactivate. The batches of other CPUs are not
 * searched, so the activation is lost. Both clear PG_referenced and advance the workingset
 * clock (workingset_activation()).
 */
static const struct {
	const char *ops;
	uint16_t flags; /* of page 0 once drained */
	const char *where;
	uint64_t pgactivate;
	const char *what;
} marks[] = {
	{ "read,1,a,0,1; drain", PG_referenced, "inactive_file", 0, "first mark" },
	{ "read,1,a,0,1; read,2,a,0,1; drain", PG_active, "active_file", 0,
	  "second mark in the same CPU's lru_add batch" },
	{ "read,1,a,0,1; read,3,a,0,1; drain", 0, "inactive_file", 0,
	  "second mark from another CPU: lost" },
	{ "read,1,a,0,1; read,3,a,0,1; read,2,a,0,1; drain", PG_referenced, "inactive_file", 0,
	  "a lost mark starts over" },
	{ "read,1,a,0,1; drain; read,3,a,0,1; drain", PG_active, "active_file", 1,
	  "on a list, any CPU may activate" },
	{ "read,1,a,0,1; read,2,a,0,1; read,1,a,1,1; read,1,a,0,1; drain",
	  PG_active | PG_referenced, "active_file", 0, "third mark of an active page: referenced" },
	{ "read,1,a,0,1; drain; read,2,a,0,1; drain; read,1,a,1,1; read,1,a,0,1;"
	  "read,2,a,1,1; read,2,a,0,1; drain",
	  PG_active | PG_referenced, "active_file", 1, "no more than that" },
	/* a page in the lru_activate batch is not active yet: two more marks
	 * queue it again, and lru_activate() ignores the second entry */
	{ "read,1,a,0,1; drain; read,2,a,0,1; read,3,a,0,1; read,4,a,0,1; drain", PG_active,
	  "active_file", 1, "queued twice, activated once" },
};

static void test_marks(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
		g_autofree char *text =
			g_strconcat("file,a,200; spawn,1,0; spawn,2,0; spawn,3,1; spawn,4,1;",
				    marks[i].ops, NULL);
		struct tl *x = tl_run("cpus=2", NULL, text);
		uint16_t flags = tl_folio(x, "a", 0)->flags & (PG_active | PG_referenced);

		TL_EQ(flags, marks[i].flags, "%s", marks[i].what);
		TL_STR(tl_where(x, "a", 0), marks[i].where, "%s", marks[i].what);
		TL_EQ(tl_stat(x, VM_pgactivate), marks[i].pgactivate, "%s", marks[i].what);
		tl_free(x);
	}
}

/* __lru_cache_activate_folio() finds a page anywhere in the batch */
static void test_batch_search(void)
{
	for (uint32_t page = 0; page < 30; page += 29) {
		g_autofree char *text = g_strdup_printf(
			"file,a,200; spawn,1; spawn,2; read,1,a,0,30; read,2,a,%u,1; drain", page);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *active = tl_pages(x, "a", PG_active);
		g_autofree char *want = g_strdup_printf("%u", page);

		TL_STR(active, want, "page %u of the batch", page);
		tl_free(x);
	}
}

/*
 * A batch holds a reference (folio_get() in __folio_batch_add_and_move()). drop_caches
 * drains the batches first, so it can drop the page. mapping_evict_folio() of +evict does
 * not, so it keeps a page that is in the lru_activate batch. Reclaim only drains the
 * batches of its own CPU.
 */
static void test_references(void)
{
	struct tl *x = tl_new("cpus=2", NULL,
			      "file,a,200; spawn,1,0; spawn,2,1; read,1,a,0,3; mark,add; drain;"
			      "read,2,a,0,2; mark,activate; drain; mark,none; read,1,a,0,1;"
			      "read,2,a,10,1; drop_caches");

	tl_to(x, "add");
	TL_EQ(tl_folio(x, "a", 0)->extra_refs, 1, "in lru_add");
	tl_to(x, "activate");
	TL_EQ(tl_folio(x, "a", 0)->extra_refs, 1, "in lru_activate");
	TL_EQ(tl_folio(x, "a", 2)->extra_refs, 0, "in none");
	TL_STR(tl_where(x, "a", 0), "inactive_file", "still listed");
	tl_to(x, "none");
	TL_EQ(tl_folio(x, "a", 0)->extra_refs, 0, "drained");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_stat(x, VM_nr_file_pages), 0, "drop_caches drains all CPUs");
	tl_free(x);
}

/* +evict: the victim's read() and its young PTE are two marks. The zap itself queues the
 * activation, which blocks the eviction, until the 31st entry drains the batch */
static void test_pending_activation_blocks_evict(void)
{
	static const struct {
		unsigned int pages;
		uint64_t evicted, kept;
	} rows[] = {
		{ 1, 0, 1 }, { 30, 0, 30 }, { 31, 31, 0 }, { 32, 31, 1 }, { 40, 31, 9 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned int n = rows[i].pages;
		g_autofree char *text = g_strdup_printf(
			"file,a,200; spawn,1; read,1,a,0,%u; map,1,0,%u,r--p,a,0; touch,1,0,%u,r;"
			"drain; mrelease,1",
			n, n, n);
		struct tl *x = tl_run(NULL, "baseline+evict", text);

		TL_EQ(tl_stat(x, VM_sim_zap_evicted), rows[i].evicted, "%u pages", n);
		TL_EQ(tl_stat(x, VM_sim_zap_kept), rows[i].kept, "%u pages", n);
		TL_EQ(tl_stat(x, VM_nr_file_pages), rows[i].kept, "%u pages", n);
		tl_free(x);
	}
}

/* demote+evict cannot evict pages in the lru_deactivate_file batch */
static void test_pending_deactivation(void)
{
	static const struct {
		unsigned int pages;
		uint64_t evicted, kept;
	} rows[] = {
		{ 30, 0, 30 },
		{ 31, 31, 0 },
		{ 40, 31, 9 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		unsigned int n = rows[i].pages;
		g_autofree char *text = g_strdup_printf(
			"file,a,200; spawn,1; map,1,0,%u,r--p,a,0; touch,1,0,%u,r; drain; exit,1;"
			"mark,waiting; drain",
			n, n);
		struct tl *x = tl_run(NULL, "demote+evict", text);

		TL_EQ(tl_stat(x, VM_sim_zap_demoted), n, "%u pages", n);
		TL_EQ(tl_stat(x, VM_sim_zap_evicted), rows[i].evicted, "%u pages", n);
		TL_EQ(tl_at(x, "waiting", VM_pgrotated), rows[i].evicted, "%u pages", n);
		TL_EQ(tl_stat(x, VM_pgrotated), n, "%u pages", n);
		TL_EQ(tl_stat(x, VM_nr_file_pages), rows[i].kept, "%u pages", n);
		tl_free(x);
	}
}

/* lru_deactivate_file() leaves mapped pages alone. A dirty PTE delays the rmap update, so pages
 * that fill the batch in the middle of a page table still count as mapped */
static void test_deactivation_of_mapped(void)
{
	struct tl *x =
		tl_run(NULL, "demote",
		       "file,t,40,shmem; spawn,1; map,1,0,40,rw-s,t,0; touch,1,0,40,w; drain;"
		       "exit,1; drain");
	g_autofree char *referenced = tl_pages(x, "t", PG_reclaim);

	TL_EQ(tl_stat(x, VM_sim_zap_demoted), 40, "queued");
	TL_STR(referenced, "31-39", "moved; the first 31 had their rmap still");
	tl_free(x);
}

/* folio_batch_move_lru(lru_add): an anon page whose last reference is the batch's is freed
 * and not put on a list */
static void test_dead_folio(void)
{
	struct tl *x = tl_run("memcg_pages=500", NULL,
			      "spawn,1; anon,1,0,5,rw-p; touch,1,0,5,w; exit,1; mark,waits; drain");

	TL_EQ(tl_at(x, "waits", VM_nr_free_pages), 495, "the batch keeps them");
	TL_EQ(tl_at(x, "waits", VM_nr_anon_pages), 0, "nobody maps them");
	TL_EQ(tl_stat(x, VM_nr_free_pages), 500, "freed by the drain");
	TL_EQ(tl_stat(x, VM_nr_inactive_anon), 0, "never listed");
	tl_free(x);
}

/*
 * Bug: an anon page that was unmapped while in the lru_activate batch was never freed.
 * MGLRU queues anon pages there when reclaim looks around a page table. Expected 0 pages
 * left, it was 1, listed and charged.
 */
static void test_dead_in_activate_batch(void)
{
	struct tl *x =
		tl_run("memcg_pages=500", NULL, "spawn,1; anon,1,0,1,rw-p; touch,1,0,1,w; drain");

	folio_activate(x->s, 0, tl_anon_slot(x, 1, 0));
	zap_unmap(x->s, tl_mm(x, 1), 0, 1);
	TL_EQ(tl_stat(x, VM_nr_free_pages), 499, "the batch keeps it");
	lru_add_drain_all(x->s);
	TL_EQ(tl_stat(x, VM_nr_free_pages), 500, "freed by the drain");
	TL_EQ(tl_stat(x, VM_nr_active_anon) + tl_stat(x, VM_nr_inactive_anon), 0, "not listed");
	TL_EQ(tl_stat(x, VM_pgactivate), 1, "activated before");
	tl_free(x);
}

/* a page can be in the batches of many CPUs: the count of references stays exact */
static void test_reference_count_limit(void)
{
	GString *text = g_string_new("file,a,4; spawn,1,0; read,1,a,0,1; drain;");
	struct tl *x;

	/* each pair of marks queues it again on a CPU; 30 entries fit in a batch */
	for (int cpu = 0; cpu < 8; cpu++) {
		g_string_append_printf(text, "spawn,%d,%d; spawn,%d,%d;", 10 + cpu, cpu, 20 + cpu,
				       cpu);
		for (int i = 0; i < 29; i++)
			g_string_append_printf(text,
					       "read,%d,a,0,1; read,%d,a,1,1;"
					       "read,%d,a,0,1; read,%d,a,1,1;",
					       10 + cpu, 10 + cpu, 20 + cpu, 20 + cpu);
	}
	g_string_append(text, "drain");
	x = tl_run("cpus=8", NULL, text->str);
	TL_EQ(tl_folio(x, "a", 0)->extra_refs, 0, "all given back");
	TL_STR(tl_where(x, "a", 0), "active_file", "active");
	tl_free(x);
	g_string_free(text, TRUE);
}

void suite_batch(void)
{
	CU_pSuite s = CU_add_suite("batch", NULL, NULL);

	CU_add_test(s, "31 pages wait for their list", test_lru_add_31);
	CU_add_test(s, "order", test_order);
	CU_add_test(s, "31 pages wait for activation", test_lru_activate_31);
	CU_add_test(s, "marks of a page that waits", test_marks);
	CU_add_test(s, "the whole batch is searched", test_batch_search);
	CU_add_test(s, "a batch holds a reference", test_references);
	CU_add_test(s, "a pending activation blocks +evict", test_pending_activation_blocks_evict);
	CU_add_test(s, "a pending deactivation blocks +evict", test_pending_deactivation);
	CU_add_test(s, "deactivation leaves what is mapped", test_deactivation_of_mapped);
	CU_add_test(s, "dead anon pages are freed", test_dead_folio);
	CU_add_test(s, "and in the activation batch", test_dead_in_activate_batch);
	CU_add_test(s, "one page in many batches", test_reference_count_limit);
}
