// SPDX-License-Identifier: GPL-2.0-only
/* A table that moves to a file if it is large. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "sim/spill.h"

void suite_spill(void);

struct pair {
	uint64_t a, b, c;
};

static uint64_t rss_pages(void)
{
	char *text = NULL;
	unsigned long all = 0, resident = 0;

	CU_ASSERT_FATAL(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
	CU_ASSERT_EQUAL(sscanf(text, "%lu %lu", &all, &resident), 2);
	g_free(text);
	return resident;
}

/* 240 MB, added by one and by three: all can be read again, and little stays in memory. */
static void test_large(void)
{
	enum { NR = 10000000 };
	struct spill s;
	uint64_t before = rss_pages(), wrong = 0;

	spill_init(&s, sizeof(struct pair));
	for (uint64_t i = 0; i < NR; i += 4) {
		struct pair *p = spill_add(&s, 1);

		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		*p = (struct pair){ i, ~i, i * i };
		p = spill_add(&s, 3);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		for (uint64_t k = 0; k < 3; k++)
			p[k] = (struct pair){ i + k + 1, ~(i + k + 1), (i + k + 1) * (i + k + 1) };
	}
	CU_ASSERT_EQUAL(s.nr, NR);
	CU_ASSERT_EQUAL(s.error, 0);
	CU_ASSERT_TRUE(s.fd >= 0);
	CU_ASSERT_TRUE((rss_pages() - before) * (uint64_t)getpagesize() < 3 * SPILL_MEMORY_BYTES);
	((struct pair *)spill_at(&s, 17))->a = 4711;
	for (uint64_t i = 0; i < NR; i++) {
		const struct pair *p = spill_at(&s, i);

		wrong += p->a != (i == 17 ? 4711 : i) || p->b != ~i || p->c != i * i;
		if (i && i % 100000 == 0)
			spill_passed(&s, i - 100000, i);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_TRUE((rss_pages() - before) * (uint64_t)getpagesize() < 3 * SPILL_MEMORY_BYTES);
	spill_release(&s);
}

/* Each 1000th of 10 million elements is changed, old and new ones: none comes back to memory. */
static void test_single(void)
{
	enum { NR = 10000000, STEP = 1000 };
	uint64_t before = rss_pages(), wrong = 0;
	struct spill s;
	struct pair p;

	spill_init(&s, sizeof(p));
	for (uint64_t i = 0; i < NR; i++)
		*(struct pair *)spill_add(&s, 1) = (struct pair){ i, i, i };
	for (uint64_t i = 0; i < NR; i += STEP) {
		spill_get(&s, i, &p);
		wrong += p.a != i || p.c != i;
		p.b = ~i;
		spill_put(&s, i, &p);
		spill_get(&s, i, &p);
		wrong += p.b != ~i;
	}
	CU_ASSERT_TRUE((rss_pages() - before) * (uint64_t)getpagesize() < 3 * SPILL_MEMORY_BYTES);
	for (uint64_t i = 0; i < NR; i++) {
		const struct pair *q = spill_at(&s, i);

		wrong += q->a != i || q->b != (i % STEP ? i : ~i) || q->c != i;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	spill_release(&s);
}

/* A full disk is an error, and the elements stay readable. */
static void test_full(void)
{
	struct rlimit old, limit;
	struct spill s;
	uint64_t *p, nr = 0;
	struct err err = { "" };

	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ 80u << 20, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
	spill_init(&s, sizeof(*p));
	while ((p = spill_add(&s, 1)) && nr < 20000000)
		*p = nr++;
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, SIG_DFL);
	CU_ASSERT_PTR_NULL(p);
	CU_ASSERT_TRUE(nr >= SPILL_MEMORY_BYTES / sizeof(*p) && nr <= (80u << 20) / sizeof(*p));
	CU_ASSERT_EQUAL(s.nr, nr);
	CU_ASSERT_EQUAL(*(uint64_t *)spill_at(&s, nr - 1), nr - 1);
	CU_ASSERT_PTR_NULL(spill_add(&s, 1));
	CU_ASSERT_EQUAL(spill_check(&s, "in", &err), s.error);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "in: no room for what was read of it in "));
	/* Bug: a lack of memory was reported as a full disk */
	s.error = -ENOMEM;
	spill_check(&s, "in", &err);
	CU_ASSERT_STRING_EQUAL(err.msg, "in: out of memory");
	spill_release(&s);
}

void suite_spill(void)
{
	CU_pSuite s = CU_add_suite("spill", NULL, NULL);

	CU_add_test(s, "a large table comes back and leaves memory", test_large);
	CU_add_test(s, "single elements of a large table", test_single);
	CU_add_test(s, "no room", test_full);
}
