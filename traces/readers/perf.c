// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the text of "perf script": what a real machine did, fault by fault.
 *
 * traces/record/record.sh makes such files. Without its header any output of
 *
 *	perf script --show-mmap-events --show-task-events [-F pid,tid,cpu,time,event,trace]
 *
 * will do, if it has exceptions:page_fault_user. Each line is one event:
 *
 *	PID/TID [CPU] SECONDS.MICROSECONDS: EVENT: ARGUMENTS
 *
 * What a fault trace cannot see. A fault is the first access to a page that
 * the process has not mapped yet. Later accesses do not show, nor does an
 * access to a page that fault-around mapped together with its neighbours. So
 * the touches of the trace are the accesses that are certain, not all there
 * were; a replay decides for itself what its own fault-around maps, and a page
 * that did not fault in the recording may fault, or not be touched at all, in
 * the replay. Young bits that depend on repeated use are therefore too few.
 *
 * How the rest is rebuilt (rebuild.c), and when that is wrong:
 *
 * - Threads act as their process. Wrong: never for address spaces; a thread
 *   that the recording did not see start makes its process seem to end early.
 * - A process that ran before the recording starts empty at its first event:
 *   its older mappings are unknown, faults in them look anonymous.
 * - A child that shares its parent's memory (vfork, posix_spawn) runs in its
 *   parent's space until it executes. That needs task:task_newtask; without
 *   it, it is a fork that copies mappings it never had.
 * - A process number that starts again ends its earlier bearer, at that time.
 * - SIGKILL sent (signal:signal_generate) makes the end a kill; so does
 *   SIGKILL delivered to a process with one thread. A process with several
 *   that is killed from outside the recording seems to exit by itself.
 * - File mappings are those of PERF_RECORD_MMAP(2); the part beyond the end of
 *   the file is cut off. A new mapping replaces what it overlaps, unless the
 *   same pages of the same file were mapped there and already used: then it is
 *   mprotect(), and adds permissions to all of the mapping that it hits. Wrong
 *   where a file is unmapped and mapped again at the same place while munmap
 *   is not recorded: its pages then count as still mapped.
 * - munmap and madvise come from raw_syscalls:sys_enter with the numbers of
 *   x86-64 (11 and 28). A call that failed counts as done. Recordings without
 *   them keep every mapping until exec or exit. mremap is not seen: a moved
 *   mapping stays where it was, and is anonymous where it went.
 * - Anonymous memory (heap, stack, //anon) is mapped when a fault shows that
 *   it is used, in aligned blocks of up to 512 pages between known mappings.
 *   So is any address of which nothing is known. brk and stack growth need
 *   nothing more; memory given back by a shrinking brk stays.
 * - Mappings of devices, huge pages and the vdso, and faults in them, are left
 *   out, as are faults at kernel addresses.
 * - Addresses become 32-bit page numbers, in chunks of 1 GiB, so that every
 *   alignment within page tables is kept, and fault-around sees the same.
 * - A write fault in a private file mapping stays a write: the replay copies.
 * - Faults on pages one after the other, with nothing in between, are one
 *   touch of several pages.
 * - exceptions:page_fault_kernel counts where the address is the process's:
 *   the kernel read or wrote its memory for it.
 * - read(2) comes from filemap:mm_filemap_get_pages, also of execve() and of
 *   readahead() calls. A read that begins in the page where the last read of
 *   the process ended, in the same file, leaves out that page, as the kernel
 *   marks it once (ra->prev_pos). Wrong where two descriptors read in turn.
 * - write(2) comes from ext4's write_begin events; on other file systems no
 *   write is seen.
 * - Files are known by device and inode, which lets copies of a path differ.
 *   Their size is what the recorder found at the end; else the largest page
 *   cached, faulted or written; else the end of a mapping or read, which may
 *   lie beyond the end of the file.
 * - When page 0 of a file that was written leaves the page cache, the file was
 *   deleted or cut: what comes later under its number is a new file. Wrong
 *   where the recorded processes had to reclaim. The pages of the old one stay
 *   in the replay's cache, as a trace has no way to delete a file.
 * - Time passes by gaps of at least 1 ms: the computing and waiting of the
 *   real machine, device time included.
 * - Lost events are counted in a note; the trace then has holes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/lines.h"
#include "traces/readers/recording.h"
#include "traces/readers/scan.h"
#include "traces/readers/tracepoints.h"

#define PAGE_SHIFT_ 12

/* struct line - one line of perf script. */
struct line {
	struct rb_event ev; /* who, where and when */
	const char *name;   /* up to a colon, blank or parenthesis */
	size_t name_len;
	const char *args;
};

/* "[001]  123.456789: " */
static bool scan_stamp(const char **p, struct rb_event *ev)
{
	const char *s = *p, *digits;
	uint64_t cpu, sec, frac;

	if (*s++ != '[' || !scan_u64(&s, &cpu) || *s++ != ']' || cpu > TRACE_CPU_MAX)
		return false;
	s = skip_blanks(s);
	if (!scan_u64(&s, &sec) || *s++ != '.')
		return false;
	digits = s;
	if (!scan_u64(&s, &frac) || s - digits > 9 || sec > UINT64_MAX / 2000000000)
		return false;
	for (ptrdiff_t n = s - digits; n < 9; n++)
		frac *= 10;
	if (*s++ != ':')
		return false;
	ev->cpu = (uint32_t)cpu;
	ev->ns = sec * 1000000000 + frac;
	*p = skip_blanks(s);
	return true;
}

/* "comm  123/456 " before the stamp; the command may hold anything. */
static bool scan_ids(const char *line, const char *stamp, struct rb_event *ev)
{
	const char *p = stamp;
	const char *end;

	while (p > line && p[-1] == ' ')
		p--;
	end = p;
	while (p > line && (g_ascii_isdigit(p[-1]) || p[-1] == '/' || p[-1] == '-'))
		p--;
	if (!scan_id(&p, &ev->tid))
		return false;
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
	for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		const char *p = at;

		if (!scan_stamp(&p, &l->ev) || !scan_ids(line, at, &l->ev))
			continue;
		l->name = p;
		while (*p && *p != ' ' && *p != '(')
			p++;
		/* the colon inside "filemap:mm_filemap_fault:" is part of the name */
		l->args = skip_blanks(p);
		if (p > l->name && p[-1] == ':')
			p--;
		l->name_len = (size_t)(p - l->name);
		return l->name_len > 0;
	}
	return false;
}

