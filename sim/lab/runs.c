// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/models.h"
#include "traces/readers/write.h"

static const char help[] =
	"The machine is, in this order: the defaults, what the trace's header asks for,\n"
	"the key file, then every --set. \"reapsim list\" names the keys, models and\n"
	"policies. A policy with +evict also drops the page cache of what it reaps.";

static const struct {
	const char *name;
	enum op_code code;
} ends[] = {
	{ "recorded", OP_NONE },     { "exit", OP_EXIT }, { "kill", OP_KILL },
	{ "mrelease", OP_MRELEASE }, { "oom", OP_OOM },
};

int run_options_parse(int *argc, char ***argv, struct run_options *o, bool many,
		      const GOptionEntry *own, const char *arguments, const char *summary,
		      const char *more)
{
	const GOptionEntry entries[] = {
		{ many ? "policies" : "policy", 'p', 0, G_OPTION_ARG_STRING, &o->policies,
		  many ? "reap policies, comma separated, or \"all\" (the default)"
		       : "reap policy (default: baseline)",
		  many ? "NAME,..." : "NAME" },
		{ many ? "machines" : "machine", 'm', 0, G_OPTION_ARG_STRING, &o->machines,
		  many ? "machine key files, comma separated (default: the trace's own)"
		       : "machine key file (default: the trace's own)",
		  many ? "FILE,..." : "FILE" },
		{ "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o->settings,
		  "change one machine key; may be given again", "KEY=VALUE" },
		{ "lru", 'l', 0, G_OPTION_ARG_STRING, &o->lru, "LRU model (default: classic)",
		  "NAME" },
		{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &o->kernel,
		  "version of the kernel to follow (default: 7.3)", "NAME" },
		{ "ends-as", 'e', 0, G_OPTION_ARG_STRING, &o->ends_as,
		  "replay every end of a process as: recorded, exit, kill, mrelease, oom",
		  many ? "HOW,..." : "HOW" },
		{ "format", 'f', 0, G_OPTION_ARG_STRING, &o->format,
		  "format of the trace (default: found out)", "NAME" },
		{ "check", 'c', 0, G_OPTION_ARG_NONE, &o->check,
		  "verify every invariant after each operation (slow)", NULL },
		{ "memory", 'M', 0, G_OPTION_ARG_STRING, &o->memory,
		  "memcg limits to try on each machine: pages, or shares (40%) of what the trace "
		  "would hold if memory were endless",
		  "SIZE,..." },
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs, "threads (default: one a core)",
		  "N" },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GArray) all = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
	g_autofree char *text = more ? g_strconcat(more, "\n\n", help, NULL) : g_strdup(help);

	for (const GOptionEntry *e = entries; e->long_name; e++)
		if (many || (e->arg_data != &o->memory && e->arg_data != &o->jobs))
			g_array_append_val(all, *e);
	for (const GOptionEntry *e = own; e->long_name; e++)
		g_array_append_val(all, *e);
	return cli_options(argc, argv, (const GOptionEntry *)(void *)all->data, arguments, summary,
			   text);
}

void run_options_clear(struct run_options *o)
{
	g_free(o->kernel);
	g_free(o->lru);
	g_free(o->policies);
	g_free(o->machines);
	g_strfreev(o->settings);
	g_free(o->format);
	g_free(o->ends_as);
	g_free(o->memory);
}

const char *run_end_name(enum op_code code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (ends[i].code == code)
			return ends[i].name;
	return "?";
}

int run_end_find(const char *name, enum op_code *code, struct err *err)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		if (!strcmp(name, ends[i].name)) {
			*code = ends[i].code;
			return 0;
		}
		g_string_append_printf(names, " %s", ends[i].name);
	}
	return err_set(err, -EINVAL, "unknown end \"%s\"; there are:%s", name, names->str);
}

static int add_end(struct run_set *rs, const char *name)
{
	enum op_code code;
	struct err err;
	int ret = run_end_find(name, &code, &err);

	if (ret)
		return cli_fail(ret, &err);
	g_array_append_val(rs->ends, code);
	return 0;
}

