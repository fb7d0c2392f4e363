// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads perf.data, which only perf can do: this reader runs the machine's own perf on it, and
 * traces/readers/perf.c reads its text. A perf older than the recording one may refuse the file
 * or not know its events.
 *
 * perf gets the file as the number of its standard input, not by name, so that nothing interprets
 * the name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/child.h"
#include "traces/readers/perf.h"

static int run_perf(int fd, void *data)
{
	char *path = g_strdup_printf("/proc/self/fd/%d", dup(fd)); /* without close-on-exec */
	const char *const argv[] = {
		"perf",
		"script",
		"-i",
		path,
		"--force",
		"--show-mmap-events",
		"--show-task-events",
		"--show-lost-events",
		"-F",
		data,
		NULL,
	};

	execvp(argv[0], (char *const *)(uintptr_t)argv);
	fprintf(stderr, "perf is not there: %s (on Debian: apt-get install linux-perf)\n",
		strerror(errno));
	return 127;
}

static int read_fields(struct input *in, const char *fields, struct trace **out, bool *refused,
		       struct err *err)
{
	struct trace *t = NULL;
	struct child c;
	int ret = child_begin(&c, in, "perf script", run_perf, in->fd, (char *)(uintptr_t)fields,
			      err);

	if (ret)
		return ret;
	ret = child_end(&c, perf_read(&c.text, &t, err), err);
	*refused = c.failed;
	if (ret)
		trace_free(t);
	else
		*out = t;
	return ret;
}

static int perfdata_read(struct input *in, struct trace **out, struct err *err)
{
	struct err why = { "" };
	bool refused = false;
	int ret = input_make_plain(in, err);

	if (ret)
		return ret;
	ret = read_fields(in, "+addr,-ip,-sym,-symoff,-dso", out, &refused, &why);
	/* recorded without -d: tracepoints have what they need in their own fields */
	if (refused && strstr(why.msg, "do not have ADDR"))
		ret = read_fields(in, "-ip,-sym,-symoff,-dso", out, &refused, &why);
	if (!ret)
		return 0;
	return err_set(err, ret, "%s%s", why.msg,
		       refused ? " (a perf.data needs a perf as new as the one that wrote it: run "
				 "perf script there, as traces/record/record.sh does, and convert "
				 "its text)"
			       : "");
}

static bool perfdata_probe(const uint8_t *head, size_t len)
{
	static const char *const magics[] = { "PERFILE2", "2ELIFREP", "PERFFILE" };

	for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
		if (len >= 8 && !memcmp(head, magics[i], 8))
			return true;
	return false;
}

extern const struct trace_reader perfdata_reader;

const struct trace_reader perfdata_reader = {
	.name = "perf.data",
	.summary = "recording of perf, read by the installed perf script",
	.probe = perfdata_probe,
	.read = perfdata_read,
};
