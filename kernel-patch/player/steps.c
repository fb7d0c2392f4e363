// SPDX-License-Identifier: GPL-2.0-only
/* The rows that a process does alone: to its memory and to files. */
#define _GNU_SOURCE
#include "player.h"

#include <string.h>
#include <sys/mman.h>

static void must_take_writes(const struct trace *t, const struct child_cmd *c)
{
	if (c->no_writes)
		bad_input("trace line %u: %s takes no writes", t->line, guest.opt.fs);
}

static void range_fields(const struct trace *t, struct child_cmd *c, unsigned int at,
			 unsigned int pages)
{
	c->at = AT_BASE + trace_number(t, at, UINT32_MAX) * PAGE_SIZE;
	c->pages = trace_number(t, pages, UINT32_MAX);
}

static void perm_field(const struct trace *t, struct child_cmd *c, unsigned int field)
{
	const char *s = t->field[field];

	if (strlen(s) != 4)
		run_failed("trace line %u: permissions \"%s\"", t->line, s);
	/* execute alone is load too; with protection keys it would not be */
	c->prot = (s[0] == 'r' || s[2] == 'x' ? PROT_READ : 0) | (s[1] == 'w' ? PROT_WRITE : 0) |
		  (s[2] == 'x' ? PROT_EXEC : 0);
	c->flags = s[3] == 's' ? MAP_SHARED : MAP_PRIVATE;
}

/* map,PID,AT,PAGES,PERM,NAME,PGOFF[,ADVICE][,noreuse][,readonly] */
static void do_map(const struct trace *t)
{
	struct child_cmd c = { .op = CHILD_MAP, .advice = MADV_NORMAL };

	range_fields(t, &c, 2, 3);
	perm_field(t, &c, 4);
	file_field(t, &c, 5);
	c.off = trace_number(t, 6, UINT32_MAX);
	for (unsigned int i = 7; i < t->nr_fields; i++) {
		if (!strcmp(t->field[i], "noreuse"))
			c.noreuse = true;
		else if (!strcmp(t->field[i], "readonly"))
			c.readonly = true;
		else if (*t->field[i])
			c.advice = trace_advice(t, i);
	}
	if (c.flags & MAP_SHARED && c.prot & PROT_WRITE)
		must_take_writes(t, &c);
	proc_queue(proc_field(1), &c, "map");
}

static void do_anon(const struct trace *t)
{
	struct child_cmd c = { .op = CHILD_MAP, .advice = MADV_NORMAL };

	range_fields(t, &c, 2, 3);
	perm_field(t, &c, 4);
	c.flags = MAP_PRIVATE | MAP_ANONYMOUS;
	if (t->nr_fields > 5 && *t->field[5])
		c.advice = trace_advice(t, 5);
	proc_queue(proc_field(1), &c, "anon");
}

/* advise,PID,AT,PAGES,ADVICE[,BY] */
static void do_advise(const struct trace *t)
{
	struct child_cmd c = { .op = CHILD_ADVISE };
	const bool by = t->nr_fields > 5;

	range_fields(t, &c, 2, 3);
	c.advice = trace_advice(t, 4);
	/* process_madvise() by another */
	if (by)
		c.arg = (uint64_t)proc_field(1)->real;
	proc_queue(proc_field(by ? 5 : 1), &c, "advise");
}

/* unmap,PID,AT,PAGES and the like */
static void do_range(const struct trace *t, enum child_op op)
{
	struct child_cmd c = { .op = op };

	range_fields(t, &c, 2, 3);
	proc_queue(proc_field(1), &c, t->field[0]);
}

static void do_mremap(const struct trace *t)
{
	struct child_cmd c = { .op = CHILD_MREMAP };

	range_fields(t, &c, 2, 3);
	c.arg = AT_BASE + trace_number(t, 4, UINT32_MAX) * PAGE_SIZE;
	c.off = trace_number(t, 5, UINT32_MAX);
	proc_queue(proc_field(1), &c, "mremap");
}

static void do_touch(const struct trace *t)
{
	struct child_cmd c = { .op = CHILD_TOUCH, .arg = 1 };

	range_fields(t, &c, 2, 3);
	c.prot = !strcmp(t->field[4], "w");
	if (t->nr_fields > 5)
		c.arg = trace_number(t, 5, UINT32_MAX);
	proc_queue(proc_field(1), &c, "touch");
}

static void do_transfer(const struct trace *t, enum child_op op, const char *what)
{
	struct child_cmd c = { .op = op };

	file_field(t, &c, 2);
	if (op == CHILD_WRITE)
		must_take_writes(t, &c);
	c.off = trace_number(t, 3, UINT32_MAX);
	c.pages = trace_number(t, 4, UINT32_MAX);
	proc_queue(proc_field(1), &c, what);
}

/* What a process does to its memory and to files; false: another row. */
bool step_of_process(const struct trace *t)
{
	struct child_cmd c = { 0 };

	/* what is queued may open a file by the name that it is about to lose */
	if (!strcmp(t->field[0], "unlink") || !strcmp(t->field[0], "rename"))
		queue_flush();
	if (trace_is(t, "map", 6, 9)) {
		do_map(t);
	} else if (trace_is(t, "anon", 4, 5)) {
		do_anon(t);
	} else if (trace_is(t, "unmap", 3, 3)) {
		do_range(t, CHILD_UNMAP);
	} else if (trace_is(t, "mlock", 3, 3)) {
		do_range(t, CHILD_MLOCK);
	} else if (trace_is(t, "munlock", 3, 3)) {
		do_range(t, CHILD_MUNLOCK);
	} else if (trace_is(t, "mremap", 5, 5)) {
		do_mremap(t);
	} else if (trace_is(t, "advise", 4, 5)) {
		do_advise(t);
	} else if (trace_is(t, "touch", 4, 5)) {
		do_touch(t);
	} else if (trace_is(t, "read", 4, 4)) {
		do_transfer(t, CHILD_READ, "read");
	} else if (trace_is(t, "write", 4, 4)) {
		do_transfer(t, CHILD_WRITE, "write");
	} else if (file_op(t, &c)) {
		if (c.op != CHILD_FADVISE && c.op != CHILD_FSYNC)
			must_take_writes(t, &c);
		proc_queue(proc_field(1), &c, t->field[0]);
		file_op_done(t);
	} else {
		return false;
	}
	return true;
}
