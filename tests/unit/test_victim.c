// SPDX-License-Identifier: GPL-2.0-only
/* sim/victim.c: advice for a victim, in untimed and in timed runs, and the race with its exit. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "tests/unit/testlib.h"

void suite_victim(void);

#define VICTIM                                                                                     \
	"file,a,200; file,b,200; spawn,1; map,1,0,100,r--p,a,0; touch,1,0,100,r;"                  \
	"anon,1,1000,10,rw-p; touch,1,1000,10,w; map,1,2000,50,rw-s,b,0; touch,1,2000,50,r; "      \
	"drain;"

/* what each policy leaves of a victim's files; other deaths are those of baseline */
static void test_policies(void)
{
	static const struct {
		const char *policy, *end;
		uint64_t cached, marks, referenced;
	} rows[] = {
		{ "baseline", "mrelease,1", 150, 150, 150 },
		{ "cold-first", "mrelease,1", 150, 0, 0 },
		{ "cold-first:when=before", "mrelease,1", 150, 0, 0 },
		{ "cold-first", "kill,1", 150, 150, 150 },
		{ "cold-first", "exit,1", 150, 150, 150 },
		{ "cold-first", "spawn,2; map,2,0,30,r--p,a,0; touch,2,0,30,r; mrelease,1", 150, 30,
		  30 },
		{ "pageout-first", "mrelease,1", 0, 0, 0 },
		{ "pageout-first", "spawn,2; map,2,0,30,r--p,a,0; touch,2,0,30,r; mrelease,1", 30,
		  30, 30 },
		{ "dontneed-after", "mrelease,1", 0, 150, 0 },
		{ "dontneed-after", "kill,1", 150, 150, 150 },
		{ "dontneed-after", "spawn,2; map,2,0,30,r--p,a,0; touch,2,0,30,r; mrelease,1", 30,
		  150, 30 },
		/* find_lock_entries() skips what is under writeback */
		{ "dontneed-after", "touch,1,2000,5,w; mrelease,1", 5, 150, 5 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat(VICTIM, rows[i].end, "; drain", NULL);
		struct tl *x = tl_run(NULL, rows[i].policy, text);
		uint64_t referenced = 0;

		for (uint32_t p = 0; p < 100; p++)
			referenced += (tl_folio(x, "a", p)->flags & PG_referenced) != 0;
		for (uint32_t p = 0; p < 50; p++)
			referenced += (tl_folio(x, "b", p)->flags & PG_referenced) != 0;
		TL_EQ(tl_stat(x, VM_nr_file_pages), rows[i].cached, "%s, %s", rows[i].policy,
		      rows[i].end);
		TL_EQ(tl_stat(x, VM_sim_zap_marks), rows[i].marks, "%s, %s", rows[i].policy,
		      rows[i].end);
		TL_EQ(referenced, rows[i].referenced, "%s, %s", rows[i].policy, rows[i].end);
		tl_free(x);
	}
}

/* The victim gets to exit_mm() during the advice if it has a CPU: the killer's mmput() unmaps
 * it then, and process_mrelease() comes too late. */
static void test_race(void)
{
	static const struct {
		const char *policy, *machine;
		uint64_t raced;
	} rows[] = {
		{ "cold-first", "cpus=2 advise_ps=1000", 1 },
		{ "cold-first", "cpus=1 advise_ps=1000", 0 }, /* in less than a tick */
		{ "cold-first", "cpus=1 advise_ps=100000000", 1 },
		{ "cold-first", "cpus=2 advise_ps=0", 0 },
		{ "cold-first:when=before", "cpus=2 advise_ps=1000", 0 },
		{ "pageout-first", "cpus=2 advise_ps=1000", 1 },
		{ "dontneed-after", "cpus=2 advise_ps=1000", 0 },
	};
	struct timed_config timed;

	timed_config_init(&timed, &kill_scripted);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct tl *x = tl_new_timed(rows[i].machine, rows[i].policy, &timed,
					    VICTIM "advance,1s; mrelease,1; spawn,2; drain");

		CU_ASSERT_EQUAL(tl_end(x), 1);
		TL_EQ(tl_stat(x, VM_sim_advice_raced), rows[i].raced, "%s, %s", rows[i].policy,
		      rows[i].machine);
		TL_EQ(tl_stat(x, VM_sim_advice_lost), 0, "%s, %s", rows[i].policy, rows[i].machine);
		TL_EQ(tl_stat(x, VM_sim_zap_marks),
		      g_str_has_prefix(rows[i].policy, "dont") ? 150 : 0, "%s, %s", rows[i].policy,
		      rows[i].machine);
		tl_free(x);
	}
}

/* a call takes 1024 ranges; the next one gets ESRCH if the victim has exited meanwhile */
static void test_lost(void)
{
	struct timed_config timed;

	timed_config_init(&timed, &kill_scripted);
	for (unsigned int cpus = 1; cpus <= 2; cpus++) {
		GString *text = g_string_new("file,a,3000; spawn,1;");
		g_autofree char *machine = g_strdup_printf("cpus=%u advise_ps=1000", cpus);
		struct tl *x;

		for (unsigned int i = 0; i < 1030; i++)
			g_string_append_printf(text, "map,1,%u,1,r--p,a,%u; touch,1,%u,1,r;", 2 * i,
					       2 * i, 2 * i);
		g_string_append(text, "drain; advance,1s; mrelease,1; spawn,2; drain");
		x = tl_new_timed(machine, "cold-first", &timed, text->str);
		CU_ASSERT_EQUAL(tl_end(x), 1);
		TL_EQ(tl_stat(x, VM_sim_advice_lost), cpus == 2 ? 6 : 0, "%u CPUs", cpus);
		TL_EQ(tl_stat(x, VM_sim_zap_marks), cpus == 2 ? 6 : 0, "%u CPUs", cpus);
		tl_free(x);
		g_string_free(text, TRUE);
	}
}

/* process_madvise() holds mmap_lock: what is killed meanwhile is unmapped afterwards */
static void test_held(void)
{
	struct timed_config timed;
	struct tl *x;

	timed_config_init(&timed, &kill_scripted);
	x = tl_new_timed(
		"cpus=2 memcg_pages=400 swap_pages=2000 swap_in_ns=1000000 scan_ns=100000", NULL,
		&timed,
		"file,a,300; spawn,1; spawn,2,1; spawn,3; anon,1,0,200,rw-p; touch,1,0,200,w;"
		"map,1,4096,300,r--p,a,0; advise,1,0,200,pageout; anon,3,0,300,rw-p;"
		"touch,3,0,300,w; advance,1s; advise,1,0,200,willneed,2;"
		"advise,1,4096,300,willneed,2; advance,1us; mrelease,1; touch,3,0,300,w;"
		"mark,end");
	TL_EQ(tl_end(x), 1, "%s", x->err.msg);
	CU_ASSERT(tl_stat(x, VM_pswpin) >= 200);
	TL_EQ(tl_stat(x, VM_sim_advice_lost), 300, "the second came too late");
	tl_free(x);
}

void suite_victim(void)
{
	CU_pSuite s = CU_add_suite("victim", NULL, NULL);

	CU_add_test(s, "policies", test_policies);
	CU_add_test(s, "race with the exit", test_race);
	CU_add_test(s, "lost calls", test_lost);
	CU_add_test(s, "the mm is held", test_held);
}
