// SPDX-License-Identifier: GPL-2.0-only
/* sim/keyfile.c and sim/axes.c: lines, lists, ranges, and errors. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/axes.h"
#include "sim/keyfile.h"
#include "tests/unit/testlib.h"

void suite_axes(void);

/* a line "[group]KEY@LINE=VALUE VALUE ..." per axis, or the error */
static char *show(const char *text)
{
	GString *s = g_string_new(NULL);
	struct axes a;
	struct err err;
	int ret = axes_parse(&a, "f", text, strlen(text), &err);

	if (ret) {
		CU_ASSERT(ret == -EINVAL);
		g_string_append(s, err.msg);
		return g_string_free(s, FALSE);
	}
	for (guint i = 0; i < a.all->len; i++) {
		const struct axis *x = a.all->pdata[i];

		g_string_append_printf(s, "%s[%s]%s@%u=", i ? "\n" : "", x->group, x->key, x->line);
		for (guint v = 0; v < x->values->len; v++)
			g_string_append_printf(s, "%s%s", v ? " " : "",
					       (char *)x->values->pdata[v]);
	}
	axes_clear(&a);
	return g_string_free(s, FALSE);
}

static const struct {
	const char *text, *want;
} cases[] = {
	/* lines and order */
	{ "", "" },
	{ "# only\n\n  \t\n", "" },
	{ "[a]\n", "" },
	{ "[a]\nk=1", "[a]k@2=1" },
	{ "# c\n[b]\nz=1\n\n[a]\ny = 2 \n[b]\nx=3\n", "[b]z@3=1\n[a]y@6=2\n[b]x@8=3" },
	{ "[a]\r\nk=1\r\n", "[a]k@2=1" },
	{ "  [a]\n  k=1\n", "[a]k@2=1" },
	{ "[a]\nk=a b\n", "[a]k@2=a b" },
	{ "k=1\n", "f:1: \"k\" comes before the first [group]" },
	{ "[a]\nk=1\n[b]\nk=1\n[a]\nk=2\n", "f:6: \"k\" is given twice, first in line 2" },
	{ "[a]\n\nnonsense\n",
	  "f:3: \"nonsense\" is no line of a key file: expected [GROUP], KEY=VALUE or # comment" },
	{ "[a\n",
	  "f:1: \"[a\" is no line of a key file: expected [GROUP], KEY=VALUE or # comment" },
	{ "[a]\n=1\n",
	  "f:2: \"=1\" is no line of a key file: expected [GROUP], KEY=VALUE or # comment" },
	{ "[a]\nk=\xff\n", "f:2: expected text in UTF-8" },
	/* lists */
	{ "[a]\nk=x;y ; z\n", "[a]k@2=x y z" },
	{ "[a]\nk=x;y;\n", "[a]k@2=x y" },
	{ "[a]\nk=\n", "f:2: k is empty, expected a value" },
	{ "[a]\nk=x;;y\n", "f:2: k is \"\": expected a value" },
	{ "[a]\nk=x;y;x\n", "f:2: k has \"x\" twice" },
	{ "[a]\nk=1..3;2\n", "f:2: k has \"2\" twice" },
	{ "[a]\nk=a\\tb\n", "f:2: k is \"a\tb\": expected no control characters" },
	/* ranges */
	{ "[a]\nk=1..4\n", "[a]k@2=1 2 3 4" },
	{ "[a]\nk=7..7\n", "[a]k@2=7" },
	{ "[a]\nk=10..29/5\n", "[a]k@2=10 15 20 25" },
	{ "[a]\nk=10%..40%/15%\n", "[a]k@2=10% 25% 40%" },
	{ "[a]\nk=10%..40%/15\n", "[a]k@2=10% 25% 40%" },
	{ "[a]\nk=0..0.5/0.1\n", "[a]k@2=0 0.1 0.2 0.3 0.4 0.5" },
	{ "[a]\nk=0.05..0.1/0.025\n", "[a]k@2=0.05 0.075 0.1" },
	{ "[a]\nk=1..9*2\n", "[a]k@2=1 2 4 8" },
	{ "[a]\nk=0.5..2*2\n", "[a]k@2=0.5 1 2" },
	{ "[a]\nk=900000000000000..999999999999999*2\n", "[a]k@2=900000000000000" },
	/* Bug: the step exceeded INT64_MAX, and the values continued below 0 */
	{ "[a]\nk=922337203685477..922337203685477/50000000000.0001\n", "[a]k@2=922337203685477" },
	/* Bug: was taken for a translation and silently left out */
	{ "[a]\nk[de]=1\n", "[a]k[de]@2=1" },
	{ "[a]\nk=../x.conf;a..b\n", "[a]k@2=../x.conf a..b" },
	{ "[a]\nk=0;5..6;9\n", "[a]k@2=0 5 6 9" },
	{ "[a]\nk=4..1\n", "f:2: k is \"4..1\": expected a range that goes up" },
	{ "[a]\nk=1..x\n", "f:2: k is \"1..x\": expected a number after \"..\"" },
	{ "[a]\nk=1.2.3..4\n", "f:2: k is \"1.2.3..4\": expected a number before \"..\"" },
	{ "[a]\nk=1..4/0\n", "f:2: k is \"1..4/0\": expected a step above 0" },
	{ "[a]\nk=1..4/\n", "f:2: k is \"1..4/\": expected a step after \"/\"" },
	{ "[a]\nk=1..4*1\n",
	  "f:2: k is \"1..4*1\": expected a range that begins above 0 and a whole factor of 2 or "
	  "more" },
	{ "[a]\nk=0..4*2\n",
	  "f:2: k is \"0..4*2\": expected a range that begins above 0 and a whole factor of 2 or "
	  "more" },
	{ "[a]\nk=1..4+1\n",
	  "f:2: k is \"1..4+1\": expected FROM..TO, FROM..TO/STEP or FROM..TO*FACTOR" },
	{ "[a]\nk=1%..4\n",
	  "f:2: k is \"1%..4\": expected the same unit at both ends and in the step" },
	{ "[a]\nk=1..9999999999999999\n",
	  "f:2: k is \"1..9999999999999999\": expected a number after \"..\"" },
	{ "[a]\nk=1..200000\n", "f:2: k is \"1..200000\": expected at most 100000 values" },
	{ "[a]\nk=0.0000000001..999999999999999\n",
	  "f:2: k is \"0.0000000001..999999999999999\": expected numbers of fewer digits" },
};

