// SPDX-License-Identifier: GPL-2.0-only
/* fopencookie() */
#define _GNU_SOURCE
#include "sim/cli/rows.h"

#include <errno.h>
#include <string.h>

#include <csv.h>
#include <json-glib/json-glib.h>

/* struct column - of the CSV's header */
struct column {
	char *member; /* what begins its member of the object: ,"NAME": */
	enum column_type type;
};

/* struct stream - CSV on its way */
struct stream {
	const struct row_table *table;
	FILE *csv, *json;
	struct csv_parser parser;
	GString *row;	 /* the object of the row so far */
	gsize head;	 /* bytes of it that each row begins with */
	GArray *columns; /* struct column */
	guint at;	 /* the next field */
	bool headed;	 /* the header is complete */
};

/* @s behind digits, of which there must be one */
static const char *digits(const char *s)
{
	const size_t nr = strspn(s, "0123456789");

	return nr ? s + nr : NULL;
}

/* RFC 8259, 6: neither hexadecimal nor "inf", and no zero before other digits */
static bool is_number(const char *s)
{
	s += *s == '-';
	s = *s == '0' ? s + 1 : digits(s);
	if (s && *s == '.')
		s = digits(s + 1);
	if (s && (*s == 'e' || *s == 'E')) {
		s++;
		s = digits(s + (*s == '-' || *s == '+'));
	}
	return s && !*s;
}

static void add_string(GString *row, const char *s)
{
	JsonNode *node = json_node_init_string(json_node_alloc(), s);
	g_autofree char *text = json_to_string(node, FALSE);

	g_string_append(row, text);
	json_node_unref(node);
}

/* A number has the digits of the CSV: json-glib writes 17 of them, 0.0077099999999999998. */
static void add_value(GString *row, enum column_type type, const char *s)
{
	g_autofree char *text = NULL;

	if (type != COLUMN_TEXT && is_number(s)) {
		g_string_append(row, s);
	} else if (type == COLUMN_NUMBER) {
		g_string_append(row, "null");
	} else {
		text = g_utf8_make_valid(s, -1);
		add_string(row, text);
	}
}

static void add_column(struct stream *s, const char *name)
{
	struct column c = { .type = row_table_column(s->table, name).type };
	GString *member = g_string_new(",");

	add_string(member, name);
	g_string_append_c(member, ':');
	c.member = g_string_free(member, FALSE);
	g_array_append_val(s->columns, c);
}

static void clear_column(void *data)
{
	struct column *c = data;

	g_free(c->member);
}

static void take_field(void *field, size_t len, void *data)
{
	g_autofree char *text = g_strndup(field, len);
	struct stream *s = data;

	if (!s->headed) {
		add_column(s, text);
	} else if (s->at < s->columns->len) {
		const struct column *c = &g_array_index(s->columns, struct column, s->at++);

		g_string_append(s->row, c->member);
		add_value(s->row, c->type, text);
	}
}

static void take_row(int end, void *data)
{
	struct stream *s = data;

	(void)end;
	if (!s->headed) {
		s->headed = true;
		return;
	}
	fprintf(s->json, "%s}\n", s->row->str);
	g_string_truncate(s->row, s->head);
	s->at = 0;
}

/* Blanks at the ends of a field belong to it. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

/* A write error stays with the file that has it, whose owner asks for it. */
static ssize_t pass(void *cookie, const char *text, size_t len)
{
	struct stream *s = cookie;

	if (s->csv)
		fwrite(text, 1, len, s->csv);
	if (s->json)
		csv_parse(&s->parser, text, len, take_field, take_row, s);
	return (ssize_t)len;
}

static int end(void *cookie)
{
	struct stream *s = cookie;

	if (s->json) {
		csv_fini(&s->parser, take_field, take_row, s);
		csv_free(&s->parser);
		g_string_free(s->row, TRUE);
		g_array_unref(s->columns);
	}
	g_free(s);
	return 0;
}

/* A stream that takes a table as CSV, its header first, for @csv and @json, of which one may be
 * NULL. They keep write errors, and must be open until it is closed. Several tables may go to one
 * @json. */
static FILE *rows_stream(enum row_table_id table, FILE *csv, FILE *json)
{
	const cookie_io_functions_t functions = { .write = pass, .close = end };
	struct stream *s = g_new0(struct stream, 1);
	FILE *f;

	s->table = &row_tables[table];
	s->csv = csv;
	s->json = json;
	if (json) {
		csv_init(&s->parser, 0);
		csv_set_space_func(&s->parser, no_space);
		s->row = g_string_new("{\"schema\":\"" ROWS_SCHEMA "\",\"table\":");
		add_string(s->row, s->table->name);
		s->head = s->row->len;
		s->columns = g_array_new(FALSE, FALSE, sizeof(struct column));
		g_array_set_clear_func(s->columns, clear_column);
	}
	f = fopencookie(s, "w", functions);
	if (!f)
		cli_no_memory();
	/* rows of two tables that share a file stay in their order */
	setvbuf(f, NULL, _IOLBF, 1 << 16);
	return f;
}

static void print_column(const struct row_column *c, void *data)
{
	g_string_append_printf(data, ",%s", c->name);
}

static void write_header(FILE *f, enum row_table_id table)
{
	g_autoptr(GString) names = g_string_new(NULL);

	row_table_columns(&row_tables[table], print_column, names);
	fprintf(f, "%s\n", names->str + 1);
}

