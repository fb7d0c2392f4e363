// SPDX-License-Identifier: GPL-2.0-only
/* Events in words, which the text and the page of "reapsim explain" have in common. */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/explain.h"
#include "sim/mm/slots.h"
#include "traces/readers/write.h"

bool explain_wants(const struct explain *x, uint32_t slot)
{
	for (guint i = 0; i < x->pages->len; i++) {
		const struct page_range *r = &g_array_index(x->pages, struct page_range, i);

		if (slot >= r->first && slot <= r->last)
			return true;
	}
	return !x->pages->len;
}

bool explain_any(const struct explain *x, const struct explain_run *r)
{
	for (guint i = 0; i < r->log.events->len; i++)
		if (explain_wants(x, g_array_index(r->log.events, struct event, i).slot))
			return true;
	return false;
}

const struct event_cause *explain_cause(const struct explain_run *r, const struct event *e)
{
	return e->cause ? &g_array_index(r->log.causes, struct event_cause, e->cause - 1) : NULL;
}

/* The next event of a page that was asked for, from @i on, or NULL. */
static const struct event *next_wanted(const struct explain *x, const struct explain_run *r,
				       guint *i)
{
	while (*i < r->log.events->len) {
		const struct event *e = &g_array_index(r->log.events, struct event, (*i)++);

		if (explain_wants(x, e->slot))
			return e;
	}
	return NULL;
}

bool explain_same(const struct explain *x)
{
	const struct explain_run *ra = &x->runs[0], *rb = &x->runs[1];
	guint i = 0, j = 0;

	while (x->nr_runs == 2) {
		const struct event *a = next_wanted(x, ra, &i), *b = next_wanted(x, rb, &j);

		if (!a || !b)
			return a == b;
		if (a->slot != b->slot || a->rule != b->rule || a->before != b->before ||
		    a->after != b->after)
			return false;
	}
	return true;
}

const char *explain_metadata(const struct sim *s)
{
	if (s->cfg.machine.in_pclusters)
		return "erofs";
	return s->cfg.machine.ext4 ? "ext4" : "beyond-eof";
}

const char *explain_name(const struct sim *s, uint32_t slot, uint32_t *page)
{
	uint32_t file;

	if (slot_is_anon(s, slot)) {
		*page = slot - s->anon_first;
		return "anon";
	}
	if (slot_is_metadata(s, slot)) {
		*page = slot - s->meta_first;
		return explain_metadata(s);
	}
	file = slot_file(s, slot);
	*page = slot - file_slot(s, file, 0);
	return s->trace->files[file].name;
}

void explain_put_pages(GString *out, const struct sim *s, uint32_t slot, uint32_t nr)
{
	uint32_t page;
	g_autofree char *name = cli_printable(explain_name(s, slot, &page));

	g_string_append_printf(out, "%s:%u", name, page);
	if (nr > 1)
		g_string_append_printf(out, "-%u", page + nr - 1);
}

/* Reclaim isolates a folio while it decides. Show the folio as if it stayed on its list. */
static uint16_t settled(const struct event *e, bool after)
{
	uint16_t flags = after ? e->after : e->before;

	switch (e->rule) {
	case EV_KEEP_ACTIVATE:
	case EV_KEEP_DIRTY:
	case EV_NO_SWAP:
	case EV_KEEP:
	case EV_KEEP_BUSY:
	case EV_EVICT:
	case EV_SWAP_OUT:
	case EV_DEACTIVATE:
	case EV_ROTATE_EXEC:
		return flags | PG_lru;
	default:
		return flags;
	}
}

static const char *place(uint16_t flags, bool lru_gen)
{
	if (!(flags & PG_resident))
		return flags & PG_shadow ? "shadow" : "absent";
	if (!(flags & PG_lru))
		return "batch";
	if (lru_gen)
		return "generations";
	if (flags & PG_swapbacked)
		return flags & PG_active ? "active_anon" : "inactive_anon";
	return flags & PG_active ? "active_file" : "inactive_file";
}

static void put_flags(GString *out, uint16_t before, uint16_t after)
{
	static const struct {
		uint16_t flag;
		const char *name;
	} names[] = {
		{ PG_referenced, "referenced" }, { PG_active, "active" },
		{ PG_workingset, "workingset" }, { PG_dirty, "dirty" },
		{ PG_reclaim, "reclaim" },	 { PG_swapcache, "swapcache" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if ((before ^ after) & names[i].flag)
			g_string_append_printf(out, "%s%c%s", out->len ? " " : "",
					       after & names[i].flag ? '+' : '-', names[i].name);
}

char *explain_what(const struct explain_run *r, const struct event *e)
{
	const uint16_t before = settled(e, false), after = settled(e, true);
	const char *from = place(before, r->s->cfg.lru->lru_gen);
	const char *to = place(after, r->s->cfg.lru->lru_gen);
	GString *out = g_string_new(NULL);

	if (strcmp(from, to))
		g_string_append_printf(out, "%s -> %s", from, to);
	put_flags(out, before, after);
	if (!out->len)
		g_string_append(out, e->rule == EV_MAP_AROUND || e->rule == EV_MAP_FOLIO
					     ? "mapped"
					     : "unchanged");
	return g_string_free(out, FALSE);
}

/* Is @b what happened to the page after that of @a, just like @a to its page? */
static bool continues(const struct explain_run *r, const struct event *a, const struct event *b)
{
	const struct event_cause *ca = explain_cause(r, a), *cb = explain_cause(r, b);

	return b->slot == a->slot + 1 && b->rule == a->rule && b->before == a->before &&
	       b->after == a->after && !ca == !cb && (!ca || event_cause_alike(ca, cb)) &&
	       slots_same_file(r->s, a->slot, b->slot);
}

GArray *explain_changes(const struct explain *x, const struct explain_run *r)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(struct change));
	struct event *e;

	for (guint i = 0; (e = (struct event *)next_wanted(x, r, &i));)
		g_ptr_array_add(events, e);
	for (guint i = 0, of_page, pages; i < events->len; i += of_page * pages) {
		struct event **at = (struct event **)&events->pdata[i];
		bool more = true;

		for (of_page = 1; i + of_page < events->len && at[of_page]->slot == at[0]->slot;)
			of_page++;
		for (pages = 1; more && i + (pages + 1) * of_page <= events->len; pages += more)
			for (guint k = 0; k < of_page && more; k++)
				more = continues(r, at[(pages - 1) * of_page + k],
						 at[pages * of_page + k]);
		for (guint k = 0; k < of_page; k++) {
			const struct change c = { at[k], at[(pages - 1) * of_page + k], pages };

			g_array_append_val(changes, c);
		}
	}
	return changes;
}

char *explain_why(const struct explain_run *r, const struct change *c)
{
	return c->first->cause
		       ? event_cause_text(explain_cause(r, c->first), explain_cause(r, c->last))
		       : NULL;
}

char *explain_step_text(const struct explain *x, const struct explain_step *step)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if (step->first != step->last)
		return g_strdup_printf("operations %" PRIu64 " to %" PRIu64, step->first,
				       step->last);
	f = open_memstream(&text, &len);
	if (!f)
		return g_strdup("");
	trace_write_op(x->t, &step->op, f);
	fclose(f);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}