/* defaults, trace, key file, settings, limit; @path and @memory may be NULL */
static int build_machine(struct machine *m, const struct run_options *o, const struct trace *t,
			 const char *path, const char *memory, struct err *err)
{
	int ret;

	machine_init(m);
	g_strlcpy(m->name, "trace", sizeof(m->name));
	ret = machine_from_trace(m, t, err);
	if (!ret && path)
		ret = machine_from_file(m, path, err);
	for (char **s = o->settings; !ret && s && *s; s++) {
		g_auto(GStrv) kv = g_strsplit(*s, "=", 2);

		if (!kv[0] || !kv[1])
			return err_set(err, -EINVAL, "--set %s: expected KEY=VALUE", *s);
		ret = machine_set(m, kv[0], kv[1], err);
	}
	if (!ret && memory) {
		g_autofree char *name =
			path ? g_strdup_printf("%s:%s", m->name, memory) : g_strdup(memory);

		g_strlcpy(m->name, name, sizeof(m->name));
		ret = machine_set(m, "memcg_pages", memory, err);
	}
	return ret;
}

/* @peak: sim_peak_pages() of the machine at @path, -1 until a share needs it */
static int add_machine(struct run_set *rs, const struct run_options *o, const char *path,
		       const char *memory, int64_t *peak)
{
	struct machine m;
	struct err err;
	int ret = build_machine(&m, o, rs->trace, path, memory, &err);

	if (!ret && *peak < 0 && (m.memcg_share > 0 || m.memory_share > 0)) {
		const struct sim_config cfg = {
			.kernel = rs->kernel, .lru = rs->lru, .reap = &reap_baseline, .machine = m
		};

		*peak = sim_peak_pages(rs->trace, &cfg, &err);
		if (*peak < 0)
			return cli_fail((int)*peak, &err);
	}
	if (ret)
		return cli_fail(ret, &err);
	ret = machine_resolve(&m, (uint64_t)MAX(*peak, 0), &err);
	if (ret) {
		struct err where;

		err_at(&where, ret, rs->trace->path, 0, "%s", err.msg);
		return cli_fail(ret, &where);
	}
	g_array_append_val(rs->machines, m);
	return 0;
}

static int add_policies(struct run_set *rs, const char *list, bool many)
{
	g_auto(GStrv) names = NULL;

	if (many && (!list || !strcmp(list, "all"))) {
		for (const struct reap_policy *const *p = reap_policies; *p; p++) {
			g_ptr_array_add(rs->policies, g_strdup((*p)->name));
			g_ptr_array_add(rs->policies, g_strconcat((*p)->name, "+evict", NULL));
		}
		return 0;
	}
	names = g_strsplit(list ? list : "baseline", ",", -1);
	for (char **n = names; *n; n++) {
		struct err err;
		bool evict;

		if (!reap_policy_find(*n, &evict, &err))
			return cli_fail(-EINVAL, &err);
		g_ptr_array_add(rs->policies, g_strdup(*n));
	}
	return 0;
}

static void run_clear(gpointer data)
{
	struct run *r = data;

	if (r->snapshots)
		g_array_unref(r->snapshots);
	outcome_clear(&r->outcome);
}

int run_set_init(struct run_set *rs, const struct run_options *o, const struct trace *t)
{
	g_auto(GStrv) paths = o->machines ? g_strsplit(o->machines, ",", -1) : g_new0(char *, 2);
	g_auto(GStrv) sizes = o->memory ? g_strsplit(o->memory, ",", -1) : NULL;
	g_auto(GStrv) how = g_strsplit(o->ends_as ? o->ends_as : "recorded", ",", -1);
	struct err err;
	int ret = 0;

	*rs = (struct run_set){
		.trace = t,
		.nr_seeds = o->timed ? o->nr_seeds : 1,
		.machines = g_array_new(FALSE, TRUE, sizeof(struct machine)),
		.policies = g_ptr_array_new_with_free_func(g_free),
		.ends = g_array_new(FALSE, TRUE, sizeof(enum op_code)),
		.runs = g_array_new(FALSE, TRUE, sizeof(struct run)),
	};
	g_array_set_clear_func(rs->runs, run_clear);
	rs->kernel = o->kernel ? kernel_profile_find(o->kernel, &err) : kernel_profiles[0];
	if (!rs->kernel)
		return cli_fail(-EINVAL, &err);
	rs->lru = lru_model_find(o->lru ? o->lru : "classic", &err);
	if (!rs->lru)
		return cli_fail(-EINVAL, &err);
	for (char **h = how; !ret && *h; h++)
		ret = add_end(rs, *h);
	if (!ret)
		ret = add_policies(rs, o->policies, o->jobs >= 0);
	if (!ret && o->machines && !paths[0])
		ret = cli_usage("--machines: an empty list");
	/* without key files: once, on the machine that the trace asks for */
	for (guint i = 0; !ret && (i == 0 || paths[i]); i++) {
		int64_t peak = -1;

		if (!sizes)
			ret = add_machine(rs, o, paths[i], NULL, &peak);
		for (char **s = sizes; !ret && s && *s; s++)
			ret = add_machine(rs, o, paths[i], *s, &peak);
	}
	if (ret)
		return ret;
	if (!rs->ends->len || !rs->machines->len || !rs->policies->len)
		return cli_usage("an empty list of policies, sizes or ends: nothing to run");
	if (o->jobs < 0 && rs->ends->len * rs->machines->len * rs->policies->len > 1)
		return cli_usage("expected one policy, one machine and one way to end; "
				 "\"reapsim compare\" takes lists");
	for (guint e = 0; e < rs->ends->len; e++) {
		for (guint m = 0; m < rs->machines->len; m++) {
			for (guint p = 0; p < rs->policies->len; p++) {
				struct run r = { .policy = rs->policies->pdata[p] };

				r.cfg.kernel = rs->kernel;
				r.cfg.lru = rs->lru;
				r.cfg.reap = reap_policy_find(r.policy, &r.cfg.evict, NULL);
				r.cfg.machine = g_array_index(rs->machines, struct machine, m);
				r.cfg.ends_as = g_array_index(rs->ends, enum op_code, e);
				r.cfg.check = o->check;
				r.cfg.flags_as_recorded = o->flags_as_recorded;
				r.cfg.keep_pages = o->keep_pages;
				if (o->timed)
					r.timed = *o->timed;
				for (guint i = 0; i < rs->nr_seeds; i++, r.timed.seed++)
					g_array_append_val(rs->runs, r);
			}
		}
	}
	return 0;
}

