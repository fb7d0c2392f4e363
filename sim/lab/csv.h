/* SPDX-License-Identifier: GPL-2.0-only */
/* CSV fields, in the form in which the program writes them and reads them again. */
#ifndef REAPSIM_LAB_CSV_H
#define REAPSIM_LAB_CSV_H

#include <stdint.h>

#include <glib.h>

/** Append a field, quoted if necessary. */
void csv_append(GString *s, const char *field);
/** Append a comma and a number, faster than g_string_append_printf(): a file may have a million
 * rows. */
void csv_append_number(GString *s, uint64_t n);

#endif
