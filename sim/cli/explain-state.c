// SPDX-License-Identifier: GPL-2.0-only
/*
 * The members of a change, all of which are left out if nothing changed:
 *
 * "f": pages, by slot; how much their value is more than before: flags (enum folio_flags), the
 *	generation (folio.gen) from bit 16, the order plus 1 from bit 24 (a tail: 15), and locked
 *	(bit 28)
 * "s", "u": shadows that appeared, and that went: slot and stamp
 * "l": lists, one after the other: list, place, what left there, what came there
 * "v", "w": mappings that appeared, and that went: process, first page, pages, VM flags, file,
 *	page of the file
 * "p": PTEs, process by process: page, how much its value is more than before: flags (enum
 *	pte_flags), and 256 times the anon slot
 * "n": numbers: index, how much it is more than before
 *
 * Spans of pages are written as count, first, step; where each has a value as count, first, step,
 * value of the first, step of the value.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/explain-state.h"
#include "sim/mm/mm.h"
#include "sim/mm/slots.h"

#define NO_STAMP (-1)

/* the numbers of a memcg that are not in struct vmstat */
static const char *const clock_names[] = { "clock_anon", "reach_anon", "clock_file",
					   "reach_file", "youngest",   "oldest" };
#define NR_CLOCK G_N_ELEMENTS(clock_names)

enum { LIST_ADD, LIST_ACTIVATE, LIST_DEACTIVATE_FILE, LIST_DEACTIVATE, LIST_LAZYFREE, NR_BATCHES };
static const char *const batch_names[NR_BATCHES] = { "lru_add", "lru_activate",
						     "lru_deactivate_file", "lru_deactivate",
						     "lru_lazyfree" };

struct shown_vma {
	uint32_t pid, start, pages, flags, pgoff;
	int64_t file; /* -1: anon */
};

struct shown_pte {
	uint32_t pid, vpn;
	int64_t value;
};

struct explain_state {
	const struct explain *x;
	const struct explain_run *r;
	guint nr_lists, nr_lru;		 /* @nr_lru: of each memcg */
	GArray **lists, **next;		 /* uint32_t: as the page has them, and as they are now */
	GArray *values, *stamps, *order; /* by slot: int64_t, int64_t, uint32_t */
	GArray *vmas, *ptes;
	int64_t *numbers;
	guint nr_numbers;
	uint64_t work; /* pages, places on lists and PTEs that were looked at */
};

/* A comma, unless what follows is the first of an array. */
static void comma(GString *json)
{
	if (json->str[json->len - 1] != '[')
		g_string_append_c(json, ',');
}

/* Begin a member that is an array. Return: where, for member_end(). */
static gsize member_begin(GString *json, const char *name)
{
	const gsize at = json->len;

	g_string_append_printf(json, ",\"%s\":[", name);
	return at;
}

/* End an array. If it is empty, what was written since @at goes. */
static void member_end(GString *json, gsize at)
{
	if (json->str[json->len - 1] == '[')
		g_string_truncate(json, at);
	else
		g_string_append_c(json, ']');
}

/* struct spans - pairs that are written as spans, into an array */
struct spans {
	GString *json;
	bool values;
	int64_t n, a, da, b, db;
};

static void spans_begin(struct spans *s, GString *json, bool values)
{
	*s = (struct spans){ .json = json, .values = values };
}

static void spans_end(struct spans *s)
{
	if (!s->n)
		return;
	comma(s->json);
	g_string_append_printf(s->json, "%" PRId64 ",%" PRId64 ",%" PRId64, s->n, s->a, s->da);
	if (s->values)
		g_string_append_printf(s->json, ",%" PRId64 ",%" PRId64, s->b, s->db);
	s->n = 0;
}

static void spans_add(struct spans *s, int64_t a, int64_t b)
{
	const int64_t da = a - (s->a + (s->n - 1) * s->da), db = b - (s->b + (s->n - 1) * s->db);

	if (s->n == 1) {
		s->da = da;
		s->db = db;
	} else if (!s->n || da != s->da || db != s->db) {
		spans_end(s);
		s->a = a;
		s->b = b;
		s->da = s->db = 0;
	}
	s->n++;
}

