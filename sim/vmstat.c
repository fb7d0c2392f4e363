// SPDX-License-Identifier: GPL-2.0-only
#include "sim/vmstat.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	int gauge;
	const char *text;
} items[NR_VMSTAT] = {
#define X(name, gauge, text) { #name, gauge, text },
	VMSTAT_LIST(X)
#undef X
};

const char *vmstat_name(enum vmstat_item item)
{
	return items[item].name;
}

const char *vmstat_text(enum vmstat_item item)
{
	return items[item].text;
}

int vmstat_is_gauge(enum vmstat_item item)
{
	return items[item].gauge;
}

int vmstat_find(const char *name)
{
	for (int i = 0; i < NR_VMSTAT; i++)
		if (!strcmp(items[i].name, name))
			return i;
	return -ENOENT;
}
