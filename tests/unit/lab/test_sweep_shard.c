// SPDX-License-Identifier: GPL-2.0-only
/* How the runs of a sweep are dealt to shards. */
#include <inttypes.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "sim/lab/sweep-shard.h"
#include "tests/unit/testlib.h"

void suite_sweep_shard(void);

static const struct {
	uint64_t runs, runs_a_trace;
	uint32_t nr;
	uint64_t spread; /* of the numbers of runs, at most */
} deals[] = {
	{ 1000, 1000, 1, 0 }, { 1000, 1000, 4, 8 }, { 1000, 50, 8, 20 },  { 1100, 55, 7, 20 },
	{ 1100, 55, 3, 20 },  { 1024, 8, 8, 0 },    { 1024, 1024, 8, 8 }, { 960, 8, 16, 0 },
	{ 12, 4, 5, 1 },      { 5, 5, 1000, 1 },    { 1000, 1, 3, 1 },	  { 100000, 10, 1000, 8 },
};

static void test_balance(void)
{
	for (size_t d = 0; d < G_N_ELEMENTS(deals); d++) {
		const uint32_t nr = deals[d].nr;
		g_autofree uint32_t *dealt = sweep_deal(deals[d].runs, deals[d].runs_a_trace, nr);
		g_autofree uint32_t *again = sweep_deal(deals[d].runs, deals[d].runs_a_trace, nr);
		g_autofree uint64_t *count = g_new0(uint64_t, nr + 1);
		uint64_t least = UINT64_MAX, most = 0;

		for (uint64_t run = 0; run < deals[d].runs; run++) {
			CU_ASSERT_TRUE_FATAL(dealt[run] >= 1 && dealt[run] <= nr);
			count[dealt[run]]++;
		}
		for (uint32_t i = 1; i <= nr; i++) {
			least = MIN(least, count[i]);
			most = MAX(most, count[i]);
		}
		TL_EQ(most - least <= deals[d].spread, true, "deal %zu: %" PRIu64 " to %" PRIu64, d,
		      least, most);
		TL_EQ(memcmp(dealt, again, deals[d].runs * sizeof(*dealt)), 0, "deal %zu again", d);
	}
}

/* 1024 runs are 64 blocks of 16. Whatever the period of an axis of 8 values, no shard of 8 has one
 * value all the time: at most half of its 128 runs. If the blocks were dealt in turn, an axis that
 * changes every 16 runs would have 128. */
static void test_periods(void)
{
	g_autofree uint32_t *dealt = sweep_deal(1024, 1024, 8);

	for (uint64_t stride = 1; stride <= 128; stride *= 2) {
		unsigned int count[9][8] = { 0 };

		for (uint64_t run = 0; run < 1024; run++)
			count[dealt[run]][run / stride % 8]++;
		for (int shard = 1; shard <= 8; shard++)
			for (int value = 0; value < 8; value++)
				TL_EQ(count[shard][value] <= 64, true,
				      "stride %d: %u of value %d in shard %d", (int)stride,
				      count[shard][value], value, shard);
	}
}

/* a shard gets consecutive runs, which share a trace and its peak: here 200 traces of 5 runs are
 * each one block, and none is cut */
static void test_blocks(void)
{
	g_autofree uint32_t *dealt = sweep_deal(1000, 5, 4);

	for (uint64_t run = 0; run < 1000; run++)
		TL_EQ(dealt[run], dealt[run / 5 * 5], "run %" PRIu64, run);
}

void suite_sweep_shard(void)
{
	CU_pSuite s = CU_add_suite("sweep_shard", NULL, NULL);

	CU_add_test(s, "as many runs to each", test_balance);
	CU_add_test(s, "no period of the axes", test_periods);
	CU_add_test(s, "whole traces", test_blocks);
}
