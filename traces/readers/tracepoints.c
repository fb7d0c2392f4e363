// SPDX-License-Identifier: GPL-2.0-only
#include "traces/readers/tracepoints.h"

#include "traces/readers/scan.h"

#define PAGE_SHIFT_ 12

/* x86-64 system calls */
enum { NR_MUNMAP = 11, NR_MADVISE = 28 };

/* bits of a page fault's error code */
enum { PF_WRITE = 1 << 1 };
/* what riscv gives instead */
enum { EXC_STORE_PAGE_FAULT = 15 };

enum { SIGKILL_ = 9 };

/* A parser returns this for an event that a trace cannot use. */
enum { TRACEPOINT_SKIP = 1 };

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

static bool scan_ino_name(const char **p)
{
	return scan_word(p, " ino=") || scan_word(p, " ino ");
}

/* some vendors print the inode with 0x */
static bool scan_filemap(const char **p, struct rb_file_id *id)
{
	return scan_file(p, id) && scan_ino_name(p) && scan_hex(p, &id->ino);
}

static int on_fault(struct recording *rec, const char *args, struct rb_event *ev)
{
	uint64_t address, error;
	const char *p = args;

	if (!find_field(&p, "address="))
		return recording_bad(rec, "page fault", args, "address=0x...");
	ev->kind = RB_SEEN;
	/* a kernel symbol: an address that is not the process's */
	if (p[0] != '0' || p[1] != 'x')
		return 0;
	if (!scan_hex(&p, &address))
		return recording_bad(rec, "address of a page fault", p, "a hexadecimal number");
	p = args;
	ev->fault.write = false;
	if (find_field(&p, "error_code=") && scan_hex(&p, &error))
		ev->fault.write = error & PF_WRITE;
	else if (find_field(&p, "cause=") && scan_hex(&p, &error)) /* riscv */
		ev->fault.write = error == EXC_STORE_PAGE_FAULT;
	else
		return recording_bad(rec, "page fault", args, "error_code=0x... or cause=0x...");
	ev->kind = RB_FAULT;
	ev->fault.page = address >> PAGE_SHIFT_;
	return 0;
}

static int on_filemap_fault(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t ofs;

	if (!scan_filemap(&p, &ev->cache.id) || !scan_word(&p, " ofs=") || !scan_u64(&p, &ofs))
		return recording_bad(rec, "page-cache fault", args, "dev=A:B ino=HEX ofs=N");
	ev->kind = RB_CACHE_FAULT;
	ev->cache.first = ev->cache.last = ofs >> PAGE_SHIFT_;
	return 0;
}

/* "dev=254:0 ino=10 ofs=0-8191": whole pages, the last byte included */
static bool scan_pages(const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t from, to;

	if (!scan_filemap(&p, &ev->cache.id) || !scan_word(&p, " ofs=") || !scan_u64(&p, &from) ||
	    *p++ != '-' || !scan_u64(&p, &to))
		return false;
	ev->cache.first = from >> PAGE_SHIFT_;
	ev->cache.last = to >> PAGE_SHIFT_;
	return true;
}

/* What fault-around mapped, with the page of the fault among them. */
static int on_map_pages(struct recording *rec, const char *args, struct rb_event *ev)
{
	ev->kind = RB_CACHE_FAULT;
	return scan_pages(args, ev)
		       ? 0
		       : recording_bad(rec, "pages mapped", args, "dev=A:B ino=HEX ofs=N-N");
}

static int on_get_pages(struct recording *rec, const char *args, struct rb_event *ev)
{
	ev->kind = RB_READ;
	return scan_pages(args, ev)
		       ? 0
		       : recording_bad(rec, "file read", args, "dev=A:B ino=HEX ofs=N-N");
}

/* A large folio may reach beyond the end of its file, its first page not. */
static bool scan_cached(const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t ofs, order;

	if (!scan_filemap(&p, &ev->cache.id) || !find_field(&p, " ofs=") || !scan_u64(&p, &ofs))
		return false;
	ev->cache.first = ev->cache.last = ofs >> PAGE_SHIFT_;
	/* older kernels do not print the order */
	return !find_field(&p, " order=") || (scan_u64(&p, &order) && order < 32);
}

static int on_add(struct recording *rec, const char *args, struct rb_event *ev)
{
	ev->kind = RB_CACHE_ADD;
	return scan_cached(args, ev) ? 0
				     : recording_bad(rec, "page-cache insertion", args,
						     "dev A:B ino HEX ... ofs=N order=N");
}

