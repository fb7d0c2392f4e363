/* SPDX-License-Identifier: GPL-2.0-only */
/* The registries: all kernels, LRU models, policies and killers. */
#ifndef REAPSIM_MODELS_H
#define REAPSIM_MODELS_H

#include "sim/err.h"
#include "sim/kernel.h"
#include "sim/killer.h"
#include "sim/lru.h"
#include "sim/reap.h"

/*
 * One line each, in the order of tables; the first of a kind is the default.
 * models/reap-NAME.c defines reap_NAME, and so on, with an underscore for each character that
 * C does not allow in a name.
 */
#define KERNEL_PROFILES(X)                                                                         \
	X(kernel_7_3)                                                                              \
	X(kernel_6_12)                                                                             \
	X(kernel_6_18)                                                                             \
	X(kernel_7_3_rc7)                                                                          \
	X(kernel_7_3_eager)                                                                        \
	X(kernel_6_12_lazy)

#define LRU_MODELS(X)                                                                              \
	X(lru_classic)                                                                             \
	X(lru_mglru)

#define REAP_POLICIES(X)                                                                           \
	X(reap_baseline)                                                                           \
	X(reap_rfc)                                                                                \
	X(reap_v1)                                                                                 \
	X(reap_flag)                                                                               \
	X(reap_any_exit)                                                                           \
	X(reap_prctl)                                                                              \
	X(reap_demote)                                                                             \
	X(reap_cold_first)                                                                         \
	X(reap_pageout_first)                                                                      \
	X(reap_dontneed_after)

#define KILLERS(X)                                                                                 \
	X(kill_none)                                                                               \
	X(kill_scripted)                                                                           \
	X(kill_lmkd)                                                                               \
	X(kill_oomd)

#define DECLARE_KERNEL_PROFILE(name) extern const struct kernel_profile name;
#define DECLARE_LRU_MODEL(name)	     extern const struct lru_model name;
#define DECLARE_REAP_POLICY(name)    extern const struct reap_policy name;
#define DECLARE_KILLER(name)	     extern const struct killer name;

KERNEL_PROFILES(DECLARE_KERNEL_PROFILE)
LRU_MODELS(DECLARE_LRU_MODEL)
REAP_POLICIES(DECLARE_REAP_POLICY)
KILLERS(DECLARE_KILLER)

/* rules of the kernel profiles */
extern const struct lru_gen_rules lru_gen_7_3, lru_gen_6_18, lru_gen_6_12;

/* each array ends with NULL */
extern const struct kernel_profile *const kernel_profiles[];
extern const struct lru_model *const lru_models[];
extern const struct reap_policy *const reap_policies[];
extern const struct killer *const killers[];

/** Find by name; NULL with @err listing the valid names. */
const struct kernel_profile *kernel_profile_find(const char *name, struct err *err);
/** Find by the output of uname -r: the profile that lists the release, or else the one whose
 * name the release begins with; NULL with @err listing the names. */
const struct kernel_profile *kernel_profile_of(const char *release, struct err *err);
const struct lru_model *lru_model_find(const char *name, struct err *err);
/**
 * reap_policy_find - find a policy by "NAME[:KEY=VALUE...][+evict]".
 * @evict: set to whether it ends in "+evict"
 * @args: REAP_ARGS_MAX values, for sim_config.reap_args
 * Return: the policy, or NULL with @err listing the valid names or describing an invalid
 * option.
 */
const struct reap_policy *reap_policy_find(const char *name, bool *evict, union option_value *args,
					   struct err *err);

/** Find by name; NULL with @err listing the valid names. */
const struct killer *killer_find(const char *name, struct err *err);

#endif
