/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Short runs of a few programs, started by a shell that stays alive: the common code of the
 * generators of build storms and shell loops.
 */
#ifndef REAPSIM_TRACES_JOBS_H
#define REAPSIM_TRACES_JOBS_H

#include "traces/gen/gen.h"

/** In the order that jobs_generate() knows. */
extern const struct option jobs_options[];

/** @generate of a generator whose options are jobs_options[], all of them. */
int jobs_generate(const struct gen_args *a, struct trace_build *b, struct err *err);

#endif
