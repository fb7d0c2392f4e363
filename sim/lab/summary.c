// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/runs.h"

int outcome_run(const struct outcome_config *c, struct outcome *o, struct err *err)
{
	struct sim_config cfg = c->sim;
	struct sim *s;
	int ret;

	cfg.timed = &c->timed;
	s = sim_new(c->trace, &cfg, err);
	if (!s)
		return -ENOMEM;
	do {
		ret = sim_run(s, run_slice(&cfg), err);
	} while (ret == 0 && !cli_interrupted());
	if (ret > 0)
		timed_outcome(s, o);
	sim_free(s);
	return ret > 0 ? 0 : ret ? ret : -EINTR;
}

double outcome_net_ns(const struct outcome *o)
{
	return (double)outcome_reap_ps(o) / 1000 + (double)o->kswapd_ns + (double)o->stall_ns +
	       (double)o->io_wait_ns;
}

int outcome_killer_parse(struct timed_config *c, const char *text, struct err *err)
{
	g_auto(GStrv) part = g_strsplit(text, ":", 2);

	c->killer = killer_find(part[0] ? part[0] : "", err);
	if (!c->killer)
		return -EINVAL;
	return killer_args_parse(c->killer_args, c->killer, part[0] ? part[1] : NULL, err);
}

void outcome_csv_columns(FILE *f)
{
	fputs(",end_ns,reap_ps", f);
	for (int i = 0; i < NR_REAP_COSTS; i++)
		fprintf(f, ",%s_ps,%s_nr", reap_cost_name((enum reap_cost)i),
			reap_cost_name((enum reap_cost)i));
	fputs(",kills,oom_kills,avoidable_kills,free50_ns,free90_ns,free100_ns,stalls,stall_ns,"
	      "io_waits,io_wait_ns,refault_wait_ns,requests,kswapd_ns,restarts,restart_p50_ns,"
	      "restart_p95_ns,restart_p99_ns,lost,net_ns",
	      f);
	for (int i = 0; i < NR_VMSTAT; i++)
		fprintf(f, ",%s", vmstat_name((enum vmstat_item)i));
}

void outcome_csv_values(FILE *f, const struct outcome *o)
{
	const uint64_t more[] = {
		o->nr_kills,
		o->nr_oom_kills,
		o->nr_avoidable,
		outcome_free_ns(o, 50),
		outcome_free_ns(o, 90),
		outcome_free_ns(o, 100),
		o->nr_stalls,
		o->stall_ns,
		o->nr_io_waits,
		o->io_wait_ns,
		o->refault_wait_ns,
		o->nr_requests,
		o->kswapd_ns,
		o->restarts->len,
		outcome_latency_ns(o, 50),
		outcome_latency_ns(o, 95),
		outcome_latency_ns(o, 99),
		o->nr_lost,
	};

	fprintf(f, ",%" PRIu64 ",%" PRIu64, o->end_ns, outcome_reap_ps(o));
	for (int i = 0; i < NR_REAP_COSTS; i++)
		fprintf(f, ",%" PRIu64 ",%" PRIu64, o->reap_ps[i], o->reap_nr[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(more); i++)
		fprintf(f, ",%" PRIu64, more[i]);
	fprintf(f, ",%.0f", outcome_net_ns(o));
	for (int i = 0; i < NR_VMSTAT; i++)
		fprintf(f, ",%" PRIu64, o->stat.v[i]);
}

void outcome_csv_header(FILE *f)
{
	fputs("trace,machine,memory_pages,memcg_pages,kernel,lru,policy,ends_as,killer,restart,"
	      "loop,"
	      "seed",
	      f);
	outcome_csv_columns(f);
	fputc('\n', f);
}

void outcome_csv_row(FILE *f, const struct outcome_config *c, const char *policy,
		     const struct outcome *o)
{
	const struct machine *m = &c->sim.machine;
	g_autofree char *base = g_path_get_basename(c->trace->path);
	g_autofree char *restart = restart_rule_text(&c->timed.restart);

	csv_field(f, base);
	fputc(',', f);
	csv_field(f, m->name);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%s,", m->memory_pages, m->memcg_pages,
		c->sim.kernel->name, c->sim.lru->name, policy, run_end_name(c->sim.ends_as),
		c->timed.killer->name);
	csv_field(f, restart);
	fprintf(f, ",%s,%" PRIu64, c->timed.loop == LOOP_TRACE ? "trace" : "process",
		c->timed.seed);
	outcome_csv_values(f, o);
	fputc('\n', f);
}
