// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/lab/order.h"
#include "sim/lab/sample-machine.h"
#include "sim/lab/work.h"

/* Apply in this order: defaults, trace, key file, settings, size. @path and @size may be
 * NULL. */
static int build_machine(struct sim_config *cfg, const struct run_spec *spec, const struct trace *t,
			 const char *path, const char *size, struct err *err)
{
	struct machine *m = &cfg->machine;
	int ret;

	g_strlcpy(m->name, "trace", sizeof(m->name));
	ret = machine_from_trace(m, t, err);
	if (!ret && path)
		ret = machine_from_file(m, path, err);
	for (char **s = spec->settings; !ret && s && *s; s++)
		ret = sim_config_set_machine(cfg, *s, err);
	if (!ret && size) {
		g_autofree char *name =
			path ? g_strdup_printf("%s:%s", m->name, size) : g_strdup(size);

		g_strlcpy(m->name, name, sizeof(m->name));
		ret = machine_set(m, "memcg_pages", size, err);
	}
	return ret;
}

/* @peak: sim_config_peak() of the machine at @path; -1 until a share needs it */
static int add_machine(struct run_set *rs, const struct run_spec *spec, const char *path,
		       const char *size, int64_t *peak, const struct lab_hooks *h, struct err *err)
{
	struct sim_config cfg;
	struct err why;
	int ret;

	sim_config_init(&cfg);
	cfg.kernel = rs->kernel;
	cfg.lru = rs->lru;
	ret = build_machine(&cfg, spec, rs->trace, path, size, err);
	if (!ret)
		ret = sim_config_check(&cfg, err);
	if (ret)
		return ret;
	if (*peak < 0 && sim_config_has_share(&cfg)) {
		*peak = sim_config_peak(&cfg, rs->trace, h, err);
		if (*peak < 0)
			return (int)*peak;
	}
	ret = machine_resolve(&cfg.machine, (uint64_t)MAX(*peak, 0), &why);
	if (ret)
		return err_at(err, ret, rs->trace->path, 0, "%s", why.msg);
	g_array_append_val(rs->machines, cfg.machine);
	return 0;
}

static int add_machines(struct run_set *rs, const struct run_spec *spec, const struct lab_hooks *h,
			struct err *err)
{
	g_auto(GStrv) paths =
		spec->machines ? g_strsplit(spec->machines, ",", -1) : g_new0(char *, 2);
	g_auto(GStrv) sizes = spec->memory ? g_strsplit(spec->memory, ",", -1) : NULL;
	int ret = 0;

	if (spec->machines && !paths[0])
		return err_set(err, -EINVAL, "--machines: an empty list");
	/* without key files: once, with the machine rows of the trace */
	for (guint i = 0; !ret && (i == 0 || paths[i]); i++) {
		int64_t peak = -1;

		if (!sizes)
			ret = add_machine(rs, spec, paths[i], NULL, &peak, h, err);
		for (char **s = sizes; !ret && s && *s; s++)
			ret = add_machine(rs, spec, paths[i], *s, &peak, h, err);
	}
	return ret;
}

static int add_ends(struct run_set *rs, const char *list, struct err *err)
{
	g_auto(GStrv) names = g_strsplit(list, ",", -1);
	int ret = 0;

	for (char **n = names; !ret && *n; n++) {
		enum op_code code;

		ret = ends_as_find(*n, &code, err);
		if (!ret)
			g_array_append_val(rs->ends, code);
	}
	return ret;
}

static int add_policies(struct run_set *rs, const char *list, bool with_baseline, struct err *err)
{
	g_auto(GStrv) names = NULL;

	if (!strcmp(list, "all")) {
		for (const struct reap_policy *const *p = reap_policies; *p; p++) {
			g_ptr_array_add(rs->policies, g_strdup((*p)->name));
			if ((*p)->evict_scope)
				g_ptr_array_add(rs->policies,
						g_strconcat((*p)->name, "+evict", NULL));
		}
		return 0;
	}
	names = g_strsplit(list, ",", -1);
	for (char **n = names; *n; n++) {
		struct sim_config scratch;

		sim_config_init(&scratch);
		if (sim_config_set(&scratch, "policy", *n, err))
			return -EINVAL;
		g_ptr_array_add(rs->policies, g_strdup(*n));
	}
	if (with_baseline && names[0] &&
	    !g_strv_contains((const char *const *)names, reap_policies[0]->name))
		g_ptr_array_insert(rs->policies, 0, g_strdup(reap_policies[0]->name));
	return 0;
}

