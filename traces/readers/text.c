// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text form of a trace, one operation a CSV row; traces/FORMAT.md
 * describes it. Anything else is an error.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sim/names.h"
#include "sim/trace.h"
#include "traces/readers/rows.h"

struct text {
	struct rows rows;
	struct trace_build build;
	GArray *line_of; /* uint32_t, by operation */
};

/* Parse a number of up to 64 bits, which must be between @min and @max. */
static int field32(struct text *x, unsigned int i, const char *what, uint32_t min, uint32_t max,
		   uint32_t *value, struct err *err)
{
	uint64_t v = 0;
	int ret = rows_number(&x->rows, i, what, min, max, &v, err);

	*value = (uint32_t)v;
	return ret;
}

static int field_file(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	int64_t id = trace_build_find(&x->build, x->rows.field[i]);

	if (id < 0)
		return rows_bad(&x->rows, err,
				"unknown file \"%.80s\", expected one declared by an earlier "
				"file row",
				x->rows.field[i]);
	op->file = (uint32_t)id;
	return 0;
}

static int field_range(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	return field32(x, i, "page", 0, UINT32_MAX, &op->at, err)
		       ?: field32(x, i + 1, "number of pages", 1, OP_PAGES_MAX, &op->pages, err);
}

static int field_advice(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	const char *s = x->rows.field[i];

	if (!strcmp(s, "random"))
		op->flags |= VM_RAND_READ;
	else if (!strcmp(s, "sequential"))
		op->flags |= VM_SEQ_READ;
	else if (strcmp(s, "normal"))
		return rows_bad(&x->rows, err,
				"advice \"%.40s\", expected random, sequential or normal", s);
	return 0;
}

static int field_perm(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	const char *s = x->rows.field[i];

	if (strlen(s) != 4 || !strchr("r-", s[0]) || !strchr("w-", s[1]) || !strchr("x-", s[2]) ||
	    !strchr("ps", s[3]))
		return rows_bad(&x->rows, err,
				"permissions \"%.40s\", expected as in /proc/PID/maps, like r-xp",
				s);
	op->flags |= (s[0] == 'r' ? VM_READ : 0) | (s[1] == 'w' ? VM_WRITE : 0) |
		     (s[2] == 'x' ? VM_EXEC : 0) | (s[3] == 's' ? VM_SHARED : 0);
	return 0;
}

static int row_plain(struct text *x, struct op *op, struct err *err)
{
	(void)x;
	(void)op;
	(void)err;
	return 0;
}

static int row_spawn(struct text *x, struct op *op, struct err *err)
{
	return x->rows.nr_fields > 2 ? field32(x, 2, "cpu", 0, TRACE_CPU_MAX, &op->cpu, err) : 0;
}

static int row_fork(struct text *x, struct op *op, struct err *err)
{
	int ret = field32(x, 2, "process", 0, OP_PID_MAX, &op->child, err);

	if (ret || x->rows.nr_fields <= 3)
		return ret;
	return field32(x, 3, "cpu", 0, TRACE_CPU_MAX, &op->cpu, err);
}

static int row_mrelease(struct text *x, struct op *op, struct err *err)
{
	static const struct {
		const char *text;
		uint32_t flags;
	} known[] = {
		{ "0", 0 },
		{ "ignore_access", MRELEASE_IGNORE_ACCESS },
		{ "evict_file", MRELEASE_EVICT_FILE },
		{ "ignore_access+evict_file", MRELEASE_IGNORE_ACCESS | MRELEASE_EVICT_FILE },
	};

	if (x->rows.nr_fields <= 2)
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (!strcmp(x->rows.field[2], known[i].text)) {
			op->flags = known[i].flags;
			return 0;
		}
	return rows_bad(&x->rows, err,
			"flags \"%.40s\", expected 0, ignore_access, evict_file or "
			"ignore_access+evict_file",
			x->rows.field[2]);
}

static int row_map(struct text *x, struct op *op, struct err *err)
{
	const unsigned int nr = x->rows.nr_fields;
	char **f = x->rows.field;
	unsigned int i = 7;
	int ret = field_range(x, 2, op, err) ?: field_perm(x, 4, op, err) ?:
		  field_file(x, 5, op, err) ?:
		  field32(x, 6, "file offset", 0, UINT32_MAX, &op->pgoff, err);

	if (!ret && i < nr && strcmp(f[i], "noreuse") && strcmp(f[i], "readonly"))
		ret = field_advice(x, i++, op, err);
	if (i < nr && !strcmp(f[i], "noreuse")) {
		op->flags |= VM_NOREUSE;
		i++;
	}
	if (i < nr && !strcmp(f[i], "readonly")) {
		op->flags |= VM_READONLY;
		i++;
	}
	if (!ret && i < nr)
		ret = rows_bad(&x->rows, err, "\"%.40s\", expected noreuse, readonly or nothing",
			       f[i]);
	return ret;
}

