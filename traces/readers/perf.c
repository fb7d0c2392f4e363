// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the text of "perf script": the activity of a real machine, fault by fault.
 *
 * traces/record/record.sh creates such files. The reader also accepts, without that header, the
 * output of
 *
 *	perf script --show-mmap-events --show-task-events
 *
 * if it has exceptions:page_fault_user, or the software event page-faults with its address (-F
 * +addr). Each line is one event; command,
 * CPU and period may be missing, call chains are skipped:
 *
 *	COMMAND PID/TID [CPU] SECONDS.MICROSECONDS: PERIOD EVENT: ARGUMENTS
 *
 * Limits of a fault trace. A fault is the first access to a page that the process has not mapped
 * yet. Later accesses are not visible, nor is an access to a page that fault-around mapped
 * together with its neighbours. So the touches of the trace are only the certain accesses. A
 * replay has its own fault-around, so a page that did not fault in the recording may fault, or
 * not be touched at all, in the replay. Therefore too few PTEs are young because of repeated use.
 *
 * Rules by which the rest is rebuilt (rebuild.c), and when they are wrong:
 *
 * - Threads act as their process. For a thread that started before the recording, the COMM and
 *   FORK lines of time 0, or PID/TID, name its process. Otherwise the thread counts as a process,
 *   and its real process seems to end early.
 * - A process that ran before the recording starts empty at its first event:
 *   its older mappings are unknown, faults in them look anonymous.
 * - A child that shares its parent's memory (vfork, posix_spawn) runs in its
 *   parent's space until it executes. That needs task:task_newtask; without
 *   it, the child is a fork that copies mappings it never had.
 * - If a process number starts again, its previous process ends at that time.
 * - SIGKILL sent (signal:signal_generate) makes the end a kill; so does
 *   SIGKILL delivered to a process with one thread. A process with several
 *   that is killed from outside the recording seems to exit by itself.
 * - File mappings are those of PERF_RECORD_MMAP(2); the part beyond the end of
 *   the file is cut off. A new mapping replaces what it overlaps, unless the
 *   same pages of the same file were mapped there and already used: then it is
 *   mprotect(), and adds permissions to all of the mapping that it hits. Wrong if a file is
 *   unmapped and mapped again at the same place while munmap is not recorded: its pages then
 *   count as still mapped.
 * - munmap and madvise come from raw_syscalls:sys_enter with the numbers of
 *   x86-64 (11 and 28). A call that failed counts as done. Recordings without
 *   them keep every mapping until exec or exit. mremap is not visible: a moved mapping stays at
 *   its old address, and is anonymous at its new one.
 * - Anonymous memory (heap, stack, //anon) is mapped when a fault shows that
 *   it is used, in aligned blocks of up to 512 pages between known mappings.
 *   So is any unknown address. This also covers brk and stack growth; memory freed by a shrinking
 *   brk stays mapped.
 * - Mappings of devices, huge pages, buffers of GPUs, the vdso and vsyscall, and
 *   faults in them, are left out, as are faults at kernel addresses.
 * - Pages of 16 or 64 KiB are 4 or 16 of 4 KiB, used together.
 * - Addresses become 32-bit page numbers, in chunks of 1 GiB, so that every
 *   alignment within page tables is kept, and fault-around sees the same.
 * - A write fault in a private file mapping stays a write: the replay copies.
 * - Faults on pages one after the other, with nothing in between, are one
 *   touch of several pages.
 * - exceptions:page_fault_kernel counts if the address belongs to the process: the kernel
 *   accessed the memory on its behalf.
 * - read(2) comes from filemap:mm_filemap_get_pages, also of execve() and of
 *   readahead() calls. A read that begins in the page where the last read of
 *   the process ended, in the same file, leaves out that page, as the kernel marks it once
 *   (ra->prev_pos). Wrong if two descriptors read alternately.
 * - write(2) comes from ext4's write_begin events; on other file systems writes are not visible.
 * - Files are identified by device and inode, so that copies under one path differ. A
 *   mapping may name another inode than the page cache (overlayfs), or none
 *   (build ids): it is the file that the page cache names for a fault in it
 *   (mm_filemap_fault, mm_filemap_map_pages), or without any, the file of that
 *   path in the recorder's list. Wrong if a file of an overlay is written while it is mapped: the
 *   mapping counts for either the new copy or the old one.
 * - If fewer than 90% of these events agree with the mappings, the mappings are not those of the
 *   recorded processes, and the reader refuses the recording.
 * - Accesses beyond the limits of a trace (a page of a file at 16 TiB and more, more than 16 TiB
 *   of addresses in one process) are left out and counted.
 *   The size of a file is the one that the recorder found at the end; else the largest page
 *   cached, faulted or written; else the end of a mapping or read, which may
 *   lie beyond the end of the file.
 * - New files, deletions, truncates and fsync() come from ext4's events; rebuild-ends.c has their
 *   rules. In a recording without them, when page 0 of a file that was written leaves the page
 *   cache, the file was deleted or truncated: later events with its number mean a new file, and
 *   the pages of the old one stay in the replay's cache. Wrong if the recorded processes had to
 *   reclaim.
 * - Gaps of at least 1 ms become time: the real machine computed or waited, device time included.
 * - Lost events are counted in a note; the trace then has holes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/lines.h"
#include "traces/readers/perf.h"
#include "traces/readers/recording.h"
#include "traces/readers/scan.h"
#include "traces/readers/tracepoints.h"

#define PAGE_SHIFT_ 12

/* struct line - one line of perf script. */
struct line {
	struct rb_event ev; /* who, where and when */
	uint64_t period;    /* 0: not printed */
	const char *name;   /* up to a blank or parenthesis, without a colon at its end */
	size_t name_len;
	const char *args;
};

/* struct perf - what is known of the file besides its events. */
struct perf {
	struct recording rec;
	bool ours; /* traces/record/record.sh wrote the header */
};

/* "comm  123/456 [001] " before the stamp; the command may hold anything, and
 * the CPU is missing where it was not recorded. */
static bool scan_ids(const char *line, const char *end, struct rb_event *ev)
{
	const char *p, *s;
	uint64_t cpu = 0;

	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end > line && end[-1] == ']') {
		for (p = end - 1; p > line && g_ascii_isdigit(p[-1]);)
			p--;
		s = p;
		if (p == line || p[-1] != '[' || !scan_u64(&s, &cpu) || cpu > TRACE_CPU_MAX)
			return false;
		for (end = p - 1; end > line && end[-1] == ' ';)
			end--;
	}
	for (p = end; p > line && (g_ascii_isdigit(p[-1]) || p[-1] == '/' || p[-1] == '-');)
		p--;
	if ((p > line && p[-1] != ' ' && p[-1] != '\t') || !scan_id(&p, &ev->tid))
		return false;
	ev->cpu = (uint32_t)cpu;
	ev->pid = 0;
	if (*p == '/') {
		p++;
		ev->pid = ev->tid;
		if (!scan_id(&p, &ev->tid))
			return false;
	}
	return p == end;
}

