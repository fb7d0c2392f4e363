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
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/lines.h"
#include "traces/readers/rebuild.h"

#define PAGE_SHIFT_ 12
#define PID_MAX_    (1u << 22)
#define NOTES_MAX   64u

/* x86-64 system calls */
enum { NR_MUNMAP = 11, NR_MADVISE = 28 };

/* bits of a page fault's error code */
enum { PF_WRITE = 1 << 1 };

struct event {
	uint32_t pid, tid, cpu; /* pid 0: the line has no process, only a thread */
	uint64_t ns;
	const char *name; /* up to a colon, blank or parenthesis */
	size_t name_len;
	const char *args;
};

struct import {
	struct rebuild rb;
	struct trace_build *b;
	struct rb_proc *proc; /* who an event is about */
	const struct event *ev;
	uint64_t nr_events, lost;
	uint32_t nr_notes;
	uint64_t cpus; /* 0: not said */
};

static int bad(struct import *im, const char *what, const char *have, const char *expected)
{
	return err_at(im->rb.err, -EINVAL, im->rb.path, im->rb.line, "%s \"%.80s\", expected %s",
		      what, have, expected);
}

/* Scanning: each moves *p behind what it read, or leaves it and returns false. */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static bool scan_digits(const char **p, unsigned int base, uint64_t *out)
{
	uint64_t v = 0;
	const char *s = *p;

	for (; g_ascii_isxdigit(*s); s++) {
		unsigned int d = (unsigned int)g_ascii_xdigit_value(*s);

		if (d >= base)
			break;
		if (v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = v;
	return true;
}

static bool scan_u64(const char **p, uint64_t *out)
{
	return scan_digits(p, 10, out);
}

static bool scan_hex(const char **p, uint64_t *out)
{
	const char *s = *p;

	if (s[0] == '0' && s[1] == 'x')
		s += 2;
	if (!scan_digits(&s, 16, out))
		return false;
	*p = s;
	return true;
}

static bool scan_word(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n))
		return false;
	*p += n;
	return true;
}

/* A process or thread id; perf writes -1 for "none", which becomes 0. */
static bool scan_id(const char **p, uint32_t *out)
{
	uint64_t v = 0;

	if (!scan_word(p, "-1") && !(scan_u64(p, &v) && v < PID_MAX_))
		return false;
	*out = (uint32_t)v;
	return true;
}

/* "NAME=value": @p moves behind "NAME=", wherever it stands in the line. */
static bool find_field(const char **p, const char *name)
{
	const char *s = strstr(*p, name);

	if (!s)
		return false;
	*p = s + strlen(name);
	return true;
}

/* "[001]  123.456789: " */
static bool scan_stamp(const char **p, struct event *ev)
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
static bool scan_ids(const char *line, const char *stamp, struct event *ev)
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

static bool scan_event(const char *line, struct event *ev)
{
	for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
		const char *p = at;

		if (!scan_stamp(&p, ev) || !scan_ids(line, at, ev))
			continue;
		ev->name = p;
		while (*p && *p != ' ' && *p != '(')
			p++;
		/* the colon inside "filemap:mm_filemap_fault:" is part of the name */
		ev->args = skip_blanks(p);
		if (p > ev->name && p[-1] == ':')
			p--;
		ev->name_len = (size_t)(p - ev->name);
		return ev->name_len > 0;
	}
	return false;
}

/* "dev=254:0 ino=3c5be" or "dev 254:0 ino 3c5be", in the filemap events */
static bool scan_file(const char **p, struct rb_file_id *id)
{
	uint64_t major, minor;
	const char *s = *p;

	if (!scan_word(&s, "dev=") && !scan_word(&s, "dev "))
		return false;
	if (!scan_u64(&s, &major) || (*s != ':' && *s != ',') || major > UINT32_MAX - 1)
		return false;
	s++;
	if (!scan_u64(&s, &minor) || minor > UINT32_MAX)
		return false;
	id->dev = major << 32 | minor;
	*p = s;
	return true;
}

