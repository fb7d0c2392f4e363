// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* the fields of a line, which has no newline in a quoted one */
static char **split(const char *line)
{
	GPtrArray *fields = g_ptr_array_new();
	GString *field = g_string_new(NULL);
	bool quoted = false;

	for (;; line++) {
		if (quoted && *line == '"' && line[1] == '"') {
			g_string_append_c(field, *++line);
		} else if (*line == '"') {
			quoted = !quoted;
		} else if (!*line || (*line == ',' && !quoted)) {
			g_ptr_array_add(fields, g_string_free(field, FALSE));
			if (!*line)
				break;
			field = g_string_new(NULL);
		} else {
			g_string_append_c(field, *line);
		}
	}
	g_ptr_array_add(fields, NULL);
	return (char **)g_ptr_array_free(fields, FALSE);
}

int table_load(struct table *t, const char *path, struct err *err)
{
	g_autoptr(GError) gerr = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, &gerr))
		return err_set(err, -EINVAL, "%s", gerr->message);
	lines = g_strsplit(text, "\n", -1);
	*t = (struct table){
		.path = g_strdup(path),
		.names = split(lines[0] ? lines[0] : ""),
		.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
	};
	for (guint i = 1; lines[0] && lines[i] && *lines[i]; i++) {
		char **row = split(lines[i]);

		g_ptr_array_add(t->rows, row);
		if (g_strv_length(row) != g_strv_length(t->names)) {
			err_at(err, -EINVAL, path, i + 1, "%u fields, expected %u",
			       g_strv_length(row), g_strv_length(t->names));
			table_clear(t);
			return -EINVAL;
		}
	}
	return 0;
}

void table_clear(struct table *t)
{
	g_strfreev(t->names);
	g_ptr_array_free(t->rows, TRUE);
	g_free(t->path);
	*t = (struct table){ 0 };
}

int table_column(const struct table *t, const char *name)
{
	for (int i = 0; t->names[i]; i++)
		if (!strcmp(t->names[i], name))
			return i;
	return -1;
}

const char *table_text(const struct table *t, guint row, int column)
{
	return ((char **)t->rows->pdata[row])[column];
}

double table_number(const struct table *t, guint row, int column)
{
	return g_ascii_strtod(table_text(t, row, column), NULL);
}
