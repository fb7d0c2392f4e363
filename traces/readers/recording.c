// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#define NOTES_MAX 64u

static void note(struct trace_build *b, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct trace_build *b, const char *key, const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	s = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	trace_build_note(b, key, s);
	g_free(s);
}

static void add_notes(struct recording *rec)
{
	const struct rb_counts *n = &rec->rb.counts;
	struct trace_build *b = &rec->b;

	trace_build_note(b, "limits",
			 "a fault trace: an access to a page that is mapped already, "
			 "also by fault-around, does not show; touches are the accesses that are "
			 "certain");
	note(b, "imported",
	     "%" PRIu64 " %s events: %" PRIu64 " faults (%" PRIu64 " of them not "
	     "on user memory), %" PRIu64 " forks, %" PRIu64 " vforks, %" PRIu64 " execs, %" PRIu64
	     " exits, %" PRIu64 " of these by SIGKILL; %" PRIu64 " file reads (%" PRIu64
	     " went on where the last one was), %" PRIu64 " file writes, %" PRIu64
	     " files deleted or cut",
	     rec->nr_events, rec->recorder, n->faults, n->faults_dropped, n->forks, n->vforks,
	     n->execs, n->exits, n->kills, n->reads, n->reads_merged, n->writes, n->retired);
	if (n->checked)
		note(b, "agreement",
		     "%" PRIu64 " of %" PRIu64 " page-cache faults name the page "
		     "that the rebuilt mapping says",
		     n->agreed, n->checked);
	note(b, "lost-events", "%" PRIu64, rec->lost);
}

/*
 * A limit under which the replay has to reclaim: room for the anonymous memory
 * at its peak, which cannot go anywhere without swap, and for half of the file
 * pages. Those are counted in the blocks of 16 that fault-around brings in, as
 * the recording does not say which of them were used.
 */
static void add_machine(struct recording *rec)
{
	struct trace_build *b = &rec->b;
	enum { LEAST = 512 };
	uint64_t cpus = MIN(MAX(rec->cpus, rec->rb.max_cpu + 1ull), 8);
	uint64_t pages = rec->rb.anon_peak + rec->rb.used_pages / 2;
	char *memory = g_strdup_printf("%" PRIu64, MIN(MAX(pages, LEAST), UINT32_MAX));
	char *s = g_strdup_printf("%" PRIu64, cpus);

	trace_build_machine(b, "memcg_pages", memory);
	trace_build_machine(b, "cpus", s);
	trace_build_machine(b, "readahead_pages", "32");
	trace_build_machine(b, "fault_around_pages", "16");
	trace_build_machine(b, "prefault", "young");
	note(b, "memory",
	     "memcg_pages is the peak of anonymous memory, %" PRIu64 ", and half of "
	     "the %" PRIu64 " file pages in 64 KiB blocks that were used",
	     rec->rb.anon_peak, rec->rb.used_pages);
	g_free(memory);
	g_free(s);
}

void recording_begin(struct recording *rec, const char *recorder, struct input *in, struct err *err)
{
	*rec = (struct recording){ .recorder = recorder, .in = in };
	trace_build_init(&rec->b, in->path);
	rb_init(&rec->rb, in->path, err);
}

int recording_bad(struct recording *rec, const char *what, const char *have, const char *expected)
{
	return err_at(rec->rb.err, -EINVAL, rec->rb.path, rec->rb.line, "%s \"%.80s\", expected %s",
		      what, have, expected);
}

void recording_note(struct recording *rec, const char *key, const char *value)
{
	if (rec->nr_notes == NOTES_MAX || !trace_key_ok(key) || !*value)
		return;
	trace_build_note(&rec->b, key, value);
	rec->nr_notes++;
}

int recording_end(struct recording *rec, int ret, struct trace **out, struct err *err)
{
	GArray *line_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct trace *t;

	if (!ret)
		ret = rb_finish(&rec->rb, &rec->b, line_of);
	if (ret) {
		trace_build_abort(&rec->b);
	} else {
		add_notes(rec);
		add_machine(rec);
		t = trace_build_end(&rec->b);
		ret = trace_check(t, (const uint32_t *)(const void *)line_of->data, err);
		if (ret)
			trace_free(t);
		else
			*out = t;
	}
	rb_release(&rec->rb);
	g_array_free(line_of, TRUE);
	return ret;
}