static bool scan_ino(const char **p, unsigned int base, struct rb_file_id *id)
{
	return (scan_word(p, " ino=") || scan_word(p, " ino ")) && scan_digits(p, base, &id->ino);
}

static bool scan_filemap(const char **p, struct rb_file_id *id)
{
	return scan_file(p, id) && scan_ino(p, 16, id);
}

/* The events */

static int on_fault(struct import *im, const char *args)
{
	uint64_t address, error;
	const char *p = args;

	if (!find_field(&p, "address="))
		return bad(im, "page fault", args, "address=0x...");
	/* a kernel symbol: an address that is not the process's */
	if (p[0] != '0' || p[1] != 'x')
		return 0;
	if (!scan_hex(&p, &address))
		return bad(im, "address of a page fault", p, "a hexadecimal number");
	p = args;
	if (!find_field(&p, "error_code=") || !scan_hex(&p, &error))
		return bad(im, "page fault", args, "error_code=0x...");
	return rb_fault(&im->rb, im->proc, address >> PAGE_SHIFT_, error & PF_WRITE);
}

static int on_filemap_fault(struct import *im, const char *args)
{
	struct rb_file_id id;
	const char *p = args;
	uint64_t ofs;

	if (!scan_filemap(&p, &id) || !scan_word(&p, " ofs=") || !scan_u64(&p, &ofs))
		return bad(im, "page-cache fault", args, "dev=A:B ino=HEX ofs=N");
	rb_check_fault(&im->rb, im->proc, id, ofs >> PAGE_SHIFT_);
	return 0;
}

static int on_get_pages(struct import *im, const char *args)
{
	struct rb_file_id id;
	const char *p = args;
	uint64_t from, to;

	if (!scan_filemap(&p, &id) || !scan_word(&p, " ofs=") || !scan_u64(&p, &from) ||
	    *p++ != '-' || !scan_u64(&p, &to))
		return bad(im, "file read", args, "dev=A:B ino=HEX ofs=N-N");
	return rb_read(&im->rb, im->proc, id, from >> PAGE_SHIFT_, to >> PAGE_SHIFT_);
}

static bool scan_cached(const char *args, struct rb_file_id *id, uint64_t *index, uint64_t *order)
{
	const char *p = args;

	if (!scan_filemap(&p, id) || !find_field(&p, " ofs=") || !scan_u64(&p, index))
		return false;
	*index >>= PAGE_SHIFT_;
	/* older kernels do not print the order */
	*order = 0;
	return !find_field(&p, " order=") || (scan_u64(&p, order) && *order < 32);
}

static int on_add(struct import *im, const char *args)
{
	struct rb_file_id id;
	uint64_t index, order;

	if (!scan_cached(args, &id, &index, &order))
		return bad(im, "page-cache insertion", args, "dev A:B ino HEX ... ofs=N order=N");
	/* a large folio may reach beyond the end of its file, its first page not */
	(void)order;
	rb_cached(&im->rb, id, index);
	return 0;
}

static int on_delete(struct import *im, const char *args)
{
	struct rb_file_id id;
	uint64_t index, order;

	if (!scan_cached(args, &id, &index, &order))
		return bad(im, "page-cache removal", args, "dev A:B ino HEX ... ofs=N order=N");
	rb_uncached(&im->rb, id, index);
	return 0;
}

static int on_write(struct import *im, const char *args)
{
	struct rb_file_id id;
	const char *p = args;
	uint64_t pos, len;

	if (!scan_file(&p, &id) || !scan_ino(&p, 10, &id) || !scan_word(&p, " pos ") ||
	    !scan_u64(&p, &pos) || !scan_word(&p, " len ") || !scan_u64(&p, &len) ||
	    len > UINT64_MAX - pos)
		return bad(im, "file write", args, "dev A,B ino N pos N len N");
	if (!len)
		return 0;
	return rb_write(&im->rb, im->proc, id, pos >> PAGE_SHIFT_, (pos + len - 1) >> PAGE_SHIFT_);
}

