// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "sim/lab/measure.h"
#include "sim/lab/samples.h"

/* The value of the key, a whole number. A measured difference may be below 0. */
static uint64_t key_value(const struct measurement *m, double v)
{
	return v * m->scale < 0 ? 0 : (uint64_t)(v * m->scale + 0.5);
}

static void add_samples(GString *s, const struct measurement *m)
{
	double median = samples_quantile(m->samples, 0.5);
	double mean = samples_mean(m->samples);

	if (m->samples->len == 1)
		g_string_append_printf(s, "# %s: %.4g %s\n", m->what, median, m->unit);
	else
		g_string_append_printf(
			s,
			"# %s\n# median %.4g %s, quartiles %.4g and %.4g, mean %.4g, %u samples\n",
			m->what, median, m->unit, samples_quantile(m->samples, 0.25),
			samples_quantile(m->samples, 0.75), mean, m->samples->len);
	if (!m->key)
		return;
	if (median * m->scale < 0)
		g_string_append(s, "# too small to distinguish from 0\n");
	g_string_append_printf(s, "%s=%" PRIu64 "\n", m->key,
			       key_value(m, m->mean ? mean : median));
}

static void add_one(GString *s, const struct measurement *m)
{
	g_string_append_c(s, '\n');
	if (m->why_not[0])
		g_string_append_printf(s, "# %s%snot measured: %s\n# (%s)\n", m->key ? m->key : "",
				       m->key ? ": " : "", m->why_not, m->what);
	else if (m->unit)
		add_samples(s, m);
	else
		g_string_append_printf(s, "# %s\n%s=%s\n", m->what, m->key, m->value);
}

char *measures_machine_file(const struct measures *ms)
{
	GString *s = g_string_new(NULL);

	g_string_append_printf(
		s,
		"# Measured by reapsim calibrate: %s, file system %s, %s LRU.\n"
		"# Transparent huge pages: %s. DAMON_STAT: %s.\n"
		"# Pages are 4 KiB folios; keys that end in _ps are picoseconds a page. A size\n"
		"# of memory is left out: it is the trace's or the user's to choose.\n"
		"# The load average was %.1f when it began: above 0.5 others share the caches, "
		"and\n"
		"# above the number of processors the device's numbers are those of a queue.\n"
		"[machine]\n",
		ms->kernel, ms->file_system, ms->lru, ms->thp, ms->monitor, ms->load);
	for (guint i = 0; i < ms->all->len; i++)
		add_one(s, &g_array_index(ms->all, struct measurement, i));
	return g_string_free(s, FALSE);
}
