// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "sim/lab/csv.h"
#include "sim/lab/summary.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

/* failures are mostly alike */
#define FAILURES_SHOWN 4

/* struct source - the trace of some consecutive runs; a generator's exists while
 * they need it */
struct source {
	GMutex lock;
	struct trace *t;
	int ret;
	struct err err;
	uint64_t left;	   /* runs that are not finished */
	GHashTable *peaks; /* machine, as a string -> struct peak */
};

/* struct peak - sim_peak_pages() of a trace on a machine, once it is known */
struct peak {
	GMutex lock;
	bool known;
	int64_t pages;
	struct err err;
};

/* the groups whose axes are columns, slowest first */
static const char *const groups[] = {
	"sweep", "generator", "machine", "killer", "restart", "timed", "run",
};

static bool in_group(const struct axis *x, const char *group)
{
	return !strcmp(x->group, group);
}

static bool is_axis(const struct axis *x, const char *group, const char *key)
{
	return in_group(x, group) && !strcmp(x->key, key);
}

static char *resolve_path(const struct sweep *sw, const char *path)
{
	return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(sw->dir, path, NULL);
}

/* checking the definition */

static int unknown_key(const struct sweep *sw, const struct axis *x, const char *valid,
		       struct err *err)
{
	return err_at(err, -EINVAL, sw->axes.path, x->line,
		      "unknown key \"%s\" of [%s]; there are: %s", x->key, x->group, valid);
}

static int check_timed_value(const struct sweep *sw, const struct axis *x, const char *value,
			     struct err *why)
{
	enum timed_loop loop;
	char *end;

	(void)sw;
	if (!strcmp(x->key, "loop"))
		return timed_loop_parse(&loop, value, why);
	if (!strcmp(x->key, "killer"))
		return killer_find(value, why) ? 0 : -EINVAL;
	if (strcmp(x->key, "seed"))
		return -ENOENT;
	errno = 0;
	if (g_ascii_isdigit(*value) && (g_ascii_strtoull(value, &end, 10), !*end && !errno))
		return 0;
	return err_set(why, -EINVAL, "seed is \"%s\", expected a whole number", value);
}

/* their values mean something together only: see check_combinations(). There they are
 * joined to what the command line takes; none may hold two */
static int check_any_value(const struct sweep *sw, const struct axis *x, const char *value,
			   struct err *why)
{
	const char *joint = in_group(x, "killer") ? ":" : ",";

	(void)sw;
	if (in_group(x, "restart") && strcmp(x->key, "rule") && strcmp(x->key, "delay") &&
	    strcmp(x->key, "p"))
		return -ENOENT;
	if (strstr(value, joint))
		return err_set(why, -EINVAL, "%s is \"%s\", expected no \"%s\"", x->key, value,
			       joint);
	return 0;
}

static int check_run_value(const struct sweep *sw, const struct axis *x, const char *value,
			   struct err *why)
{
	enum op_code code;
	bool evict;

	if (!strcmp(x->key, "lru"))
		return lru_model_find(value, why) ? 0 : -EINVAL;
	if (!strcmp(x->key, "kernel"))
		return kernel_profile_find(value, why) ? 0 : -EINVAL;
	if (!strcmp(x->key, "policy"))
		return reap_policy_find(value, &evict, why) ? 0 : -EINVAL;
	if (!strcmp(x->key, "ends_as"))
		return ends_as_find(value, &code, why);
	(void)sw;
	return -ENOENT;
}

static int check_machine_value(const struct sweep *sw, const struct axis *x, const char *value,
			       struct err *why)
{
	g_autofree char *path = NULL;
	struct machine m;

	machine_init(&m);
	if (strcmp(x->key, "file"))
		return machine_set(&m, x->key, value, why);
	path = resolve_path(sw, value);
	return machine_from_file(&m, path, why);
}

static int check_generator_value(const struct sweep *sw, const struct axis *x, const char *value,
				 struct err *why)
{
	g_autofree char *kv = g_strconcat(x->key, "=", value, NULL);
	struct gen_args args;

	if (!sw->gen)
		return err_set(why, -EINVAL, "[generator] is given without generator= in [sweep]");
	return gen_args_parse(&args, sw->gen, &kv, 1, why);
}

