// SPDX-License-Identifier: GPL-2.0-only
/* The registry: a new generator is one file and one line here. */
#include "sim/plugin.h"
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
	return plugin_find(trace_generators, "generator", name, err);
}
