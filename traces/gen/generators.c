// SPDX-License-Identifier: GPL-2.0-only
/* The registry: a new generator is one file and one line here. */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "traces/gen/gen.h"

extern const struct trace_generator gen_zipf_reads, gen_sequential, gen_restart_loop,
	gen_app_rotation, gen_shared_library, gen_android_cycle30, gen_android_ageing,
	gen_camera_burst, gen_android_go, gen_tabs, gen_compile_storm, gen_shell_loop,
	gen_k8s_crashloop, gen_oomd_restart, gen_db_pressure, gen_reclaim_first, gen_kill_return;

const struct trace_generator *const trace_generators[] = {
	&gen_zipf_reads,     &gen_sequential,	  &gen_restart_loop,
	&gen_app_rotation,   &gen_shared_library, &gen_android_cycle30,
	&gen_android_ageing, &gen_camera_burst,	  &gen_android_go,
	&gen_tabs,	     &gen_compile_storm,  &gen_shell_loop,
	&gen_k8s_crashloop,  &gen_oomd_restart,	  &gen_db_pressure,
	&gen_reclaim_first,  &gen_kill_return,	  NULL,
};

const struct trace_generator *gen_find(const char *name, struct err *err)
{
	GString *names;

	for (size_t i = 0; trace_generators[i]; i++)
		if (!strcmp(trace_generators[i]->name, name))
			return trace_generators[i];
	names = g_string_new(NULL);
	for (size_t i = 0; trace_generators[i]; i++)
		g_string_append_printf(names, " %s", trace_generators[i]->name);
	err_set(err, -EINVAL, "unknown generator \"%s\"; there are:%s", name, names->str);
	g_string_free(names, TRUE);
	return NULL;
}
