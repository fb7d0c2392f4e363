// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conformance of every LRU model in the registry with sim/lru.h. Each runs every generator
 * under every policy on several machines, with all invariants checked after each operation.
 */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/event.h"
#include "sim/mm/page-writeback.h"
#include "tests/unit/testlib.h"
#include "traces/gen/gen.h"

void suite_models(void);

static const struct {
	const char *name;
	const char *kv[8];
	size_t nr;
} workloads[] = {
	{ "zipf", { "pages=700", "accesses=3000", "op=touch" }, 3 },
	{ "zipf", { "pages=700", "accesses=3000", "op=read" }, 3 },
	{ "sequential", { "stream_pages=500", "passes=2", "chunk_pages=50", "ws_pages=90" }, 4 },
	{ "restart-loop", { "app_pages=90", "big_pages=300", "rounds=6", "warm_rounds=1" }, 4 },
	{ "app-rotation",
	  { "apps=4", "rounds=3", "cached_limit=2", "file_pages=90", "anon_pages=40" },
	  5 },
	{ "shared-library",
	  { "processes=4", "dying=2", "rounds=3", "lib_pages=60", "own_pages=40", "big_pages=200" },
	  6 },
};

static const char *const machines[] = {
	"memcg_pages=200 swap_pages=300",
	"memcg_pages=260 swap_pages=300 cpus=3 readahead_pages=32 fault_around_pages=16",
	"memory_pages=600 swap_pages=300 readahead_pages=8 fault_around_pages=16 prefault=old",
	"memcg_pages=200 swap_pages=20 swappiness=200 memcg_stats=flushed",
	"memcg_pages=4000 readahead_pages=32",
};

