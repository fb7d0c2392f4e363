// SPDX-License-Identifier: GPL-2.0-only
/*
 * sim/mm/file-system.c: what is read of a file, and in which folios. The numbers were seen on
 * Debian's 7.3.4: a cold file of 4096 pages, window 32.
 */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/mm/file-system.h"
#include "sim/mm/objcg.h"
#include "sim/mm/xarray.h"
#include "tests/unit/testlib.h"

void suite_file_system(void);

/* number of folios of each order, "0:32 2:8"; and pages that are cached */
static char *orders(const struct tl *x, uint32_t pages, uint32_t *cached)
{
	GString *str = g_string_new(NULL);
	unsigned int nr[MAX_FOLIO_ORDER + 1] = { 0 };

	*cached = 0;
	for (uint32_t p = 0; p < pages; p++) {
		const struct folio *f = tl_folio(x, "a", p);

		*cached += (f->flags & PG_resident) != 0;
		if (f->flags & PG_resident && f->order <= MAX_FOLIO_ORDER)
			nr[f->order]++;
	}
	for (unsigned int order = 0; order <= MAX_FOLIO_ORDER; order++)
		if (nr[order])
			g_string_append_printf(str, "%s%u:%u", str->len ? " " : "", order,
					       nr[order]);
	return g_string_free(str, FALSE);
}

