/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of a run from text, for the command line and for sweeps: the
 * names of kernels, LRU models and policies are looked up in the registries
 * (models/models.h).
 */
#ifndef REAPSIM_CONFIG_H
#define REAPSIM_CONFIG_H

#include "sim/lab/lab.h"
#include "sim/sim.h"
#include "sim/timed.h"

/** The defaults: the first of each registry, and a machine without a size. */
void sim_config_init(struct sim_config *cfg);

/**
 * sim_config_set - one KEY to VALUE: "kernel", "lru", "policy" (with or without
 * "+evict"), "ends_as", or "machine.KEY". -EINVAL names the key, the value and
 * what is expected; an unknown key lists the valid ones.
 */
int sim_config_set(struct sim_config *cfg, const char *key, const char *value, struct err *err);
/** A setting as it is typed, "KEY=VALUE", of the machine. */
int sim_config_set_machine(struct sim_config *cfg, const char *setting, struct err *err);

/** sim_config_peak() is needed before machine_resolve(): a size is a share. */
bool sim_config_has_share(const struct sim_config *cfg);
/**
 * sim_config_peak - the most pages that a run of the trace would hold under the first
 * policy if memory were endless: what a memory share ("40%") is a share of. Replays the
 * trace once. Negative errno on failure; -EINTR if @h interrupted it.
 */
int64_t sim_config_peak(const struct sim_config *cfg, const struct trace *t,
			const struct lab_hooks *h, struct err *err);

/** The killer of a timed run and its options, "NAME[:KEY=VALUE...]". */
int timed_config_set_killer(struct timed_config *c, const char *text, struct err *err);

/** "recorded", "mrelease", ...: how @code is typed. */
const char *ends_as_name(enum op_code code);
/** The code of what is typed; -EINVAL with @err listing the valid names. */
int ends_as_find(const char *name, enum op_code *code, struct err *err);

#endif