static int on_syscall(struct import *im, const char *args)
{
	const char *p = args;
	uint64_t nr, arg[3];

	if (!scan_word(&p, "NR ") || !scan_u64(&p, &nr) || !scan_word(&p, " ("))
		return bad(im, "system call", args, "NR N (HEX, HEX, ...)");
	for (unsigned int i = 0; i < 3; i++)
		if (!scan_hex(&p, &arg[i]) || !(scan_word(&p, ", ") || *p == ')'))
			return bad(im, "arguments of a system call", args, "NR N (HEX, HEX, ...)");
	if (nr != NR_MUNMAP && nr != NR_MADVISE)
		return 0;
	/* rounded up as the kernel does; an overflow is refused there, 0 here */
	arg[1] = arg[1] / 4096 + !!(arg[1] % 4096);
	arg[0] >>= PAGE_SHIFT_;
	if (nr == NR_MUNMAP)
		return rb_munmap(&im->rb, im->proc, arg[0], arg[1]);
	return rb_madvise(&im->rb, im->proc, arg[0], arg[1], (unsigned int)MIN(arg[2], 1000));
}

static int on_newtask(struct import *im, const char *args)
{
	const char *p = args;
	uint64_t tid, flags;

	if (!scan_word(&p, "pid=") || !scan_u64(&p, &tid) || tid >= PID_MAX_ ||
	    !find_field(&p, " clone_flags=") || !scan_hex(&p, &flags))
		return bad(im, "new task", args, "pid=N comm=... clone_flags=HEX");
	rb_clone_flags(&im->rb, (uint32_t)tid, flags);
	return 0;
}

enum { SIGKILL_ = 9 };

static int on_generate(struct import *im, const char *args)
{
	const char *p = args;
	uint64_t sig, pid, res = 0;

	if (!scan_word(&p, "sig=") || !scan_u64(&p, &sig) || !find_field(&p, " comm=") ||
	    !find_field(&p, " pid=") || !scan_u64(&p, &pid) || pid >= PID_MAX_)
		return bad(im, "signal", args, "sig=N ... comm=... pid=N");
	if (find_field(&p, " res=") && !scan_u64(&p, &res))
		return bad(im, "signal", args, "res=N");
	/* TRACE_SIGNAL_IGNORED is 1; otherwise it is on its way, or was already */
	if (sig == SIGKILL_ && res != 1)
		rb_sigkill(&im->rb, (uint32_t)pid, false);
	return 0;
}

static int on_deliver(struct import *im, const char *args)
{
	const char *p = args;
	uint64_t sig;

	if (!scan_word(&p, "sig=") || !scan_u64(&p, &sig))
		return bad(im, "signal", args, "sig=N ...");
	if (sig == SIGKILL_)
		rb_sigkill(&im->rb, im->ev->tid, true);
	return 0;
}

/* "(pid:tid):(ppid:ptid)" */
static bool scan_task(const char *p, uint32_t id[4])
{
	return scan_word(&p, "(") && scan_id(&p, &id[0]) && scan_word(&p, ":") &&
	       scan_id(&p, &id[1]) && scan_word(&p, "):(") && scan_id(&p, &id[2]) &&
	       scan_word(&p, ":") && scan_id(&p, &id[3]) && scan_word(&p, ")");
}

static int on_fork(struct import *im, const char *args)
{
	uint32_t id[4];

	if (!scan_task(args, id))
		return bad(im, "fork", args, "(PID:TID):(PID:TID)");
	/* perf also lists what ran before the recording, at time 0 */
	if (!im->ev->ns)
		return 0;
	return rb_fork(&im->rb, id[0], id[1], id[2], id[3]);
}

