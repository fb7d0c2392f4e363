// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/agreement-judge.h"

#include <errno.h>
#include <string.h>

#include "models/models.h"
#include "sim/lab/config.h"
#include "traces/readers/readers.h"

const char *const agreement_group_names[NR_AGREEMENT_GROUPS] = { "memcg", "guest" };

void agreement_init(struct agreement *a)
{
	*a = (struct agreement){ .judged = g_array_new(FALSE, FALSE, sizeof(struct judged)) };
}

void agreement_clear(struct agreement *a)
{
	if (a->results.all)
		results_clear(&a->results);
	g_array_free(a->judged, TRUE);
}

bool agreement_wants(const struct agreement *a, const struct result *r)
{
	return !a->only || g_strv_contains(a->only, r->scenario);
}

char *agreement_trace_path(const struct agreement *a, const struct result *r)
{
	g_autofree char *name = g_strconcat(r->scenario, ".csv", NULL);

	return g_build_filename(a->traces, name, NULL);
}

/* Replay */

static const struct kernel_profile *recorded_kernel(const struct agreement *a,
						    const struct result *r, struct err *err)
{
	return a->kernel ? kernel_profile_find(a->kernel, err) : kernel_profile_of(r->kernel, err);
}

/* Check a recorded result: its LRU, policy and kernel are known, and the scenario is unchanged
 * since the kernel played it. */
static int check_result(const struct agreement *a, const struct result *r, const char *path,
			struct err *err)
{
	const char *runs = a->results.runs_path;
	g_autoptr(GError) gerr = NULL;
	g_autofree char *text = NULL, *sum = NULL;
	struct sim_config cfg;
	struct err why;
	gsize len;

	sim_config_init(&cfg);
	if (sim_config_set(&cfg, "lru", r->lru, &why) ||
	    sim_config_set(&cfg, "policy", r->policy, &why) || !recorded_kernel(a, r, &why))
		return err_at(err, -EINVAL, runs, r->line, "%s", why.msg);
	if (!g_file_get_contents(path, &text, &len, &gerr))
		return err_at(err, -EINVAL, runs, r->line, "%s", gerr->message);
	sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, len);
	if (g_str_has_prefix(sum, r->digest) && strlen(r->digest) >= 8)
		return 0;
	return err_at(err, -EINVAL, runs, r->line,
		      "%s has changed since the kernel played it: record it again with "
		      "\"make kernel-agreement SCENARIOS=%s\"",
		      path, r->scenario);
}

/* Ext4's largest folio is recorded; what another file system does follows from its name. */
static int set_file_system(const struct agreement *a, const struct result *r, const char *name,
			   struct sim_config *cfg, struct err *err)
{
	g_autofree char *setting = g_strconcat("file_system=", name, NULL);
	struct err why;

	cfg->machine.ext4 = !strcmp(name, "ext4");
	if (cfg->machine.ext4 || !sim_config_set_machine(cfg, setting, &why))
		return 0;
	return err_at(err, -EINVAL, a->results.runs_path, r->line, "fs=%s: %s", name, why.msg);
}

/*
 * Apply the recorded kernel's settings to the machine, converting units and names: keys that
 * the trace does not set had the kernel's defaults, not those of reapsim.
 */
static int set_recorded(const struct agreement *a, const struct result *r, struct sim_config *cfg,
			struct err *err)
{
	static const struct {
		const char *name, *key;
		uint64_t unit;
		bool guest; /* irrelevant in a memcg */
	} keys[] = {
		{ "readahead_kb", "readahead_pages", 4, false },
		{ "max_sectors_kb", "io_pages", 4, false },
		{ "fault_around_bytes", "fault_around_pages", 4096, false },
		{ "swappiness", "swappiness", 1, false },
		{ "snapshot_ms", "snapshot_ms", 1, false },
		{ "watermark_scale_factor", "watermark_scale_factor", 1, true },
		{ "min_free_kbytes", "min_free_pages", 4, true },
		{ "managed_pages", "managed_pages", 1, true },
		{ "pcp_pages", "pcp_pages", 1, true },
		{ "nr_unevictable", "unevictable_pages", 1, true },
		{ "erofs_pcluster_pages", "erofs_pcluster_pages", 1, false },
		{ "erofs_extent_bytes", "erofs_extent_bytes", 1, false },
	};
	g_auto(GStrv) pairs = g_strsplit(r->settings, " ", -1);

