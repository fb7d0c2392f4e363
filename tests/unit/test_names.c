// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/names.h"
#include "testlib.h"

void suite_names(void);

static const char *const valid[] = { "run", "compare", "kill-return", "mglru", "v1", NULL };

static void test_near(void)
{
	static const struct {
		const char *typed, *near;
	} rows[] = {
		{ "comapre", "compare" },	  /* swapped */
		{ "compre", "compare" },	  /* left out */
		{ "commpare", "compare" },	  /* one too many */
		{ "MGLRU", "mglru" },		  /* case costs nothing */
		{ "V1", "v1" },			  /* a short name has no other error */
		{ "v2", NULL },			  /* which is another name */
		{ "rnu", "run" },		  /* swapped */
		{ "kil-retrunn", "kill-return" }, /* three changes */
		{ "kl-retrunn", NULL },		  /* four */
		{ "kil-retrunnn", NULL },	  /* four */
		{ "", NULL },
		{ "frobnicate", NULL },
		{ "compare", NULL }, /* is one */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *near = names_near(rows[i].typed, valid);

		TL_STR(near ? near : "none", rows[i].near ? rows[i].near : "none", "%s",
		       rows[i].typed);
	}
}

/* Without a limit this took the square of a name's length: 10^12 steps. */
static void test_long(void)
{
	g_autofree char *name = g_strnfill(1 << 20, 'r');
	const char *const other[] = { name, NULL };

	CU_ASSERT(names_near(name, valid) == NULL);
	CU_ASSERT(names_near("run", other) == NULL);
}

static void test_messages(void)
{
	static const struct {
		const char *name;
		int other;
	} array[] = { { "one", 1 }, { "other", 2 } };
	g_autofree const char **names = NAMES_OF(array);
	g_autofree char *near = names_unknown("onee", names), *far = names_unknown("x", names);
	g_autofree char *hint = names_hint("otehr", names), *none = names_hint("x", names);
	g_autofree char *typed = names_expected("onee", names);
	g_autofree char *right = names_expected("one", names);

	TL_STR(near, ", did you mean one? Expected one of: one, other", "onee");
	TL_STR(far, ", expected one of: one, other", "x");
	TL_STR(hint, ", did you mean other?", "otehr");
	TL_STR(none, "", "x");
	TL_STR(typed, ", did you mean one? Expected", "onee");
	/* was ", did you mean one? Expected" */
	TL_STR(right, ", expected", "one");
}

void suite_names(void)
{
	CU_pSuite s = CU_add_suite("names", NULL, NULL);

	CU_add_test(s, "typing errors", test_near);
	CU_add_test(s, "a name of a megabyte", test_long);
	CU_add_test(s, "ends of messages", test_messages);
}
