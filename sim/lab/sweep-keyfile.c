// SPDX-License-Identifier: GPL-2.0-only
/* Parses the definition of a sweep, checks every value, and numbers the runs. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/lab/sweep-parts.h"
#include "sim/names.h"
#include "traces/gen/gen.h"

static int check_generator_value(struct sweep *sw, const struct axis *x, const char *value,
				 struct err *why)
{
	g_autofree char *kv = g_strconcat(x->key, "=", value, NULL);
	struct gen_args args;

	if (!sw->gen)
		return err_set(why, -EINVAL, "[generator] is given without generator= in [sweep]");
	return gen_args_parse(&args, sw->gen, &kv, 1, why);
}

static int check_machine_value(struct sweep *sw, const struct axis *x, const char *value,
			       struct err *why)
{
	const struct sweep_file *file;
	struct machine m;

	machine_init(&m);
	if (strcmp(x->key, "file"))
		return machine_set(&m, x->key, value, why);
	file = sweep_file(sw, value, why);
	return file ? machine_from_keys(&m, &file->keys, why) : -EINVAL;
}

/* Options of [killer] and [restart] are joined into the text that the command line takes, and
 * only check_combinations() can check that. Here only refuse a value that contains the
 * separator. */
static int check_any_value(struct sweep *sw, const struct axis *x, const char *value,
			   struct err *why)
{
	const char *joint = in_group(x, "killer") ? ":" : ",";

	(void)sw;
	if (strstr(value, joint))
		return err_set(why, -EINVAL, "%s is \"%s\", expected no \"%s\"", x->key, value,
			       joint);
	return 0;
}

static int check_timed_value(struct sweep *sw, const struct axis *x, const char *value,
			     struct err *why)
{
	enum timed_loop loop;
	char *end;

	(void)sw;
	if (!strcmp(x->key, "loop"))
		return timed_loop_parse(&loop, value, why);
	if (!strcmp(x->key, "killer"))
		return killer_find(value, why) ? 0 : -EINVAL;
	errno = 0;
	if (g_ascii_isdigit(*value) && (g_ascii_strtoull(value, &end, 10), !*end && !errno))
		return 0;
	return err_set(why, -EINVAL, "seed is \"%s\", expected a whole number", value);
}

static int check_run_value(struct sweep *sw, const struct axis *x, const char *value,
			   struct err *why)
{
	struct sim_config scratch;

	(void)sw;
	sim_config_init(&scratch);
	return sim_config_set(&scratch, x->key, value, why);
}

/* The groups whose axes are columns, slowest first. */
static const struct {
	const char *name;
	const char *keys; /* NULL: @check knows them */
	int (*check)(struct sweep *sw, const struct axis *x, const char *value, struct err *why);
	bool timed;
} groups[] = {
	{ "sweep", "trace, generator", NULL, false },
	{ "generator", NULL, check_generator_value, false },
	{ "machine", NULL, check_machine_value, false },
	{ "killer", NULL, check_any_value, true },
	{ "restart", "rule, delay, p", check_any_value, true },
	{ "timed", "loop, killer, seed", check_timed_value, true },
	{ "run", "lru, policy, ends_as, kernel", check_run_value, false },
};

static int check_key(const struct axis *x, const char *keys, const char *path, struct err *err)
{
	g_auto(GStrv) list = g_strsplit(keys, ", ", -1);
	const char *const *valid = (const char *const *)list;
	g_autofree char *expected = NULL;

	if (g_strv_contains(valid, x->key))
		return 0;
	expected = names_unknown(x->key, valid);
	return err_at(err, -EINVAL, path, x->line, "unknown key \"%s\" of [%s]%s", x->key, x->group,
		      expected);
}

static int check_axis(struct sweep *sw, const struct axis *x, struct err *err)
{
	g_autofree const char **valid = NAMES_OF(groups);
	size_t g = 0;

	while (g < G_N_ELEMENTS(groups) && !in_group(x, groups[g].name))
		g++;
	if (g == G_N_ELEMENTS(groups)) {
		g_autofree char *expected = names_unknown(x->group, valid);

		return err_at(err, -EINVAL, sw->axes.path, x->line, "unknown group [%s]%s",
			      x->group, expected);
	}
	if (groups[g].timed && !sw->timed)
		return err_at(err, -EINVAL, sw->axes.path, x->line,
			      "[%s] is given without mode=timed in [sweep]", x->group);
	if (groups[g].keys && check_key(x, groups[g].keys, sw->axes.path, err))
		return -EINVAL;
	for (guint i = 0; groups[g].check && i < x->values->len; i++) {
		struct err why;
		int ret = groups[g].check(sw, x, x->values->pdata[i], &why);

		if (ret)
			return err_at(err, -EINVAL, sw->axes.path, x->line, "%s", why.msg);
	}
	return 0;
}

