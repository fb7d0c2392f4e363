/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Apps that take turns in the foreground, some cached, some killed: the common code of the
 * generators of phones and of browser tabs. These differ in their defaults (struct gen_default),
 * or in the order of apps.
 */
#ifndef REAPSIM_TRACES_APPS_H
#define REAPSIM_TRACES_APPS_H

#include "traces/gen/gen.h"

/** In the order that apps_generate() knows. */
extern const struct option apps_options[];
/** With order=ageing: of app0. */
extern const struct gen_return apps_return;

/** @generate of a generator whose options are apps_options[], all of them. */
int apps_generate(const struct gen_args *a, struct trace_build *b, struct err *err);

#endif
