// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/config.h"

#include <errno.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/work.h"
#include "sim/names.h"

static const struct {
	const char *name;
	enum op_code code;
} ends[] = {
	{ "recorded", OP_NONE },     { "exit", OP_EXIT }, { "kill", OP_KILL },
	{ "mrelease", OP_MRELEASE }, { "oom", OP_OOM },
};

const char *ends_as_name(enum op_code code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (ends[i].code == code)
			return ends[i].name;
	return "?";
}

int ends_as_find(const char *name, enum op_code *code, struct err *err)
{
	g_autofree const char **valid = NAMES_OF(ends);
	g_autofree char *expected = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		if (!strcmp(name, ends[i].name)) {
			*code = ends[i].code;
			return 0;
		}
	}
	expected = names_unknown(name, valid);
	return err_set(err, -EINVAL, "unknown kind of exit \"%s\"%s", name, expected);
}

void sim_config_init(struct sim_config *cfg)
{
	*cfg = (struct sim_config){
		.kernel = kernel_profiles[0],
		.lru = lru_models[0],
		.reap = reap_policies[0],
	};
	machine_init(&cfg->machine);
}

static int set_kernel(struct sim_config *cfg, const char *value, struct err *err)
{
	const struct kernel_profile *k = kernel_profile_find(value, err);

	if (k)
		cfg->kernel = k;
	return k ? 0 : -EINVAL;
}

static int set_lru(struct sim_config *cfg, const char *value, struct err *err)
{
	const struct lru_model *m = lru_model_find(value, err);

	if (m)
		cfg->lru = m;
	return m ? 0 : -EINVAL;
}

static int set_policy(struct sim_config *cfg, const char *value, struct err *err)
{
	union option_value args[REAP_ARGS_MAX];
	bool evict;
	const struct reap_policy *p = reap_policy_find(value, &evict, args, err);

	if (!p)
		return -EINVAL;
	cfg->reap = p;
	cfg->evict = evict;
	memcpy(cfg->reap_args, args, sizeof(args));
	return 0;
}

static int set_ends_as(struct sim_config *cfg, const char *value, struct err *err)
{
	return ends_as_find(value, &cfg->ends_as, err);
}

int sim_config_set(struct sim_config *cfg, const char *key, const char *value, struct err *err)
{
	static const struct {
		const char *key;
		int (*set)(struct sim_config *cfg, const char *value, struct err *err);
	} keys[] = {
		{ "lru", set_lru },	  { "policy", set_policy }, { "ends_as", set_ends_as },
		{ "kernel", set_kernel }, { "machine.KEY", NULL },
	};
	g_autofree const char **valid = NAMES_OF(keys);
	g_autofree char *expected = NULL;

	if (g_str_has_prefix(key, "machine."))
		return machine_set(&cfg->machine, key + strlen("machine."), value, err);
	for (size_t i = 0; keys[i].set; i++)
		if (!strcmp(key, keys[i].key))
			return keys[i].set(cfg, value, err);
	expected = names_unknown(key, valid);
	return err_set(err, -EINVAL, "unknown key \"%s\"%s", key, expected);
}

int sim_config_set_machine(struct sim_config *cfg, const char *setting, struct err *err)
{
	g_auto(GStrv) kv = g_strsplit(setting, "=", 2);

	if (!kv[0] || !kv[1])
		return err_set(err, -EINVAL, "--set %s: expected KEY=VALUE", setting);
	return machine_set(&cfg->machine, kv[0], kv[1], err);
}

bool sim_config_has_share(const struct sim_config *cfg)
{
	return cfg->machine.memcg_share > 0 || cfg->machine.memory_share > 0;
}

/* struct peak - a run without a limit */
struct peak {
	struct sim_config cfg;
	struct trace *trace;
	struct lab_hooks hooks;
	int64_t pages;
	_Atomic uint64_t nr_recs; /* replayed */
	struct err err;
};

static void run_endless(void *data, guint i)
{
	struct peak *p = data;
	struct sim *s = sim_new(p->trace, &p->cfg, &p->err);
	int ret;

	(void)i;
	p->pages = -ENOMEM;
	if (!s)
		return;
	ret = lab_run(s, &p->hooks, &p->nr_recs, &p->err);
	p->pages = ret < 0 ? ret : !ret ? -EINTR : (int64_t)s->nr_used_peak;
	sim_free(s);
}

static void look_endless(void *data, const struct lab_hooks *h)
{
	const struct peak *p = data;

	lab_progress(h, (double)p->nr_recs / (double)p->trace->nr_recs);
}

int64_t sim_config_peak(const struct sim_config *cfg, const struct trace *t,
			const struct lab_hooks *h, struct err *err)
{
	const bool whole = cfg->machine.memory_share > 0;
	struct peak *p = g_new0(struct peak, 1);
	int64_t pages;

	sim_config_init(&p->cfg);
	p->cfg.kernel = cfg->kernel;
	p->cfg.lru = cfg->lru;
	p->cfg.machine = cfg->machine;
	p->cfg.machine.swap_pages = 0;
	/* keep the kind of limit: a memcg's does not apply to the kernel's own pages */
	p->cfg.machine.memory_pages = whole;
	p->cfg.machine.memcg_pages = !whole;
	if (whole)
		p->cfg.machine.memory_pages = sim_memory_max(t, &p->cfg);
	else
		p->cfg.machine.memcg_pages = sim_memory_max(t, &p->cfg);
	p->trace = trace_ref(t);
	if (h)
		p->hooks = *h;
	if (lab_work(run_endless, p, 1, 1, h, look_endless) == -EBUSY)
		return err_set(err, -EINTR, "interrupted"); /* the thread still uses @p */
	pages = p->pages;
	if (pages == -EINTR)
		err_set(err, -EINTR, "interrupted");
	else if (pages < 0)
		*err = p->err;
	trace_free(p->trace);
	g_free(p);
	return pages;
}

int timed_config_set_killer(struct timed_config *c, const char *text, struct err *err)
{
	g_auto(GStrv) part = g_strsplit(text, ":", 2);

	c->killer = killer_find(part[0] ? part[0] : "", err);
	if (!c->killer)
		return -EINVAL;
	return killer_args_parse(c->killer_args, c->killer, part[0] ? part[1] : NULL, err);
}
