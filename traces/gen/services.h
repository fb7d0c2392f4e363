/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Services that are killed and restarted by rule, next to a neighbour that needs memory: the
 * common code of the generators of servers.
 */
#ifndef REAPSIM_TRACES_SERVICES_H
#define REAPSIM_TRACES_SERVICES_H

#include "traces/gen/gen.h"

/** In the order that services_generate() knows. */
extern const struct option services_options[];
extern const struct gen_return services_return;

/** @generate of a generator whose options are services_options[], all of them. */
int services_generate(const struct gen_args *a, struct trace_build *b, struct err *err);

#endif