static int check_axis(const struct sweep *sw, const struct axis *x, struct err *err)
{
	static const struct {
		const char *group, *keys;
		int (*check)(const struct sweep *sw, const struct axis *x, const char *value,
			     struct err *why);
		bool timed;
	} checks[] = {
		{ "generator", "", check_generator_value, false },
		{ "machine", "", check_machine_value, false },
		{ "killer", "", check_any_value, true },
		{ "restart", "rule delay p", check_any_value, true },
		{ "timed", "loop killer seed", check_timed_value, true },
		{ "run", "lru policy ends_as kernel", check_run_value, false },
	};
	GString *names;

	if (in_group(x, "sweep"))
		return strcmp(x->key, "trace") && strcmp(x->key, "generator")
			       ? unknown_key(sw, x, "trace generator", err)
			       : 0;
	for (size_t c = 0; c < G_N_ELEMENTS(checks); c++) {
		if (!in_group(x, checks[c].group))
			continue;
		if (checks[c].timed && !sw->timed)
			return err_at(err, -EINVAL, sw->axes.path, x->line,
				      "[%s] is given without mode=timed in [sweep]", x->group);
		for (guint i = 0; i < x->values->len; i++) {
			struct err why;
			int ret = checks[c].check(sw, x, x->values->pdata[i], &why);

			if (ret == -ENOENT)
				return unknown_key(sw, x, checks[c].keys, err);
			if (ret)
				return err_at(err, -EINVAL, sw->axes.path, x->line, "%s", why.msg);
		}
		return 0;
	}
	names = g_string_new(NULL);
	for (size_t g = 0; g < G_N_ELEMENTS(groups); g++)
		g_string_append_printf(names, " [%s]", groups[g]);
	err_at(err, -EINVAL, sw->axes.path, x->line, "unknown group [%s]; there are:%s", x->group,
	       names->str);
	g_string_free(names, TRUE);
	return -EINVAL;
}

static void policies_all(struct axis *x)
{
	if (x->values->len != 1 || strcmp(x->values->pdata[0], "all"))
		return;
	g_ptr_array_set_size(x->values, 0);
	for (const struct reap_policy *const *p = reap_policies; *p; p++) {
		g_ptr_array_add(x->values, g_strdup((*p)->name));
		g_ptr_array_add(x->values, g_strconcat((*p)->name, "+evict", NULL));
	}
}

/* what is left out has its default, and is a column all the same */
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

/* mode= is no axis: it is taken out */
static int find_mode(struct sweep *sw, struct err *err)
{
	struct axis *x = axes_find(&sw->axes, "sweep", "mode");
	const char *value;
	int ret = 0;

	if (!x)
		return 0;
	value = x->values->pdata[0];
	sw->timed = !strcmp(value, "timed");
	if (x->values->len > 1 || (!sw->timed && strcmp(value, "untimed")))
		ret = err_at(err, -EINVAL, sw->axes.path, x->line,
			     "mode is \"%s\"%s, expected timed or untimed", value,
			     x->values->len > 1 ? " and more" : "");
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

/* the order of the axes, and with it the number of each run */
static int lay_out(struct sweep *sw, struct err *err)
{
	sw->order = g_ptr_array_new();
	for (size_t g = 0; g < G_N_ELEMENTS(groups); g++)
		for (guint i = 0; i < sw->axes.all->len; i++)
			if (in_group(sw->axes.all->pdata[i], groups[g]))
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

const char *sweep_value(const struct sweep *sw, uint64_t run, guint i)
{
	const struct axis *x = sw->order->pdata[i];

	return x->values->pdata[run / sw->stride[i] % x->values->len];
}

/* the groups [killer], [restart] and [timed] of a run; @bad: the group that an
 * error is about */
static int configure_timed(const struct sweep *sw, uint64_t run, struct timed_config *c,
			   const char **bad, struct err *err)
{
	g_autoptr(GString) args = g_string_new(NULL);
	const char *killer = "scripted", *rule = "never", *delay = NULL, *p = NULL;
	g_autofree char *restart = NULL;
	int ret;

	timed_config_init(c, &kill_scripted);
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

/* what the values of [killer], [restart] and [timed] mean together: each
 * combination once, with the first values of the groups around them */
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

		if (!configure_timed(sw, run, &c, &bad, &why))
			continue;
		/* its first key; the killer and the rule have defaults, without a line */
		for (guint i = 0; i < sw->order->len && !line; i++)
			if (in_group(sw->order->pdata[i], bad))
				line = ((struct axis *)sw->order->pdata[i])->line;
		return err_at(err, -EINVAL, sw->axes.path, line, "[%s] of run %" PRIu64 ": %s", bad,
			      run + 1, why.msg);
	}
	return 0;
}

static int hash_file(GChecksum *sum, const char *path, struct err *err)
{
	g_autoptr(GError) gerr = NULL;
	GMappedFile *m;
	guint64 len;

	if (g_access(path, R_OK))
		return err_set(err, -EINVAL, "%s: %s", path, g_strerror(errno));
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return err_set(err, -EINVAL, "%s: expected a regular file", path);
	m = g_mapped_file_new(path, FALSE, &gerr);
	if (!m)
		return err_set(err, -EINVAL, "%s", gerr->message);
	len = g_mapped_file_get_length(m);
	g_checksum_update(sum, (const guchar *)&len, sizeof(len));
	if (len)
		g_checksum_update(sum, (const guchar *)g_mapped_file_get_contents(m), (gssize)len);
	g_mapped_file_unref(m);
	return 0;
}

/* "trace", "policy", "machine.cpus": unambiguous, and no machine key of the
 * generator hides one of the machine */
char *sweep_column(const struct sweep *sw, guint i)
{
	const struct axis *x = sw->order->pdata[i];

	if (in_group(x, "sweep"))
		return g_strdup("trace");
	if (in_group(x, "run"))
		return g_strdup(x->key);
	return g_strconcat(x->group, ".", x->key, NULL);
}

/* ",end_ns,..." */
static char *result_columns(const struct sweep *sw)
{
	GString *s = g_string_new(NULL);

	if (sw->timed) {
		outcome_columns(s);
		return g_string_free(s, FALSE);
	}
	for (int i = 0; i < NR_VMSTAT; i++)
		g_string_append_printf(s, ",%s", vmstat_name((enum vmstat_item)i));
	return g_string_free(s, FALSE);
}

static char *csv_header(const struct sweep *sw)
{
	g_autofree char *columns = NULL;
	GString *s = g_string_new("sweep,run");

	for (guint i = 0; i < sw->order->len; i++) {
		g_autofree char *name = sweep_column(sw, i);

		g_string_append_printf(s, ",%s", name);
	}
	g_string_append(s, ",status,limit_pages");
	columns = result_columns(sw);
	g_string_append_printf(s, "%s\n", columns);
	return g_string_free(s, FALSE);
}

static int digest(struct sweep *sw, struct err *err)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *header = csv_header(sw);
	int ret = 0;

	for (const char *c = header; *c; c++)
		sw->nr_results += *c == ',';
	/* but not "sweep", "run", "status" and "limit_pages" */
	sw->nr_results -= sw->order->len + 3;
	g_checksum_update(sum, (const guchar *)header, -1);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		bool files = is_axis(x, "sweep", "trace") || is_axis(x, "machine", "file");

		for (guint v = 0; v < x->values->len && !ret; v++) {
			struct err why;

			g_checksum_update(sum, x->values->pdata[v], -1);
			g_checksum_update(sum, (const guchar *)"", 1);
			if (files) {
				g_autofree char *path = resolve_path(sw, x->values->pdata[v]);

				ret = hash_file(sum, path, &why);
			}
			if (ret)
				err_at(err, ret, sw->axes.path, x->line, "%s", why.msg);
		}
		g_checksum_update(sum, (const guchar *)"", 1);
	}
	g_strlcpy(sw->digest, g_checksum_get_string(sum), sizeof(sw->digest));
	g_checksum_free(sum);
	return ret;
}

