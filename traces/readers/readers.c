// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/readers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "traces/readers/lines.h"

#define PROBE_BYTES 4096

extern const struct trace_reader text_reader, binary_reader, perf_reader, lackey_reader,
	oracle_reader;

const struct trace_reader *const trace_readers[] = {
	&text_reader, &binary_reader, &perf_reader, &lackey_reader, &oracle_reader, NULL,
};

static char *reader_names(void)
{
	GString *s = g_string_new(NULL);

	for (size_t i = 0; trace_readers[i]; i++)
		g_string_append_printf(s, "%s%s", i ? ", " : "", trace_readers[i]->name);
	return g_string_free(s, FALSE);
}

const struct trace_reader *trace_reader_find(const char *name, struct err *err)
{
	char *names;

	for (size_t i = 0; trace_readers[i]; i++)
		if (!strcmp(trace_readers[i]->name, name))
			return trace_readers[i];
	names = reader_names();
	err_set(err, -EINVAL, "unknown trace format \"%.40s\", expected one of: %s", name, names);
	g_free(names);
	return NULL;
}

const struct trace_reader *trace_reader_probe(const uint8_t *head, size_t len)
{
	for (size_t i = 0; trace_readers[i]; i++)
		if (trace_readers[i]->probe && trace_readers[i]->probe(head, len))
			return trace_readers[i];
	return NULL;
}

static int probe_file(const char *path, const struct trace_reader **reader, struct err *err)
{
	uint8_t head[PROBE_BYTES];
	struct stat st;
	bool failed;
	size_t len;
	char *names;
	FILE *f;

	f = fopen(path, "rb");
	if (!f)
		return path_error(path, "cannot open", errno, err);
	if (!fstat(fileno(f), &st) && !S_ISREG(st.st_mode)) {
		fclose(f);
		if (S_ISDIR(st.st_mode))
			return path_error(path, "cannot read", EISDIR, err);
		return err_at(err, -EINVAL, path, 0,
			      "not a regular file, so its format must be named (--from)");
	}
	len = fread(head, 1, sizeof(head), f);
	failed = ferror(f);
	fclose(f);
	if (failed)
		return path_error(path, "cannot read", EIO, err);
	if (!len)
		return err_at(err, -EINVAL, path, 0, "an empty file, expected a trace");
	*reader = trace_reader_probe(head, len);
	if (*reader)
		return 0;
	names = reader_names();
	err_at(err, -EINVAL, path, 0,
	       "not a trace that can be told from its first bytes; name its format (--from): %s",
	       names);
	g_free(names);
	return -EINVAL;
}

int trace_load(const char *path, const char *format, struct trace **out, struct err *err)
{
	const struct trace_reader *reader = NULL;

	if (format) {
		reader = trace_reader_find(format, err);
		if (!reader)
			return -EINVAL;
	} else {
		int ret = probe_file(path, &reader, err);

		if (ret)
			return ret;
	}
	return reader->read(path, out, err);
}