static int on_task_exit(struct import *im, const char *args)
{
	uint32_t id[4];

	if (!scan_task(args, id))
		return bad(im, "exit", args, "(PID:TID):(PID:TID)");
	rb_exit(&im->rb, id[0], id[1]);
	return 0;
}

/* "exec: name:pid/tid" (the name may hold anything) or "name:pid/tid" */
static int on_comm(struct import *im, const char *args)
{
	const char *p = args;
	uint32_t pid, tid;

	if (!scan_word(&p, "exec: ") && !scan_word(&p, " exec: "))
		return 0;
	p = strrchr(p, ':');
	if (!p || !scan_word(&p, ":") || !scan_id(&p, &pid) || !scan_word(&p, "/") ||
	    !scan_id(&p, &tid) || *p)
		return bad(im, "exec", args, "exec: NAME:PID/TID");
	return rb_exec(&im->rb, pid, tid);
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
static int on_mmap(struct import *im, const char *args)
{
	static const char expected[] = "PID/TID: [ADDR(LEN) @ OFFSET ...]: PERMS NAME";
	uint64_t address, bytes, offset;
	struct rb_map m = { 0 };
	const char *p = args;
	uint32_t pid, tid;
	bool known;

	if (!scan_id(&p, &pid) || !scan_word(&p, "/") || !scan_id(&p, &tid) ||
	    !scan_word(&p, ": [") || !scan_hex(&p, &address) || !scan_word(&p, "(") ||
	    !scan_hex(&p, &bytes) || !scan_word(&p, ") @ ") || !scan_hex(&p, &offset))
		return bad(im, "mapping", args, expected);
	known = scan_map_file(&p, &m.id);
	p = strstr(p, "]: ");
	if (!p)
		return bad(im, "mapping", args, expected);
	p += 3;
	if (!scan_perms(&p, &m.flags))
		return bad(im, "permissions of a mapping", p, "such as r-xp");
	/* the kernel and its modules belong to no process */
	if (!pid || !tid)
		return 0;
	m.name = p;
	m.start = address >> PAGE_SHIFT_;
	m.pages = bytes / 4096 + !!(bytes % 4096);
	m.pgoff = offset >> PAGE_SHIFT_;
	if (!known && m.name[0] == '/' && m.name[1] != '/')
		m.id = (struct rb_file_id){ RB_DEV_PATH, rb_path_ino(&im->rb, m.name) };
	return rb_mmap(&im->rb, rb_proc_get(&im->rb, pid, tid), &m);
}

static int on_lost(struct import *im, const char *args)
{
	const char *p = args;
	uint64_t n;

	if (!find_field(&p, "lost ") || !scan_u64(&p, &n))
		return bad(im, "lost events", args, "lost N");
	im->lost += n;
	return 0;
}

static int on_nothing(struct import *im, const char *args)
{
	(void)im;
	(void)args;
	return 0;
}

/* What each event is and whether it is something its own process does. */
static const struct {
	const char *name;
	int (*on)(struct import *im, const char *args);
	bool own;
} events[] = {
	{ "exceptions:page_fault_user", on_fault, true },
	{ "exceptions:page_fault_kernel", on_fault, true },
	{ "filemap:mm_filemap_fault", on_filemap_fault, true },
	{ "filemap:mm_filemap_get_pages", on_get_pages, true },
	{ "filemap:mm_filemap_add_to_page_cache", on_add, false },
	{ "filemap:mm_filemap_delete_from_page_cache", on_delete, false },
	{ "ext4:ext4_da_write_begin", on_write, true },
	{ "ext4:ext4_write_begin", on_write, true },
	{ "raw_syscalls:sys_enter", on_syscall, true },
	{ "task:task_newtask", on_newtask, false },
	{ "signal:signal_generate", on_generate, false },
	{ "signal:signal_deliver", on_deliver, false },
	{ "PERF_RECORD_FORK", on_fork, false },
	{ "PERF_RECORD_EXIT", on_task_exit, false },
	{ "PERF_RECORD_COMM", on_comm, false },
	{ "PERF_RECORD_MMAP", on_mmap, false },
	{ "PERF_RECORD_MMAP2", on_mmap, false },
	{ "PERF_RECORD_LOST", on_lost, false },
	{ "PERF_RECORD_LOST_SAMPLES", on_lost, false },
};

static int on_event(struct import *im, const struct event *ev)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(events); i++)
		if (strlen(events[i].name) == ev->name_len &&
		    !memcmp(events[i].name, ev->name, ev->name_len))
			break;
	im->nr_events++;
	/* a recording may hold more than is of use here */
	if (i == G_N_ELEMENTS(events))
		return on_nothing(im, ev->args);
	im->ev = ev;
	im->rb.cpu = ev->cpu;
	im->rb.ns = MAX(im->rb.ns, ev->ns);
	if (events[i].own) {
		if (!ev->tid) /* the idle task */
			return 0;
		im->proc = rb_proc_get(&im->rb, ev->pid, ev->tid);
	}
	return events[i].on(im, ev->args);
}