static bool scan_line(const char *line, struct line *l)
{
	for (const char *dot = strchr(line, '.'); dot; dot = strchr(dot + 1, '.')) {
		const char *start, *p, *name;

		if (!scan_stamp(line, dot, &start, &p, &l->ev.ns) || !scan_ids(line, start, &l->ev))
			continue;
		name = p = skip_blanks(p);
		l->period = 0;
		if (scan_u64(&p, &l->period) && *p == ' ')
			name = skip_blanks(p);
		for (p = name; *p && *p != ' ' && *p != '(';)
			p++;
		/* the colon inside "filemap:mm_filemap_fault:" is part of the name */
		l->args = skip_blanks(p);
		if (p > name && p[-1] == ':')
			p--;
		l->name = name;
		l->name_len = (size_t)(p - name);
		return l->name_len > 0;
	}
	return false;
}

/* A frame of a call chain: an address, and mostly a symbol, under its event. */
static bool is_frame(const char *line)
{
	const char *p = skip_blanks(line);
	uint64_t address;

	return p > line && scan_digits(&p, 16, &address) && (!*p || *p == ' ');
}

/* perf's own events, about tasks and mappings. */

/* "(pid:tid):(ppid:ptid)" */
static bool scan_task(const char *p, uint32_t id[4])
{
	return scan_word(&p, "(") && scan_id(&p, &id[0]) && scan_word(&p, ":") &&
	       scan_id(&p, &id[1]) && scan_word(&p, "):(") && scan_id(&p, &id[2]) &&
	       scan_word(&p, ":") && scan_id(&p, &id[3]) && scan_word(&p, ")");
}

