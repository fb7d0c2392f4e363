// SPDX-License-Identifier: GPL-2.0-only
#include "models/models.h"

#include <string.h>

#include <glib.h>

#include "sim/plugin.h"

const struct kernel_profile *const kernel_profiles[] = {
	&kernel_7_3, &kernel_6_12, &kernel_7_3_eager, &kernel_6_12_lazy, NULL,
};

const struct lru_model *const lru_models[] = {
	&lru_classic,
	&lru_mglru,
	NULL,
};

const struct reap_policy *const reap_policies[] = {
	&reap_baseline, &reap_rfc,   &reap_v1,	   &reap_flag,
	&reap_any_exit, &reap_prctl, &reap_demote, NULL,
};

const struct killer *const killers[] = {
	&kill_none, &kill_scripted, &kill_lmkd, &kill_oomd, NULL,
};

const struct kernel_profile *kernel_profile_find(const char *name, struct err *err)
{
	return plugin_find(kernel_profiles, "kernel", name, err);
}

const struct lru_model *lru_model_find(const char *name, struct err *err)
{
	return plugin_find(lru_models, "LRU model", name, err);
}

const struct reap_policy *reap_policy_find(const char *name, bool *evict, struct err *err)
{
	static const char suffix[] = "+evict";
	size_t len = strlen(name);

	*evict = g_str_has_suffix(name, suffix);
	if (*evict)
		len -= strlen(suffix);
	return plugin_find_len(reap_policies, "policy", name, len, ", each also with +evict", err);
}

const struct killer *killer_find(const char *name, struct err *err)
{
	return plugin_find(killers, "killer", name, err);
}
