// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long processes take to start, where one user runs the whole trace (LOOP_TRACE, LOOP_TURNS).
 * "reapsim play" measures the same on a kernel (sim/lab/play-read.c).
 *
 * A start is what a process does to its memory and to files, from the first row that it has to the
 * first pause of the trace, its first advance, or to its death. Starts before the first death of
 * the trace are not counted: nothing was lost by then.
 *
 * Approximation: the time of spawn, fork and exec is not in it; the model has none for them.
 */
#include "sim/timed-priv.h"

#include "sim/outcome.h"

static bool is_birth(enum op_code code)
{
	return code == OP_SPAWN || code == OP_FORK || code == OP_EXEC;
}

/* An actor may be in timed.starting more than once, or when its start is over. */
static void start_ends(struct timed *t, struct actor *a)
{
	if (!a->in_start)
		return;
	a->in_start = false;
	if (a->counts)
		g_array_append_val(t->outcome.starts, a->start_ns);
}

void timed_turns_end(struct sim *s)
{
	struct timed *t = s->timed;

	for (guint i = 0; i < t->starting->len; i++)
		start_ends(t, t->starting->pdata[i]);
	g_ptr_array_set_size(t->starting, 0);
}

void timed_turn_done(struct sim *s, struct actor *a, const struct step *st, uint64_t ns)
{
	const enum op_code code = step_code(s, st);
	struct timed *t = s->timed;

	if (a == &t->machine) {
		if (code == OP_ADVANCE)
			timed_turns_end(s);
		return;
	}
	if (is_end(code)) {
		start_ends(t, a);
		a->seen = false;
		t->died = true;
		return;
	}
	if (!a->seen) {
		a->seen = a->in_start = true;
		a->counts = t->died;
		a->start_ns = 0;
		g_ptr_array_add(t->starting, a);
	}
	if (is_birth(code))
		return;
	t->outcome.steps_ns += ns;
	a->start_ns += ns;
}