	for (char **pair = pairs; *pair; pair++) {
		g_auto(GStrv) kv = g_strsplit(*pair, "=", 2);

		if (!kv[0]) /* between two spaces */
			continue;
		if (!strcmp(kv[0], "fs") && kv[1] && set_file_system(a, r, kv[1], cfg, err))
			return -EINVAL;
		if (!strcmp(*pair, "folios=large") && cfg->machine.ext4)
			cfg->machine.max_folio_order = MAX_FOLIO_ORDER;
		if (!strcmp(*pair, "kmem=1"))
			cfg->machine.kmem = true;
		/* on a distribution's kernel the player maps the files at a snapshot, to look at
		 * their pages; munmap() drains its CPU's batches */
		if (!strcmp(kv[0], "source"))
			cfg->snapshots_drain = cfg->kernel->drain_at_unmap;
		for (size_t i = 0; kv[1] && i < G_N_ELEMENTS(keys); i++) {
			g_autofree char *setting = NULL;
			guint64 value;
			struct err why;

			if (strcmp(kv[0], keys[i].name) || !strcmp(kv[1], "none") ||
			    (keys[i].guest && cfg->machine.memcg_pages))
				continue;
			if (!g_ascii_string_to_unsigned(kv[1], 10, 0, UINT32_MAX, &value, NULL))
				return err_at(err, -EINVAL, a->results.runs_path, r->line,
					      "%s is \"%s\", expected a number", kv[0], kv[1]);
			setting = g_strdup_printf("%s=%" G_GUINT64_FORMAT, keys[i].key,
						  value / keys[i].unit);
			if (sim_config_set_machine(cfg, setting, &why))
				return err_at(err, -EINVAL, a->results.runs_path, r->line,
					      "%s=%s: %s", kv[0], kv[1], why.msg);
		}
	}
	return 0;
}

/* Apply what was measured in the guest, then the user's settings. */
static int set_machine(const struct agreement *a, const struct result *r, struct sim_config *cfg,
		       struct err *err)
{
	struct machine *m = &cfg->machine;

	cfg->times = (const struct op_times *)(void *)r->times->data;
	cfg->nr_times = r->times->len;
	m->memcg_stats_flushed = true;
	m->ext4 = true;
	/*
	 * Old recordings do not name their settings. Their guests had surplus memory in an
	 * unevictable file of unknown size. The size does not matter from 600 pages on: then
	 * the limit of shadow nodes exceeds what the scenarios have.
	 */
	if (!*r->settings && !m->memcg_pages)
		m->unevictable_pages = 1024;
	m->fault_us = (uint32_t)r->fault_us;
	m->scan_ns = (uint32_t)r->scan_ns;
	if (set_recorded(a, r, cfg, err))
		return -EINVAL;
	for (const char *const *s = a->settings; s && *s; s++) {
		int ret = sim_config_set_machine(cfg, *s, err);

		if (ret)
			return ret;
		if (g_str_has_prefix(*s, "read_us=") || g_str_has_prefix(*s, "op_us="))
			cfg->nr_times = 0;
	}
	return 0;
}

static bool same_runs(const struct result *x, const struct result *y)
{
	return !strcmp(x->scenario, y->scenario) && !strcmp(x->lru, y->lru) &&
	       !strcmp(x->kernel, y->kernel);
}

int agreement_scenario_init(struct agreement_scenario *s, const struct agreement *a, guint first,
			    struct err *err)
{
	const GPtrArray *all = a->results.all;
	const struct result *r = all->pdata[first];
	g_autofree char *path = agreement_trace_path(a, r);
	g_autoptr(GString) policies = g_string_new(NULL);
	struct run_spec spec = { .lru = (char *)r->lru, .keep_pages = true };
	int ret = 0;

	*s = (struct agreement_scenario){
		.first = first,
		.wanted = agreement_wants(a, r),
	};
	for (; first + s->nr < all->len && same_runs(r, all->pdata[first + s->nr]); s->nr++) {
		const struct result *x = all->pdata[first + s->nr];

		g_string_append_printf(policies, "%s%s", s->nr ? "," : "", x->policy);
		if (!ret && s->wanted)
			ret = check_result(a, x, path, err);
	}
	if (ret || !s->wanted)
		return ret;
	spec.policies = policies->str;
	spec.kernel = (char *)recorded_kernel(a, r, NULL)->name;
	ret = trace_load(path, NULL, &s->trace, err);
	if (!ret)
		ret = run_set_init(&s->runs, &spec, s->trace, NULL, err);
	for (guint i = 0; !ret && i < s->nr; i++)
		ret = set_machine(a, all->pdata[first + i], &run_set_get(&s->runs, 0, 0, i)->cfg,
				  err);
	return ret;
}

