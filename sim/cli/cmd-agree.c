// SPDX-License-Identifier: GPL-2.0-only
/*
 * reapsim agree: replays what a real kernel was recorded on, and says how far
 * the simulator is from it.
 *
 * A page is compared from the first mark on at which kernel or simulator has it
 * cached: that a page is not cached before anyone read it says nothing. Its
 * active bit is compared where both have it cached.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/models.h"
#include "sim/cli/plot.h"
#include "sim/cli/runs.h"
#include "sim/lab/results.h"

enum group {
	MEMCG,
	GUEST,
	NR_GROUPS,
};
static const char *const group_names[NR_GROUPS] = { "memcg", "guest" };

struct share {
	uint64_t same, all;
};

/**
 * struct noise - each run of the kernel, and the simulator, against the spread of
 * the kernel's other runs: how close two kernels are.
 */
struct noise {
	struct share kernel_inside, kernel_within, sim_inside, sim_within;
};

/** struct judged - a result and how the simulator did. */
struct judged {
	const struct result *r;
	enum group group;
	uint64_t accesses;
	struct share resident, active;
};

/** struct summary - of any number of cells. */
struct summary {
	GArray *errors; /* double */
	uint64_t inside, within;
	struct noise noise;
	struct share last_sign, each_sign, resident, active;
	const struct judged *worst_of;
	const struct cell *worst;
};

struct agree {
	char *kernel, *traces, *csv, *plot, *at_least, *write_level, *again;
	char **settings, **scenarios;
	int worst, jobs;
	struct results results, before; /* @before: of @again */
	GArray *judged;			/* struct judged, as results.all */
	struct outputs files;
};

/* ---- replay ---- */

static bool wanted(const struct agree *a, const struct result *r)
{
	return !a->scenarios || g_strv_contains((const char *const *)a->scenarios, r->scenario);
}

/* the profile of the kernel that was recorded: its name begins the release */
static const struct kernel_profile *recorded_kernel(const struct agree *a, const struct result *r,
						    struct err *err)
{
	if (a->kernel)
		return kernel_profile_find(a->kernel, err);
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++)
		if (g_str_has_prefix(r->kernel, (*k)->name) &&
		    !g_ascii_isdigit(r->kernel[strlen((*k)->name)]))
			return *k;
	return kernel_profile_find(r->kernel, err);
}

/* the scenario is what the kernel played; LRU, policy and its rules are ours */
static int check_result(const struct agree *a, const struct result *r, const char *path)
{
	g_autoptr(GError) gerr = NULL;
	g_autofree char *text = NULL, *sum = NULL;
	struct err err, why;
	bool evict;
	gsize len;

	if (!lru_model_find(r->lru, &why) || !reap_policy_find(r->policy, &evict, &why) ||
	    !recorded_kernel(a, r, &why))
		return cli_fail(err_at(&err, -EINVAL, a->results.runs_path, r->line, "%s", why.msg),
				&err);
	if (!g_file_get_contents(path, &text, &len, &gerr))
		return cli_fail(
			err_at(&err, -EINVAL, a->results.runs_path, r->line, "%s", gerr->message),
			&err);
	sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, len);
	if (g_str_has_prefix(sum, r->digest) && strlen(r->digest) >= 8)
		return 0;
	return cli_fail(err_at(&err, -EINVAL, a->results.runs_path, r->line,
			       "%s has changed since the kernel played it: record it again with "
			       "\"make kernel-agreement SCENARIOS=%s\"",
			       path, r->scenario),
			&err);
}

/* "NAME", or "NAME:2" */
static const struct snapshot *find_mark(const struct trace *t, const struct run *run,
					const char *mark)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < run->snapshots->len; i++) {
		const struct snapshot *snap = &g_array_index(run->snapshots, struct snapshot, i);
		gpointer key = GUINT_TO_POINTER(snap->name);
		guint n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, key)) + 1;
		g_autofree char *name =
			g_strdup_printf(n > 1 ? "%s:%u" : "%s", t->names[snap->name], n);

		if (!strcmp(name, mark))
			return snap;
		g_hash_table_insert(seen, key, GUINT_TO_POINTER(n));
	}
	return NULL;
}

