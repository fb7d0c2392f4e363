// SPDX-License-Identifier: GPL-2.0-only
/* Another order of a trace: what may change places, what must not, and that all is still there. */
#define _GNU_SOURCE /* open_memstream() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/lab/order.h"
#include "sim/lab/runs.h"
#include "tests/unit/random_trace.h"
#include "tests/unit/testlib.h"
#include "traces/gen/gen.h"
#include "traces/readers/write.h"

void suite_order(void);

static struct trace *reorder(const struct trace *t, uint64_t seed, uint64_t reach)
{
	struct trace *out = NULL;
	struct err err = { "" };

	TL_EQ(order_trace(t, seed, reach, NULL, &out, &err), 0, "%s", err.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	TL_EQ(trace_check(out, NULL, &err), 0, "%s", err.msg);
	return out;
}

/* One operation a line */
static char *text_of(const struct trace *t)
{
	struct trace_iter it;
	struct op op;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0)
		trace_write_op(t, &op, f);
	fclose(f);
	return text;
}

static size_t line_of(const char *text, const char *row)
{
	g_autofree char *line = g_strdup_printf("%s\n", row);
	const char *at = strstr(text, line);

	if (!at)
		CU_FAIL_FATAL("the row is not in the trace");
	return (size_t)(at - text);
}

#define TWO   "file,a,8; file,b,8; spawn,1; spawn,2; "
#define MAPS  TWO "map,1,0,8,r--p,a,0; map,2,0,8,r--p,b,0; "
#define FORKS "file,a,8; spawn,1; spawn,9; fork,1,2; "

