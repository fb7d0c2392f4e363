// SPDX-License-Identifier: GPL-2.0-only
/* The machine file that is written from measurements: each key with its method and interval, and
 * the table of orders. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/keyfile.h"
#include "sim/lab/measure.h"
#include "sim/lab/samples.h"
#include "sim/machine.h"
#include "tests/unit/testlib.h"

void suite_measure_file(void);

/* the samples, @each of them in each part; what remains is in the last one */
static void fill(struct measurement *m, const double *v, guint nr, guint each)
{
	for (guint i = 0; i < nr; i++)
		samples_add(m->samples, v[i]);
	for (guint i = 0; i < MEASURE_PARTS; i++)
		m->part_end[i] = i + 1 < MEASURE_PARTS ? MIN(each * (i + 1), nr) : nr;
}

static struct measures sample_measures(void)
{
	struct measures ms;

	measures_init(&ms);
	strcpy(ms.date, "2026-11-29 12:00 UTC");
	strcpy(ms.kernel, "Linux 7.3 x86_64");
	strcpy(ms.file_system, "ext4");
	strcpy(ms.thp, "madvise");
	ms.monitor = "off";
	ms.other_lru = "mglru: not built in";
	ms.nr_rounds = 100;
	ms.seconds = 30;
	ms.others = 40;
	ms.steal = 0.5;
	ms.load = 0.25;
	return ms;
}

static void expect(const char *text, const char *lines)
{
	TL_EQ(strstr(text, lines) != NULL, true, "\"%s\" in \"%s\"", lines, text);
}

static void test_keys(void)
{
	static const struct {
		const char *key, *what, *unit;
		double scale;
		double samples[18];
		guint nr, each;
		const char *value, *why_not, *lines;
	} rows[] = {
		{ "zap_file_ps",
		  "munmap()",
		  "ns",
		  1000,
		  /* a sample that was interrupted moves neither the value nor its interval */
		  { 40, 41, 42, 42, 43, 44, 41, 42, 43, 40, 42, 44, 41, 41, 42, 43, 44, 4500 },
		  18,
		  3,
		  NULL,
		  NULL,
		  "\n# munmap()\n# median 42 ns [41, 44], quartiles 41 and 43, 18 samples\n"
		  "zap_file_ps=42000\n" },
		{ "device_depth",
		  "depth",
		  "requests",
		  1,
		  { 7.6 },
		  1,
		  0,
		  NULL,
		  NULL,
		  "\n# depth\n# median 7.6 requests\ndevice_depth=8\n" },
		/* a difference, below 0 */
		{ "mark_first_ps",
		  "added",
		  "ns",
		  1000,
		  { -2, -1, -1, 1, -2, -1 },
		  6,
		  1,
		  NULL,
		  NULL,
		  "\n# added\n# median -1 ns [-2, 1], quartiles -1.75 and -1, 6 samples\n"
		  "# cannot be distinguished from 0\nmark_first_ps=0\n" },
		{ "evict_ps",
		  "dropping",
		  "ns",
		  1000,
		  { 0 },
		  0,
		  0,
		  NULL,
		  "no root",
		  "\n# evict_ps: not measured: no root\n# (dropping)\n" },
		{ NULL,
		  "for information",
		  "%",
		  1,
		  { 3, 3, 3, 3, 3, 4 },
		  6,
		  1,
		  NULL,
		  NULL,
		  "\n# for information\n# median 3% [3, 4], quartiles 3 and 3, 6 samples\n\n" },
		/* some rounds failed */
		{ "scan_ns",
		  "reclaim",
		  "ns",
		  1,
		  { 5, 5, 5, 6, 5, 5 },
		  6,
		  1,
		  NULL,
		  "too little",
		  "\n# median 5 ns [5, 6], quartiles 5 and 5, 6 samples, 9 more were preempted\n"
		  "# rounds left out: 2, the last one because: too little\nscan_ns=5\n" },
		{ "swappiness",
		  "/proc/sys/vm/swappiness",
		  NULL,
		  1,
		  { 0 },
		  0,
		  0,
		  "60",
		  NULL,
		  "\n# /proc/sys/vm/swappiness\nswappiness=60\n" },
		{ "io_pages",
		  "max_sectors_kb / 4",
		  NULL,
		  1,
		  { 0 },
		  0,
		  0,
		  NULL,
		  "cannot be read",
		  "\n# io_pages: not measured: cannot be read\n# (max_sectors_kb / 4)\n" },
	};
	struct measures ms = sample_measures();
	g_autofree char *text = NULL;
	struct err err = { "" };
	struct machine m;
	struct keyfile k;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct measurement *x =
			measures_add(&ms, rows[i].key, rows[i].what, rows[i].unit, rows[i].scale);

		fill(x, rows[i].samples, rows[i].nr, rows[i].each);
		g_strlcpy(x->value, rows[i].value ? rows[i].value : "", sizeof(x->value));
		g_strlcpy(x->why_not, rows[i].why_not ? rows[i].why_not : "", sizeof(x->why_not));
		x->nr_preempted = rows[i].why_not && rows[i].nr ? 9 : 0;
		x->nr_failed = rows[i].why_not && rows[i].nr ? 2 : 0;
	}
	text = measures_machine_file(&ms);
	CU_ASSERT_TRUE(g_str_has_prefix(text, "# Measured by reapsim calibrate: Linux 7.3 x86_64, "
					      "file system ext4, classic LRU.\n"
					      "# 2026-11-29 12:00 UTC. Transparent huge pages: "
					      "madvise. DAMON_STAT: off.\n"));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		expect(text, rows[i].lines);
	/* how far it can be trusted; a difference that can be 0 has no relative error */
	expect(text, "\n# 100 rounds in 30 s ");
	expect(text, " inside with 97%,");
	expect(text,
	       "\n# Parts differ from the whole run by up to: zap_file_ps 5%, scan_ns 20%.\n");
	expect(text, "others used 40% of the processors' time, and the hypervisor took 0.5%.\n");
	expect(text, "\n# Not measured: mglru: not built in\n[machine]\n");
	/* the text is a valid machine file */
	machine_init(&m);
	CU_ASSERT_EQUAL_FATAL(keyfile_parse(&k, "here.conf", text, strlen(text), &err), 0);
	CU_ASSERT_EQUAL(machine_from_keys(&m, &k, &err), 0);
	TL_STR(err.msg, "", "taken");
	TL_EQ(m.zap_file_ps, 42000, "zap_file_ps");
	TL_EQ(m.device_depth, 8, "device_depth");
	keyfile_clear(&k);
	measures_clear(&ms);
}

