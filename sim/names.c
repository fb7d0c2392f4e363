// SPDX-License-Identifier: GPL-2.0-only
#include "sim/names.h"

#include <stdbool.h>
#include <string.h>

/* A typing error changes at most this many letters, and a third of them. */
#define MOST_CHANGES 3

const char **names_of(const void *array, size_t size, size_t nr)
{
	const char **names = g_new0(const char *, nr + 1);

	for (size_t i = 0; i < nr; i++)
		names[i] = *(const char *const *)((const char *)array + i * size);
	return names;
}

/*
 * The number of letters to insert, to delete, to replace, or of neighbours to swap, to make
 * @a of @b, whatever their case: the optimal string alignment distance.
 */
static size_t distance(const char *a, size_t len_a, const char *b, size_t len_b)
{
	g_autofree size_t *all = g_new(size_t, 3 * (len_b + 1));
	size_t *before = all, *last = before + len_b + 1, *row = last + len_b + 1;

	for (size_t j = 0; j <= len_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t *oldest = before;

		before = last;
		last = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			const char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
			const size_t moved = MIN(row[j - 1], last[j]) + 1;

			row[j] = MIN(moved, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
			    y == g_ascii_tolower(a[i - 2]))
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
	}
	return row[len_b];
}

const char *names_near(const char *name, const char *const *valid)
{
	const size_t len = strlen(name);
	size_t least = MIN(MOST_CHANGES, len / 3) + 1;
	const char *near = NULL;

	if (g_strv_contains(valid, name))
		return NULL;
	for (; *valid; valid++) {
		const size_t other = strlen(*valid);
		/* names can be long, and then no valid one is near */
		const bool far = MAX(len, other) - MIN(len, other) >= least;
		const size_t d = far ? least : distance(name, len, *valid, other);

		if (d < least) {
			least = d;
			near = *valid;
		}
	}
	return near;
}

char *names_hint(const char *name, const char *const *valid)
{
	const char *near = names_near(name, valid);

	return near ? g_strdup_printf(", did you mean %s?", near) : g_strdup("");
}

char *names_expected(const char *name, const char *const *valid)
{
	g_autofree char *hint = names_hint(name, valid);

	return g_strconcat(hint, *hint ? " Expected" : ", expected", NULL);
}

char *names_unknown(const char *name, const char *const *valid)
{
	g_autofree char *list = g_strjoinv(", ", (char **)valid);
	g_autofree char *expected = names_expected(name, valid);

	return g_strdup_printf("%s one of: %s", expected, list);
}

gint names_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
