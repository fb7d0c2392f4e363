// SPDX-License-Identifier: GPL-2.0-only
/* CSV files, written and read again. */
#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/csv.h"
#include "sim/lab/table.h"
#include "tests/unit/testlib.h"

void suite_table(void);

static int load(struct table *t, const char *text, struct err *err)
{
	g_autofree char *dir = g_dir_make_tmp("reapsim-table-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "t.csv", NULL);
	int ret;

	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
	ret = table_load(t, path, err);
	g_unlink(path);
	g_rmdir(dir);
	return ret;
}

/* a name with any characters is read as it was written */
static void test_fields(void)
{
	static const char *const fields[] = {
		"plain", "a,b",	   "say \"hi\"", "\"",	       "\"\"",
		",",	 "a\"b,c", "",		 "with space", "line\nbreak",
	};
	g_autoptr(GString) text = g_string_new("name,number\n");
	struct err err = { "" };
	struct table t;

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		csv_append(text, fields[i]);
		csv_append_number(text, i * 1000000007);
		g_string_append_c(text, '\n');
	}
	CU_ASSERT_EQUAL_FATAL(load(&t, text->str, &err), 0);
	TL_EQ(t.rows->len, G_N_ELEMENTS(fields), "rows");
	TL_EQ(table_column(&t, "number"), 1, "a column");
	TL_EQ(table_column(&t, "nothing"), -1, "no column");
	for (guint i = 0; i < t.rows->len; i++) {
		TL_STR(table_text(&t, i, 0), fields[i], "row %u", i);
		CU_ASSERT_EQUAL(table_number(&t, i, 1), i * 1000000007.0);
	}
	CU_ASSERT_EQUAL(table_number(&t, 0, 0), 0);
	table_clear(&t);
}

static void test_numbers(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{ 0, ",0" },
		{ 9, ",9" },
		{ 10, ",10" },
		{ UINT64_MAX, ",18446744073709551615" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) s = g_string_new(NULL);

		csv_append_number(s, rows[i].n);
		TL_STR(s->str, rows[i].text, "row %zu", i);
	}
}

static void test_refused(void)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "t.csv:1: expected the names of columns" },
		{ "a,b\n1,2\n3\n", "t.csv:3: 1 fields, expected 2" },
		{ "a,b\n1,2,3\n", "t.csv:2: 3 fields, expected 2" },
		{ "a,b\n1,\"2\n", "t.csv:2: " },
		{ "a,b\n1,\"2\"x\n", "t.csv:2: " },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct err err = { "" };
		struct table t;

		TL_EQ(load(&t, rows[i].text, &err), -EINVAL, "row %zu", i);
		TL_EQ(strstr(err.msg, rows[i].says) != NULL, true, "row %zu: \"%s\"", i, err.msg);
	}
}

void suite_table(void)
{
	CU_pSuite s = CU_add_suite("table", NULL, NULL);

	CU_add_test(s, "fields as they were written", test_fields);
	CU_add_test(s, "numbers", test_numbers);
	CU_add_test(s, "what is refused", test_refused);
}