static int no_mark(const char *path, unsigned int line, const struct trace *t, const char *mark)
{
	struct err err;

	return cli_fail(err_at(&err, -EINVAL, path, line, "%s has no mark \"%s\"", t->path, mark),
			&err);
}

static int judge_cells(const struct agree *a, struct judged *j, const struct trace *t,
		       const struct run *run)
{
	for (guint i = 0; i < j->r->cells->len; i++) {
		struct cell *c = &g_array_index(j->r->cells, struct cell, i);
		const struct result_counter *counter = &result_counters[c->counter];
		const struct snapshot *snap = find_mark(t, run, c->mark);

		if (!snap)
			return no_mark(a->results.csv_path, c->line, t, c->mark);
		c->sim = snap->stat.v[counter->item];
		if (counter->more != counter->item)
			c->sim += snap->stat.v[counter->more];
		c->error = agreement_error(&c->kernel, c->sim, j->accesses);
	}
	return 0;
}

/* '.', 'i' or 'a' for each page of a file */
static void sim_states(const struct snapshot *snap, uint32_t file, char *states)
{
	for (guint i = 0; i < snap->pages->len; i++) {
		const struct page_run *run = &g_array_index(snap->pages, struct page_run, i);

		if (run->file == file)
			memset(states + run->page,
			       !(run->flags & PG_resident) ? '.'
			       : run->flags & PG_active	   ? 'a'
							   : 'i',
			       run->count);
	}
}

static void compare_page(struct judged *j, char kernel, char sim, char *used)
{
	*used |= kernel != '.' || sim != '.';
	if (!*used || kernel == '?')
		return;
	j->resident.all++;
	j->resident.same += (kernel != '.') == (sim != '.');
	if (kernel == '.' || kernel == 'p' || sim == '.')
		return;
	j->active.all++;
	j->active.same += kernel == sim;
}

static int judge_pages(const struct agree *a, struct judged *j, const struct trace *t,
		       const struct run *run)
{
	g_autofree char *states = g_malloc0(t->nr_file_pages);
	g_autofree char *used = g_malloc0(t->nr_file_pages);

	for (guint i = 0; i < j->r->pages->len; i++) {
		const struct page_states *p = &g_array_index(j->r->pages, struct page_states, i);
		const struct snapshot *snap = find_mark(t, run, p->mark);
		uint32_t file = 0, page = 0;
		struct err err;

		if (!snap)
			return no_mark(a->results.pages_path, p->line, t, p->mark);
		while (file < t->nr_files && strcmp(t->files[file].name, p->file))
			file++;
		if (file == t->nr_files)
			return cli_fail(err_at(&err, -EINVAL, a->results.pages_path, p->line,
					       "%s has no file \"%s\"", t->path, p->file),
					&err);
		sim_states(snap, file, states);
		for (guint k = 0; k < p->runs->len; k++) {
			const struct state_run *s = &g_array_index(p->runs, struct state_run, k);

			if (s->count > t->files[file].pages - page)
				return cli_fail(err_at(&err, -EINVAL, a->results.pages_path,
						       p->line, "more than the %u pages of \"%s\"",
						       t->files[file].pages, p->file),
						&err);
			for (uint32_t n = 0; n < s->count; n++, page++)
				compare_page(j, s->state, states[page],
					     &used[t->files[file].first + page]);
		}
	}
	return 0;
}

/* what the guest measured, unless the user knows better */
static int set_machine(const struct agree *a, const struct result *r, struct sim_config *cfg)
{
	struct machine *m = &cfg->machine;
	struct err err;

	cfg->times = (const struct op_times *)(void *)r->times->data;
	cfg->nr_times = r->times->len;
	m->memcg_stats_flushed = true;
	m->ext4 = true;
	m->fault_us = (uint32_t)r->fault_us;
	m->scan_ns = (uint32_t)r->scan_ns;
	for (char **s = a->settings; s && *s; s++) {
		g_auto(GStrv) kv = g_strsplit(*s, "=", 2);
		int ret = kv[0] && kv[1]
				  ? machine_set(m, kv[0], kv[1], &err)
				  : err_set(&err, -EINVAL, "--set %s: expected KEY=VALUE", *s);

		if (ret)
			return cli_fail(ret, &err);
		if (!strcmp(kv[0], "read_us") || !strcmp(kv[0], "op_us"))
			cfg->nr_times = 0;
	}
	return 0;
}

