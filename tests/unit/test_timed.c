// SPDX-License-Identifier: GPL-2.0-only
/* sim/timed.c: actors, and the whole of a timed run. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/outcome.h"
#include "sim/rng.h"
#include "sim/timed.h"
#include "tests/unit/random_trace.h"
#include "tests/unit/testlib.h"

void suite_timed(void);

/* with nothing that takes time, one actor and no killer but the trace, a timed
 * run is the untimed one: same counters, same snapshots */
static void test_costs_nothing(void)
{
	unsigned int compared = 0;

	for (uint64_t seed = 1; seed <= 1000; seed++) {
		struct timed_config timed;
		struct sim_config cfg = { 0 };
		struct random_trace rt;
		struct vmstat plain, v;
		struct err err = { "" };
		struct sim *s, *u;
		int ret;

		random_trace(&rt, seed, 150, 0);
		rt.m.read_us = rt.m.fault_us = rt.m.scan_ns = 0;
		/* of several CPUs, kswapd has one of its own choice */
		if (!rt.m.memcg_pages)
			rt.m.cpus = 1;
		cfg.lru = lru_models[seed % 2];
		cfg.reap = reap_policies[seed / 2 % 7];
		cfg.evict = seed / 14 % 2;
		cfg.machine = rt.m;
		cfg.ends_as = rt.ends_as;
		cfg.check = seed % 8 == 0;
		u = sim_new(rt.t, &cfg, &err);
		ret = sim_run(u, UINT64_MAX, &err);
		sim_stat(u, &plain);
		timed_config_init(&timed, &kill_scripted);
		timed.loop = LOOP_TRACE;
		cfg.timed = &timed;
		s = sim_new(rt.t, &cfg, &err);
		if (ret == 1) {
			compared++;
			TL_EQ(sim_run(s, UINT64_MAX, &err), ret, "seed %" PRIu64 ": %s", seed,
			      err.msg);
			sim_stat(s, &v);
			for (int i = 0; i < NR_VMSTAT; i++)
				TL_EQ(v.v[i], plain.v[i], "seed %" PRIu64 " %s", seed,
				      vmstat_name((enum vmstat_item)i));
			TL_EQ(s->snapshots->len, u->snapshots->len, "seed %" PRIu64, seed);
			TL_EQ(s->now_ns, u->now_ns, "seed %" PRIu64, seed);
		} else {
			/* the OOM killer of a timed run ends a process, not the run */
			CU_ASSERT(sim_run(s, UINT64_MAX, &err) != -EIO);
		}
		sim_free(s);
		sim_free(u);
		random_trace_free(&rt);
	}
	CU_ASSERT(compared > 500);
}

static uint64_t mix(uint64_t x)
{
	struct rng r;

	rng_init(&r, x, 7);
	return rng_next(&r);
}

/* a machine on which everything takes time */
static void set_costs(struct machine *m, uint64_t seed)
{
	uint64_t r = mix(seed);

	m->read_us = (uint32_t)(r % 5) * 100;
	m->device_mbps = (uint32_t)(r >> 4) % 3 * 50;
	m->device_depth = (uint32_t)(r >> 8) % 3;
	m->device_spread_percent = (uint32_t)(r >> 12) % 3 * 50;
	m->fault_us = (uint32_t)(r >> 16) % 3;
	m->scan_ns = (uint32_t)(r >> 20) % 3 * 10000;
	m->tick_us = 1000;
	m->zap_file_ps = m->zap_anon_ps = m->evict_ps = (uint32_t)(r >> 24) % 3 * 100000000;
	m->mark_first_ps = m->mark_activate_ps = m->mark_active_ps = 50000000;
	m->zap_swap_ps = 30000000;
	m->swap_in_ns = m->swap_out_ns = (uint32_t)(r >> 28) % 2 * 5000;
}

static const char *const rules[] = {
	"never", "on-use", "fixed=200ms", "uniform=1ms..2s,p=0.7", "kubernetes", "systemd",
};

/* actors in each other's way, with every invariant checked after each operation */
static void test_invariants(void)
{
	uint64_t waits = 0, stalls = 0, kills = 0, restarts = 0, ooms = 0;

	for (uint64_t seed = 1; seed <= 600; seed++) {
		const struct killer *k = killers[seed / 3 % 4];
		struct timed_config timed;
		struct sim_config cfg = { .check = true };
		struct random_trace rt;
		struct err err = { "" };
		struct outcome o;
		struct sim *s;
		int ret;

		random_trace(&rt, seed, 150, 0);
		set_costs(&rt.m, seed);
		cfg.lru = lru_models[seed % 2];
		cfg.reap = reap_policies[seed / 2 % 7];
		cfg.evict = seed / 14 % 2;
		cfg.machine = rt.m;
		cfg.ends_as = rt.ends_as;
		timed_config_init(&timed, k);
		timed.loop = seed % 3 ? LOOP_PROCESS : LOOP_TRACE;
		timed.seed = seed;
		restart_rule_parse(&timed.restart, rules[mix(seed) % 6], &err);
		cfg.timed = &timed;
		s = sim_new(rt.t, &cfg, &err);
		ret = sim_run(s, UINT64_MAX, &err);
		if (ret != 1 && ret != -ENOMEM)
			printf("\nseed %" PRIu64 ": %s\n", seed, err.msg);
		CU_ASSERT(ret == 1 || ret == -ENOMEM);
		timed_outcome(s, &o);
		waits += o.nr_io_waits;
		stalls += o.stall_ns;
		kills += o.nr_kills;
		ooms += o.nr_oom_kills;
		restarts += o.restarts->len;
		outcome_clear(&o);
		sim_free(s);
		random_trace_free(&rt);
	}
	/* they got everywhere */
	CU_ASSERT(waits && stalls && kills && restarts && ooms);
	if (getenv("REAPSIM_ORACLE_VERBOSE"))
		printf("\n%" PRIu64 " waits, %" PRIu64 " ns stalled, %" PRIu64 " kills, %" PRIu64
		       " by the OOM killer, %" PRIu64 " restarts\n",
		       waits, stalls, kills, ooms, restarts);
}

void suite_timed(void)
{
	CU_pSuite s = CU_add_suite("timed", NULL, NULL);

	CU_add_test(s, "a timed run that costs nothing is the untimed one", test_costs_nothing);
	CU_add_test(s, "invariants while actors are in each other's way", test_invariants);
}
