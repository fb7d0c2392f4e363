// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/damon.c: DAMON_STAT of v7.3. Its intervals are those of damon_stat_build_ctx(). */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/damon.h"
#include "sim/mm/rmap.h"
#include "tests/unit/testlib.h"

void suite_damon(void);

/* few page frames: each is sampled in a second */
#define SMALL "ram_pages=64 damon_stat="

static void test_off(void)
{
	struct tl *x = tl_run(NULL, NULL, "file,a,8; spawn,1; read,1,a,0,8; advance,60s");

	CU_ASSERT_PTR_NULL(x->s->damon);
	tl_free(x);
}

/* a page that was sampled after its last use gets no mark at the death of its process */
static void test_costs_marks(void)
{
	static const struct {
		const char *machine, *ops;
		uint32_t marks;
		const char *what;
	} rows[] = {
		{ SMALL "off", "advance,2s", 64, "no monitor" },
		{ SMALL "on", "", 64, "a monitor, but no time" },
		{ SMALL "on", "advance,2s", 0, "all have been sampled" },
		{ SMALL "on", "advance,2s; touch,1,3,2,r", 2, "two are used after that" },
		{ SMALL "on max_folio_order=2", "advance,2s; touch,1,3,2,r", 2, "in two folios" },
		/* some 210 of 5000 frames; which, the seed decides */
		{ "ram_pages=5000 damon_stat=on", "advance,100ms", 60, "few samples" },
		{ "ram_pages=5000 damon_stat=on damon_seed=2", "advance,100ms", 62,
		  "other places" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,64; spawn,1; write,1,a,0,64; map,1,0,64,r--p,a,0; drain;"
			"touch,1,0,64,r; %s; mrelease,1",
			rows[i].ops[0] ? rows[i].ops : "drain");
		struct tl *x = tl_run(rows[i].machine, NULL, text);

		TL_EQ(tl_stat(x, VM_sim_zap_marks), rows[i].marks, "%s", rows[i].what);
		tl_free(x);
	}
}

/* what the monitor took from the PTEs is not lost on reclaim: PG_young is a reference, once */
static void test_kept_for_reclaim(void)
{
	struct tl *x =
		tl_run(SMALL "on", NULL,
		       "file,a,64; spawn,1; spawn,2; read,1,a,0,64; map,1,0,64,r-xp,a,0;"
		       "map,2,0,64,r--p,a,0; drain; touch,1,0,1,r; touch,2,0,1,r; touch,1,1,1,r;"
		       "advance,2s; touch,1,1,1,r");
	bool exec;

	TL_EQ(tl_pte(x, 1, 0) & PTE_young, 0, "sampled");
	TL_EQ(tl_folio(x, "a", 0)->young, true, "sampled");
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 0), &exec), 1, "two PTEs, one PG_young");
	TL_EQ(exec, true, "of the first mapping, which is code");
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 0), &exec), 0, "again");
	TL_EQ(folio_referenced(x->s, tl_slot(x, "a", 1), &exec), 1, "a young PTE and PG_young");
	TL_EQ(tl_folio(x, "a", 1)->idle, false, "by the young PTE");
	TL_EQ(tl_folio(x, "a", 0)->idle, true, "PG_young does not make it busy");
	tl_free(x);
}

/* clear_refs clears PG_young, too; a page that is read anew has neither bit */
static void test_bits_end(void)
{
	struct tl *x = tl_new(
		SMALL "on", NULL,
		"file,a,64; spawn,1; read,1,a,0,64; map,1,0,64,r--p,a,0; drain;"
		"touch,1,0,64,r; advance,2s; mark,sampled; clear_refs,1; mark,cleared; exit,1;"
		"drain; drop_caches; spawn,2; read,2,a,0,8");
	tl_to(x, "sampled");
	TL_EQ(tl_folio(x, "a", 5)->young, true, "sampled");
	tl_to(x, "cleared");
	TL_EQ(tl_folio(x, "a", 5)->young, false, "clear_refs");
	TL_EQ(tl_folio(x, "a", 5)->idle, true, "clear_refs leaves PG_idle");
	CU_ASSERT(tl_end(x) == 1);
	TL_EQ(tl_folio(x, "a", 5)->idle, false, "new");
	tl_free(x);
}

