// SPDX-License-Identifier: GPL-2.0-only
#include "sim/axes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "sim/keyfile.h"

/* decimal digits that fit in an int64_t with room for a step */
#define DIGITS_MAX 15

/* struct decimal - digits / 10^places, and a unit after it: "2.5%" */
struct decimal {
	int64_t digits;
	unsigned int places;
	char unit[8];
};

/* Parse the number at *@s and move *@s behind it. Return: false if there is none, or if it has
 * too many digits. */
static bool parse_decimal(const char **s, struct decimal *d)
{
	unsigned int nr = 0, unit = 0;
	bool dot = false;

	*d = (struct decimal){ 0 };
	for (; g_ascii_isdigit(**s) || (**s == '.' && !dot && g_ascii_isdigit((*s)[1])); (*s)++) {
		if (**s == '.') {
			dot = true;
			continue;
		}
		if (++nr > DIGITS_MAX)
			return false;
		d->digits = d->digits * 10 + (**s - '0');
		d->places += dot;
	}
	for (; **s == '%' || g_ascii_isalpha(**s); (*s)++) {
		if (unit + 1 >= sizeof(d->unit))
			return false;
		d->unit[unit++] = **s;
	}
	return nr > 0;
}

/* scale to @places decimals, which must be no fewer than @d has */
static bool scale(struct decimal *d, unsigned int places)
{
	for (; d->places < places; d->places++)
		if (__builtin_mul_overflow(d->digits, 10, &d->digits))
			return false;
	return true;
}

static char *print_decimal(int64_t digits, unsigned int places, const char *unit)
{
	char buf[32];
	int len = g_snprintf(buf, sizeof(buf), "%0*" PRId64, (int)places + 1, digits);
	g_autofree char *whole = g_strndup(buf, (gsize)len - places);
	char *fraction = buf + len - places;

	for (; places && fraction[places - 1] == '0'; places--)
		fraction[places - 1] = 0;
	return g_strconcat(whole, places ? "." : "", fraction, unit, NULL);
}

/* Append the values of the range @s. Return: NULL, or why @s is invalid. */
static const char *expand(GPtrArray *values, const char *s)
{
	struct decimal from, to, step = { .digits = 1 };
	unsigned int places;
	char how = '/';

	if (!parse_decimal(&s, &from) || strncmp(s, "..", 2))
		return "expected a number before \"..\"";
	s += 2;
	if (!parse_decimal(&s, &to))
		return "expected a number after \"..\"";
	if (*s == '/' || *s == '*') {
		how = *s++;
		if (!parse_decimal(&s, &step))
			return how == '/' ? "expected a step after \"/\""
					  : "expected a factor after \"*\"";
	}
	if (*s)
		return "expected FROM..TO, FROM..TO/STEP or FROM..TO*FACTOR";
	if (strcmp(from.unit, to.unit) ||
	    (step.unit[0] && (how == '*' || strcmp(step.unit, from.unit))))
		return "expected the same unit at both ends and in the step";
	places = MAX(from.places, to.places);
	if (how == '/')
		places = MAX(places, step.places);
	if (!scale(&from, places) || !scale(&to, places) || (how == '/' && !scale(&step, places)))
		return "expected numbers of fewer digits";
	if (from.digits > to.digits)
		return "expected a range that goes up";
	if (how == '/' && step.digits < 1)
		return "expected a step above 0";
	if (how == '*' && (from.digits < 1 || step.places || step.digits < 2))
		return "expected a range that begins above 0 and a whole factor of 2 or more";
	for (int64_t v = from.digits; v <= to.digits;) {
		if (values->len >= AXIS_VALUES_MAX)
			return "expected at most 100000 values";
		g_ptr_array_add(values, print_decimal(v, places, from.unit));
		if (how == '/' ? __builtin_add_overflow(v, step.digits, &v)
			       : __builtin_mul_overflow(v, step.digits, &v))
			break;
	}
	return NULL;
}

static bool is_range(const char *s)
{
	return g_ascii_isdigit(*s) && strstr(s, "..");
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (g_ascii_iscntrl(*s))
			return true;
	return false;
}

/* Cut the next item off a list: *@list is moved behind its semicolon, or set to NULL at the
 * end. */
static char *next_item(const char **list)
{
	GString *item = g_string_new(NULL);
	const char *c = *list;

	for (; *c && *c != ';'; c++) {
		if (c[0] == '\\' && c[1] == ';')
			c++;
		g_string_append_c(item, *c);
	}
	*list = *c ? c + 1 : NULL;
	g_strstrip(item->str);
	return g_string_free(item, FALSE);
}

