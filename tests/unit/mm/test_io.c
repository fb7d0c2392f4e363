// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/io.c: which task waits for which page, and how long. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/io.h"
#include "sim/mm/task.h"
#include "tests/unit/testlib.h"

void suite_io(void);

#define MS 1000000ull

struct reader {
	struct tl *x;
	struct mm *mm;
	uint32_t slot;
	uint64_t done_ns; /* UINT64_MAX: its process was killed */
};

static void wait_for(struct sim *s, void *arg)
{
	struct reader *r = arg;

	s->replay.mm = r->mm;
	r->done_ns = folio_wait_locked_killable(s, r->slot) ? UINT64_MAX : s->clock.now_ns;
}

static void lock_and_read(struct sim *s, uint32_t slot, uint32_t nr)
{
	for (uint32_t i = slot; i < slot + nr; i++)
		s->folios[i].flags |= PG_resident | PG_locked | PG_refault;
	read_folios(s, slot, nr);
}

/* pages 0 and 1, and pages 256 further, which share a wait queue or not: 1 ms each, one after
 * the other. The waiter of page 3 is killed, page 4 is not read */
static void test_wait(void)
{
	static const struct {
		uint32_t page;
		uint64_t done_ms;
	} waiters[] = { { 0, 1 }, { 1, 1 }, { 1, 1 }, { 256, 2 }, { 3, 0 }, { 4, 0 } };
	struct timed_config timed;
	struct reader r[G_N_ELEMENTS(waiters)];
	struct tl *x;
	uint32_t base;

	timed_config_init(&timed, &kill_none);
	x = tl_new_timed("read_us=1000 device_depth=1 cpus=8", NULL, &timed, "file,a,300");
	base = tl_slot(x, "a", 0);
	lock_and_read(x->s, base, 2);
	lock_and_read(x->s, base + 256, 1);
	lock_and_read(x->s, base + 3, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(waiters); i++) {
		r[i] = (struct reader){ .x = x, .slot = base + waiters[i].page, .done_ns = 77 };
		if (waiters[i].page == 3)
			r[i].mm = mm_new(x->s, 1, 0, NULL);
		task_spawn(x->s, TASK_USER, "read", wait_for, &r[i], 0);
	}
	while (x->s->clock.now_ns < 2 * MS)
		CU_ASSERT_FATAL(sched_turn(x->s->sched));
	r[4].mm->killed = true;
	while (sched_turn(x->s->sched))
		;
	for (size_t i = 0; i < G_N_ELEMENTS(waiters); i++)
		TL_EQ(r[i].done_ns, r[i].mm ? UINT64_MAX : waiters[i].done_ms * MS, "waiter %zu",
		      i);
	TL_EQ(io_nr_requests(x->s), 3, "requests");
	TL_EQ(x->s->times.nr_io_waits, 6, "waits");
	TL_EQ(x->s->times.io_wait_ns, (1 + 1 + 1 + 2 + 3) * MS, "waited");
	TL_EQ(x->s->times.refault_wait_ns, (1 + 1 + 1 + 2 + 3) * MS, "all but the one read before");
	TL_EQ(x->s->folios[base].flags, PG_resident, "unlocked");
	mm_free(x->s, r[4].mm);
	for (uint32_t p = 0; p < 300; p++)
		x->s->folios[base + p].flags = 0;
	tl_free(x);
}

/* in an untimed run the process itself waits for the device */
static void test_untimed(void)
{
	struct tl *x = tl_run("read_us=1000", NULL, "file,a,8; spawn,1");
	uint32_t slot = tl_slot(x, "a", 0);

	tl_mm(x, 1)->ran = false;
	x->s->replay.mm = tl_mm(x, 1);
	x->s->folios[slot].flags = x->s->folios[slot + 1].flags = PG_locked;
	read_folios(x->s, slot, 2);
	TL_EQ(x->s->clock.now_ns, MS, "one request");
	TL_EQ(x->s->folios[slot].flags | x->s->folios[slot + 1].flags, 0, "unlocked");
	CU_ASSERT(tl_mm(x, 1)->ran);
	tl_free(x);
}

void suite_io(void)
{
	CU_pSuite s = CU_add_suite("io", NULL, NULL);

	CU_add_test(s, "waiting for pages", test_wait);
	CU_add_test(s, "an untimed run", test_untimed);
}