static void add_run(struct run_set *rs, const struct run_spec *spec, guint end, guint machine,
		    guint policy)
{
	struct run r = { .policy = rs->policies->pdata[policy] };

	sim_config_init(&r.cfg);
	r.cfg.kernel = rs->kernel;
	r.cfg.lru = rs->lru;
	sim_config_set(&r.cfg, "policy", r.policy, NULL);
	r.cfg.machine = g_array_index(rs->machines, struct machine, machine);
	r.cfg.ends_as = g_array_index(rs->ends, enum op_code, end);
	r.cfg.check = spec->check;
	r.cfg.flags_as_recorded = spec->flags_as_recorded;
	r.cfg.keep_pages = spec->keep_pages;
	if (spec->timed)
		r.timed = *spec->timed;
	for (guint i = 0; i < rs->nr_seeds; i++, r.timed.seed++) {
		struct run member = r;

		ensemble_machine(&rs->ensemble, i, &member.cfg.machine);
		member.cfg.one_in = sampling_one_in(&rs->sampling, i);
		if (member.cfg.one_in)
			sample_machine(&member.cfg.machine, member.cfg.one_in);
		g_array_append_val(rs->runs, member);
	}
}

static void run_clear(gpointer data)
{
	struct run *r = data;

	if (r->snapshots)
		g_array_unref(r->snapshots);
	outcome_clear(&r->outcome);
}

static void member_clear(gpointer data)
{
	struct member *m = data;

	g_mutex_clear(&m->lock);
	trace_free(m->trace);
}

static int add_members(struct run_set *rs, struct err *err)
{
	const uint64_t recs = rs->trace->nr_recs * rs->ensemble.nr;

	if (rs->ensemble.axes & 1U << AXIS_ORDER && recs > ORDER_RECS_MAX)
		return err_at(err, -EINVAL, rs->trace->path, 0,
			      "an order of %" PRIu64 " records for each of %u members of the "
			      "ensemble, expected at most %u records in all: name other axes",
			      rs->trace->nr_recs, rs->ensemble.nr, ORDER_RECS_MAX);
	if (rs->members)
		return 0;
	rs->members = g_array_new(FALSE, TRUE, sizeof(struct member));
	g_array_set_clear_func(rs->members, member_clear);
	g_array_set_size(rs->members, rs->nr_seeds);
	for (guint i = 0; i < rs->nr_seeds; i++)
		g_mutex_init(&g_array_index(rs->members, struct member, i).lock);
	return 0;
}

/* The traces of the samples: the same for all machines, as their extents fit all of them */
static int add_samples(struct run_set *rs, const struct lab_hooks *h, struct err *err)
{
	const uint32_t unit = sample_unit_pages(rs->machines);
	struct trace *t[2 * SAMPLES] = { NULL };
	uint64_t nr_used;
	int ret = 0;

	for (guint i = 0; !ret && i < rs->machines->len; i++)
		ret = sample_machine_check(&g_array_index(rs->machines, struct machine, i),
					   &rs->sampling, rs->trace->path, err);
	for (guint rate = 0; !ret && rate < 2; rate++) {
		const struct sampling sp = { .one_in =
						     sampling_one_in(&rs->sampling, rate * SAMPLES),
					     .seed = rs->sampling.seed };

		ret = sample_traces(rs->trace, &sp, SAMPLES, unit, sample_reach(rs->machines), h,
				    &t[rate * SAMPLES], &nr_used, err);
		if (!ret)
			ret = sample_extents_check(&sp, nr_used, unit, rs->trace->path, err);
	}
	for (guint i = 0; i < 2 * SAMPLES; i++)
		g_array_index(rs->members, struct member, i).trace = t[i];
	return ret;
}

