// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "traces/readers/scan.h"

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

/* names -> counts */

static void count_name(GHashTable *names, const char *name, size_t len)
{
	enum { NAMES = 64 };
	char key[96];
	uint32_t n;

	g_strlcpy(key, name, MIN(len, sizeof(key) - 1) + 1);
	n = GPOINTER_TO_UINT(g_hash_table_lookup(names, key));
	if (n ? n < UINT32_MAX : g_hash_table_size(names) < NAMES)
		g_hash_table_insert(names, g_strdup(key), GUINT_TO_POINTER(n + 1));
}

static gint by_count(gconstpointer a, gconstpointer b, gpointer data)
{
	uint32_t x = GPOINTER_TO_UINT(g_hash_table_lookup(data, a));
	uint32_t y = GPOINTER_TO_UINT(g_hash_table_lookup(data, b));

	return x != y ? (x < y) - (x > y) : strcmp(a, b);
}

/* "12 a, 3 b", the most frequent first; empty if there is none. */
static char *list_names(GHashTable *names)
{
	GList *keys = g_list_sort_with_data(g_hash_table_get_keys(names), by_count, names);
	GString *s = g_string_new(NULL);
	unsigned int nr = 0;

	for (GList *l = keys; l && nr < 5; l = l->next, nr++)
		g_string_append_printf(s, "%s%u %.90s", nr ? ", " : "",
				       GPOINTER_TO_UINT(g_hash_table_lookup(names, l->data)),
				       (const char *)l->data);
	g_list_free(keys);
	return g_string_free(s, FALSE);
}

void recording_unused(struct recording *rec, const char *name, size_t len)
{
	count_name(rec->unused, name, len);
}

void recording_name(struct recording *rec, uint32_t tid, const char *name, size_t len)
{
	enum { NAME_BYTES = 64 };

	if (tid && tid < SCAN_PID_MAX && len)
		g_hash_table_insert(rec->names, GUINT_TO_POINTER(tid),
				    g_strndup(name, MIN(len, NAME_BYTES)));
}

void recording_killer(struct recording *rec, uint32_t tid)
{
	const char *name = g_hash_table_lookup(rec->names, GUINT_TO_POINTER(tid));

	count_name(rec->killers, name ? name : "unknown", SIZE_MAX);
}

/* A replay of a trace without any access would give zeros, which a user might believe. */
static int check_usable(const struct recording *rec, struct err *err)
{
	const struct rb_counts *n = &rec->rb.counts;
	char *unused;

	if (n->faults > n->faults_dropped || n->reads || n->writes)
		return 0;
	unused = list_names(rec->unused);
	err_at(err, -EINVAL, rec->in->path, 0,
	       "%" PRIu64
	       " events%s%s%s, none of them a page fault in user memory with its address, "
	       "or a read or write of a file, that can be used; %" PRIu64 " faults elsewhere, "
	       "%" PRIu64 " beyond what a trace can hold; record with traces/record/record.sh, "
	       "which names the events",
	       rec->nr_events, *unused ? " (" : "", unused, *unused ? ")" : "", n->faults_dropped,
	       n->left_out);
	g_free(unused);
	return -EINVAL;
}

