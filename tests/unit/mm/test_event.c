// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/event.h: which event has a cause. */
#include <CUnit/CUnit.h>

#include "sim/mm/event.h"
#include "tests/unit/testlib.h"

void suite_event(void);

/* A cause belongs to the next event, or to none. It waited past events of other folios: the last
 * event here had the cause, expected none. */
static void test_cause(void)
{
	struct tl *x = tl_run(NULL, NULL, "file,f,2;spawn,1;read,1,f,0,2");
	const uint32_t a = tl_slot(x, "f", 0), b = tl_slot(x, "f", 1);
	const uint32_t expected[] = { 1, 0, 0, 0, 2 };
	struct event_log log;

	event_log_init(&log);
	x->s->log = &log;
	because(x->s, a, CAUSE_TIER, { 1, 1 });
	note(x->s, a, KEEP, 0);
	note(x->s, a, KEEP, 0);
	because(x->s, a, CAUSE_TIER, { 2, 2 });
	note(x->s, b, KEEP, 0);
	note(x->s, a, KEEP, 0);
	because(x->s, a, CAUSE_TIER, { 3, 3 });
	because(x->s, b, CAUSE_TIER, { 4, 4 });
	note(x->s, b, KEEP, 0);
	x->s->log = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
		TL_EQ(g_array_index(log.events, struct event, i).cause, expected[i], "event %u", i);
	TL_EQ(log.causes->len, 2, "causes");
	TL_EQ(g_array_index(log.causes, struct event_cause, 1).n[0], 4, "the later cause");
	event_log_clear(&log);
	tl_free(x);
}

void suite_event(void)
{
	CU_pSuite s = CU_add_suite("event", NULL, NULL);

	CU_add_test(s, "a cause belongs to the next event", test_cause);
}