void json_string(GString *json, const char *text)
{
	g_autofree char *valid = cli_printable(text);

	g_string_append_c(json, '"');
	for (const char *c = valid; *c; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_printf(json, "\\%c", *c);
		else if (*c == '<' || *c == '>' || *c == '&')
			g_string_append_printf(json, "\\u%04x", *c);
		else
			g_string_append_c(json, *c);
	}
	g_string_append_c(json, '"');
}

/* Pages */

static int64_t value_of(const struct sim *s, uint32_t slot)
{
	const struct folio *f = &s->folios[slot];
	const uint16_t flags = f->flags & (uint16_t) ~(PG_locked | PG_refault);
	unsigned int order;

	if (!(flags & PG_resident))
		return flags & (PG_shadow | PG_workingset | PG_anon | PG_swapbacked | PG_swapcache);
	order = f->order >= FOLIO_SECOND ? 15 : f->order + 1u;
	/* pos of a tail is its head, and it has no flags of its own */
	return flags | (int64_t)f->gen << 16 | (int64_t)order << 24 | (int64_t)f->mlocked << 28;
}

static int64_t stamp_of(const struct explain_state *st, uint32_t slot, const struct lru_clock *c)
{
	const struct folio *f = &st->r->s->folios[slot];

	if ((f->flags & (PG_resident | PG_shadow)) != PG_shadow)
		return NO_STAMP;
	return (f->shadow & c->mask) >> c->shift;
}

/* struct changes - of pages: their values, shadows that appeared and that went */
struct changes {
	struct spans values, on, off;
};

static void compare_pages(struct explain_state *st, const struct lru_clock *clock, uint32_t first,
			  uint64_t end, struct changes *c)
{
	struct sim *s = st->r->s;

	st->work += end > first ? end - first : 0;
	for (uint32_t slot = first; slot < end; slot++) {
		int64_t *value = &g_array_index(st->values, int64_t, slot);
		int64_t *stamp = &g_array_index(st->stamps, int64_t, slot);
		const int64_t v = value_of(s, slot), t = stamp_of(st, slot, clock);

		if (v != *value)
			spans_add(&c->values, slot, v - *value);
		if (t != *stamp && *stamp != NO_STAMP)
			spans_add(&c->off, slot, *stamp);
		if (t != *stamp && t != NO_STAMP)
			spans_add(&c->on, slot, t);
		*value = v;
		*stamp = t;
	}
}

static void put_pages(struct explain_state *st, GString *json)
{
	struct sim *s = st->r->s;
	const GArray *pages = st->x->pages;
	const struct lru_clock clock = s->cfg.lru->clock(s, &s->memcg[0].lruvec, LRU_FILE);
	const int64_t none = NO_STAMP, zero = 0;
	struct changes c;
	g_autoptr(GString) added = g_string_new(NULL), gone = g_string_new(NULL);
	const gsize at = member_begin(json, "f");
	const gsize added_at = member_begin(added, "s"), gone_at = member_begin(gone, "u");

	while (st->values->len < s->nr_folios) {
		g_array_append_val(st->values, zero);
		g_array_append_val(st->stamps, none);
	}
	spans_begin(&c.values, json, true);
	spans_begin(&c.on, added, true);
	spans_begin(&c.off, gone, true);
	for (guint i = 0; i < pages->len; i++) {
		const struct page_range *r = &g_array_index(pages, struct page_range, i);

		compare_pages(st, &clock, r->first, MIN((uint64_t)r->last + 1, s->nr_folios), &c);
	}
	if (!pages->len)
		compare_pages(st, &clock, FOLIO_FIRST, s->nr_folios, &c);
	spans_end(&c.values);
	spans_end(&c.on);
	spans_end(&c.off);
	member_end(json, at);
	member_end(added, added_at);
	member_end(gone, gone_at);
	g_string_append_len(json, added->str, (gssize)added->len);
	g_string_append_len(json, gone->str, (gssize)gone->len);
}

