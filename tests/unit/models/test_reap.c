// SPDX-License-Identifier: GPL-2.0-only
/*
 * models/reap-*.c: every policy, by its row of tests/unit/policies.c:
 *
 *	marked iff file folio, young PTE, VMA with recency, and not skipped
 *
 * The test takes each page through the death of a process, as the kernel does, and computes
 * from the row what must happen to it.
 */
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "tests/unit/policies.h"
#include "tests/unit/testlib.h"

void suite_reap(void);

/* how process 1 dies */
static const struct death {
	const char *op;
	bool reaped;
	bool ignore_access, evict_file; /* flags in the trace */
} deaths[] = {
	{ "exit,1", false, false, false },
	{ "kill,1", false, false, false },
	{ "mrelease,1", true, false, false },
	{ "mrelease,1,ignore_access", true, true, false },
	{ "mrelease,1,evict_file", true, false, true },
	{ "mrelease,1,ignore_access+evict_file", true, true, true },
	{ "oom,1", true, false, false },
};

enum sharing { EXCLUSIVE, BY_TWO, TWICE, NR_SHARING };
enum history { FIRST_MARK, SECOND_MARK, ACTIVE, NR_HISTORY };
enum advice { NORMAL, RANDOM, SEQUENTIAL, NOREUSE, NR_ADVICE };
enum kind { PRIVATE, SHARED, SHMEM, SHMEM_PRIVATE, NR_KINDS };

#define NR_PAGES (2 * NR_HISTORY * NR_ADVICE)

static const char *const files[NR_KINDS] = { "p", "s", "t", "u" };

struct page {
	bool young;
	enum history history;
	enum advice advice;
	enum kind kind;
};

static struct page page_of(enum kind kind, uint32_t n)
{
	return (struct page){ n % 2, (enum history)(n / 2 % NR_HISTORY),
			      (enum advice)(n / 2 / NR_HISTORY), kind };
}

/* virtual pages: each kind has its own range; the second mapping of a page is higher */
static uint32_t vpn_of(enum kind kind, uint32_t n, bool second)
{
	return 1000u * kind + 2 * n + (second ? 10000 : 0);
}

/* before the death */
static char *setup(enum sharing sharing, bool optin)
{
	static const char *const advice[NR_ADVICE] = { "", ",random", ",sequential",
						       ",normal,noreuse" };
	GString *t = g_string_new(NULL);

	g_string_append_printf(t,
			       "file,p,%d; file,s,%d; file,t,%d,shmem; file,u,%d,shmem; spawn,1;"
			       "spawn,2; spawn,3; spawn,4;%s",
			       NR_PAGES, NR_PAGES, NR_PAGES, NR_PAGES, optin ? "optin,1;" : "");
	for (int k = 0; k < NR_KINDS; k++) {
		for (uint32_t n = 0; n < NR_PAGES; n++) {
			const struct page p = page_of((enum kind)k, n);
			const char *perm = k == SHARED || k == SHMEM ? "rw-s" : "rw-p";

			for (int i = 0; i < (sharing == EXCLUSIVE ? 1 : 2); i++) {
				int pid = i && sharing == BY_TWO ? 2 : 1;
				uint32_t at = vpn_of((enum kind)k, n, i && sharing == TWICE);

				g_string_append_printf(
					t, "map,%d,%u,1,%s,%s,%u%s; touch,%d,%u,1,r;", pid, at,
					perm, files[k], n, advice[p.advice], pid, at);
			}
			/* marks, each through another open file so that each counts */
			if (p.history >= SECOND_MARK)
				g_string_append_printf(t, "read,3,%s,%u,1;", files[k], n);
			g_string_append(t, "drain;");
			if (p.history == ACTIVE)
				g_string_append_printf(t, "read,4,%s,%u,1; drain;", files[k], n);
		}
	}
	g_string_append(t, "mark,before;");
	return g_string_free(t, FALSE);
}

/* make a PTE old, as reclaim does */
static void make_old(struct tl *x, uint32_t pid, uint32_t vpn)
{
	pte_del(pte_lookup(tl_mm(x, pid), vpn), vpn % PTRS_PER_PTE, PTE_young);
}

struct fate {
	bool cached, referenced, active;
};

