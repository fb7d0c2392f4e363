// SPDX-License-Identifier: GPL-2.0-only
/* sim/mm/fault.c: v7.3 mm/memory.c and filemap_map_pages() of mm/filemap.c. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "tests/unit/testlib.h"

void suite_fault(void);

#define P PTE_present
#define Y PTE_young
#define D PTE_dirty
#define W PTE_write
#define A PTE_anon

/* pages that process 1 has mapped in the two tables from 4096 on, such as "16-31" */
static char *mapped(const struct tl *x)
{
	GString *out = g_string_new(NULL);

	for (uint32_t v = 0, from; v < 1024; v++) {
		for (from = v; v < 1024 && tl_pte(x, 1, 4096 + v); v++)
			;
		if (v > from)
			g_string_append_printf(out, "%s%u-%u", out->len ? " " : "", from, v - 1);
	}
	return g_string_free(out, FALSE);
}

/*
 * do_fault_around(): from = max(ALIGN_DOWN(pte, nr), pte - min(pte, vma_off)),
 * to = min(from + nr, 512, pte + vma_pages - vma_off) - 1. Numbers are relative to page
 * 4096. All pages are cached.
 */
static const struct {
	unsigned int nr, start, pages, touch;
	const char *want;
} windows[] = {
	{ 16, 0, 600, 0, "0-15" },
	{ 16, 0, 600, 15, "0-15" },
	{ 16, 0, 600, 16, "16-31" },
	{ 16, 0, 600, 20, "16-31" },
	/* the VMA begins inside the aligned window: the window moves up with it */
	{ 16, 18, 40, 20, "18-33" },
	{ 16, 18, 40, 18, "18-33" },
	{ 16, 18, 40, 33, "32-47" },
	/* the VMA ends inside */
	{ 16, 10, 8, 17, "16-17" },
	{ 16, 10, 8, 12, "10-17" },
	{ 16, 5, 1, 5, "5-5" },
	/* the page table ends inside: its end, 512, is less than 16 pages after 500 */
	{ 16, 500, 40, 502, "500-511" },
	{ 16, 500, 40, 512, "512-527" },
	{ 16, 505, 40, 520, "512-527" },
	/* other window sizes */
	{ 1, 0, 600, 20, "20-20" },
	{ 2, 0, 600, 21, "20-21" },
	{ 64, 0, 600, 100, "64-127" },
	{ 512, 0, 600, 100, "0-511" },
	{ 512, 100, 600, 300, "100-511" },
	{ 512, 100, 600, 600, "512-699" },
};

static void test_windows(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(windows); i++) {
		g_autofree char *text = g_strdup_printf(
			"file,a,900; spawn,1; read,1,a,0,900; map,1,%u,%u,r--p,a,7; touch,1,%u,1,r",
			4096 + windows[i].start, windows[i].pages, 4096 + windows[i].touch);
		g_autofree char *machine = g_strdup_printf("fault_around_pages=%u", windows[i].nr);
		struct tl *x = tl_run(machine, NULL, text);
		g_autofree char *got = mapped(x);

		TL_STR(got, windows[i].want, "row %zu", i);
		TL_EQ(tl_stat(x, VM_pgfault), 1, "row %zu", i);
		TL_EQ(tl_stat(x, VM_pgmajfault), 0, "row %zu", i);
		/* each maps the right page of the file */
		TL_EQ(tl_folio(x, "a", 7 + windows[i].touch - windows[i].start)->mapcount, 1,
		      "row %zu", i);
		tl_free(x);
	}
}

/* fault-around only maps cached pages that are not mapped and do not have PG_readahead
 * (next_uptodate_folio()); it reads nothing */
static void test_window_holes(void)
{
	struct tl *x =
		tl_new("fault_around_pages=16", NULL,
		       "file,a,64; spawn,1; read,1,a,0,4; read,1,a,6,4; drain; mark,cached;"
		       "map,1,4096,64,rw-p,a,0; touch,1,4098,1,w; mark,copied; touch,1,4096,1,r");
	g_autofree char *got = NULL;

	tl_to(x, "copied");
	got = mapped(x);
	TL_STR(got, "2-2", "a write fault maps no others");
	x->s->folios[tl_slot(x, "a", 8)].flags |= PG_readahead;
	CU_ASSERT(tl_end(x) == 1);
	g_free(got);
	got = mapped(x);
	TL_STR(got, "0-3 6-7 9-9", "the holes 4 and 5, the mark at 8");
	TL_EQ(tl_pte(x, 1, 4098) & A, A, "the copy stays");
	TL_EQ(tl_folio(x, "a", 2)->mapcount, 0, "and its page unmapped");
	TL_EQ(tl_stat(x, VM_sim_fills), 8, "nothing read");
	tl_free(x);
}