/* Lists */

/* Which of @now, of @n places in the old list, are in the order of the old list already? Marks the
 * longest such sequence in @keep. @old: the place in the old list; UINT32_MAX: not in it */
static void longest_increasing(const uint32_t *old, guint n, bool *keep)
{
	g_autofree guint *end = g_new(guint, n + 1), *before = g_new(guint, n + 1);
	guint len = 0;

	for (guint i = 0; i < n; i++) {
		guint lo = 0, hi = len;

		keep[i] = false;
		if (old[i] == UINT32_MAX)
			continue;
		while (lo < hi) {
			const guint mid = (lo + hi) / 2;

			if (old[end[mid]] < old[i])
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i] = lo ? end[lo - 1] : UINT32_MAX;
		end[lo] = i;
		len = MAX(len, lo + 1);
	}
	for (guint i = len ? end[len - 1] : UINT32_MAX; i != UINT32_MAX; i = before[i])
		keep[i] = true;
}

static void put_slots(GString *json, const uint32_t *slots, guint n)
{
	struct spans s;

	g_string_append_c(json, '[');
	spans_begin(&s, json, false);
	for (guint i = 0; i < n; i++)
		spans_add(&s, slots[i], 0);
	spans_end(&s);
	g_string_append_c(json, ']');
}

/* The middle of a list, from @at on, changed from @was to @is. */
static void put_splices(struct explain_state *st, GString *json, guint list, guint at,
			const uint32_t *was, guint nr_was, const uint32_t *is, guint nr_is)
{
	g_autofree uint32_t *old = g_new(uint32_t, nr_is + 1);
	g_autofree bool *keep = g_new(bool, nr_is + 1);
	uint32_t *place = (uint32_t *)(void *)st->order->data;

	for (guint i = 0; i < nr_is; i++)
		place[is[i]] = UINT32_MAX;
	for (guint i = 0; i < nr_was; i++)
		place[was[i]] = i;
	for (guint i = 0; i < nr_is; i++)
		old[i] = place[is[i]];
	longest_increasing(old, nr_is, keep);
	for (guint i = 0, j = 0; i < nr_was || j < nr_is; i++, j++) {
		guint came = j, left;

		while (came < nr_is && !keep[came])
			came++;
		left = came < nr_is ? old[came] : nr_was;
		if (left > i || came > j) {
			comma(json);
			g_string_append_printf(json, "%u,%u,", list, at + j);
			put_slots(json, was + i, left - i);
			g_string_append_c(json, ',');
			put_slots(json, is + j, came - j);
		}
		i = left;
		j = came;
	}
}

/* @next becomes the list as it was. */
static void put_list(struct explain_state *st, GString *json, guint list)
{
	GArray *was = st->lists[list], *is = st->next[list];
	const uint32_t *a = (const uint32_t *)(const void *)was->data;
	const uint32_t *b = (const uint32_t *)(const void *)is->data;
	guint head = 0, tail = 0;

	while (head < was->len && head < is->len && a[head] == b[head])
		head++;
	while (tail < was->len - head && tail < is->len - head &&
	       a[was->len - 1 - tail] == b[is->len - 1 - tail])
		tail++;
	if (was->len - tail > head || is->len - tail > head)
		put_splices(st, json, list, head, a + head, was->len - tail - head, b + head,
			    is->len - tail - head);
	st->lists[list] = is;
	st->next[list] = was;
	g_array_set_size(was, 0);
}

struct walk {
	struct explain_state *st;
	const char *name; /* of the list at hand */
	guint memcg, list;
};

/* The number of the list called @name of the memcg. MGLRU's are numbered by generation, which keeps
 * its list while it ages. */