static int on_fork(struct recording *rec, const struct line *l, struct rb_event *ev)
{
	const char *args = l->args;
	uint32_t id[4];

	if (!scan_task(args, id))
		return recording_bad(rec, "fork", args, "(PID:TID):(PID:TID)");
	/* perf also lists what ran before the recording, at time 0 */
	ev->kind = ev->ns ? RB_FORK : RB_THREAD;
	ev->task.pid = id[0];
	ev->task.tid = id[1];
	ev->task.ppid = id[2];
	ev->task.ptid = id[3];
	rb_event(&rec->rb, ev);
	return 0;
}

static int on_task_exit(struct recording *rec, const struct line *l, struct rb_event *ev)
{
	const char *args = l->args;
	uint32_t id[4];

	if (!scan_task(args, id))
		return recording_bad(rec, "exit", args, "(PID:TID):(PID:TID)");
	ev->kind = RB_EXIT;
	ev->task.pid = id[0];
	ev->task.tid = id[1];
	rb_event(&rec->rb, ev);
	return 0;
}

/* " exec: name:pid/tid" or ": name:pid/tid"; the name may hold anything. */
static int on_comm(struct recording *rec, const struct line *l, struct rb_event *ev)
{
	bool exec = l->name[l->name_len] != ':' && g_str_has_prefix(l->args, "exec: ");
	const char *p = strrchr(l->args, ':'), *name;

	if (!p || !scan_word(&p, ":") || !scan_id(&p, &ev->task.pid) || !scan_word(&p, "/") ||
	    !scan_id(&p, &ev->task.tid) || *p)
		return recording_bad(rec, "name of a command", l->args, "NAME:PID/TID");
	name = exec ? l->args + strlen("exec: ") : l->args;
	recording_name(rec, ev->task.tid, name, (size_t)(strrchr(name, ':') - name));
	ev->kind = exec ? RB_EXEC : RB_THREAD;
	rb_event(&rec->rb, ev);
	return 0;
}

/* "r-xp " or, in PERF_RECORD_MMAP, "x " for code and "r " for data */
static bool scan_perms(const char **p, uint32_t *flags)
{
	const char *s = *p;

	*flags = 0;
	if (s[0] && s[1] == ' ' && (s[0] == 'x' || s[0] == 'r')) {
		*flags = s[0] == 'x' ? VM_READ | VM_EXEC : VM_READ;
		*p = s + 2;
		return true;
	}
	for (unsigned int i = 0; i < 3; i++)
		if (s[i] != "rwx"[i] && s[i] != '-')
			return false;
	if ((s[3] != 'p' && s[3] != 's') || s[4] != ' ')
		return false;
	*flags = (s[0] == 'r' ? VM_READ : 0) | (s[1] == 'w' ? VM_WRITE : 0) |
		 (s[2] == 'x' ? VM_EXEC : 0) | (s[3] == 's' ? VM_SHARED : 0);
	*p = s + 5;
	return true;
}