static int on_delete(struct recording *rec, const char *args, struct rb_event *ev)
{
	ev->kind = RB_CACHE_DELETE;
	return scan_cached(args, ev) ? 0
				     : recording_bad(rec, "page-cache removal", args,
						     "dev A:B ino HEX ... ofs=N order=N");
}

static int on_write(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t pos, len;

	if (!scan_file(&p, &ev->cache.id) || !scan_ino_name(&p) ||
	    !scan_u64(&p, &ev->cache.id.ino) || !scan_word(&p, " pos ") || !scan_u64(&p, &pos) ||
	    !scan_word(&p, " len ") || !scan_u64(&p, &len) || len > UINT64_MAX - pos)
		return recording_bad(rec, "file write", args, "dev A,B ino N pos N len N");
	ev->kind = len ? RB_WRITE : RB_SEEN;
	ev->cache.first = pos >> PAGE_SHIFT_;
	ev->cache.last = (pos + MAX(len, 1) - 1) >> PAGE_SHIFT_;
	return 0;
}

/* "dev 254,0 ino 17 ...", the inode in decimal: ext4's events about a file as a whole */
static int on_inode(struct recording *rec, const char *args, struct rb_event *ev, enum rb_kind kind,
		    const char **rest)
{
	const char *p = args;

	if (!scan_file(&p, &ev->cache.id) || !scan_ino_name(&p) || !scan_u64(&p, &ev->cache.id.ino))
		return recording_bad(rec, "event of a file", args, "dev A,B ino N ...");
	rec->rb.ends = true;
	ev->kind = kind;
	*rest = p;
	return 0;
}

static int on_create(struct recording *rec, const char *args, struct rb_event *ev)
{
	enum { S_IFMT_ = 0170000, S_IFREG_ = 0100000 };
	int ret = on_inode(rec, args, ev, RB_CREATE, &args);
	uint64_t mode;

	if (ret)
		return ret;
	if (!find_field(&args, " mode ") || !scan_digits(&args, 8, &mode))
		return recording_bad(rec, "new file", args, "dev A,B ino N dir N mode OCTAL");
	return (mode & S_IFMT_) == S_IFREG_ ? 0 : TRACEPOINT_SKIP;
}

/* An inode leaves memory, for good if it has no link. */
static int on_evict(struct recording *rec, const char *args, struct rb_event *ev)
{
	int ret = on_inode(rec, args, ev, RB_DELETE, &args);
	uint64_t nlink;

	if (ret)
		return ret;
	if (!scan_word(&args, " nlink ") || !scan_u64(&args, &nlink))
		return recording_bad(rec, "inode", args, "dev A,B ino N nlink N");
	return nlink ? TRACEPOINT_SKIP : 0;
}

static int on_truncate(struct recording *rec, const char *args, struct rb_event *ev)
{
	return on_inode(rec, args, ev, RB_TRUNCATE, &args);
}

static int on_fsync(struct recording *rec, const char *args, struct rb_event *ev)
{
	return on_inode(rec, args, ev, RB_FSYNC, &args);
}

static int on_syscall(struct recording *rec, const char *args, struct rb_event *ev)
{
	static const char expected[] = "NR N (HEX, HEX, ...)";
	const char *p = args;
	uint64_t nr, arg[3];

	if (!scan_word(&p, "NR ") || !scan_u64(&p, &nr) || !scan_word(&p, " ("))
		return recording_bad(rec, "system call", args, expected);
	for (unsigned int i = 0; i < 3; i++)
		if (!scan_hex(&p, &arg[i]) || !(scan_word(&p, ", ") || *p == ')'))
			return recording_bad(rec, "arguments of a system call", args, expected);
	ev->kind = nr == NR_MUNMAP ? RB_MUNMAP : nr == NR_MADVISE ? RB_MADVISE : RB_SEEN;
	ev->range.start = arg[0] >> PAGE_SHIFT_;
	/* rounded up as the kernel does; an overflow is refused there, 0 here */
	ev->range.pages = arg[1] / 4096 + !!(arg[1] % 4096);
	ev->range.advice = (unsigned int)MIN(arg[2], 1000);
	return 0;
}