struct totals {
	uint64_t marks, skipped, demoted, evicted;
};

/* the expected fate of one page in the death of its owner */
static struct fate expect(const struct policy_rule *r, bool evict, const struct death *d,
			  bool optin, enum sharing sharing, struct page p, struct totals *sum)
{
	struct fate f = { .cached = true,
			  .referenced = p.history == SECOND_MARK,
			  .active = p.history == ACTIVE };
	bool shared_vma = p.kind == SHARED || p.kind == SHMEM;
	/* tmpfs ignores POSIX_FADV_NOREUSE */
	bool recency = p.advice == NORMAL || (p.advice == NOREUSE && p.kind >= SHMEM);
	/* reaped, unless it is VM_SHARED, which the reaper leaves to exit_mmap() */
	bool reaping = d->reaped && !shared_vma;
	bool unstable = d->reaped;
	bool mrelease = d->reaped && strcmp(d->op, "oom,1") != 0;
	bool passes = mrelease ? r->mrelease_passes : d->reaped && r->oom_passes;
	bool flag = (mrelease && d->ignore_access) || passes;
	bool evict_flag = (mrelease && d->evict_file) || (passes && evict);
	/* mm_users is 0 in exit_mmap(); in a reap the mm is unstable */
	bool dying = true;
	bool scope = (!r->needs_unstable || unstable) && (!r->needs_reaping || reaping) &&
		     (!r->needs_dying || dying) && (!r->needs_optin || optin);
	bool skips = scope && !r->never && (!r->needs_flag || flag);
	bool drops = evict && scope && !r->no_evict && (!r->needs_flag || evict_flag);
	/* in the lru_activate or lru_deactivate_file batch: both have fewer than 31
	 * entries, so they are not drained, and each holds a reference */
	bool pending = false, demoted = false;
	unsigned int mapcount = sharing == EXCLUSIVE ? 1 : 2;
	unsigned int unmaps = sharing == TWICE ? 2 : 1;

	/* of what nobody else maps, neither at another address */
	if (mrelease && r->advice && sharing == EXCLUSIVE)
		return (struct fate){ .cached = r->advice == MADVISE_COLD };
	for (; unmaps; unmaps--, mapcount--) {
		if (!p.young || !recency)
			continue;
		if (skips && mapcount < 2) {
			sum->skipped++;
			if (r->demotes && mapcount == 1) {
				sum->demoted++;
				demoted = true;
			}
			continue;
		}
		sum->marks++;
		if (!f.referenced) {
			f.referenced = true;
		} else if (!f.active) {
			pending = true;
			f.referenced = false;
		}
	}
	if (drops && !mapcount && !pending && !demoted) {
		f = (struct fate){ 0 };
		sum->evicted++;
	}
	if (mrelease && r->drops_files && sharing != BY_TWO && p.kind < SHMEM)
		return (struct fate){ 0 };
	/* the drain handles lru_deactivate_file before lru_activate */
	if (demoted)
		f.active = f.referenced = false;
	f.active |= pending;
	return f;
}

static void run_case(const struct policy_rule *r, bool evict, const struct death *d, bool optin,
		     enum sharing sharing, const char *before)
{
	g_autofree char *policy = g_strconcat(r->policy, evict ? "+evict" : "", NULL);
	g_autofree char *text = g_strconcat(before, d->op, "; mark,after; drain", NULL);
	struct totals sum = { 0 };
	struct tl *x = tl_new(NULL, policy, text);

