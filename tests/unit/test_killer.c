// SPDX-License-Identifier: GPL-2.0-only
/* sim/killer.c and models/kill-*.c: parameters, and whom they kill. */
#include <errno.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/outcome.h"
#include "tests/unit/testlib.h"

void suite_killer(void);

static const struct {
	const struct killer *killer;
	const char *text;
	const char *error; /* a part of it; NULL: fine */
} args[] = {
	{ &kill_lmkd, NULL, NULL },
	{ &kill_lmkd, "", NULL },
	{ &kill_lmkd, "thrashing=30:decay=50", NULL },
	{ &kill_lmkd, "thrashing", "expected KEY=VALUE" },
	{ &kill_lmkd, "thrashing=x", "\"x\", expected a whole number from 0 to 1000" },
	{ &kill_lmkd, "thrashing=1001", "\"1001\"" },
	{ &kill_lmkd, "thrashing=", "\"\"" },
	{ &kill_lmkd, "trashing=1", "there are: partial_ms complete_ms" },
	{ &kill_none, "a=1", "it has none" },
};

static void test_args(void)
{
	uint64_t v[KILLER_ARGS_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(args); i++) {
		struct err err = { "" };
		int ret = killer_args_parse(v, args[i].killer, args[i].text, &err);

		TL_EQ(ret, args[i].error ? -EINVAL : 0, "%s", args[i].text);
		if (args[i].error && !strstr(err.msg, args[i].error))
			TL_STR(err.msg, args[i].error, "%s", args[i].text);
	}
	/* the defaults that FACTS has of a phone, and one changed */
	CU_ASSERT_EQUAL(killer_args_parse(v, &kill_lmkd, "decay=50", NULL), 0);
	CU_ASSERT_EQUAL(v[0], 70);
	CU_ASSERT_EQUAL(v[1], 700);
	CU_ASSERT_EQUAL(v[2], 1000);
	CU_ASSERT_EQUAL(v[3], 100);
	CU_ASSERT_EQUAL(v[4], 50);
	CU_ASSERT_EQUAL(v[5], 10);
}

static void test_registry(void)
{
	for (const struct killer *const *k = killers; *k; k++) {
		struct err err = { "" };
		unsigned int nr = 0;

		CU_ASSERT(killer_find((*k)->name, &err) == *k);
		CU_ASSERT((*k)->summary && *(*k)->summary);
		for (; (*k)->options && (*k)->options[nr].key; nr++) {
			const struct killer_option *o = &(*k)->options[nr];

			CU_ASSERT(o->min <= o->def && o->def <= o->max && o->text);
		}
		CU_ASSERT(nr <= KILLER_ARGS_MAX);
		CU_ASSERT(!((*k)->scripted && (*k)->run));
	}
	{
		struct err err;

		CU_ASSERT(!killer_find("nobody", &err));
		CU_ASSERT(strstr(err.msg, "none scripted lmkd oomd") != NULL);
	}
}

static char *victims(const char *killer, const char *machine, const char *text,
		     const char *kill_args)
{
	struct err err;
	struct timed_config timed;
	GString *out = g_string_new(NULL);
	struct outcome o;
	struct tl *x;

	timed_config_init(&timed, killer_find(killer, &err));
	CU_ASSERT_EQUAL(killer_args_parse(timed.killer_args, timed.killer, kill_args, &err), 0);
	timed.loop = LOOP_TRACE;
	x = tl_new_timed(machine, NULL, &timed, text);
	CU_ASSERT_EQUAL(tl_end(x), 1);
	timed_outcome(x->s, &o);
	for (guint i = 0; i < o.kills->len; i++) {
		const struct kill_outcome *k = &g_array_index(o.kills, struct kill_outcome, i);

		g_string_append_printf(out, "%u%s ", k->pid, k->oom ? "!" : "");
	}
	outcome_clear(&o);
	tl_free(x);
	return g_string_free(out, FALSE);
}

/*
 * Three processes of 1000 anon pages in 4096, used in the order 2, 1, 3; then a
 * fourth reads files, over and over, more than what is left. Swap is full from the
 * start, as there is none.
 */
#define PHONE                                                                                      \
	"file,f,3000;"                                                                             \
	"spawn,1; anon,1,0,1000,rw-p; touch,1,0,1000,w; advance,1s;"                               \
	"spawn,2; anon,2,0,1000,rw-p; touch,2,0,1000,w; advance,1s;"                               \
	"touch,1,0,10,r; advance,1s;"                                                              \
	"spawn,3; anon,3,0,1000,rw-p; touch,3,0,1000,w; advance,1s;"                               \
	"spawn,4;" LOOP LOOP LOOP LOOP
#define LOOP                                                                                       \
	"read,4,f,0,1000; read,4,f,1000,1000; read,4,f,2000,1000;"                                 \
	"read,4,f,0,1000; read,4,f,1000,1000; read,4,f,2000,1000;"

static void test_lmkd(void)
{
	const char *machine = "memory_pages=4096 read_us=200 scan_ns=20000 cpus=2";
	g_autofree char *longest = victims("lmkd", machine, PHONE, NULL);
	g_autofree char *never = victims("lmkd", machine, PHONE, "thrashing=1000");
	g_autofree char *nobody = victims("none", machine, PHONE, NULL);

	/* the longest idle first, until there is room; never who works */
	TL_STR(longest, "2 1 3 ", "lmkd");
	TL_STR(never, "", "lmkd that bears with thrashing");
	TL_STR(nobody, "", "none");
}

/* 1 and its children 2 and 3 are one family, 5 another, and smaller */
static void test_oomd(void)
{
	const char *text =
		"file,f,3000; spawn,5; anon,5,0,500,rw-p; touch,5,0,500,w; spawn,1;"
		"anon,1,0,600,rw-p; touch,1,0,600,w; fork,1,2; fork,2,3; touch,2,0,600,w;"
		"touch,3,0,600,w; advance,1s; spawn,4;" LOOP LOOP LOOP LOOP;
	g_autofree char *family =
		victims("oomd", "memory_pages=4096 read_us=1000 scan_ns=20000", text,
			"pressure=1:duration_ms=0:interval_ms=100:delay_ms=60000");

	TL_STR(family, "1 2 3 ", "oomd");
}

/* what does not fit, with nothing to reclaim: the process that has most */
static void test_oom(void)
{
	g_autofree char *most =
		victims("none", "memcg_pages=2048",
			"spawn,1; anon,1,0,900,rw-p; touch,1,0,900,w; spawn,2; anon,2,0,800,rw-p;"
			"touch,2,0,800,w; spawn,3; anon,3,0,700,rw-p; touch,3,0,700,w",
			NULL);

	TL_STR(most, "1! ", "the OOM killer");
}

void suite_killer(void)
{
	CU_pSuite s = CU_add_suite("killer", NULL, NULL);

	CU_add_test(s, "parameters", test_args);
	CU_add_test(s, "the registry", test_registry);
	CU_add_test(s, "lmkd kills who was idle longest", test_lmkd);
	CU_add_test(s, "oomd kills a family", test_oomd);
	CU_add_test(s, "the OOM killer takes the largest", test_oom);
}
