// SPDX-License-Identifier: GPL-2.0-only
/* sim/option.c and sim/plugin.c: rows of every type, their valid values and their errors. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/option.h"
#include "sim/plugin.h"
#include "tests/unit/testlib.h"

void suite_option(void);

struct target {
	bool choice;
	uint32_t small;
	uint64_t large;
};

enum { COUNT, SEED, POWER, REAL, CHOICE, SIZE, NR_ROWS };

static const struct option rows[] = {
	[COUNT] = { "count_ms", OPT_COUNT, "3", "a count", 2, 9,
		    OPTION_FIELD(struct target, small) },
	[SEED] = { "seed", OPT_COUNT, "1", "any", 0, OPTION_NO_MAX,
		   OPTION_FIELD(struct target, large) },
	[POWER] = { "power", OPT_POWER, "8", "a power", 1, 64, .unit = "pages" },
	[REAL] = { "real_percent", OPT_REAL, "0.5", "a number", 0, 1.5 },
	[CHOICE] = { "choice", OPT_CHOICE, "b", "words",
		     .choices = (const char *const[]){ "a", "b", NULL },
		     OPTION_FIELD(struct target, choice) },
	[SIZE] = { "size_pages", OPT_SIZE, NULL, "pages", 1, 4294967295.0 },
	{ NULL },
};

static const struct {
	int row;
	const char *text, *error; /* the part after: who ROW is "TEXT", expected */
	double value;
} values[] = {
	{ COUNT, "2", NULL, 2 },
	{ COUNT, "0x9", NULL, 9 },
	{ COUNT, "08", NULL, 8 },
	{ COUNT, "1", "a whole number from 2 to 9", 0 },
	{ COUNT, "10", "a whole number from 2 to 9", 0 },
	{ COUNT, "-3", "a whole number from 2 to 9", 0 },
	{ COUNT, "+3", "a whole number from 2 to 9", 0 },
	{ COUNT, "", "a whole number from 2 to 9", 0 },
	{ COUNT, "3 ", "a whole number from 2 to 9", 0 },
	{ SEED, "18446744073709551615", NULL, 18446744073709551615.0 },
	{ SEED, "18446744073709551616", "a whole number", 0 },
	{ POWER, "1", NULL, 1 },
	{ POWER, "64", NULL, 64 },
	{ POWER, "24", "a power of two", 0 },
	{ POWER, "128", "a whole number from 1 to 64", 0 },
	{ REAL, "1.5", NULL, 1.5 },
	{ REAL, "1.6", "a number from 0 to 1.5", 0 },
	{ REAL, "nan", "a number from 0 to 1.5", 0 },
	{ REAL, "1x", "a number from 0 to 1.5", 0 },
	{ CHOICE, "a", NULL, 0 },
	{ CHOICE, "b", NULL, 1 },
	{ CHOICE, "c", "one of: a, b", 0 },
	{ SIZE, "4294967295", NULL, 4294967295.0 },
	{ SIZE, "4294967296",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "0", "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%",
	  0 },
	{ SIZE, "50MiB", NULL, 12800 },
	{ SIZE, "1.5GiB", NULL, 393216 },
	{ SIZE, "64KiB", NULL, 16 },
	{ SIZE, "6KiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "0MiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "99999999GiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "50MB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "50 MiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "0x1MiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, ".MiB",
	  "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%", 0 },
	{ SIZE, "40%", NULL, 0.4 },
	{ SIZE, "0%", "pages (1 to 4294967295), whole pages such as 50MiB, or a share such as 40%",
	  0 },
};

static double number(const struct option *o, const union option_value *v)
{
	switch (o->type) {
	case OPT_REAL:
		return v->real;
	case OPT_CHOICE:
		return v->choice;
	case OPT_SIZE:
		return v->size.n ? (double)v->size.n : v->size.share;
	default:
		return (double)v->n;
	}
}

static void test_values(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		const struct option *o = &rows[values[i].row];
		union option_value v;
		struct err err = { "" };
		int ret = option_parse(o, "who ", values[i].text, &v, &err);

		TL_EQ(ret == 0, values[i].error == NULL, "%s=%s", o->name, values[i].text);
		if (values[i].error) {
			g_autofree char *want =
				g_strdup_printf("who %s is \"%s\", expected %s", o->name,
						values[i].text, values[i].error);

			TL_EQ(ret, -EINVAL, "%s=%s", o->name, values[i].text);
			TL_STR(err.msg, want, "%s=%s", o->name, values[i].text);
		} else if (number(o, &v) != values[i].value) {
			TL_EQ(number(o, &v), values[i].value, "%s=%s", o->name, values[i].text);
		}
	}
}