/* set_pte_range(): prefaulted PTEs are young, or old with arch_wants_old_prefaulted_pte()
 * (arm64 with hardware AF). The PTE that faulted is always young */
static void test_prefault_age(void)
{
	for (int old = 0; old < 2; old++) {
		struct tl *x = tl_run(old ? "fault_around_pages=16 prefault=old"
					  : "fault_around_pages=16 prefault=young",
				      NULL,
				      "file,a,64; spawn,1; read,1,a,0,64; map,1,4096,64,r--p,a,0;"
				      "touch,1,4101,1,r; touch,1,4102,1,r");

		for (uint32_t i = 0; i < 16; i++)
			TL_EQ(tl_pte(x, 1, 4096 + i), P | (i == 5 || i == 6 || !old ? Y : 0),
			      "page %u, old %d", i, old);
		TL_EQ(tl_stat(x, VM_pgfault), 1, "a touch of a prefaulted page does not fault");
		tl_free(x);
	}
}

/* the PTE, the number of pages and the number of faults after one fault */
static const struct {
	const char *ops; /* of process 1 on the page at 4096 */
	uint8_t pte;
	uint64_t faults, major, anon, mapped, dirty;
	const char *what;
} faults[] = {
	/* do_read_fault() */
	{ "map,1,4096,4,r--p,a,0; touch,1,4096,1,r", P | Y, 1, 1, 0, 1, 0, "cold read" },
	{ "read,1,a,0,1; map,1,4096,4,r--p,a,0; touch,1,4096,1,r", P | Y, 1, 0, 0, 1, 0,
	  "cached read" },
	{ "map,1,4096,4,rw-p,a,0; touch,1,4096,1,r", P | Y, 1, 1, 0, 1, 0, "private, read" },
	{ "map,1,4096,4,rw-s,a,0; touch,1,4096,1,r", P | Y, 1, 1, 0, 1, 0,
	  "shared, read: write-protected for write notification" },
	/* do_cow_fault(), wp_page_copy() */
	{ "map,1,4096,4,rw-p,a,0; touch,1,4096,1,w", P | Y | D | W | A, 1, 1, 1, 0, 0,
	  "private write: a copy, the page stays unmapped" },
	{ "map,1,4096,4,rw-p,a,0; touch,1,4096,1,r; touch,1,4096,1,w", P | Y | D | W | A, 2, 1, 1,
	  0, 0, "read, then write: a copy" },
	{ "map,1,4096,4,rw-p,a,0; touch,1,4096,1,w; touch,1,4096,1,w; touch,1,4096,1,r",
	  P | Y | D | W | A, 1, 1, 1, 0, 0, "no more faults" },
	/* do_shared_fault(), wp_page_shared() */
	{ "map,1,4096,4,rw-s,a,0; touch,1,4096,1,w", P | Y | D | W, 1, 1, 0, 1, 1, "shared write" },
	{ "map,1,4096,4,rw-s,a,0; touch,1,4096,1,r; touch,1,4096,1,w", P | Y | D | W, 2, 1, 0, 1, 1,
	  "shared read, then write" },
	/* do_anonymous_page() */
	{ "anon,1,4096,4,rw-p; touch,1,4096,1,w", P | Y | D | W | A, 1, 0, 1, 0, 0, "anon write" },
	{ "anon,1,4096,4,rw-p; touch,1,4096,1,r", P | Y | PTE_zero, 1, 0, 0, 0, 0, "zero page" },
	{ "anon,1,4096,4,rw-p; touch,1,4096,1,r; touch,1,4096,1,w", P | Y | D | W | A, 2, 0, 1, 0,
	  0, "zero page, then written" },
	/* tmpfs: no write notification (vma_wants_writenotify()), no major fault */
	{ "map,1,4096,4,rw-s,t,0; touch,1,4096,1,r; touch,1,4096,1,w", P | Y | D | W, 1, 0, 0, 1, 0,
	  "tmpfs shared: one fault for both" },
	{ "map,1,4096,4,r--s,t,0; touch,1,4096,1,r", P | Y, 1, 0, 0, 1, 0, "tmpfs read-only" },
	{ "map,1,4096,4,rw-p,t,0; touch,1,4096,1,r; touch,1,4096,1,w", P | Y | D | W | A, 2, 0, 1,
	  0, 0, "tmpfs private: a copy" },
};

