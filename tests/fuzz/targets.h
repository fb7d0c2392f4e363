/* SPDX-License-Identifier: GPL-2.0-only */
/* What is fuzzed besides the readers; tests/fuzz/corpus/NAME/ has files to start from. */
#ifndef REAPSIM_TESTS_FUZZ_TARGETS_H
#define REAPSIM_TESTS_FUZZ_TARGETS_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name;
	void (*fuzz)(const uint8_t *data, size_t size); /* aborts on a finding */
};

/** Ends with a NULL name. */
extern const struct fuzz_target fuzz_targets[];

#endif
