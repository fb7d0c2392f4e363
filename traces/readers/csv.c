// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads libCacheSim's csv: a row per request. cachesim takes the meaning of the columns from its
 * options; this reader takes it from the names in the header row. Without a header the columns
 * are time, object and size, as in libCacheSim's documentation. Two columns are time and object;
 * a single column is the object.
 *
 * The first row determines the separator: comma, tab, semicolon or bar. An object is a number
 * or any text. A 64-bit hash represents a text, so two texts with the same hash would be one
 * object. Times are not used. traces/readers/objects.h describes what a request becomes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/objects.h"
#include "traces/readers/scan.h"

#define FIELD_BYTES 4096u

enum column { COL_OTHER, COL_TIME, COL_OBJECT, COL_SIZE };

static const struct {
	const char *name; /* letters only */
	enum column column;
} names[] = {
	{ "time", COL_TIME },	   { "timestamp", COL_TIME }, { "ts", COL_TIME },
	{ "clocktime", COL_TIME }, { "realtime", COL_TIME },  { "obj", COL_OBJECT },
	{ "object", COL_OBJECT },  { "objid", COL_OBJECT },   { "objectid", COL_OBJECT },
	{ "id", COL_OBJECT },	   { "key", COL_OBJECT },     { "lbn", COL_OBJECT },
	{ "lba", COL_OBJECT },	   { "block", COL_OBJECT },   { "blockid", COL_OBJECT },
	{ "size", COL_SIZE },	   { "objsize", COL_SIZE },   { "objectsize", COL_SIZE },
	{ "len", COL_SIZE },	   { "length", COL_SIZE },    { "bytes", COL_SIZE },
};

/* struct rows - the file while it is read. */
struct rows {
	struct objects o;
	struct err *err;
	uint64_t line;
	unsigned int field;	   /* of the row, from 0 */
	unsigned int nr;	   /* of the first row; 0: not known yet */
	unsigned int object, size; /* columns; @size may be UINT_MAX */
	bool header;		   /* the first row is one */
	bool has_object;
	uint64_t id, bytes;
	int ret;
};

static enum column column_named(const char *s, size_t len)
{
	char name[32];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(name) - 1; i++)
		if (g_ascii_isalpha(s[i]))
			name[n++] = g_ascii_tolower(s[i]);
	name[n] = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i].name, name))
			return names[i].column;
	return COL_OTHER;
}

/* The most frequent separator of the first line; of equals the earlier one, '\0' if none. */
static char find_separator(const uint8_t *head, size_t len)
{
	static const char all[] = ",\t;|";
	const uint8_t *end = memchr(head, '\n', len);
	size_t best = 0;
	char found = '\0';

	for (size_t i = 0; all[i]; i++) {
		size_t nr = 0;

		for (const uint8_t *p = head; p < (end ? end : head + len); p++)
			nr += *p == (uint8_t)all[i];
		if (nr > best) {
			best = nr;
			found = all[i];
		}
	}
	return found;
}

/* struct header - what is in a first line. */
struct header {
	unsigned int nr;
	unsigned int column[COL_SIZE + 1]; /* of each kind, the first; UINT_MAX: none */
};

static struct header read_header(const uint8_t *head, size_t len, char separator)
{
	const char *p = (const char *)head, *nl = memchr(p, '\n', len);
	const char *end = nl ? nl : p + len;
	struct header h = { 0, { UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX } };

	while (p <= end) {
		const char *sep = separator ? memchr(p, separator, (size_t)(end - p)) : NULL;
		const char *stop = sep ? sep : end;
		enum column c = column_named(p, (size_t)(stop - p));

		if (h.column[c] == UINT_MAX)
			h.column[c] = h.nr;
		h.nr++;
		p = stop + 1;
	}
	return h;
}

static void stop(struct rows *r, const char *what, const char *have, size_t len,
		 const char *expected)
{
	r->ret = err_at(r->err, -EINVAL, r->o.path, r->line, "%s \"%.*s\", expected %s", what,
			(int)MIN(len, 60), have, expected);
}

