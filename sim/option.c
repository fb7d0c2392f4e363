// SPDX-License-Identifier: GPL-2.0-only
#include "sim/option.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/names.h"

static int parse_count(const char *s, uint64_t *out)
{
	char *end;

	if (!g_ascii_isdigit(*s))
		return -EINVAL;
	errno = 0;
	*out = g_ascii_strtoull(s, &end, s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10);
	return errno || *end ? -EINVAL : 0;
}

static int bad_count(const struct option *o, const char *who, const char *text, struct err *err)
{
	if (o->max >= OPTION_NO_MAX)
		return err_set(err, -EINVAL, "%s%s is \"%s\", expected a whole number", who,
			       o->name, text);
	return err_set(err, -EINVAL, "%s%s is \"%s\", expected a whole number from %.0f to %.0f",
		       who, o->name, text, o->min, o->max);
}

static int parse_real(const struct option *o, const char *who, const char *text, double *out,
		      struct err *err)
{
	char *end;

	errno = 0;
	*out = g_ascii_strtod(text, &end);
	if (errno || end == text || *end || !isfinite(*out) || *out < o->min || *out > o->max)
		return err_set(err, -EINVAL, "%s%s is \"%s\", expected a number from %g to %g", who,
			       o->name, text, o->min, o->max);
	return 0;
}

static int parse_choice(const struct option *o, const char *who, const char *text,
			unsigned int *out, struct err *err)
{
	g_autofree char *expected = NULL;

	for (*out = 0; o->choices[*out]; ++*out)
		if (!strcmp(o->choices[*out], text))
			return 0;
	expected = names_unknown(text, o->choices);
	return err_set(err, -EINVAL, "%s%s is \"%s\"%s", who, o->name, text, expected);
}

/* "50MiB", "1.5GiB" or "64KiB" as pages of 4 KiB; false: it is nothing of that, or no whole pages
 */
static bool parse_bytes(const char *text, uint64_t *pages)
{
	static const struct {
		const char *unit;
		double pages;
	} units[] = { { "KiB", 0.25 }, { "MiB", 256 }, { "GiB", 262144 } };
	/* g_ascii_strtod() accepts hexadecimal and infinity, too */
	const size_t digits = strspn(text, "0123456789.");
	char *end;
	const double n = digits ? g_ascii_strtod(text, &end) : 0;

	for (size_t i = 0; digits && end == text + digits && i < G_N_ELEMENTS(units); i++) {
		if (strcmp(end, units[i].unit) || n * units[i].pages >= 0x1p53)
			continue;
		*pages = (uint64_t)(n * units[i].pages);
		return (double)*pages == n * units[i].pages;
	}
	return false;
}

static int parse_size(const struct option *o, const char *who, const char *text,
		      union option_value *v, struct err *err)
{
	char *end;

	v->size.share = 0;
	if ((!parse_count(text, &v->size.n) || parse_bytes(text, &v->size.n)) &&
	    (double)v->size.n >= o->min && (double)v->size.n <= o->max)
		return 0;
	v->size.n = 0;
	/* the digits are checked first: g_ascii_strtod() accepts hexadecimal, too */
	if (g_ascii_isdigit(*text) && text[strspn(text, "0123456789.")] == '%') {
		v->size.share = g_ascii_strtod(text, &end) / 100;
		if (!strcmp(end, "%") && v->size.share > 0 && v->size.share <= 100)
			return 0;
	}
	return err_set(
		err, -EINVAL,
		"%s%s is \"%s\", expected pages (%.0f to %.0f), whole pages such as 50MiB, or a "
		"share such as 40%%",
		who, o->name, text, o->min, o->max);
}

size_t options_nr(const struct option *rows)
{
	size_t nr = 0;

	while (rows && rows[nr].name)
		nr++;
	return nr;
}

static bool is_name(const char *valid, const char *name, size_t len)
{
	return valid && strlen(valid) == len && !strncmp(valid, name, len);
}

const struct option *option_find(const struct option *rows, const char *name, size_t len)
{
	for (; rows && rows->name; rows++)
		if (is_name(rows->name, name, len) || is_name(rows->alias, name, len))
			return rows;
	return NULL;
}