static void peak_free(gpointer data)
{
	struct peak *p = data;

	g_mutex_clear(&p->lock);
	g_free(p);
}

/* trace files are loaded now: one that is bad is the user's error, not a run's */
static int open_sources(struct sweep *sw, struct err *err)
{
	const struct axis *x = axes_find(&sw->axes, "sweep", "trace");
	int ret = 0;

	sw->sources = g_new0(struct source, sw->nr_sources);
	for (uint64_t i = 0; i < sw->nr_sources; i++) {
		g_mutex_init(&sw->sources[i].lock);
		sw->sources[i].peaks =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, peak_free);
		if (x && !ret) {
			g_autofree char *path = resolve_path(sw, x->values->pdata[i]);

			ret = trace_load(path, NULL, &sw->sources[i].t, err);
		}
	}
	return ret;
}

int sweep_parse(struct sweep *sw, const char *path, const char *text, size_t len)
{
	struct err err;
	int ret;

	*sw = (struct sweep){ 0 };
	ret = axes_parse(&sw->axes, path, text, len, &err);
	if (ret)
		return cli_fail(ret, &err);
	sw->dir = g_path_get_dirname(path);
	ret = find_mode(sw, &err);
	if (!ret)
		ret = find_generator(sw, &err);
	add_defaults(&sw->axes, sw->timed);
	for (guint i = 0; i < sw->axes.all->len && !ret; i++)
		ret = check_axis(sw, sw->axes.all->pdata[i], &err);
	if (!ret)
		ret = lay_out(sw, &err);
	if (!ret && sw->timed)
		ret = check_combinations(sw, &err);
	if (!ret)
		ret = digest(sw, &err);
	if (!ret)
		ret = open_sources(sw, &err);
	if (ret) {
		sweep_clear(sw);
		return cli_fail(ret, &err);
	}
	return 0;
}

void sweep_clear(struct sweep *sw)
{
	for (uint64_t i = 0; sw->sources && i < sw->nr_sources; i++) {
		g_mutex_clear(&sw->sources[i].lock);
		g_hash_table_unref(sw->sources[i].peaks);
		if (sw->sources[i].t)
			trace_free(sw->sources[i].t);
	}
	g_free(sw->sources);
	if (sw->order)
		g_ptr_array_free(sw->order, TRUE);
	g_free(sw->stride);
	g_free(sw->dir);
	if (sw->axes.all)
		axes_clear(&sw->axes);
	*sw = (struct sweep){ 0 };
}

/* one run */

