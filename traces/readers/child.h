/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that turns a recording into text, which the reader consumes as a stream. The process
 * isolates foreign code that parses unchecked bytes: if that code crashes, or needs far more time
 * or memory than a sane file of that size, it is an error of the input.
 */
#ifndef REAPSIM_TRACES_CHILD_H
#define REAPSIM_TRACES_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "sim/err.h"
#include "traces/readers/input.h"

/** struct child - the caller reads its output from @text. */
struct child {
	struct input text;
	const char *path; /* of the recording */
	const char *what; /* the program or library, for messages */
	pid_t pid;
	FILE *said;  /* its stderr */
	bool failed; /* after child_end(): by itself or by a signal */
};

/**
 * child_begin - run a function in a child, with its stdout in @c->text.
 * @run: its return is the exit code of the child; must not touch the caller's state
 *
 * Return: 0, or a negative errno.
 */
int child_begin(struct child *c, const struct input *in, const char *what,
		int (*run)(int fd, void *data), int fd, void *data, struct err *err);
/**
 * Wait for the child. @ret: the result of reading its text. A crash or failure of the child takes
 * precedence over it.
 * Return: @ret, or -EINVAL.
 */
int child_end(struct child *c, int ret, struct err *err);

#endif