static void test_faults(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *text =
			g_strconcat("file,a,8; file,t,8,shmem; spawn,1;", faults[i].ops, NULL);
		struct tl *x = tl_run(NULL, NULL, text);
		const char *what = faults[i].what;

		TL_EQ(tl_pte(x, 1, 4096), faults[i].pte, "%s", what);
		TL_EQ(tl_stat(x, VM_pgfault), faults[i].faults, "%s", what);
		TL_EQ(tl_stat(x, VM_pgmajfault), faults[i].major, "%s", what);
		TL_EQ(tl_stat(x, VM_nr_anon_pages), faults[i].anon, "%s", what);
		TL_EQ(tl_stat(x, VM_nr_mapped), faults[i].mapped, "%s", what);
		TL_EQ(tl_stat(x, VM_nr_dirty), faults[i].dirty, "%s", what);
		/* a fault does not mark: only unmapping and read(2) do */
		TL_EQ(tl_folio(x, "a", 0)->flags & PG_active, 0, "%s", what);
		tl_free(x);
	}
}

/* neither a mapped access nor a fault calls folio_mark_accessed() */
static void test_faults_mark_nothing(void)
{
	struct tl *x = tl_run("fault_around_pages=16", NULL,
			      "file,a,64; spawn,1; spawn,2; map,1,4096,64,rw-s,a,0;"
			      "map,2,4096,64,rw-p,a,0; touch,1,4096,64,r; touch,1,4096,64,w;"
			      "touch,2,4096,64,r; touch,2,4096,64,w; touch,2,4096,64,r; drain");
	g_autofree char *marked = tl_pages(x, "a", PG_referenced);
	g_autofree char *active = tl_pages(x, "a", PG_active);

	TL_STR(marked, "", "referenced");
	TL_STR(active, "", "active");
	TL_EQ(tl_stat(x, VM_sim_accesses), 5 * 64, "accesses");
	tl_free(x);
}

static void test_shmem(void)
{
	struct tl *x =
		tl_run(NULL, NULL,
		       "file,t,8,shmem; spawn,1; map,1,4096,8,rw-s,t,0; touch,1,4096,3,w; drain");

	for (uint32_t i = 0; i < 3; i++) {
		TL_STR(tl_where(x, "t", i), "inactive_anon", "page %u", i);
		TL_EQ(tl_folio(x, "t", i)->flags & (PG_swapbacked | PG_dirty | PG_anon),
		      PG_swapbacked | PG_dirty, "page %u", i);
	}
	TL_STR(tl_where(x, "t", 3), "absent", "never touched");
	TL_EQ(tl_stat(x, VM_sim_fills), 0, "zeroed, not read");
	TL_EQ(tl_stat(x, VM_nr_shmem), 3, "nr_shmem");
	tl_free(x);
}

/*
 * do_swap_page() with SWP_SYNCHRONOUS_IO swaps in one page, frees its slot if no other
 * process shares it, and makes it writable at once if it is exclusive. The limit is 200
 * pages. A reclaim finds the 150 anon pages young and clears their young bits. File pages
 * that are read after that push some of them out.
 */
static const char swap_setup[] =
	"file,a,4000; spawn,1; anon,1,4096,150,rw-p; touch,1,4096,150,w; drain;";