/* NULL: then source.ret says why */
static const struct trace *source_get(const struct sweep *sw, uint64_t run)
{
	struct source *src = &sw->sources[run / sw->runs_a_trace];

	g_mutex_lock(&src->lock);
	if (!src->t && !src->ret) {
		g_autoptr(GPtrArray) kv = g_ptr_array_new_with_free_func(g_free);
		struct gen_args args;

		for (guint i = 0; i < sw->order->len; i++) {
			const struct axis *x = sw->order->pdata[i];

			if (in_group(x, "generator"))
				g_ptr_array_add(kv, g_strconcat(x->key, "=",
								sweep_value(sw, run, i), NULL));
		}
		src->ret = gen_args_parse(&args, sw->gen, (char *const *)kv->pdata, kv->len,
					  &src->err);
		if (!src->ret)
			src->ret = gen_run(sw->gen, &args, &src->t, &src->err);
	}
	g_mutex_unlock(&src->lock);
	return src->t;
}

static void source_put(const struct sweep *sw, uint64_t run)
{
	struct source *src = &sw->sources[run / sw->runs_a_trace];

	g_mutex_lock(&src->lock);
	if (--src->left == 0 && sw->gen && src->t) {
		trace_free(src->t);
		src->t = NULL;
	}
	g_mutex_unlock(&src->lock);
}

/* what endless memory would hold, once for all runs that differ in its size and
 * the policy only */
static int64_t find_peak(const struct sweep *sw, uint64_t run, const struct trace *t,
			 const struct sim_config *cfg, struct err *err)
{
	struct source *src = &sw->sources[run / sw->runs_a_trace];
	GString *key = g_string_new(cfg->lru->name);
	struct peak *p;

	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];

		if (in_group(x, "machine") && strcmp(x->key, "memory_pages") &&
		    strcmp(x->key, "memcg_pages"))
			g_string_append_printf(key, " %s=%s", x->key, sweep_value(sw, run, i));
	}
	g_mutex_lock(&src->lock);
	p = g_hash_table_lookup(src->peaks, key->str);
	if (!p) {
		p = g_new0(struct peak, 1);
		g_mutex_init(&p->lock);
		g_hash_table_insert(src->peaks, g_strdup(key->str), p);
	}
	g_mutex_unlock(&src->lock);
	g_string_free(key, TRUE);
	g_mutex_lock(&p->lock);
	if (!p->known) {
		struct sim_config baseline = { .kernel = cfg->kernel,
					       .lru = cfg->lru,
					       .reap = &reap_baseline,
					       .machine = cfg->machine };

		p->pages = sim_peak_pages(t, &baseline, &p->err);
		p->known = true;
	}
	g_mutex_unlock(&p->lock);
	if (p->pages < 0)
		*err = p->err;
	return p->pages;
}

static int configure(const struct sweep *sw, uint64_t run, const struct trace *t,
		     struct sim_config *cfg, struct err *err)
{
	struct machine *m = &cfg->machine;
	int64_t peak = 0;
	int ret;

	machine_init(m);
	ret = machine_from_trace(m, t, err);
	/* a machine file is under the single keys, wherever it stands */
	for (int files = 1; files >= 0 && !ret; files--) {
		for (guint i = 0; i < sw->order->len && !ret; i++) {
			const struct axis *x = sw->order->pdata[i];
			const char *value = sweep_value(sw, run, i);

			if (!in_group(x, "machine") || (strcmp(x->key, "file") == 0) != files)
				continue;
			if (files) {
				g_autofree char *path = resolve_path(sw, value);

				ret = machine_from_file(m, path, err);
			} else {
				ret = machine_set(m, x->key, value, err);
			}
		}
	}
	for (guint i = 0; i < sw->order->len && !ret; i++) {
		const char *value = sweep_value(sw, run, i);

		if (is_axis(sw->order->pdata[i], "run", "kernel"))
			cfg->kernel = kernel_profile_find(value, err);
		else if (is_axis(sw->order->pdata[i], "run", "lru"))
			cfg->lru = lru_model_find(value, err);
		else if (is_axis(sw->order->pdata[i], "run", "policy"))
			cfg->reap = reap_policy_find(value, &cfg->evict, err);
		else if (is_axis(sw->order->pdata[i], "run", "ends_as"))
			ret = ends_as_find(value, &cfg->ends_as, err);
	}
	if (!ret && (m->memcg_share > 0 || m->memory_share > 0)) {
		peak = find_peak(sw, run, t, cfg, err);
		ret = peak < 0 ? (int)peak : 0;
	}
	if (!ret)
		ret = machine_resolve(m, (uint64_t)peak, err);
	return ret ? ret : sim_fits(t, m, err);
}

struct result {
	int ret; /* 0, or -errno with @err; -EINTR: not finished */
	struct err err;
	uint64_t limit_pages;
	char *values; /* ",1,2,..." if @ret is 0 */
};

static char *counters(const struct vmstat *stat)
{
	GString *s = g_string_new(NULL);

	for (int i = 0; i < NR_VMSTAT; i++)
		g_string_append_printf(s, ",%" PRIu64, stat->v[i]);
	return g_string_free(s, FALSE);
}

static bool is_interrupted(void *data)
{
	(void)data;
	return cli_interrupted();
}

static const struct lab_hooks hooks = { .interrupted = is_interrupted };