/* Rows @a and @b of @text: may they change places? */
static const struct {
	const char *text, *a, *b;
	bool may;
} rules[] = {
	/* processes */
	{ TWO "read,1,a,0,1; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1", true },
	{ TWO "read,1,a,0,1; read,2,a,0,1", "read,1,a,0,1", "read,2,a,0,1", true },
	{ TWO "read,1,a,0,1; read,1,b,0,1", "read,1,a,0,1", "read,1,b,0,1", false },
	{ TWO "read,1,a,0,1; advance,1ms; read,2,a,0,1", "read,1,a,0,1", "read,2,a,0,1", true },
	{ TWO "read,1,a,0,1; exec,2", "read,1,a,0,1", "exec,2", true },
	{ "file,a,8; spawn,1; read,1,a,0,1; spawn,2", "read,1,a,0,1", "spawn,2", false },
	{ "file,a,8; spawn,1; read,1,a,0,1; spawn,2; read,2,a,1,1", "read,1,a,0,1", "read,2,a,1,1",
	  false },
	{ TWO "read,2,b,0,1; spawn,3; read,1,a,0,1", "spawn,3", "read,1,a,0,1", false },
	{ FORKS "read,2,a,0,1", "fork,1,2", "read,2,a,0,1", false },
	{ FORKS "read,1,a,0,1; read,2,a,1,1", "read,1,a,0,1", "read,2,a,1,1", true },
	{ FORKS "read,1,a,0,1; fork,1,3; read,3,a,1,1", "read,1,a,0,1", "read,3,a,1,1", false },
	/* a process id that is used again */
	{ TWO "exit,2; fork,1,2", "exit,2", "fork,1,2", false },
	/* who waits for an exit */
	{ FORKS "read,2,a,0,1; exit,2; read,1,a,1,1", "exit,2", "read,1,a,1,1", false },
	{ FORKS "read,2,a,0,1; exit,2; fork,1,3; read,3,a,1,1", "read,2,a,0,1", "read,3,a,1,1",
	  false },
	{ FORKS "read,2,a,0,1; exit,2; read,9,a,1,1", "exit,2", "read,9,a,1,1", true },
	{ FORKS "exit,2; spawn,2; read,2,a,0,1; exit,2; read,9,a,1,1", "read,2,a,0,1",
	  "read,9,a,1,1", false },
	{ TWO "exit,1; read,2,a,0,1", "exit,1", "read,2,a,0,1", false },
	{ TWO "read,2,a,0,1; exit,1", "read,2,a,0,1", "exit,1", true },
	/* programs that a shell waits for one by one; it starts them by vfork() */
	{ TWO "read,2,a,0,1; exit,2; spawn,3; read,3,a,1,1; exit,3", "read,2,a,0,1", "read,3,a,1,1",
	  false },
	/* barriers */
	{ TWO "read,1,a,0,1; mark,m; read,2,b,0,1", "read,1,a,0,1", "mark,m", false },
	{ TWO "read,1,a,0,1; mark,m; read,2,b,0,1", "mark,m", "read,2,b,0,1", false },
	{ TWO "read,1,a,0,1; drop_caches; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1", false },
	{ TWO "read,1,a,0,1; drain; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1", false },
	{ TWO "read,1,a,0,1; memory_reclaim,1; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1",
	  false },
	{ TWO "read,1,a,0,1; memory_max,9; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1", false },
	{ TWO "read,1,a,0,1; advance,100ms; read,2,b,0,1", "read,1,a,0,1", "read,2,b,0,1", false },
	{ TWO "read,1,a,0,1; kill,2", "read,1,a,0,1", "kill,2", false },
	{ TWO "mrelease,2; read,1,a,0,1", "mrelease,2", "read,1,a,0,1", false },
	{ TWO "oom,2; read,1,a,0,1", "oom,2", "read,1,a,0,1", false },
	/* files */
	{ TWO "write,1,a,0,1; read,2,a,0,1", "write,1,a,0,1", "read,2,a,0,1", false },
	{ TWO "write,1,a,0,1; read,2,b,0,1", "write,1,a,0,1", "read,2,b,0,1", true },
	{ TWO "read,1,a,0,1; write,2,a,0,1", "read,1,a,0,1", "write,2,a,0,1", false },
	{ TWO "write,1,a,0,1; write,2,a,0,1", "write,1,a,0,1", "write,2,a,0,1", false },
	{ TWO "write,1,a,0,1; fsync,2,a", "write,1,a,0,1", "fsync,2,a", false },
	{ TWO "fsync,1,a; write,2,a,0,1", "fsync,1,a", "write,2,a,0,1", false },
	{ TWO "fsync,1,a; read,2,a,0,1", "fsync,1,a", "read,2,a,0,1", true },
	{ TWO "read,1,a,0,1; unlink,2,a", "read,1,a,0,1", "unlink,2,a", false },
	{ TWO "read,1,a,0,1; rename,2,b,a", "read,1,a,0,1", "rename,2,b,a", false },
	{ TWO "read,1,b,0,1; rename,2,b,a", "read,1,b,0,1", "rename,2,b,a", false },
	{ TWO "read,1,a,7,1; truncate,2,a,1", "read,1,a,7,1", "truncate,2,a,1", false },
	{ TWO "truncate,1,a,1; read,2,a,0,1", "truncate,1,a,1", "read,2,a,0,1", false },
	{ TWO "fadvise,1,a,0,8,willneed; truncate,2,a,1", "fadvise,1,a,0,8,willneed",
	  "truncate,2,a,1", false },
	{ TWO "fadvise,1,a,0,8,willneed; read,2,a,1,1", "fadvise,1,a,0,8,willneed", "read,2,a,1,1",
	  true },
	/* files through mappings */
	{ MAPS "touch,1,7,1,r; truncate,2,a,1", "touch,1,0x7,1,r", "truncate,2,a,1", false },
	{ MAPS "touch,1,7,1,r; truncate,2,b,1", "touch,1,0x7,1,r", "truncate,2,b,1", true },
	{ MAPS "write,2,a,0,1; touch,1,0,1,r", "write,2,a,0,1", "touch,1,0x0,1,r", false },
	{ MAPS "mlock,1,0,8; truncate,2,a,1", "mlock,1,0x0,8", "truncate,2,a,1", false },
	{ MAPS "advise,1,0,8,populate_read; truncate,2,a,1", "advise,1,0x0,8,populate_read",
	  "truncate,2,a,1", false },
	/* process_madvise(): the advised process must not pass it */
	{ MAPS "advise,1,0,8,cold,2; touch,1,0,1,r", "advise,1,0x0,8,cold,2", "touch,1,0x0,1,r",
	  false },
	{ MAPS "touch,1,0,1,r; advise,1,0,8,cold,2", "touch,1,0x0,1,r", "advise,1,0x0,8,cold,2",
	  false },
	{ MAPS "advise,1,0,8,cold; touch,2,0,1,r", "advise,1,0x0,8,cold", "touch,2,0x0,1,r", true },
};