static int row_anon(struct text *x, struct op *op, struct err *err)
{
	op->flags = VM_ANON;
	return field_range(x, 2, op, err) ?: field_perm(x, 4, op, err) ?:
	       (x->rows.nr_fields > 5 ? field_advice(x, 5, op, err) : 0);
}

static int row_unmap(struct text *x, struct op *op, struct err *err)
{
	return field_range(x, 2, op, err);
}

static int parse_wide(struct text *x, struct op *op, struct err *err);

/* one of three advices, or OP_MADVISE */
static int row_advise(struct text *x, struct op *op, struct err *err)
{
	const char *advice = x->rows.field[4];

	if (madvise_find(advice) >= 0 || (x->rows.version > 1 && x->rows.nr_fields > 5)) {
		*op = (struct op){ .code = OP_MADVISE };
		return parse_wide(x, op, err);
	}
	if (x->rows.nr_fields > 5)
		return rows_count(&x->rows, 5, 5, "advise,PID,AT,PAGES,ADVICE", err);
	if (x->rows.version > 1 && strcmp(advice, "random") && strcmp(advice, "sequential") &&
	    strcmp(advice, "normal"))
		return rows_bad(&x->rows, err,
				"advice \"%.40s\", expected random, sequential, normal, cold, "
				"pageout, dontneed, willneed, populate_read, free, hugepage or "
				"nohugepage",
				advice);
	return field_range(x, 2, op, err) ?: field_advice(x, 4, op, err);
}

static int row_touch(struct text *x, struct op *op, struct err *err)
{
	const char *rw = x->rows.field[4];
	int ret = field32(x, 2, "page", 0, UINT32_MAX, &op->at, err)
			  ?: field32(x, 3, "number of touches", 1, OP_PAGES_MAX, &op->pages, err);

	op->stride = 1;
	if (ret)
		return ret;
	if (strcmp(rw, "r") && strcmp(rw, "w"))
		return rows_bad(&x->rows, err, "access \"%.40s\", expected r or w", rw);
	op->write = rw[0] == 'w';
	return x->rows.nr_fields > 5 ? field32(x, 5, "stride", 1, UINT32_MAX, &op->stride, err) : 0;
}

static int row_read(struct text *x, struct op *op, struct err *err)
{
	return field_file(x, 2, op, err) ?:
	       field32(x, 3, "file offset", 0, UINT32_MAX, &op->at, err) ?:
	       field32(x, 4, "number of pages", 1, OP_PAGES_MAX, &op->pages, err);
}

static int row_advance(struct text *x, struct op *op, struct err *err)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	char *s = x->rows.field[1];
	uint64_t unit = 1, n = 0, max = (1ull << (32 + REC_X_BITS)) - 1;
	int ret;

	for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
		if (g_str_has_suffix(s, units[i].suffix)) {
			unit = units[i].ns;
			s[strlen(s) - strlen(units[i].suffix)] = '\0';
			break;
		}
	ret = rows_number(&x->rows, 1, "time", 0, max / unit, &n, err);
	op->ns = n * unit;
	return ret;
}

static int row_mark(struct text *x, struct op *op, struct err *err)
{
	if (!trace_mark_name_ok(x->rows.field[1]))
		return rows_bad(&x->rows, err, "mark \"%.80s\", expected 1 to 64 of A-Za-z0-9_.:-",
				x->rows.field[1]);
	op->name = trace_build_name(&x->build, x->rows.field[1]);
	return 0;
}

struct row {
	const char *keyword;
	enum op_code code;
	unsigned int min, max; /* fields, keyword included */
	bool has_pid;	       /* in field 1 */
	const char *usage;
	int (*parse)(struct text *x, struct op *op, struct err *err);
};