/* Return: 1 at the end of the trace, 0 when interrupted, or -errno */
static int execute_untimed(const struct trace *t, const struct sim_config *cfg, struct result *r)
{
	struct sim *s = sim_new(t, cfg, &r->err);
	struct vmstat stat;
	int ret;

	if (!s)
		return -ENOBUFS;
	ret = lab_run(s, &hooks, NULL, &r->err);
	if (ret == 1) {
		sim_stat(s, &stat);
		r->values = counters(&stat);
	}
	sim_free(s);
	return ret;
}

/* likewise */
static int execute_timed(const struct sweep *sw, uint64_t run, const struct trace *t,
			 const struct sim_config *cfg, struct result *r)
{
	struct sim_config timed = *cfg;
	struct timed_config c;
	struct outcome o;
	const char *bad;
	struct sim *s;
	int ret = configure_timed(sw, run, &c, &bad, &r->err);

	if (ret)
		return ret;
	timed.timed = &c;
	s = sim_new(t, &timed, &r->err);
	if (!s)
		return -ENOBUFS;
	ret = lab_run(s, &hooks, NULL, &r->err);
	if (ret == 1) {
		GString *values = g_string_new(NULL);

		timed_outcome(s, &o);
		outcome_values(values, &o);
		outcome_clear(&o);
		r->values = g_string_free(values, FALSE);
	}
	sim_free(s);
	return ret;
}

static void execute(const struct sweep *sw, uint64_t run, struct result *r)
{
	struct sim_config cfg = { 0 };
	const struct trace *t = source_get(sw, run);
	int ret;

	if (!t) {
		const struct source *src = &sw->sources[run / sw->runs_a_trace];

		r->ret = src->ret;
		r->err = src->err;
		return;
	}
	r->ret = configure(sw, run, t, &cfg, &r->err);
	if (r->ret)
		return;
	r->limit_pages = machine_limit(&cfg.machine);
	ret = sw->timed ? execute_timed(sw, run, t, &cfg, r) : execute_untimed(t, &cfg, r);
	r->ret = ret == 0 ? -EINTR : MIN(ret, 0);
}

/* what each row begins with: "sweep,run,trace,..." */
static GString *row_begin(const struct sweep *sw, uint64_t run)
{
	GString *s = g_string_new(NULL);

	g_string_printf(s, "%s,%" PRIu64, sw->digest, run + 1);
	for (guint i = 0; i < sw->order->len; i++) {
		const struct axis *x = sw->order->pdata[i];
		const char *value = sweep_value(sw, run, i);
		g_autofree char *base = NULL;

		if (is_axis(x, "sweep", "trace") || is_axis(x, "machine", "file"))
			value = base = g_path_get_basename(value);
		g_string_append_c(s, ',');
		csv_append(s, value);
	}
	return s;
}

/* a row that somebody has cut or changed is none */
static bool row_is_whole(const struct sweep *sw, uint64_t run, const char *row)
{
	GString *begin = row_begin(sw, run);
	const bool ours = g_str_has_prefix(row, begin->str);
	uint64_t fields = 0;

	for (const char *c = ours ? row + begin->len : ""; *c; c++)
		fields += *c == ',';
	g_string_free(begin, TRUE);
	/* "status" and "limit_pages" */
	return fields == sw->nr_results + 2;
}

static char *csv_row(const struct sweep *sw, uint64_t run, const struct result *r)
{
	GString *s = row_begin(sw, run);

	g_string_append(s, !r->ret	       ? ",ok"
			   : r->ret == -ENOMEM ? ",out-of-memory"
			   : r->ret == -EINVAL ? ",invalid"
					       : ",failed");
	if (!r->ret)
		g_string_append_printf(s, ",%" PRIu64 "%s", r->limit_pages, r->values);
	else
		for (guint i = 0; i <= sw->nr_results; i++)
			g_string_append_c(s, ',');
	g_string_append_c(s, '\n');
	return g_string_free(s, FALSE);
}

/* the two files */

/* struct append - a file that only grows, by whole lines; @header is the first */
struct append {
	char *path, *header;
	int fd;
	off_t size; /* of what is whole */
};

static int file_error(const struct append *a, const char *doing, struct err *err)
{
	return err_set(err, -EIO, "%s: %s: %s", a->path, doing, g_strerror(errno));
}

