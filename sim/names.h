/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that a user types: the end of the message for one that does not exist. */
#ifndef REAPSIM_NAMES_H
#define REAPSIM_NAMES_H

#include <stddef.h>

#include <glib.h>

/**
 * names_of - the names of an array of structs that begin with a name.
 * @size: of a struct
 * @nr: the number of structs
 * Return: the names, and NULL. The caller frees the array, not the names.
 */
const char **names_of(const void *array, size_t size, size_t nr);
#define NAMES_OF(array) names_of(array, sizeof((array)[0]), G_N_ELEMENTS(array))

/** The order of names, for g_ptr_array_sort(). */
gint names_compare(gconstpointer a, gconstpointer b);

/** The name of @valid, which ends with NULL, of which @name is likely a typing error; NULL
 * if there is none, or @name is valid. */
const char *names_near(const char *name, const char *const *valid);

/** ", did you mean B?" if one of @valid is near, or "". The caller frees it. */
char *names_hint(const char *name, const char *const *valid);

/** ", did you mean B? Expected" if one of @valid is near, or ", expected"; a message goes on with
 * what is valid. The caller frees it. */
char *names_expected(const char *name, const char *const *valid);

/** names_unknown - the end of the message 'unknown KIND "NAME"': ", did you mean B? Expected one
 * of: A, B", or ", expected one of: A, B" if none is near. The caller frees it. */
char *names_unknown(const char *name, const char *const *valid);

#endif