static uint64_t hash_text(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ull ^ len;

	for (size_t i = 0; i < len; i++) {
		h = (h ^ (uint8_t)s[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return h;
}

static bool is_number(const char *s, size_t len, uint64_t *out)
{
	const char *p = s;
	bool hex = len > 2 && s[0] == '0' && s[1] == 'x';

	return len && (hex ? scan_hex(&p, out) : scan_u64(&p, out)) && p == s + len;
}

static void on_field(void *s, size_t len, void *data)
{
	struct rows *r = data;
	unsigned int field = r->field++;
	const char *text = s ? s : "";

	if (r->ret || (r->header && r->line == 1))
		return;
	if (len > FIELD_BYTES) {
		stop(r, "a field that begins with", text, len, "at most 4096 bytes");
	} else if (field == r->object) {
		r->has_object = len > 0;
		if (!is_number(text, len, &r->id))
			r->id = hash_text(text, len);
	} else if (field == r->size && !is_number(text, len, &r->bytes)) {
		stop(r, "size", text, len, "a number of bytes");
	}
}

static void on_row(int c, void *data)
{
	struct rows *r = data;
	bool empty = !r->field, header = r->header && r->line == 1;

	(void)c;
	if (!r->ret && !empty && !header) {
		if (r->field != r->nr)
			r->ret = err_at(r->err, -EINVAL, r->o.path, r->line,
					"%u fields, expected %u as in the first row", r->field,
					r->nr);
		else if (!r->has_object)
			r->ret = err_at(r->err, -EINVAL, r->o.path, r->line,
					"an empty object, expected a number or a name");
		else
			r->ret = objects_take(&r->o, r->id, r->bytes, r->err);
	}
	r->line++;
	r->field = 0;
	r->has_object = false;
}

static int parse(struct rows *r, struct input *in, struct csv_parser *parser)
{
	enum { CHUNK = 256 << 10 };
	char *buf = g_malloc(CHUNK);
	int64_t n;

	while (!r->ret && (n = input_read(in, buf, CHUNK, r->err)) != 0) {
		if (n < 0) {
			r->ret = (int)n;
		} else if (memchr(buf, '\0', (size_t)n)) {
			r->ret = err_at(r->err, -EINVAL, in->path, r->line,
					"a NUL byte in or after this line, expected text");
		} else if (csv_parse(parser, buf, (size_t)n, on_field, on_row, r) != (size_t)n &&
			   !r->ret) {
			r->ret = err_at(r->err, -EINVAL, in->path, r->line, "%s",
					csv_strerror(csv_error(parser)));
		} else if (parser->entry_pos > FIELD_BYTES && !r->ret) {
			r->ret = err_at(r->err, -EINVAL, in->path, r->line,
					"a field of more than %u bytes", FIELD_BYTES);
		}
	}
	g_free(buf);
	if (!r->ret && csv_fini(parser, on_field, on_row, r))
		r->ret = err_at(r->err, -EINVAL, in->path, r->line, "%s (is the file cut off?)",
				csv_strerror(csv_error(parser)));
	return r->ret;
}

static void choose_columns(struct rows *r, const struct header *h)
{
	unsigned int first = h->nr > 1;

	r->nr = h->nr;
	r->header = h->column[COL_OBJECT] != UINT_MAX;
	r->object = r->header ? h->column[COL_OBJECT] : first;
	r->size = r->header ? h->column[COL_SIZE] : h->nr > 2 ? 2 : UINT_MAX;
	r->bytes = 1;
}

static int csv_read(struct input *in, struct trace **out, struct err *err)
{
	struct rows r = { .err = err, .line = 1 };
	struct csv_parser parser;
	size_t len;
	const uint8_t *head = input_head(in, &len);
	char separator = find_separator(head, len);
	struct header h = read_header(head, len, separator);
	int ret;

	choose_columns(&r, &h);
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL))
		return err_at(err, -ENOMEM, in->path, 0, "no memory to read it");
	csv_set_delim(&parser, (unsigned char)(separator ? separator : ','));
	ret = objects_begin(&r.o, in, err);
	if (!ret)
		ret = parse(&r, in, &parser);
	csv_free(&parser);
	return objects_end(&r.o, ret, "csv", out, err);
}

/* A header row that names an object, and a time or a size. */
static bool csv_probe(const uint8_t *head, size_t len)
{
	const uint8_t *nl = memchr(head, '\n', len);
	char separator = find_separator(head, len);
	struct header h;

	if (!nl || !separator)
		return false;
	for (const uint8_t *p = head; p < nl; p++)
		if (*p < ' ' && *p != '\t' && *p != '\r')
			return false;
	h = read_header(head, len, separator);
	return h.column[COL_OBJECT] != UINT_MAX &&
	       (h.column[COL_TIME] != UINT_MAX || h.column[COL_SIZE] != UINT_MAX);
}

extern const struct trace_reader csv_reader;

const struct trace_reader csv_reader = {
	.name = "csv",
	.summary = "libCacheSim's csv; each request is a read(2) of one page",
	.probe = csv_probe,
	.read = csv_read,
};
