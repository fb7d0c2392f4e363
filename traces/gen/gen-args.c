// SPDX-License-Identifier: GPL-2.0-only
/* Options of the generators, and the one way to run a generator. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
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

static int parse_count(const char *s, uint64_t *out)
{
	char *end;

	if (!g_ascii_isdigit(*s))
		return -EINVAL;
	errno = 0;
	*out = g_ascii_strtoull(s, &end, 10);
	return errno || *end ? -EINVAL : 0;
}

static int parse_option(const struct gen_option *o, const char *value, union gen_value *v,
			struct err *err)
{
	GString *names;
	char *end;

	switch (o->type) {
	case GEN_COUNT:
		if (parse_count(value, &v->n) || v->n < (uint64_t)o->min || v->n > (uint64_t)o->max)
			return err_set(
				err, -EINVAL,
				"option %s is \"%s\", expected a whole number from %.0f to %.0f",
				o->key, value, o->min, o->max);
		return 0;
	case GEN_REAL:
		errno = 0;
		v->real = g_ascii_strtod(value, &end);
		if (errno || end == value || *end || !isfinite(v->real) || v->real < o->min ||
		    v->real > o->max)
			return err_set(err, -EINVAL,
				       "option %s is \"%s\", expected a number from %g to %g",
				       o->key, value, o->min, o->max);
		return 0;
	case GEN_KIND:
		for (unsigned int i = 0; o->kinds[i]; i++) {
			if (!strcmp(o->kinds[i], value)) {
				v->kind = i;
				return 0;
			}
		}
		break;
	}
	names = g_string_new(NULL);
	for (unsigned int i = 0; o->kinds[i]; i++)
		g_string_append_printf(names, " %s", o->kinds[i]);
	err_set(err, -EINVAL, "option %s is \"%s\", expected one of:%s", o->key, value, names->str);
	g_string_free(names, TRUE);
	return -EINVAL;
}

static int unknown_option(const struct trace_generator *g, const char *arg, struct err *err)
{
	GString *names = g_string_new(NULL);

	for (const struct gen_option *o = g->options; o->key; o++)
		g_string_append_printf(names, " %s", o->key);
	err_set(err, -EINVAL, "generator %s has no option \"%s\"; there are:%s seed", g->name, arg,
		names->str);
	g_string_free(names, TRUE);
	return -EINVAL;
}

struct gen_option gen_option(const struct trace_generator *g, size_t i)
{
	struct gen_option o = g->options[i];

	for (const struct gen_default *d = g->defaults; o.key && d && d->key; d++) {
		if (!strcmp(d->key, o.key)) {
			o.def = d->def;
			o.assumed = d->assumed;
		}
	}
	return o;
}

int gen_args_parse(struct gen_args *a, const struct trace_generator *g, char *const *kv, size_t nr,
		   struct err *err)
{
	int ret;

	*a = (struct gen_args){ .seed = 1 };
	for (size_t i = 0; g->options[i].key; i++) {
		const struct gen_option o = gen_option(g, i);

		ret = parse_option(&o, o.def, &a->v[i], err);
		if (ret)
			return ret;
	}
	for (size_t n = 0; n < nr; n++) {
		const char *eq = strchr(kv[n], '=');
		size_t len = eq ? (size_t)(eq - kv[n]) : 0, i;

		if (!eq)
			return err_set(err, -EINVAL, "\"%s\" is not an option, expected KEY=VALUE",
				       kv[n]);
		if (len == 4 && !strncmp(kv[n], "seed", 4)) {
			if (parse_count(eq + 1, &a->seed))
				return err_set(err, -EINVAL,
					       "option seed is \"%s\", expected a whole number",
					       eq + 1);
			continue;
		}
		for (i = 0; g->options[i].key; i++)
			if (strlen(g->options[i].key) == len &&
			    !strncmp(g->options[i].key, kv[n], len))
				break;
		if (!g->options[i].key)
			return unknown_option(g, kv[n], err);
		ret = parse_option(&g->options[i], eq + 1, &a->v[i], err);
		if (ret)
			return ret;
	}
	return 0;
}

/* What it takes to make this trace again. */
static char *describe(const struct trace_generator *g, const struct gen_args *a)
{
	GString *s = g_string_new("reapsim gen ");
	char buf[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(s, g->name);
	for (size_t i = 0; g->options[i].key; i++) {
		const struct gen_option *o = &g->options[i];

		g_string_append_printf(s, " %s=", o->key);
		if (o->type == GEN_COUNT)
			g_string_append_printf(s, "%" G_GUINT64_FORMAT, a->v[i].n);
		else if (o->type == GEN_REAL)
			g_string_append(s, g_ascii_dtostr(buf, sizeof(buf), a->v[i].real));
		else
			g_string_append(s, o->kinds[a->v[i].kind]);
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