void run_set_clear(struct run_set *rs)
{
	if (!rs->runs)
		return;
	g_array_free(rs->runs, TRUE);
	g_array_free(rs->machines, TRUE);
	g_ptr_array_free(rs->policies, TRUE);
	g_array_free(rs->ends, TRUE);
}

struct shared {
	const struct run_set *rs;
	gint nr_done;	   /* atomic */
	guint64 recs_done; /* under lock */
	GMutex lock;
};

/* failures are mostly alike */
#define FAILURES_SHOWN 4

uint64_t run_slice(const struct sim_config *cfg)
{
	return cfg->check ? 64 : cfg->timed ? 256 : 1 << 20;
}

static void execute(gpointer data, gpointer user)
{
	struct run *r = data;
	struct shared *sh = user;
	struct sim *s;
	uint64_t before = 0;

	if (cli_interrupted())
		return;
	if (r->timed.killer)
		r->cfg.timed = &r->timed;
	s = sim_new(sh->rs->trace, &r->cfg, &r->err);
	if (!s) {
		r->ret = -ENOMEM;
		r->done = true;
		goto out;
	}
	do {
		r->ret = sim_run(s, run_slice(&r->cfg), &r->err);
		g_mutex_lock(&sh->lock);
		sh->recs_done += sim_position(s) - before;
		g_mutex_unlock(&sh->lock);
		before = sim_position(s);
	} while (r->ret == 0 && !cli_interrupted());
	if (r->ret) {
		sim_stat(s, &r->stat);
		r->snapshots = g_array_ref(s->snapshots);
		r->done = true;
		r->position = sim_position(s);
		if (r->cfg.timed)
			timed_outcome(s, &r->outcome);
	}
	sim_free(s);
out:
	g_atomic_int_inc(&sh->nr_done);
}

/* the operation that a failed run stopped at, as a row of the text form */
static void print_op(const struct trace *t, uint64_t position)
{
	struct trace_iter it;
	struct op op;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) == 1) {
		if (it.at >= position) {
			fputs("  at: ", stderr);
			trace_write_op(t, &op, stderr);
			return;
		}
	}
}