/* a device can be neither resumed nor removed */
static int append_check(const struct append *a, struct err *err)
{
	struct stat st;

	if (!stat(a->path, &st) && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s: expected a regular file", a->path);
	return 0;
}

static int append_open(struct append *a, struct err *err)
{
	a->fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (a->fd < 0)
		return file_error(a, "cannot write", err);
	if (flock(a->fd, LOCK_EX | LOCK_NB))
		return file_error(a, "another sweep is writing it", err);
	return 0;
}

static void append_close(struct append *a)
{
	if (a->fd >= 0)
		close(a->fd);
	g_free(a->path);
	g_free(a->header);
}

/* all of it or nothing */
static int append_line(struct append *a, const char *line, struct err *err)
{
	size_t len = strlen(line), done = 0;

	while (done < len) {
		ssize_t n = pwrite(a->fd, line + done, len - done, a->size + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int ret = file_error(a, "cannot write", err);

			if (ftruncate(a->fd, a->size))
				ret = file_error(a, "cannot cut it back", err);
			return ret;
		}
		done += (size_t)n;
	}
	a->size += (off_t)len;
	return 0;
}

/* each whole line of the file, its number from 1; what is behind the last is cut
 * off: a write that was never finished */
static int append_read(struct append *a,
		       int (*line)(void *arg, const char *text, unsigned long nr, struct err *err),
		       void *arg, struct err *err)
{
	FILE *f = fdopen(dup(a->fd), "r");
	unsigned long nr = 0;
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	int ret = 0;

	a->size = 0;
	while (!ret && f && (len = getline(&text, &cap, f)) > 0) {
		if (text[len - 1] != '\n') {
			if (!nr && strncmp(text, a->header, (size_t)len))
				ret = err_set(err, -EINVAL,
					      "%s exists, and was not begun by a sweep; "
					      "--restart overwrites it",
					      a->path);
			break;
		}
		a->size += len;
		text[len - 1] = 0;
		ret = line(arg, text, ++nr, err);
	}
	if (!ret && (!f || ferror(f)))
		ret = file_error(a, "cannot read", err);
	if (!ret && ftruncate(a->fd, a->size))
		ret = file_error(a, "cannot cut off its last, half-written line", err);
	free(text);
	if (f)
		fclose(f);
	return ret;
}

/* struct progress - a sweep being run */
struct progress {
	struct sweep *sw;
	struct append csv, journal;
	GMutex lock;	     /* of all below */
	uint64_t next;	     /* run to hand out */
	uint64_t nr_written; /* rows of the CSV: the runs before it */
	uint64_t nr_done, nr_failed, nr_before;
	GHashTable *waiting; /* run + 1 -> its row, finished out of turn */
	struct {
		uint64_t run;
		int ret;
		struct err err;
	} failures[FAILURES_SHOWN];
	guint nr_remembered;
	struct err err;
	int ret; /* of writing; then nothing further is begun */
	guint nr_threads;
};

static bool failed_row(const char *row)
{
	size_t len = strlen(row);

	while (len && row[len - 1] == '\n')
		len--;
	return len && row[len - 1] == ',';
}

/* the number of the run, or an error */
static int parse_row(const struct progress *p, const char *path, const char *text, unsigned long nr,
		     uint64_t *run, struct err *err)
{
	const size_t n = strlen(p->sw->digest);
	char *end;

	if (strncmp(text, p->sw->digest, n) || text[n] != ',')
		return err_at(err, -EINVAL, path, nr,
			      "sweep \"%.*s\", expected %s: the definition or a file that it "
			      "names has changed; --restart begins again",
			      (int)strcspn(text, ","), text, p->sw->digest);
	*run = g_ascii_strtoull(text + n + 1, &end, 10);
	if (*end != ',' || *run < 1 || *run > p->sw->nr_runs)
		return err_at(err, -EINVAL, path, nr, "run \"%.*s\", expected 1 to %" PRIu64,
			      (int)strcspn(text + n + 1, ","), text + n + 1, p->sw->nr_runs);
	--*run;
	if (!row_is_whole(p->sw, *run, text))
		return err_at(err, -EINVAL, path, nr,
			      "a damaged row of run %" PRIu64 "; --restart begins again", *run + 1);
	return 0;
}

static void finished_before(struct progress *p, uint64_t run, const char *row)
{
	p->sw->sources[run / p->sw->runs_a_trace].left--;
	p->nr_done++;
	p->nr_failed += failed_row(row);
}

static int read_csv_line(void *arg, const char *text, unsigned long nr, struct err *err)
{
	struct progress *p = arg;
	uint64_t run;
	int ret;

	if (nr == 1) {
		if (strlen(text) + 1 != strlen(p->csv.header) ||
		    strncmp(text, p->csv.header, strlen(text)))
			return err_at(err, -EINVAL, p->csv.path, 1,
				      "not the columns of this sweep; --restart begins again");
		return 0;
	}
	ret = parse_row(p, p->csv.path, text, nr, &run, err);
	if (!ret && run != nr - 2)
		ret = err_at(err, -EINVAL, p->csv.path, nr,
			     "run %" PRIu64 ", expected run %lu in this line", run + 1, nr - 1);
	if (!ret) {
		finished_before(p, run, text);
		p->nr_written++;
	}
	return ret;
}

static int read_journal_line(void *arg, const char *text, unsigned long nr, struct err *err)
{
	struct progress *p = arg;
	uint64_t run;
	int ret;

	if (nr == 1) {
		if (strlen(text) + 1 != strlen(p->journal.header) ||
		    strncmp(text, p->journal.header, strlen(text)))
			return err_at(err, -EINVAL, p->journal.path, 1,
				      "begun as \"%s\", expected \"%.*s\": the definition, a file "
				      "that it names or the program has changed; --restart begins "
				      "again",
				      text, (int)strlen(text), p->journal.header);
		return 0;
	}
	ret = parse_row(p, p->journal.path, text, nr, &run, err);
	if (ret || run < p->nr_written || g_hash_table_contains(p->waiting, (gpointer)(run + 1)))
		return ret;
	finished_before(p, run, text);
	g_hash_table_insert(p->waiting, (gpointer)(run + 1), g_strconcat(text, "\n", NULL));
	return 0;
}

/* rows whose turn it is; with the lock */
static int write_waiting(struct progress *p)
{
	const char *row;
	int ret;

	while ((row = g_hash_table_lookup(p->waiting, (gpointer)(p->nr_written + 1)))) {
		ret = append_line(&p->csv, row, &p->err);
		if (ret)
			return ret;
		g_hash_table_remove(p->waiting, (gpointer)(p->nr_written + 1));
		p->nr_written++;
	}
	return 0;
}

/* with the lock; takes the row */
static void finish(struct progress *p, uint64_t run, char *row)
{
	p->nr_done++;
	if (run != p->nr_written)
		p->ret = append_line(&p->journal, row, &p->err);
	g_hash_table_insert(p->waiting, (gpointer)(run + 1), row);
	if (!p->ret)
		p->ret = write_waiting(p);
}

/* with the lock: remembers those with the lowest numbers, to be printed at the
 * end in the same order whatever thread had them */
static void remember_failure(struct progress *p, uint64_t run, const struct result *r)
{
	const guint n = p->nr_remembered;
	guint i;

	p->nr_failed++;
	for (i = n; i > 0 && p->failures[i - 1].run > run; i--)
		if (i < FAILURES_SHOWN)
			p->failures[i] = p->failures[i - 1];
	if (i == FAILURES_SHOWN)
		return;
	p->failures[i].run = run;
	p->failures[i].ret = r->ret;
	p->failures[i].err = r->err;
	p->nr_remembered = MIN(n + 1, FAILURES_SHOWN);
}

static void print_failures(const struct progress *p)
{
	for (guint i = 0; i < p->nr_remembered; i++) {
		struct err err;

		err_set(&err, p->failures[i].ret, "run %" PRIu64 ": %s", p->failures[i].run + 1,
			p->failures[i].err.msg);
		cli_fail(p->failures[i].ret, &err);
	}
	if (p->nr_failed > p->nr_remembered)
		fprintf(stderr, "reapsim: %" PRIu64 " of %" PRIu64 " runs failed, see %s\n",
			p->nr_failed, p->sw->nr_runs, p->csv.path);
}

static gpointer worker(gpointer data)
{
	struct progress *p = data;

	g_mutex_lock(&p->lock);
	while (!cli_interrupted() && !p->ret && p->next < p->sw->nr_runs) {
		const uint64_t run = p->next++;
		struct result r = { 0 };
		char *row;

		if (run < p->nr_written || g_hash_table_contains(p->waiting, (gpointer)(run + 1)))
			continue;
		g_mutex_unlock(&p->lock);
		execute(p->sw, run, &r);
		row = csv_row(p->sw, run, &r);
		free(r.values);
		source_put(p->sw, run);
		g_mutex_lock(&p->lock);
		if (r.ret == -EINTR || r.ret == -ENOBUFS || p->ret) {
			if (r.ret == -ENOBUFS) {
				p->err = r.err;
				p->ret = r.ret;
			}
			g_free(row);
			break;
		}
		if (r.ret)
			remember_failure(p, run, &r);
		finish(p, run, row);
	}
	p->nr_threads--;
	g_mutex_unlock(&p->lock);
	return NULL;
}

static void run_threads(struct progress *p, int jobs)
{
	struct cli_signals signals;
	g_autofree char *what = g_path_get_basename(p->csv.path);
	struct cli_progress bar;
	const uint64_t left = p->sw->nr_runs - p->nr_done;
	GThread **threads;

	if (jobs <= 0)
		jobs = (int)g_get_num_processors();
	jobs = (int)MIN((uint64_t)jobs, MAX(left, 1));
	threads = g_new(GThread *, jobs);
	cli_catch_signals(&signals);
	p->nr_threads = (guint)jobs;
	for (int i = 0; i < jobs; i++)
		threads[i] = g_thread_new("run", worker, p);
	cli_progress_init(&bar, what);
	for (guint running = 1; running;) {
		uint64_t done;

		g_usleep(2000);
		g_mutex_lock(&p->lock);
		done = p->nr_done - p->nr_before;
		running = p->nr_threads;
		g_mutex_unlock(&p->lock);
		cli_progress(&bar, (double)done / (double)MAX(left, 1));
	}
	cli_progress_end(&bar);
	for (int i = 0; i < jobs; i++)
		g_thread_join(threads[i]);
	g_free(threads);
	cli_release_signals(&signals);
}

int sweep_declare(const struct sweep *sw, struct outputs *files, const char *what, const char *path,
		  bool restart, struct err *err)
{
	const enum file_kind kind = restart ? FILE_SWEEP : FILE_RESUMED;
	g_autofree char *journal = g_strconcat(path, ".journal", NULL);
	const struct {
		const struct axis *x;
		const char *what;
	} inputs[] = {
		{ axes_find(&sw->axes, "sweep", "trace"), "trace" },
		{ axes_find(&sw->axes, "machine", "file"), "machine file" },
	};
	int ret = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(inputs); i++) {
		for (guint v = 0; inputs[i].x && v < inputs[i].x->values->len && !ret; v++) {
			g_autofree char *file = resolve_path(sw, inputs[i].x->values->pdata[v]);

			ret = outputs_declare(files, FILE_INPUT, inputs[i].what, file, err);
		}
	}
	if (!ret)
		ret = outputs_declare(files, kind, what, path, err);
	return ret ? ret : outputs_declare(files, kind, "the journal of it,", journal, err);
}