/* the results from @first on that are of one scenario, LRU and kernel; *@nr: how many */
static int judge_scenario(struct agree *a, guint first, guint *nr)
{
	const struct result *r = a->results.all->pdata[first];
	g_autofree char *name = g_strconcat(r->scenario, ".csv", NULL);
	g_autofree char *path = g_build_filename(a->traces, name, NULL);
	g_autoptr(GString) policies = g_string_new(NULL);
	struct run_spec o = { .lru = (char *)r->lru, .keep_pages = true };
	struct run_set rs = { 0 };
	struct trace *t = NULL;
	int ret = 0;

	for (*nr = 0; first + *nr < a->results.all->len; ++*nr) {
		const struct result *x = a->results.all->pdata[first + *nr];

		if (strcmp(x->scenario, r->scenario) || strcmp(x->lru, r->lru) ||
		    strcmp(x->kernel, r->kernel))
			break;
		g_string_append_printf(policies, "%s%s", *nr ? "," : "", x->policy);
		if (!ret && wanted(a, r))
			ret = check_result(a, x, path);
	}
	if (ret || !wanted(a, r))
		return ret;
	o.policies = policies->str;
	o.kernel = (char *)recorded_kernel(a, r, NULL)->name;
	ret = cli_load_trace(path, NULL, &t);
	if (!ret)
		ret = cli_run_set_init(&rs, &o, t);
	for (guint i = 0; !ret && i < *nr; i++)
		ret = set_machine(a, a->results.all->pdata[first + i],
				  &run_set_get(&rs, 0, 0, i)->cfg);
	if (!ret)
		ret = cli_run_set_execute(&rs, a->jobs);
	for (guint i = 0; !ret && i < *nr; i++) {
		const struct run *run = run_set_get(&rs, 0, 0, i);
		struct judged j = {
			.r = a->results.all->pdata[first + i],
			.group = run->cfg.machine.memcg_pages ? MEMCG : GUEST,
			.accesses = run->stat.v[VM_sim_accesses],
		};

		ret = judge_cells(a, &j, t, run);
		if (!ret)
			ret = judge_pages(a, &j, t, run);
		g_array_append_val(a->judged, j);
	}
	run_set_clear(&rs);
	trace_free(t);
	return ret;
}

/* ---- summaries ---- */

static void share_add(struct share *to, struct share more)
{
	to->same += more.same;
	to->all += more.all;
}

static bool is_within(double error)
{
	return error <= 0.01;
}

static void share_count(struct share *s, bool same)
{
	s->same += same;
	s->all++;
}

static void add_noise(struct noise *n, const struct judged *j, const struct cell *c)
{
	const unsigned int nr = j->r->nr_runs;

	for (unsigned int i = 0; nr > 1 && i < nr; i++) {
		const struct spread others = spread_without(c->values, nr, i);
		const double kernel = agreement_error(&others, c->values[i], j->accesses);
		const double sim = agreement_error(&others, c->sim, j->accesses);

		share_count(&n->kernel_inside, kernel == 0);
		share_count(&n->kernel_within, is_within(kernel));
		share_count(&n->sim_inside, sim == 0);
		share_count(&n->sim_within, is_within(sim));
	}
}

static void add_error(struct summary *s, double error)
{
	g_array_append_val(s->errors, error);
	s->inside += error == 0;
	s->within += is_within(error);
}

static void add_cell(struct summary *s, const struct judged *j, const struct cell *c)
{
	add_error(s, c->error);
	add_noise(&s->noise, j, c);
	if (!s->worst || c->error > s->worst->error) {
		s->worst = c;
		s->worst_of = j;
	}
}

/* the sign at each mark, and at the last one */
static void add_signs(struct summary *s, const struct agree *a, const struct judged *j)
{
	const struct result *base = NULL;
	enum sign sign = SIGN_NONE;

	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *b = &g_array_index(a->judged, struct judged, i);

		if (!strcmp(b->r->policy, "baseline") && !strcmp(b->r->scenario, j->r->scenario))
			base = b->r;
	}
	if (!base || base == j->r)
		return;
	for (guint i = 0; i < j->r->cells->len; i++) {
		const struct cell *c = &g_array_index(j->r->cells, struct cell, i), *b;

		if (c->counter != 0)
			continue;
		b = result_find_cell(base, c->counter, c->mark);
		sign = b ? agreement_sign(&b->kernel, &c->kernel, b->sim, c->sim) : SIGN_NONE;
		s->each_sign.all += sign != SIGN_NONE;
		s->each_sign.same += sign == SIGN_SAME;
	}
	s->last_sign.all += sign != SIGN_NONE;
	s->last_sign.same += sign == SIGN_SAME;
}