static void test_rules(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
		struct err err = { "" };
		struct trace *t = tl_trace(rules[i].text, &err);
		guint swapped = 0;

		TL_EQ(t != NULL, true, "rule %zu: %s", i, err.msg);
		if (!t)
			continue;
		for (uint64_t seed = 0; seed < 64; seed++) {
			struct trace *out = reorder(t, seed, t->nr_recs);
			g_autofree char *text = text_of(out);

			swapped += line_of(text, rules[i].a) > line_of(text, rules[i].b);
			trace_free(out);
		}
		TL_EQ(swapped > 0, rules[i].may, "rule %zu: %s swapped %u times of 64", i,
		      rules[i].text, swapped);
		trace_free(t);
	}
}

/* struct known - an operation as it was recorded */
struct known {
	uint64_t rec;
	struct op op;
	guint nr_of_file; /* operations on its file before it */
};

static bool same_op(const struct op *a, const struct op *b)
{
	return a->code == b->code && a->pid == b->pid && a->child == b->child && a->cpu == b->cpu &&
	       a->file == b->file && a->at == b->at && a->pages == b->pages &&
	       a->stride == b->stride && a->pgoff == b->pgoff && a->flags == b->flags &&
	       a->write == b->write && a->name == b->name && a->value == b->value &&
	       a->to == b->to && a->to_pages == b->to_pages && a->ns == b->ns;
}

/* The operations of a trace in its order, and for each process (or none) their numbers */
static GArray *known_ops(const struct trace *t, GHashTable *by_pid)
{
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct known));
	g_autofree guint *used = g_new0(guint, t->nr_files + 1);
	struct trace_iter it;
	struct op op;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0) {
		const int pid = op_needs_pid(op.code) ? (int)op.pid : -1;
		struct known k = { .rec = it.at, .op = op };
		GArray *of = g_hash_table_lookup(by_pid, GINT_TO_POINTER(pid));

		if (op_needs_file(op.code, op.flags))
			k.nr_of_file = used[op.file]++;
		if (!of) {
			of = g_array_new(FALSE, FALSE, sizeof(guint));
			g_hash_table_insert(by_pid, GINT_TO_POINTER(pid), of);
		}
		g_array_append_val(of, all->len);
		g_array_append_val(all, k);
	}
	return all;
}

static void free_array(gpointer a)
{
	g_array_free(a, TRUE);
}

/*
 * @out has the operations of @t, each process's in their order. With these the n'th operation of
 * a process is the same in both. Then check the rules anew: a barrier keeps its number, what is
 * done to a file by its descriptors too if it changes the file, and nothing moves further than
 * @reach.
 */