static int program_digest(char *out, size_t size, struct err *err)
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	int ret = hash_file(sum, "/proc/self/exe", err);

	g_strlcpy(out, g_checksum_get_string(sum), size);
	g_checksum_free(sum);
	return ret;
}

/* reads what is there; afterwards both files are open, and end with a whole line */
static int resume(struct progress *p, bool restart)
{
	struct stat st;
	bool begun;
	int ret;

	ret = append_check(&p->csv, &p->err) ?: append_check(&p->journal, &p->err);
	if (ret)
		return ret;
	if (restart && ((unlink(p->csv.path) && errno != ENOENT) ||
			(unlink(p->journal.path) && errno != ENOENT)))
		return file_error(&p->csv, "cannot remove it or its journal", &p->err);
	begun = !stat(p->journal.path, &st);
	ret = append_open(&p->csv, &p->err);
	if (!ret)
		ret = append_read(&p->csv, read_csv_line, p, &p->err);
	if (ret || (!begun && p->nr_done == p->sw->nr_runs))
		return ret;
	if (!begun && p->csv.size)
		return err_set(&p->err, -EINVAL,
			       "%s exists, and %s does not: it was not begun by a sweep; "
			       "--restart overwrites it",
			       p->csv.path, p->journal.path);
	ret = append_open(&p->journal, &p->err);
	if (!ret)
		ret = append_read(&p->journal, read_journal_line, p, &p->err);
	if (!ret && !p->journal.size)
		ret = append_line(&p->journal, p->journal.header, &p->err);
	if (!ret && !p->csv.size)
		ret = append_line(&p->csv, p->csv.header, &p->err);
	return ret ? ret : write_waiting(p);
}

