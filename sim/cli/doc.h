/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A short document of headings, paragraphs, lists, tables, commands and pictures. It is written
 * as text of 72 columns, and as one HTML page that needs no network, has light and dark colours,
 * fits a phone, and has what a keyboard and a screen reader need.
 *
 * All texts are plain: the HTML is escaped here, and nowhere else.
 */
#ifndef REAPSIM_CLI_DOC_H
#define REAPSIM_CLI_DOC_H

#include <stdio.h>

struct doc;

/** @title: of the page, and the first line of the text */
struct doc *doc_new(const char *title);
void doc_free(struct doc *d);

void doc_heading(struct doc *d, const char *text);
void doc_text(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** An item of a list; items that follow one another are one list. */
void doc_item(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** A command to be copied; the text breaks it at blanks, with backslashes. */
void doc_command(struct doc *d, const char *command);
/** Begin a table. @heads: its columns, separated by "|"; the first one is text and its entries are
 * heads of rows, the others are numbers. */
void doc_table(struct doc *d, const char *caption, const char *heads);
/** The next cell, row by row, of the table that was begun last. */
void doc_cell(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** A picture, in the page only. @label: what it shows, for those who cannot see it; @svg: taken
 * over, NULL: there is none */
void doc_picture(struct doc *d, const char *label, char *svg);

/** The first line of a page, by which it is known again (sim/output.h). */
#define DOC_HTML_FIRST "<!DOCTYPE html><!-- by reapsim -->"

/** Write @text in lines of at most 72 columns, the first after @first, the others after @indent
 * blanks; @more ends a line that goes on. */
void doc_wrap(FILE *f, const char *first, size_t indent, const char *text, const char *more);

void doc_write_text(const struct doc *d, FILE *f);
void doc_write_html(const struct doc *d, FILE *f);

#endif