static void test_orders(void)
{
	static const struct {
		const char *fs;
		const struct kernel_profile *kernel;
		const char *orders;
	} rows[] = {
		{ "ext4", &kernel_7_3, "0:32 2:8 4:2 5:125" },
		{ "xfs", &kernel_7_3, "0:32 2:8 4:2 5:125" },
		{ "erofs", &kernel_7_3, "0:32 2:8 4:2 5:125" },
		{ "erofs-lz4", &kernel_7_3, "0:32 2:8 4:2 5:125" },
		{ "overlayfs", &kernel_7_3, "0:32 2:8 4:2 5:125" },
		{ "btrfs", &kernel_7_3, "0:1024 2:256 4:64 6:16" },
		{ "btrfs-zstd", &kernel_7_3, "0:1024 2:256 4:64 6:16" },
		{ "squashfs", &kernel_7_3, "0:4096" },
		{ "fuse", &kernel_7_3, "0:4096" },
		{ "order0", &kernel_7_3, "0:4096" },
		{ "none", &kernel_7_3, "0:4096" },
		{ "ext4", &kernel_6_18, "0:32 2:8 4:2 5:125" },
		{ "btrfs", &kernel_6_18, "0:4096" },
		{ "ext4", &kernel_6_12, "0:4096" },
		{ "xfs", &kernel_6_12, "2:8 4:2 5:126" },
		{ "erofs", &kernel_6_12, "2:8 4:2 5:126" },
		{ "btrfs", &kernel_6_12, "0:4096" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine = g_strconcat(
			"memcg_pages=8000 readahead_pages=32 file_system=", rows[i].fs, NULL);
		struct tl *x = tl_new_kernel(
			rows[i].kernel, &lru_classic, machine, NULL,
			"file,a,4096; spawn,1; map,1,0,4096,r--p,a,0,sequential; touch,1,0,4096,r");
		g_autofree char *have = NULL;
		uint32_t cached;

		TL_EQ(tl_end(x), 1, "%s: %s", rows[i].fs, x->err.msg);
		have = orders(x, 4096, &cached);
		TL_STR(have, rows[i].orders, "%s, v%s", rows[i].fs, rows[i].kernel->name);
		tl_free(x);
	}
}

/* one touch in the middle of the file */
static void test_least_read(void)
{
	static const struct {
		const char *fs, *advice;
		uint32_t cached;
		const char *pages;
	} rows[] = {
		{ "ext4", "", 32, "84-115" },	      { "ext4", ",random", 1, "100" },
		{ "squashfs", "", 64, "64-127" },     { "squashfs", ",random", 32, "96-127" },
		{ "btrfs", "", 1024, "0-1023" },      { "btrfs", ",random", 1, "100" },
		{ "btrfs-zstd", "", 1024, "0-1023" }, { "btrfs-zstd", ",random", 28, "100-127" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine =
			g_strconcat("readahead_pages=32 file_system=", rows[i].fs, NULL);
		g_autofree char *text = g_strdup_printf(
			"file,a,4096; spawn,1; map,1,0,4096,r--p,a,0%s; touch,1,100,1,r",
			rows[i].advice);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *pages = tl_pages(x, "a", PG_resident), *have = NULL;
		uint32_t cached;

		have = orders(x, 4096, &cached);
		TL_EQ(cached, rows[i].cached, "%s%s", rows[i].fs, rows[i].advice);
		TL_STR(pages, rows[i].pages, "%s%s", rows[i].fs, rows[i].advice);
		tl_free(x);
	}
}

/* read(2) of a page, without readahead, at the end of a file that ends within a block */
static void test_block_at_end(void)
{
	struct tl *x = tl_run("file_system=squashfs", NULL,
			      "file,a,40; file,b,40; spawn,1; read,1,a,35,1; write,1,b,34,1;"
			      "read,1,b,36,1");
	g_autofree char *a = tl_pages(x, "a", PG_resident), *b = tl_pages(x, "b", PG_resident);

	TL_STR(a, "32-39", "a block");
	TL_STR(b, "34-36", "not past a page that is cached, and not up from there");
	tl_free(x);
}

/* readahead_expand() by (len | mask) + 1: a window that ends with a block gets another one, even
 * beyond the end of the file; no further than a page that is cached */
static void test_beyond_eof(void)
{
	static const struct {
		const char *fs, *ops, *pages;
		uint64_t file_pages;
	} rows[] = {
		{ "ext4", "", "0-31", 32 },
		{ "squashfs", "", "0-39", 64 },
		{ "squashfs", "read,1,a,39,1; ", "0-39", 64 },
		{ "squashfs", "write,1,a,10,1; ", "0-31", 32 },
		{ "squashfs", "write,1,a,35,1; ", "0-35", 36 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine =
			g_strconcat("readahead_pages=32 file_system=", rows[i].fs, NULL);
		g_autofree char *text = g_strconcat("file,a,40; file,b,40; spawn,1; ", rows[i].ops,
						    "map,1,0,40,r--p,a,0; touch,1,0,1,r", NULL);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *pages = tl_pages(x, "a", PG_resident);

		TL_STR(pages, rows[i].pages, "%s, %s", rows[i].fs, rows[i].ops);
		/* ext4's inode and bitmap */
		TL_EQ(x->s->nr_file_pages, rows[i].file_pages, "%s, %s", rows[i].fs, rows[i].ops);
		tl_free(x);
	}
}

/* The pages beyond the end are entries of the file's tree: 64 to 95 need a second leaf, and a node
 * above the two, which the shadow shrinker counts and which are charged (it was one leaf). */
static void test_beyond_eof_nodes(void)
{
	struct tl *x =
		tl_run("readahead_pages=32 file_system=squashfs kmem=on memcg_pages=1000", NULL,
		       "file,a,64; file,b,64; spawn,1; map,1,0,64,r--p,a,0; touch,1,48,1,r");

	TL_EQ(x->s->nr_file_pages, 64, "32 to 63, and a block beyond the end");
	TL_EQ(x->s->trees->nr_leaves, 2, "leaves");
	TL_EQ(x->s->trees->nr_nodes, 3, "nodes");
	tl_free(x);
}

/* The last window of 1024 pages was just submitted when the next begins, which needs memory.
 * Debian's 7.3.4 reclaims the 1024 active pages of app, as it is still reading the window before
 * (it took that window, and 2000 refaults followed in the scenario written-chunks). */
static void test_btrfs_still_reading(void)
{
	struct tl *x =
		tl_run("readahead_pages=32 file_system=btrfs memcg_pages=4096", NULL,
		       "file,app,1024; file,big,4000; spawn,1; read,1,app,0,1024; spawn,2;"
		       "read,2,app,0,1024; spawn,3; map,3,0,4000,r--p,big,0; touch,3,0,4000,r");
	g_autofree char *big = tl_pages(x, "big", PG_resident);
	g_autofree char *locked = tl_pages(x, "big", PG_locked);

	TL_STR(big, "948-3999", "what was read ahead stays");
	TL_EQ(x->s->stat.v[VM_workingset_refault_file], 0, "and is read once");
	TL_STR(locked, "", "all is read in the end");
	tl_free(x);
}

/* every file is one of tmpfs: pages are zeroed when first used, and in no need of a device */
static void test_tmpfs(void)
{
	struct tl *x = tl_run("readahead_pages=32 file_system=tmpfs", NULL,
			      "file,a,40; spawn,1; map,1,0,40,rw-s,a,0; touch,1,0,3,w");

	CU_ASSERT_EQUAL(x->s->nr_shmem, 3);
	CU_ASSERT_EQUAL(x->s->stat.v[VM_sim_fills], 0);
	tl_free(x);
}

/* bytes of slab that a write of four pages charges in addition to those of order0 */
static void test_buffer_heads(void)
{
	static const struct {
		const char *fs;
		bool buffers;
	} rows[] = {
		{ "order0", true }, { "ext4", true },	{ "overlayfs", true },
		{ "xfs", false },   { "btrfs", false }, { "fuse", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine = g_strconcat("kmem=on file_system=", rows[i].fs, NULL);
		struct tl *x = tl_run(machine, NULL, "file,a,40; spawn,1; write,1,a,0,4");

		TL_EQ(tl_folio(x, "a", 0)->has_buffers, rows[i].buffers, "%s", rows[i].fs);
		tl_free(x);
	}
}

/* fuse has a window of its own, whatever that of the disk, and asks for requests of its own */
static void test_fuse_window(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		const char *machine;
		uint32_t readahead_pages, io_pages;
	} rows[] = {
		{ &kernel_7_3, "file_system=fuse readahead_pages=2048 io_pages=1024", 32, 256 },
		{ &kernel_7_3, "file_system=fuse readahead_pages=8 io_pages=64", 8, 64 },
		{ &kernel_6_18, "file_system=fuse readahead_pages=2048 io_pages=1024", 32, 32 },
		{ &kernel_6_12, "file_system=fuse readahead_pages=8 io_pages=8", 8, 32 },
		{ &kernel_7_3, "file_system=xfs readahead_pages=2048 io_pages=1024", 2048, 1024 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct machine m = tl_machine(rows[i].machine);
		struct err err = { "" };

		TL_EQ(file_system_apply(&m, rows[i].kernel, &err), 0, "%s", err.msg);
		TL_EQ(m.readahead_pages, rows[i].readahead_pages, "%s, v%s", rows[i].machine,
		      rows[i].kernel->name);
		TL_EQ(m.io_pages, rows[i].io_pages, "%s, v%s", rows[i].machine,
		      rows[i].kernel->name);
	}
}

/* bytes of slab that are charged for two open files, one of which is on tmpfs */
static void test_fuse_files(void)
{
	static const struct {
		const char *fs;
		int64_t bytes;
	} rows[] = { { "ext4", 2 * 200 }, { "fuse", 2 * 200 + 2 * 200 } };
	int64_t have[G_N_ELEMENTS(rows)][2];

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine =
			g_strconcat("memcg_pages=1000 kmem=on file_system=", rows[i].fs, NULL);
		static const char *const texts[] = {
			"file,a,40; file,b,40,shmem; spawn,1; map,1,0,40,r--p,a,0; "
			"map,1,100,40,r--p,b,0",
			"file,a,40; file,b,40,shmem; spawn,1; map,1,0,40,r--p,a,0; "
			"map,1,100,40,r--p,b,0; unmap,1,0,40; exec,1; exit,1",
		};

		for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
			struct tl *x = tl_run(machine, NULL, texts[t]);

			drain_obj_stock(x->s, 0, 0);
			have[i][t] = x->s->objcg->of[0].slab[SLAB_UNRECLAIMABLE];
			tl_free(x);
		}
	}
	TL_EQ(have[1][0] - have[0][0], rows[1].bytes - rows[0].bytes, "the file on fuse alone");
	TL_EQ(have[1][1], have[0][1], "nothing is left of it");
}

/* the slots of metadata are counted, too */
static void test_fits(void)
{
	const uint64_t most = UINT32_MAX - FOLIO_FIRST - 40 - 1;
	struct sim_config cfg;
	struct err err = { "" };
	struct trace *t = tl_trace("file,a,40", &err);

	sim_config_init(&cfg);
	cfg.machine.memory_pages = most;
	CU_ASSERT_EQUAL(sim_fits(t, &cfg, &err), 0);
	cfg.machine.file_system = FS_EXT4;
	CU_ASSERT_EQUAL(sim_fits(t, &cfg, &err), -EINVAL);
	trace_free(t);
}

static void test_maximum(void)
{
	static const struct {
		const struct kernel_profile *kernel;
		const char *machine, *error;
		uint32_t order;
	} rows[] = {
		{ &kernel_7_3, "file_system=ext4", NULL, 9 },
		{ &kernel_7_3, "file_system=ext4 max_folio_order=4", NULL, 4 },
		{ &kernel_7_3, "max_folio_order=4", NULL, 4 },
		{ &kernel_7_3, "file_system=btrfs max_folio_order=7",
		  "machine key max_folio_order is 7, expected at most 6: the largest of btrfs on "
		  "kernel 7.3",
		  0 },
		{ &kernel_7_3, "file_system=order0 max_folio_order=1",
		  "machine key max_folio_order is 1, expected at most 0: the largest of order0 on "
		  "kernel 7.3",
		  0 },
		{ &kernel_6_12, "file_system=ext4", NULL, 0 },
		{ &kernel_6_12, "file_system=overlayfs", NULL, 0 },
		{ &kernel_6_12, "file_system=btrfs", NULL, 0 },
		{ &kernel_6_12, "file_system=xfs", NULL, 9 },
		{ &kernel_6_12, "file_system=ext4 max_folio_order=1",
		  "machine key max_folio_order is 1, expected at most 0: the largest of ext4 on "
		  "kernel 6.12",
		  0 },
		{ &kernel_7_3, "file_system=erofs-lz4", NULL, 9 },
		{ &kernel_6_18, "file_system=erofs-lz4", NULL, 9 },
		{ &kernel_6_12, "file_system=erofs-lz4", NULL, 9 },
		{ &kernel_7_3, "file_system=erofs-lz4 erofs_extent_bytes=65535",
		  "machine key erofs_extent_bytes is 65535, expected at least 65536: a pcluster of "
		  "erofs_pcluster_pages=16 is not larger than its extent",
		  0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct machine m = tl_machine(rows[i].machine);
		struct err err = { "" };
		const int ret = file_system_apply(&m, rows[i].kernel, &err);

		TL_EQ(ret, rows[i].error ? -EINVAL : 0, "%s: %s", rows[i].machine, err.msg);
		TL_STR(err.msg, rows[i].error ? rows[i].error : "", "%s", rows[i].machine);
		if (!ret)
			TL_EQ(m.max_folio_order, rows[i].order, "%s", rows[i].machine);
	}
}

/* program text of arm64: aligned pieces of 64 KiB, inside the mapping */
static void test_exec_order(void)
{
	static const struct {
		const char *machine, *map, *orders, *pages;
	} rows[] = {
		{ "exec_folio_order=4 file_system=ext4", "map,1,0,200,r-xp,a,0", "4:2", "96-127" },
		{ "exec_folio_order=4 file_system=order0", "map,1,0,200,r-xp,a,0", "0:32",
		  "96-127" },
		{ "exec_folio_order=0 file_system=ext4", "map,1,0,200,r-xp,a,0", "0:32",
		  "100-131" },
		{ "exec_folio_order=4 file_system=ext4", "map,1,0,200,r--p,a,0", "0:32", "84-115" },
		/* a mapping of the pages 98 to 120 */
		{ "exec_folio_order=4 file_system=ext4", "map,1,98,23,r-xp,a,98", "0:1 1:1 2:1 3:2",
		  "98-120" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine =
			g_strconcat("readahead_pages=32 ", rows[i].machine, NULL);
		g_autofree char *text = g_strconcat("file,a,4096; spawn,1; ", rows[i].map,
						    "; touch,1,100,1,r", NULL);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *pages = tl_pages(x, "a", PG_resident), *have = NULL;
		uint32_t cached;

		have = orders(x, 4096, &cached);
		TL_STR(have, rows[i].orders, "%s, %s", rows[i].machine, rows[i].map);
		TL_STR(pages, rows[i].pages, "%s, %s", rows[i].machine, rows[i].map);
		tl_free(x);
	}
}

void suite_file_system(void)
{
	CU_pSuite s = CU_add_suite("file_system", NULL, NULL);

	CU_add_test(s, "orders of a cold sequential read", test_orders);
	CU_add_test(s, "the least that is read", test_least_read);
	CU_add_test(s, "blocks end with the file", test_block_at_end);
	CU_add_test(s, "blocks beyond the end of a file", test_beyond_eof);
	CU_add_test(s, "nodes of pages beyond the end", test_beyond_eof_nodes);
	CU_add_test(s, "a window that is still being read", test_btrfs_still_reading);
	CU_add_test(s, "tmpfs", test_tmpfs);
	CU_add_test(s, "who has buffer heads", test_buffer_heads);
	CU_add_test(s, "the window of fuse", test_fuse_window);
	CU_add_test(s, "open files of fuse", test_fuse_files);
	CU_add_test(s, "metadata has to fit", test_fits);
	CU_add_test(s, "the order of program text", test_exec_order);
	CU_add_test(s, "an explicit maximum, and what is refused", test_maximum);
}
