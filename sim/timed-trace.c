// SPDX-License-Identifier: GPL-2.0-only
/* Divides the trace of a timed run among its actors. */
#include "sim/timed-priv.h"

struct actor *actor_get(struct sim *s, uint32_t pid)
{
	struct actor *a = g_hash_table_lookup(s->timed->by_pid, GUINT_TO_POINTER(pid));

	if (a)
		return a;
	a = g_new0(struct actor, 1);
	a->s = s;
	a->pid = a->parent = pid;
	a->rank = s->timed->actors->len;
	a->restart_ns = a->born_rec = a->await_rec = UINT64_MAX;
	a->never = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	a->steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	g_hash_table_insert(s->timed->by_pid, GUINT_TO_POINTER(pid), a);
	g_ptr_array_add(s->timed->actors, a);
	return a;
}

static void add_step(struct sim *s, struct actor *a, struct step st, uint64_t *last_ns,
		     uint64_t now_ns)
{
	struct turn turn = { .actor = a, .step = a->steps->len };

	st.think_ns = now_ns - *last_ns;
	*last_ns = now_ns;
	g_array_append_val(a->steps, st);
	if (s->timed->cfg->loop != LOOP_PROCESS && !(st.birth && step_code(s, &st) == OP_FORK))
		g_array_append_val(s->timed->order, turn);
}

/* The trace's time at the last step of @a. */
static uint64_t *last_of(GHashTable *last, const struct actor *a)
{
	uint64_t *ns = g_hash_table_lookup(last, a);

	if (!ns) {
		ns = g_new0(uint64_t, 1);
		g_hash_table_insert(last, (gpointer)a, ns);
	}
	return ns;
}

void timed_read_trace(struct sim *s)
{
	struct timed *t = s->timed;
	const struct trace *tr = s->trace;
	g_autoptr(GHashTable) last = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	uint64_t now = 0, machine_last = 0, *a_last = NULL;
	struct step st = { 0 };
	struct actor *a = NULL;

	for (uint64_t i = 0; i < tr->nr_recs; i++) {
		const struct op_rec rec = tr->recs[i];
		const enum op_code code = op_rec_code(rec);

		switch (code) {
		case REC_PID:
			a = actor_get(s, op_rec_x(rec));
			a_last = last_of(last, a);
			continue;
		case REC_FILE:
			st.file = rec.arg;
			continue;
		case REC_EXT:
			st.ext_x = op_rec_x(rec);
			st.ext_arg = rec.arg;
			st.has_ext = true;
			continue;
		case REC_MORE:
			continue;
		case OP_ADVANCE:
			if (!t->cfg->no_think)
				now += (uint64_t)op_rec_x(rec) << 32 | rec.arg;
			if (t->cfg->loop != LOOP_PROCESS) {
				st.rec = i;
				add_step(s, &t->machine, st, &machine_last, now);
			}
			break;
		case OP_MARK:
		case OP_DRAIN:
		case OP_DROP_CACHES:
			st.rec = i;
			add_step(s, &t->machine, st, &machine_last, now);
			break;
		default:
			st.rec = i;
			if (code == REC_WIDE && !op_needs_pid((enum op_code)op_rec_x(rec))) {
				add_step(s, &t->machine, st, &machine_last, now);
				break;
			}
			st.birth = code == OP_SPAWN;
			add_step(s, a, st, a_last, now);
			if (code == OP_FORK) {
				struct actor *c = actor_get(s, rec.arg);

				c->parent = st.parent = a->pid;
				st.birth = true;
				add_step(s, c, st, last_of(last, c), now);
			}
			break;
		}
		st = (struct step){ .file = st.file };
	}
}