int run_set_execute(struct run_set *rs, int jobs)
{
	struct shared sh = { .rs = rs };
	struct cli_signals signals;
	g_autofree char *what = g_path_get_basename(rs->trace->path);
	struct cli_progress progress;
	GThreadPool *pool;
	guint unfinished = 0, failed = 0;
	int ret = 0;

	g_mutex_init(&sh.lock);
	cli_catch_signals(&signals);
	if (jobs <= 0)
		jobs = (int)g_get_num_processors();
	pool = g_thread_pool_new(execute, &sh, jobs, FALSE, NULL);
	for (guint i = 0; i < rs->runs->len; i++)
		g_thread_pool_push(pool, &g_array_index(rs->runs, struct run, i), NULL);
	cli_progress_init(&progress, what);
	while (g_thread_pool_unprocessed(pool) ||
	       g_atomic_int_get(&sh.nr_done) < (gint)rs->runs->len) {
		guint64 done;

		if (cli_interrupted())
			break;
		g_usleep(2000);
		g_mutex_lock(&sh.lock);
		done = sh.recs_done;
		g_mutex_unlock(&sh.lock);
		cli_progress(&progress,
			     (double)done / ((double)rs->trace->nr_recs * rs->runs->len + 1));
	}
	g_thread_pool_free(pool, FALSE, TRUE);
	cli_progress_end(&progress);
	cli_release_signals(&signals);
	g_mutex_clear(&sh.lock);
	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);

		unfinished += !r->done;
		if (!r->done || r->ret >= 0)
			continue;
		if (failed++ < FAILURES_SHOWN) {
			struct err err;

			err_set(&err, r->ret, "%s, machine %s: %s", r->policy, r->cfg.machine.name,
				r->err.msg);
			cli_fail(r->ret, &err);
			if (r->snapshots) /* it has begun */
				print_op(rs->trace, r->position);
		}
		ret = MAX(ret, r->ret == -EINVAL ? 2 : 1);
	}
	if (failed > FAILURES_SHOWN)
		fprintf(stderr, "reapsim: and %u more of %u runs failed\n", failed - FAILURES_SHOWN,
			rs->runs->len);
	if (unfinished) {
		struct err err;

		err_set(&err, -EINTR, "interrupted: %u of %u runs are not finished", unfinished,
			rs->runs->len);
		cli_fail(-EINTR, &err);
		ret = MAX(ret, 1);
	}
	return ret;
}

void run_csv_header(FILE *f)
{
	fputs("trace,machine,memory_pages,memcg_pages,kernel,lru,policy,ends_as,mark,number", f);
	for (int i = 0; i < NR_VMSTAT; i++)
		fprintf(f, ",%s", vmstat_name((enum vmstat_item)i));
	fputc('\n', f);
}

/* a name that the user chose may hold a comma */
void csv_field(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\n\r")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

/* a mark's name may repeat: its number among those of that name, from 1 */
static guint mark_number(const struct run *r, const struct snapshot *snap)
{
	guint n = 1;

	for (guint i = 0; i < r->snapshots->len; i++) {
		const struct snapshot *s = &g_array_index(r->snapshots, struct snapshot, i);

		if (s == snap)
			break;
		n += s->name == snap->name;
	}
	return n;
}

void run_csv_row(FILE *f, const struct trace *t, const struct run *r, const struct snapshot *snap)
{
	const struct vmstat *stat = snap ? &snap->stat : &r->stat;
	g_autofree char *base = g_path_get_basename(t->path);

	csv_field(f, base);
	fputc(',', f);
	csv_field(f, r->cfg.machine.name);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%s,%u", r->cfg.machine.memory_pages,
		r->cfg.machine.memcg_pages, r->cfg.kernel->name, r->cfg.lru->name, r->policy,
		run_end_name(r->cfg.ends_as), snap ? t->names[snap->name] : "(end)",
		snap ? mark_number(r, snap) : 1);
	for (int i = 0; i < NR_VMSTAT; i++)
		fprintf(f, ",%" PRIu64, stat->v[i]);
	fputc('\n', f);
}

void run_csv_pages(FILE *f, const struct trace *t, const struct run *r)
{
	static const uint16_t shown[] = {
		PG_resident, PG_referenced, PG_active, PG_lru, PG_dirty, PG_workingset,
	};

	fputs("mark,number,file,page,count,resident,referenced,active,lru,dirty,workingset,"
	      "mapcount\n",
	      f);
	for (guint i = 0; i < r->snapshots->len; i++) {
		const struct snapshot *snap = &g_array_index(r->snapshots, struct snapshot, i);
		guint number = mark_number(r, snap);

		for (guint j = 0; j < snap->pages->len; j++) {
			const struct page_run *run =
				&g_array_index(snap->pages, struct page_run, j);

			fprintf(f, "%s,%u,", t->names[snap->name], number);
			csv_field(f, t->files[run->file].name);
			fprintf(f, ",%u,%u", run->page, run->count);
			for (size_t k = 0; k < G_N_ELEMENTS(shown); k++)
				fprintf(f, ",%d", (run->flags & shown[k]) != 0);
			fprintf(f, ",%u\n", run->mapcount);
		}
	}
}