static int conclude(struct progress *p)
{
	struct err err;

	if (p->ret)
		return cli_fail(p->ret, &p->err);
	print_failures(p);
	if (p->nr_done < p->sw->nr_runs) {
		err_set(&err, -EINTR,
			"interrupted: %" PRIu64 " of %" PRIu64 " runs are finished; the same "
			"command goes on",
			p->nr_done, p->sw->nr_runs);
		return cli_fail(-EINTR, &err);
	}
	if (fsync(p->csv.fd))
		return cli_fail(file_error(&p->csv, "cannot write", &err), &err);
	/* the header stays: it says which program the numbers are of */
	if (p->journal.fd >= 0 && ftruncate(p->journal.fd, (off_t)strlen(p->journal.header)))
		return cli_fail(file_error(&p->journal, "cannot cut it", &err), &err);
	return p->nr_failed ? 1 : 0;
}

int sweep_run(struct sweep *sw, const char *path, int jobs, bool restart)
{
	struct progress p = {
		.sw = sw,
		.csv = { .path = g_strdup(path), .header = csv_header(sw), .fd = -1 },
		.journal = { .path = g_strconcat(path, ".journal", NULL), .fd = -1 },
		.waiting = g_hash_table_new_full(NULL, NULL, NULL, g_free),
	};
	char program[17];
	int ret;

	g_mutex_init(&p.lock);
	for (uint64_t i = 0; i < sw->nr_sources; i++)
		sw->sources[i].left = sw->runs_a_trace;
	ret = program_digest(program, sizeof(program), &p.err);
	p.journal.header = g_strdup_printf("sweep %s of %" PRIu64 " runs, program %s\n", sw->digest,
					   sw->nr_runs, program);
	if (!ret)
		ret = resume(&p, restart);
	if (ret) {
		ret = cli_fail(ret, &p.err);
	} else {
		p.nr_before = p.nr_done;
		if (p.nr_before)
			fprintf(stderr,
				"reapsim: %" PRIu64 " of %" PRIu64 " runs are finished already\n",
				p.nr_before, sw->nr_runs);
		if (p.nr_done < sw->nr_runs)
			run_threads(&p, jobs);
		ret = conclude(&p);
	}
	append_close(&p.csv);
	append_close(&p.journal);
	g_hash_table_unref(p.waiting);
	g_mutex_clear(&p.lock);
	return ret;
}