int cli_rows_open(struct cli_rows *r, const struct outputs *files, enum row_table_id table,
		  const char *csv, const struct output *json)
{
	int ret = 0;

	*r = (struct cli_rows){ 0 };
	if (csv)
		ret = cli_open_out(&r->csv, files, csv);
	if (ret || (!r->csv.f && !json->f))
		return ret;
	r->f = rows_stream(table, r->csv.f, json->f);
	write_header(r->f, table);
	return 0;
}

int cli_rows_close(struct cli_rows *r, enum output_end how)
{
	if (r->f)
		fclose(r->f);
	r->f = NULL;
	return r->csv.f ? cli_close_out(&r->csv, how) : 0;
}

static enum output_end end_after(int ret)
{
	return ret ? OUTPUT_FAILED : OUTPUT_WHOLE;
}

int cli_rows_end(struct cli_rows *r, int ret)
{
	const int closed = cli_rows_close(r, end_after(ret));

	return MAX(ret, closed);
}

int cli_json_open(struct output *json, const struct outputs *files)
{
	*json = (struct output){ 0 };
	return files->json ? cli_open_out(json, files, files->json) : 0;
}

int cli_json_close(struct output *json, enum output_end how)
{
	return json->f ? cli_close_out(json, how) : 0;
}

int cli_json_end(struct output *json, int ret)
{
	const int closed = cli_json_close(json, end_after(ret));

	return MAX(ret, closed);
}

int cli_json_copy(const struct output *json, enum row_table_id table, const char *path)
{
	char buf[1 << 16];
	FILE *rows, *in;
	struct err err;
	int ret = 0, errnum;
	size_t n;

	if (!json->f)
		return 0;
	rows = rows_stream(table, NULL, json->f);
	in = fopen(path, "rb");
	while (in && (n = fread(buf, 1, sizeof(buf), in)))
		fwrite(buf, 1, n, rows);
	errnum = errno;
	fclose(rows);
	if (!in || ferror(in))
		ret = cli_fail(err_set(&err, -EIO, "%s: cannot read: %s", path, g_strerror(errnum)),
			       &err);
	if (in)
		fclose(in);
	return ret;
}

/* JSON Schema */

static void member(JsonBuilder *b, const char *name, const char *text)
{
	json_builder_set_member_name(b, name);
	json_builder_add_string_value(b, text);
}

static void add_type(JsonBuilder *b, enum column_type type)
{
	if (type == COLUMN_TEXT) {
		member(b, "type", "string");
		return;
	}
	json_builder_set_member_name(b, "type");
	json_builder_begin_array(b);
	json_builder_add_string_value(b, "number");
	json_builder_add_string_value(b, type == COLUMN_NUMBER ? "null" : "string");
	json_builder_end_array(b);
}

static void add_property(const struct row_column *c, void *data)
{
	JsonBuilder *b = data;

	json_builder_set_member_name(b, c->name);
	json_builder_begin_object(b);
	add_type(b, c->type);
	member(b, "description", c->help);
	json_builder_end_object(b);
}

static void add_required(const struct row_column *c, void *data)
{
	json_builder_add_string_value(data, c->name);
}

static void add_const(JsonBuilder *b, const char *name, const char *value)
{
	json_builder_set_member_name(b, name);
	json_builder_begin_object(b);
	member(b, "const", value);
	json_builder_end_object(b);
}

static void add_table(JsonBuilder *b, const struct row_table *t)
{
	json_builder_begin_object(b);
	member(b, "title", t->name);
	member(b, "description", t->help);
	member(b, "type", "object");
	json_builder_set_member_name(b, "properties");
	json_builder_begin_object(b);
	add_const(b, "schema", ROWS_SCHEMA);
	add_const(b, "table", t->name);
	row_table_columns(t, add_property, b);
	json_builder_end_object(b);
	json_builder_set_member_name(b, "required");
	json_builder_begin_array(b);
	json_builder_add_string_value(b, "schema");
	json_builder_add_string_value(b, "table");
	row_table_columns(t, add_required, b);
	json_builder_end_array(b);
	json_builder_set_member_name(b, "additionalProperties");
	if (t->axes) {
		json_builder_begin_object(b);
		add_type(b, COLUMN_TYPED);
		json_builder_end_object(b);
	} else {
		json_builder_add_boolean_value(b, FALSE);
	}
	json_builder_end_object(b);
}

void cli_rows_schema(FILE *f)
{
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autofree char *text = NULL;
	JsonNode *root;

	json_builder_begin_object(b);
	member(b, "$schema", "https://json-schema.org/draft/2020-12/schema");
	member(b, "title", ROWS_SCHEMA);
	member(b, "description", "a line of what reapsim writes for --json");
	json_builder_set_member_name(b, "oneOf");
	json_builder_begin_array(b);
	for (int i = 0; i < NR_ROW_TABLES; i++)
		add_table(b, &row_tables[i]);
	json_builder_end_array(b);
	json_builder_end_object(b);
	root = json_builder_get_root(b);
	json_generator_set_root(generator, root);
	json_generator_set_pretty(generator, TRUE);
	text = json_generator_to_data(generator, NULL);
	fprintf(f, "%s\n", text);
	json_node_unref(root);
}
