// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output of "valgrind --tool=lackey --trace-mem=yes --log-file=FILE", page by
 * page. Lackey shows every access of one program but no mapping, so this reader invents the
 * address space. Each page from which an instruction was ever fetched is a page of a private r-x
 * mapping of one file "text", in the order of addresses. Every other page is anonymous memory
 * that exists from the start. When it is wrong: read-only data of the program
 * and its libraries counts as anonymous memory, and generated code as file
 * pages (a fetched page that is also written is mapped rwx and gets copied).
 *
 * An access to the page of the previous access of its kind (fetch or data) is
 * merged with it, unless it is the first of the two to write: a page that is
 * accessed again at once can only set its young bit again. An access that
 * straddles two pages touches both. System calls are not visible.
 *
 * A log holds one process. Logs of several processes may follow one another; they become
 * processes that ran one after the other, each with its own text. If processes ran at the same
 * time and share a log, the reader cannot tell them apart.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/lines.h"
#include "traces/readers/scan.h"

#define PAGE_BITS	 12
#define ADDRESS_BITS	 44
#define ACCESS_BYTES_MAX 4096
#define ACCESSES_MAX	 (1u << 30)

enum access {
	ACCESS_FETCH = 1,
	ACCESS_READ = 2,
	ACCESS_WRITE = 4,
};

/* One process, from its "Lackey, an example Valgrind tool" to its exit code. */
struct process {
	uint32_t pid;			/* as valgrind prints it; 0: not known yet */
	bool ended;			/* its exit code was printed */
	GArray *accesses;		/* uint64_t: page << 3 | access */
	GHashTable *pages;		/* page -> every access it ever saw */
	uint64_t last_fetch, last_data; /* as in @accesses; 0: none yet */
	char *command;
};

struct lackey {
	struct lines lines;
	GPtrArray *processes;
	struct process *p; /* the last process */
	uint64_t nr_lines; /* accesses before merging */
};

/*
 * "I  ADDR,SIZE", " L ADDR,SIZE", " S ...", " M ..."; hexadecimal, decimal. Other tools that
 * print this form put one blank after the I, or blanks at the end.
 */
static bool parse_access(const char *line, enum access *access, uint64_t *address, uint64_t *size)
{
	const char *p = skip_blanks(line);
	bool inner = p > line;

	switch (*p) {
	case 'I':
		*access = ACCESS_FETCH;
		inner = !inner;
		break;
	case 'L':
		*access = ACCESS_READ;
		break;
	case 'S':
	case 'M':
		*access = ACCESS_WRITE;
		break;
	default:
		return false;
	}
	if (!inner || p[1] != ' ')
		return false;
	p = skip_blanks(p + 1);
	return scan_digits(&p, 16, address) && scan_word(&p, ",") && scan_u64(&p, size) &&
	       !*skip_blanks(p);
}

static bool is_chatter(const char *line)
{
	return g_str_has_prefix(line, "==") || g_str_has_prefix(line, "--") || !*skip_blanks(line);
}

static void process_free(gpointer data)
{
	struct process *p = data;

	g_array_free(p->accesses, TRUE);
	g_hash_table_destroy(p->pages);
	g_free(p->command);
	g_free(p);
}

static void process_begin(struct lackey *k)
{
	k->p = g_new0(struct process, 1);
	k->p->accesses = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	k->p->pages = g_hash_table_new(NULL, NULL);
	g_ptr_array_add(k->processes, k->p);
}

static int two_processes(const struct lackey *k, uint64_t pid, const char *why, struct err *err)
{
	return err_at(err, -EINVAL, k->lines.path, k->lines.nr,
		      "process %" PRIu64 " %s, and accesses cannot be told apart; expected "
		      "one process at a time: record with valgrind --log-file=NAME.%%p and convert "
		      "the files separately, or one after the other",
		      pid, why);
}

