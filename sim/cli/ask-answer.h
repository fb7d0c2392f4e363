/* SPDX-License-Identifier: GPL-2.0-only */
/* What reapsim ask found, as a document and as rows. */
#ifndef REAPSIM_CLI_ASK_ANSWER_H
#define REAPSIM_CLI_ASK_ANSWER_H

#include <stdio.h>

#include "sim/cli/doc.h"
#include "sim/lab/ask.h"
#include "sim/trace-deaths.h"

/** The first words of the text, by which it is known again (sim/output.h). */
#define ASK_TITLE "reapsim ask: "

/** struct answer - the comparisons of all tables. */
struct answer {
	const struct ask *a;
	const struct trace_deaths *deaths;
	GArray *tables[NR_ASK_QUESTIONS]; /* struct comparison, of @value ASK_FILLS */
	GArray *times;			  /* those of ASK_TIME, one table after the other */
};

/** struct comparison - a policy under one LRU, compared with mainline. */
struct comparison {
	const struct ask_part *p;
	guint machine, policy;
	enum ask_value value;
	struct estimate change; /* p is corrected for all comparisons of its table */
};

/** Compare; answer_clear() frees it. @a and @deaths must outlive it. */
void answer_init(struct answer *x, const struct ask *a, const struct trace_deaths *deaths);
void answer_clear(struct answer *x);
/** Write the whole document. @d: empty */
void answer_write(const struct answer *x, struct doc *d);
/** Write a CSV file: every comparison of the tables. */
void answer_csv(const struct answer *x, FILE *f);

/* Shared by ask-answer.c and ask-verdict.c */

/** What userspace can do without a patch. */
#define UNPATCHED "cold-first,pageout-first,dontneed-after"

struct comparison *answer_comparison(const GArray *table, guint i);
const char *answer_policy(const struct comparison *c);
/** A change as text: of an ensemble, of one run, or "failed". The caller frees it. */
char *answer_change(const struct estimate *e);
/** The command that prints @policies of a comparison's part. */
void answer_command(struct doc *d, const struct answer *x, const struct comparison *c,
		    const char *policies);
/** Write the verdict, and what would change it. */
void answer_verdict(const struct answer *x, struct doc *d);

#endif
