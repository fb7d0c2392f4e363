// SPDX-License-Identifier: GPL-2.0-only
#include "sim/killer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set_arg(uint64_t *args, const struct killer *k, const char *key, const char *value,
		   struct err *err)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (unsigned int i = 0; k->options && k->options[i].key; i++) {
		const struct killer_option *o = &k->options[i];
		char *end;

		if (strcmp(key, o->key)) {
			g_string_append_printf(names, " %s", o->key);
			continue;
		}
		errno = 0;
		args[i] = strtoull(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || args[i] < o->min ||
		    args[i] > o->max)
			return err_set(err, -EINVAL,
				       "killer %s: %s is \"%s\", expected a whole number from %llu "
				       "to %llu",
				       k->name, key, value, (unsigned long long)o->min,
				       (unsigned long long)o->max);
		return 0;
	}
	if (!names->len)
		return err_set(err, -EINVAL, "killer %s: unknown key \"%s\"; it has none", k->name,
			       key);
	return err_set(err, -EINVAL, "killer %s: unknown key \"%s\"; there are:%s", k->name, key,
		       names->str);
}

int killer_args_parse(uint64_t *args, const struct killer *k, const char *text, struct err *err)
{
	g_auto(GStrv) kvs = text && *text ? g_strsplit(text, ":", -1) : NULL;
	int ret = 0;

	for (unsigned int i = 0; k->options && k->options[i].key; i++)
		args[i] = k->options[i].def;
	for (char **p = kvs; !ret && p && *p; p++) {
		char *eq = strchr(*p, '=');

		if (!eq)
			return err_set(err, -EINVAL, "killer %s: \"%s\", expected KEY=VALUE",
				       k->name, *p);
		*eq = '\0';
		ret = set_arg(args, k, *p, eq + 1, err);
	}
	return ret;
}
