// SPDX-License-Identifier: GPL-2.0-only
#include "sim/event.h"

static const struct {
	const char *function, *text;
} rules[NR_EVENTS] = {
#define X(name, function, text) { function, text },
	EVENT_LIST(X)
#undef X
};

const char *event_function(enum event_rule rule)
{
	return rules[rule].function;
}

const char *event_text(enum event_rule rule)
{
	return rules[rule].text;
}
