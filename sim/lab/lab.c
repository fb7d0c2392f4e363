// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/lab.h"

#include <stdarg.h>
#include <string.h>

#include <glib.h>

#include "sim/sim.h"
#include "sim/timed.h"

void lab_progress(const struct lab_hooks *h, double done)
{
	if (h && h->progress)
		h->progress(h->data, done);
}

bool lab_interrupted(const struct lab_hooks *h)
{
	return h && h->interrupted && h->interrupted(h->data);
}

void lab_note(const struct lab_hooks *h, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	if (!h || !h->note)
		return;
	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	h->note(h->data, text);
}

/* Records per piece; a piece usually takes a few milliseconds. */
static uint64_t slice(const struct sim_config *cfg)
{
	return cfg->check ? 64 : cfg->timed ? 256 : 1 << 14;
}

int lab_run_to(struct sim *s, uint64_t until, const struct lab_hooks *h, _Atomic uint64_t *nr_recs,
	       struct err *err)
{
	uint64_t before = sim_position(s), passed = before;
	int ret = 0;

	while (ret == 0 && before < until && !lab_interrupted(h)) {
		ret = sim_run(s, MIN(slice(&s->cfg), until - before), err);
		if (nr_recs)
			*nr_recs += sim_position(s) - before;
		before = sim_position(s);
		if (before - passed >= TRACE_PASSES && !timed_reorders(s)) {
			trace_passed(s->trace, passed, before);
			passed = before;
		}
	}
	return ret;
}

int lab_run(struct sim *s, const struct lab_hooks *h, _Atomic uint64_t *nr_recs, struct err *err)
{
	return lab_run_to(s, UINT64_MAX, h, nr_recs, err);
}

uint64_t proc_kb(const char *path, const char *row)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	at = strstr(text, row);
	return at ? g_ascii_strtoull(at + strlen(row), NULL, 10) : 0;
}
