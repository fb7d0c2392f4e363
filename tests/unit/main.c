// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the unit tests: all suites, or the one named by the only argument. A
 * new suite is one function in a file of its own, which registers the suite
 * and its tests with CUnit, and one line here.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

void suite_trace(void);
void suite_readers(void);
void suite_input(void);
void suite_gen(void);
void suite_perf(void);
void suite_ftrace(void);
void suite_vmstat(void);
void suite_machine(void);
void suite_option(void);
void suite_list(void);
void suite_interval_tree(void);
void suite_mm(void);
void suite_batch(void);
void suite_oracle(void);
void suite_charge(void);
void suite_rmap(void);
void suite_swap(void);
void suite_oom_kill(void);
void suite_fault(void);
void suite_readahead(void);
void suite_ext4(void);
void suite_filemap(void);
void suite_lru_classic(void);
void suite_kernel(void);
void suite_lru_mglru(void);
void suite_reclaim(void);
void suite_zap(void);
void suite_reap(void);
void suite_replay(void);
void suite_models(void);
void suite_page_alloc(void);
void suite_kswapd(void);
void suite_agreement(void);
void suite_agreement_score(void);
void suite_timed(void);
void suite_axes(void);
void suite_restart(void);
void suite_killer(void);
void suite_psi(void);
void suite_device(void);
void suite_sched(void);
void suite_clock(void);
void suite_sweep_journal(void);

static const struct {
	const char *name;
	void (*add)(void);
} suites[] = {
	{ "trace", suite_trace },
	{ "readers", suite_readers },
	{ "input", suite_input },
	{ "perf", suite_perf },
	{ "ftrace", suite_ftrace },
	{ "gen", suite_gen },
	{ "vmstat", suite_vmstat },
	{ "machine", suite_machine },
	{ "option", suite_option },
	{ "list", suite_list },
	{ "interval_tree", suite_interval_tree },
	{ "mm", suite_mm },
	{ "batch", suite_batch },
	{ "oracle", suite_oracle },
	{ "charge", suite_charge },
	{ "rmap", suite_rmap },
	{ "swap", suite_swap },
	{ "oom_kill", suite_oom_kill },
	{ "fault", suite_fault },
	{ "readahead", suite_readahead },
	{ "ext4", suite_ext4 },
	{ "filemap", suite_filemap },
	{ "lru_classic", suite_lru_classic },
	{ "reclaim", suite_reclaim },
	{ "zap", suite_zap },
	{ "reap", suite_reap },
	{ "replay", suite_replay },
	{ "models", suite_models },
	{ "lru_mglru", suite_lru_mglru },
	{ "kernel", suite_kernel },
	{ "kswapd", suite_kswapd },
	{ "page_alloc", suite_page_alloc },
	{ "agreement", suite_agreement },
	{ "agreement_score", suite_agreement_score },
	{ "timed", suite_timed },
	{ "restart", suite_restart },
	{ "killer", suite_killer },
	{ "psi", suite_psi },
	{ "device", suite_device },
	{ "sched", suite_sched },
	{ "axes", suite_axes },
	{ "clock", suite_clock },
	{ "sweep_journal", suite_sweep_journal },
};

#define NR_SUITES (sizeof(suites) / sizeof(suites[0]))

static int usage(const char *what)
{
	fprintf(stderr, "unit-tests: no suite \"%s\"; there are:", what);
	for (size_t i = 0; i < NR_SUITES; i++)
		fprintf(stderr, " %s", suites[i].name);
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
	 * A suite whose set-up failed, or a test that was never run, is a
	 * failure too. CU_get_error() says nothing about assertions.
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