void agreement_scenario_clear(struct agreement_scenario *s)
{
	run_set_clear(&s->runs);
	trace_free(s->trace);
}

/* Comparison */

/* "NAME", or "NAME:2" */
static const struct snapshot *find_mark(const struct trace *t, const struct run *run,
					const char *mark)
{
	for (guint i = 0; i < run->snapshots->len; i++) {
		const struct snapshot *snap = &g_array_index(run->snapshots, struct snapshot, i);
		g_autofree char *name = g_strdup_printf(snap->number > 1 ? "%s:%u" : "%s",
							t->names[snap->name], snap->number);

		if (!strcmp(name, mark))
			return snap;
	}
	return NULL;
}

static int no_mark(struct err *err, const char *path, unsigned int line, const struct trace *t,
		   const char *mark)
{
	return err_at(err, -EINVAL, path, line, "%s has no mark \"%s\"", t->path, mark);
}

static int judge_cells(const struct agreement *a, const struct judged *j, const GArray *cells,
		       const struct trace *t, const struct run *run, struct err *err)
{
	for (guint i = 0; i < cells->len; i++) {
		struct cell *c = &g_array_index(cells, struct cell, i);
		const struct result_counter *counter = &result_counters[c->counter];
		const struct snapshot *snap = find_mark(t, run, c->mark);

		if (!snap)
			return no_mark(err, a->results.csv_path, c->line, t, c->mark);
		c->sim = snap->stat.v[counter->item];
		if (counter->more != counter->item)
			c->sim += snap->stat.v[counter->more];
		c->error = agreement_error(&c->kernel, c->sim, j->accesses);
	}
	return 0;
}

/* Set @states to '.', 'i' or 'a' (struct state_run) for each page of a file. */
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

static int judge_pages(const struct agreement *a, struct judged *j, const struct trace *t,
		       const struct run *run, struct err *err)
{
	const char *path = a->results.pages_path;
	g_autofree char *states = g_malloc0(t->nr_file_pages);
	g_autofree char *used = g_malloc0(t->nr_file_pages);

	for (guint i = 0; i < j->r->pages->len; i++) {
		const struct page_states *p = &g_array_index(j->r->pages, struct page_states, i);
		const struct snapshot *snap = find_mark(t, run, p->mark);
		uint32_t file = 0, page = 0;

		if (!snap)
			return no_mark(err, path, p->line, t, p->mark);
		while (file < t->nr_files && strcmp(t->files[file].name, p->file))
			file++;
		if (file == t->nr_files)
			return err_at(err, -EINVAL, path, p->line, "%s has no file \"%s\"", t->path,
				      p->file);
		sim_states(snap, file, states);
		for (guint k = 0; k < p->runs->len; k++) {
			const struct state_run *s = &g_array_index(p->runs, struct state_run, k);

			if (s->count > t->files[file].pages - page)
				return err_at(err, -EINVAL, path, p->line,
					      "more than the %u pages of \"%s\"",
					      t->files[file].pages, p->file);
			for (uint32_t n = 0; n < s->count; n++, page++)
				compare_page(j, s->state, states[page],
					     &used[t->files[file].first + page]);
		}
	}
	return 0;
}

int agreement_judge(struct agreement *a, const struct agreement_scenario *s, struct err *err)
{
	int ret = 0;

	for (guint i = 0; !ret && i < s->nr; i++) {
		const struct run *run = run_set_get(&s->runs, 0, 0, i);
		struct judged j = {
			.r = a->results.all->pdata[s->first + i],
			.group = run->cfg.machine.memcg_pages ? AGREEMENT_MEMCG : AGREEMENT_GUEST,
			.accesses = run->stat.v[VM_sim_accesses],
		};

		ret = judge_cells(a, &j, j.r->cells, s->trace, run, err);
		if (!ret)
			ret = judge_cells(a, &j, j.r->reads, s->trace, run, err);
		if (!ret)
			ret = judge_pages(a, &j, s->trace, run, err);
		g_array_append_val(a->judged, j);
	}
	return ret;
}
