// SPDX-License-Identifier: GPL-2.0-only
/* Options of the generators, and the one way to run a generator. */
#include <string.h>

#include <glib.h>

#include "traces/gen/gen.h"

const char *const gen_no_yes[] = { "no", "yes", NULL };
const char *const gen_death_kinds[] = {
	[GEN_MRELEASE] = "mrelease",
	[GEN_KILL] = "kill",
	[GEN_OOM] = "oom",
	[GEN_EXIT] = "exit",
	NULL,
};

size_t gen_options(const struct trace_generator *g, struct option *rows)
{
	size_t n = 0;

	for (; g->options[n].name; n++) {
		rows[n] = g->options[n];
		for (const struct gen_default *d = g->defaults; d && d->key; d++) {
			if (!strcmp(d->key, rows[n].name)) {
				rows[n].def = d->def;
				rows[n].assumed = d->assumed;
			}
		}
	}
	rows[n] = (struct option){ "seed", OPT_COUNT, "1", "seed of the random numbers",
				   .max = OPTION_NO_MAX };
	rows[n + 1] = (struct option){ NULL };
	return n + 1;
}

int gen_args_parse(struct gen_args *a, const struct trace_generator *g, char *const *kv, size_t nr,
		   struct err *err)
{
	g_autofree char *who = g_strdup_printf("generator %s: ", g->name);
	struct option rows[GEN_OPTIONS_MAX + 2];
	union option_value v[GEN_OPTIONS_MAX + 1];
	const size_t seed = gen_options(g, rows) - 1;
	int ret = options_parse(rows, who, NULL, v, err);

	for (size_t i = 0; !ret && i < nr; i++)
		ret = options_parse_one(rows, who, kv[i], v, err);
	if (ret)
		return ret;
	*a = (struct gen_args){ .seed = v[seed].n };
	memcpy(a->v, v, seed * sizeof(v[0]));
	return 0;
}

/* All that is needed to generate this trace again. */
static char *describe(const struct trace_generator *g, const struct gen_args *a)
{
	GString *s = g_string_new("reapsim gen ");
	char buf[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(s, g->name);
	for (size_t i = 0; g->options[i].name; i++) {
		const struct option *o = &g->options[i];

		g_string_append_printf(s, " %s=", o->name);
		if (o->type == OPT_COUNT)
			g_string_append_printf(s, "%" G_GUINT64_FORMAT, a->v[i].n);
		else if (o->type == OPT_REAL)
			g_string_append(s, g_ascii_dtostr(buf, sizeof(buf), a->v[i].real));
		else
			g_string_append(s, o->choices[a->v[i].choice]);
	}
	g_string_append_printf(s, " seed=%" G_GUINT64_FORMAT, a->seed);
	return g_string_free(s, FALSE);
}

int gen_run(const struct trace_generator *g, const struct gen_args *a, struct trace **out,
	    struct err *err)
{
	struct trace_build b;
	char *text = describe(g, a);
	int ret;

	trace_build_init(&b, g->name);
	trace_build_note(&b, "generator", text);
	g_free(text);
	ret = g->generate(a, &b, err);
	if (ret) {
		trace_build_abort(&b);
		return ret;
	}
	*out = trace_build_end(&b);
	ret = trace_check(*out, NULL, err);
	if (ret) {
		trace_free(*out);
		*out = NULL;
	}
	return ret;
}