	x->s->cfg.check = false;
	tl_to(x, "before");
	for (int k = 0; k < NR_KINDS; k++) {
		for (uint32_t n = 0; n < NR_PAGES; n++) {
			if (page_of((enum kind)k, n).young)
				continue;
			make_old(x, 1, vpn_of((enum kind)k, n, false));
			if (sharing == TWICE)
				make_old(x, 1, vpn_of((enum kind)k, n, true));
		}
	}
	CU_ASSERT(tl_end(x) == 1);
	CU_ASSERT(sim_check(x->s, &x->err) == 0);
	for (int k = 0; k < NR_KINDS; k++) {
		for (uint32_t n = 0; n < NR_PAGES; n++) {
			const struct page p = page_of((enum kind)k, n);
			const struct fate want = expect(r, evict, d, optin, sharing, p, &sum);
			uint16_t flags = tl_folio(x, files[k], n)->flags;
			const struct fate got = { flags & PG_resident, flags & PG_referenced,
						  flags & PG_active };

			if (memcmp(&got, &want, sizeof(got)))
				TL_EQ(got.cached << 2 | got.referenced << 1 | got.active,
				      want.cached << 2 | want.referenced << 1 | want.active,
				      "%s, %s, optin %d, sharing %d, file %s, young %d, history "
				      "%d, "
				      "advice %d (cached 4, referenced 2, active 1)",
				      policy, d->op, optin, sharing, files[k], p.young, p.history,
				      p.advice);
		}
	}
	TL_EQ(tl_stat(x, VM_sim_zap_marks), sum.marks, "%s, %s, optin %d, sharing %d", policy,
	      d->op, optin, sharing);
	TL_EQ(tl_stat(x, VM_sim_zap_skipped), sum.skipped, "%s, %s, optin %d, sharing %d", policy,
	      d->op, optin, sharing);
	TL_EQ(tl_stat(x, VM_sim_zap_demoted), sum.demoted, "%s, %s, optin %d, sharing %d", policy,
	      d->op, optin, sharing);
	TL_EQ(tl_stat(x, VM_sim_zap_evicted), sum.evicted, "%s, %s, optin %d, sharing %d", policy,
	      d->op, optin, sharing);
	TL_EQ(tl_stat(x, VM_sim_victims), d != &deaths[0], "%s", d->op);
	tl_free(x);
}

static void test_decisions(void)
{
	size_t nr = 0;

	for (int sharing = 0; sharing < NR_SHARING; sharing++) {
		for (int optin = 0; optin < 2; optin++) {
			g_autofree char *before = setup((enum sharing)sharing, optin);

			for (size_t d = 0; d < G_N_ELEMENTS(deaths); d++)
				for (size_t r = 0; r < policy_rules_nr(); r++)
					for (int evict = 0; evict < 2; evict++, nr++)
						if (!evict || !policy_rules[r].no_evict)
							run_case(&policy_rules[r], evict,
								 &deaths[d], optin,
								 (enum sharing)sharing, before);
		}
	}
	TL_EQ(nr, 3 * 2 * 7 * 2 * policy_rules_nr(), "cases");
}

/* every policy of the registry has a row, so that it is tested */
static void test_registry(void)
{
	const size_t nr_rules = policy_rules_nr();
	size_t n = 0;

	for (; reap_policies[n]; n++) {
		const struct reap_policy *p = reap_policies[n];
		size_t nr_options = 0;

		CU_ASSERT_FATAL(n < nr_rules);
		TL_STR(p->name, policy_rules[n].policy, "row %zu", n);
		CU_ASSERT(p->summary[0] != 0);
		/* a column of the compare table: 14 wide with "+evict" */
		CU_ASSERT(strlen(p->name) + (p->evict_scope ? strlen("+evict") : 0) <= 14);
		while (p->options && p->options[nr_options].name)
			nr_options++;
		CU_ASSERT(nr_options <= REAP_ARGS_MAX);
	}
	/* the others are policies with options */
	for (; n < nr_rules; n++)
		CU_ASSERT(strchr(policy_rules[n].policy, ':') != NULL);
}

/* the hooks with every combination of zap_details, also those that no walk of the engine has;
 * the mapcount includes the PTE that is being removed */