/* each value is stored in its member, with its width, and nowhere else */
static void test_store(void)
{
	struct target t = { .small = 77, .large = 77 };
	union option_value v = { .n = UINT64_MAX };

	option_store(&rows[COUNT], &(union option_value){ .n = 5 }, &t);
	CU_ASSERT(t.small == 5 && t.large == 77 && !t.choice);
	option_store(&rows[SEED], &v, &t);
	CU_ASSERT(t.small == 5 && t.large == UINT64_MAX && !t.choice);
	v.choice = 1;
	option_store(&rows[CHOICE], &v, &t);
	CU_ASSERT(t.choice && t.small == 5);
}

static const struct {
	const char *text, *error;
	uint64_t count, power;
} lists[] = {
	{ NULL, NULL, 3, 8 },
	{ "", NULL, 3, 8 },
	{ "power=16", NULL, 3, 16 },
	{ "count_ms=4:power=1:count_ms=5", NULL, 5, 1 },
	{ "count_ms", "who: \"count_ms\", expected KEY=VALUE", 0, 0 },
	{ "count_ms=4:", "who: \"\", expected KEY=VALUE", 0, 0 },
	{ "count=4", "who: unknown option \"count\", expected one of: count_ms, power", 0, 0 },
	{ "=4", "who: unknown option \"\", expected one of: count_ms, power", 0, 0 },
	{ "power=3", "who: power is \"3\", expected a power of two", 0, 0 },
};

static void test_lists(void)
{
	static const struct option two[] = {
		[0] = { "count_ms", OPT_COUNT, "3", "", 2, 9 },
		[1] = { "power", OPT_POWER, "8", "", 1, 64 },
		{ NULL },
	};
	union option_value v[2];
	struct err err = { "" };

	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		int ret = options_parse(two, "who: ", lists[i].text, v, &err);

		TL_EQ(ret, lists[i].error ? -EINVAL : 0, "%s", lists[i].text);
		if (lists[i].error) {
			TL_STR(err.msg, lists[i].error, "%s", lists[i].text);
			continue;
		}
		TL_EQ(v[0].n, lists[i].count, "%s", lists[i].text);
		TL_EQ(v[1].n, lists[i].power, "%s", lists[i].text);
	}
	/* a plug-in without options */
	CU_ASSERT(options_parse(NULL, "who: ", NULL, NULL, &err) == 0);
	CU_ASSERT(options_parse(NULL, "who: ", "a=1", NULL, &err) == -EINVAL);
	TL_STR(err.msg, "who: unknown option \"a\", it has none", "none");
}

static void test_documents(void)
{
	static const struct {
		const char *unit, *range;
	} want[NR_ROWS] = {
		[COUNT] = { "ms", "2 to 9" },
		[SEED] = { "", "0 and more" },
		[POWER] = { "pages", "1 to 64, a power of two" },
		[REAL] = { "percent", "0 to 1.5" },
		[CHOICE] = { "", "a, b" },
		[SIZE] = { "pages", "1 to 4294967295, or P%" },
	};

	for (int i = 0; i < NR_ROWS; i++) {
		g_autofree char *range = option_range(&rows[i]);

		TL_STR(option_unit(&rows[i]), want[i].unit, "%s", rows[i].name);
		TL_STR(range, want[i].range, "%s", rows[i].name);
	}
}

static void test_find(void)
{
	static const struct plugin one = { "one", "" }, other = { "other", "" };
	static const struct plugin *const registry[] = { &one, &other, NULL };
	struct err err;

	CU_ASSERT(plugin_nr(registry) == 2);
	CU_ASSERT(plugin_find(registry, "kind", "other", &err) == &other);
	CU_ASSERT(plugin_find_len(registry, "kind", "one+more", 3, NULL, &err) == &one);
	CU_ASSERT(plugin_find(registry, "kind", "on", &err) == NULL);
	TL_STR(err.msg, "unknown kind \"on\", expected one of: one, other", "on");
	CU_ASSERT(plugin_find(registry, "kind", "", NULL) == NULL);
	CU_ASSERT(option_find(rows, "power", 5) == &rows[POWER]);
	CU_ASSERT(option_find(rows, "power", 4) == NULL);
	CU_ASSERT(option_find(NULL, "power", 5) == NULL);
}

void suite_option(void)
{
	CU_pSuite s = CU_add_suite("option", NULL, NULL);

	CU_add_test(s, "values of every type", test_values);
	CU_add_test(s, "members of a struct", test_store);
	CU_add_test(s, "lists of KEY=VALUE", test_lists);
	CU_add_test(s, "units and ranges in documents", test_documents);
	CU_add_test(s, "rows and plug-ins by name", test_find);
}
