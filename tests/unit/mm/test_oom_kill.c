// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/oom_kill.c: the memory of a process, and the choice of the victim. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/mm/fault.h"
#include "sim/mm/oom_kill.h"
#include "tests/unit/testlib.h"

void suite_oom_kill(void);

static void test_count_pages(void)
{
	/* file pages 0-2 and 600 in two tables; anon 1024-1026 in a third, one of them only
	 * read: the zero page; 1030 and 1031 in the third table, too */
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,700; spawn,1; map,1,0,700,r--p,a,0; touch,1,0,3,r;"
			      "touch,1,600,1,r; anon,1,1024,3,rw-p; touch,1,1024,2,w;"
			      "touch,1,1026,1,r; anon,1,1030,2,rw-p; touch,1,1030,2,w");
	struct mm_pages p;

	mm_count_pages(tl_mm(x, 1), &p);
	TL_EQ(p.rss, 3 + 1 + 2 + 2, "the zero page is nobody's");
	TL_EQ(p.swap, 0, "none");
	TL_EQ(p.tables, 3, "the last is shared by two mappings");
	tl_free(x);

	x = tl_run("memcg_pages=200 swap_pages=1000 swappiness=200", NULL,
		   "file,a,4000; spawn,1; anon,1,4096,150,rw-p; touch,1,4096,150,w; drain;"
		   "read,1,a,0,2000");
	mm_count_pages(tl_mm(x, 1), &p);
	CU_ASSERT(p.swap > 0);
	TL_EQ(p.swap, tl_stat(x, VM_pswpout), "swap entries");
	TL_EQ(p.rss + p.swap, 150, "all of them");
	tl_free(x);
}

/* mm_hooks.oom_kill of these tests: records the victim in the rank of the first process */
static void note_victim(struct sim *s, struct mm *mm)
{
	struct mm *first = g_hash_table_lookup(s->procs, GUINT_TO_POINTER(9));

	first->rank = mm->pid;
}

static const struct mm_hooks test_hooks = { .oom_kill = note_victim };

/* pages of processes 1 to 3, whose ranks are in that order; 9 has no pages */
static const struct {
	const char *what;
	unsigned int pages[3];
	/* k: killed, t: in an operation, v: a victim already; + - !: oom_score_adj 2, -2, -1000 */
	const char *flags[3];
	bool again;
	unsigned int killed;	 /* pid; 0: none */
	const char *then_victim; /* the victims afterwards */
} choices[] = {
	{ "the largest", { 3, 7, 5 }, { "", "", "" }, true, 2, "2" },
	{ "of equals the last", { 7, 7, 5 }, { "", "", "" }, true, 2, "2" },
	{ "one victim at a time", { 3, 7, 5 }, { "kv", "", "" }, true, 0, "1" },
	{ "in its exit: it has no mm", { 3, 7, 5 }, { "", "k", "" }, true, 3, "3" },
	{ "oom_score_adj, in thousandths of 4096 pages",
	  { 3, 7, 5 },
	  { "+", "-", "" },
	  true,
	  1,
	  "1" },
	{ "never with -1000", { 3, 7, 5 }, { "", "!", "" }, true, 3, "3" },
	{ "it will free its memory", { 3, 7, 5 }, { "", "kt", "" }, true, 0, "2" },
};

static void test_choice(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		struct tl *x = tl_run(NULL, NULL,
				      "spawn,1; spawn,2; spawn,3; spawn,9; anon,1,0,9,rw-p;"
				      "anon,2,0,9,rw-p; anon,3,0,9,rw-p");
		g_autoptr(GString) victims = g_string_new(NULL);

		for (unsigned int p = 1; p <= 3; p++) {
			struct mm *mm = tl_mm(x, p);

			mm->rank = p;
			mm->oom_score_adj = strchr(choices[i].flags[p - 1], '!')   ? -1000
					    : strchr(choices[i].flags[p - 1], '+') ? 2
					    : strchr(choices[i].flags[p - 1], '-') ? -2
										   : 0;
			mm->killed = strchr(choices[i].flags[p - 1], 'k');
			mm->oom_victim = strchr(choices[i].flags[p - 1], 'v');
			mm->task = strchr(choices[i].flags[p - 1], 't') ? (struct task *)x : NULL;
			CU_ASSERT(!touch_pages(x->s, mm, 0, choices[i].pages[p - 1], 1, true));
		}
		x->s->hooks = &test_hooks;
		/* without waiting: there is no task that could wait */
		TL_EQ(out_of_memory(x->s, x->s->memcg, false), choices[i].again, "%s",
		      choices[i].what);
		TL_EQ(tl_mm(x, 9)->rank, choices[i].killed, "%s", choices[i].what);
		TL_EQ(x->s->oom, !choices[i].again, "%s", choices[i].what);
		for (unsigned int p = 1; p <= 3; p++)
			if (tl_mm(x, p)->oom_victim)
				g_string_append_printf(victims, "%u", p);
		TL_STR(victims->str, choices[i].then_victim, "%s", choices[i].what);
		x->s->hooks = NULL;
		tl_free(x);
	}
}

/* no victim: only the system's process exists, or the run has no OOM killer */
static void test_nobody(void)
{
	g_autofree char *text =
		g_strdup_printf("spawn,%u; anon,%u,0,9,rw-p; touch,%u,0,9,w", TRACE_SYSTEM_PID,
				TRACE_SYSTEM_PID, TRACE_SYSTEM_PID);
	struct tl *x = tl_run(NULL, NULL, text);

	x->s->hooks = &test_hooks;
	CU_ASSERT(!out_of_memory(x->s, x->s->memcg, true));
	CU_ASSERT(x->s->oom);
	x->s->hooks = NULL;
	tl_free(x);

	x = tl_run(NULL, NULL, "spawn,1; anon,1,0,9,rw-p; touch,1,0,9,w");
	CU_ASSERT(!out_of_memory(x->s, x->s->memcg, true));
	CU_ASSERT(x->s->oom);
	CU_ASSERT(!tl_mm(x, 1)->oom_victim);
	tl_free(x);
}

void suite_oom_kill(void)
{
	CU_pSuite s = CU_add_suite("oom_kill", NULL, NULL);

	CU_add_test(s, "what a process holds", test_count_pages);
	CU_add_test(s, "who is chosen", test_choice);
	CU_add_test(s, "nobody to kill", test_nobody);
}
