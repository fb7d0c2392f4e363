// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the unit tests: all suites, or the one that the argument names. A new suite is a file
 * with one function, which registers the suite and its tests with CUnit, and one line here.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

/* one line each, in the order in which they run */
#define SUITES(X)                                                                                  \
	X(trace)                                                                                   \
	X(spill)                                                                                   \
	X(readers)                                                                                 \
	X(input)                                                                                   \
	X(perf)                                                                                    \
	X(ftrace)                                                                                  \
	X(rebuild_ends)                                                                            \
	X(objects)                                                                                 \
	X(perfetto)                                                                                \
	X(gen)                                                                                     \
	X(output)                                                                                  \
	X(vmstat)                                                                                  \
	X(machine)                                                                                 \
	X(option)                                                                                  \
	X(names)                                                                                   \
	X(list)                                                                                    \
	X(large)                                                                                   \
	X(madvise)                                                                                 \
	X(mlock)                                                                                   \
	X(huge_memory)                                                                             \
	X(interval_tree)                                                                           \
	X(pgtable)                                                                                 \
	X(mm)                                                                                      \
	X(anon_vma)                                                                                \
	X(batch)                                                                                   \
	X(oracle)                                                                                  \
	X(xarray)                                                                                  \
	X(workingset)                                                                              \
	X(objcg)                                                                                   \
	X(fork)                                                                                    \
	X(charge)                                                                                  \
	X(memcontrol)                                                                              \
	X(mremap)                                                                                  \
	X(damon)                                                                                   \
	X(rmap)                                                                                    \
	X(swap)                                                                                    \
	X(oom_kill)                                                                                \
	X(slots)                                                                                   \
	X(event)                                                                                   \
	X(task)                                                                                    \
	X(io)                                                                                      \
	X(fault)                                                                                   \
	X(readahead)                                                                               \
	X(ext4)                                                                                    \
	X(erofs)                                                                                   \
	X(file_system)                                                                             \
	X(page_writeback)                                                                          \
	X(filemap)                                                                                 \
	X(fadvise)                                                                                 \
	X(inode)                                                                                   \
	X(truncate)                                                                                \
	X(lru_classic)                                                                             \
	X(reclaim)                                                                                 \
	X(zap)                                                                                     \
	X(reap)                                                                                    \
	X(replay)                                                                                  \
	X(models)                                                                                  \
	X(lru_mglru)                                                                               \
	X(kernel)                                                                                  \
	X(kernel_large)                                                                            \
	X(kswapd)                                                                                  \
	X(page_alloc)                                                                              \
	X(agreement)                                                                               \
	X(agreement_score)                                                                         \
	X(victim)                                                                                  \
	X(timed)                                                                                   \
	X(trace_deaths)                                                                            \
	X(restart)                                                                                 \
	X(killer)                                                                                  \
	X(psi)                                                                                     \
	X(timer_wheel)                                                                             \
	X(device)                                                                                  \
	X(sched)                                                                                   \
	X(axes)                                                                                    \
	X(clock)                                                                                   \
	X(sweep_journal)                                                                           \
	X(sweep_shard)                                                                             \
	X(sweep)                                                                                   \
	X(work)                                                                                    \
	X(config)                                                                                  \
	X(ask)                                                                                     \
	X(sample)                                                                                  \
	X(ensemble)                                                                                \
	X(order)                                                                                   \
	X(play)                                                                                    \
	X(estimate)                                                                                \
	X(breakeven)                                                                               \
	X(table)                                                                                   \
	X(measure)                                                                                 \
	X(measure_file)                                                                            \
	X(measure_switch)                                                                          \
	X(reclaim_first)

#define DECLARE_SUITE(name) void suite_##name(void);
SUITES(DECLARE_SUITE)

#define ENTRY(name) { #name, suite_##name },

static const struct {
	const char *name;
	void (*add)(void);
} suites[] = { SUITES(ENTRY) };

#define NR_SUITES (sizeof(suites) / sizeof(suites[0]))

static int usage(const char *what)
{
	fprintf(stderr, "unit-tests: no suite \"%s\", expected one of:", what);
	for (size_t i = 0; i < NR_SUITES; i++)
		fprintf(stderr, "%s %s", i ? "," : "", suites[i].name);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int run, failed, expected = 0;
	size_t nr_added = 0;

	if (CU_initialize_registry() != CUE_SUCCESS) {
		fprintf(stderr, "unit-tests: %s\n", CU_get_error_msg());
		return 1;
	}
	for (size_t i = 0; i < NR_SUITES; i++) {
		if (argc > 1 && strcmp(argv[1], suites[i].name))
			continue;
		suites[i].add();
		nr_added++;
	}
	if (!nr_added) {
		CU_cleanup_registry();
		return usage(argv[1]);
	}
	expected = CU_get_registry()->uiNumberOfTests;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	/*
	 * A suite whose set-up failed and a test that did not run are failures, too.
	 * CU_get_error() does not report failed assertions.
	 */
	run = CU_get_number_of_tests_run();
	failed = CU_get_number_of_tests_failed() + (expected - run);
	if (!failed && (CU_get_number_of_failures() || CU_get_number_of_suites_failed()))
		failed = 1;
	if (!expected)
		failed = 1;
	CU_cleanup_registry();
	printf("%u passed, %u failed\n", expected > failed ? expected - failed : 0, failed);
	return failed ? 1 : 0;
}
