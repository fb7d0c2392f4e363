// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int rows_bad(const struct rows *r, struct err *err, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_at(err, -EINVAL, r->lines.path, r->lines.nr, "%s", msg);
}

static void on_field(void *text, size_t len, void *data)
{
	struct rows *r = data;

	if (r->nr_fields < ROW_FIELDS_MAX) {
		char *at = r->store + r->stored;

		if (len)
			memcpy(at, text, len);
		at[len] = '\0';
		r->field[r->nr_fields] = at;
		r->stored += len + 1;
	}
	r->nr_fields++;
}

static void on_row(int term, void *data)
{
	struct rows *r = data;

	(void)term;
	r->nr_rows++;
}

static int first_line(struct rows *r, const char *suffix, struct err *err)
{
	char want[64] = "", *line;
	size_t len;
	int ret = lines_next(&r->lines, &line, &len, err);

	if (ret < 0)
		return ret;
	if (!ret)
		return err_at(err, -EINVAL, r->lines.path, 0,
			      "an empty file, expected a trace that starts with " TRACE_MAGIC "1");
	for (r->version = 1; r->version <= TRACE_VERSION; r->version++) {
		snprintf(want, sizeof(want), TRACE_MAGIC "%" PRIu32 "%s", r->version, suffix);
		if (!strcmp(line, want))
			return 0;
	}
	snprintf(want, sizeof(want), TRACE_MAGIC "1%s or %d%s", suffix, TRACE_VERSION, suffix);
	if (g_str_has_prefix(line, TRACE_MAGIC))
		return rows_bad(r, err, "trace version \"%.60s\", expected \"%s\"", line, want);
	return rows_bad(r, err, "first line \"%.60s\", expected \"%s\"", line, want);
}

static int header_line(struct rows *r, const char *header, const char *more, struct err *err)
{
	const size_t len = strlen(header);
	char *line;
	size_t got;
	int ret = lines_next(&r->lines, &line, &got, err);

	if (ret < 0)
		return ret;
	if (!ret)
		return err_at(err, -EINVAL, r->lines.path, 0, "an empty file, expected \"%s\"",
			      header);
	if (!strncmp(line, header, len) && (!line[len] || (more && !strcmp(line + len, more))))
		return 0;
	return rows_bad(r, err, "first line \"%.60s\", expected \"%s\"", line, header);
}

/* @r->lines is open; closed on failure. */
static int start_rows(struct rows *r, struct err *err)
{
	if (csv_init(&r->csv, CSV_STRICT | CSV_STRICT_FINI)) {
		lines_close(&r->lines);
		return err_set(err, -ENOMEM, "no memory for rows");
	}
	r->store = g_malloc(LINE_BYTES_MAX + ROW_FIELDS_MAX + 1);
	return 0;
}

/* Return: @ret, a negative one after closing @r */
static int started(struct rows *r, int ret)
{
	if (ret)
		rows_close(r);
	return ret;
}

int rows_start(struct rows *r, struct input *in, const char *suffix, struct err *err)
{
	int ret;

	*r = (struct rows){ 0 };
	lines_start(&r->lines, in);
	ret = start_rows(r, err);
	return ret ? ret : started(r, first_line(r, suffix, err));
}

int rows_open_table(struct rows *r, const char *path, const char *header, const char *more,
		    struct err *err)
{
	int ret;

	*r = (struct rows){ 0 };
	ret = lines_open(&r->lines, path, err);
	if (!ret)
		ret = start_rows(r, err);
	return ret ? ret : started(r, header_line(r, header, more, err));
}

void rows_close(struct rows *r)
{
	csv_free(&r->csv);
	g_free(r->store);
	lines_close(&r->lines);
	*r = (struct rows){ 0 };
}

int rows_next(struct rows *r, struct err *err)
{
	char *line;
	size_t len;
	int ret;

	do {
		ret = lines_next(&r->lines, &line, &len, err);
		if (ret <= 0)
			return ret;
	} while (line[0] == '#' || line[strspn(line, " \t")] == '\0');

	r->nr_fields = r->nr_rows = 0;
	r->stored = 0;
	/* A row is a line here: no quoted newlines, so that lines can be named. */
	if (csv_parse(&r->csv, line, len, on_field, on_row, r) != len ||
	    csv_fini(&r->csv, on_field, on_row, r)) {
		if (csv_error(&r->csv) == CSV_EPARSE)
			return rows_bad(r, err,
					"misplaced or unterminated quote in \"%.60s\", "
					"expected CSV with \"\" for a quote inside quotes",
					line);
		return rows_bad(r, err, "%s", csv_strerror(csv_error(&r->csv)));
	}
	if (r->nr_rows != 1)
		return rows_bad(r, err, "%u rows, expected one per line", r->nr_rows);
	return 1;
}

int rows_count(const struct rows *r, unsigned int min, unsigned int max, const char *usage,
	       struct err *err)
{
	if (r->nr_fields < min)
		return rows_bad(r, err, "%u fields are too few, expected %s", r->nr_fields, usage);
	if (r->nr_fields > max)
		return rows_bad(r, err, "%u fields are too many, expected %s", r->nr_fields, usage);
	return 0;
}

/* Return: false if @s is not a number. A number that does not fit becomes UINT64_MAX. */
static bool parse_number(const char *s, uint64_t *value)
{
	uint64_t v = 0;
	unsigned int base = 10;
	bool big = false;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		int d = base == 16 ? g_ascii_xdigit_value(*s) : g_ascii_digit_value(*s);

		if (d < 0)
			return false;
		if (v > (UINT64_MAX - (uint64_t)d) / base)
			big = true;
		v = v * base + (uint64_t)d;
	}
	*value = big ? UINT64_MAX : v;
	return true;
}

