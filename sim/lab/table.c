// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/table.h"

#include <errno.h>
#include <string.h>

#include <csv.h>

/* struct loading - state of the libcsv callbacks */
struct loading {
	struct table *t;
	GPtrArray *row; /* fields of the current row */
	int ret;
	struct err *err;
};

static void take_field(void *text, size_t len, void *data)
{
	struct loading *l = data;

	g_ptr_array_add(l->row, g_strndup(text, len));
}

static void take_row(int end, void *data)
{
	struct loading *l = data;
	struct table *t = l->t;
	const guint nr = l->row->len;
	char **row;

	(void)end;
	g_ptr_array_add(l->row, NULL);
	row = (char **)g_ptr_array_free(l->row, FALSE);
	l->row = g_ptr_array_new_with_free_func(g_free);
	if (!t->names) {
		t->names = row;
		return;
	}
	g_ptr_array_add(t->rows, row);
	if (!l->ret && nr != g_strv_length(t->names))
		l->ret = err_at(l->err, -EINVAL, t->path, t->rows->len + 1,
				"%u fields, expected %u", nr, g_strv_length(t->names));
}

int table_load(struct table *t, const char *path, struct err *err)
{
	struct loading l = { .t = t, .row = g_ptr_array_new_with_free_func(g_free), .err = err };
	g_autoptr(GError) gerr = NULL;
	g_autofree char *text = NULL;
	struct csv_parser csv;
	size_t len;

	*t = (struct table){
		.path = g_strdup(path),
		.rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
	};
	if (!g_file_get_contents(path, &text, &len, &gerr)) {
		l.ret = err_set(err, -EINVAL, "%s", gerr->message);
	} else if (csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI)) {
		l.ret = err_set(err, -ENOMEM, "%s: out of memory", path);
	} else {
		if (csv_parse(&csv, text, len, take_field, take_row, &l) != len ||
		    csv_fini(&csv, take_field, take_row, &l))
			l.ret = err_at(err, -EINVAL, path, t->rows->len + 2, "%s",
				       csv_strerror(csv_error(&csv)));
		else if (!t->names)
			l.ret = err_at(err, -EINVAL, path, 1, "expected the names of columns");
		csv_free(&csv);
	}
	g_ptr_array_free(l.row, TRUE);
	if (l.ret)
		table_clear(t);
	return l.ret;
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