/* What perf itself says, about tasks and mappings. */

/* "(pid:tid):(ppid:ptid)" */
static bool scan_task(const char *p, uint32_t id[4])
{
	return scan_word(&p, "(") && scan_id(&p, &id[0]) && scan_word(&p, ":") &&
	       scan_id(&p, &id[1]) && scan_word(&p, "):(") && scan_id(&p, &id[2]) &&
	       scan_word(&p, ":") && scan_id(&p, &id[3]) && scan_word(&p, ")");
}

static int on_fork(struct recording *rec, const char *args, struct rb_event *ev)
{
	uint32_t id[4];

	if (!scan_task(args, id))
		return recording_bad(rec, "fork", args, "(PID:TID):(PID:TID)");
	/* perf also lists what ran before the recording, at time 0 */
	if (!ev->ns)
		return 0;
	ev->kind = RB_FORK;
	ev->task.pid = id[0];
	ev->task.tid = id[1];
	ev->task.ppid = id[2];
	ev->task.ptid = id[3];
	return rb_event(&rec->rb, ev);
}

static int on_task_exit(struct recording *rec, const char *args, struct rb_event *ev)
{
	uint32_t id[4];

	if (!scan_task(args, id))
		return recording_bad(rec, "exit", args, "(PID:TID):(PID:TID)");
	ev->kind = RB_EXIT;
	ev->task.pid = id[0];
	ev->task.tid = id[1];
	return rb_event(&rec->rb, ev);
}