static void summary_init(struct summary *s)
{
	*s = (struct summary){ .errors = g_array_new(FALSE, FALSE, sizeof(double)) };
}

static void summary_clear(struct summary *s)
{
	g_array_free(s->errors, TRUE);
}

/* @counter: -1 for all; @scenario: NULL for all */
static void summarize(struct summary *s, const struct agree *a, enum group group, int counter,
		      const char *scenario)
{
	summary_init(s);
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		if (j->group != group || (scenario && strcmp(scenario, j->r->scenario)))
			continue;
		for (guint k = 0; k < j->r->cells->len; k++) {
			const struct cell *c = &g_array_index(j->r->cells, struct cell, k);

			if (counter < 0 || c->counter == (unsigned int)counter)
				add_cell(s, j, c);
		}
		share_add(&s->resident, j->resident);
		share_add(&s->active, j->active);
		add_signs(s, a, j);
	}
}

static double percent(struct share s)
{
	return s.all ? 100.0 * (double)s.same / (double)s.all : 100;
}

static double percent_of_cells(const struct summary *s, uint64_t n)
{
	return percent((struct share){ n, s->errors->len });
}

static double percentile(const struct summary *s, unsigned int p)
{
	return 100 * agreement_percentile((double *)(void *)s->errors->data, s->errors->len, p);
}

/* ---- tables, 72 columns ---- */

static void print_row(FILE *f, const char *name, const struct summary *s)
{
	fprintf(f, "%-24s %6u %6.1f%% %6.1f%% %7.2f%% %8.2f%%\n", name, s->errors->len,
		percent_of_cells(s, s->inside), percent_of_cells(s, s->within), percentile(s, 50),
		percentile(s, 95));
}

static void print_scenario(FILE *f, const char *name, const struct summary *s)
{
	g_autofree char *signs =
		g_strdup_printf("%" PRIu64 "/%" PRIu64, s->each_sign.same, s->each_sign.all);

	fprintf(f, "%-18s %5u %4.0f%% %5.0f%% %6.1f%% %5.0f%% %5s %5.1f%% %5.1f%%\n", name,
		s->errors->len, percent_of_cells(s, s->within), percent(s->noise.kernel_within),
		percentile(s, 95), percentile(s, 100), signs, percent(s->resident),
		percent(s->active));
}

static void print_shares(FILE *f, const struct summary *s)
{
	fprintf(f,
		"pages: %.1f%% of %" PRIu64 " agree on residency, %.1f%% of %" PRIu64
		" on the active bit\n",
		percent(s->resident), s->resident.all, percent(s->active), s->active.all);
	fprintf(f,
		"sign of refault differences: %" PRIu64 " of %" PRIu64 " at the last mark, %" PRIu64
		" of %" PRIu64 " at any\n",
		s->last_sign.same, s->last_sign.all, s->each_sign.same, s->each_sign.all);
}

static void print_noise(FILE *f, const struct noise *n)
{
	fprintf(f,
		"a run of the kernel against its other runs: %.1f%% inside, %.1f%% in 1%%\n"
		"the simulator against the same runs: %.1f%% inside, %.1f%% in 1%%\n",
		percent(n->kernel_inside), percent(n->kernel_within), percent(n->sim_inside),
		percent(n->sim_within));
}

static void print_cell(FILE *f, const struct judged *j, const struct cell *c)
{
	g_autofree char *range =
		c->kernel.min == c->kernel.max
			? g_strdup_printf("%" PRIu64, c->kernel.min)
			: g_strdup_printf("%" PRIu64 "-%" PRIu64, c->kernel.min, c->kernel.max);

	fprintf(f, "%s, %s, %s, %s:\n    kernel %s, simulator %" PRIu64 ": %.2f%%\n",
		j->r->scenario, j->r->policy, c->mark, result_counters[c->counter].name, range,
		c->sim, 100 * c->error);
}