static struct trace *make(size_t w)
{
	const struct trace_generator *g = gen_find(workloads[w].name, NULL);
	struct err err = { "" };
	struct trace *t = NULL;
	struct gen_args a;

	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	if (gen_args_parse(&a, g, (char *const *)workloads[w].kv, workloads[w].nr, &err) ||
	    gen_run(g, &a, &t, &err))
		TL_STR(err.msg, "", "%s", workloads[w].name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

/* file pages that left the cache, by the log of events; all folios are single pages */
static uint64_t count_left(const struct sim *s)
{
	uint64_t nr = 0;

	for (guint i = 0; i < s->log->events->len; i++) {
		const struct event *e = &g_array_index(s->log->events, struct event, i);

		if (e->slot < s->anon_first)
			nr += e->rule == EV_EVICT || e->rule == EV_ZAP_EVICT || e->rule == EV_DROP;
	}
	return nr;
}

/* sums that hold for any model: no page appears or vanishes */
static void check_stat(const struct sim *s, const struct vmstat *st, const char *what)
{
	uint64_t limit = MAX(s->cfg.machine.memcg_pages, s->cfg.machine.memory_pages);
	const uint64_t *v = st->v;

	TL_EQ(v[VM_pgscan_kswapd] + v[VM_pgscan_direct], v[VM_pgscan_anon] + v[VM_pgscan_file],
	      "%s", what);
	TL_EQ(v[VM_pgsteal_kswapd] + v[VM_pgsteal_direct], v[VM_pgsteal_anon] + v[VM_pgsteal_file],
	      "%s", what);
	CU_ASSERT(v[VM_pgsteal_file] <= v[VM_pgscan_file]);
	CU_ASSERT(v[VM_pgsteal_anon] <= v[VM_pgscan_anon]);
	CU_ASSERT(v[VM_workingset_activate_file] <= v[VM_workingset_refault_file]);
	/* under MGLRU a restored page starts active only in a page fault */
	CU_ASSERT(
		v[VM_workingset_restore_file] <=
		v[s->cfg.lru->lru_gen ? VM_workingset_refault_file : VM_workingset_activate_file]);
	CU_ASSERT(v[VM_workingset_activate_anon] <= v[VM_workingset_refault_anon]);
	CU_ASSERT(v[VM_pgmajfault] <= v[VM_pgfault]);
	CU_ASSERT(v[VM_sim_reap_young] <= v[VM_sim_reap_pages]);
	CU_ASSERT(v[VM_nr_free_pages] <= limit);
	CU_ASSERT(v[VM_nr_inactive_file] + v[VM_nr_active_file] <=
		  v[VM_nr_file_pages] - v[VM_nr_shmem]);
	/* pages added to the cache are still there or left it; no workload uses tmpfs */
	TL_EQ(v[VM_sim_cache_adds], v[VM_nr_file_pages] + count_left(s), "%s", what);
	/* they were reclaimed or evicted; no counter has what advice takes */
	if (!s->cfg.reap->advice && !s->cfg.reap->drops_files)
		TL_EQ(count_left(s), v[VM_pgsteal_file] + v[VM_sim_zap_evicted], "%s", what);
	else
		CU_ASSERT(count_left(s) >= v[VM_pgsteal_file] + v[VM_sim_zap_evicted]);
}

static void run_one(const struct kernel_profile *kernel, const struct lru_model *lru,
		    const struct reap_policy *reap, bool evict, const struct trace *t,
		    const char *machine, enum op_code ends_as)
{
	struct sim_config cfg = { .kernel = kernel,
				  .lru = lru,
				  .check = true,
				  .machine = tl_machine(machine),
				  .ends_as = ends_as };
	g_autofree char *what =
		g_strdup_printf("v%s, %s, %s%s, %s, %s", kernel->name, lru->name, reap->name,
				evict ? "+evict" : "", t->path, machine);
	struct err err = { "" };
	struct vmstat st[2];

	cfg.reap = reap_policy_find(reap->name, &cfg.evict, cfg.reap_args, &err);
	cfg.evict = evict;
	for (int again = 0; again < 2; again++) {
		struct sim *s = sim_new(t, &cfg, &err);
		struct event_log log;

		event_log_init(&log);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		s->log = &log;
		if (sim_run(s, UINT64_MAX, &err) != 1 || sim_check(s, &err))
			TL_STR(err.msg, "", "%s", what);
		sim_stat(s, &st[again]);
		check_stat(s, &st[again], what);
		sim_free(s);
		event_log_clear(&log);
		/* then without --check, which uses other code and must give the same
		 * result */
		cfg.check = false;
	}
	CU_ASSERT(!memcmp(&st[0], &st[1], sizeof(st[0])));
}

static void test_workloads(void)
{
	static const enum op_code ends[] = { OP_NONE, OP_MRELEASE, OP_OOM };
	size_t n = 0;

	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		for (size_t w = 0; w < G_N_ELEMENTS(workloads); w++) {
			struct trace *t = make(w);

			for (size_t m = 0; m < G_N_ELEMENTS(machines); m++)
				for (const struct reap_policy *const *p = reap_policies; *p;
				     p++, n++)
					for (const struct kernel_profile *const *k =
						     kernel_profiles;
					     *k; k++)
						run_one(*k, *lru, *p, n % 2, t, machines[m],
							ends[n / 2 % G_N_ELEMENTS(ends)]);
			trace_free(t);
		}
	}
}

/* the hooks, called as sim/lru.h describes */
static void test_hooks(void)
{
	for (const struct lru_model *const *lru = lru_models; *lru; lru++) {
		struct sim_config cfg = { .kernel = kernel_profiles[0],
					  .lru = *lru,
					  .reap = reap_policies[0],
					  .machine = tl_machine("") };
		struct err err = { "" };
		struct trace *t = tl_trace("file,a,64; spawn,1; read,1,a,0,64; drain", &err);
		struct sim *s;
		uint32_t slot;
		uint64_t pages = 0;

		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		s = sim_new(t, &cfg, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		CU_ASSERT(sim_run(s, UINT64_MAX, &err) == 1);
		CU_ASSERT((*lru)->name[0] && (*lru)->summary[0]);
		slot = file_slot(s, 0, 3);
		CU_ASSERT(s->folios[slot].flags & PG_lru);

		/* del() removes it, add() adds it, size() follows */
		pages = (*lru)->size(&s->memcg[0].lruvec, LRU_FILE, false) +
			(*lru)->size(&s->memcg[0].lruvec, LRU_FILE, true);
		TL_EQ(pages, 64, "%s", (*lru)->name);
		(*lru)->del(s, &s->memcg[0].lruvec, slot);
		CU_ASSERT(!(s->folios[slot].flags & PG_lru));
		TL_EQ((*lru)->size(&s->memcg[0].lruvec, LRU_FILE, false) +
			      (*lru)->size(&s->memcg[0].lruvec, LRU_FILE, true),
		      63, "%s", (*lru)->name);
		(*lru)->add(s, &s->memcg[0].lruvec, &slot, 1);
		CU_ASSERT(s->folios[slot].flags & PG_lru);
		/* activate() and move_tail() keep it on a list and the model consistent */
		(*lru)->activate(s, &s->memcg[0].lruvec, slot);
		CU_ASSERT((*lru)->check(s, &s->memcg[0].lruvec, &err) == 0);
		(*lru)->move_tail(s, &s->memcg[0].lruvec, slot);
		CU_ASSERT((*lru)->check(s, &s->memcg[0].lruvec, &err) == 0);
		CU_ASSERT(!(s->folios[slot].flags & PG_active));
		CU_ASSERT(sim_check(s, &err) == 0);

		/* a mark does not change a folio with all of mark_noop_flags */
		s->folios[slot].flags |= (*lru)->mark_noop_flags & PG_referenced;
		if ((*lru)->mark_noop_flags) {
			struct folio before;

			(*lru)->activate(s, &s->memcg[0].lruvec, slot);
			s->folios[slot].flags |= (*lru)->mark_noop_flags;
			before = s->folios[slot];
			(*lru)->mark_accessed(s, 0, slot);
			CU_ASSERT(!memcmp(&before, &s->folios[slot], sizeof(before)));
			CU_ASSERT(s->cpus[0].lru_activate.nr == 0);
		}
		/* check() finds a broken list */
		s->folios[slot].flags &= (uint16_t)~PG_lru;
		CU_ASSERT((*lru)->check(s, &s->memcg[0].lruvec, &err) != 0 && err.msg[0]);
		s->folios[slot].flags |= PG_lru;
		CU_ASSERT((*lru)->check(s, &s->memcg[0].lruvec, &err) == 0);
		sim_free(s);
		trace_free(t);
	}
}

/* sim_check() reports each invariant that the test breaks */
static void test_check_notices(void)
{
	static const char text[] = "file,a,64; file,t,4,shmem; spawn,1; read,1,a,0,40; drain;"
				   "map,1,0,4,r--p,a,0; touch,1,0,4,r; anon,1,99,4,rw-p;"
				   "touch,1,99,4,w; write,1,t,0,2; write,1,a,50,2;"
				   "anon,1,8,1,rw-p";
	struct tl *x = tl_run(NULL, NULL, text);
	struct sim *s = x->s;
	struct folio *f = &s->folios[tl_slot(x, "a", 0)];
	struct pte_table *pt = pte_lookup(tl_mm(x, 1), 8);

	CU_ASSERT_FATAL(sim_check(s, &x->err) == 0);
#define BREAK(what, change, undo)                                                                  \
	do {                                                                                       \
		x->err.msg[0] = 0;                                                                 \
		change;                                                                            \
		CU_ASSERT(sim_check(s, &x->err) == -EIO);                                          \
		if (!strstr(x->err.msg, what))                                                     \
			TL_STR(x->err.msg, what, "broken by hand");                                \
		undo;                                                                              \
	} while (0)
	BREAK("mapcount", f->mapcount++, f->mapcount--);
	BREAK("extra references", f->extra_refs++, f->extra_refs--);
	BREAK("pages in use", s->nr_used++, s->nr_used--);
	BREAK("nr_file_pages", s->nr_file_pages--, s->nr_file_pages++);
	BREAK("nr_mapped", s->nr_mapped[0]--, s->nr_mapped[0]++);
	BREAK("nr_anon_pages", s->nr_mapped[1]++, s->nr_mapped[1]--);
	BREAK("nr_shmem", s->nr_shmem++, s->nr_shmem--);
	BREAK("nr_dirty", s->writeback->nr_dirty--, s->writeback->nr_dirty++);
	BREAK("swap", s->swap_used++, s->swap_used--);
	BREAK("memcg usage", s->memcg[0].usage++, s->memcg[0].usage--);
	BREAK("no PTE at page 0x8, but young 1, flags 0", pt->word[0].young |= 1 << 8,
	      pt->word[0].young &= ~(1ull << 8));
	BREAK("no PTE at page 0x8, but young 0, flags 0x4", pt->more[8] = PTE_dirty,
	      pt->more[8] = 0);
	BREAK("flags", f->flags |= PG_shadow, f->flags &= (uint16_t)~PG_shadow);
#undef BREAK
	CU_ASSERT(sim_check(s, &x->err) == 0);
	tl_free(x);
}

void suite_models(void)
{
	CU_pSuite s = CU_add_suite("models", NULL, NULL);

	CU_add_test(s, "every model: workloads, machines, policies", test_workloads);
	CU_add_test(s, "every model: hooks", test_hooks);
	CU_add_test(s, "sim_check notices", test_check_notices);
}