/* Return: NULL, or why @item is invalid. */
static const char *add_value(struct axis *x, const char *item)
{
	if (!*item)
		return "expected a value";
	if (has_control(item))
		return "expected no control characters";
	if (is_range(item))
		return expand(x->values, item);
	if (x->values->len >= AXIS_VALUES_MAX)
		return "expected at most 100000 values";
	g_ptr_array_add(x->values, g_strdup(item));
	return NULL;
}

static int add_values(const struct axes *a, struct axis *x, const char *list, struct err *err)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const char *left = list;

	if (!*list)
		return err_at(err, -EINVAL, a->path, x->line, "%s is empty, expected a value",
			      x->key);
	for (guint nr = 0; left; nr++) {
		g_autofree char *item = next_item(&left);
		const char *why;

		/* "a;b;" as glib writes lists */
		if (nr && !*item && !left)
			break;
		why = add_value(x, item);
		if (why)
			return err_at(err, -EINVAL, a->path, x->line, "%s is \"%s\": %s", x->key,
				      item, why);
	}
	for (guint i = 0; i < x->values->len; i++) {
		char *v = x->values->pdata[i];

		if (!g_hash_table_add(seen, v))
			return err_at(err, -EINVAL, a->path, x->line, "%s has \"%s\" twice", x->key,
				      v);
	}
	return 0;
}

static void axis_free(gpointer data)
{
	struct axis *x = data;

	g_free(x->group);
	g_free(x->key);
	g_ptr_array_free(x->values, TRUE);
	g_free(x);
}

static struct axis *axis_new(struct axes *a, const char *group, const char *key, unsigned int line)
{
	struct axis *x = g_new(struct axis, 1);

	*x = (struct axis){
		.group = g_strdup(group),
		.key = g_strdup(key),
		.line = line,
		.values = g_ptr_array_new_with_free_func(g_free),
	};
	g_ptr_array_add(a->all, x);
	return x;
}

int axes_parse(struct axes *a, const char *path, const char *text, size_t len, struct err *err)
{
	struct keyfile k;
	int ret = keyfile_parse(&k, path, text, len, err);

	if (ret)
		return ret;
	a->path = g_strdup(path);
	a->all = g_ptr_array_new_with_free_func(axis_free);
	for (guint i = 0; i < k.entries->len && !ret; i++) {
		const struct keyfile_entry *e = &g_array_index(k.entries, struct keyfile_entry, i);

		ret = add_values(a, axis_new(a, e->group, e->key, e->line), e->value, err);
	}
	keyfile_clear(&k);
	if (ret)
		axes_clear(a);
	return ret;
}

void axes_clear(struct axes *a)
{
	g_ptr_array_free(a->all, TRUE);
	g_free(a->path);
	*a = (struct axes){ 0 };
}

struct axis *axes_find(const struct axes *a, const char *group, const char *key)
{
	for (guint i = 0; i < a->all->len; i++) {
		struct axis *x = a->all->pdata[i];

		if (!strcmp(x->group, group) && !strcmp(x->key, key))
			return x;
	}
	return NULL;
}

struct axis *axes_add(struct axes *a, const char *group, const char *key, const char *value)
{
	struct axis *x = axis_new(a, group, key, 0);

	g_ptr_array_add(x->values, g_strdup(value));
	return x;
}

/* Escape a value for the list, then for the key file. A character that a key file cannot hold
 * is written unchanged; reading the file then fails. */
static void append_value(GString *s, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\')
			g_string_append(s, "\\\\");
		else if (*value == ';')
			g_string_append(s, "\\\\;");
		else if (*value == '\n')
			g_string_append(s, "\\n");
		else if (*value == '\r')
			g_string_append(s, "\\r");
		else
			g_string_append_c(s, *value);
	}
}

static void append_file(GString *s, const char *path)
{
	if (is_range(path) || g_ascii_isspace(*path))
		g_string_append(s, "./");
	append_value(s, path);
}

static void append_list(GString *s, const char *key, const char *list,
			void (*append)(GString *s, const char *item))
{
	g_auto(GStrv) items = g_strsplit(list, ",", -1);

	g_string_append_printf(s, "%s=", key);
	for (char **item = items; *item; item++) {
		if (item > items)
			g_string_append_c(s, ';');
		append(s, *item);
	}
	g_string_append_c(s, '\n');
}

void axes_text(GString *s, const char *key, const char *list)
{
	append_list(s, key, list, append_value);
}

void axes_text_files(GString *s, const char *key, const char *list)
{
	append_list(s, key, list, append_file);
}

void axes_text_file(GString *s, const char *key, const char *path)
{
	g_string_append_printf(s, "%s=", key);
	append_file(s, path);
	g_string_append_c(s, '\n');
}