static guint list_number(const struct explain_state *st, guint memcg, const char *name)
{
	struct sim *s = st->r->s;
	const struct lru_clock c = s->cfg.lru->clock(s, &s->memcg[memcg].lruvec, LRU_FILE);
	const guint nr_gens = st->nr_lru / NR_LRU_TYPES;
	guint i = 0;

	while (strcmp(s->cfg.lru->lists[i], name))
		i++;
	if (s->cfg.lru->lru_gen)
		i = (guint)((c.youngest - i / NR_LRU_TYPES) % nr_gens) * NR_LRU_TYPES +
		    i % NR_LRU_TYPES;
	return memcg * st->nr_lru + i;
}

static bool walk_folio(void *arg, const char *name, uint32_t slot)
{
	struct walk *w = arg;

	w->st->work++;
	if (w->name != name)
		w->list = list_number(w->st, w->memcg, name);
	w->name = name;
	if (explain_wants(w->st->x, slot))
		g_array_append_val(w->st->next[w->list], slot);
	return true;
}

static void put_lists(struct explain_state *st, GString *json)
{
	const struct sim *s = st->r->s;
	guint list = st->nr_lru * s->nr_memcgs;
	gsize at;

	g_array_set_size(st->order, s->nr_folios);
	for (guint i = 0; i < s->nr_memcgs; i++) {
		struct walk w = { .st = st, .memcg = i };

		s->cfg.lru->walk(&s->memcg[i].lruvec, walk_folio, &w);
	}
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++) {
		const struct sim_cpu *c = &s->cpus[cpu];
		const struct folio_batch *batches[NR_BATCHES] = {
			&c->lru_add,	    &c->lru_activate, &c->lru_deactivate_file,
			&c->lru_deactivate, &c->lru_lazyfree,
		};

		for (int i = 0; i < NR_BATCHES; i++, list++)
			for (unsigned int k = batches[i]->nr; k-- > 0;)
				if (batches[i]->slots[k] &&
				    explain_wants(st->x, batches[i]->slots[k]))
					g_array_append_val(st->next[list], batches[i]->slots[k]);
	}
	at = member_begin(json, "l");
	for (guint i = 0; i < st->nr_lists; i++)
		put_list(st, json, i);
	member_end(json, at);
}

void explain_state_lists(const struct explain_state *st, GString *json)
{
	const struct sim *s = st->r->s;
	const char *sep = "[";

	for (guint m = 0; m < s->nr_memcgs; m++)
		for (guint i = 0; i < st->nr_lru; i++, sep = ",")
			g_string_append_printf(json, "%s{\"name\":\"%s\",\"memcg\":%u}", sep,
					       s->cfg.lru->lists[i], m);
	for (unsigned int cpu = 0; cpu < s->cfg.machine.cpus; cpu++)
		for (int i = 0; i < NR_BATCHES; i++)
			g_string_append_printf(json, ",{\"name\":\"%s\",\"cpu\":%u}",
					       batch_names[i], cpu);
	g_string_append_c(json, ']');
}

/* Page tables */

static gint by_pid(gconstpointer a, gconstpointer b)
{
	const struct mm *const *ma = a, *const *mb = b;

	return ((*ma)->pid > (*mb)->pid) - ((*ma)->pid < (*mb)->pid);
}

static void collect_ptes(struct explain_state *st, const struct vma *vma, GArray *ptes)
{
	const struct sim *s = st->r->s;
	const uint64_t end = (uint64_t)vma->start + vma_pages(vma);

	for (uint64_t vpn = vma->start; vpn < end; vpn++) {
		const struct pte_table *pt = pte_lookup(vma->mm, (uint32_t)vpn);
		const uint32_t i = vpn % PTRS_PER_PTE;
		struct shown_pte pte = { vma->mm->pid, (uint32_t)vpn, pt ? pte_get(pt, i) : 0 };
		const bool anon = pte.value & (PTE_anon | PTE_swap);

		if (!pt) {
			vpn |= PTRS_PER_PTE - 1;
			continue;
		}
		st->work++;
		if (!pte.value)
			continue;
		if (pt->huge && pt->young)
			pte.value |= PTE_young;
		if (anon)
			pte.value += (int64_t)pt->anon[i] << 8;
		if (explain_wants(st->x, anon ? pt->anon[i]
					 : vma->flags & VM_ANON
						 ? s->anon_first
						 : pte_slot(s, vma, pt, (uint32_t)vpn)))
			g_array_append_val(ptes, pte);
	}
}

