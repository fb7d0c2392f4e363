// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/erofs.c: what is read with the pages of a compressed file, and what of it is kept. */
#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/erofs.h"
#include "sim/mm/file-system.h"
#include "sim/mm/objcg.h"
#include "sim/mm/xarray.h"
#include "tests/unit/testlib.h"

void suite_erofs(void);

#define LZ4 "readahead_pages=32 file_system=erofs-lz4 "

/* pages of the managed cache, or of the device, with all of @flags */
static uint32_t nr_of(const struct tl *x, bool device, uint16_t flags)
{
	const uint32_t nr_blocks = x->s->erofs->nr_blocks;
	const uint32_t first = x->s->meta_first + (device ? nr_blocks : 0);
	uint32_t nr = 0;

	for (uint32_t slot = first; slot < first + nr_blocks; slot++)
		nr += (x->s->folios[slot].flags & flags) == flags;
	return nr;
}

/* "Filesystem blocks" of dump.erofs -s, for images that mkfs.erofs 1.5 made of the scenarios' files
 * with -zlz4 -C65536: the mean extent of their contents is 234873 bytes. */
static void test_layout(void)
{
	static const struct {
		const char *files;
		uint32_t nr_blocks;
	} rows[] = {
		{ "file,a,1200", 336 },		    /* the index fits into block 0 */
		{ "file,a,512; file,b,2000", 705 }, /* that of b is in two blocks behind its data */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = { "" };
		struct trace *t = tl_trace(rows[i].files, &err);
		struct machine m = tl_machine(LZ4 "erofs_extent_bytes=234873");

		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		TL_EQ(file_system_apply(&m, &kernel_7_3, &err), 0, "%s", err.msg);
		TL_EQ(erofs_nr_blocks(t, &m), rows[i].nr_blocks, "%s", rows[i].files);
		trace_free(t);
	}
}