static void check_order(const struct trace *t, const struct trace *out, uint64_t reach,
			const char *what)
{
	g_autoptr(GHashTable) was = g_hash_table_new_full(NULL, NULL, NULL, free_array);
	g_autoptr(GHashTable) is = g_hash_table_new_full(NULL, NULL, NULL, free_array);
	g_autoptr(GArray) before = known_ops(t, was);
	g_autoptr(GArray) after = known_ops(out, is);
	g_autofree guint *used = g_new0(guint, t->nr_files + 1);
	g_autofree guint *number = g_new0(guint, after->len + 1); /* in the recorded order */
	GHashTableIter it;
	gpointer pid, value;
	guint bad = 0;
	uint64_t top = 0;

	TL_EQ(before->len, after->len, "%s", what);
	g_hash_table_iter_init(&it, was);
	while (g_hash_table_iter_next(&it, &pid, &value)) {
		const GArray *a = value, *b = g_hash_table_lookup(is, pid);

		if (!b || a->len != b->len) {
			CU_FAIL("a process has other operations");
			return;
		}
		for (guint i = 0; i < a->len; i++) {
			const guint from = g_array_index(a, guint, i);
			const guint to = g_array_index(b, guint, i);

			number[to] = from;
			bad += !same_op(&g_array_index(before, struct known, from).op,
					&g_array_index(after, struct known, to).op);
		}
	}
	for (guint i = 0; i < after->len; i++) {
		const struct known *k = &g_array_index(before, struct known, number[i]);
		const enum op_code code = k->op.code;

		top = MAX(top, k->rec);
		bad += top - k->rec > reach;
		if (op_needs_file(code, k->op.flags)) {
			guint *nr = &used[k->op.file];

			if (code == OP_WRITE || code == OP_TRUNCATE || code == OP_UNLINK)
				bad += *nr != k->nr_of_file;
			++*nr;
		}
		if (code == OP_SPAWN || code == OP_MARK || code == OP_DROP_CACHES ||
		    code == OP_KILL || code == OP_MRELEASE || code == OP_OOM)
			bad += number[i] != i;
		if (bad)
			break;
	}
	TL_EQ(bad, 0, "%s", what);
}

static bool same(const struct trace *a, const struct trace *b)
{
	return a->nr_recs == b->nr_recs && !memcmp(a->recs, b->recs, a->nr_recs * sizeof(*a->recs));
}

/* Return: did the order change? */
static bool check_trace(const struct trace *t, const char *what)
{
	const bool small = t->nr_recs < 100000;
	bool changed = false;

	for (uint64_t seed = small ? 1 : 2; seed <= (small ? 3 : 2); seed++) {
		const uint64_t reach = seed == 1 ? t->nr_recs : t->nr_recs / (5 * seed);
		struct trace *one = reorder(t, seed, reach), *two = reorder(t, seed, reach);

		CU_ASSERT(same(one, two));
		changed |= !same(one, t);
		check_order(t, one, reach, what);
		trace_free(one);
		trace_free(two);
	}
	return changed;
}

static void test_generators(void)
{
	guint changed = 0;

	for (size_t i = 0; trace_generators[i]; i++) {
		const struct trace_generator *g = trace_generators[i];
		struct gen_args a;
		struct err err = { "" };
		struct trace *t = NULL;

		TL_EQ(gen_args_parse(&a, g, NULL, 0, &err), 0, "%s", err.msg);
		TL_EQ(gen_run(g, &a, &t, &err), 0, "%s", err.msg);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		changed += check_trace(t, g->name);
		trace_free(t);
	}
	/* in the others one process runs, or they run one by one */
	CU_ASSERT(changed >= 10);
}

static void test_random(void)
{
	static const unsigned int flags[] = { 0, RANDOM_WIDE, RANDOM_WIDE | RANDOM_CGROUPS,
					      RANDOM_FILES };
	guint changed = 0;

	for (guint i = 0; i < 200; i++) {
		struct random_trace r;

		random_trace(&r, i + 1, 400, flags[i % G_N_ELEMENTS(flags)]);
		changed += check_trace(r.t, "random");
		random_trace_free(&r);
	}
	CU_ASSERT(changed > 100);
}

/* Of two processes that take turns neither stands still for long: delays change evenly. If they
 * jumped, one would run alone for about a third of the reach. */
