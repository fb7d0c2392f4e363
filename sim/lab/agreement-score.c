// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/agreement-score.h"
#include "sim/lab/samples.h"

#include <errno.h>
#include <string.h>

const struct level levels[NR_LEVELS] = {
	{ "within", false }, { "median", true },    { "p95", true },
	{ "sign", false },   { "resident", false }, { "active", false },
};

/* Shares */

static void share_add(struct share *to, struct share more)
{
	to->same += more.same;
	to->all += more.all;
}

static void share_count(struct share *s, bool same)
{
	s->same += same;
	s->all++;
}

double share_percent(struct share s)
{
	return s.all ? 100.0 * (double)s.same / (double)s.all : 100;
}

double score_percent(const struct score *s, uint64_t nr_cells)
{
	return share_percent((struct share){ nr_cells, s->errors->len });
}

double score_percentile(const struct score *s, unsigned int p)
{
	return 100 * doubles_percentile((double *)(void *)s->errors->data, s->errors->len, p);
}

/* Scores */

static bool is_within(double error)
{
	return error <= 0.01;
}

static void add_noise(struct noise *n, const struct judged *j, const struct cell *c)
{
	const unsigned int nr = j->r->nr_runs;

	for (unsigned int i = 0; nr > 1 && i < nr; i++) {
		const struct spread others = spread_without(c->values, nr, i);
		const double kernel = agreement_error(&others, c->values[i], j->accesses);
		const double sim = agreement_error(&others, c->sim, j->accesses);

		share_count(&n->kernel_inside, kernel == 0);
		share_count(&n->kernel_within, is_within(kernel));
		share_count(&n->sim_inside, sim == 0);
		share_count(&n->sim_within, is_within(sim));
	}
}

static void add_error(struct score *s, double error)
{
	g_array_append_val(s->errors, error);
	s->inside += error == 0;
	s->within += is_within(error);
}

static void add_cell(struct score *s, const struct judged *j, const struct cell *c)
{
	add_error(s, c->error);
	add_noise(&s->noise, j, c);
	if (!s->worst || c->error > s->worst->error) {
		s->worst = c;
		s->worst_of = j;
	}
}

/* Count the signs at each snapshot, and at the last one. */
static void add_signs(struct score *s, const struct agreement *a, const struct judged *j)
{
	const struct result *base = NULL;
	enum sign sign = SIGN_NONE;

	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *b = &g_array_index(a->judged, struct judged, i);

		if (!strcmp(b->r->policy, "baseline") && !strcmp(b->r->scenario, j->r->scenario))
			base = b->r;
	}
	if (!base || base == j->r)
		return;
	for (guint i = 0; i < j->r->cells->len; i++) {
		const struct cell *c = &g_array_index(j->r->cells, struct cell, i), *b;

		if (c->counter != 0)
			continue;
		b = result_find_cell(base, c->counter, c->mark);
		sign = b ? agreement_sign(&b->kernel, &c->kernel, b->sim, c->sim) : SIGN_NONE;
		s->each_sign.all += sign != SIGN_NONE;
		s->each_sign.same += sign == SIGN_SAME;
	}
	s->last_sign.all += sign != SIGN_NONE;
	s->last_sign.same += sign == SIGN_SAME;
}

static void score_init(struct score *s)
{
	*s = (struct score){ .errors = g_array_new(FALSE, FALSE, sizeof(double)) };
}

void score_clear(struct score *s)
{
	g_array_free(s->errors, TRUE);
}

void score_group(struct score *s, const struct agreement *a, enum agreement_group group,
		 int counter, const char *scenario)
{
	score_init(s);
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		if (j->group != group || (scenario && strcmp(scenario, j->r->scenario)))
			continue;
		for (guint k = 0; k < j->r->cells->len; k++) {
			const struct cell *c = &g_array_index(j->r->cells, struct cell, k);

			if (counter < 0 || c->counter == (unsigned int)counter)
				add_cell(s, j, c);
		}
		share_add(&s->resident, j->resident);
		share_add(&s->active, j->active);
		add_signs(s, a, j);
	}
}

