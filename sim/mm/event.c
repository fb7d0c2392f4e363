// SPDX-License-Identifier: GPL-2.0-only
#include "sim/mm/event.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *function, *text, *term;
} rules[NR_EVENTS] = {
#define X(name, function, text, term) { function, text, term },
	EVENT_LIST(X)
#undef X
};

void event_log_init(struct event_log *log)
{
	*log = (struct event_log){
		.events = g_array_new(FALSE, FALSE, sizeof(struct event)),
		.causes = g_array_new(FALSE, FALSE, sizeof(struct event_cause)),
	};
}

void event_log_empty(struct event_log *log)
{
	g_array_set_size(log->events, 0);
	g_array_set_size(log->causes, 0);
	log->pending = false;
}

void event_log_clear(struct event_log *log)
{
	g_array_free(log->events, TRUE);
	g_array_free(log->causes, TRUE);
}

void event_because(struct sim *s, const struct event_cause *cause)
{
	GArray *causes = s->log->causes;

	if (s->log->pending)
		g_array_set_size(causes, causes->len - 1);
	g_array_append_val(causes, *cause);
	s->log->pending = true;
}

void event_add(struct sim *s, uint32_t slot, enum event_rule rule, uint16_t before)
{
	struct event_log *log = s->log;
	/* leave PG_locked out: the end of a read is no event */
	struct event e = { slot, rule, before & (uint16_t)~PG_locked,
			   s->folios[slot].flags & (uint16_t)~PG_locked, 0 };

	if (log->pending) {
		if (g_array_index(log->causes, struct event_cause, log->causes->len - 1).slot ==
		    slot)
			e.cause = log->causes->len;
		else
			g_array_set_size(log->causes, log->causes->len - 1);
		log->pending = false;
	}
	g_array_append_val(log->events, e);
}

const char *event_function(enum event_rule rule)
{
	return rules[rule].function;
}

const char *event_text(enum event_rule rule)
{
	return rules[rule].text;
}

const char *event_term(enum event_rule rule)
{
	return rules[rule].term;
}

static uint64_t cause_sum(const struct event_cause *c)
{
	return c->n[1] + c->n[2] + c->n[3] + c->n[4];
}

bool event_cause_alike(const struct event_cause *a, const struct event_cause *b)
{
	if (a->kind != b->kind || memcmp(a->n + 1, b->n + 1, sizeof(a->n) - sizeof(*a->n)))
		return false;
	/* a distance may differ if it decides the same */
	return a->n[0] == b->n[0] || (a->kind == CAUSE_DISTANCE &&
				      (a->n[0] <= cause_sum(a)) == (b->n[0] <= cause_sum(b)));
}

static void distance_text(GString *out, const struct event_cause *first,
			  const struct event_cause *last)
{
	static const char *const lists[] = { "inactive_anon", "active_anon", "inactive_file",
					     "active_file" };
	const uint64_t *n = first->n, size = cause_sum(first);
	const char *sep = ": ";

	g_string_append_printf(out, "refault distance %" PRIu64, n[0]);
	if (last->n[0] != n[0])
		g_string_append_printf(out, " to %" PRIu64, last->n[0]);
	g_string_append_printf(out, " %s %" PRIu64, n[0] <= size ? "<=" : ">", size);
	if (!size)
		g_string_append(out, ": these lists are empty");
	for (int i = G_N_ELEMENTS(lists); i-- > 0;) {
		if (!n[i + 1])
			continue;
		g_string_append_printf(out, "%s%s %" PRIu64, sep, lists[i], n[i + 1]);
		sep = " + ";
	}
}

char *event_cause_text(const struct event_cause *first, const struct event_cause *last)
{
	const uint64_t *n = first->n;
	GString *out = g_string_new(NULL);

	switch (first->kind) {
	case CAUSE_DISTANCE:
		distance_text(out, first, last);
		break;
	case CAUSE_GENERATIONS:
		g_string_append_printf(out,
				       "generation %" PRIu64 " at its eviction, %" PRIu64
				       " now: %" PRIu64 " apart, recent if less than %" PRIu64,
				       n[0], n[1], n[1] - n[0], n[2]);
		break;
	case CAUSE_REFERENCES:
		if (n[0])
			g_string_append_printf(out, "young in %" PRIu64 " mapping%s%s", n[0],
					       n[0] == 1 ? "" : "s", n[2] ? ", of code" : "");
		else
			g_string_append(out, "young in no mapping");
		g_string_append_printf(out, ", %sused before", n[1] ? "" : "not ");
		break;
	case CAUSE_TIER:
		g_string_append_printf(out, "tier %" PRIu64 ", protected from tier %" PRIu64 " on",
				       n[0], n[1] + 1);
		break;
	case CAUSE_AROUND:
		g_string_append_printf(out,
				       "page 0x%" PRIx64
				       " faulted, fault-around goes over 0x%" PRIx64
				       " to 0x%" PRIx64,
				       n[0], n[1], n[2]);
		break;
	}
	return g_string_free(out, FALSE);
}