int run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t,
		 const struct lab_hooks *h, struct err *err)
{
	int ret;

	*rs = (struct run_set){
		.trace = trace_ref(t),
		.nr_seeds = spec->sampling.one_in ? 2 * SAMPLES
			    : spec->ensemble.nr	  ? spec->ensemble.nr
			    : spec->timed	  ? spec->nr_seeds
						  : 1,
		.ensemble = spec->ensemble,
		.sampling = spec->sampling,
		.machines = g_array_new(FALSE, TRUE, sizeof(struct machine)),
		.policies = g_ptr_array_new_with_free_func(g_free),
		.ends = g_array_new(FALSE, TRUE, sizeof(enum op_code)),
		.runs = g_array_new(FALSE, TRUE, sizeof(struct run)),
		.members = spec->members ? g_array_ref(spec->members) : NULL,
	};
	g_array_set_clear_func(rs->runs, run_clear);
	rs->kernel = spec->kernel ? kernel_profile_find(spec->kernel, err) : kernel_profiles[0];
	rs->lru = NULL;
	if (rs->kernel)
		rs->lru = spec->lru ? lru_model_find(spec->lru, err) : lru_models[0];
	if (!rs->lru)
		return -EINVAL;
	ret = add_ends(rs, spec->ends_as ? spec->ends_as : "recorded", err);
	if (!ret)
		ret = add_policies(rs, spec->policies ? spec->policies : reap_policies[0]->name,
				   spec->with_baseline, err);
	if (!ret)
		ret = add_members(rs, err);
	if (!ret)
		ret = add_machines(rs, spec, h, err);
	if (ret)
		return ret;
	if (!rs->ends->len || !rs->machines->len || !rs->policies->len)
		return err_set(err, -EINVAL, "empty list of policies, sizes or ends");
	if (rs->sampling.one_in)
		ret = add_samples(rs, h, err);
	if (ret)
		return ret;
	for (guint e = 0; e < rs->ends->len; e++)
		for (guint m = 0; m < rs->machines->len; m++)
			for (guint p = 0; p < rs->policies->len; p++)
				add_run(rs, spec, e, m, p);
	return 0;
}

void run_set_clear(struct run_set *rs)
{
	if (!rs->runs)
		return;
	/* threads left behind still use them */
	if (!rs->left) {
		g_array_free(rs->runs, TRUE);
		if (rs->members)
			g_array_unref(rs->members);
		trace_free(rs->trace);
	}
	g_array_free(rs->machines, TRUE);
	g_ptr_array_free(rs->policies, TRUE);
	g_array_free(rs->ends, TRUE);
}

/* The trace of member @i, which its first run makes. Return: NULL with @r->ret and its err; or
 * with @r->ret 0 if interrupted */
static const struct trace *member_trace(const struct run_set *rs, guint i,
					const struct lab_hooks *h, struct run *r)
{
	const struct shuffle s = ensemble_shuffle(&rs->ensemble, i, rs->trace->nr_recs);
	struct member *m = &g_array_index(rs->members, struct member, i);

	r->reach = s.reach;
	if (rs->sampling.one_in)
		return m->trace;
	if (!s.reach)
		return rs->trace;
	g_mutex_lock(&m->lock);
	if (!m->trace)
		r->ret = order_trace(rs->trace, s.seed, s.reach, h, &m->trace, &r->err);
	g_mutex_unlock(&m->lock);
	if (r->ret == -EINTR)
		r->ret = 0;
	return m->trace;
}