static void test_cases(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = show(cases[i].text);

		TL_STR(got, cases[i].want, "%s", cases[i].text);
	}
}

static void test_find_add(void)
{
	static const char text[] = "[a]\nk=1;2\n[b]\nk=3\n";
	struct axes a;
	struct axis *x;
	struct err err;

	CU_ASSERT_FATAL(!axes_parse(&a, "f", text, strlen(text), &err));
	CU_ASSERT_PTR_NULL(axes_find(&a, "a", "z"));
	CU_ASSERT_PTR_NULL(axes_find(&a, "c", "k"));
	x = axes_find(&a, "b", "k");
	CU_ASSERT_PTR_NOT_NULL_FATAL(x);
	CU_ASSERT_STRING_EQUAL(x->values->pdata[0], "3");
	x = axes_add(&a, "c", "k", "5..6");
	CU_ASSERT(axes_find(&a, "c", "k") == x);
	/* the value is not parsed */
	CU_ASSERT(x->values->len == 1 && !strcmp(x->values->pdata[0], "5..6") && x->line == 0);
	axes_clear(&a);
}

/* a name is read as it was written, even with characters that are special in key files or lists */
static void test_text(void)
{
	static const char *const names[] = {
		"a;b", "back\\slash\\n", "\\;", "a\\;b", "1..4/2", " x", "[x]", "#x", "a=b"
	};
	g_autoptr(GString) s = g_string_new("[f]\n");
	struct axis *x;
	struct err err;
	struct axes a;

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *key = g_strdup_printf("k%u", i);

		axes_text_file(s, key, names[i]);
	}
	axes_text_files(s, "file", "1..4/2,a;b");
	axes_text(s, "values", "0..2,a;b");
	CU_ASSERT_FATAL(!axes_parse(&a, "f", s->str, s->len, &err));
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *key = g_strdup_printf("k%u", i);
		const char *got;

		x = axes_find(&a, "f", key);
		CU_ASSERT_FATAL(x && x->values->len == 1);
		got = x->values->pdata[0];
		/* of files, "./NAME" is the same */
		TL_STR(g_str_has_prefix(got, "./") ? got + 2 : got, names[i], "name %u", i);
	}
	x = axes_find(&a, "f", "file");
	CU_ASSERT(x && x->values->len == 2 && !strcmp(x->values->pdata[0], "./1..4/2"));
	x = axes_find(&a, "f", "values");
	CU_ASSERT(x && x->values->len == 4 && !strcmp(x->values->pdata[3], "a;b"));
	axes_clear(&a);
	/* characters that a key file cannot hold are refused, and do not begin a new line */
	g_string_assign(s, "[f]\n");
	axes_text_file(s, "file", "a\n[run]\nx=1");
	CU_ASSERT(axes_parse(&a, "f", s->str, s->len, &err) == -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "expected no control characters"));
}

static void test_nul(void)
{
	static const char text[] = "[a]\nk=1\0x\n";
	struct axes a;
	struct err err;

	CU_ASSERT(axes_parse(&a, "f", text, sizeof(text) - 1, &err) == -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "f:2: expected text in UTF-8");
}

static void test_missing(void)
{
	struct keyfile k;
	struct err err;

	CU_ASSERT(keyfile_load(&k, "/nonexistent/f", &err) == -EINVAL);
	CU_ASSERT(g_str_has_prefix(err.msg, "/nonexistent/f: "));
}

void suite_axes(void)
{
	CU_pSuite s = CU_add_suite("axes", NULL, NULL);

	CU_add_test(s, "lines, lists and ranges", test_cases);
	CU_add_test(s, "finding and adding", test_find_add);
	CU_add_test(s, "names as text", test_text);
	CU_add_test(s, "a zero byte is no text", test_nul);
	CU_add_test(s, "a file that is not there", test_missing);
}
