// SPDX-License-Identifier: GPL-2.0-only
#include "models/models.h"

#include <errno.h>
#include <string.h>

#include <glib.h>

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
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct kernel_profile *const *k = kernel_profiles; *k; k++) {
		if (!strcmp((*k)->name, name))
			return *k;
		g_string_append_printf(names, " %s", (*k)->name);
	}
	err_set(err, -EINVAL, "unknown kernel \"%s\"; there are:%s", name, names->str);
	return NULL;
}

const struct lru_model *lru_model_find(const char *name, struct err *err)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct lru_model *const *m = lru_models; *m; m++) {
		if (!strcmp((*m)->name, name))
			return *m;
		g_string_append_printf(names, " %s", (*m)->name);
	}
	err_set(err, -EINVAL, "unknown LRU model \"%s\"; there are:%s", name, names->str);
	return NULL;
}

const struct reap_policy *reap_policy_find(const char *name, bool *evict, struct err *err)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const char *plus = strchr(name, '+');
	size_t len = plus ? (size_t)(plus - name) : strlen(name);

	*evict = plus && !strcmp(plus, "+evict");
	for (const struct reap_policy *const *p = reap_policies; *p; p++) {
		if ((!plus || *evict) && strlen((*p)->name) == len &&
		    !strncmp((*p)->name, name, len))
			return *p;
		g_string_append_printf(names, " %s", (*p)->name);
	}
	err_set(err, -EINVAL, "unknown policy \"%s\"; there are:%s, each also with +evict", name,
		names->str);
	return NULL;
}

const struct killer *killer_find(const char *name, struct err *err)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (const struct killer *const *k = killers; *k; k++) {
		if (!strcmp((*k)->name, name))
			return *k;
		g_string_append_printf(names, " %s", (*k)->name);
	}
	err_set(err, -EINVAL, "unknown killer \"%s\"; there are:%s", name, names->str);
	return NULL;
}