/* "==123== text", or "--123-- text", or an empty line. */
static int take_chatter(struct lackey *k, const char *line, struct err *err)
{
	static const char command[] = " Command: ";
	const char *p = line, *at;
	bool banner;
	uint64_t pid;

	if (!(scan_word(&p, "==") || scan_word(&p, "--")) || !scan_u64(&p, &pid) || !pid ||
	    pid >= SCAN_PID_MAX || !(scan_word(&p, "==") || scan_word(&p, "--")))
		return 0;
	banner = g_str_has_prefix(p, " Lackey, an example Valgrind tool");
	if (banner && k->p->ended)
		process_begin(k);
	else if (banner && k->p->pid)
		return two_processes(k, pid,
				     pid == k->p->pid ? "executes another program"
						      : "starts before the previous one has ended",
				     err);
	if (!k->p->pid)
		k->p->pid = (uint32_t)pid;
	else if (k->p->pid != pid)
		return two_processes(k, pid, "appears in the log of another process", err);
	k->p->ended |= g_str_has_prefix(p, " Exit code:");
	at = strstr(p, command);
	if (at && !k->p->command)
		k->p->command = g_strdup(at + strlen(command));
	return 0;
}

static void take_access(struct process *k, uint64_t page, enum access access)
{
	uint64_t *last = access == ACCESS_FETCH ? &k->last_fetch : &k->last_data;
	uint64_t value = page << 3 | access;
	gpointer key = GUINT_TO_POINTER((guint)page), seen;

	if (*last == value || (*last == (page << 3 | ACCESS_WRITE) && access == ACCESS_READ))
		return;
	*last = value;
	g_array_append_val(k->accesses, value);
	seen = g_hash_table_lookup(k->pages, key);
	if (!(GPOINTER_TO_UINT(seen) & access))
		g_hash_table_insert(k->pages, key,
				    GUINT_TO_POINTER(GPOINTER_TO_UINT(seen) | access));
}

