// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/task.c: the state that is private to a task of a timed run. test_kswapd.c tests which
 * task has the CPU in an untimed run. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/batch.h"
#include "sim/mm/task.h"
#include "tests/unit/testlib.h"

void suite_task(void);

#define MS 1000000ull

struct two {
	struct tl *x;
	struct mm *mm;
	uint32_t slot;
	unsigned int each_ms, nr_held, through;
};

static void count_held(void *arg, uint32_t slot)
{
	struct two *t = arg;

	TL_EQ(slot, t->slot, "held");
	t->nr_held++;
}

/* set all private state, let the other task do the same twice, then check it */
static void set_and_look(struct sim *s, void *arg)
{
	struct two *t = arg;
	const uint32_t pid = 100 + t->each_ms;

	TL_EQ(s->owed_ps, 0, "nothing is inherited");
	TL_EQ(s->held->nr, 0, "nothing is inherited");
	CU_ASSERT_PTR_NULL(s->replay.mm);
	CU_ASSERT(!s->in_lru_fault);
	CU_ASSERT_PTR_EQUAL(task_arg(s), t);
	s->in_lru_fault = t->each_ms == 2;
	s->replay.pid = pid;
	s->replay.mm = t->mm;
	task_owe(s, 1000 + t->each_ms);
	if (t->each_ms == 2)
		folio_hold(s, t->slot);
	for (unsigned int i = 0; i < 2; i++) {
		task_sleep(s->sched, s->clock.now_ns + t->each_ms * MS, false);
		TL_EQ(s->replay.pid, pid, "task of %u ms", t->each_ms);
		CU_ASSERT_PTR_EQUAL(s->replay.mm, t->mm);
		TL_EQ(s->in_lru_fault, t->each_ms == 2, "task of %u ms", t->each_ms);
		TL_EQ(s->owed_ps, 1000 + t->each_ms, "task of %u ms", t->each_ms);
		TL_EQ(s->held->nr, t->each_ms == 2, "task of %u ms", t->each_ms);
	}
	/* of the owed time, one whole nanosecond is spent */
	task_pay(s);
	TL_EQ(s->owed_ps, t->each_ms, "paid");
	folio_unhold(s, 0);
	t->through++;
}

static void test_own(void)
{
	struct timed_config timed;
	struct two two = { .each_ms = 2 }, three = { .each_ms = 3 };
	struct tl *x;

	timed_config_init(&timed, &kill_none);
	x = tl_new_timed("cpus=2", NULL, &timed, "file,a,8");
	two.slot = three.slot = tl_slot(x, "a", 0);
	two.mm = mm_new(x->s, 1, 0, NULL);
	three.mm = mm_new(x->s, 2, 0, NULL);
	task_spawn(x->s, TASK_USER, "two", set_and_look, &two, 0);
	task_spawn(x->s, TASK_USER, "three", set_and_look, &three, 1);
	while (x->s->clock.now_ns < 3 * MS)
		CU_ASSERT_FATAL(sched_turn(x->s->sched));
	/* between tasks */
	CU_ASSERT_PTR_NULL(x->s->replay.mm);
	TL_EQ(x->s->owed_ps, 0, "between tasks");
	TL_EQ(x->s->held->nr, 0, "between tasks");
	tasks_each_held(x->s, count_held, &two);
	TL_EQ(two.nr_held, 1, "one task holds one");
	while (sched_nr_user(x->s->sched))
		CU_ASSERT_FATAL(sched_turn(x->s->sched));
	TL_EQ(two.through + three.through, 2, "both");
	TL_EQ(x->s->folios[two.slot].extra_refs, 0, "given back");
	mm_free(x->s, two.mm);
	mm_free(x->s, three.mm);
	tl_free(x);
}

/* a task that works for a process uses the CPU of the process, until it is forgotten */
static void work_for(struct sim *s, void *arg)
{
	struct two *t = arg;

	task_set_mm(s, t->mm);
	s->replay.mm = t->mm;
	TL_EQ(t->mm->cpu, 1, "its CPU");
	CU_ASSERT(t->mm->ran);
	t->mm->ran = false;
	task_sleep(s->sched, 2 * MS, false);
	TL_EQ(t->mm->ran, true, "it was given a CPU");
	t->mm->ran = false;
	tasks_forget_mm(s, t->mm);
	CU_ASSERT_PTR_NULL(s->replay.mm);
	task_sleep(s->sched, 4 * MS, false);
	TL_EQ(t->mm->ran, false, "forgotten");
	t->through++;
}

static void test_mm(void)
{
	struct timed_config timed;
	struct two t = { 0 };

	timed_config_init(&timed, &kill_none);
	t.x = tl_new_timed("cpus=2", NULL, &timed, "file,a,8");
	t.mm = mm_new(t.x->s, 1, 0, NULL);
	task_spawn(t.x->s, TASK_USER, "work", work_for, &t, 1);
	while (sched_nr_user(t.x->s->sched))
		CU_ASSERT_FATAL(sched_turn(t.x->s->sched));
	TL_EQ(t.through, 1, "it ended");
	mm_free(t.x->s, t.mm);
	tl_free(t.x);
}

void suite_task(void)
{
	CU_pSuite s = CU_add_suite("task", NULL, NULL);

	CU_add_test(s, "what is a task's own", test_own);
	CU_add_test(s, "a task and its process", test_mm);
}