static void policies_all(struct axis *x)
{
	if (x->values->len != 1 || strcmp(x->values->pdata[0], "all"))
		return;
	g_ptr_array_set_size(x->values, 0);
	for (const struct reap_policy *const *p = reap_policies; *p; p++) {
		g_ptr_array_add(x->values, g_strdup((*p)->name));
		if ((*p)->evict_scope)
			g_ptr_array_add(x->values, g_strconcat((*p)->name, "+evict", NULL));
	}
}

/* Axes that the file leaves out are columns, too, with the default as their value. */
static void add_defaults(struct axes *a, bool timed)
{
	static const struct {
		const char *group, *key, *value;
		bool timed;
	} defaults[] = {
		{ "run", "lru", "classic", false },	 { "run", "policy", "baseline", false },
		{ "run", "ends_as", "recorded", false }, { "restart", "rule", "never", true },
		{ "timed", "killer", "scripted", true }, { "timed", "loop", "process", true },
		{ "timed", "seed", "1", true },		 { "run", "kernel", "7.3", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
		struct axis *x = axes_find(a, defaults[i].group, defaults[i].key);

		if (!x && (timed || !defaults[i].timed))
			axes_add(a, defaults[i].group, defaults[i].key, defaults[i].value);
		else if (x && !strcmp(x->key, "policy"))
			policies_all(x);
	}
}

/* Read mode= and remove it: it is not an axis. */
static int find_mode(struct sweep *sw, struct err *err)
{
	static const char *const modes[] = { "timed", "untimed", NULL };
	struct axis *x = axes_find(&sw->axes, "sweep", "mode");
	g_autofree char *expected = NULL;
	const char *value;
	int ret = 0;

	if (!x)
		return 0;
	value = x->values->pdata[0];
	sw->timed = !strcmp(value, "timed");
	expected = names_expected(value, modes);
	if (x->values->len > 1 || !g_strv_contains(modes, value))
		ret = err_at(err, -EINVAL, sw->axes.path, x->line,
			     "mode is \"%s\"%s%s timed or untimed", value,
			     x->values->len > 1 ? " and more" : "", expected);
	g_ptr_array_remove(sw->axes.all, x);
	return ret;
}

static int find_generator(struct sweep *sw, struct err *err)
{
	const struct axis *t = axes_find(&sw->axes, "sweep", "trace");
	const struct axis *g = axes_find(&sw->axes, "sweep", "generator");
	struct err why;

	if (!t == !g)
		return err_at(err, -EINVAL, sw->axes.path, g ? g->line : 0,
			      "expected either trace= or generator= in [sweep]");
	if (!g)
		return 0;
	if (g->values->len > 1)
		return err_at(err, -EINVAL, sw->axes.path, g->line,
			      "generator has %u values, expected one", g->values->len);
	sw->gen = gen_find(g->values->pdata[0], &why);
	return sw->gen ? 0 : err_at(err, -EINVAL, sw->axes.path, g->line, "%s", why.msg);
}

/* Set the order of the axes, which numbers the runs. */
static int lay_out(struct sweep *sw, struct err *err)
{
	sw->order = g_ptr_array_new();
	for (size_t g = 0; g < G_N_ELEMENTS(groups); g++)
		for (guint i = 0; i < sw->axes.all->len; i++)
			if (in_group(sw->axes.all->pdata[i], groups[g].name))
				g_ptr_array_add(sw->order, sw->axes.all->pdata[i]);
	sw->stride = g_new(uint64_t, sw->order->len);
	sw->nr_runs = sw->runs_a_trace = 1;
	for (guint i = sw->order->len; i-- > 0;) {
		const struct axis *x = sw->order->pdata[i];

		sw->stride[i] = sw->nr_runs;
		sw->nr_runs *= x->values->len;
		if (sw->nr_runs > SWEEP_RUNS_MAX)
			return err_at(err, -EINVAL, sw->axes.path, x->line,
				      "more than %d runs, from %s on", SWEEP_RUNS_MAX, x->key);
		if (!in_group(x, "sweep") && !in_group(x, "generator"))
			sw->runs_a_trace = sw->nr_runs;
	}
	sw->nr_sources = sw->nr_runs / sw->runs_a_trace;
	return 0;
}

int sweep_set_timed(const struct sweep *sw, uint64_t run, struct timed_config *c, const char **bad,
		    struct err *err)
{
	g_autoptr(GString) args = g_string_new(NULL);
	const char *killer = "scripted", *rule = "never", *delay = NULL, *p = NULL;
	g_autofree char *restart = NULL;
	int ret;

	timed_config_init(c, killers[0]);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		const char *value = sweep_value(sw, run, i);

		if (in_group(x, "killer"))
			g_string_append_printf(args, ":%s=%s", x->key, value);
		else if (is_axis(x, "restart", "rule"))
			rule = value;
		else if (is_axis(x, "restart", "delay"))
			delay = value;
		else if (is_axis(x, "restart", "p"))
			p = value;
		else if (is_axis(x, "timed", "killer"))
			killer = value;
		else if (is_axis(x, "timed", "seed"))
			c->seed = g_ascii_strtoull(value, NULL, 10);
		else if (is_axis(x, "timed", "loop"))
			timed_loop_parse(&c->loop, value, NULL);
	}
	g_string_prepend(args, killer);
	restart = g_strconcat(rule, delay ? "=" : "", delay ? delay : "", p ? ",p=" : "",
			      p ? p : "", NULL);
	*bad = "killer";
	ret = timed_config_set_killer(c, args->str, err);
	if (ret)
		return ret;
	*bad = "restart";
	return restart_rule_parse(&c->restart, restart, err);
}

