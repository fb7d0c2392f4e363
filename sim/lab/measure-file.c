// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/lab/measure.h"
#include "sim/lab/samples.h"

struct estimate measurement_estimate(const struct measurement *m)
{
	return estimate_of_parts((const double *)(const void *)m->samples->data, m->part_end,
				 MEASURE_PARTS);
}

uint64_t measurement_key_value(const struct measurement *m)
{
	const double v = measurement_estimate(m).mean * m->scale;

	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

/* "MEDIAN [LOW, HIGH]", without an interval if some part has no sample */
static char *estimate_text(const struct estimate *e, const char *unit)
{
	const char *space = *unit && strcmp(unit, "%") ? " " : "";

	return isnan(e->low) ? g_strdup_printf("%.4g%s%s", e->mean, space, unit)
			     : g_strdup_printf("%.4g%s%s [%.4g, %.4g]", e->mean, space, unit,
					       e->low, e->high);
}

static void add_samples(GString *s, const struct measurement *m)
{
	const struct estimate e = measurement_estimate(m);
	g_autofree char *text = estimate_text(&e, m->unit);
	g_autoptr(GArray) sorted = samples_new();

	g_array_append_vals(sorted, m->samples->data, m->samples->len);
	g_string_append_printf(s, "# %s\n# median %s", m->what, text);
	if (sorted->len > 1)
		g_string_append_printf(s, ", quartiles %.4g and %.4g, %u samples",
				       samples_quantile(sorted, 0.25),
				       samples_quantile(sorted, 0.75), sorted->len);
	if (m->nr_preempted)
		g_string_append_printf(s, ", %u more were preempted", m->nr_preempted);
	g_string_append_c(s, '\n');
	if (m->key && m->nr_failed)
		g_string_append_printf(s, "# rounds left out: %u, the last one because: %s\n",
				       m->nr_failed, m->why_not);
	if (!m->key)
		return;
	if (e.low <= 0 && e.high >= 0)
		g_string_append(s, "# cannot be distinguished from 0\n");
	g_string_append_printf(s, "%s=%" PRIu64 "\n", m->key, measurement_key_value(m));
}

static void add_one(GString *s, const struct measurement *m)
{
	g_string_append_c(s, '\n');
	if (m->value[0])
		g_string_append_printf(s, "# %s\n%s=%s\n", m->what, m->key, m->value);
	else if (m->samples->len)
		add_samples(s, m);
	else
		g_string_append_printf(s, "# %s%snot measured: %s\n# (%s)\n", m->key ? m->key : "",
				       m->key ? ": " : "", m->why_not, m->what);
}

/* The table of orders */

/* what a column shows of a row, times the pages of a folio if that is wanted */
struct column {
	enum unmap_kind kind;
	const char *head;
	bool per_folio;
};

/* three digits, and two after the point at most */
static int digits(double v)
{
	return fabs(v) >= 99.95 ? 0 : fabs(v) >= 9.995 ? 1 : 2;
}

static void add_cell(GString *s, const struct unmap_row *r, const struct column *c)
{
	const struct estimate e = measurement_estimate(r->of[c->kind]);
	const double factor = c->per_folio ? (double)(1u << r->order) : 1;
	const double v = e.mean * factor, low = e.low * factor, high = e.high * factor;
	g_autofree char *text = isnan(low) ? g_strdup_printf("%.*f", digits(v), v)
					   : g_strdup_printf("%.*f [%.*f, %.*f]", digits(v), v,
							     digits(low), low, digits(high), high);

	g_string_append_printf(s, " %22s", text);
}

static void add_rows(GString *s, const struct measures *ms, const char *lru, const char *prefix,
		     const struct column *columns, size_t nr)
{
	g_string_append_printf(s, "%s%-9s", prefix, lru);
	for (size_t i = 0; i < nr; i++)
		g_string_append_printf(s, " %22s", columns[i].head);
	g_string_append_c(s, '\n');
	for (guint i = 0; i < ms->unmaps->len; i++) {
		const struct unmap_row *r = ms->unmaps->pdata[i];
		const struct measurement *m = r->of[UNMAP_ALONE];

		if (strcmp(r->lru, lru))
			continue;
		g_string_append_printf(s, "%sorder %u%-2s", prefix, r->order, r->pmd ? "*" : "");
		if (m->samples->len)
			for (size_t j = 0; j < nr; j++)
				add_cell(s, r, &columns[j]);
		else
			g_string_append_printf(s, "   not measured: %s", m->why_not);
		g_string_append_c(s, '\n');
	}
}

static void add_lru(GString *s, const struct measures *ms, const char *lru, const char *prefix)
{
	static const struct column costs[] = {
		{ UNMAP_ALONE, "unmap without mark", false },
		{ UNMAP_FIRST, "+ first mark", false },
		{ UNMAP_ACTIVATE, "+ mark activates", false },
		{ UNMAP_ACTIVE, "+ mark of an active", false },
	}, shares[] = {
		{ UNMAP_SHARE_FIRST, "first marks, %", false },
		{ UNMAP_SHARE, "activating marks, %", false },
		{ UNMAP_ACTIVATE, "ns a folio activated", true },
		{ UNMAP_FAULT, "ns a fault", false },
	};

	g_string_append_printf(s, "%sCPU time of unmapping cached file pages, ns a page\n", prefix);
	add_rows(s, ms, lru, prefix, costs, G_N_ELEMENTS(costs));
	g_string_append_printf(s,
			       "%sShare of the marks in an unmapping that marks every folio; "
			       "activation of a whole folio\n",
			       prefix);
	add_rows(s, ms, lru, prefix, shares, G_N_ELEMENTS(shares));
	if (!strcmp(lru, "mglru"))
		g_string_append_printf(s,
				       "%sUnder mglru no mark activates: these are the first, "
				       "second and fourth mark.\n",
				       prefix);
}

/* the row has samples, but some rounds failed */
static void add_failed(GString *s, const struct unmap_row *r, const char *prefix)
{
	const struct measurement *m = r->of[UNMAP_ALONE];

	if (m->samples->len && m->nr_failed)
		g_string_append_printf(
			s, "%s%s order %u: rounds left out: %u, the last one because: %s\n", prefix,
			r->lru, r->order, m->nr_failed, m->why_not);
}

char *measures_table(const struct measures *ms, const char *prefix)
{
	GString *s = g_string_new(NULL);
	const char *lru = NULL;
	bool pmd = false;

	for (guint i = 0; i < ms->unmaps->len; i++) {
		const struct unmap_row *r = ms->unmaps->pdata[i];

		if (!lru || strcmp(r->lru, lru))
			add_lru(s, ms, r->lru, prefix);
		lru = r->lru;
		pmd |= r->pmd;
	}
	for (guint i = 0; i < ms->unmaps->len; i++)
		add_failed(s, ms->unmaps->pdata[i], prefix);
	if (pmd)
		g_string_append_printf(s, "%s*: mapped by PMDs\n", prefix);
	if (ms->unseen)
		g_string_append_printf(s, "%sNot checked: %s\n", prefix, ms->unseen);
	if (ms->other_lru)
		g_string_append_printf(s, "%sNot measured: %s\n", prefix, ms->other_lru);
	return g_string_free(s, FALSE);
}

/* The head of the file */

/* How far the parts are from the value, of each CPU time that differs from 0; the device has a
 * spread of its own. */
static void add_wander(GString *s, const struct measures *ms)
{
	const char *sep = "# Parts differ from the whole run by up to: ";
	size_t line = s->len;

	for (guint i = 0; i < ms->all->len; i++) {
		const struct measurement *m = ms->all->pdata[i];
		g_autofree char *text = NULL;
		struct estimate e;

		if (!m->key || !m->unit || strcmp(m->unit, "ns") || !m->samples->len)
			continue;
		e = measurement_estimate(m);
		if (!(e.low > 0))
			continue;
		text = g_strdup_printf("%s %.0f%%", m->key,
				       MAX(e.high - e.mean, e.mean - e.low) / e.mean * 100);
		if (s->len - line + strlen(text) > 92) {
			sep = ",\n# ";
			line = s->len;
		}
		g_string_append_printf(s, "%s%s", sep, text);
		sep = ", ";
	}
	if (*sep == ',')
		g_string_append(s, ".\n# Expect that of another run, and more some hours later.\n");
}

static void add_trust(GString *s, const struct measures *ms)
{
	g_string_append_printf(
		s,
		"# %u rounds in %.0f s measured everything in turn, in random order, in %d parts; "
		"each part\n"
		"# has new files and the next CPU. [LOW, HIGH] are the least and the most of the "
		"parts'\n"
		"# medians: a longer run's median is inside with %.0f%%, if no part depends on "
		"another one.\n"
		"# What a mark adds, and its share, are taken inside a round. Shares can be "
		"compared with\n"
		"# another run's; times also depend on what else the machine and its host do.\n",
		ms->nr_rounds, ms->seconds, MEASURE_PARTS, (1 - pow(2, 1 - MEASURE_PARTS)) * 100);
	add_wander(s, ms);
	if (ms->others >= 0)
		g_string_append_printf(s,
				       "# Meanwhile others used %.0f%% of the processors' time, "
				       "and the hypervisor took %.1f%%.\n",
				       ms->others, ms->steal);
	if (ms->load >= 0)
		g_string_append_printf(
			s,
			"# The load average was %.1f when it began: above the number of processors "
			"the device's\n"
			"# numbers are those of a queue.\n",
			ms->load);
}

char *measures_machine_file(const struct measures *ms)
{
	g_autofree char *table = measures_table(ms, "# ");
	GString *s = g_string_new(NULL);

	g_string_append_printf(
		s,
		"# Measured by reapsim calibrate: %s, file system %s, %s LRU.\n"
		"# %s. Transparent huge pages: %s. DAMON_STAT: %s.\n"
		"# Pages are folios of order 0; keys that end in _ps are picoseconds a page. A "
		"size of\n"
		"# memory is left out: it is the trace's or the user's to choose.\n#\n",
		ms->kernel, ms->file_system, ms->lru, ms->date, ms->thp, ms->monitor);
	if (ms->scattered)
		g_string_append_printf(s,
				       "# %zu MiB of free pages were no neighbours of each other, "
				       "as on a machine that has run for a while.\n#\n",
				       ms->scattered >> 20);
	if (ms->cold)
		g_string_append(
			s, "# Unmapped pages, and page tables, had left the CPU's caches (--cold), "
			   "as those of a\n# process that has slept. All other costs are those of "
			   "what has just been used.\n#\n");
	add_trust(s, ms);
	g_string_append_printf(s, "#\n%s[machine]\n", table);
	for (guint i = 0; i < ms->all->len; i++) {
		const struct measurement *m = ms->all->pdata[i];

		if (m->what)
			add_one(s, m);
	}
	return g_string_free(s, FALSE);
}