static int check_agreement(const struct recording *rec, struct err *err)
{
	enum { DEFAULT_PERCENT = 90 };
	const struct rb_counts *n = &rec->rb.counts;
	int asked = rec->in->options->min_agreement;
	uint64_t percent = (uint64_t)(asked ? asked : DEFAULT_PERCENT);

	if (asked < 0 || n->agreed * 100 >= n->checked * percent)
		return 0;
	return err_at(err, -EINVAL, rec->in->path, 0,
		      "%" PRIu64 " of %" PRIu64 " page-cache faults name the page that the "
		      "mappings say, expected %" PRIu64 "%% or more; %" PRIu64 " are where no "
		      "mapping was recorded (mappings of data need perf record -d; those made "
		      "before the recording need perf from its start); --min-agreement takes "
		      "less",
		      n->agreed, n->checked, percent, n->unmapped);
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
	if (rec->rb.ends)
		note(b, "files", "%" PRIu64 " created, %" PRIu64 " times fsync()", n->created,
		     n->synced);
	if (rec->rb.no_maps)
		note(b, "mappings",
		     "the recorder sees none: what the page cache says of a fault is an access to "
		     "a "
		     "page of a file, mapped at a made-up place; all else is anonymous memory");
	else if (n->checked)
		note(b, "agreement",
		     "%" PRIu64 " of %" PRIu64 " page-cache faults name the page "
		     "that the rebuilt mapping says",
		     n->agreed, n->checked);
	if (g_hash_table_size(rec->killers)) {
		char *who = list_names(rec->killers);

		note(b, "sigkill-sent-by", "%s", who);
		g_free(who);
	}
	if (n->ooms)
		note(b, "oom-kills", "%" PRIu64 " processes by the OOM killer", n->ooms);
	if (rec->nr_software)
		note(b, "reads-and-writes",
		     "%" PRIu64 " faults are of a software event, which does not say whether they "
		     "were reads or writes: they count as reads",
		     rec->nr_software);
	if (rec->sampled)
		note(b, "sampled",
		     "%" PRIu64
		     " events stand for several faults each, which are lost: perf record "
		     "needs -c 1",
		     rec->sampled);
	if (n->joined)
		note(b, "joined-files",
		     "%" PRIu64
		     " files have another number, or none, in their mappings than in the "
		     "page cache, whose faults say which they are",
		     n->joined);
	if (n->left_out)
		note(b, "left-out",
		     "%" PRIu64
		     " events beyond what a trace can hold: pages of a file or a mapping "
		     "of 2^32 and more, reads and writes of 2 GiB and more",
		     n->left_out);
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
	if (rec->readahead_pages) {
		g_autofree char *window = g_strdup_printf("%" PRIu64, rec->readahead_pages);

		trace_build_machine(b, "readahead_pages", window);
	} else {
		trace_build_machine(b, "readahead_pages", "32");
	}
	if (rec->file_system)
		trace_build_machine(b, "file_system", rec->file_system);
	trace_build_machine(b, "fault_around_pages", "16");
	trace_build_machine(b, "prefault", rec->arm64 ? "old" : "young");
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
	rec->unused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	rec->names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	rec->killers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
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

/* A larger page becomes several of 4 KiB, which are always used together. */
int recording_page_size(struct recording *rec, const char *text)
{
	const char *p = text;
	uint64_t bytes;

	if (!scan_u64(&p, &bytes) || *p || (bytes != 4096 && bytes != 16384 && bytes != 65536))
		return recording_bad(rec, "page size", text, "4096, 16384 or 65536");
	rec->rb.page_pages = (unsigned int)(bytes / 4096);
	return 0;
}

void recording_file_systems(struct recording *rec, const char *text)
{
	/* as statfs(2) and the machine key name them */
	static const char *const names[][2] = {
		{ "ext4", "ext4" },    { "xfs", "xfs" },	   { "btrfs", "btrfs" },
		{ "erofs", "erofs" },  { "squashfs", "squashfs" }, { "fuse", "fuse" },
		{ "fuseblk", "fuse" }, { "overlay", "overlayfs" }
	};
	g_auto(GStrv) list = g_strsplit(text, ", ", -1);

	for (char **item = list; *item && !rec->file_system; item++) {
		const size_t len = strcspn(*item, " ");

		if (len == 5 && !strncmp(*item, "tmpfs", 5))
			continue;
		for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
			if (strlen(names[i][0]) == len && !strncmp(*item, names[i][0], len))
				rec->file_system = names[i][1];
		return;
	}
}

void recording_readahead(struct recording *rec, const char *text)
{
	const char *at = strchr(text, ' ');
	uint64_t kb;

	if (!at)
		return;
	at++;
	if (scan_u64(&at, &kb) && g_str_has_prefix(at, " kB") && kb / 4 <= 1 << 16)
		rec->readahead_pages = kb / 4;
}

int recording_end(struct recording *rec, int ret, struct trace **out, struct err *err)
{
	struct spill line_of;
	struct trace *t;

	spill_init(&line_of, sizeof(uint32_t));
	if (!ret)
		ret = check_usable(rec, err);
	if (!ret)
		ret = check_agreement(rec, err);
	if (!ret)
		ret = rb_finish(&rec->rb, &rec->b, &line_of);
	if (ret) {
		trace_build_abort(&rec->b);
	} else {
		add_notes(rec);
		add_machine(rec);
		t = trace_build_end(&rec->b);
		ret = trace_check(t, (const uint32_t *)spill_at(&line_of, 0), err);
		if (ret)
			trace_free(t);
		else
			*out = t;
	}
	rb_release(&rec->rb);
	g_hash_table_destroy(rec->unused);
	g_hash_table_destroy(rec->names);
	g_hash_table_destroy(rec->killers);
	spill_release(&line_of);
	return ret;
}