/* The header */

/* "254:0 7806977 1168 ext4 /etc/ssl/x" */
static int on_file_line(struct import *im, const char *args)
{
	struct rb_file_id id;
	uint64_t major, minor, bytes;
	const char *p = args, *fs;
	bool shmem;

	if (!scan_u64(&p, &major) || *p++ != ':' || !scan_u64(&p, &minor) || *p++ != ' ' ||
	    !scan_u64(&p, &id.ino) || *p++ != ' ' || !scan_u64(&p, &bytes) || *p++ != ' ' ||
	    major > UINT32_MAX - 1 || minor > UINT32_MAX)
		return bad(im, "file", args, "MAJOR:MINOR INODE BYTES FSTYPE PATH");
	fs = p;
	while (*p && *p != ' ')
		p++;
	shmem = p - fs == 5 && !memcmp(fs, "tmpfs", 5);
	if (p == fs || *p++ != ' ' || *p != '/')
		return bad(im, "file", args, "MAJOR:MINOR INODE BYTES FSTYPE PATH");
	id.dev = major << 32 | minor;
	rb_file_known(&im->rb, id, bytes, shmem, p);
	return 0;
}

static int on_cpus_line(struct import *im, const char *args)
{
	const char *p = args;

	if (!scan_u64(&p, &im->cpus) || *p || !im->cpus || im->cpus > TRACE_CPU_MAX + 1)
		return bad(im, "number of CPUs", args, "1 to 8192");
	return 0;
}

/* "# key: value" becomes a note; other comments are perf's own and dropped. */
static int on_comment(struct import *im, char *line)
{
	char *key = line + 1, *value = strchr(line, ':'), *end;

	if (scan_word((const char **)&key, " file: "))
		return on_file_line(im, key);
	if (scan_word((const char **)&key, " cpus: "))
		return on_cpus_line(im, key);
	if (!value || im->nr_notes == NOTES_MAX || g_str_has_prefix(line, "# lost:"))
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
	if (trace_key_ok(key) && *value) {
		trace_build_note(im->b, key, value);
		im->nr_notes++;
	}
	return 0;
}

static int on_line(struct import *im, char *line)
{
	struct event ev;

	if (line[0] == '#')
		return on_comment(im, line);
	if (!*skip_blanks(line))
		return 0;
	if (!scan_event(line, &ev))
		return bad(im, "line", line,
			   "an event as perf script prints it: "
			   "PID/TID [CPU] SECONDS.MICROSECONDS: EVENT: ...");
	return on_event(im, &ev);
}

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

