// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/work.c: calls in threads, interrupted and left behind. */
#include <CUnit/CUnit.h>
#include <errno.h>

#include "sim/lab/work.h"
#include "tests/unit/testlib.h"

void suite_work(void);

struct calls {
	_Atomic guint made[100];
	_Atomic guint nr, nr_returned;
	_Atomic bool interrupted, go_on;
	guint interrupt_at; /* after this number of calls */
	guint nr_looks;
};

static bool is_interrupted(void *data)
{
	return ((struct calls *)data)->interrupted;
}

static void call(void *data, guint i)
{
	struct calls *c = data;

	c->made[i]++;
	if (++c->nr == c->interrupt_at)
		c->interrupted = true;
	g_usleep(1000);
}

static void look(void *data, const struct lab_hooks *h)
{
	struct calls *c = data;

	CU_ASSERT(h && h->data == data);
	c->nr_looks++;
}

static void test_all(void)
{
	for (int jobs = 0; jobs < 6; jobs++) {
		for (guint nr = 0; nr <= 100; nr += 25) {
			struct calls c = { 0 };
			const struct lab_hooks h = { .interrupted = is_interrupted, .data = &c };

			TL_EQ(lab_work(call, &c, nr, jobs, &h, look), 0, "%d jobs", jobs);
			for (guint i = 0; i < 100; i++)
				TL_EQ(c.made[i], i < nr, "%d jobs, call %u of %u", jobs, i, nr);
			CU_ASSERT(c.nr_looks || nr < 100);
		}
	}
}

static void test_no_hooks(void)
{
	struct calls c = { 0 };

	TL_EQ(lab_work(call, &c, 10, 2, NULL, NULL), 0, "neither hooks nor a look");
	TL_EQ(c.nr, 10, "calls");
}

/* calls that have begun return, however long that takes, and no other begins */
static void test_interrupted(void)
{
	struct calls c = { .interrupt_at = 5 };
	const struct lab_hooks h = { .interrupted = is_interrupted, .data = &c };

	TL_EQ(lab_work(call, &c, 100, 2, &h, NULL), -EINTR, "interrupted");
	CU_ASSERT(c.nr == 5 || c.nr == 6);
	c = (struct calls){ .interrupted = true };
	TL_EQ(lab_work(call, &c, 100, 2, &h, NULL), -EINTR, "before it began");
	TL_EQ(c.nr, 0, "calls");
}

static void slow(void *data, guint i)
{
	struct calls *c = data;

	c->interrupted = true;
	g_usleep(100000 + i);
	c->nr_returned++;
}

/* without hooks.leave it waits for running calls */
static void test_waits(void)
{
	struct calls c = { 0 };
	const struct lab_hooks h = { .interrupted = is_interrupted, .data = &c };

	TL_EQ(lab_work(slow, &c, 100, 1, &h, NULL), -EINTR, "interrupted");
	TL_EQ(c.nr_returned, 1, "returned");
}

static void deaf(void *data, guint i)
{
	struct calls *c = data;

	c->nr++;
	if (i == 0)
		c->interrupted = true;
	while (!c->go_on)
		g_usleep(1000);
	c->nr_returned++;
}

/*
 * Bug: SIGINT and SIGTERM had to wait for an untimed run to notice, which it did every million
 * records, or after one record of 67 million pages. A call that does not notice is left
 * behind, and does no harm when it continues.
 */
static void test_left_behind(void)
{
	struct calls c = { 0 };
	const struct lab_hooks h = { .interrupted = is_interrupted, .leave = true, .data = &c };

	TL_EQ(lab_work(deaf, &c, 100, 3, &h, NULL), -EBUSY, "left behind");
	TL_EQ(c.nr_returned, 0, "returned");
	c.go_on = true;
	while (c.nr_returned < c.nr)
		g_usleep(1000);
	CU_ASSERT(c.nr <= 3);
	g_usleep(20000); /* the threads end */
	CU_ASSERT(c.nr <= 3);
}

void suite_work(void)
{
	CU_pSuite s = CU_add_suite("work", NULL, NULL);

	CU_add_test(s, "all calls, once each", test_all);
	CU_add_test(s, "without hooks", test_no_hooks);
	CU_add_test(s, "interrupted", test_interrupted);
	CU_add_test(s, "waited for", test_waits);
	CU_add_test(s, "left behind", test_left_behind);
}
