/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registries: every kernel, model and policy there is, one line each, in
 * models/registry.c.
 */
#ifndef REAPSIM_MODELS_H
#define REAPSIM_MODELS_H

#include "sim/err.h"
#include "sim/kernel.h"
#include "sim/killer.h"
#include "sim/lru.h"
#include "sim/reap.h"

extern const struct kernel_profile kernel_7_3, kernel_6_12;

extern const struct lru_model lru_classic, lru_mglru;
extern const struct lru_gen_rules lru_gen_7_3, lru_gen_6_12;

extern const struct reap_policy reap_baseline, reap_rfc, reap_v1, reap_flag, reap_any_exit,
	reap_prctl, reap_demote;

extern const struct killer kill_none, kill_scripted, kill_lmkd, kill_oomd;

/* NULL ends each; the first is the default */
extern const struct kernel_profile *const kernel_profiles[];
extern const struct lru_model *const lru_models[];
extern const struct reap_policy *const reap_policies[];
extern const struct killer *const killers[];

/** By name; NULL with @err listing the valid names. */
const struct kernel_profile *kernel_profile_find(const char *name, struct err *err);
const struct lru_model *lru_model_find(const char *name, struct err *err);
/**
 * reap_policy_find - by name, with or without "+evict".
 * @evict: set if the name ended in "+evict"
 * Return: the policy, or NULL with @err listing the valid names.
 */
const struct reap_policy *reap_policy_find(const char *name, bool *evict, struct err *err);

/** By name; NULL with @err listing the valid names. */
const struct killer *killer_find(const char *name, struct err *err);

#endif