/* "exec: name:pid/tid" (the name may hold anything) or "name:pid/tid" */
static int on_comm(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;

	if (!scan_word(&p, "exec: ") && !scan_word(&p, " exec: "))
		return 0;
	p = strrchr(p, ':');
	if (!p || !scan_word(&p, ":") || !scan_id(&p, &ev->task.pid) || !scan_word(&p, "/") ||
	    !scan_id(&p, &ev->task.tid) || *p)
		return recording_bad(rec, "exec", args, "exec: NAME:PID/TID");
	ev->kind = RB_EXEC;
	return rb_event(&rec->rb, ev);
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
static int on_mmap(struct recording *rec, const char *args, struct rb_event *ev)
{
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
	return rb_event(&rec->rb, ev);
}

static int on_lost(struct recording *rec, const char *args, struct rb_event *ev)
{
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
	int (*on)(struct recording *rec, const char *args, struct rb_event *ev);
} records[] = {
	{ "PERF_RECORD_FORK", on_fork },	 { "PERF_RECORD_EXIT", on_task_exit },
	{ "PERF_RECORD_COMM", on_comm },	 { "PERF_RECORD_MMAP", on_mmap },
	{ "PERF_RECORD_MMAP2", on_mmap },	 { "PERF_RECORD_LOST", on_lost },
	{ "PERF_RECORD_LOST_SAMPLES", on_lost },
};

static int take(struct recording *rec, struct line *l)
{
	rec->nr_events++;
	for (size_t i = 0; i < G_N_ELEMENTS(records); i++)
		if (!strncmp(records[i].name, l->name, l->name_len) &&
		    !records[i].name[l->name_len])
			return records[i].on(rec, l->args, &l->ev);
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

/* "# key: value" becomes a note; other comments are perf's own and dropped. */
static int on_comment(struct recording *rec, char *line)
{
	char *key = line + 1, *value = strchr(line, ':'), *end;

	if (scan_word((const char **)&key, " file: "))
		return on_file_line(rec, key);
	if (scan_word((const char **)&key, " cpus: "))
		return on_cpus_line(rec, key);
	if (!value || g_str_has_prefix(line, "# lost:"))
		return 0;
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

static int on_line(struct recording *rec, char *line)
{
	struct line l;

	if (line[0] == '#')
		return on_comment(rec, line);
	if (!*skip_blanks(line))
		return 0;
	if (!scan_line(line, &l))
		return recording_bad(rec, "line", line,
				     "an event as perf script prints it: "
				     "PID/TID [CPU] SECONDS.MICROSECONDS: EVENT: ...");
	return take(rec, &l);
}

static int read_lines(struct recording *rec, struct lines *l, struct err *err)
{
	char *line;
	size_t len;
	int ret;

	while ((ret = lines_next(l, &line, &len, err)) > 0) {
		rec->rb.line = l->nr;
		ret = on_line(rec, line);
		if (ret)
			return ret;
	}
	if (!ret && !rec->nr_events)
		return err_at(err, -EINVAL, l->path, 0, "no events, expected lines of perf script");
	return ret;
}

static int perf_read(struct input *in, struct trace **out, struct err *err)
{
	struct recording rec;
	struct lines l;
	int ret;

	lines_start(&l, in);
	recording_begin(&rec, "perf", in, err);
	ret = recording_end(&rec, read_lines(&rec, &l, err), out, err);
	lines_close(&l);
	return ret;
}

static bool probe_line(const char *line)
{
	struct line l;

	return g_str_has_prefix(line, "# reapsim-perf ") || scan_line(line, &l);
}

/* Our header, or an event in the first line that is neither empty nor a comment. */
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
	.summary = "text of perf script: faults, mappings, tasks (traces/record/record.sh)",
	.probe = perf_probe,
	.read = perf_read,
};
