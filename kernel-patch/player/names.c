// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a trace, and what it does to whole files. A row names a file as its "file"
 * row did, whatever has been renamed since; where it lies is kept here.
 */
#define _GNU_SOURCE
#include "player.h"

#include <linux/fadvise.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void file_row(const struct trace *t)
{
	static uint32_t room;
	struct file f = { .name = strdup(t->field[1]),
			  .pages = trace_number(t, 2, UINT32_MAX),
			  .path = guest.nr_files,
			  .fd = -1 };

	if (guest.nr_files == room) {
		room = room ? 2 * room : 64;
		guest.files = realloc(guest.files, room * sizeof(*guest.files));
		if (!guest.files || !f.name)
			run_failed("out of memory");
	}
	f.size = f.pages;
	f.shmem = files_are_shmem();
	for (unsigned int i = 3; i < t->nr_fields; i++) {
		if (!strcmp(t->field[i], "shmem"))
			f.shmem = true;
		else if (!strncmp(t->field[i], "size=", 5))
			f.size = strtoull(t->field[i] + 5, NULL, 0);
		else
			run_failed("trace line %u: file: \"%s\"", t->line, t->field[i]);
	}
	guest.files[guest.nr_files++] = f;
}

static struct file *find(const struct trace *t, unsigned int field)
{
	for (uint32_t i = 0; i < guest.nr_files; i++)
		if (!strcmp(guest.files[i].name, t->field[field]))
			return &guest.files[i];
	run_failed("trace line %u: unknown file \"%s\"", t->line, t->field[field]);
}

void file_field(const struct trace *t, struct child_cmd *c, unsigned int field)
{
	const struct file *f = find(t, field);

	c->file = (uint32_t)(f - guest.files);
	c->path = f->path;
	c->shmem = f->shmem;
	c->no_writes = !c->shmem && files_no_writes();
}

static int advice_of(const struct trace *t, const char *s)
{
	static const char *const names[] = {
		[POSIX_FADV_NORMAL] = "normal",		[POSIX_FADV_RANDOM] = "random",
		[POSIX_FADV_SEQUENTIAL] = "sequential", [POSIX_FADV_WILLNEED] = "willneed",
		[POSIX_FADV_DONTNEED] = "dontneed",	[POSIX_FADV_NOREUSE] = "noreuse",
	};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (!strcmp(s, names[i]))
			return i;
	run_failed("trace line %u: advice \"%s\"", t->line, s);
}

/* Its last name goes: our own descriptor must not keep it. */
static void forget(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

bool file_op(const struct trace *t, struct child_cmd *c)
{
	if (trace_is(t, "truncate", 3, 3)) {
		c->op = CHILD_TRUNCATE;
		c->pages = trace_number(t, 3, UINT32_MAX);
	} else if (trace_is(t, "fsync", 2, 2)) {
		c->op = CHILD_FSYNC;
	} else if (trace_is(t, "fadvise", 5, 5)) {
		c->op = CHILD_FADVISE;
		c->off = trace_number(t, 3, UINT32_MAX);
		c->pages = trace_number(t, 4, UINT32_MAX);
		c->advice = advice_of(t, t->field[5]);
	} else if (trace_is(t, "unlink", 2, 2)) {
		c->op = CHILD_UNLINK;
		forget(find(t, 2));
	} else if (trace_is(t, "rename", 3, 3)) {
		c->op = CHILD_RENAME;
		c->to = find(t, 3)->path;
		forget(find(t, 3));
	} else {
		return false;
	}
	file_field(t, c, 2);
	return true;
}

void file_op_done(const struct trace *t)
{
	if (!strcmp(t->field[0], "rename"))
		find(t, 2)->path = find(t, 3)->path;
}
