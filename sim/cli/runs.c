// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/runs.h"

#include <errno.h>

#include "traces/readers/write.h"

/* failures are mostly alike */
#define FAILURES_SHOWN 4

static const char help[] =
	"The machine is, in this order: the defaults, what the trace's header asks for,\n"
	"the key file, then every --set. \"reapsim list\" names the keys, models and\n"
	"policies. A policy with +evict also drops the page cache of what it reaps.";

int run_options_parse(int *argc, char ***argv, struct run_options *o, bool many,
		      const GOptionEntry *own, const char *arguments, const char *summary,
		      const char *more)
{
	gboolean check = FALSE;
	const GOptionEntry entries[] = {
		{ many ? "policies" : "policy", 'p', 0, G_OPTION_ARG_STRING, &o->spec.policies,
		  many ? "reap policies, comma separated, or \"all\" (the default)"
		       : "reap policy (default: baseline)",
		  many ? "NAME,..." : "NAME" },
		{ many ? "machines" : "machine", 'm', 0, G_OPTION_ARG_STRING, &o->spec.machines,
		  many ? "machine key files, comma separated (default: the trace's own)"
		       : "machine key file (default: the trace's own)",
		  many ? "FILE,..." : "FILE" },
		{ "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &o->spec.settings,
		  "change one machine key; may be given again", "KEY=VALUE" },
		{ "lru", 'l', 0, G_OPTION_ARG_STRING, &o->spec.lru, "LRU model (default: classic)",
		  "NAME" },
		{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &o->spec.kernel,
		  "version of the kernel to follow (default: 7.3)", "NAME" },
		{ "ends-as", 'e', 0, G_OPTION_ARG_STRING, &o->spec.ends_as,
		  "replay every end of a process as: recorded, exit, kill, mrelease, oom",
		  many ? "HOW,..." : "HOW" },
		{ "format", 'f', 0, G_OPTION_ARG_STRING, &o->format,
		  "format of the trace (default: found out)", "NAME" },
		{ "check", 'c', 0, G_OPTION_ARG_NONE, &check,
		  "verify every invariant after each operation (slow)", NULL },
		{ "memory", 'M', 0, G_OPTION_ARG_STRING, &o->spec.memory,
		  "memcg limits to try on each machine: pages, or shares (40%) of what the trace "
		  "would hold if memory were endless",
		  "SIZE,..." },
		{ "jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs, "threads (default: one a core)",
		  "N" },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GArray) all = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));
	g_autofree char *text = more ? g_strconcat(more, "\n\n", help, NULL) : g_strdup(help);
	int ret;

	for (const GOptionEntry *e = entries; e->long_name; e++)
		if (many || (e->arg_data != &o->spec.memory && e->arg_data != &o->jobs))
			g_array_append_val(all, *e);
	for (const GOptionEntry *e = own; e->long_name; e++)
		g_array_append_val(all, *e);
	ret = cli_options(argc, argv, (const GOptionEntry *)(void *)all->data, arguments, summary,
			  text);
	o->spec.check = check;
	if (many && !o->spec.policies)
		o->spec.policies = g_strdup("all");
	return ret;
}

void run_options_clear(struct run_options *o)
{
	g_free(o->spec.kernel);
	g_free(o->spec.lru);
	g_free(o->spec.policies);
	g_free(o->spec.machines);
	g_strfreev(o->spec.settings);
	g_free(o->format);
	g_free(o->spec.ends_as);
	g_free(o->spec.memory);
}

int cli_run_set_init(struct run_set *rs, const struct run_spec *spec, const struct trace *t)
{
	struct err err;
	int ret = run_set_init(rs, spec, t, &err);

	return ret ? cli_fail(ret, &err) : 0;
}

int cli_run_set_init_one(struct run_set *rs, const struct run_spec *spec, const struct trace *t)
{
	int ret = cli_run_set_init(rs, spec, t);

	if (!ret && rs->runs->len > 1)
		ret = cli_usage("expected one policy, one machine and one way to end; "
				"\"reapsim compare\" takes lists");
	return ret;
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

static void print_failure(const struct run_set *rs, const struct run *r)
{
	struct err err;

	err_set(&err, r->ret, "%s, machine %s: %s", r->policy, r->cfg.machine.name, r->err.msg);
	cli_fail(r->ret, &err);
	if (r->snapshots) /* it has begun */
		print_op(rs->trace, r->position);
}

int cli_run_set_execute(struct run_set *rs, int jobs)
{
	g_autofree char *what = g_path_get_basename(rs->trace->path);
	guint unfinished = 0, failed = 0;
	struct cli_lab lab;
	int ret = 0;

	cli_lab_begin(&lab, what);
	run_set_execute(rs, jobs, &lab.hooks);
	cli_lab_end(&lab);
	for (guint i = 0; i < rs->runs->len; i++) {
		const struct run *r = &g_array_index(rs->runs, struct run, i);

		unfinished += !r->done;
		if (!r->done || r->ret >= 0)
			continue;
		if (failed++ < FAILURES_SHOWN)
			print_failure(rs, r);
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