static void add_row(struct measures *ms, const char *lru, unsigned int order, bool pmd,
		    const char *why_not)
{
	/* of part i the sample is value + i - 2 */
	static const double values[NR_UNMAP_KINDS] = {
		[UNMAP_ALONE] = 40,    [UNMAP_FIRST] = 10,	[UNMAP_ACTIVATE] = 120,
		[UNMAP_SHARE] = 75.25, [UNMAP_SHARE_FIRST] = 5, [UNMAP_FAULT] = 1600,
	};
	struct unmap_row *r = g_new0(struct unmap_row, 1);

	*r = (struct unmap_row){ .lru = lru, .order = order, .pmd = pmd };
	for (int kind = 0; kind < NR_UNMAP_KINDS; kind++) {
		double v[MEASURE_PARTS];

		for (int i = 0; i < MEASURE_PARTS; i++)
			v[i] = values[kind] + i - 2;
		r->of[kind] = measures_add(ms, NULL, NULL, "ns", 1);
		if (why_not)
			g_strlcpy(r->of[kind]->why_not, why_not, sizeof(r->of[kind]->why_not));
		else
			fill(r->of[kind], v, MEASURE_PARTS, 1);
	}
	g_ptr_array_add(ms->unmaps, r);
}

static void test_table(void)
{
	struct measures ms = sample_measures();
	g_autofree char *text = NULL, *file = NULL;

	add_row(&ms, "classic", 0, false, NULL);
	add_row(&ms, "classic", 2, false, "no such folios");
	add_row(&ms, "mglru", 9, true, NULL);
	ms.other_lru = NULL;
	for (int kind = 0; kind < NR_UNMAP_KINDS; kind++) {
		struct measurement *m = ((struct unmap_row *)ms.unmaps->pdata[0])->of[kind];

		m->nr_failed = 7;
		strcpy(m->why_not, "reclaimed");
	}
	text = measures_table(&ms, "# ");
	TL_STR(text,
	       "# CPU time of unmapping cached file pages, ns a page\n"
	       "# classic       unmap without mark           + first mark       + mark activates"
	       "    + mark of an active\n"
	       "# order 0        40.5 [38.0, 43.0]      10.5 [8.00, 13.0]         120 [118, 123]"
	       "     0.50 [-2.00, 3.00]\n"
	       "# order 2     not measured: no such folios\n"
	       "# Share of the marks in an unmapping that marks every folio; activation of a whole "
	       "folio\n"
	       "# classic           first marks, %    activating marks, %   ns a folio activated"
	       "             ns a fault\n"
	       "# order 0        5.50 [3.00, 8.00]      75.8 [73.2, 78.2]         120 [118, 123]"
	       "      1600 [1598, 1603]\n"
	       "# order 2     not measured: no such folios\n"
	       "# CPU time of unmapping cached file pages, ns a page\n"
	       "# mglru         unmap without mark           + first mark       + mark activates"
	       "    + mark of an active\n"
	       "# order 9*       40.5 [38.0, 43.0]      10.5 [8.00, 13.0]         120 [118, 123]"
	       "     0.50 [-2.00, 3.00]\n"
	       "# Share of the marks in an unmapping that marks every folio; activation of a whole "
	       "folio\n"
	       "# mglru             first marks, %    activating marks, %   ns a folio activated"
	       "             ns a fault\n"
	       "# order 9*       5.50 [3.00, 8.00]      75.8 [73.2, 78.2]   61696 [60416, 62976]"
	       "      1600 [1598, 1603]\n"
	       "# Under mglru no mark activates: these are the first, second and fourth mark.\n"
	       "# classic order 0: rounds left out: 7, the last one because: reclaimed\n"
	       "# *: mapped by PMDs\n",
	       "two LRUs");
	/* what is only in the table is not in the list */
	file = measures_machine_file(&ms);
	TL_EQ(g_str_has_suffix(file, "[machine]\n"), true, "nothing follows the table");
	measures_clear(&ms);
}

void suite_measure_file(void)
{
	CU_pSuite s = CU_add_suite("measure_file", NULL, NULL);

	CU_add_test(s, "each kind of measurement", test_keys);
	CU_add_test(s, "the table of orders", test_table);
}
