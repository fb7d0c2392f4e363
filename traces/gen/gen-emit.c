// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>

#include <glib.h>

#include "traces/gen/gen.h"

void gen_op(struct gen_emit *e, const struct op *op)
{
	if (!e->ret)
		e->ret = trace_build_op(e->b, op, e->err);
}

uint32_t gen_file(struct gen_emit *e, const char *name, uint64_t pages)
{
	uint32_t id = 0;
	int ret;

	if (e->ret)
		return 0;
	ret = trace_build_file(e->b, name, pages, false, &id);
	if (ret == -E2BIG)
		e->ret = err_set(e->err, -EINVAL,
				 "file %s of %" G_GUINT64_FORMAT
				 " pages brings all files to %" G_GUINT64_FORMAT
				 ", expected less than %u",
				 name, pages, e->b->t->nr_file_pages + pages, TRACE_FILE_PAGES_MAX);
	else if (ret)
		e->ret = err_set(e->err, ret, "file %s of %" G_GUINT64_FORMAT " pages: %s", name,
				 pages, g_strerror(-ret));
	return id;
}

void gen_spawn(struct gen_emit *e, uint32_t pid, uint32_t cpu)
{
	gen_op(e, &(struct op){ .code = OP_SPAWN, .pid = pid, .cpu = cpu });
}

void gen_optin(struct gen_emit *e, uint32_t pid)
{
	gen_op(e, &(struct op){ .code = OP_OPTIN, .pid = pid });
}

/* Emit @op as often as necessary to cover @pages. */
static void gen_range(struct gen_emit *e, struct op op, uint64_t pages)
{
	while (pages && !e->ret) {
		op.pages = (uint32_t)MIN(pages, OP_PAGES_MAX);
		gen_op(e, &op);
		op.at += op.pages;
		if (op.code == OP_MAP && !(op.flags & VM_ANON))
			op.pgoff += op.pages;
		pages -= op.pages;
	}
}

void gen_map_file(struct gen_emit *e, uint32_t pid, uint32_t file, uint32_t at, uint64_t pages,
		  uint32_t flags)
{
	gen_range(e,
		  (struct op){ .code = OP_MAP, .pid = pid, .file = file, .at = at, .flags = flags },
		  pages);
}

void gen_map_anon(struct gen_emit *e, uint32_t pid, uint32_t at, uint64_t pages)
{
	gen_range(e,
		  (struct op){ .code = OP_MAP,
			       .pid = pid,
			       .at = at,
			       .flags = VM_ANON | VM_READ | VM_WRITE },
		  pages);
}

void gen_touch(struct gen_emit *e, uint32_t pid, uint32_t at, uint64_t pages, bool write)
{
	gen_range(
		e,
		(struct op){ .code = OP_TOUCH, .pid = pid, .at = at, .stride = 1, .write = write },
		pages);
}

void gen_read(struct gen_emit *e, uint32_t pid, uint32_t file, uint32_t at, uint64_t pages)
{
	gen_range(e, (struct op){ .code = OP_READ, .pid = pid, .file = file, .at = at }, pages);
}

void gen_die(struct gen_emit *e, uint32_t pid, enum gen_death how, uint32_t mrelease_flags)
{
	static const enum op_code codes[] = {
		[GEN_MRELEASE] = OP_MRELEASE,
		[GEN_KILL] = OP_KILL,
		[GEN_OOM] = OP_OOM,
		[GEN_EXIT] = OP_EXIT,
	};

	gen_op(e, &(struct op){ .code = codes[how],
				.pid = pid,
				.flags = how == GEN_MRELEASE ? mrelease_flags : 0 });
}

void gen_advance_ms(struct gen_emit *e, uint64_t ms)
{
	if (ms)
		gen_op(e, &(struct op){ .code = OP_ADVANCE, .ns = ms * 1000000 });
}

void gen_mark(struct gen_emit *e, const char *fmt, ...)
{
	va_list ap;
	char *name;

	if (e->ret)
		return;
	va_start(ap, fmt);
	name = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	gen_op(e, &(struct op){ .code = OP_MARK, .name = trace_build_name(e->b, name) });
	g_free(name);
}

void gen_machine(struct gen_emit *e, const char *key, uint64_t n)
{
	char *text = g_strdup_printf("%" G_GUINT64_FORMAT, n);

	trace_build_machine(e->b, key, text);
	g_free(text);
}

void gen_memcg(struct gen_emit *e, uint64_t pages)
{
	if (pages)
		gen_machine(e, "memcg_pages", pages);
}

void gen_touch_set(struct gen_emit *e, struct gen_rng *rng, uint32_t pid, uint32_t base,
		   uint32_t pages, const struct gen_set *set, bool write)
{
	uint32_t from = 0, len = 0;
	struct gen_rng choice;

	gen_rng_init(&choice, set->seed);
	for (uint32_t at = 0; at < pages; at += GEN_EXTENT) {
		bool hit = gen_chance(&choice, set->percent);

		if (set->resume)
			hit = hit && gen_chance(rng, set->again);
		else
			hit = gen_chance(rng, set->stray) || hit;
		if (hit) {
			if (!len)
				from = at;
			len = MIN(at + GEN_EXTENT, pages) - from;
		} else if (len) {
			gen_touch(e, pid, base + from, len, write);
			len = 0;
		}
	}
	gen_touch(e, pid, base + from, len, write);
}