/* the interval doubles each 60 intervals as long as nobody uses memory, up to 10 s */
static void test_tuned(void)
{
	static const struct {
		const char *ops;
		uint64_t us;
	} rows[] = {
		{ "advance,299ms", 5000 },     { "advance,300ms", 10000 },
		{ "advance,899ms", 10000 },    { "advance,900ms", 20000 },
		{ "advance,7200s", 10000000 },
	};
	GString *busy =
		g_string_new("file,a,64; spawn,1; map,1,0,64,r--p,a,0; touch,1,0,64,r; drain");
	struct tl *x;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,64; ", rows[i].ops, NULL);

		x = tl_run(SMALL "on", NULL, text);
		TL_EQ(damon_sample_us(x->s), rows[i].us, "%s", rows[i].ops);
		tl_free(x);
	}
	x = tl_run(SMALL "on damon_sample_us=1000000", NULL, "file,a,64; advance,60s");
	TL_EQ(damon_sample_us(x->s), 2000000, "from another interval on");
	tl_free(x);
	/* used all the time: it is halved down to 5 ms */
	for (int i = 0; i < 60; i++)
		g_string_append(busy, "; touch,1,0,64,r; advance,40ms");
	x = tl_run(SMALL "on damon_sample_us=40000", NULL, busy->str);
	TL_EQ(damon_sample_us(x->s), 20000, "busy");
	tl_free(x);
	g_string_free(busy, TRUE);
}

/* hot and cold pages by turns make regions; idle memory has few */
static void test_regions(void)
{
	GString *ops = g_string_new("file,a,4000; spawn,1; map,1,0,4000,r--p,a,0; touch,1,0,4000,r;"
				    "drain");
	struct tl *x = tl_run("ram_pages=4000 damon_stat=on", NULL, "file,a,8; spawn,1");

	TL_EQ(damon_nr_regions(x->s), 10, "at first");
	tl_free(x);
	x = tl_run("ram_pages=4000 damon_stat=on", NULL, "file,a,8; spawn,1; advance,3600s");
	CU_ASSERT(damon_nr_regions(x->s) >= 10 && damon_nr_regions(x->s) <= 60);
	tl_free(x);
	for (int i = 0; i < 1200; i++)
		g_string_append(ops, "; touch,1,0,1000,r,4; touch,1,1,1000,r,4; advance,5ms");
	x = tl_run("ram_pages=4000 damon_stat=on", NULL, ops->str);
	CU_ASSERT(damon_nr_regions(x->s) > 500 && damon_nr_regions(x->s) <= 1000);
	tl_free(x);
	g_string_free(ops, TRUE);
	/* the limit of a region is computed without overflow */
	x = tl_run("ram_pages=4294967295 damon_stat=on", NULL, "file,a,8; spawn,1");
	TL_EQ(damon_nr_regions(x->s), 10, "the largest machine");
	tl_free(x);
}

/* a kernel without the monitor refuses the key */
static void test_refused(void)
{
	struct sim_config cfg = { .kernel = &kernel_6_12, .machine = tl_machine("damon_stat=on") };
	struct err err;

	CU_ASSERT(sim_config_check(&cfg, &err) == -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "machine key damon_stat is on, expected off: kernel 6.12 "
					"has no DAMON_STAT");
	cfg.kernel = &kernel_7_3;
	CU_ASSERT(sim_config_check(&cfg, &err) == 0);
	cfg.machine = tl_machine("exec_folio_order=4");
	CU_ASSERT(sim_config_check(&cfg, &err) == 0);
	cfg.kernel = &kernel_6_12;
	CU_ASSERT(sim_config_check(&cfg, &err) == -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg,
			       "machine key exec_folio_order is 4, expected 0: kernel 6.12 "
			       "has no exec_folio_order()");
}

void suite_damon(void)
{
	CU_pSuite s = CU_add_suite("damon", NULL, NULL);

	CU_add_test(s, "off by default", test_off);
	CU_add_test(s, "sampled pages get no mark", test_costs_marks);
	CU_add_test(s, "reclaim counts PG_young", test_kept_for_reclaim);
	CU_add_test(s, "what clears the bits", test_bits_end);
	CU_add_test(s, "the interval is tuned", test_tuned);
	CU_add_test(s, "regions split and merge", test_regions);
	CU_add_test(s, "kernels without it", test_refused);
}
