// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/testlib.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "models/models.h"
#include "sim/mm/reclaim.h"
#include "sim/plugin.h"
#include "traces/readers/readers.h"

static void fatal(const char *what, const char *why)
{
	g_autofree char *msg = g_strdup_printf("%s: %s", what, why);

	CU_assertImplementation(CU_FALSE, 0, msg, "testlib", "", CU_TRUE);
}

struct trace *tl_trace(const char *text, struct err *err)
{
	g_autoptr(GString) all = g_string_new("reapsim-trace,2\n");
	char path[] = "/tmp/reapsim-test-XXXXXX";
	int fd = mkstemp(path);
	struct trace *t = NULL;
	bool fresh = true;

	for (; *text; text++) {
		if (fresh && *text == ' ')
			continue;
		fresh = *text == ';' || *text == '\n';
		g_string_append_c(all, fresh ? '\n' : *text);
	}
	if (!fresh)
		g_string_append_c(all, '\n');
	if (fd < 0 || write(fd, all->str, all->len) != (ssize_t)all->len)
		fatal(path, "cannot write");
	close(fd);
	if (trace_load(path, "text", &t, err))
		t = NULL;
	unlink(path);
	return t;
}

struct machine tl_machine(const char *settings)
{
	g_autofree char *all = g_strconcat(
		"memcg_pages=4096 readahead_pages=0 fault_around_pages=1 ", settings, NULL);
	g_auto(GStrv) kvs = g_strsplit(all, " ", -1);
	struct err err = { "" };
	struct machine m;

	machine_init(&m);
	for (char **p = kvs; *p; p++) {
		g_auto(GStrv) kv = g_strsplit(*p, "=", 2);

		if (**p && (!kv[1] || machine_set(&m, kv[0], kv[1], &err)))
			fatal(*p, err.msg);
	}
	if (machine_resolve(&m, 0, &err))
		fatal(all, err.msg);
	return m;
}

static struct tl *make(const struct kernel_profile *kernel, const struct lru_model *lru,
		       const char *machine, const char *policy, enum op_code ends_as,
		       const struct timed_config *timed, const char *text)
{
	struct tl *x = g_new0(struct tl, 1);
	struct sim_config cfg = {
		.kernel = kernel,
		.lru = lru,
		.machine = tl_machine(machine),
		.ends_as = ends_as,
		.timed = timed,
		.check = true,
	};

	cfg.reap =
		reap_policy_find(policy ? policy : "baseline", &cfg.evict, cfg.reap_args, &x->err);
	if (cfg.reap)
		x->t = tl_trace(text, &x->err);
	if (x->t)
		x->s = sim_new(x->t, &cfg, &x->err);
	if (!x->s) {
		g_autofree char *why = g_strdup(x->err.msg);

		trace_free(x->t);
		g_free(x);
		fatal(text, why);
	}
	return x;
}

struct tl *tl_new_as(const char *machine, const char *policy, enum op_code ends_as,
		     const char *text)
{
	return make(kernel_profiles[0], lru_models[0], machine, policy, ends_as, NULL, text);
}

struct tl *tl_new(const char *machine, const char *policy, const char *text)
{
	return tl_new_as(machine, policy, OP_NONE, text);
}

struct tl *tl_new_lru(const struct lru_model *lru, const char *machine, const char *policy,
		      const char *text)
{
	return make(kernel_profiles[0], lru, machine, policy, OP_NONE, NULL, text);
}

struct tl *tl_new_kernel(const struct kernel_profile *kernel, const struct lru_model *lru,
			 const char *machine, const char *policy, const char *text)
{
	return make(kernel, lru, machine, policy, OP_NONE, NULL, text);
}

struct tl *tl_new_timed(const char *machine, const char *policy, const struct timed_config *timed,
			const char *text)
{
	return tl_new_timed_lru(lru_models[0], machine, policy, timed, text);
}

struct tl *tl_new_timed_lru(const struct lru_model *lru, const char *machine, const char *policy,
			    const struct timed_config *timed, const char *text)
{
	return make(kernel_profiles[0], lru, machine, policy, OP_NONE, timed, text);
}