/* "addr: 0x7f1000, len: 0x1000", and for madvise "start: ..., len_in: ..., behavior: 0x4" */
static int on_range_call(struct recording *rec, const char *args, struct rb_event *ev)
{
	uint64_t start, len, advice = 0;
	const char *p = args;

	ev->kind = scan_word(&p, "start: ") ? RB_MADVISE : RB_MUNMAP;
	if ((ev->kind == RB_MUNMAP && !scan_word(&p, "addr: ")) || !scan_hex(&p, &start) ||
	    !scan_word(&p, ", len") || !find_field(&p, ": ") || !scan_hex(&p, &len) ||
	    (ev->kind == RB_MADVISE && (!scan_word(&p, ", behavior: ") || !scan_hex(&p, &advice))))
		return recording_bad(rec, "munmap or madvise", args,
				     "addr: HEX, len: HEX or "
				     "start: HEX, len_in: HEX, behavior: HEX");
	ev->range.start = start >> PAGE_SHIFT_;
	ev->range.pages = len / 4096 + !!(len % 4096);
	ev->range.advice = (unsigned int)MIN(advice, 1000);
	return 0;
}

enum { CLONE_THREAD_ = 0x10000 };

/*
 * perf has its own fork event, before this one, which then only adds the flags. ftrace
 * has none.
 */
static int on_newtask(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t tid, flags;

	if (!scan_word(&p, "pid=") || !scan_u64(&p, &tid) || tid >= SCAN_PID_MAX ||
	    !find_last_field(&p, " clone_flags=") || !scan_hex(&p, &flags))
		return recording_bad(rec, "new task", args, "pid=N comm=... clone_flags=HEX");
	ev->task.tid = (uint32_t)tid;
	if (rec->rb.no_maps) {
		rec->newtask = true;
		ev->kind = RB_FORK;
		ev->task.pid = flags & CLONE_THREAD_ ? 0 : (uint32_t)tid;
		ev->task.ppid = ev->pid;
		ev->task.ptid = ev->tid;
		rb_event(&rec->rb, ev);
	}
	ev->kind = RB_CLONE_FLAGS;
	ev->clone.flags = flags;
	return 0;
}