static void add_notes(struct import *im)
{
	const struct rb_counts *n = &im->rb.counts;
	struct trace_build *b = im->b;

	trace_build_note(b, "limits",
			 "a fault trace: an access to a page that is mapped already, "
			 "also by fault-around, does not show; touches are the accesses that are "
			 "certain");
	note(b, "imported",
	     "%" PRIu64 " perf events: %" PRIu64 " faults (%" PRIu64 " of them not "
	     "on user memory), %" PRIu64 " forks, %" PRIu64 " vforks, %" PRIu64 " execs, %" PRIu64
	     " exits, %" PRIu64 " of these by SIGKILL; %" PRIu64 " file reads (%" PRIu64
	     " went on where the last one was), %" PRIu64 " file writes, %" PRIu64
	     " files deleted or cut",
	     im->nr_events, n->faults, n->faults_dropped, n->forks, n->vforks, n->execs, n->exits,
	     n->kills, n->reads, n->reads_merged, n->writes, n->retired);
	if (n->checked)
		note(b, "agreement",
		     "%" PRIu64 " of %" PRIu64 " page-cache faults name the page "
		     "that the rebuilt mapping says",
		     n->agreed, n->checked);
	note(b, "lost-events", "%" PRIu64, im->lost);
}

/*
 * A limit under which the replay has to reclaim: room for the anonymous memory
 * at its peak, which cannot go anywhere without swap, and for half of the file
 * pages. Those are counted in the blocks of 16 that fault-around brings in, as
 * the recording does not say which of them were used.
 */
static void add_machine(struct import *im)
{
	enum { LEAST = 512 };
	uint64_t cpus = MIN(MAX(im->cpus, im->rb.max_cpu + 1ull), 8);
	uint64_t pages = im->rb.anon_peak + im->rb.used_pages / 2;
	char *memory = g_strdup_printf("%" PRIu64, MIN(MAX(pages, LEAST), UINT32_MAX));
	char *s = g_strdup_printf("%" PRIu64, cpus);

	trace_build_machine(im->b, "memcg_pages", memory);
	trace_build_machine(im->b, "cpus", s);
	trace_build_machine(im->b, "readahead_pages", "32");
	trace_build_machine(im->b, "fault_around_pages", "16");
	trace_build_machine(im->b, "prefault", "young");
	note(im->b, "memory",
	     "memcg_pages is the peak of anonymous memory, %" PRIu64 ", and half of "
	     "the %" PRIu64 " file pages in 64 KiB blocks that were used",
	     im->rb.anon_peak, im->rb.used_pages);
	g_free(memory);
	g_free(s);
}

static int read_lines(struct import *im, struct lines *l, struct err *err)
{
	char *line;
	size_t len;
	int ret;

	while ((ret = lines_next(l, &line, &len, err)) > 0) {
		im->rb.line = l->nr;
		ret = on_line(im, line);
		if (ret)
			return ret;
	}
	if (!ret && !im->nr_events)
		return err_at(err, -EINVAL, l->path, 0, "no events, expected lines of perf script");
	return ret;
}

static int perf_read(const char *path, struct trace **out, struct err *err)
{
	GArray *line_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	struct trace *t = NULL;
	struct trace_build b;
	struct import im = { .b = &b };
	struct lines l;
	int ret = lines_open(&l, path, err);

	if (ret) {
		g_array_free(line_of, TRUE);
		return ret;
	}
	trace_build_init(&b, path);
	rb_init(&im.rb, path, err);
	ret = read_lines(&im, &l, err);
	if (!ret)
		ret = rb_finish(&im.rb, &b, line_of);
	if (ret) {
		trace_build_abort(&b);
		goto out;
	}
	add_notes(&im);
	add_machine(&im);
	t = trace_build_end(&b);
	ret = trace_check(t, (const uint32_t *)(const void *)line_of->data, err);
	if (ret)
		trace_free(t);
	else
		*out = t;
out:
	rb_release(&im.rb);
	lines_close(&l);
	g_array_free(line_of, TRUE);
	return ret;
}

static bool probe_line(const char *line)
{
	struct event ev;

	return g_str_has_prefix(line, "# reapsim-perf ") || scan_event(line, &ev);
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