static void put_mappings(GString *json, const char *name, const GArray *list, const GArray *other)
{
	const gsize at = member_begin(json, name);

	for (guint i = 0, j = 0; i < list->len; i++) {
		const struct shown_vma *v = &g_array_index(list, struct shown_vma, i), *o = NULL;

		for (; j < other->len; j++) {
			o = &g_array_index(other, struct shown_vma, j);
			if (o->pid > v->pid || (o->pid == v->pid && o->start >= v->start))
				break;
		}
		if (j < other->len && !memcmp(v, o, sizeof(*v)))
			continue;
		comma(json);
		g_string_append_printf(json, "%u,%u,%u,%u,%" PRId64 ",%u", v->pid, v->start,
				       v->pages, v->flags, v->file, v->pgoff);
	}
	member_end(json, at);
}

/* The PTEs of one process, in @was from *@i on and in @is from *@j on. */
static void put_process(GString *json, uint32_t pid, const GArray *was, guint *i, const GArray *is,
			guint *j)
{
	const gsize at = json->len;
	struct spans s;

	comma(json);
	g_string_append_printf(json, "%u,[", pid);
	spans_begin(&s, json, true);
	for (;;) {
		const struct shown_pte *a = &g_array_index(was, struct shown_pte, *i);
		const struct shown_pte *b = &g_array_index(is, struct shown_pte, *j);
		const bool has_a = *i < was->len && a->pid == pid;
		const bool has_b = *j < is->len && b->pid == pid;
		const bool left = has_a && (!has_b || a->vpn <= b->vpn);
		const bool right = has_b && (!has_a || b->vpn <= a->vpn);
		const int64_t more = (right ? b->value : 0) - (left ? a->value : 0);

		if (!has_a && !has_b)
			break;
		if (more)
			spans_add(&s, left ? a->vpn : b->vpn, more);
		*i += left;
		*j += right;
	}
	spans_end(&s);
	member_end(json, at);
}

static void put_tables(struct explain_state *st, GString *json)
{
	g_autoptr(GPtrArray) mms = g_ptr_array_new();
	GArray *vmas = g_array_new(FALSE, TRUE, sizeof(struct shown_vma));
	GArray *ptes = g_array_new(FALSE, FALSE, sizeof(struct shown_pte));
	GHashTableIter it;
	gpointer mm;
	gsize at;

	g_hash_table_iter_init(&it, st->r->s->procs);
	while (g_hash_table_iter_next(&it, NULL, &mm))
		g_ptr_array_add(mms, mm);
	g_ptr_array_sort(mms, by_pid);
	for (guint i = 0; i < mms->len; i++) {
		const struct mm *m = mms->pdata[i];

		for (guint k = 0; k < m->vmas->len; k++) {
			const struct vma *v = m->vmas->pdata[k];
			struct shown_vma shown;

			memset(&shown, 0, sizeof(shown));
			shown.pid = m->pid;
			shown.start = v->start;
			shown.pages = vma_pages(v);
			shown.flags = v->flags;
			shown.pgoff = v->pgoff;
			shown.file = v->flags & VM_ANON ? -1 : (int64_t)v->file;
			g_array_append_val(vmas, shown);
			collect_ptes(st, v, ptes);
		}
	}
	put_mappings(json, "v", vmas, st->vmas);
	put_mappings(json, "w", st->vmas, vmas);
	at = member_begin(json, "p");
	for (guint i = 0, j = 0; i < st->ptes->len || j < ptes->len;) {
		const uint32_t a = i < st->ptes->len
					   ? g_array_index(st->ptes, struct shown_pte, i).pid
					   : UINT32_MAX;
		const uint32_t b =
			j < ptes->len ? g_array_index(ptes, struct shown_pte, j).pid : UINT32_MAX;

		put_process(json, MIN(a, b), st->ptes, &i, ptes, &j);
	}
	member_end(json, at);
	g_array_free(st->vmas, TRUE);
	g_array_free(st->ptes, TRUE);
	st->vmas = vmas;
	st->ptes = ptes;
}

