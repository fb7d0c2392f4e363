// SPDX-License-Identifier: GPL-2.0-only
/* reapsim list: everything that has a name. */
#include <inttypes.h>
#include <stdio.h>

#include "models/models.h"
#include "sim/cli/cli.h"
#include "sim/machine.h"
#include "sim/vmstat.h"
#include "traces/gen/gen.h"
#include "traces/readers/readers.h"

static int list(int argc, char **argv)
{
	struct cli_out out;
	int ret = cli_options(
		&argc, &argv, NULL, NULL,
		"Name the kernels, models, policies, formats, generators, machine keys and "
		"counters.",
		NULL);

	if (ret >= 0)
		return ret;
	if (argc != 1)
		return cli_usage("list: expected no arguments");
	ret = cli_open_out(&out, NULL);
	if (ret)
		return ret;
	fprintf(out.f, "kernels (--kernel)\n");
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++)
		fprintf(out.f, "  %-14s %s\n", (*k)->name, (*k)->summary);
	fprintf(out.f, "\nLRU models (--lru)\n");
	for (const struct lru_model *const *m = lru_models; *m; m++)
		fprintf(out.f, "  %-14s %s\n", (*m)->name, (*m)->summary);
	fprintf(out.f, "\nreap policies (--policy, --policies), each also with +evict\n");
	for (const struct reap_policy *const *p = reap_policies; *p; p++)
		fprintf(out.f, "  %-14s %s\n", (*p)->name, (*p)->summary);
	fprintf(out.f, "\nkillers (--killer NAME[:KEY=VALUE...])\n");
	for (const struct killer *const *k = killers; *k; k++) {
		fprintf(out.f, "  %-14s %s\n", (*k)->name, (*k)->summary);
		for (const struct killer_option *o = (*k)->options; o && o->key; o++)
			fprintf(out.f, "    %-20s %s (%" PRIu64 ")\n", o->key, o->text, o->def);
	}
	fprintf(out.f, "\ntrace formats (--format, --from)\n");
	for (const struct trace_reader *const *r = trace_readers; *r; r++)
		fprintf(out.f, "  %-14s %s\n", (*r)->name, (*r)->summary);
	fprintf(out.f, "\ngenerators (reapsim gen)\n");
	for (const struct trace_generator *const *g = trace_generators; *g; g++)
		fprintf(out.f, "  %-14s %s\n", (*g)->name, (*g)->summary);
	fprintf(out.f, "\nmachine keys (--set, key files, machine rows of a trace)\n");
	for (const struct machine_key *k = machine_keys; k->name; k++)
		fprintf(out.f, "  %-22s %s\n", k->name, k->text);
	fprintf(out.f, "\ncounters\n");
	for (int i = 0; i < NR_VMSTAT; i++)
		fprintf(out.f, "  %-28s %s\n", vmstat_name((enum vmstat_item)i),
			vmstat_text((enum vmstat_item)i));
	return cli_close_out(&out, true);
}

const struct command cmd_list = {
	.name = "list",
	.summary = "name the models, policies, formats, generators and counters",
	.run = list,
};