static void test_swap(void)
{
	g_autofree char *text = g_strconcat(swap_setup, "read,1,a,0,2000; mark,out;", NULL);
	struct tl *x = tl_run("memcg_pages=200 swap_pages=1000 swappiness=200", NULL, text);
	uint64_t out = tl_stat(x, VM_pswpout), used = x->s->swap_used, majfaults;
	uint32_t vpn = 4096;
	uint32_t slot;

	CU_ASSERT_FATAL(out > 0);
	TL_EQ(used, out, "a slot each");
	TL_EQ(tl_stat(x, VM_nr_vmscan_write), out, "written by reclaim");
	while (!(tl_pte(x, 1, vpn) & PTE_swap))
		vpn++;
	TL_EQ(tl_pte(x, 1, vpn), PTE_swap | PTE_write, "swap entry, pte_swp_exclusive()");
	slot = tl_anon_slot(x, 1, vpn);
	CU_ASSERT(x->s->folios[slot].flags & PG_swapcache);
	CU_ASSERT(!(x->s->folios[slot].flags & PG_resident));
	majfaults = tl_stat(x, VM_pgmajfault);
	tl_free(x);

	/* read it, then write: no second fault, as it was exclusive */
	for (int write = 0; write < 2; write++) {
		g_autofree char *more =
			g_strdup_printf("%stouch,1,%u,1,%c; mark,in", text, vpn, write ? 'w' : 'r');

		x = tl_run("memcg_pages=200 swap_pages=1000 swappiness=200", NULL, more);
		TL_EQ(tl_stat(x, VM_pgmajfault), majfaults + 1, "swapin is a major fault");
		TL_EQ(tl_stat(x, VM_pswpin), 1, "one page, no readahead");
		TL_EQ(tl_stat(x, VM_workingset_refault_anon), 1, "it had a shadow");
		TL_EQ(tl_pte(x, 1, vpn), P | Y | W | A | (write ? D : 0), "write %d", write);
		slot = tl_anon_slot(x, 1, vpn);
		TL_EQ(x->s->folios[slot].flags & (PG_resident | PG_swapcache | PG_dirty),
		      PG_resident | PG_dirty, "its slot was freed, so it is dirty");
		/* the charge may have swapped out other pages */
		TL_EQ(x->s->swap_used, tl_stat(x, VM_pswpout) - 1, "slots");
		tl_free(x);
	}
}

/* a swap entry shared by fork: a read maps the shared page, a write copies it */
static void test_swap_shared(void)
{
	struct tl *x;
	g_autofree char *text = g_strconcat(swap_setup, "fork,1,2; read,1,a,0,2000;", NULL);
	const char *machine = "memcg_pages=200 swap_pages=1000 swappiness=200";
	uint32_t vpn = 4096, slot;

	x = tl_run(machine, NULL, text);
	while (vpn < 4096 + 150 && !(tl_pte(x, 1, vpn) & PTE_swap))
		vpn++;
	CU_ASSERT_FATAL(vpn < 4096 + 150);
	TL_EQ(tl_pte(x, 2, vpn), PTE_swap, "in both");
	tl_free(x);

	for (int write = 0; write < 2; write++) {
		g_autofree char *more =
			g_strdup_printf("%stouch,2,%u,1,%c", text, vpn, write ? 'w' : 'r');

		x = tl_run(machine, NULL, more);
		slot = tl_anon_slot(x, 1, vpn);
		TL_EQ(tl_pte(x, 1, vpn), PTE_swap, "the parent's entry");
		TL_EQ(x->s->anon[slot - x->s->anon_first].nr_swap, 1, "the parent's entry");
		if (write) {
			CU_ASSERT(tl_anon_slot(x, 2, vpn) != slot);
			TL_EQ(tl_pte(x, 2, vpn), P | Y | D | W | A, "the child's copy");
		} else {
			TL_EQ(tl_anon_slot(x, 2, vpn), slot, "the child's page");
			TL_EQ(tl_pte(x, 2, vpn), P | Y | A, "read-only: it is shared");
			TL_EQ(x->s->folios[slot].flags & PG_swapcache, PG_swapcache,
			      "still needed by the parent");
		}
		tl_free(x);
	}
}

/* wp_can_reuse_anon_folio() drains this CPU's batch to drop its reference. A reference of
 * another CPU's batch makes it copy the page */
static void test_reuse_and_batches(void)
{
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		g_autofree char *text =
			g_strdup_printf("spawn,1,0; anon,1,0,2,rw-p; touch,1,0,2,w; fork,1,2,%u; "
					"exit,1; touch,2,0,1,w",
					cpu);
		struct tl *x = tl_run("cpus=2", NULL, text);

		TL_EQ(tl_stat(x, VM_nr_anon_pages), 2, "cpu %u", cpu);
		/* the old page stays in CPU 0's batch, and no process maps it */
		TL_EQ(x->s->nr_used, cpu ? 3 : 2, "cpu %u", cpu);
		TL_EQ(tl_pte(x, 2, 0), P | Y | D | W | A, "cpu %u", cpu);
		tl_free(x);
	}
}

