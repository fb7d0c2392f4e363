// SPDX-License-Identifier: GPL-2.0-only
/* Uses the library to compare two policies on a trace: compare-two TRACE POLICY POLICY. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/lab/runs.h"
#include "traces/readers/readers.h"

static int compare(const struct trace *t, char *policies, struct err *err)
{
	const struct run_spec spec = { .policies = policies, .memory = "50%,75%" };
	struct run_set rs;
	int ret = run_set_init(&rs, &spec, t, NULL, err);

	if (!ret)
		run_set_execute(&rs, 0, NULL); /* on all processors */
	for (guint i = 0; !ret && i < rs.runs->len; i++) {
		const struct run *r = &g_array_index(rs.runs, struct run, i);

		printf("memory %s, %s: %" PRIu64 " refaults\n", r->cfg.machine.name, r->policy,
		       r->stat.v[VM_workingset_refault_file]);
	}
	run_set_clear(&rs);
	return ret;
}

int main(int argc, char **argv)
{
	g_autofree char *policies = argc == 4 ? g_strjoin(",", argv[2], argv[3], NULL) : NULL;
	struct trace *t = NULL;
	struct err err = { "usage: compare-two TRACE POLICY POLICY" };
	int ret = policies ? trace_load(argv[1], NULL, &t, &err) : -1;

	if (!ret)
		ret = compare(t, policies, &err);
	if (ret)
		fprintf(stderr, "%s\n", err.msg);
	trace_free(t);
	return ret ? 2 : 0;
}
