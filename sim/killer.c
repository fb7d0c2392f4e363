// SPDX-License-Identifier: GPL-2.0-only
#include "sim/killer.h"

int killer_args_parse(union option_value *args, const struct killer *k, const char *text,
		      struct err *err)
{
	g_autofree char *who = g_strdup_printf("killer %s: ", k->name);

	return options_parse(k->options, who, text, args, err);
}