static void test_predicates(void)
{
	for (const struct policy_rule *u = policy_rules; u->policy; u++) {
		union option_value args[REAP_ARGS_MAX];
		bool evict;
		const struct reap_policy *p = reap_policy_find(u->policy, &evict, args, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		for (unsigned int bits = 0; bits < 64; bits++) {
			const struct zap_details d = {
				.reaping = bits & 1,
				.unstable = bits & 2,
				.dying = bits & 4,
				.opted_in = bits & 8,
				.mrelease_flags = bits >> 4, /* ignore_access, evict_file */
				.args = args,
			};
			bool scope = (!u->needs_unstable || d.unstable) &&
				     (!u->needs_reaping || d.reaping) &&
				     (!u->needs_dying || d.dying) &&
				     (!u->needs_optin || d.opted_in);

			TL_EQ(p->in_scope(&d), scope && !u->never && (!u->needs_flag || bits & 16),
			      "%s, %#x", u->policy, bits);
			TL_EQ(p->evict_scope && p->evict_scope(&d),
			      scope && !u->no_evict && (!u->needs_flag || bits & 32), "%s, %#x",
			      u->policy, bits);
			for (uint32_t mapcount = 1; mapcount < 4; mapcount++) {
				const struct folio f = { .mapcount = mapcount };

				TL_EQ(p->exclusive(&d, &f, mapcount > 1), mapcount == 1,
				      "%s, mapcount %u", u->policy, mapcount);
			}
		}
		TL_EQ(p->action == REAP_DEMOTE, u->demotes, "%s", u->policy);
		TL_EQ(p->caller_flags ? p->caller_flags(args, OP_MRELEASE) : 0,
		      u->mrelease_passes ? MRELEASE_IGNORE_ACCESS : 0, "%s", u->policy);
		TL_EQ(p->caller_flags ? p->caller_flags(args, OP_OOM) : 0,
		      u->oom_passes ? MRELEASE_IGNORE_ACCESS : 0, "%s", u->policy);
		TL_EQ(p->caller_flags ? p->caller_flags(args, OP_KILL) : 0, 0, "%s", u->policy);
	}
}

static void test_find(void)
{
	static const struct {
		const char *name, *expected;
	} bad[] = {
		{ "", "expected" },
		{ "v2", "expected" },
		{ "v1+", "did you mean v1? Expected" },
		{ "v1+evic", "expected" },
		{ "v1+evict+evict", "expected" },
		{ "+evict", "expected" },
		{ "V1", "did you mean v1? Expected" },
		{ "v1 ", "did you mean v1? Expected" },
		{ "any", "expected" },
	};
	static const struct {
		const char *name, *error;
	} options[] = {
		{ "v1:oom=yes", "policy v1: unknown option \"oom\", it has none" },
		{ "flag:oom", "policy flag: \"oom\", expected KEY=VALUE" },
		{ "flag:oom=maybe", "policy flag: oom is \"maybe\", expected one of: no, yes" },
		{ "flag:mm=yes", "policy flag: unknown option \"mm\", expected one of: oom" },
	};
	g_autofree char *names = tl_names(reap_policies), *lrus = tl_names(lru_models);
	g_autofree char *no_lru = g_strconcat(
		"unknown LRU model \"classics\", did you mean classic? Expected one of: ", lrus,
		NULL);
	union option_value args[REAP_ARGS_MAX];
	struct err err;
	bool evict;

	for (size_t i = 0; reap_policies[i]; i++) {
		g_autofree char *plus = g_strconcat(reap_policies[i]->name, "+evict", NULL);

		CU_ASSERT(reap_policy_find(reap_policies[i]->name, &evict, args, &err) ==
				  reap_policies[i] &&
			  !evict);
		CU_ASSERT(reap_policy_find(plus, &evict, args, &err) ==
				  (reap_policies[i]->evict_scope ? reap_policies[i] : NULL) &&
			  evict);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *want = g_strdup_printf(
			"unknown policy \"%s\", %s one of: %s, each also with +evict", bad[i].name,
			bad[i].expected, names);

		CU_ASSERT(reap_policy_find(bad[i].name, &evict, args, &err) == NULL);
		TL_STR(err.msg, want, "%s", bad[i].name);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		CU_ASSERT(reap_policy_find(options[i].name, &evict, args, &err) == NULL);
		TL_STR(err.msg, options[i].error, "%s", options[i].name);
	}
	CU_ASSERT(reap_policy_find("flag", &evict, args, &err) == &reap_flag);
	CU_ASSERT(args[0].choice == 0 && !evict);
	CU_ASSERT(reap_policy_find("flag:oom=yes+evict", &evict, args, &err) == &reap_flag);
	CU_ASSERT(args[0].choice == 1 && evict);
	CU_ASSERT(lru_model_find("classic", &err) == lru_models[0]);
	CU_ASSERT(lru_model_find("classics", &err) == NULL);
	TL_STR(err.msg, no_lru, "lru");
}

/* exec() ends the old mm, mm_users is 0: any-exit skips, the other policies do not. munmap() is
 * not in scope of any policy */
static void test_exec_and_munmap(void)
{
	for (const struct policy_rule *r = policy_rules; r->policy; r++) {
		static const char *const ops[] = { "unmap,1,0,4", "exec,1" };

		for (int exec = 0; exec < 2; exec++) {
			g_autofree char *text =
				g_strconcat("file,a,4; spawn,1; optin,1; map,1,0,4,r--p,a,0; "
					    "touch,1,0,4,r; drain;",
					    ops[exec], NULL);
			struct tl *x = tl_run(NULL, r->policy, text);
			bool skips = exec && r->needs_dying;

			TL_EQ(tl_stat(x, VM_sim_zap_marks), skips ? 0 : 4, "%s, %s", r->policy,
			      ops[exec]);
			TL_EQ(tl_stat(x, VM_sim_zap_skipped), skips ? 4 : 0, "%s, %s", r->policy,
			      ops[exec]);
			tl_free(x);
		}
	}
}

/* the prctl survives exec; a child has to opt in itself */
static void test_optin(void)
{
	static const struct {
		const char *ops;
		uint64_t skipped;
		const char *what;
	} rows[] = {
		{ "optin,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; exit,1", 4, "opted in" },
		{ "map,1,0,4,r--p,a,0; touch,1,0,4,r; optin,1; exit,1", 4, "late" },
		{ "map,1,0,4,r--p,a,0; touch,1,0,4,r; exit,1", 0, "not" },
		{ "optin,1; exec,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; exit,1", 4, "over exec" },
		{ "optin,1; fork,1,2; map,2,0,4,r--p,a,0; touch,2,0,4,r; exit,2", 0, "a child" },
		{ "optin,1; exit,1; spawn,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; exit,1", 0,
		  "another process of that number" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("file,a,4; spawn,1;", rows[i].ops, NULL);
		struct tl *x = tl_run(NULL, "prctl", text);

		TL_EQ(tl_stat(x, VM_sim_zap_skipped), rows[i].skipped, "%s", rows[i].what);
		tl_free(x);
	}
}

static bool always(const struct zap_details *d)
{
	(void)d;
	return true;
}

/* Bug: +evict crashed with a policy without evict_scope; it drops nothing */
static void test_no_evict_scope(void)
{
	static const struct reap_policy policy = {
		.name = "test",
		.in_scope = always,
		.exclusive = reap_not_shared,
	};
	struct tl *x = tl_new(NULL, "v1+evict",
			      "file,a,4; spawn,1; map,1,0,4,r--p,a,0; touch,1,0,4,r; drain;"
			      "mrelease,1");

	x->s->cfg.reap = &policy;
	tl_end(x);
	TL_EQ(tl_stat(x, VM_sim_zap_skipped), 4, "skipped");
	TL_EQ(tl_stat(x, VM_sim_zap_evicted), 0, "evicted");
	tl_free(x);
}

/* reclaim takes demoted pages next */
static void test_demote_order(void)
{
	struct tl *x =
		tl_run(NULL, "demote",
		       "file,a,6; file,b,3; spawn,1; spawn,2; read,2,b,0,3; read,2,a,0,6; drain;"
		       "map,1,0,6,r--p,a,0; touch,1,1,3,r; exit,1; drain");
	g_autofree char *list = tl_list(x, "inactive_file");

	TL_STR(list, "a:5 a:4 a:0 b:2 b:1 b:0 a:1 a:2 a:3", "newest first");
	TL_EQ(tl_stat(x, VM_pgrotated), 3, "pgrotated");
	TL_EQ(tl_stat(x, VM_pgdeactivate), 0, "none was active");
	tl_free(x);
}

void suite_reap(void)
{
	CU_pSuite s = CU_add_suite("reap", NULL, NULL);

	CU_add_test(s, "every policy, every death, every page", test_decisions);
	CU_add_test(s, "every policy has a row", test_registry);
	CU_add_test(s, "the predicates", test_predicates);
	CU_add_test(s, "names", test_find);
	CU_add_test(s, "exec and munmap", test_exec_and_munmap);
	CU_add_test(s, "the prctl", test_optin);
	CU_add_test(s, "no evict_scope", test_no_evict_scope);
	CU_add_test(s, "demoted pages go first", test_demote_order);
}
