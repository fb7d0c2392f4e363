// SPDX-License-Identifier: GPL-2.0-only
#include "models/models.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

#include "sim/plugin.h"

#define ENTRY(name) &name,

const struct kernel_profile *const kernel_profiles[] = { KERNEL_PROFILES(ENTRY) NULL };
const struct lru_model *const lru_models[] = { LRU_MODELS(ENTRY) NULL };
const struct reap_policy *const reap_policies[] = { REAP_POLICIES(ENTRY) NULL };
const struct killer *const killers[] = { KILLERS(ENTRY) NULL };

const struct kernel_profile *kernel_profile_find(const char *name, struct err *err)
{
	return plugin_find(kernel_profiles, "kernel", name, err);
}

static bool release_is(const char *release, const char *name)
{
	return g_str_has_prefix(release, name) && !g_ascii_isdigit(release[strlen(name)]);
}

const struct kernel_profile *kernel_profile_of(const char *release, struct err *err)
{
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++)
		for (const char *const *name = (*k)->releases; name && *name; name++)
			if (release_is(release, *name))
				return *k;
	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++)
		if (release_is(release, (*k)->name))
			return *k;
	return kernel_profile_find(release, err);
}

const struct lru_model *lru_model_find(const char *name, struct err *err)
{
	return plugin_find(lru_models, "LRU model", name, err);
}

const struct reap_policy *reap_policy_find(const char *name, bool *evict, union option_value *args,
					   struct err *err)
{
	static const char suffix[] = "+evict";
	g_autofree char *base = g_strdup(name), *who = NULL;
	const struct reap_policy *p;
	const char *options = NULL;
	char *colon;

	*evict = g_str_has_suffix(base, suffix);
	if (*evict)
		base[strlen(base) - strlen(suffix)] = '\0';
	colon = strchr(base, ':');
	if (colon) {
		*colon = '\0';
		options = colon + 1;
	}
	p = plugin_find_len(reap_policies, "policy", name, strlen(base), ", each also with +evict",
			    err);
	if (!p)
		return NULL;
	if (*evict && !p->evict_scope) {
		err_set(err, -EINVAL, "policy %s has no +evict: it needs no patch", p->name);
		return NULL;
	}
	who = g_strdup_printf("policy %s: ", p->name);
	return options_parse(p->options, who, options, args, err) ? NULL : p;
}

const struct killer *killer_find(const char *name, struct err *err)
{
	return plugin_find(killers, "killer", name, err);
}
