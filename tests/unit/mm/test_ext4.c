// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/ext4.c: the metadata pages of a file system, and what keeps them in memory. */
#include <CUnit/CUnit.h>
#include <glib.h>

#include "tests/unit/testlib.h"

void suite_ext4(void);

#define EXT4 "file_system=ext4 readahead_pages=0 read_us=1000"

static const struct {
	const char *machine, *ops;
	uint64_t active, inactive, dirty, ms;
	const char *what;
} rows[] = {
	{ "readahead_pages=0", "write,1,a,0,2", 0, 2, 2, 0, "no file system" },
	{ EXT4, "read,1,a,0,2", 0, 2, 0, 2, "nothing is written" },
	{ EXT4, "write,1,a,0,2", 2, 2, 3, 1, "table and bitmap are active at once, one is read" },
	{ EXT4, "write,1,a,0,1; write,1,b,0,1", 2, 2, 3, 1, "both inodes are in one block" },
	{ EXT4, "write,1,t,0,2", 0, 0, 0, 0, "tmpfs has none" },
	{ EXT4, "map,1,0,8,rw-s,a,0; touch,1,0,2,w", 2, 2, 3, 3, "page_mkwrite" },
	{ EXT4, "map,1,0,8,rw-s,a,0; touch,1,0,2,r; touch,1,0,2,w", 2, 2, 3, 3, "wp_page_shared" },
	{ EXT4, "map,1,0,8,rw-p,a,0; touch,1,0,2,w", 0, 2, 0, 2, "private" },
	{ EXT4, "write,1,a,0,2; advance,36s", 2, 2, 0, 1, "written back" },
	/* the bitmap is clean; a dirty page goes to the head of the inactive list */
	{ EXT4, "write,1,a,0,2; drop_caches", 0, 3, 3, 1, "nobody uses the buffers any more" },
	{ EXT4, "write,1,a,0,2; advance,36s; drop_caches", 0, 0, 0, 1, "and all are clean" },
};

static void test_dirty_inode(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,8; file,b,8; file,t,8,shmem; spawn,1;",
						    rows[i].ops, "; drain", NULL);
		struct tl *x = tl_run(rows[i].machine, NULL, text);

		TL_EQ(tl_stat(x, VM_nr_active_file), rows[i].active, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_inactive_file), rows[i].inactive, "%s", rows[i].what);
		TL_EQ(tl_stat(x, VM_nr_dirty), rows[i].dirty, "%s", rows[i].what);
		TL_EQ(x->s->clock.now_ns / 1000000 % 1000, rows[i].ms, "%s", rows[i].what);
		tl_free(x);
	}
}

/* 11 inodes and the files: the sixth file needs a second block of the table */
static void test_table(void)
{
	struct tl *x = tl_run(EXT4, NULL,
			      "file,a,1; file,b,1; file,c,1; file,d,1; file,e,1; spawn,1;"
			      "write,1,a,0,1; drain");
	g_autofree char *list = tl_list(x, "active_file");

	TL_STR(list, "ext4:4 ext4:2 ext4:3", "read ahead");
	tl_free(x);
	g_free(g_steal_pointer(&list));
	x = tl_run(EXT4, NULL,
		   "file,a,1; file,b,1; file,c,1; file,d,1; file,e,1,shmem; spawn,1;"
		   "write,1,a,0,1; drain");
	list = tl_list(x, "active_file");
	TL_STR(list, "ext4:2 ext4:3", "files on tmpfs have no inode in the table");
	tl_free(x);
}

/* Pages of the mount are on the lists of a whole machine, but not part of memory_pages. */
static void test_mount(void)
{
	struct tl *x = tl_run(EXT4 " memory_pages=1000", NULL, "file,a,8; spawn,1; drop_caches");

	TL_EQ(tl_stat(x, VM_nr_inactive_file), 2, "super block and group descriptors");
	TL_EQ(tl_stat(x, VM_nr_file_pages), 2, "super block and group descriptors");
	tl_free(x);
	/* filemap_release_folio() fails */
	x = tl_run(EXT4 " memory_pages=1000", NULL, "file,big,2000; spawn,1; read,1,big,0,2000");
	TL_EQ(tl_stat(x, VM_nr_active_file), 2, "reclaim can not release them");
	TL_EQ(tl_stat(x, VM_pgactivate), 2, "reclaim can not release them");
	TL_EQ(tl_stat(x, VM_pgscan_file) - tl_stat(x, VM_pgsteal_file), 2, "scanned, not stolen");
	tl_free(x);
	x = tl_run(EXT4 " memcg_pages=1000", NULL, "file,a,8; spawn,1; drop_caches");
	TL_EQ(tl_stat(x, VM_nr_file_pages), 0, "not charged to the memcg");
	tl_free(x);
}

void suite_ext4(void)
{
	CU_pSuite s = CU_add_suite("ext4", NULL, NULL);

	CU_add_test(s, "a write needs the inode", test_dirty_inode);
	CU_add_test(s, "the inode table is read ahead", test_table);
	CU_add_test(s, "mounted", test_mount);
}
