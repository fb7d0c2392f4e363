// SPDX-License-Identifier: GPL-2.0-only
/* sim/vmstat.c: names of counters; sim_stat(): the levels. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_vmstat(void);

/* the levels of /proc/vmstat that reapsim has; all other counters only grow */
static const char *const gauges[] = {
	"nr_free_pages",  "nr_inactive_anon", "nr_active_anon",	  "nr_inactive_file",
	"nr_active_file", "nr_file_pages",    "nr_anon_pages",	  "nr_mapped",
	"nr_shmem",	  "nr_dirty",	      "workingset_nodes", "nr_mlock",
	"nr_unevictable",
};

static void test_names(void)
{
	unsigned int nr_gauges = 0;

	for (int i = 0; i < NR_VMSTAT; i++) {
		const char *name = vmstat_name((enum vmstat_item)i);

		TL_EQ(vmstat_find(name), i, "%s", name);
		CU_ASSERT(vmstat_text((enum vmstat_item)i)[0] != 0);
		nr_gauges += vmstat_is_gauge((enum vmstat_item)i) != 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(gauges); i++) {
		int item = vmstat_find(gauges[i]);

		CU_ASSERT_FATAL(item >= 0);
		CU_ASSERT(vmstat_is_gauge((enum vmstat_item)item));
	}
	TL_EQ(nr_gauges, G_N_ELEMENTS(gauges), "levels");
	CU_ASSERT(vmstat_find("pgfaults") == -ENOENT);
	CU_ASSERT(vmstat_find("") == -ENOENT);
	CU_ASSERT(vmstat_find("PGFAULT") == -ENOENT);
}

/*
 * 10 file pages that read(2) added, 6 of them mapped by two processes, 5 anon pages, 3 tmpfs
 * pages; 4 pages dirtied by write(2).
 */
static void test_levels(void)
{
	struct tl *x =
		tl_run("memcg_pages=1000", NULL,
		       "file,a,20; file,t,3,shmem; spawn,1; spawn,2; read,1,a,0,10;"
		       "map,1,0,6,r--p,a,0; touch,1,0,6,r; map,2,0,6,r--p,a,0; touch,2,0,6,r;"
		       "anon,1,100,5,rw-p; touch,1,100,5,w; map,1,200,3,rw-s,t,0;"
		       "touch,1,200,3,w; write,1,a,10,4; mark,batched; drain");
	static const struct {
		enum vmstat_item item;
		uint64_t want;
	} rows[] = {
		{ VM_nr_free_pages, 1000 - 10 - 4 - 5 - 3 },
		{ VM_nr_inactive_anon, 5 + 3 }, /* tmpfs is on the anon lists */
		{ VM_nr_active_anon, 0 },
		{ VM_nr_inactive_file, 14 },
		{ VM_nr_active_file, 0 },
		{ VM_nr_file_pages, 14 + 3 },
		{ VM_nr_anon_pages, 5 },
		{ VM_nr_mapped, 6 + 3 }, /* a page mapped twice counts once */
		{ VM_nr_shmem, 3 },
		{ VM_nr_dirty, 4 }, /* tmpfs pages are dirty but not counted */
		{ VM_sim_accesses, 10 + 6 + 6 + 5 + 3 + 4 },
		{ VM_pgfault, 6 + 6 + 5 + 3 },
		{ VM_pgmajfault, 0 },
		{ VM_nr_dirtied, 4 },
		{ VM_sim_cache_adds, 14 + 3 },
		{ VM_sim_fills, 10 }, /* tmpfs and whole-page writes read nothing */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		TL_EQ(tl_stat(x, rows[i].item), rows[i].want, "%s", vmstat_name(rows[i].item));
	/* 22 pages are less than a batch of 31, so none was on a list */
	TL_EQ(tl_at(x, "batched", VM_nr_inactive_file), 0, "before the drain");
	TL_EQ(tl_at(x, "batched", VM_nr_file_pages), 17, "before the drain");
	tl_free(x);
}

void suite_vmstat(void)
{
	CU_pSuite s = CU_add_suite("vmstat", NULL, NULL);

	CU_add_test(s, "names are found, levels are known", test_names);
	CU_add_test(s, "levels", test_levels);
}