/* one touch of page 100 of a cold file */
static void test_one_touch(void)
{
	static const struct {
		const char *extents, *advice, *pages;
		uint32_t nr_compressed;
	} rows[] = {
		/* page 96 has the end of an extent, and so this is read down to page 64 */
		{ "erofs_extent_bytes=130000", ",random", "96-100", 16 },
		{ "erofs_extent_bytes=130000", "", "64-115", 32 },
		/* with one page of 8000 bytes each: those of the first extent, which begins before
		 * page 84, and of the last one, whose end was not found */
		{ "erofs_pcluster_pages=1 erofs_extent_bytes=8000", "", "84-115", 2 },
		/* extents that end with a page do not show where they end */
		{ "erofs_pcluster_pages=1 erofs_extent_bytes=8192", "", "84-115", 16 },
		{ "erofs_pcluster_pages=1 erofs_extent_bytes=8192", ",random", "100", 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *machine = g_strconcat(LZ4, rows[i].extents, NULL);
		g_autofree char *text = g_strdup_printf(
			"file,a,4096; spawn,1; map,1,0,4096,r--p,a,0%s; touch,1,100,1,r",
			rows[i].advice);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *pages = tl_pages(x, "a", PG_resident);

		TL_STR(pages, rows[i].pages, "%s%s", rows[i].extents, rows[i].advice);
		TL_EQ(nr_of(x, false, PG_resident), rows[i].nr_compressed, "%s%s", rows[i].extents,
		      rows[i].advice);
		TL_EQ(nr_of(x, true, PG_resident), 1, "a page of the index");
		TL_EQ(nr_of(x, false, PG_locked) + nr_of(x, false, PG_private), 0,
		      "used by nobody");
		tl_free(x);
	}
}

/* Debian's 7.3.4: POSIX_FADV_DONTNEED drops the file's pages, and the compressed ones stay. The
 * next read of them needs no device, and nobody has marked them. The index is marked by each read,
 * so that it is active after two. drop_caches drops all. */
static void test_managed_cache(void)
{
	struct tl *x = tl_new(
		LZ4 "read_us=1000 erofs_extent_bytes=234873", NULL,
		"file,a,57; spawn,1; read,1,a,0,57; mark,cold; fadvise,1,a,0,0,dontneed; "
		"mark,dropped; read,1,a,0,57; fadvise,1,a,0,0,dontneed; mark,again; drop_caches");
	uint64_t ns;

	tl_to(x, "cold");
	/* two windows, and a page of the index */
	TL_EQ(x->s->clock.now_ns, 2 * 1000000, "cold");
	TL_EQ(nr_of(x, false, PG_resident), 16, "compressed pages");
	tl_to(x, "dropped");
	TL_EQ(nr_of(x, false, PG_resident), 16, "they stay");
	TL_EQ(tl_folio(x, "a", 0)->flags & PG_resident, 0, "the file's do not");
	ns = x->s->clock.now_ns;
	tl_to(x, "again");
	TL_EQ(x->s->clock.now_ns, ns, "without the device");
	TL_EQ(nr_of(x, false, PG_referenced) + nr_of(x, false, PG_active), 0, "no marks");
	TL_EQ(nr_of(x, true, PG_active), 1, "the index has two");
	TL_EQ(tl_end(x), 1, "%s", x->err.msg);
	TL_EQ(x->s->nr_file_pages, 0, "drop_caches");
	tl_free(x);
}

/* Reclaim takes compressed pages like others and leaves shadows, in a tree of the managed cache,
 * whose nodes are charged. drop_caches clears the shadows there, too, and those beyond the end of a
 * file of squashfs (it left their nodes). */
static void test_shadows(void)
{
	static const char *const file_systems[] = { "erofs-lz4", "squashfs" };

	for (size_t i = 0; i < G_N_ELEMENTS(file_systems); i++) {
		g_autofree char *machine = g_strconcat(
			"readahead_pages=32 kmem=on memcg_pages=600 file_system=", file_systems[i],
			NULL);
		struct tl *x =
			tl_new(machine, NULL,
			       "file,a,1600; spawn,1; map,1,0,1600,r--p,a,0; touch,1,0,1600,r;"
			       "touch,1,0,1000,r;"
			       "exit,1; mark,read; drop_caches");
		uint32_t shadows = 0;

		tl_to(x, "read");
		for (uint32_t slot = x->s->meta_first; slot < x->s->anon_first; slot++)
			shadows += (x->s->folios[slot].flags & PG_shadow) != 0;
		CU_ASSERT(shadows > 20);
		TL_EQ(tl_end(x), 1, "%s", x->err.msg);
		TL_EQ(x->s->trees->nr_nodes, 0, "%s: nodes that are left", file_systems[i]);
		tl_free(x);
	}
}

/* The pages before a window come without reclaim. Here a page of a is touched when the limit is
 * reached, so that nothing is there for the 29 before it. */
static void test_nowait(void)
{
	struct tl *x =
		tl_run(LZ4 "memcg_pages=200 erofs_extent_bytes=130000", NULL,
		       "file,a,64; file,b,400; spawn,1; map,1,0,400,r--p,b,0; touch,1,0,400,r;"
		       "map,1,1000,64,r--p,a,0,random; touch,1,1030,1,r");
	g_autofree char *pages = tl_pages(x, "a", PG_resident);

	CU_ASSERT_STRING_NOT_EQUAL(pages, "0-30");
	CU_ASSERT(tl_folio(x, "a", 30)->flags & PG_resident);
	tl_free(x);
}

void suite_erofs(void)
{
	CU_pSuite s = CU_add_suite("erofs", NULL, NULL);

	CU_add_test(s, "blocks of an image", test_layout);
	CU_add_test(s, "one touch of a cold file", test_one_touch);
	CU_add_test(s, "the managed cache", test_managed_cache);
	CU_add_test(s, "shadows in trees of the file system", test_shadows);
	CU_add_test(s, "pages before a window, without reclaim", test_nowait);
}
