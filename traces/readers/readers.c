// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/readers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/plugin.h"

#define ENTRY(name) &name,

const struct trace_reader *const trace_readers[] = { TRACE_READERS(ENTRY) NULL };

static char *reader_names(void)
{
	GString *s = g_string_new(NULL);

	for (size_t i = 0; trace_readers[i]; i++)
		g_string_append_printf(s, "%s%s", i ? ", " : "", trace_readers[i]->name);
	return g_string_free(s, FALSE);
}

const struct trace_reader *trace_reader_find(const char *name, struct err *err)
{
	return plugin_find(trace_readers, "trace format", name, err);
}

const struct trace_reader *trace_reader_probe(const uint8_t *head, size_t len)
{
	for (size_t i = 0; trace_readers[i]; i++)
		if (trace_readers[i]->probe && trace_readers[i]->probe(head, len))
			return trace_readers[i];
	return NULL;
}

static int probe_input(const struct input *in, const struct trace_reader **reader, struct err *err)
{
	size_t len;
	const uint8_t *head = input_head(in, &len);
	char *names;

	if (!len)
		return err_at(err, -EINVAL, in->path, 0, "an empty file, expected a trace");
	*reader = trace_reader_probe(head, len);
	if (*reader)
		return 0;
	names = reader_names();
	err_at(err, -EINVAL, in->path, 0, "unrecognized format; use --from with one of: %s", names);
	g_free(names);
	return -EINVAL;
}

/* what was read of a file that changed meanwhile is neither the old nor the new one */
static int read_all(struct input *in, const struct trace_reader *reader, struct trace **out,
		    struct err *err)
{
	int ret = reader->read(in, out, err), changed = input_check_unchanged(in, err);

	if (!ret && changed)
		trace_free(*out);
	return changed ? changed : ret;
}

int trace_load_with(const char *path, const char *format, const struct input_options *options,
		    struct trace **out, struct err *err)
{
	const struct trace_reader *reader = NULL;
	struct input in;
	int ret;

	if (format) {
		reader = trace_reader_find(format, err);
		if (!reader)
			return -EINVAL;
	}
	ret = input_open(&in, path, options, err);
	if (ret)
		return ret;
	if (!reader)
		ret = probe_input(&in, &reader, err);
	if (!ret)
		ret = read_all(&in, reader, out, err);
	input_close(&in);
	return ret;
}

int trace_load(const char *path, const char *format, struct trace **out, struct err *err)
{
	return trace_load_with(path, format, NULL, out, err);
}