static void print_group(FILE *f, const struct agree *a, enum group group)
{
	static const char *const titles[NR_GROUPS] = { "memory cgroup", "whole guest" };
	const char *last = NULL;
	struct summary s;

	summarize(&s, a, group, -1, NULL);
	if (!s.errors->len) {
		summary_clear(&s);
		return;
	}
	fprintf(f, "%-24s %6s %7s %7s %8s %9s\n", titles[group], "cells", "inside", "in 1%",
		"median", "p95");
	print_row(f, "all", &s);
	for (int c = 0; c < NR_RESULT_COUNTERS; c++) {
		struct summary of;

		summarize(&of, a, group, c, NULL);
		if (of.errors->len)
			print_row(f, result_counters[c].name, &of);
		summary_clear(&of);
	}
	print_shares(f, &s);
	print_noise(f, &s.noise);
	fputs("worst: ", f);
	print_cell(f, s.worst_of, s.worst);
	summary_clear(&s);
	fprintf(f, "\n%-18s %5s %5s %6s %7s %6s %5s %6s %6s\n", "scenario", "cells", "in 1%",
		"kernel", "p95", "worst", "signs", "cached", "active");
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		if (j->group != group || (last && !strcmp(last, j->r->scenario)))
			continue;
		last = j->r->scenario;
		summarize(&s, a, group, -1, last);
		print_scenario(f, last, &s);
		summary_clear(&s);
	}
	fputc('\n', f);
}

struct ranked {
	const struct judged *j;
	const struct cell *c;
};

/* the worst first, equal ones in the order of the file */
static gint by_error(gconstpointer x, gconstpointer y)
{
	const struct ranked *a = x, *b = y;

	if (a->c->error != b->c->error)
		return a->c->error < b->c->error ? 1 : -1;
	return a->c->line < b->c->line ? -1 : 1;
}

static void print_worst(FILE *f, const struct agree *a)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct ranked));

	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		for (guint k = 0; k < j->r->cells->len; k++) {
			struct ranked r = { j, &g_array_index(j->r->cells, struct cell, k) };

			if (r.c->error > 0)
				g_array_append_val(all, r);
		}
	}
	g_array_sort(all, by_error);
	for (guint i = 0; i < all->len && i < (guint)a->worst; i++) {
		const struct ranked *r = &g_array_index(all, struct ranked, i);

		print_cell(f, r->j, r->c);
	}
}

/* ---- the kernel against itself ---- */

/* every single value, against the spread that was recorded before */
static void add_again(struct summary *s, const struct agree *a, const struct judged *j)
{
	const struct result *before = results_find(&a->before, j->r->scenario, j->r->policy);

	for (guint i = 0; before && i < j->r->cells->len; i++) {
		const struct cell *c = &g_array_index(j->r->cells, struct cell, i);
		const struct cell *b = result_find_cell(before, c->counter, c->mark);

		for (unsigned int run = 0; b && run < j->r->nr_runs; run++)
			add_error(s, agreement_error(&b->kernel, c->values[run], j->accesses));
	}
}

static void print_again(FILE *f, const struct agree *a)
{
	const char *last = NULL;

	fprintf(f, "%-24s %6s %7s %7s %8s %9s\n", "the kernel's own runs", "values", "inside",
		"in 1%", "median", "p95");
	for (guint i = 0; i < a->judged->len; i++) {
		const char *name = g_array_index(a->judged, struct judged, i).r->scenario;
		struct summary s;

		if (last && !strcmp(last, name))
			continue;
		last = name;
		summary_init(&s);
		for (guint k = i; k < a->judged->len; k++) {
			const struct judged *j = &g_array_index(a->judged, struct judged, k);

			if (!strcmp(j->r->scenario, name))
				add_again(&s, a, j);
		}
		print_row(f, name, &s);
		summary_clear(&s);
	}
}