static void test_stride(void)
{
	struct tl *x = tl_run(NULL, NULL,
			      "file,a,64; spawn,1; map,1,4096,64,r--p,a,0; touch,1,4099,5,r,7");
	g_autofree char *got = mapped(x);

	TL_STR(got, "3-3 10-10 17-17 24-24 31-31", "every seventh");
	TL_EQ(tl_stat(x, VM_sim_accesses), 5, "touches");
	tl_free(x);
}

/* replay_touches() must give what replay_op() gives: with two processes of which MGLRU asks
 * whether they ran, and faults that age the memory and read nothing (@nr 1: pages of tmpfs; 3:
 * also of a file, and anon ones). @swap: else memory runs out, at the same record */
static void fast_path(const struct lru_model *lru, bool swap, uint32_t nr)
{
	const uint32_t at[] = { 8192, 4096, 16384 }, pages[] = { nr > 1 ? 900 : 6000, 3000, 400 };
	GString *text = g_string_new("file,a,3000; file,t,6000,shmem; spawn,1; spawn,2;");
	const char *machine = swap ? "memcg_pages=600 swap_pages=9000" : "memcg_pages=600";
	struct vmstat stat[2];
	uint64_t ended[2];
	uint32_t rng = 1;

	for (int pid = 1; pid <= 2; pid++)
		g_string_append_printf(text,
				       "map,%d,4096,3000,r--p,a,0; map,%d,8192,6000,rw-s,t,0;"
				       "anon,%d,16384,400,rw-p;",
				       pid, pid, pid);
	for (int i = 0; i < 5000; i++) {
		const uint32_t pid = 1 + (i >> (nr > 1 ? 5 : 11)) % 2;
		uint32_t where, page;

		rng = rng * 1103515245 + 12345;
		where = (rng >> 28) % nr;
		page = (rng >> 8) % ((rng >> 24) % 2 ? pages[where] : 40);
		g_string_append_printf(text, "touch,%u,%u,1,%c;", pid, at[where] + page,
				       nr > 1 && where != 1 && (rng >> 20) % 3 == 0 ? 'w' : 'r');
	}
	for (int fast = 0; fast < 2; fast++) {
		struct tl *x = tl_new_lru(lru, machine, NULL, text->str);

		x->s->cfg.check = false;
		/* times that do not change, but that turn off the fast path */
		if (!fast)
			x->s->cfg.nr_times = 1;
		TL_EQ(tl_end(x), swap ? 1 : -ENOMEM, "%s, %u", lru->name, nr);
		ended[fast] = sim_position(x->s);
		CU_ASSERT(sim_check(x->s, &x->err) == 0);
		sim_stat(x->s, &stat[fast]);
		tl_free(x);
	}
	TL_EQ(ended[1], ended[0], "%s: the last record", lru->name);
	for (int i = 0; i < NR_VMSTAT; i++)
		TL_EQ(stat[1].v[i], stat[0].v[i], "%s: %s", lru->name,
		      vmstat_name((enum vmstat_item)i));
	CU_ASSERT(stat[0].v[VM_sim_accesses] > 1000);
	g_string_free(text, TRUE);
}

static void test_fast_path(void)
{
	for (uint32_t nr = 1; nr <= 3; nr += 2) {
		for (int swap = 0; swap < 2; swap++) {
			fast_path(&lru_classic, swap, nr);
			fast_path(&lru_mglru, swap, nr);
		}
	}
}

void suite_fault(void)
{
	CU_pSuite s = CU_add_suite("fault", NULL, NULL);

	CU_add_test(s, "fault-around: the window", test_windows);
	CU_add_test(s, "fault-around: what is skipped", test_window_holes);
	CU_add_test(s, "fault-around: young or old", test_prefault_age);
	CU_add_test(s, "kinds of faults", test_faults);
	CU_add_test(s, "faults mark nothing", test_faults_mark_nothing);
	CU_add_test(s, "tmpfs", test_shmem);
	CU_add_test(s, "swap out and in", test_swap);
	CU_add_test(s, "swap entries shared by fork", test_swap_shared);
	CU_add_test(s, "reuse of an anon page", test_reuse_and_batches);
	CU_add_test(s, "stride", test_stride);
	CU_add_test(s, "the fast path equals the slow one", test_fast_path);
}
