/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of perf script, for readers that convert another format into such text. */
#ifndef REAPSIM_TRACES_PERF_H
#define REAPSIM_TRACES_PERF_H

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/input.h"

/** As the read() of struct trace_reader. */
int perf_read(struct input *in, struct trace **out, struct err *err);

#endif