static void write_cells(FILE *f, const struct agree *a)
{
	fputs("group,scenario,lru,policy,mark,counter,kernel_min,kernel_median,kernel_max,runs,"
	      "simulator,error\n",
	      f);
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		for (guint k = 0; k < j->r->cells->len; k++) {
			const struct cell *c = &g_array_index(j->r->cells, struct cell, k);

			fprintf(f,
				"%s,%s,%s,%s,%s,%s,%" PRIu64 ",%.1f,%" PRIu64 ",%u,%" PRIu64
				",%.6f\n",
				group_names[j->group], j->r->scenario, j->r->lru, j->r->policy,
				c->mark, result_counters[c->counter].name, c->kernel.min,
				c->kernel.median, c->kernel.max, j->r->nr_runs, c->sim, c->error);
		}
	}
}

/* ---- the recorded level ---- */

static const struct level {
	const char *key;
	bool less_is_better;
} levels[] = {
	{ "within", false }, { "median", true },    { "p95", true },
	{ "sign", false },   { "resident", false }, { "active", false },
};

static double level_of(const struct summary *s, size_t level)
{
	switch (level) {
	case 0:
		return percent_of_cells(s, s->within);
	case 1:
		return percentile(s, 50);
	case 2:
		return percentile(s, 95);
	case 3:
		return percent(s->last_sign);
	case 4:
		return percent(s->resident);
	default:
		return percent(s->active);
	}
}

static int write_level(const struct agree *a)
{
	struct output out;
	int ret = cli_open_out(&out, &a->files, a->write_level);

	if (ret)
		return ret;
	fputs("# What \"reapsim agree --at-least\" demands, in percent: cells inside the\n"
	      "# kernel's spread or within 1%, median and 95th percentile of the error, signs\n"
	      "# at the last mark, pages. Written by --write-level.\n",
	      out.f);
	for (int g = 0; g < NR_GROUPS; g++) {
		struct summary s;

		summarize(&s, a, (enum group)g, -1, NULL);
		if (s.errors->len)
			fprintf(out.f, "[%s]\n", group_names[g]);
		for (size_t i = 0; s.errors->len && i < G_N_ELEMENTS(levels); i++)
			fprintf(out.f, "%s=%.2f\n", levels[i].key, level_of(&s, i));
		summary_clear(&s);
	}
	return cli_close_out(&out, true);
}

/* Return: 0, 1 after printing what is worse, 2 for a bad file */
static int check_level(const struct agree *a)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autoptr(GError) gerr = NULL;
	struct err err;
	int ret = 0;

	if (!g_key_file_load_from_file(kf, a->at_least, G_KEY_FILE_NONE, &gerr))
		return cli_fail(err_at(&err, -EINVAL, a->at_least, 0, "%s", gerr->message), &err);
	for (int g = 0; g < NR_GROUPS; g++) {
		struct summary s;

		summarize(&s, a, (enum group)g, -1, NULL);
		if (!s.errors->len && !a->scenarios && g_key_file_has_group(kf, group_names[g]))
			ret = cli_fail(err_at(&err, -EINVAL, a->at_least, 0,
					      "nothing of [%s] is recorded in %s", group_names[g],
					      a->results.csv_path),
				       &err);
		for (size_t i = 0; s.errors->len && i < G_N_ELEMENTS(levels); i++) {
			g_autoptr(GError) bad = NULL;
			const double want =
				g_key_file_get_double(kf, group_names[g], levels[i].key, &bad);
			/* as it is printed, or rounding would fail what just passed */
			g_autofree char *text = g_strdup_printf("%.2f", level_of(&s, i));
			const double is = g_ascii_strtod(text, NULL);

			if (bad) {
				ret = cli_fail(
					err_at(&err, -EINVAL, a->at_least, 0, "%s", bad->message),
					&err);
			} else if (!(levels[i].less_is_better ? is <= want : is >= want)) {
				err_set(&err, -EIO, "%s: %s is %s%%, it was %.2f%%", group_names[g],
					levels[i].key, text, want);
				cli_fail(-EIO, &err);
				ret = MAX(ret, 1);
			}
		}
		summary_clear(&s);
	}
	return ret;
}

/* ---- the picture ---- */

static const char *const colours[NR_RESULT_COUNTERS] = {
	"#d55e00", "#e69f00", "#cc79a7", "#009e73", "#56b4e9",
	"#0072b2", "#000000", "#888888", "#882255",
};