/* " fe:00 332383 0]: ": device in hexadecimal, inode and generation */
static bool scan_map_file(const char **p, struct rb_file_id *id)
{
	uint64_t major, minor, generation;
	const char *s = *p;

	if (*s++ != ' ' || !scan_digits(&s, 16, &major) || *s++ != ':' ||
	    !scan_digits(&s, 16, &minor) || *s++ != ' ' || !scan_u64(&s, &id->ino) || *s++ != ' ' ||
	    !scan_u64(&s, &generation) || major > UINT32_MAX - 1 || minor > UINT32_MAX)
		return false;
	id->dev = major << 32 | minor;
	*p = s;
	return true;
}

/* "pid/tid: [0x400000(0x1000) @ 0x2000 fe:00 332383 0]: r-xp /usr/bin/x" */
static int on_mmap(struct recording *rec, const struct line *l, struct rb_event *ev)
{
	const char *args = l->args;
	static const char expected[] = "PID/TID: [ADDR(LEN) @ OFFSET ...]: PERMS NAME";
	uint64_t address, bytes, offset;
	struct rb_map *m = &ev->map;
	const char *p = args;
	bool known;

	*m = (struct rb_map){ .name = "" };
	if (!scan_id(&p, &ev->task.pid) || !scan_word(&p, "/") || !scan_id(&p, &ev->task.tid) ||
	    !scan_word(&p, ": [") || !scan_hex(&p, &address) || !scan_word(&p, "(") ||
	    !scan_hex(&p, &bytes) || !scan_word(&p, ") @ ") || !scan_hex(&p, &offset))
		return recording_bad(rec, "mapping", args, expected);
	known = scan_map_file(&p, &m->id);
	p = strstr(p, "]: ");
	if (!p)
		return recording_bad(rec, "mapping", args, expected);
	p += 3;
	if (!scan_perms(&p, &m->flags))
		return recording_bad(rec, "permissions of a mapping", p, "such as r-xp");
	/* the kernel and its modules belong to no process */
	if (!ev->task.pid || !ev->task.tid)
		return 0;
	m->name = p;
	m->start = address >> PAGE_SHIFT_;
	m->pages = bytes / 4096 + !!(bytes % 4096);
	m->pgoff = offset >> PAGE_SHIFT_;
	if (!known && m->name[0] == '/' && m->name[1] != '/')
		m->id = (struct rb_file_id){ RB_DEV_PATH, rb_path_ino(&rec->rb, m->name) };
	ev->kind = RB_MMAP;
	rb_event(&rec->rb, ev);
	return 0;
}

static int on_lost(struct recording *rec, const struct line *l, struct rb_event *ev)
{
	const char *args = l->args;
	const char *p = args;
	uint64_t n;

	if (!find_field(&p, "lost ") || !scan_u64(&p, &n))
		return recording_bad(rec, "lost events", args, "lost N");
	(void)ev;
	rec->lost += n;
	return 0;
}

static const struct {
	const char *name;
	int (*on)(struct recording *rec, const struct line *l, struct rb_event *ev);
} records[] = {
	{ "PERF_RECORD_FORK", on_fork },	 { "PERF_RECORD_EXIT", on_task_exit },
	{ "PERF_RECORD_COMM", on_comm },	 { "PERF_RECORD_MMAP", on_mmap },
	{ "PERF_RECORD_MMAP2", on_mmap },	 { "PERF_RECORD_LOST", on_lost },
	{ "PERF_RECORD_LOST_SAMPLES", on_lost },
};

/* A software event, "page-faults" or "page-faults:u" and the like. */
static bool is_software_fault(const struct line *l)
{
	static const char *const names[] = { "page-faults", "faults", "minor-faults",
					     "major-faults" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		size_t n = strlen(names[i]);

		if (l->name_len >= n && !memcmp(l->name, names[i], n) &&
		    (l->name_len == n || l->name[n] == ':'))
			return true;
	}
	return false;
}

/* A word that is a hexadecimal number, and the blanks behind it. */
static bool scan_address(const char **p, uint64_t *address)
{
	const char *s = *p;

	if (!scan_hex(&s, address) || (*s && *s != ' '))
		return false;
	*p = skip_blanks(s);
	return true;
}

