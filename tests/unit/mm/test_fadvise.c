// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/fadvise.c: what each advice does to pages and descriptors. */
#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_fadvise(void);

static const struct {
	const char *ops, *cached, *what;
} rows[] = {
	{ "read,1,a,0,16; fadvise,1,a,4,8,dontneed", "0-3 12-31", "dontneed, also from a batch" },
	{ "read,1,a,0,16; fadvise,1,a,4,0,dontneed", "0-3", "to the end of the file" },
	{ "write,1,a,0,16; fadvise,1,a,4,8,dontneed", "0-15", "dirty: written, not dropped" },
	{ "write,1,a,0,16; fadvise,1,a,4,8,dontneed; fadvise,1,a,4,8,dontneed", "0-3 12-15",
	  "and dropped the next time" },
	{ "fadvise,1,a,10,5,willneed", "10-14", "willneed" },
	{ "fadvise,1,a,10,0,willneed", "10-73", "willneed reads at most one request, of 64" },
	{ "fadvise,1,a,0,0,random; read,1,a,0,3; read,1,a,40,2", "0-2 40-41",
	  "random: what is read, and no more" },
	{ "fadvise,1,a,0,0,random; fadvise,1,a,0,0,normal; read,1,a,0,1", "0-1", "normal again" },
	{ "read,1,a,0,5", "0-15", "the window of 16" },
	{ "fadvise,1,a,0,0,sequential; read,1,a,0,9", "0-31", "is 32 with sequential" },
	{ "fadvise,1,t,0,0,sequential; fadvise,1,t,0,0,willneed", "", "tmpfs ignores advice" },
};

static void test_advices(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,200; file,t,9,shmem; spawn,1;", rows[i].ops, NULL);
		struct tl *x = tl_run("readahead_pages=16 io_pages=64", NULL, text);
		g_autofree char *got = tl_pages(x, "a", PG_resident);

		TL_STR(got, rows[i].cached, "%s", rows[i].what);
		tl_free(x);
	}
}

/* FMODE_NOREUSE is of the descriptor: its mappings have no recency, made before or after, also
 * in a child; a mapping with a descriptor of its own has */
static void test_noreuse(void)
{
	struct tl *x =
		tl_new(NULL, NULL,
		       "file,a,64; spawn,1; map,1,0,8,r--p,a,0; map,1,99,8,r--s,a,0,readonly;"
		       "fork,1,2; fadvise,1,a,0,0,noreuse; map,1,32,8,r--p,a,8; mark,m;"
		       "fadvise,2,a,0,0,normal");

	tl_to(x, "m");
	CU_ASSERT_FALSE(vma_has_recency(vma_find(tl_mm(x, 1), 0)));
	CU_ASSERT_FALSE(vma_has_recency(vma_find(tl_mm(x, 1), 32)));
	CU_ASSERT_FALSE(vma_has_recency(vma_find(tl_mm(x, 2), 0)));
	CU_ASSERT(vma_has_recency(vma_find(tl_mm(x, 1), 99)));
	tl_end(x);
	CU_ASSERT(vma_has_recency(vma_find(tl_mm(x, 1), 32)));
	tl_free(x);
}

void suite_fadvise(void)
{
	CU_pSuite s = CU_add_suite("fadvise", NULL, NULL);

	CU_add_test(s, "what each advice does", test_advices);
	CU_add_test(s, "noreuse", test_noreuse);
}