int option_parse(const struct option *o, const char *who, const char *text, union option_value *v,
		 struct err *err)
{
	switch (o->type) {
	case OPT_COUNT:
	case OPT_POWER:
		/* a double holds every bound exactly */
		if (parse_count(text, &v->n) || (double)v->n < o->min || (double)v->n > o->max)
			return bad_count(o, who, text, err);
		if (o->type == OPT_POWER && (v->n & (v->n - 1)))
			return err_set(err, -EINVAL, "%s%s is \"%s\", expected a power of two", who,
				       o->name, text);
		return 0;
	case OPT_REAL:
		return parse_real(o, who, text, &v->real, err);
	case OPT_CHOICE:
		return parse_choice(o, who, text, &v->choice, err);
	case OPT_SIZE:
		return parse_size(o, who, text, v, err);
	default:
		return err_set(err, -EINVAL, "%s%s has no value that is parsed here", who, o->name);
	}
}

int options_parse_one(const struct option *rows, const char *who, const char *kv,
		      union option_value *v, struct err *err)
{
	const char *eq = strchr(kv, '=');
	const struct option *o = eq ? option_find(rows, kv, (size_t)(eq - kv)) : NULL;
	g_autofree char *key = NULL;

	if (!eq)
		return err_set(err, -EINVAL, "%s\"%s\", expected KEY=VALUE", who, kv);
	if (o)
		return option_parse(o, who, eq + 1, &v[o - rows], err);
	key = g_strndup(kv, (size_t)(eq - kv));
	return option_unknown(rows, who, "option", key, err);
}

int options_parse(const struct option *rows, const char *who, const char *text,
		  union option_value *v, struct err *err)
{
	g_auto(GStrv) kvs = g_strsplit(text ? text : "", ":", -1);
	int ret = 0;

	for (const struct option *o = rows; !ret && o && o->name; o++)
		ret = option_parse(o, who, o->def, &v[o - rows], err);
	for (char **kv = kvs; !ret && *kv; kv++)
		ret = options_parse_one(rows, who, *kv, v, err);
	return ret;
}

void option_store(const struct option *o, const union option_value *v, void *base)
{
	const uint64_t n = o->type == OPT_CHOICE ? v->choice : v->n;
	void *at = (char *)base + o->offset;

	switch (o->size) {
	case sizeof(bool):
		*(bool *)at = n != 0;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)at = (uint32_t)n;
		break;
	default:
		*(uint64_t *)at = n;
	}
}

void options_store_defaults(const struct option *rows, void *base)
{
	for (; rows->name; rows++) {
		union option_value v;

		if (rows->def && !option_parse(rows, "", rows->def, &v, NULL))
			option_store(rows, &v, base);
	}
}

int option_unknown(const struct option *rows, const char *who, const char *what, const char *name,
		   struct err *err)
{
	g_autofree const char **valid = names_of(rows, sizeof(*rows), options_nr(rows));
	g_autofree char *expected = *valid ? names_unknown(name, valid) : g_strdup(", it has none");

	return err_set(err, -EINVAL, "%sunknown %s \"%s\"%s", who, what, name, expected);
}

const char *option_unit(const struct option *o)
{
	static const char *const units[] = { "pages", "ps", "ns", "us", "ms", "s", "percent" };

	if (o->unit)
		return o->unit;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		const char *tail = strrchr(o->name, '_');

		if (tail && !strcmp(tail + 1, units[i]))
			return units[i];
	}
	return "";
}

char *option_range(const struct option *o)
{
	switch (o->type) {
	case OPT_CHOICE:
		return g_strjoinv(", ", (char **)o->choices);
	case OPT_REAL:
		return g_strdup_printf("%g to %g", o->min, o->max);
	case OPT_SIZE:
		return g_strdup_printf("%.0f to %.0f, or P%%", o->min, o->max);
	default:
		return o->max >= OPTION_NO_MAX
			       ? g_strdup("0 and more")
			       : g_strdup_printf("%.0f to %.0f%s", o->min, o->max,
						 o->type == OPT_POWER ? ", a power of two" : "");
	}
}