/* Replay the records that do not count, then those that do. Return: as lab_run(). */
static int execute_counted(struct run *r, struct sim *s, const struct lab_hooks *h,
			   _Atomic uint64_t *nr_recs)
{
	struct vmstat before = { 0 };
	int ret = 0;

	if (r->counted.from) {
		ret = lab_run_to(s, r->counted.from, h, nr_recs, &r->err);
		sim_stat(s, &before);
	}
	if (!ret && r->counted.to == s->trace->nr_recs)
		ret = lab_run(s, h, nr_recs, &r->err);
	else if (!ret)
		ret = lab_run_to(s, r->counted.to, h, nr_recs, &r->err);
	if (!ret && sim_position(s) == r->counted.to)
		ret = 1;
	sim_stat(s, &r->stat);
	for (int item = 0; item < NR_VMSTAT; item++)
		if (!vmstat_is_gauge((enum vmstat_item)item))
			r->stat.v[item] -= before.v[item];
	return ret;
}

/* Of a run that has ended */
static void keep_results(struct run *r, struct sim *s)
{
	if (r->cfg.timed) {
		sim_stat(s, &r->stat);
		timed_outcome(s, &r->outcome);
	}
	r->snapshots = g_array_ref(s->snapshots);
	r->position = sim_position(s);
	if (r->ret < 0)
		trace_op_at(s->trace, r->position, &r->failed_at);
}

/* Return: has it ended? It has not if it was interrupted. */
static bool execute_run(const struct run_set *rs, guint i, const struct lab_hooks *h,
			_Atomic uint64_t *nr_recs)
{
	struct run *r = &g_array_index(rs->runs, struct run, i);
	const guint member = i % rs->nr_seeds;
	const struct trace *t = member_trace(rs, member, h, r);
	struct sim *s;

	if (!t)
		return r->ret;
	r->counted = ensemble_window(&rs->ensemble, member, t->nr_recs);
	if (r->timed.killer)
		r->cfg.timed = &r->timed;
	s = sim_new(t, &r->cfg, &r->err);
	if (!s) {
		r->ret = -ENOMEM;
		return true;
	}
	r->ret = r->cfg.timed ? lab_run(s, h, nr_recs, &r->err) : execute_counted(r, s, h, nr_recs);
	if (r->ret)
		keep_results(r, s);
	sim_free(s);
	return r->ret;
}

void run_execute(const struct run_set *rs, guint i, const struct lab_hooks *h,
		 _Atomic uint64_t *nr_recs)
{
	if (execute_run(rs, i, h, nr_recs))
		g_array_index(rs->runs, struct run, i).ended = true;
}

/* struct execution - shared by the threads. If threads are left behind, it is, too. */
struct execution {
	struct run_set rs; /* a copy; the two share what its members point to */
	struct lab_hooks hooks;
	uint64_t nr_all; /* records of all runs */
	_Atomic uint64_t nr_recs;
};

static void execute(void *data, guint i)
{
	struct execution *x = data;

	run_execute(&x->rs, i, &x->hooks, &x->nr_recs);
}

static void look(void *data, const struct lab_hooks *h)
{
	struct execution *x = data;

	lab_progress(h, (double)x->nr_recs / (double)x->nr_all);
}

/* Records of all runs */
static uint64_t all_recs(const struct run_set *rs)
{
	uint64_t nr = 0;

	if (!rs->sampling.one_in)
		return rs->trace->nr_recs * rs->runs->len;
	for (guint i = 0; i < rs->runs->len; i++)
		nr += g_array_index(rs->members, struct member, i % rs->nr_seeds).trace->nr_recs;
	return nr;
}

int run_set_execute(struct run_set *rs, int jobs, const struct lab_hooks *h)
{
	struct execution *x = g_new0(struct execution, 1);
	int ret = 0;

	x->rs = *rs;
	if (h)
		x->hooks = *h;
	x->nr_all = all_recs(rs) + 1;
	rs->left = lab_work(execute, x, rs->runs->len, jobs, h, look) == -EBUSY;
	for (guint i = 0; i < rs->runs->len; i++) {
		struct run *r = &g_array_index(rs->runs, struct run, i);

		r->done = r->ended;
		if (!r->done)
			ret = -EINTR;
	}
	if (!rs->left)
		g_free(x);
	return ret;
}