void tl_to(struct tl *x, const char *mark)
{
	for (;;) {
		guint before = x->s->snapshots->len;
		const struct snapshot *snap;

		x->ret = sim_run(x->s, 1, &x->err);
		if (x->ret < 0)
			fatal(mark, x->err.msg);
		if (x->s->snapshots->len > before) {
			snap = &g_array_index(x->s->snapshots, struct snapshot, before);
			if (!strcmp(x->t->names[snap->name], mark))
				return;
		}
		if (x->ret)
			fatal(mark, "no such mark ahead");
	}
}

int tl_end(struct tl *x)
{
	return x->ret = sim_run(x->s, UINT64_MAX, &x->err);
}

static struct tl *run_to_end(struct tl *x, const char *text)
{
	if (tl_end(x) != 1)
		fatal(text, x->err.msg);
	return x;
}

struct tl *tl_run(const char *machine, const char *policy, const char *text)
{
	return run_to_end(tl_new(machine, policy, text), text);
}

struct tl *tl_run_kernel(const struct kernel_profile *kernel, const struct lru_model *lru,
			 const char *machine, const char *policy, const char *text)
{
	return run_to_end(tl_new_kernel(kernel, lru, machine, policy, text), text);
}

void tl_free(struct tl *x)
{
	sim_free(x->s);
	trace_free(x->t);
	g_free(x);
}

void tl_shrink_node(struct tl *x, struct scan_control *sc)
{
	while (shrink_node(x->s, sc))
		;
}

uint64_t tl_stat(const struct tl *x, enum vmstat_item item)
{
	struct vmstat st;

	sim_stat(x->s, &st);
	return st.v[item];
}

uint64_t tl_at(const struct tl *x, const char *mark, enum vmstat_item item)
{
	for (guint i = 0; i < x->s->snapshots->len; i++) {
		const struct snapshot *snap = &g_array_index(x->s->snapshots, struct snapshot, i);

		if (!strcmp(x->t->names[snap->name], mark))
			return snap->stat.v[item];
	}
	fatal(mark, "no such mark");
	return 0;
}

uint32_t tl_slot(const struct tl *x, const char *file, uint32_t page)
{
	for (uint32_t i = 0; i < x->t->nr_files; i++)
		if (!strcmp(x->t->files[i].name, file) && page < x->t->files[i].pages)
			return file_slot(x->s, i, page);
	fatal(file, "no such file or page");
	return FOLIO_NONE;
}

const struct folio *tl_folio(const struct tl *x, const char *file, uint32_t page)
{
	return &x->s->folios[tl_slot(x, file, page)];
}

struct search {
	const struct tl *x;
	const char *want;
	uint32_t slot;
	const char *list;
	int at, found;
	GString *out;
};

static bool search_slot(void *arg, const char *list, uint32_t slot)
{
	struct search *f = arg;

	f->at = f->list && !strcmp(f->list, list) ? f->at + 1 : 0;
	f->list = list;
	if (slot == f->slot)
		f->found = f->at;
	return slot != f->slot;
}

char *tl_orders(const struct tl *x, const char *file, uint32_t pages)
{
	GString *str = g_string_new(NULL);
	int last = -2, run = 0;

	for (uint32_t p = 0; p <= pages;) {
		const struct folio *f = p < pages ? tl_folio(x, file, p) : NULL;
		int order = f ? f->flags & PG_resident ? f->order : -1 : -2;

		if (order != last && run) {
			if (last < 0)
				g_string_append_printf(str, "%s-*%d", str->len ? " " : "", run);
			else
				g_string_append_printf(str, "%s%d*%d", str->len ? " " : "", last,
						       run);
		}
		run = order == last ? run + 1 : 1;
		last = order;
		p += f && order > 0 ? 1u << order : 1;
	}
	return g_string_free(str, FALSE);
}

const char *tl_where(const struct tl *x, const char *file, uint32_t page)
{
	struct search f = { .slot = tl_slot(x, file, page), .found = -1 };
	uint16_t flags = x->s->folios[f.slot].flags;

	if (!(flags & PG_resident))
		return flags & PG_shadow ? "shadow" : "absent";
	if (!(flags & PG_lru))
		return "batch";
	x->s->cfg.lru->walk(&x->s->memcg[0].lruvec, search_slot, &f);
	return f.found >= 0 ? f.list : "lost";
}

int tl_position(const struct tl *x, const char *file, uint32_t page)
{
	struct search f = { .slot = tl_slot(x, file, page), .found = -1 };

	x->s->cfg.lru->walk(&x->s->memcg[0].lruvec, search_slot, &f);
	return f.found;
}

