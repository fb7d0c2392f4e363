/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of ftrace, for readers that convert another format into such text. */
#ifndef REAPSIM_TRACES_FTRACE_H
#define REAPSIM_TRACES_FTRACE_H

#include "sim/err.h"
#include "sim/trace.h"
#include "traces/readers/input.h"

/* A line of our own: the recorded machine's page size in bytes. */
#define FTRACE_PAGE_SIZE "# page size: "

/** As the read() of struct trace_reader. */
int ftrace_read(struct input *in, struct trace **out, struct err *err);

#endif
