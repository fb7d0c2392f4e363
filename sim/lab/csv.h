/* SPDX-License-Identifier: GPL-2.0-only */
/* CSV, as the program writes it and reads it back. */
#ifndef REAPSIM_LAB_CSV_H
#define REAPSIM_LAB_CSV_H

#include <glib.h>

/** Append a field, quoted if it has to be. */
void csv_append(GString *s, const char *field);

#endif