static void test_even(void)
{
	enum { NR_READS = 20000, REACH = 1000 };
	g_autoptr(GString) text = g_string_new("file,a,8; spawn,1; spawn,2");
	struct err err = { "" };
	struct trace *t;

	for (guint i = 0; i < NR_READS; i++)
		g_string_append_printf(text, "; read,%u,a,0,1", 1 + i % 2);
	t = tl_trace(text->str, &err);
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct trace *out = reorder(t, seed, 2 * REACH); /* each read has a REC_PID */
		struct trace_iter it;
		struct op op;
		guint alone = 0, longest = 0;
		uint32_t pid = 0;

		trace_iter_init(&it, out);
		while (trace_iter_next(&it, &op, NULL) > 0) {
			alone = op.pid == pid ? alone + 1 : 1;
			pid = op.pid;
			/* the first and the last ones have nobody to take turns with */
			if (it.at < 4 * REACH)
				alone = 1;
			else if (it.at < out->nr_recs - 4 * REACH)
				longest = MAX(longest, alone);
		}
		TL_EQ(longest < REACH / 4, true, "seed %llu: %u in a row", (unsigned long long)seed,
		      longest);
		trace_free(out);
	}
	trace_free(t);
}

/* a reach of 0 is the recorded order; the records are those of the builder */
static void test_no_reach(void)
{
	struct err err = { "" };
	struct trace *t = tl_trace(rules[0].text, &err), *out = reorder(t, 1, 0);

	CU_ASSERT(same(t, out));
	CU_ASSERT_PTR_EQUAL(out->files, t->files);
	/* the tables outlive the trace that they came with */
	trace_free(t);
	CU_ASSERT_STRING_EQUAL(out->files[0].name, "a");
	trace_free(out);
}

static bool always(void *data)
{
	(void)data;
	return true;
}

static void test_interrupted(void)
{
	const struct lab_hooks hooks = { .interrupted = always };
	g_autoptr(GString) text = g_string_new("file,a,8; spawn,1; spawn,2");
	struct trace *out, *t;
	struct err err = { "" };

	for (guint i = 0; i < 20000; i++)
		g_string_append_printf(text, "; read,%u,a,0,1", 1 + i % 2);
	t = tl_trace(text->str, &err);
	CU_ASSERT_EQUAL(order_trace(t, 1, 100, &hooks, &out, &err), -EINTR);
	CU_ASSERT_PTR_NULL(out);
	trace_free(t);
}

static void test_too_long(void)
{
	struct run_spec spec = { .ensemble = { .nr = 16, .seed = 1 }, .memory = (char *)"1000" };
	struct err err = { "" };
	struct trace *t = tl_trace(rules[0].text, &err), *out;
	const uint64_t nr = t->nr_recs;
	struct run_set rs;

	t->nr_recs = ORDER_RECS_MAX + 1ull;
	CU_ASSERT_EQUAL(order_trace(t, 1, 1, NULL, &out, &err), -EINVAL);
	t->nr_recs = ORDER_RECS_MAX / 16 + 1;
	TL_EQ(ensemble_parse_axes(&spec.ensemble, "all", &err), 0, "%s", err.msg);
	CU_ASSERT_EQUAL(run_set_init(&rs, &spec, t, NULL, &err), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "name other axes"));
	run_set_clear(&rs);
	TL_EQ(ensemble_parse_axes(&spec.ensemble, "memory", &err), 0, "%s", err.msg);
	TL_EQ(run_set_init(&rs, &spec, t, NULL, &err), 0, "%s", err.msg);
	run_set_clear(&rs);
	t->nr_recs = nr;
	trace_free(t);
}

void suite_order(void)
{
	CU_pSuite s = CU_add_suite("order", NULL, NULL);

	CU_add_test(s, "what may change places", test_rules);
	CU_add_test(s, "every generator", test_generators);
	CU_add_test(s, "random traces", test_random);
	CU_add_test(s, "even delays", test_even);
	CU_add_test(s, "no reach", test_no_reach);
	CU_add_test(s, "interrupted", test_interrupted);
	CU_add_test(s, "too long", test_too_long);
}
