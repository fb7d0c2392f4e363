// SPDX-License-Identifier: GPL-2.0-only
/* Checks what stands before the operations of a trace. */
#include <errno.h>
#include <inttypes.h>

#include "sim/trace.h"

static int check_kvs(const struct trace *t, const char *what, const struct trace_kv *kv,
		     uint32_t nr, struct err *err)
{
	for (uint32_t i = 0; i < nr; i++) {
		if (!trace_key_ok(kv[i].key))
			return err_at(err, -EINVAL, t->path, 0,
				      "%s key \"%.80s\", expected 1 to 64 of A-Za-z0-9_.-", what,
				      kv[i].key);
		if (!trace_value_ok(kv[i].value))
			return err_at(err, -EINVAL, t->path, 0,
				      "value of %s \"%s\", expected at most %d bytes without "
				      "control characters",
				      what, kv[i].key, TRACE_VALUE_BYTES_MAX);
	}
	return 0;
}

int trace_check_header(const struct trace *t, struct err *err)
{
	uint64_t first = 0;
	int ret;

	for (uint32_t i = 0; i < t->nr_files; i++) {
		const struct trace_file *f = &t->files[i];

		if (!trace_file_name_ok(f->name))
			return err_at(err, -EINVAL, t->path, 0,
				      "name of file %" PRIu32 ", expected 1 to %d bytes without "
				      "control characters",
				      i, TRACE_NAME_BYTES_MAX);
		if (f->size > f->pages)
			return err_at(err, -EINVAL, t->path, 0,
				      "file \"%s\" begins with %" PRIu32
				      " pages, expected at most the %" PRIu32 " that it ever has",
				      f->name, f->size, f->pages);
		if (!f->pages || f->first != first)
			return err_at(err, -EINVAL, t->path, 0,
				      "file \"%s\" has %" PRIu32 " pages from slot %" PRIu32
				      ", expected at least 1 from %" PRIu64,
				      f->name, f->pages, f->first, first);
		first += f->pages;
		if (first >= TRACE_FILE_PAGES_MAX)
			return err_at(err, -EINVAL, t->path, 0,
				      "%" PRIu64 " file pages, expected less than %u", first,
				      TRACE_FILE_PAGES_MAX);
	}
	if (first != t->nr_file_pages)
		return err_at(err, -EINVAL, t->path, 0,
			      "%" PRIu64 " file pages, expected the sum of all files, %" PRIu64,
			      t->nr_file_pages, first);
	for (uint32_t i = 0; i < t->nr_names; i++)
		if (!trace_mark_name_ok(t->names[i]))
			return err_at(err, -EINVAL, t->path, 0,
				      "mark \"%.80s\", expected 1 to 64 of A-Za-z0-9_.:-",
				      t->names[i]);
	ret = check_kvs(t, "machine", t->machine, t->nr_machine, err);
	return ret ? ret : check_kvs(t, "note", t->notes, t->nr_notes, err);
}