/*
 * "ADDR" or "ADDR SYMBOL (FILE) IP ...". "IP SYMBOL (FILE)" alone is the program counter, not the
 * address of the access. Nothing shows whether the access was a write.
 */
static void on_software_fault(struct recording *rec, struct line *l)
{
	const char *p = l->args;
	uint64_t address, ip;

	if (scan_address(&p, &address)) {
		if (*p && !scan_address(&p, &ip)) {
			p = strchr(p, ')');
			p = p ? skip_blanks(p + 1) : "";
			if (!scan_address(&p, &ip))
				p = NULL;
		}
		if (p) {
			rec->sampled += l->period > 1;
			rec->nr_software++;
			l->ev.kind = RB_FAULT;
			l->ev.fault.page = address >> PAGE_SHIFT_;
			l->ev.fault.write = false;
			rb_event(&rec->rb, &l->ev);
			return;
		}
	}
	recording_unused(rec,
			 "page-faults without address (perf record -d -c 1, perf script "
			 "-F +addr)",
			 SIZE_MAX);
}

static int take(struct recording *rec, struct line *l)
{
	rec->nr_events++;
	for (size_t i = 0; i < G_N_ELEMENTS(records); i++)
		if (!strncmp(records[i].name, l->name, l->name_len) &&
		    !records[i].name[l->name_len])
			return records[i].on(rec, l, &l->ev);
	if (is_software_fault(l)) {
		on_software_fault(rec, l);
		return 0;
	}
	return tracepoint_take(rec, l->name, l->name_len, l->args, &l->ev);
}

/* The header */

/* "254:0 7806977 1168 ext4 /etc/ssl/x" */
static int on_file_line(struct recording *rec, const char *args)
{
	struct rb_file_id id;
	uint64_t major, minor, bytes;
	const char *p = args, *fs;
	bool shmem;

	if (!scan_u64(&p, &major) || *p++ != ':' || !scan_u64(&p, &minor) || *p++ != ' ' ||
	    !scan_u64(&p, &id.ino) || *p++ != ' ' || !scan_u64(&p, &bytes) || *p++ != ' ' ||
	    major > UINT32_MAX - 1 || minor > UINT32_MAX)
		return recording_bad(rec, "file", args, "MAJOR:MINOR INODE BYTES FSTYPE PATH");
	fs = p;
	while (*p && *p != ' ')
		p++;
	shmem = p - fs == 5 && !memcmp(fs, "tmpfs", 5);
	if (p == fs || *p++ != ' ' || *p != '/')
		return recording_bad(rec, "file", args, "MAJOR:MINOR INODE BYTES FSTYPE PATH");
	id.dev = major << 32 | minor;
	rb_file_known(&rec->rb, id, bytes, shmem, p);
	return 0;
}

static int on_cpus_line(struct recording *rec, const char *args)
{
	const char *p = args;

	if (!scan_u64(&p, &rec->cpus) || *p || !rec->cpus || rec->cpus > TRACE_CPU_MAX + 1)
		return recording_bad(rec, "number of CPUs", args, "1 to 8192");
	return 0;
}

/* "# nrcpus online : 4": the lines of perf script --header that a trace needs. The name of the
 * host, which is private, is left out. */
static int on_perf_header(struct perf *im, char *line)
{
	static const char *const kept[][2] = { { "os release", "kernel" },
					       { "arch", "arch" },
					       { "perf version", "recorder" } };
	char *value = strstr(line, " : ");
	const char *key = line + 2;
	size_t len;

	if (line[1] != ' ' || !value || value < key)
		return 0;
	for (len = (size_t)(value - key); len && key[len - 1] == ' ';)
		len--;
	value = g_strchomp(value + 3);
	if (len == 13 && !memcmp(key, "nrcpus online", 13))
		return on_cpus_line(&im->rec, value);
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
		if (strlen(kept[i][0]) != len || memcmp(kept[i][0], key, len))
			continue;
		im->rec.arm64 |= i == 1 && g_str_has_prefix(value, "aarch64");
		recording_note(&im->rec, kept[i][1], value);
	}
	return 0;
}

