// SPDX-License-Identifier: GPL-2.0-only
/* CSV rows of runs. */
#include <inttypes.h>

#include "sim/cli/rows.h"
#include "sim/cli/runs.h"
#include "sim/lab/config.h"
#include "sim/lab/csv.h"
#include "sim/lab/summary.h"

void csv_field(FILE *f, const char *s)
{
	g_autoptr(GString) field = g_string_new(NULL);

	csv_append(field, s);
	fputs(field->str, f);
}

void run_csv_row(FILE *f, const struct trace *t, const struct run *r, const struct snapshot *snap)
{
	const struct vmstat *stat = snap ? &snap->stat : &r->stat;
	g_autofree char *base = g_path_get_basename(t->path);
	g_autoptr(GString) s = g_string_sized_new(1024);

	csv_append(s, base);
	g_string_append_c(s, ',');
	csv_append(s, r->cfg.machine.name);
	csv_append_number(s, r->cfg.machine.memory_pages);
	csv_append_number(s, r->cfg.machine.memcg_pages);
	g_string_append_printf(s, ",%s,%s,%s,%s,%s", r->cfg.kernel->name, r->cfg.lru->name,
			       r->policy, ends_as_name(r->cfg.ends_as),
			       snap ? t->names[snap->name] : "(end)");
	csv_append_number(s, snap ? snap->number : 1);
	for (int i = 0; i < NR_VMSTAT; i++)
		csv_append_number(s, stat->v[i]);
	g_string_append_c(s, '\n');
	fwrite(s->str, 1, s->len, f);
}

void run_csv_pages(FILE *f, const struct trace *t, const struct run *r)
{
	static const uint16_t shown[] = {
		PG_resident, PG_referenced, PG_active, PG_lru, PG_dirty, PG_workingset,
	};

	for (guint i = 0; i < r->snapshots->len; i++) {
		const struct snapshot *snap = &g_array_index(r->snapshots, struct snapshot, i);

		for (guint j = 0; j < snap->pages->len; j++) {
			const struct page_run *run =
				&g_array_index(snap->pages, struct page_run, j);

			fprintf(f, "%s,%u,", t->names[snap->name], snap->number);
			csv_field(f, t->files[run->file].name);
			fprintf(f, ",%u,%u", run->page, run->count);
			for (size_t k = 0; k < G_N_ELEMENTS(shown); k++)
				fprintf(f, ",%d", (run->flags & shown[k]) != 0);
			fprintf(f, ",%u\n", run->mapcount);
		}
	}
}

void outcome_csv_row(FILE *f, const struct trace *t, const struct run *r)
{
	const struct machine *m = &r->cfg.machine;
	g_autoptr(GString) s = g_string_new(NULL);
	g_autofree char *base = g_path_get_basename(t->path);
	g_autofree char *restart = restart_rule_text(&r->timed.restart);

	csv_append(s, base);
	g_string_append_c(s, ',');
	csv_append(s, m->name);
	g_string_append_printf(s, ",%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%s,%s,", m->memory_pages,
			       m->memcg_pages, r->cfg.kernel->name, r->cfg.lru->name, r->policy,
			       ends_as_name(r->cfg.ends_as), r->timed.killer->name);
	csv_append(s, restart);
	g_string_append_printf(s, ",%s,%" PRIu64, timed_loops[r->timed.loop], r->timed.seed);
	outcome_values(s, &r->outcome);
	fprintf(f, "%s\n", s->str);
}