int rows_number(const struct rows *r, unsigned int i, const char *what, uint64_t min, uint64_t max,
		uint64_t *value, struct err *err)
{
	if (!parse_number(r->field[i], value))
		return rows_bad(r, err, "%s \"%.40s\", expected a number", what, r->field[i]);
	if (*value < min || *value > max)
		return rows_bad(r, err, "%s %.40s, expected %" PRIu64 "..%" PRIu64, what,
				r->field[i], min, max);
	return 0;
}

static int header_kv(struct rows *r, struct trace_build *b, bool machine, struct err *err)
{
	int ret = rows_count(r, 3, 3, machine ? ROW_USAGE_MACHINE : ROW_USAGE_NOTE, err);

	if (ret)
		return ret;
	if (!trace_key_ok(r->field[1]))
		return rows_bad(r, err, "key \"%.80s\", expected 1 to 64 of A-Za-z0-9_.-",
				r->field[1]);
	if (!trace_value_ok(r->field[2]))
		return rows_bad(r, err,
				"value of \"%s\", expected at most 4096 bytes without "
				"control characters",
				r->field[1]);
	if (b->nr_ops)
		return rows_bad(r, err, "\"%s\" after an operation, expected it before the first",
				r->field[0]);
	b->line = (uint32_t)r->lines.nr;
	if (!machine) {
		trace_build_note(b, r->field[1], r->field[2]);
		return 1;
	}
	for (uint32_t i = 0; i < b->t->nr_machine; i++)
		if (!strcmp(b->t->machine[i].key, r->field[1]))
			return rows_bad(r, err, "machine key \"%s\" again, expected it once",
					r->field[1]);
	trace_build_machine(b, r->field[1], r->field[2]);
	return 1;
}

/* size=N, in the last field. Return: 0, 1 if it is not there, or a negative errno. */
static int field_size(struct rows *r, uint64_t pages, uint64_t *size, struct err *err)
{
	const unsigned int i = r->nr_fields - 1;
	char *s = r->field[i];
	int ret;

	if (i < 3 || !g_str_has_prefix(s, "size="))
		return 1;
	if (r->version < 2)
		return rows_bad(r, err,
				"\"%.40s\" in a trace of version 1, expected a first line of "
				"\"" TRACE_MAGIC "2\"",
				s);
	r->field[i] = s + strlen("size=");
	ret = rows_number(r, i, "size at the start", 0, pages, size, err);
	r->field[i] = s;
	return ret;
}

static int header_file(struct rows *r, struct trace_build *b, struct err *err)
{
	const char *name;
	uint64_t pages, size;
	uint32_t id;
	bool has_size, shmem;
	int ret = rows_count(r, 3, 5, ROW_USAGE_FILE, err);

	if (ret)
		return ret;
	name = r->field[1];
	if (!trace_file_name_ok(name))
		return rows_bad(r, err,
				"file name \"%.80s\", expected 1 to 255 bytes without "
				"control characters",
				name);
	ret = rows_number(r, 2, "size of file in pages", 1, TRACE_FILE_PAGES_MAX - 1, &pages, err);
	if (ret)
		return ret;
	ret = field_size(r, pages, &size, err);
	if (ret < 0)
		return ret;
	has_size = !ret;
	shmem = r->nr_fields > 3u + has_size;
	if (shmem && strcmp(r->field[3], "shmem"))
		return rows_bad(r, err, "kind of file \"%.40s\", expected shmem or nothing",
				r->field[3]);
	if (r->nr_fields == 5 && !has_size)
		return rows_bad(r, err, "kind of file \"%.40s\", expected size=N or nothing",
				r->field[4]);
	if (trace_build_find(b, name) >= 0)
		return rows_bad(r, err, "file \"%.80s\" again, expected each name once", name);
	ret = trace_build_file(b, name, pages, shmem, &id);
	if (ret == -E2BIG)
		return rows_bad(r, err,
				"file \"%.80s\" of %" PRIu64 " pages brings all files to "
				"%" PRIu64 ", expected less than %u",
				name, pages, b->t->nr_file_pages + pages, TRACE_FILE_PAGES_MAX);
	if (ret)
		return rows_bad(r, err, "file \"%.80s\": %s", name, g_strerror(-ret));
	if (has_size)
		trace_build_size(b, id, (uint32_t)size);
	return 1;
}

int rows_header(struct rows *r, struct trace_build *b, struct err *err)
{
	if (!strcmp(r->field[0], "machine"))
		return header_kv(r, b, true, err);
	if (!strcmp(r->field[0], "note"))
		return header_kv(r, b, false, err);
	if (!strcmp(r->field[0], "file"))
		return header_file(r, b, err);
	return 0;
}

bool rows_probe(const uint8_t *head, size_t len, bool binary)
{
	const char *end = memchr(head, '\n', len);
	const char *text = (const char *)head;
	size_t n = end ? (size_t)(end - text) : len;
	bool has_binary;

	if (n < strlen(TRACE_MAGIC) || memcmp(text, TRACE_MAGIC, strlen(TRACE_MAGIC)))
		return false;
	has_binary = n >= 7 && !memcmp(text + n - 7, ",binary", 7);
	return has_binary == binary;
}