static void write_dat(FILE *f, const void *data)
{
	const struct agree *a = data;

	for (int g = 0; g < NR_GROUPS; g++) {
		fputs("# counter, kernel min, median, max, simulator\n", f);
		for (guint i = 0; i < a->judged->len; i++) {
			const struct judged *j = &g_array_index(a->judged, struct judged, i);

			for (guint k = 0; j->group == (enum group)g && k < j->r->cells->len; k++) {
				const struct cell *c = &g_array_index(j->r->cells, struct cell, k);

				fprintf(f, "%u %" PRIu64 " %.1f %" PRIu64 " %" PRIu64 "\n",
					c->counter, c->kernel.min, c->kernel.median, c->kernel.max,
					c->sim);
			}
		}
		/* a block without a point would not be counted as one */
		fputs("-1 0 0 0 0\n\n\n", f);
	}
}

static void write_script(FILE *f, const void *data, const char *dat)
{
	(void)data;
	fputs("set multiplot layout 1,2 title 'simulator against kernel: counters + 1; "
	      "bars: spread of the kernel'\n"
	      "set logscale xy\nset xrange [0.8:*]\nset yrange [0.8:*]\n"
	      "set xlabel 'kernel'\nset ylabel 'simulator'\nset grid lc '#dddddd' lt 1\n"
	      "set key below horizontal Left reverse samplen 1 noenhanced\n",
	      f);
	for (int g = 0; g < NR_GROUPS; g++) {
		fprintf(f, "set title '%s'\nplot x lc '#888888' notitle",
			g == MEMCG ? "memory cgroup" : "whole guest");
		for (int c = 0; c < NR_RESULT_COUNTERS; c++)
			fprintf(f,
				", \\\n    %s index %d using ($1==%d?$3+1:NaN):($5+1):"
				"($2+1):($4+1) with xerrorbars pt %d ps 0.6 lc '%s' title '%s'",
				dat, g, c, c + 4, colours[c], result_counters[c].name);
		fputc('\n', f);
	}
	fputs("unset multiplot\n", f);
}

static int plot(const struct agree *a)
{
	const struct plot p = {
		.base = a->plot,
		.width = 1100,
		.height = 620,
		.dat = write_dat,
		.script = write_script,
		.data = a,
	};

	return plot_write(&a->files, &p);
}

/* ---- the command ---- */

/* RESULTS.csv comes with two more files, and the scenarios are read by name */
static int declare_inputs(struct agree *a, const struct results *r, const char *what)
{
	const struct cli_file list[] = {
		{ FILE_INPUT, what, r->csv_path, false },
		{ FILE_INPUT, what, r->runs_path, false },
		{ FILE_INPUT, what, r->pages_path, false },
	};

	return cli_declare(&a->files, list, G_N_ELEMENTS(list));
}

static int declare(struct agree *a)
{
	const struct cli_file list[] = {
		{ FILE_INPUT, "--at-least", a->at_least, false },
		{ FILE_RESULTS, "--csv", a->csv, false },
		{ FILE_KEYS, "--write-level", a->write_level, false },
	};
	int ret = declare_inputs(a, &a->results, "RESULTS.csv");

	if (!ret && a->again)
		ret = declare_inputs(a, &a->before, "--again");
	for (guint i = 0; !ret && i < a->results.all->len; i++) {
		const struct result *r = a->results.all->pdata[i];
		g_autofree char *name = g_strconcat(r->scenario, ".csv", NULL);
		g_autofree char *path = g_build_filename(a->traces, name, NULL);

		if (!wanted(a, r) ||
		    (i && !strcmp(((struct result *)a->results.all->pdata[i - 1])->scenario,
				  r->scenario)))
			continue;
		ret = cli_declare_inputs(&a->files, "--traces", (char *[]){ path }, 1);
	}
	if (!ret)
		ret = cli_declare(&a->files, list, G_N_ELEMENTS(list));
	return ret || !a->plot ? ret : plot_declare(&a->files, "--plot", a->plot);
}

