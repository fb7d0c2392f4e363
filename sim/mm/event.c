// SPDX-License-Identifier: GPL-2.0-only
#include "sim/mm/event.h"

static const struct {
	const char *function, *text;
} rules[NR_EVENTS] = {
#define X(name, function, text) { function, text },
	EVENT_LIST(X)
#undef X
};

void event_add(struct sim *s, uint32_t slot, enum event_rule rule, uint16_t before)
{
	/* leave PG_locked out: the end of a read is no event */
	struct event e = { slot, rule, before & (uint16_t)~PG_locked,
			   s->folios[slot].flags & (uint16_t)~PG_locked };

	g_array_append_val(s->log->events, e);
}

const char *event_function(enum event_rule rule)
{
	return rules[rule].function;
}

const char *event_text(enum event_rule rule)
{
	return rules[rule].text;
}
