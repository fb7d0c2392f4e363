/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build the configuration of a run from text, for the command line and for sweeps. Names of
 * kernels, LRU models and policies are looked up in the registries (models/models.h).
 */
#ifndef REAPSIM_CONFIG_H
#define REAPSIM_CONFIG_H

#include "sim/lab/lab.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** The defaults: the first of each registry, and a machine without a size. */
void sim_config_init(struct sim_config *cfg);

/**
 * sim_config_set - set one KEY to VALUE: "kernel", "lru", "policy" (with or without
 * "+evict"), "ends_as", or "machine.KEY". -EINVAL: @err names the key, the value and the
 * expected values; for an unknown key the valid ones.
 */
int sim_config_set(struct sim_config *cfg, const char *key, const char *value, struct err *err);
/** Set a machine key; @setting is "KEY=VALUE". Returns like sim_config_set(). */
int sim_config_set_machine(struct sim_config *cfg, const char *setting, struct err *err);

/** Does the machine have a share as its size? Then machine_resolve() needs
 * sim_config_peak(). */
bool sim_config_has_share(const struct sim_config *cfg);
/**
 * sim_config_peak - the most pages that a run of the trace holds under the first policy
 * with unlimited memory: 100% of a memory share. Replays the trace once. Return: pages, or a
 * negative errno with @err; -EINTR if @h interrupted it.
 */
int64_t sim_config_peak(const struct sim_config *cfg, const struct trace *t,
			const struct lab_hooks *h, struct err *err);

/** Set the killer and its options, "NAME[:KEY=VALUE...]". Return: 0, or -EINVAL with @err. */
int timed_config_set_killer(struct timed_config *c, const char *text, struct err *err);

/** The name of @code as typed: "recorded", "mrelease", ... */
const char *ends_as_name(enum op_code code);
/** The code of @name; -EINVAL with @err listing the valid names. */
int ends_as_find(const char *name, enum op_code *code, struct err *err);

#endif