/* Numbers */

static void put_numbers(struct explain_state *st, GString *json)
{
	struct sim *s = st->r->s;
	g_autofree int64_t *now = g_new0(int64_t, st->nr_numbers);
	struct vmstat stat;
	guint n = 0;
	gsize at;

	sim_stat(s, &stat);
	for (; n < NR_VMSTAT; n++)
		now[n] = (int64_t)stat.v[n];
	for (guint i = 0; i < s->nr_memcgs; i++) {
		struct lru_clock c;

		for (int type = 0; type < NR_LRU_TYPES; type++) {
			c = s->cfg.lru->clock(s, &s->memcg[i].lruvec, (enum lru_type)type);
			now[n++] = (int64_t)c.now;
			now[n++] = (int64_t)c.reach;
		}
		now[n++] = (int64_t)c.youngest;
		now[n++] = (int64_t)c.oldest;
	}
	at = member_begin(json, "n");
	for (guint i = 0; i < st->nr_numbers; i++)
		if (now[i] != st->numbers[i]) {
			comma(json);
			g_string_append_printf(json, "%u,%" PRId64, i, now[i] - st->numbers[i]);
		}
	member_end(json, at);
	memcpy(st->numbers, now, st->nr_numbers * sizeof(*now));
}

void explain_state_numbers(const struct explain_state *st, GString *json)
{
	g_string_append_c(json, '[');
	for (int i = 0; i < NR_VMSTAT; i++)
		g_string_append_printf(json, "%s\"%s\"", i ? "," : "",
				       vmstat_name((enum vmstat_item)i));
	for (guint m = 0; m < st->r->s->nr_memcgs; m++)
		for (guint i = 0; i < NR_CLOCK; i++)
			g_string_append_printf(json, ",\"%s%u\"", clock_names[i], m);
	g_string_append_c(json, ']');
}

/* All of it */

void explain_state_delta(struct explain_state *st, GString *json)
{
	put_pages(st, json);
	put_lists(st, json);
	put_tables(st, json);
	put_numbers(st, json);
}

uint64_t explain_state_work(const struct explain_state *st)
{
	return st->work;
}

struct explain_state *explain_state_new(const struct explain *x, const struct explain_run *r)
{
	struct explain_state *st = g_new0(struct explain_state, 1);

	st->x = x;
	st->r = r;
	while (r->s->cfg.lru->lists[st->nr_lru])
		st->nr_lru++;
	st->nr_lists = st->nr_lru * r->s->nr_memcgs + NR_BATCHES * r->s->cfg.machine.cpus;
	st->lists = g_new(GArray *, st->nr_lists);
	st->next = g_new(GArray *, st->nr_lists);
	for (guint i = 0; i < st->nr_lists; i++) {
		st->lists[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
		st->next[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	}
	st->values = g_array_new(FALSE, FALSE, sizeof(int64_t));
	st->stamps = g_array_new(FALSE, FALSE, sizeof(int64_t));
	st->order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	st->vmas = g_array_new(FALSE, FALSE, sizeof(struct shown_vma));
	st->ptes = g_array_new(FALSE, FALSE, sizeof(struct shown_pte));
	st->nr_numbers = NR_VMSTAT + NR_CLOCK * r->s->nr_memcgs;
	st->numbers = g_new0(int64_t, st->nr_numbers);
	return st;
}

void explain_state_free(struct explain_state *st)
{
	for (guint i = 0; i < st->nr_lists; i++) {
		g_array_free(st->lists[i], TRUE);
		g_array_free(st->next[i], TRUE);
	}
	g_free(st->lists);
	g_free(st->next);
	g_array_free(st->values, TRUE);
	g_array_free(st->stamps, TRUE);
	g_array_free(st->order, TRUE);
	g_array_free(st->vmas, TRUE);
	g_array_free(st->ptes, TRUE);
	g_free(st->numbers);
	g_free(st);
}