/* "# key: value" of our header becomes a note. */
static int on_comment(struct perf *im, char *line)
{
	struct recording *rec = &im->rec;
	const char *rest = line;
	char *key = line + 1, *value = strchr(line, ':'), *end;

	if (g_str_has_prefix(line, "# reapsim-perf "))
		im->ours = true;
	if (scan_word(&rest, "# file: "))
		return on_file_line(rec, rest);
	if (scan_word(&rest, "# cpus: "))
		return on_cpus_line(rec, rest);
	if (!im->ours)
		return on_perf_header(im, line);
	if (scan_word(&rest, "# page size: "))
		return recording_page_size(rec, rest);
	if (!value || g_str_has_prefix(line, "# lost:") || g_str_has_prefix(line, "# hostname"))
		return 0;
	if (scan_word(&rest, "# file systems: "))
		recording_file_systems(rec, rest);
	if (scan_word(&rest, "# readahead: "))
		recording_readahead(rec, rest);
	rec->arm64 |= g_str_has_prefix(line, "# arch: aarch64");
	rec->rb.ends |= g_str_has_prefix(line, "# deletions: ");
	key += *key == ' ';
	for (end = value; end > key && end[-1] == ' '; end--)
		;
	*end = '\0';
	for (char *p = key; *p; p++)
		if (*p == ' ')
			*p = '-';
	value = (char *)skip_blanks(value + 1);
	g_strchomp(value);
	recording_note(rec, key, value);
	return 0;
}

static int on_line(struct perf *im, char *line)
{
	struct line l;

	if (line[0] == '#')
		return on_comment(im, line);
	if (!*skip_blanks(line))
		return 0;
	if (scan_line(line, &l))
		return take(&im->rec, &l);
	if (im->rec.nr_events && is_frame(line))
		return 0;
	return recording_bad(&im->rec, "line", line,
			     "an event as perf script prints it: "
			     "PID/TID [CPU] SECONDS.MICROSECONDS: EVENT: ...");
}

static int read_lines(struct perf *im, struct lines *l, struct err *err)
{
	char *line;
	size_t len;
	int ret;

	while ((ret = lines_next(l, &line, &len, err)) > 0) {
		im->rec.rb.line = l->nr;
		ret = on_line(im, line);
		if (ret)
			return ret;
	}
	if (!ret && !im->rec.nr_events)
		return err_at(err, -EINVAL, l->path, 0, "no events, expected lines of perf script");
	return ret;
}

int perf_read(struct input *in, struct trace **out, struct err *err)
{
	struct perf im = { .ours = false };
	struct lines l;
	int ret;

	lines_start(&l, in);
	recording_begin(&im.rec, "perf", in, err);
	ret = recording_end(&im.rec, read_lines(&im, &l, err), out, err);
	lines_close(&l);
	return ret;
}

static bool probe_line(const char *line)
{
	struct line l;

	return g_str_has_prefix(line, "# reapsim-perf ") ||
	       g_str_has_prefix(line, "# captured on") || scan_line(line, &l);
}

/* Our header or that of perf script --header, which may fill the head, or an event in the first
 * line that is neither empty nor a comment. */
static bool perf_probe(const uint8_t *head, size_t len)
{
	char *text = g_strndup((const char *)head, len);
	bool ours = false;

	for (char *line = text, *next; line && !ours; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ours = probe_line(line);
		if (line[0] && line[0] != '#')
			break;
	}
	g_free(text);
	return ours;
}

extern const struct trace_reader perf_reader;

const struct trace_reader perf_reader = {
	.name = "perf",
	.summary = "perf script: faults, mappings, tasks (traces/record/record.sh)",
	.probe = perf_probe,
	.read = perf_read,
};