static int agree(struct agree *a, const char *path)
{
	struct output out;
	struct err err;
	int ret = results_load(&a->results, path, &err);

	if (!ret && a->again)
		ret = results_load(&a->before, a->again, &err);
	if (ret)
		return cli_fail(ret, &err);
	ret = declare(a);
	for (guint i = 0, nr; !ret && i < a->results.all->len; i += nr)
		ret = judge_scenario(a, i, &nr);
	if (!ret && !a->judged->len)
		ret = cli_usage("agree: no such scenario is recorded");
	if (!ret)
		ret = cli_open_stdout(&out, a->csv);
	if (ret)
		return ret;
	for (int g = 0; g < NR_GROUPS; g++)
		print_group(out.f, a, (enum group)g);
	print_worst(out.f, a);
	if (a->again)
		print_again(out.f, a);
	ret = cli_close_out(&out, true);
	if (!ret && a->csv) {
		ret = cli_open_out(&out, &a->files, a->csv);
		if (!ret) {
			write_cells(out.f, a);
			ret = cli_close_out(&out, true);
		}
	}
	if (!ret && a->plot)
		ret = plot(a);
	if (!ret && a->write_level)
		ret = write_level(a);
	if (!ret && a->at_least)
		ret = check_level(a);
	return ret;
}

static int run(int argc, char **argv)
{
	struct agree a = { .judged = g_array_new(FALSE, FALSE, sizeof(struct judged)) };
	const GOptionEntry entries[] = {
		{ "traces", 't', 0, G_OPTION_ARG_FILENAME, &a.traces,
		  "where the scenarios are (default: traces/scenarios)", "DIR" },
		{ "scenario", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a.scenarios,
		  "only this one; may be given again", "NAME" },
		{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &a.kernel,
		  "version of the kernel to follow (default: the recorded one)", "NAME" },
		{ "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &a.settings,
		  "change one machine key; may be given again", "KEY=VALUE" },
		{ "worst", 'w', 0, G_OPTION_ARG_INT, &a.worst, "list the N worst cells", "N" },
		{ "again", 0, 0, G_OPTION_ARG_FILENAME, &a.again,
		  "hold the kernel's single runs against an earlier recording, too",
		  "RESULTS.csv" },
		{ "csv", 0, 0, G_OPTION_ARG_FILENAME, &a.csv,
		  "write every cell (\"-\": stdout, no tables)", "FILE" },
		{ "plot", 0, 0, G_OPTION_ARG_FILENAME, &a.plot,
		  "plot the simulator against the kernel: BASE.svg, BASE.png", "BASE" },
		{ "at-least", 0, 0, G_OPTION_ARG_FILENAME, &a.at_least,
		  "fail if anything is worse than this file says", "FILE" },
		{ "write-level", 0, 0, G_OPTION_ARG_FILENAME, &a.write_level, "write that file",
		  "FILE" },
		CLI_FORCE(&a.files),
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &a.jobs, "threads (default: one a core)", "N" },
		G_OPTION_ENTRY_NULL,
	};
	int ret;

	outputs_init(&a.files);
	ret = cli_options(
		&argc, &argv, entries, "RESULTS.csv",
		"Replay what a real kernel was recorded on and say how far from it that is.",
		"A cell is a counter at a mark of a scenario under a policy. Its error is 0\n"
		"inside the spread of the kernel's runs, else the distance to it over the\n"
		"kernel's median, or over 1% of the scenario's accesses where that is more.\n"
		"\"kernel\" is how many of its runs are within 1% of the spread of the others.\n"
		"Where the kernel's refaults under a policy and under baseline do not overlap,\n"
		"the simulator's difference should have the same sign. RESULTS.csv and the\n"
		"files beside it are written by \"make kernel-agreement\".");

	if (!a.traces)
		a.traces = g_strdup("traces/scenarios");
	if (ret < 0 && argc != 2)
		ret = cli_usage("agree: expected one file of results, got %d", argc - 1);
	if (ret < 0 && (a.worst < 0 || a.jobs < 0))
		ret = cli_usage("agree: --worst and --jobs take 0 or more");
	if (ret < 0) {
		ret = agree(&a, argv[1]);
		results_clear(&a.results);
		if (a.before.all)
			results_clear(&a.before);
	}
	outputs_clear(&a.files);
	g_array_free(a.judged, TRUE);
	g_free(a.kernel);
	g_free(a.traces);
	g_free(a.csv);
	g_free(a.plot);
	g_free(a.at_least);
	g_free(a.write_level);
	g_free(a.again);
	g_strfreev(a.settings);
	g_strfreev(a.scenarios);
	return ret;
}

const struct command cmd_agree = {
	.name = "agree",
	.summary = "hold the simulator against what a real kernel was recorded to do",
	.run = run,
};
