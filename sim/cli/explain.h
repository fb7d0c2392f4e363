/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of "reapsim explain" share: the window of a trace, one or two runs of it, and
 * two writers, of text (explain-text.c) and of a page (explain-page.c).
 */
#ifndef REAPSIM_CLI_EXPLAIN_H
#define REAPSIM_CLI_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <glib.h>

#include "sim/mm/event.h"
#include "sim/sim.h"

#define EXPLAIN_RUNS_MAX 2

/** struct explain_run - a run that is shown. @label: what tells it from the other, such as "v1". */
struct explain_run {
	struct sim *s;
	char *label;
	struct event_log log; /* what happened in the step at hand */
};

/** struct page_range - pages that the user asked for, as slots; @last may be UINT32_MAX. */
struct page_range {
	uint32_t first, last;
};

/**
 * struct explain - what is shown
 * @from, @to: operations, from 1
 * @every: operations that are one step
 * @limit: most steps; 0: no limit
 * @pages: struct page_range; empty: all pages
 * @nr_ops: of the trace
 */
struct explain {
	const struct trace *t;
	struct explain_run runs[EXPLAIN_RUNS_MAX];
	guint nr_runs;
	uint64_t from, to, every, limit, nr_ops;
	bool has_pid, all, no_lists;
	uint32_t pid;
	GArray *pages;
	guint max_events, width; /* of text */
};

/** struct explain_step - what is shown at once: the operations @first to @last, the last of which
 * is @op. @differs: the runs did not do the same */
struct explain_step {
	uint64_t first, last;
	struct op op;
	bool differs;
};

/** struct explain_writer - shows steps. @begin: before the first operation of the window. @step
 * returns false if it has no room for more; @end is told the first operation that is not shown, or
 * 0 */
struct explain_writer {
	void (*begin)(void *w);
	bool (*step)(void *w, const struct explain_step *step);
	void (*end)(void *w, uint64_t rest);
};

/* explain-words.c */

/** Was the page @slot asked for? */
bool explain_wants(const struct explain *x, uint32_t slot);
/** Is there an event of a page that was asked for? */
bool explain_any(const struct explain *x, const struct explain_run *r);
/** Did both runs do the same in this step? */
bool explain_same(const struct explain *x);
/** Why the rule of an event applied, or NULL. */
const struct event_cause *explain_cause(const struct explain_run *r, const struct event *e);
/** What pages that are of no file are called: "ext4", "erofs" or "beyond-eof". */
const char *explain_metadata(const struct sim *s);
/** The name of the file of @slot, "anon", or explain_metadata(); @page: its number there. */
const char *explain_name(const struct sim *s, uint32_t slot, uint32_t *page);
/** Append "app:17", or "app:17-20" of @nr pages. */
void explain_put_pages(GString *out, const struct sim *s, uint32_t slot, uint32_t nr);

/** struct change - one event of each of @nr consecutive pages, all alike. */
struct change {
	const struct event *first, *last;
	uint32_t nr;
};

/** The changes of pages that were asked for, struct change. Where the same events happen to each
 * of consecutive pages, the first of them come together. The caller frees it. */
GArray *explain_changes(const struct explain *x, const struct explain_run *r);
/** "batch -> inactive_file +active", or "unchanged". The caller frees it. */
char *explain_what(const struct explain_run *r, const struct event *e);
/** What was compared, or NULL. The caller frees it. */
char *explain_why(const struct explain_run *r, const struct change *c);
/** The row of the trace, or "operations 11 to 20". The caller frees it. */
char *explain_step_text(const struct explain *x, const struct explain_step *step);

/* explain-text.c: @x and a stream */
struct explain_text {
	const struct explain *x;
	FILE *f;
};
extern const struct explain_writer explain_text_writer;

/* explain-page.c */
struct explain_page;
extern const struct explain_writer explain_page_writer;
struct explain_page *explain_page_new(const struct explain *x);
/** Write the whole page. @title: text, not HTML */
void explain_page_write(struct explain_page *p, const char *title, FILE *f);
void explain_page_free(struct explain_page *p);

/* explain-glossary.c */

/** struct term - an entry of the glossary. @id: event_term() and links name it */
struct term {
	const char *id, *name, *text;
};
extern const struct term explain_terms[]; /* ends with a NULL id */
/** How to read the text, and the terms. */
void explain_legend(FILE *f);

#endif