/* The last " NAME=N", behind names of commands. */
static bool scan_task_field(const char *args, const char *name, uint32_t *out)
{
	const char *p = args;
	uint64_t v;

	if (!find_last_field(&p, name) || !scan_u64(&p, &v) || v >= SCAN_PID_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* Without task_newtask nothing says whether it is a thread: a process then. */
static int on_sched_fork(struct recording *rec, const char *args, struct rb_event *ev)
{
	if (!rec->rb.no_maps || rec->newtask)
		return TRACEPOINT_SKIP;
	if (!scan_task_field(args, " child_pid=", &ev->task.tid))
		return recording_bad(rec, "fork", args,
				     "comm=... pid=N child_comm=... child_pid=N");
	ev->kind = RB_FORK;
	ev->task.pid = ev->task.tid;
	ev->task.ppid = ev->pid;
	ev->task.ptid = ev->tid;
	return 0;
}

static int on_sched_exec(struct recording *rec, const char *args, struct rb_event *ev)
{
	if (!rec->rb.no_maps)
		return TRACEPOINT_SKIP;
	if (!scan_task_field(args, " pid=", &ev->task.pid))
		return recording_bad(rec, "exec", args, "filename=... pid=N old_pid=N");
	ev->kind = RB_EXEC;
	ev->task.tid = ev->task.pid;
	return 0;
}

static int on_sched_exit(struct recording *rec, const char *args, struct rb_event *ev)
{
	if (!rec->rb.no_maps)
		return TRACEPOINT_SKIP;
	if (!scan_task_field(args, " pid=", &ev->task.tid))
		return recording_bad(rec, "exit", args, "comm=... pid=N");
	ev->kind = RB_EXIT;
	ev->task.pid = 0;
	return 0;
}

/* "pid=4711", in newer kernels with more behind it */
static int on_mark_victim(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t pid;

	if (!scan_word(&p, "pid=") || !scan_u64(&p, &pid) || pid >= SCAN_PID_MAX)
		return recording_bad(rec, "OOM victim", args, "pid=N");
	ev->kind = RB_OOM_VICTIM;
	ev->task.tid = (uint32_t)pid;
	return 0;
}

/* Android's lowmemorykiller in kernels before 4.12: "NAME (PID), page cache ..." */
static int on_lowmemory_kill(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t pid;

	if (!find_last_field(&p, " (") || !scan_u64(&p, &pid) || pid >= SCAN_PID_MAX) {
		p = args;
		if (!find_field(&p, " (") || !scan_u64(&p, &pid) || pid >= SCAN_PID_MAX)
			return recording_bad(rec, "kill", args, "NAME (PID), page cache ...");
	}
	ev->kind = RB_SIGKILL_SENT;
	ev->task.tid = (uint32_t)pid;
	return 0;
}

static int on_generate(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t sig, pid, res = 0;

	if (!scan_word(&p, "sig=") || !scan_u64(&p, &sig) || !find_field(&p, " comm=") ||
	    !find_last_field(&p, " pid=") || !scan_u64(&p, &pid) || pid >= SCAN_PID_MAX)
		return recording_bad(rec, "signal", args, "sig=N ... comm=... pid=N");
	if (find_field(&p, " res=") && !scan_u64(&p, &res))
		return recording_bad(rec, "signal", args, "res=N");
	/* TRACE_SIGNAL_IGNORED is 1; all other results mean that SIGKILL is pending */
	if (sig != SIGKILL_ || res == 1)
		return TRACEPOINT_SKIP;
	ev->kind = RB_SIGKILL_SENT;
	ev->task.tid = (uint32_t)pid;
	recording_killer(rec, ev->tid);
	return 0;
}

static int on_deliver(struct recording *rec, const char *args, struct rb_event *ev)
{
	const char *p = args;
	uint64_t sig;

	if (!scan_word(&p, "sig=") || !scan_u64(&p, &sig))
		return recording_bad(rec, "signal", args, "sig=N ...");
	if (sig != SIGKILL_)
		return TRACEPOINT_SKIP;
	ev->kind = RB_SIGKILL_TAKEN;
	return 0;
}

static const struct {
	const char *name;
	int (*on)(struct recording *rec, const char *args, struct rb_event *ev);
} tracepoints[] = {
	{ "exceptions:page_fault_user", on_fault },
	{ "exceptions:page_fault_kernel", on_fault },
	{ "filemap:mm_filemap_fault", on_filemap_fault },
	{ "filemap:mm_filemap_map_pages", on_map_pages },
	{ "filemap:mm_filemap_get_pages", on_get_pages },
	{ "filemap:mm_filemap_add_to_page_cache", on_add },
	{ "filemap:mm_filemap_delete_from_page_cache", on_delete },
	{ "ext4:ext4_da_write_begin", on_write },
	{ "ext4:ext4_write_begin", on_write },
	{ "ext4:ext4_allocate_inode", on_create },
	{ "ext4:ext4_evict_inode", on_evict },
	{ "ext4:ext4_truncate_enter", on_truncate },
	{ "ext4:ext4_sync_file_enter", on_fsync },
	{ "raw_syscalls:sys_enter", on_syscall },
	{ "syscalls:sys_enter_munmap", on_range_call },
	{ "syscalls:sys_enter_madvise", on_range_call },
	{ "syscalls:sys_munmap", on_range_call }, /* as tracefs calls them */
	{ "syscalls:sys_madvise", on_range_call },
	{ "task:task_newtask", on_newtask },
	{ "sched:sched_process_fork", on_sched_fork },
	{ "sched:sched_process_exec", on_sched_exec },
	{ "sched:sched_process_exit", on_sched_exit },
	{ "oom:mark_victim", on_mark_victim },
	{ "lowmemorykiller:lowmemory_kill", on_lowmemory_kill },
	{ "signal:signal_generate", on_generate },
	{ "signal:signal_deliver", on_deliver },
};

/* Is @name equal to @full, with its system or, as in ftrace, without? */
static bool is_name(const char *full, const char *name, size_t len)
{
	const char *colon = strchr(full, ':');

	return (!strncmp(colon + 1, name, len) && !colon[1 + len]) ||
	       (!strncmp(full, name, len) && !full[len]);
}

int tracepoint_take(struct recording *rec, const char *name, size_t len, const char *args,
		    struct rb_event *ev)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tracepoints); i++) {
		int ret;

		if (!is_name(tracepoints[i].name, name, len))
			continue;
		ret = tracepoints[i].on(rec, args, ev);
		if (!ret)
			rb_event(&rec->rb, ev);
		return MIN(ret, 0);
	}
	recording_unused(rec, name, len);
	return 0;
}