void score_again(struct score *s, const struct agreement *a, const struct results *before,
		 const char *scenario)
{
	score_init(s);
	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);
		const struct result *was = results_find(before, scenario, j->r->policy);

		if (strcmp(j->r->scenario, scenario))
			continue;
		for (guint k = 0; was && k < j->r->cells->len; k++) {
			const struct cell *c = &g_array_index(j->r->cells, struct cell, k);
			const struct cell *b = result_find_cell(was, c->counter, c->mark);

			for (unsigned int run = 0; b && run < j->r->nr_runs; run++)
				add_error(s,
					  agreement_error(&b->kernel, c->values[run], j->accesses));
		}
	}
}

static gint by_error(gconstpointer x, gconstpointer y)
{
	const struct ranked_cell *a = x, *b = y;

	if (a->c->error != b->c->error)
		return a->c->error < b->c->error ? 1 : -1;
	return a->c->line < b->c->line ? -1 : 1;
}

GArray *agreement_worst(const struct agreement *a)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct ranked_cell));

	for (guint i = 0; i < a->judged->len; i++) {
		const struct judged *j = &g_array_index(a->judged, struct judged, i);

		for (guint k = 0; k < j->r->cells->len; k++) {
			struct ranked_cell r = { j, &g_array_index(j->r->cells, struct cell, k) };

			if (r.c->error > 0)
				g_array_append_val(all, r);
		}
	}
	g_array_sort(all, by_error);
	return all;
}

/* The recorded level */

double level_of(const struct score *s, unsigned int level)
{
	switch (level) {
	case 0:
		return score_percent(s, s->within);
	case 1:
		return score_percentile(s, 50);
	case 2:
		return score_percentile(s, 95);
	case 3:
		return share_percent(s->last_sign);
	case 4:
		return share_percent(s->resident);
	default:
		return share_percent(s->active);
	}
}

static void check_score(GArray *out, const struct score *s, GKeyFile *kf, const char *path,
			const char *group)
{
	for (unsigned int i = 0; i < NR_LEVELS; i++) {
		g_autoptr(GError) bad = NULL;
		const double want = g_key_file_get_double(kf, group, levels[i].key, &bad);
		/* round as --write-level does: a level that was just written must pass */
		g_autofree char *text = g_strdup_printf("%.2f", level_of(s, i));
		const double is = g_ascii_strtod(text, NULL);
		struct complaint c;

		if (bad)
			c.code = err_at(&c.err, -EINVAL, path, 0, "%s", bad->message);
		else if (!(levels[i].less_is_better ? is <= want : is >= want))
			c.code = err_set(&c.err, -EIO, "%s: %s is %s%%, it was %.2f%%", group,
					 levels[i].key, text, want);
		else
			continue;
		g_array_append_val(out, c);
	}
}

GArray *agreement_check_level(const struct agreement *a, const char *path)
{
	GArray *out = g_array_new(FALSE, FALSE, sizeof(struct complaint));
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autoptr(GError) gerr = NULL;
	struct complaint c;

	if (!g_key_file_load_from_file(kf, path, G_KEY_FILE_NONE, &gerr)) {
		c.code = err_at(&c.err, -EINVAL, path, 0, "%s", gerr->message);
		return g_array_append_val(out, c);
	}
	for (int g = 0; g < NR_AGREEMENT_GROUPS; g++) {
		const char *name = agreement_group_names[g];
		struct score s;

		score_group(&s, a, (enum agreement_group)g, -1, NULL);
		if (s.errors->len) {
			check_score(out, &s, kf, path, name);
		} else if (!a->only && g_key_file_has_group(kf, name)) {
			c.code = err_at(&c.err, -EINVAL, path, 0, "no recording of [%s] in %s",
					name, a->results.csv_path);
			g_array_append_val(out, c);
		}
		score_clear(&s);
	}
	return out;
}