/* The most frequent first. */
static const struct row rows[] = {
	{ "touch", OP_TOUCH, 5, 6, true, "touch,PID,AT,COUNT,r|w[,STRIDE]", row_touch },
	{ "read", OP_READ, 5, 5, true, "read,PID,NAME,OFF,PAGES", row_read },
	{ "write", OP_WRITE, 5, 5, true, "write,PID,NAME,OFF,PAGES", row_read },
	{ "map", OP_MAP, 7, 10, true,
	  "map,PID,AT,PAGES,PERM,NAME,PGOFF[,ADVICE][,noreuse][,readonly]", row_map },
	{ "anon", OP_MAP, 5, 6, true, "anon,PID,AT,PAGES,PERM[,ADVICE]", row_anon },
	{ "unmap", OP_UNMAP, 4, 4, true, "unmap,PID,AT,PAGES", row_unmap },
	{ "advise", OP_ADVISE, 5, 6, true, "advise,PID,AT,PAGES,ADVICE[,BY]", row_advise },
	{ "spawn", OP_SPAWN, 2, 3, true, "spawn,PID[,CPU]", row_spawn },
	{ "fork", OP_FORK, 3, 4, true, "fork,PID,CHILD[,CPU]", row_fork },
	{ "exec", OP_EXEC, 2, 2, true, "exec,PID", row_plain },
	{ "exit", OP_EXIT, 2, 2, true, "exit,PID", row_plain },
	{ "kill", OP_KILL, 2, 2, true, "kill,PID", row_plain },
	{ "mrelease", OP_MRELEASE, 2, 3, true, "mrelease,PID[,FLAGS]", row_mrelease },
	{ "oom", OP_OOM, 2, 2, true, "oom,PID", row_plain },
	{ "optin", OP_OPTIN, 2, 2, true, "optin,PID", row_plain },
	{ "fork_fail", OP_FORK_FAIL, 2, 2, true, "fork_fail,PID", row_plain },
	{ "clear_refs", OP_CLEAR_REFS, 2, 2, true, "clear_refs,PID", row_plain },
	{ "drop_caches", OP_DROP_CACHES, 1, 1, false, "drop_caches", row_plain },
	{ "drain", OP_DRAIN, 1, 1, false, "drain", row_plain },
	{ "advance", OP_ADVANCE, 2, 2, false, "advance,TIME", row_advance },
	{ "mark", OP_MARK, 2, 2, false, "mark,NAME", row_mark },
};

static int field_oom_score_adj(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	char *s = x->rows.field[i];
	const bool minus = *s == '-';
	uint64_t n;
	int ret;

	x->rows.field[i] += minus;
	ret = rows_number(&x->rows, i, "oom_score_adj", 0, OOM_SCORE_ADJ_MAX, &n, err);
	x->rows.field[i] = s;
	if (ret)
		return rows_bad(&x->rows, err, "oom_score_adj \"%.40s\", expected -1000..1000", s);
	op->value = OOM_SCORE_ADJ_MAX + (minus ? -(uint32_t)n : (uint32_t)n);
	return 0;
}

static int field_madvice(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	const int advice = madvise_find(x->rows.field[i]);

	if (x->rows.nr_fields > i + 1 && !process_madvise_remote_valid((uint32_t)advice))
		return rows_bad(&x->rows, err,
				"advice \"%.40s\" by another process, expected cold, pageout or "
				"willneed",
				x->rows.field[i]);
	op->value = (uint32_t)advice;
	return 0;
}

static int field_to_file(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	struct op to = { 0 };
	int ret = field_file(x, i, &to, err);

	op->to = to.file;
	return ret;
}

static int field_fadvice(struct text *x, unsigned int i, struct op *op, struct err *err)
{
	for (op->value = 0; op->value < NR_FADVISES; op->value++)
		if (!strcmp(x->rows.field[i], fadvise_names[op->value]))
			return 0;
	return rows_bad(&x->rows, err,
			"advice \"%.40s\", expected normal, random, sequential, willneed, dontneed "
			"or noreuse",
			x->rows.field[i]);
}

static int field_wide(struct text *x, enum op_field field, unsigned int i, struct op *op,
		      struct err *err)
{
	int ret;

	switch (field) {
	case FIELD_PID:
		return field32(x, i, "process", 0, OP_PID_MAX, &op->pid, err);
	case FIELD_AT:
		return field32(x, i, "page", 0, UINT32_MAX, &op->at, err);
	case FIELD_TO:
		return field32(x, i, "page", 0, UINT32_MAX, &op->to, err);
	case FIELD_TO_PAGES:
		return field32(x, i, "number of pages", 1, OP_PAGES_MAX, &op->to_pages, err);
	case FIELD_PAGES:
		return field32(x, i, "number of pages", 1, OP_PAGES_MAX, &op->pages, err);
	case FIELD_OOM_SCORE_ADJ:
		return field_oom_score_adj(x, i, op, err);
	case FIELD_SWAPPINESS:
		ret = field32(x, i, "swappiness", 0, SWAPPINESS_MAX, &op->value, err);
		op->value++;
		return ret;
	case FIELD_MADVICE:
		return field_madvice(x, i, op, err);
	case FIELD_BY:
		op->to = op->pid + 1;
		return field32(x, i, "process", 0, OP_PID_MAX, &op->pid, err);
	case FIELD_FILE:
		return field_file(x, i, op, err);
	case FIELD_TO_FILE:
		return field_to_file(x, i, op, err);
	case FIELD_SIZE:
		return field32(x, i, "size in pages", 0, UINT32_MAX, &op->at, err);
	case FIELD_OFF:
		return field32(x, i, "file offset", 0, UINT32_MAX, &op->at, err);
	case FIELD_LEN:
		return field32(x, i, "number of pages", 0, OP_PAGES_MAX, &op->pages, err);
	case FIELD_CGROUP:
		return field32(x, i, "cgroup", 0, TRACE_CGROUPS - 1, &op->to, err);
	case FIELD_FADVICE:
		return field_fadvice(x, i, op, err);
	case FIELD_NONE:
		break;
	}
	return 0;
}