static int take_line(struct lackey *k, const char *line, struct err *err)
{
	uint64_t address, size;
	enum access access;

	if (is_chatter(line))
		return take_chatter(k, line, err);
	if (!parse_access(line, &access, &address, &size))
		return err_at(err, -EINVAL, k->lines.path, k->lines.nr,
			      "\"%.60s\", expected lackey's I, L, S or M with ADDRESS,SIZE "
			      "(use valgrind's --log-file)",
			      line);
	if (!size || size > ACCESS_BYTES_MAX)
		return err_at(err, -EINVAL, k->lines.path, k->lines.nr,
			      "access of %" PRIu64 " bytes, expected 1..%d", size,
			      ACCESS_BYTES_MAX);
	if (address >= (1ull << ADDRESS_BITS) - size)
		return err_at(err, -EINVAL, k->lines.path, k->lines.nr,
			      "address 0x%" PRIx64 ", expected less than 2^%d", address,
			      ADDRESS_BITS);
	if (k->p->accesses->len >= ACCESSES_MAX)
		return err_at(err, -EINVAL, k->lines.path, k->lines.nr,
			      "more than %u accesses after merging, expected fewer", ACCESSES_MAX);
	k->nr_lines++;
	take_access(k->p, address >> PAGE_BITS, access);
	if (address >> PAGE_BITS != (address + size - 1) >> PAGE_BITS)
		take_access(k->p, (address + size - 1) >> PAGE_BITS, access);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The pages in order of address; their number is that of the hash table. */
static uint32_t *sorted_pages(GHashTable *table)
{
	uint32_t nr = g_hash_table_size(table), i = 0;
	uint32_t *pages = g_new(uint32_t, nr);
	GHashTableIter it;
	gpointer key;

	g_hash_table_iter_init(&it, table);
	while (g_hash_table_iter_next(&it, &key, NULL))
		pages[i++] = GPOINTER_TO_UINT(key);
	qsort(pages, nr, sizeof(*pages), by_value);
	return pages;
}

static uint32_t map_flags_of(const struct process *k, uint32_t page)
{
	uint32_t seen = GPOINTER_TO_UINT(g_hash_table_lookup(k->pages, GUINT_TO_POINTER(page)));

	if (!(seen & ACCESS_FETCH))
		return VM_ANON | VM_READ | VM_WRITE;
	return VM_READ | VM_EXEC | (seen & ACCESS_WRITE ? VM_WRITE : 0);
}

static int build_maps(const struct process *k, struct trace_build *b, uint32_t nr_process,
		      struct err *err)
{
	uint32_t nr = g_hash_table_size(k->pages), nr_text = 0, file = 0, end;
	uint32_t *pages = sorted_pages(k->pages);
	char *name =
		nr_process > 1 ? g_strdup_printf("text-%" PRIu32, nr_process) : g_strdup("text");
	int ret = 0;

	for (uint32_t i = 0; i < nr; i++)
		nr_text += !(map_flags_of(k, pages[i]) & VM_ANON);
	if (nr_text)
		ret = trace_build_file(b, name, nr_text, false, &file);
	if (ret)
		ret = err_at(err, -EINVAL, b->t->path, 0, "%" PRIu32 " pages of text, too many",
			     nr_text);
	nr_text = 0;
	for (uint32_t i = 0; i < nr && !ret; i = end) {
		struct op op = {
			.code = OP_MAP,
			.pid = nr_process,
			.at = pages[i],
			.flags = map_flags_of(k, pages[i]),
		};

		for (end = i + 1; end < nr && end - i < OP_PAGES_MAX &&
				  pages[end] == pages[end - 1] + 1 &&
				  map_flags_of(k, pages[end]) == op.flags;)
			end++;
		op.pages = end - i;
		if (!(op.flags & VM_ANON)) {
			op.file = file;
			op.pgoff = nr_text;
			nr_text += op.pages;
		}
		ret = trace_build_op(b, &op, err);
	}
	g_free(name);
	g_free(pages);
	return ret;
}

static int build_process(const struct process *k, struct trace_build *b, uint32_t nr,
			 struct err *err)
{
	struct op op = { .code = OP_SPAWN, .pid = nr };
	int ret = trace_build_op(b, &op, err);

	if (!ret)
		ret = build_maps(k, b, nr, err);
	for (guint i = 0; i < k->accesses->len && !ret; i++) {
		uint64_t a = g_array_index(k->accesses, uint64_t, i);

		op = (struct op){
			.code = OP_TOUCH,
			.pid = nr,
			.at = (uint32_t)(a >> 3),
			.pages = 1,
			.stride = 1,
			.write = a & ACCESS_WRITE,
		};
		ret = trace_build_op(b, &op, err);
	}
	op = (struct op){ .code = OP_EXIT, .pid = nr };
	return ret ? ret : trace_build_op(b, &op, err);
}

static int build(const struct lackey *k, struct trace_build *b, struct err *err)
{
	char *count = g_strdup_printf("%" PRIu64, k->nr_lines);
	int ret = 0;

	trace_build_note(b, "source", "valgrind lackey");
	for (guint i = 0; i < k->processes->len; i++) {
		const struct process *p = k->processes->pdata[i];

		if (p->command)
			trace_build_note(b, "command", p->command);
	}
	trace_build_note(b, "accesses", count);
	trace_build_note(b, "cannot_see",
			 "mappings and system calls: pages that were executed are "
			 "file pages, all others anonymous");
	g_free(count);
	for (guint i = 0; i < k->processes->len && !ret; i++)
		ret = build_process(k->processes->pdata[i], b, i + 1, err);
	return ret;
}

static int lackey_read(struct input *in, struct trace **out, struct err *err)
{
	struct lackey k = { .processes = g_ptr_array_new_with_free_func(process_free) };
	struct trace_build b;
	struct trace *t;
	char *line;
	size_t len;
	int ret;

	process_begin(&k);
	lines_start(&k.lines, in);
	while ((ret = lines_next(&k.lines, &line, &len, err)) > 0) {
		ret = take_line(&k, line, err);
		if (ret)
			break;
	}
	lines_close(&k.lines);
	if (!ret && !k.nr_lines)
		ret = err_at(err, -EINVAL, in->path, 0,
			     "no accesses, expected the output of lackey with --trace-mem=yes");
	if (!ret) {
		trace_build_init(&b, in->path);
		ret = build(&k, &b, err);
		t = trace_build_end(&b);
		if (!ret)
			ret = trace_check(t, NULL, err);
		if (ret)
			trace_free(t);
		else
			*out = t;
	}
	g_ptr_array_free(k.processes, TRUE);
	return ret;
}

static bool lackey_probe(const uint8_t *head, size_t len)
{
	const char *p = (const char *)head, *end = p + len, *nl;

	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
		char *line = g_strndup(p, (gsize)(nl - p));
		uint64_t address, size;
		enum access access;
		bool yes, chatter = is_chatter(line);

		yes = chatter ? strstr(line, " Lackey, an example Valgrind tool") != NULL
			      : parse_access(line, &access, &address, &size);
		g_free(line);
		if (yes || !chatter)
			return yes;
	}
	return false;
}

const struct trace_reader lackey_reader = {
	.name = "lackey",
	.summary = "valgrind --tool=lackey --trace-mem=yes, page by page",
	.probe = lackey_probe,
	.read = lackey_read,
};
