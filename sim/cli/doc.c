// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/doc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <glib.h>

#define WIDTH 72

enum block_kind { HEADING, TEXT, ITEM, COMMAND, TABLE, PICTURE };

/* struct block - @text: of a table the caption, of a picture its label */
struct block {
	enum block_kind kind;
	char *text;
	char **heads;	  /* of a TABLE */
	GPtrArray *cells; /* char *, row by row */
	char *svg;
};

struct doc {
	char *title;
	GPtrArray *blocks;
};

static void block_free(void *data)
{
	struct block *b = data;

	g_free(b->text);
	g_strfreev(b->heads);
	if (b->cells)
		g_ptr_array_unref(b->cells);
	g_free(b->svg);
	g_free(b);
}

struct doc *doc_new(const char *title)
{
	struct doc *d = g_new0(struct doc, 1);

	d->title = g_strdup(title);
	d->blocks = g_ptr_array_new_with_free_func(block_free);
	return d;
}

void doc_free(struct doc *d)
{
	g_ptr_array_unref(d->blocks);
	g_free(d->title);
	g_free(d);
}

/* @text: taken over */
static struct block *add(struct doc *d, enum block_kind kind, char *text)
{
	struct block *b = g_new0(struct block, 1);

	b->kind = kind;
	b->text = text;
	g_ptr_array_add(d->blocks, b);
	return b;
}

void doc_heading(struct doc *d, const char *text)
{
	add(d, HEADING, g_strdup(text));
}

void doc_text(struct doc *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, TEXT, g_strdup_vprintf(fmt, ap));
	va_end(ap);
}

void doc_item(struct doc *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, ITEM, g_strdup_vprintf(fmt, ap));
	va_end(ap);
}

void doc_command(struct doc *d, const char *command)
{
	add(d, COMMAND, g_strdup(command));
}

void doc_table(struct doc *d, const char *caption, const char *heads)
{
	struct block *b = add(d, TABLE, g_strdup(caption));

	b->heads = g_strsplit(heads, "|", -1);
	b->cells = g_ptr_array_new_with_free_func(g_free);
}

void doc_cell(struct doc *d, const char *fmt, ...)
{
	struct block *b = d->blocks->pdata[d->blocks->len - 1];
	va_list ap;

	va_start(ap, fmt);
	g_ptr_array_add(b->cells, g_strdup_vprintf(fmt, ap));
	va_end(ap);
}

void doc_picture(struct doc *d, const char *label, char *svg)
{
	add(d, PICTURE, g_strdup(label))->svg = svg;
}

/* Text */