/* the fields of the wide operation op->code */
static int parse_wide(struct text *x, struct op *op, struct err *err)
{
	const struct op_wide *w = op_wide(op->code);
	unsigned int nr = 0;
	int ret;

	if (x->rows.version < 2)
		return rows_bad(&x->rows, err,
				"\"%s\" in a trace of version 1, expected a first line of "
				"\"" TRACE_MAGIC "2\"",
				op->code == OP_MADVISE ? x->rows.field[4] : w->keyword);
	while (nr < OP_FIELDS_MAX && w->fields[nr])
		nr++;
	ret = rows_count(&x->rows, 1 + nr - w->optional, 1 + nr, w->usage, err);
	for (unsigned int i = 1; !ret && i < x->rows.nr_fields; i++)
		ret = field_wide(x, w->fields[i - 1], i, op, err);
	return ret;
}

/* Return: 1 if the row was none of them. */
static int row_wide(struct text *x, struct op *op, struct err *err)
{
	for (op->code = OP_WIDE_FIRST; op->code < NR_OPS; op->code++)
		if (!strcmp(x->rows.field[0], op_wide(op->code)->keyword))
			return parse_wide(x, op, err);
	return 1;
}

static int unknown_row(struct text *x, struct err *err)
{
	const char *valid[3 + G_N_ELEMENTS(rows) + NR_OPS - OP_WIDE_FIRST + 1] = { "machine",
										   "note", "file" };
	g_autofree char *expected = NULL;
	size_t nr = 3;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		valid[nr++] = rows[i].keyword;
	for (enum op_code code = OP_WIDE_FIRST; code < NR_OPS; code++)
		if (code != OP_MADVISE) /* "advise" is there already */
			valid[nr++] = op_wide(code)->keyword;
	expected = names_unknown(x->rows.field[0], valid);
	return rows_bad(&x->rows, err, "unknown operation \"%.40s\"%s", x->rows.field[0], expected);
}

static int take_row(struct text *x, struct err *err)
{
	const struct row *row = NULL;
	struct op op = { 0 };
	uint32_t line;
	int ret = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(rows) && !row; i++)
		if (!strcmp(x->rows.field[0], rows[i].keyword))
			row = &rows[i];
	if (row) {
		ret = rows_count(&x->rows, row->min, row->max, row->usage, err);
		if (ret)
			return ret;
		op.code = row->code;
		if (row->has_pid)
			ret = field32(x, 1, "process", 0, OP_PID_MAX, &op.pid, err);
		if (!ret)
			ret = row->parse(x, &op, err);
	} else {
		ret = rows_header(&x->rows, &x->build, err);
		if (ret)
			return ret < 0 ? ret : 0;
		ret = row_wide(x, &op, err);
		if (ret > 0)
			return unknown_row(x, err);
	}
	if (!ret)
		ret = trace_build_op(&x->build, &op, err);
	if (ret)
		return ret;
	line = (uint32_t)MIN(x->rows.lines.nr, UINT32_MAX);
	g_array_append_val(x->line_of, line);
	return 0;
}

static int text_read(struct input *in, struct trace **out, struct err *err)
{
	struct text x = { 0 };
	struct trace *t;
	int ret = rows_start(&x.rows, in, "", err);

	if (ret)
		return ret;
	trace_build_init(&x.build, in->path);
	/* as the binary reader has it: a trace of version 2 that needs none of it stays one */
	x.build.t->version = x.rows.version;
	x.line_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	while ((ret = rows_next(&x.rows, err)) > 0) {
		ret = take_row(&x, err);
		if (ret)
			break;
	}
	rows_close(&x.rows);
	if (ret) {
		trace_build_abort(&x.build);
	} else {
		t = trace_build_end(&x.build);
		ret = trace_check(t, (const uint32_t *)(const void *)x.line_of->data, err);
		if (ret)
			trace_free(t);
		else
			*out = t;
	}
	g_array_free(x.line_of, TRUE);
	return ret;
}

static bool text_probe(const uint8_t *head, size_t len)
{
	return rows_probe(head, len, false);
}

const struct trace_reader text_reader = {
	.name = "text",
	.summary = "reapsim's own format as CSV, for humans",
	.probe = text_probe,
	.read = text_read,
};
