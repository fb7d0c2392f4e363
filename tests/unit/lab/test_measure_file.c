// SPDX-License-Identifier: GPL-2.0-only
/* The machine file that is written from measurements: each key with its method. */
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/keyfile.h"
#include "sim/lab/measure.h"
#include "sim/lab/samples.h"
#include "sim/machine.h"
#include "tests/unit/testlib.h"

void suite_measure_file(void);

static void add(struct measures *ms, struct measurement m, const double *samples, guint nr)
{
	m.samples = samples_new();
	for (guint i = 0; i < nr; i++)
		samples_add(m.samples, samples[i]);
	g_array_append_val(ms->all, m);
}

static void test_file(void)
{
	static const struct {
		struct measurement m;
		double samples[4];
		guint nr;
		const char *lines;
	} rows[] = {
		{ { .key = "zap_file_ps", .what = "munmap()", .unit = "ns", .scale = 1000 },
		  { 4, 1, 3, 2 },
		  4,
		  "\n# munmap()\n# median 2.5 ns, quartiles 1.75 and 3.25, mean 2.5, 4 samples\n"
		  "zap_file_ps=2500\n" },
		{ { .key = "read_us", .what = "pread()", .unit = "us", .scale = 1, .mean = true },
		  { 10, 10, 40 },
		  3,
		  "\n# pread()\n# median 10 us, quartiles 10 and 25, mean 20, 3 "
		  "samples\nread_us=20\n" },
		{ { .key = "device_depth", .what = "depth", .unit = "requests", .scale = 1 },
		  { 7.6 },
		  1,
		  "\n# depth: 7.6 requests\ndevice_depth=8\n" },
		/* a difference */
		{ { .key = "mark_first_ps", .what = "added", .unit = "ns", .scale = 1000 },
		  { -2, -1, -1 },
		  3,
		  "mean -1.333, 3 samples\n# too small to distinguish from 0\nmark_first_ps=0\n" },
		{ { .key = "evict_ps",
		    .what = "dropping",
		    .unit = "ns",
		    .scale = 1000,
		    .why_not = "no root" },
		  { 0 },
		  0,
		  "\n# evict_ps: not measured: no root\n# (dropping)\n" },
		{ { .what = "for information", .unit = "us", .scale = 1 },
		  { 3 },
		  1,
		  "\n# for information: 3 us\n" },
		{ { .key = "swappiness", .what = "/proc/sys/vm/swappiness", .value = "60" },
		  { 0 },
		  0,
		  "\n# /proc/sys/vm/swappiness\nswappiness=60\n" },
	};
	struct measures ms = { .all = g_array_new(FALSE, FALSE, sizeof(struct measurement)),
			       .kernel = "Linux 7.3 x86_64",
			       .file_system = "ext4",
			       .lru = "classic",
			       .thp = "madvise",
			       .monitor = "off",
			       .load = 0.25 };
	g_autofree char *text = NULL;
	struct err err = { "" };
	struct machine m;
	struct keyfile k;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		add(&ms, rows[i].m, rows[i].samples, rows[i].nr);
	text = measures_machine_file(&ms);
	CU_ASSERT_TRUE(g_str_has_prefix(text, "# Measured by reapsim calibrate: Linux 7.3 x86_64, "
					      "file system ext4, classic LRU.\n"
					      "# Transparent huge pages: madvise. DAMON_STAT: "
					      "off.\n"));
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		TL_EQ(strstr(text, rows[i].lines) != NULL, true, "row %zu: \"%s\" in \"%s\"", i,
		      rows[i].lines, text);
	/* the text is a valid machine file */
	machine_init(&m);
	CU_ASSERT_EQUAL_FATAL(keyfile_parse(&k, "here.conf", text, strlen(text), &err), 0);
	CU_ASSERT_EQUAL(machine_from_keys(&m, &k, &err), 0);
	TL_STR(err.msg, "", "taken");
	TL_EQ(m.zap_file_ps, 2500, "zap_file_ps");
	TL_EQ(m.read_us, 20, "read_us");
	keyfile_clear(&k);
	for (guint i = 0; i < ms.all->len; i++)
		g_array_free(g_array_index(ms.all, struct measurement, i).samples, TRUE);
	measures_clear(&ms);
}

void suite_measure_file(void)
{
	CU_pSuite s = CU_add_suite("measure_file", NULL, NULL);

	CU_add_test(s, "each kind of measurement", test_file);
}