/* Check every combination of values of [killer], [restart] and [timed], each once, with the
 * first values of the other groups. */
static int check_combinations(const struct sweep *sw, struct err *err)
{
	uint64_t step = 1, span = 1;

	for (guint i = sw->order->len; i-- > 0;) {
		const struct axis *x = sw->order->pdata[i];

		if (in_group(x, "run"))
			step = sw->stride[i] * x->values->len;
		else if (in_group(x, "killer") || in_group(x, "restart") || in_group(x, "timed"))
			span = sw->stride[i] * x->values->len;
	}
	for (uint64_t run = 0; run < span; run += step) {
		struct timed_config c;
		unsigned int line = 0;
		const char *bad;
		struct err why;

		if (!sweep_set_timed(sw, run, &c, &bad, &why))
			continue;
		/* report the line of the group's first key; defaults have no line */
		for (guint i = 0; i < sw->order->len && !line; i++)
			if (in_group(sw->order->pdata[i], bad))
				line = ((struct axis *)sw->order->pdata[i])->line;
		return err_at(err, -EINVAL, sw->axes.path, line, "[%s] of run %" PRIu64 ": %s", bad,
			      run + 1, why.msg);
	}
	return 0;
}

int sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len, struct err *err)
{
	int ret;

	*sw = (struct sweep){ 0 };
	ret = axes_parse(&sw->axes, path, text, len, err);
	if (ret)
		return ret;
	sw->dir = g_path_get_dirname(path);
	ret = find_mode(sw, err);
	if (!ret)
		ret = find_generator(sw, err);
	add_defaults(&sw->axes, sw->timed);
	for (guint i = 0; i < sw->axes.all->len && !ret; i++)
		ret = check_axis(sw, sw->axes.all->pdata[i], err);
	if (!ret)
		ret = lay_out(sw, err);
	if (!ret && sw->timed)
		ret = check_combinations(sw, err);
	if (!ret)
		ret = sweep_read_inputs(sw, err);
	if (ret)
		sweep_clear(sw);
	return ret;
}

void sweep_clear(struct sweep *sw)
{
	if (sw->left)
		return;
	sweep_free_inputs(sw);
	if (sw->order)
		g_ptr_array_free(sw->order, TRUE);
	g_free(sw->stride);
	g_free(sw->header);
	g_free(sw->dir);
	if (sw->axes.all)
		axes_clear(&sw->axes);
	*sw = (struct sweep){ 0 };
}

guint sweep_index(const struct sweep *sw, uint64_t run, guint i)
{
	const struct axis *x = sw->order->pdata[i];

	return (guint)(run / sw->stride[i] % x->values->len);
}

const char *sweep_value(const struct sweep *sw, uint64_t run, guint i)
{
	const struct axis *x = sw->order->pdata[i];

	return x->values->pdata[sweep_index(sw, run, i)];
}

int sweep_axis(const struct sweep *sw, const char *group, const char *key)
{
	for (guint i = 0; i < sw->order->len; i++)
		if (is_axis(sw->order->pdata[i], group, key))
			return (int)i;
	return -1;
}

int sweep_check_axes(const struct sweep *sw, const int *known, size_t nr, struct err *err)
{
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		bool is_known = false;

		for (size_t k = 0; k < nr; k++)
			is_known |= known[k] == (int)i;
		if (!is_known && x->values->len > 1)
			return err_set(err, -EINVAL, "%s has %u values, expected one", x->key,
				       x->values->len);
	}
	return 0;
}

/* "trace", "policy", "machine.cpus": the prefix separates machine keys from options of a
 * generator with the same name. */
char *sweep_column(const struct sweep *sw, guint i)
{
	const struct axis *x = sw->order->pdata[i];

	if (in_group(x, "sweep"))
		return g_strdup("trace");
	if (in_group(x, "run"))
		return g_strdup(x->key);
	return g_strconcat(x->group, ".", x->key, NULL);
}
