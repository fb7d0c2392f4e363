// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/summary.h"

#include <inttypes.h>

double outcome_net_ns(const struct outcome *o)
{
	return (double)(outcome_reap_ps(o) + o->mm.read_ps) / 1000 + (double)o->mm.kswapd_ns +
	       (double)o->mm.stall_ns + (double)o->mm.io_wait_ns;
}

double outcome_marks_percent(const struct outcome *o)
{
	const uint64_t all = outcome_reap_ps(o);
	const uint64_t marks = o->mm.reap_ps[REAP_MARK_FIRST] + o->mm.reap_ps[REAP_MARK_ACTIVATE] +
			       o->mm.reap_ps[REAP_MARK_ACTIVE];

	return all ? 100.0 * (double)marks / (double)all : 0;
}

void outcome_columns(GString *s)
{
	g_string_append(s, ",end_ns,reap_ps");
	for (int i = 0; i < NR_REAP_COSTS; i++)
		g_string_append_printf(s, ",%s_ps,%s_nr", reap_cost_name((enum reap_cost)i),
				       reap_cost_name((enum reap_cost)i));
	g_string_append(
		s, ",exec_ps,advise_ps,kills,oom_kills,avoidable_kills,"
		   "free50_ns,free90_ns,free100_ns,stalls,stall_ns,"
		   "io_waits,io_wait_ns,refault_wait_ns,read_ps,sync_wait_ns,requests,kswapd_ns,"
		   "restarts,restart_p50_ns,restart_p95_ns,restart_p99_ns,lost,steps_ns,starts,"
		   "start_p50_ns,start_p95_ns,"
		   "start_p99_ns,net_ns");
	for (int i = 0; i < NR_VMSTAT; i++)
		g_string_append_printf(s, ",%s", vmstat_name((enum vmstat_item)i));
}

void outcome_values(GString *s, const struct outcome *o)
{
	const uint64_t more[] = {
		o->mm.exec_ps,
		o->mm.advise_ps,
		o->nr_kills,
		o->nr_oom_kills,
		o->nr_avoidable,
		outcome_free_ns(o, 50),
		outcome_free_ns(o, 90),
		outcome_free_ns(o, 100),
		o->mm.nr_stalls,
		o->mm.stall_ns,
		o->mm.nr_io_waits,
		o->mm.io_wait_ns,
		o->mm.refault_wait_ns,
		o->mm.read_ps,
		o->mm.sync_wait_ns,
		o->nr_requests,
		o->mm.kswapd_ns,
		o->restarts->len,
		outcome_latency_ns(o, 50),
		outcome_latency_ns(o, 95),
		outcome_latency_ns(o, 99),
		o->nr_lost,
		o->steps_ns,
		o->starts->len,
		outcome_start_ns(o, 50),
		outcome_start_ns(o, 95),
		outcome_start_ns(o, 99),
	};

	g_string_append_printf(s, ",%" PRIu64 ",%" PRIu64, o->end_ns, outcome_reap_ps(o));
	for (int i = 0; i < NR_REAP_COSTS; i++)
		g_string_append_printf(s, ",%" PRIu64 ",%" PRIu64, o->mm.reap_ps[i],
				       o->mm.reap_nr[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(more); i++)
		g_string_append_printf(s, ",%" PRIu64, more[i]);
	g_string_append_printf(s, ",%.0f", outcome_net_ns(o));
	for (int i = 0; i < NR_VMSTAT; i++)
		g_string_append_printf(s, ",%" PRIu64, o->stat.v[i]);
}
