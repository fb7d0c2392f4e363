// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/inode.c: when the pages of a file without a name go. */
#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_inode(void);

static const struct {
	const char *ops, *a, *b, *what;
} rows[] = {
	{ "read,1,a,0,8; exit,1; unlink,2,a", "", "", "nobody has it open" },
	{ "read,1,a,0,8; unlink,2,a", "0-7", "", "a process has" },
	{ "read,1,a,0,8; unlink,2,a; exit,1", "", "", "until it exits" },
	{ "read,1,a,0,8; unlink,2,a; exec,1", "", "", "or closes it by exec" },
	{ "map,1,0,8,r--p,a,0; touch,1,0,8,r; fork,1,3; unlink,2,a; exit,1", "0-7", "",
	  "a child has it, too" },
	{ "map,1,0,8,r--s,a,0,readonly; touch,1,0,8,r; unlink,2,a; unmap,1,0,8; kill,1", "", "",
	  "a descriptor of a mapping" },
	{ "write,1,a,0,8; unlink,2,a; truncate,1,a,4; write,1,a,6,1", "0-3 6", "",
	  "it is used like any other file" },
	{ "read,1,a,0,8; read,1,b,0,4; exec,1; rename,2,a,b", "0-7", "", "rename replaces b" },
	{ "read,1,b,0,4; rename,2,a,b", "", "0-3", "which is open" },
};

static void test_unlink(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text =
			g_strconcat("file,a,64; file,b,64; spawn,1; spawn,2;", rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		g_autofree char *a = tl_pages(x, "a", PG_resident);
		g_autofree char *b = tl_pages(x, "b", PG_resident);

		TL_STR(a, rows[i].a, "%s", rows[i].what);
		TL_STR(b, rows[i].b, "%s", rows[i].what);
		tl_free(x);
	}
}

/* ext4_rename(): a file that has grown is written back before it replaces another */
static void test_rename_writes(void)
{
	struct tl *grown = tl_run(
		NULL, NULL, "file,a,9,size=0; file,b,9; spawn,1; write,1,a,0,9; rename,1,a,b");
	struct tl *same =
		tl_run(NULL, NULL, "file,a,9; file,b,9; spawn,1; write,1,a,0,9; rename,1,a,b");

	CU_ASSERT_EQUAL(tl_stat(grown, VM_nr_written), 9);
	CU_ASSERT_EQUAL(tl_stat(same, VM_nr_written), 0);
	tl_free(grown);
	tl_free(same);
}

/* tmpfs: swap goes with the file */
static void test_unlink_swap(void)
{
	struct tl *x =
		tl_new("memcg_pages=128 swap_pages=640", NULL,
		       "file,t,200,shmem; spawn,1; write,1,t,0,200; mark,m; truncate,1,t,150;"
		       "mark,t; unlink,1,t; exit,1");

	tl_to(x, "m");
	CU_ASSERT(x->s->swap_used > 10);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	CU_ASSERT_EQUAL(x->s->swap_used, 0);
	CU_ASSERT_EQUAL(tl_stat(x, VM_nr_shmem), 0);
	tl_free(x);
}

void suite_inode(void)
{
	CU_pSuite s = CU_add_suite("inode", NULL, NULL);

	CU_add_test(s, "unlink and rename", test_unlink);
	CU_add_test(s, "rename writes what has grown", test_rename_writes);
	CU_add_test(s, "tmpfs in swap", test_unlink_swap);
}