static bool list_slot(void *arg, const char *list, uint32_t slot)
{
	struct search *f = arg;
	const struct sim *s = f->x->s;

	if (strcmp(list, f->want))
		return true;
	if (f->out->len)
		g_string_append_c(f->out, ' ');
	if (slot_is_anon(s, slot)) {
		g_string_append_printf(f->out, "anon:%" PRIu32, slot - s->anon_first);
	} else if (slot_is_metadata(s, slot)) {
		g_string_append_printf(f->out, "ext4:%" PRIu32, slot - s->meta_first);
	} else {
		uint32_t file = slot_file(s, slot);

		g_string_append_printf(f->out, "%s:%" PRIu32, s->trace->files[file].name,
				       slot - file_slot(s, file, 0));
	}
	return true;
}

char *tl_list(const struct tl *x, const char *list)
{
	struct search f = { .x = x, .want = list, .out = g_string_new(NULL) };

	x->s->cfg.lru->walk(&x->s->memcg[0].lruvec, list_slot, &f);
	return g_string_free(f.out, FALSE);
}

char *tl_pages(const struct tl *x, const char *file, uint16_t flags)
{
	GString *out = g_string_new(NULL);
	uint32_t first = tl_slot(x, file, 0);
	uint32_t pages = x->t->files[slot_file(x->s, first)].pages;

	for (uint32_t i = 0, from; i < pages; i++) {
		for (from = i; i < pages && (x->s->folios[first + i].flags & flags) == flags; i++)
			;
		if (i == from)
			continue;
		g_string_append_printf(out, "%s%" PRIu32, out->len ? " " : "", from);
		if (i - from > 1)
			g_string_append_printf(out, "-%" PRIu32, i - 1);
	}
	return g_string_free(out, FALSE);
}

struct mm *tl_mm(const struct tl *x, uint32_t pid)
{
	struct mm *mm = g_hash_table_lookup(x->s->procs, GUINT_TO_POINTER(pid));

	if (!mm)
		fatal("tl_mm", "no such process");
	return mm;
}

uint8_t tl_pte(const struct tl *x, uint32_t pid, uint32_t vpn)
{
	const struct pte_table *pt = pte_lookup(tl_mm(x, pid), vpn);

	return pt ? pte_get(pt, vpn % PTRS_PER_PTE) : 0;
}

uint32_t tl_anon_slot(const struct tl *x, uint32_t pid, uint32_t vpn)
{
	const struct pte_table *pt = pte_lookup(tl_mm(x, pid), vpn);

	if (!pt || !(pte_get(pt, vpn % PTRS_PER_PTE) & (PTE_anon | PTE_swap)))
		fatal("tl_anon_slot", "not an anon page");
	return pt->anon[vpn % PTRS_PER_PTE];
}

static void report(bool ok, const char *file, unsigned int line, const char *msg)
{
	CU_assertImplementation(ok, line, msg, file, "", CU_FALSE);
}

void tl_assert_eq(const char *file, unsigned int line, uint64_t got, uint64_t want,
		  const char *expr, const char *row, ...)
{
	g_autofree char *where = NULL, *msg = NULL;
	va_list ap;

	va_start(ap, row);
	where = g_strdup_vprintf(row, ap);
	va_end(ap);
	msg = g_strdup_printf("%s: %s is %" PRIu64 ", expected %" PRIu64, where, expr, got, want);
	report(got == want, file, line, msg);
}

char *tl_names(const void *registry)
{
	GString *names = g_string_new(NULL);

	for (const struct plugin *const *p = registry; *p; p++)
		g_string_append_printf(names, "%s%s", names->len ? ", " : "", (*p)->name);
	return g_string_free(names, FALSE);
}

void tl_assert_str(const char *file, unsigned int line, const char *got, const char *want,
		   const char *expr, const char *row, ...)
{
	g_autofree char *where = NULL, *msg = NULL;
	va_list ap;

	va_start(ap, row);
	where = g_strdup_vprintf(row, ap);
	va_end(ap);
	msg = g_strdup_printf("%s: %s is \"%s\", expected \"%s\"", where, expr,
			      got ? got : "(null)", want);
	report(got && !strcmp(got, want), file, line, msg);
}