void doc_wrap(FILE *f, const char *first, size_t indent, const char *text, const char *more)
{
	size_t column = 0;
	bool begun = false;

	column = strlen(first);
	fputs(first, f);
	while (*text) {
		const size_t len = strcspn(text, " "), gap = begun ? 1 : 0;

		if (begun && column + gap + len + strlen(more) > WIDTH) {
			fprintf(f, "%s\n%*s", more, (int)indent, "");
			column = indent;
		} else if (begun) {
			fputc(' ', f);
			column++;
		}
		fprintf(f, "%.*s", (int)len, text);
		column += len;
		begun = true;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}

static void put_text_table(FILE *f, const struct block *b)
{
	const guint nr = g_strv_length(b->heads);
	g_autofree int *width = g_new0(int, nr);
	g_autoptr(GString) line = g_string_new(NULL);
	int all = (int)nr - 1;

	for (guint i = 0; i < nr; i++)
		width[i] = (int)strlen(b->heads[i]);
	for (guint i = 0; i < b->cells->len; i++)
		width[i % nr] = MAX(width[i % nr], (int)strlen(b->cells->pdata[i]));
	for (guint i = 0; i < nr; i++)
		all += width[i];
	/* a long name loses its end, not a number */
	if (all > WIDTH)
		width[0] = MAX(1, width[0] - (all - WIDTH));
	doc_wrap(f, "", 0, b->text, "");
	for (guint i = 0; i < nr + b->cells->len; i++) {
		const char *cell = i < nr ? b->heads[i] : b->cells->pdata[i - nr];

		if (i % nr)
			g_string_append_printf(line, " %*s", width[i % nr], cell);
		else
			g_string_append_printf(line, "%-*.*s", width[0], width[0], cell);
		if (i % nr == nr - 1) {
			/* without blanks at its end */
			fprintf(f, "%s\n", g_strchomp(line->str));
			g_string_truncate(line, 0);
		}
	}
}

void doc_write_text(const struct doc *d, FILE *f)
{
	doc_wrap(f, "", 0, d->title, "");
	for (glong i = MIN(g_utf8_strlen(d->title, -1), WIDTH); i > 0; i--)
		fputc('=', f);
	fputc('\n', f);
	for (guint i = 0; i < d->blocks->len; i++) {
		const struct block *b = d->blocks->pdata[i];
		const struct block *before = i ? d->blocks->pdata[i - 1] : NULL;

		if (b->kind == PICTURE)
			continue;
		if (!before || b->kind != ITEM || before->kind != ITEM)
			fputc('\n', f);
		if (b->kind == HEADING)
			fprintf(f, "%s\n%.*s\n", b->text, (int)strlen(b->text),
				"-----------------------------------------------------------"
				"-------------");
		else if (b->kind == TEXT)
			doc_wrap(f, "", 0, b->text, "");
		else if (b->kind == ITEM)
			doc_wrap(f, "- ", 2, b->text, "");
		else if (b->kind == COMMAND)
			doc_wrap(f, "  ", 6, b->text, " \\");
		else
			put_text_table(f, b);
	}
}

/* HTML */

static void put_html(FILE *f, const char *before, const char *text, const char *after)
{
	g_autofree char *escaped = g_markup_escape_text(text, -1);

	fprintf(f, "%s%s%s", before, escaped, after);
}

static void put_html_table(FILE *f, const struct block *b)
{
	const guint nr = g_strv_length(b->heads);

	put_html(f, "<table tabindex=\"0\">\n<caption>", b->text, "</caption>\n<thead>\n<tr>");
	for (guint i = 0; i < nr; i++)
		put_html(f, "<th scope=\"col\">", b->heads[i], "</th>");
	fputs("</tr>\n</thead>\n<tbody>\n", f);
	for (guint i = 0; i < b->cells->len; i++) {
		if (i % nr == 0)
			put_html(f, "<tr><th scope=\"row\">", b->cells->pdata[i], "</th>");
		else
			put_html(f, "<td>", b->cells->pdata[i], "</td>");
		if (i % nr == nr - 1)
			fputs("</tr>\n", f);
	}
	fputs("</tbody>\n</table>\n", f);
}

/* The picture itself, without what comes before it in an SVG file */
static void put_html_picture(FILE *f, const struct block *b)
{
	const char *svg = b->svg ? strstr(b->svg, "<svg") : NULL;

	put_html(f, "<figure role=\"img\" tabindex=\"0\" aria-label=\"", b->text, "\">\n");
	fputs(svg ? svg : "<p>The picture is missing, as gnuplot could not draw it.</p>\n", f);
	fputs("</figure>\n", f);
}

/* Columns of text scroll by themselves, so that the page is never wider than a phone. */
static const char style[] =
	"<style>\n"
	":root { color-scheme: light dark; }\n"
	"body { font: 16px/1.5 sans-serif; max-width: 52rem; margin: 0 auto; padding: 1rem;\n"
	"  overflow-wrap: anywhere; }\n"
	"pre { overflow-x: auto; padding: .5rem; background: #8882; overflow-wrap: normal; }\n"
	"table { display: block; overflow-x: auto; border-collapse: collapse; margin: 1rem 0;\n"
	"  font-size: .875rem; overflow-wrap: normal; font-variant-numeric: tabular-nums; }\n"
	"caption { text-align: left; padding-bottom: .3rem; }\n"
	"th, td { padding: .2rem .6rem; border-bottom: 1px solid #8886; white-space: nowrap;\n"
	"  text-align: right; }\n"
	"th:first-child { text-align: left; }\n"
	"figure { margin: 1rem 0; overflow-x: auto; }\n"
	"figure svg { min-width: 40rem; max-width: 100%; height: auto; background: #fff; }\n"
	"h2 { margin-top: 2rem; }\n"
	"</style>\n";

void doc_write_html(const struct doc *d, FILE *f)
{
	enum block_kind open = HEADING; /* ITEM: in a list */

	fputs(DOC_HTML_FIRST "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			     "<meta name=\"viewport\" content=\"width=device-width, "
			     "initial-scale=1\">\n",
	      f);
	put_html(f, "<title>", d->title, "</title>\n");
	fputs(style, f);
	put_html(f, "</head>\n<body>\n<main>\n<h1>", d->title, "</h1>\n");
	for (guint i = 0; i < d->blocks->len; i++) {
		const struct block *b = d->blocks->pdata[i];

		if (b->kind == ITEM && open != ITEM)
			fputs("<ul>\n", f);
		if (b->kind != ITEM && open == ITEM)
			fputs("</ul>\n", f);
		open = b->kind;
		if (b->kind == HEADING)
			put_html(f, "<h2>", b->text, "</h2>\n");
		else if (b->kind == TEXT)
			put_html(f, "<p>", b->text, "</p>\n");
		else if (b->kind == ITEM)
			put_html(f, "<li>", b->text, "</li>\n");
		else if (b->kind == COMMAND)
			put_html(f, "<pre tabindex=\"0\">", b->text, "</pre>\n");
		else if (b->kind == TABLE)
			put_html_table(f, b);
		else
			put_html_picture(f, b);
	}
	if (open == ITEM)
		fputs("</ul>\n", f);
	fputs("</main>\n</body>\n</html>\n", f);
}
