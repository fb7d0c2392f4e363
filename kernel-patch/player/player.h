/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The player: PID 1 of a small guest, or a program of a host, replays a reapsim trace on the
 * kernel that it runs on. player.c walks the trace, steps.c reads what a process does alone,
 * trace.c reads it, child.c is what the trace's processes run, guest.c sets the guest up, files.c
 * its file systems, fuse.c serves one, cgroup.c its cgroups, size.c sees to its memory, counters.c
 * and pages.c say what there is at a mark, results.c writes that and ends the run, stock.c is what
 * is different on a kernel that is not ours, host.c on a machine that others use, deaths.c measures
 * there what a death frees and takes.
 *
 * Nothing here is shared with the simulator: two readings of FORMAT.md that
 * agree say more than one.
 */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define PAGE_SIZE 4096ull
/* Added to every address: FORMAT.md, "Notes for the author of a player". */
#define AT_BASE (1ull << 40)

/* ---- results.c ---- */

/* how a run of a batch exits that can not be */
#define PLAYER_BAD_INPUT 2

void open_results(void);
/* Also the end of one run of a batch; the batch continues. */
__attribute__((noreturn)) void power_off(void);
/* Ends the run: it is not a result. Prints "run-failed: ...", powers off. */
void run_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The same for what was asked for and can not be: "bad-input: ...". */
void bad_input(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line to the results (the second serial port). */
void result(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void result_flush(void);
/* The number of this mark among those of its name, from 1. */
unsigned int mark_number(const char *name);

/* ---- trace.c ---- */

#define MAX_FIELDS 12

struct trace {
	const char *text;
	size_t len, pos;
	unsigned int line;
	unsigned int nr_fields;
	char *field[MAX_FIELDS];
	char buf[65536 + MAX_FIELDS];
};

void trace_open(struct trace *t, const char *path);
void trace_rewind(struct trace *t);
/* Reads the next row into field[]; false at the end. */
bool trace_next(struct trace *t);
bool trace_is(const struct trace *t, const char *row, unsigned int min, unsigned int max);
/* Field as a number no larger than max; fails the run otherwise. */
uint64_t trace_number(const struct trace *t, unsigned int field, uint64_t max);
/* Advice of madvise(); likewise. */
int trace_advice(const struct trace *t, unsigned int field);
/* The flags that process_mrelease() gets, with those of the policy. */
unsigned int trace_flags(const struct trace *t, const char *text);
uint64_t trace_time_ns(const struct trace *t, unsigned int field);

/* ---- child.c ---- */

enum child_op {
	CHILD_EXIT,
	CHILD_FORK,	/* arg: serial number, off: slot of the child */
	CHILD_MAP,	/* at, pages, prot, flags, file, off, advice, noreuse,
			 * readonly */
	CHILD_UNMAP,	/* at, pages */
	CHILD_ADVISE,	/* at, pages, advice, arg: PID of another process that has these, or 0 */
	CHILD_TOUCH,	/* at, pages, arg: stride, prot: PROT_WRITE or 0 */
	CHILD_READ,	/* file, off, pages */
	CHILD_WRITE,	/* likewise */
	CHILD_TRUNCATE, /* file, pages */
	CHILD_FSYNC,	/* file */
	CHILD_FADVISE,	/* file, off, pages, advice */
	CHILD_UNLINK,	/* path */
	CHILD_RENAME,	/* path, to */
	CHILD_MLOCK,	/* at, pages */
	CHILD_MUNLOCK,	/* at, pages */
	CHILD_MREMAP,	/* at, pages, off: new pages, arg: new address, in bytes */
	CHILD_STEPS,	/* arg: how many of the shared memory's steps */
};

struct child_cmd {
	uint32_t op;
	uint32_t file;
	uint64_t at; /* bytes, AT_BASE included */
	uint64_t pages;
	uint64_t off; /* pages */
	uint64_t arg;
	int32_t prot, flags, advice;
	uint32_t path, to; /* of the file, and where rename puts it: indices in names */
	bool noreuse, readonly, shmem;
	bool no_writes; /* the file system takes none */
};

struct child_reply {
	int64_t ret;   /* 0 or a PID, or -errno */
	uint64_t done; /* reads and writes: bytes */
};

/* of the steps that a child makes without being told each */
struct child_step {
	struct child_cmd cmd;
	struct child_reply reply;
	uint32_t line;	 /* of the trace */
	uint64_t ticks;	 /* of the CPU's clock */
	uint64_t apart;	 /* the same, between the step before and this one; or APART_LONG */
	uint64_t cpu_ns; /* CPU time since it was read last, or STEP_SHORT */
};

#define STEP_SHORT UINT64_MAX
#define APART_LONG UINT64_MAX /* the CPU time was read after it */
/* ticks above which a step's CPU time is asked for: 10 to 30 us */
#define STEP_LONG 30000u

#define CHILD_IN    3
#define CHILD_OUT   4
#define CHILD_FILES 16 /* + index of the file */

/*
 * Memory that player and children share: where reads and writes go to and come
 * from, and the children's stacks. It is a file on ramfs, so it is charged to
 * none of the trace's processes and on no list that reclaim looks at.
 */
#define SHARED	  (1ull << 45)
#define IO_PAGES  256ull
#define IO_VECS	  1024ull
#define IO_VEC_AT (SHARED + IO_PAGES * PAGE_SIZE)
#define SLOT_SIZE (2 * PAGE_SIZE)
#define SLOTS_AT  (IO_VEC_AT + IO_VECS * 16)
#define MAX_SLOTS 4096u
/* of a host only, as what follows */
#define STEPS_AT     (SLOTS_AT + MAX_SLOTS * SLOT_SIZE)
#define MAX_STEPS    4096u
#define SAMPLES_AT   (STEPS_AT + MAX_STEPS * 128)
#define SAMPLES_SIZE (4ull << 20)
#define CLOCK_AT     (SAMPLES_AT + SAMPLES_SIZE)
#define SHARED_SIZE  (CLOCK_AT + PAGE_SIZE - SHARED)

/* CLOCK_MONOTONIC by a system call, in child.c: a child has no libc */
uint64_t clock_by_call(void);

/* The clock of the CPU, or, if that does not run at a constant rate, one that takes a call. */
static inline uint64_t ticks(void)
{
	uint32_t low, high;

	if (*(volatile bool *)CLOCK_AT)
		return clock_by_call();
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

struct clone_args;
/* clone3() of a process that runs the command loop on the stack of a slot; before that it writes
 * itself to the descriptor @join, unless that is -1 */
long child_clone(struct clone_args *args, uint32_t slot, uint32_t serial, int join);
/* "run/cN" and "run/rN": of the current folder, which is that of player and children */
void child_fifo(char *out, char kind, uint32_t serial);
/* "d/N" or, for shmem, "t/N" */
void file_path(char *out, bool shmem, uint32_t index);

/* ---- player.c ---- */

/* a process of the trace */
struct proc {
	uint32_t pid; /* the trace's */
	pid_t real;
	int pidfd, in, out; /* our ends of its pipes */
	int cpu;
	unsigned int cgroup;
	uint32_t slot; /* of the shared memory: its stack */
	bool opted_in;
};

/* The process that a field names. */
struct proc *proc_field(unsigned int field);
/* Let the process do what is queued; its times go to host.c. */
void queue_flush(void);
/* Has a process do something that it can do alone. */
void proc_queue(struct proc *p, const struct child_cmd *c, const char *what);

/* ---- steps.c ---- */

/* What a process does to its memory and to files; false: another row. */
bool step_of_process(const struct trace *t);

/* ---- guest.c ---- */

struct options {
	const char *trace, *lru, *policy, *flags;
	const char *fs;	     /* of the trace's files; a stock kernel has others than ext4 */
	int64_t memcg_pages; /* -1: as the trace says; 0: whole guest */
	int64_t ra_kb;	     /* -1: likewise */
	bool dump;	     /* state of every page at every mark */
	bool times;	     /* what each operation took */
	bool real_time;	     /* "advance" sleeps */
	bool flush;	     /* make memory.stat exact before it is read */
	bool align; /* start, and go on after marks, just after a flush of memcg statistics */
	bool boost; /* leave vm.watermark_boost_factor as it is */
	bool tests; /* no trace: run what is in /tests */
	bool host;  /* not a guest: only what is ours is changed; see host.c */
	const char *ends_as; /* the row by which every process ends; NULL: as the trace says */
	const char *folder;  /* of a host: where files and pipes are */
	const char *cgroup;  /* its folder; NULL: that of a guest */
	unsigned int cgroup_version; /* 0: 2 */
	pid_t parent;		     /* the player ends with it */
	bool look;		     /* ask who maps a victim's folios, whatever the policy */
	bool stock; /* a distribution's kernel: what the trace leaves open is left alone */
	/* of a stock kernel; NULL: as it is shipped */
	const char *thp, *damon_stat, *folios;
	char *plan; /* several runs of the trace, see batch.c; NULL: one */
};

#define CGROUPS 2

/* of a machine key that the trace leaves to a stock kernel */
#define UNSET UINT64_MAX

struct machine {
	uint64_t memcg_pages, memcg2_pages, memory_pages, swap_pages, cpus;
	uint64_t readahead_pages, io_pages, fault_around_pages, swappiness;
	uint64_t min_free_pages, watermark_scale_factor;
	uint64_t dirty_background_ratio, dirty_expire_ms, dirty_writeback_ms;
};

struct file {
	char *name;
	uint64_t pages, size; /* the most that it has, and when the trace begins */
	bool shmem;
	uint32_t path; /* it lies where the file of this index began; see names.c */
	int fd;	       /* -1: it has no name any more */
};

struct guest {
	struct options opt;
	struct machine machine;
	struct file *files;
	uint32_t nr_files;
	uint32_t nr_slots; /* how many the trace needs */
	/* rows of the trace, and how many of them end an address space */
	uint32_t nr_lines, nr_deaths;
	uint64_t trace_memcg_pages; /* as the trace says; 0: it does not */
	int cgroup_fd[CGROUPS];	    /* [0] -1: whole guest; [1] -1: there is one */
	bool knobs;		    /* the test-only patch's debugfs files are there */
};

extern struct guest guest;

#define KNOBS "/sys/kernel/debug/reapsim/"

void guest_mounts(void);
/* One option, NAME=VALUE; fails the run if there is none of that name. */
void guest_option(char *name, char *value);
/* What the trace says of the machine, its files and how many processes it needs. */
void trace_header(void);
/* Memory that children share, at SHARED; the file is in @path, or has no name. */
void share_memory(const char *path);
/* The stack is there before the trace starts, and a child gets nothing that can be written. */
void touch_stack(void);
void dont_fork(void);
void guest_options(void);
void guest_setup(void);
void guest_start(void);
/* What guest_drain() needs. */
void drain_setup(void);
void guest_drain(void);
/* Instead of a trace: runs each program in /tests with each LRU. */
void guest_tests(void);
/* Writes a string to a file; -errno. */
int put(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void must_put(const char *path, uint64_t value);
/* The whole of a small file, or NULL; the text is valid until the next call. */
char *get(const char *path);
void mount_one(const char *what, const char *where, const char *type, unsigned long flags,
	       const char *data);
void pin(int cpu);
/* The same, unless there is no other. */
void move_to(int cpu);

/* ---- files.c ---- */

/* Is every file one of tmpfs? */
bool files_are_shmem(void);
/* Can no file be written? */
bool files_no_writes(void);
/* The disk alone. */
void files_mount(void);
/* What files_open() and watch_flushes() mounted. */
void files_unmount(void);
void files_open(void);
/* Of a host: clean pages of the trace's files leave the page cache. */
void files_drop(void);
/* Fails the run if a file has holes. */
void files_written(void);

/* ---- fuse.c ---- */

/* what the server has answered: reads, their pages, and the time that it took */
struct served {
	uint64_t nr, pages, ns;
};
/* Starts the server of the trace's files, which are in /d then. */
void fuse_mount(void);
/* NULL: there is no server. */
const volatile struct served *fuse_served(void);

/* ---- cgroup.c ---- */

/* The directory of a cgroup of the trace; NULL: there is none. With two, cgroup_top() is their
 * parent, which has no limit and the counters of both. */
const char *cgroup_dir(unsigned int cgroup);
const char *cgroup_top(void);
/* "memory.max", or what v1 calls it */
const char *cgroup_file(const char *name);
void cgroup_setup(void);
/* child_clone() of a process of that cgroup */
long cgroup_clone(struct clone_args *args, unsigned int cgroup, uint32_t slot, uint32_t serial);
/* The rows memory_max, memory_reclaim and cgroup; the last one returns the new cgroup of @pid. */
void cgroup_memory_max(const struct trace *t);
void cgroup_memory_reclaim(const struct trace *t);
unsigned int cgroup_attach(const struct trace *t, pid_t pid);

/* ---- host.c ---- */

#define EMPTY_DEATHS 21
/* how the name of a file of tmpfs begins in /proc/PID/maps */
#define HOST_SHMEM "/memfd:"

void host_options(int argc, char **argv);
void host_setup(void);
void host_start(void);
/* The CPU that is the trace's number @cpu: of those that we may run on, if this is a host. */
int host_cpu(int cpu);
/* The trace begins and ends. */
void host_begin(void);
void host_end(void);
/* How long a row took that is no step, and steps. */
void host_time(unsigned int line, uint64_t ticks);
void host_steps(const struct child_step *s, uint32_t nr);
void host_counters(const char *mark, unsigned int number);
uint64_t host_ns(uint64_t ticks);
/* All that was measured. */
void host_results(void);

/* ---- deaths.c ---- */

/* Once the cgroup is there. */
void deaths_setup(void);
/* A process is about to end. */
void death_begin(const char *how, unsigned int line, uint32_t pid, pid_t real, int cpu);
/* process_mrelease() has failed: because the victim was gone by itself? */
bool death_lost(int error);
/* process_mrelease() has returned. */
void death_released(void);
/* Waits until it is dead, and leaves it to be reaped. */
void death_end(int pidfd);
void deaths_results(void);
/* The player ends: so does what it started. */
void deaths_stop(void);

/* ---- names.c ---- */

/* file,NAME,PAGES[,shmem][,size=N] */
void file_row(const struct trace *t);
/* The file that a field names. */
void file_field(const struct trace *t, struct child_cmd *c, unsigned int field);
/* The command for a row that is about a whole file; false if it is not. */
bool file_op(const struct trace *t, struct child_cmd *c);
/* A process has done it: keep account of names. */
void file_op_done(const struct trace *t);

/* ---- batch.c ---- */

__attribute__((noreturn)) void batch(char *plan);

/* ---- size.c ---- */

/* Whole guest: as many pages are free as the trace's machine has. */
void take_surplus(void);

/* ---- counters.c ---- */

/* what operations have taken so far, by class */
enum op_class {
	OP_PLAIN,
	OP_DISK, /* in which the disk read */
	OP_PROC, /* another, that begins or ends a process */
	OP_CLASSES,
};
struct spent {
	uint64_t ns[OP_CLASSES], nr[OP_CLASSES];
};
void measure_times(void);
/* 0: there is no such clock */
uint64_t clock_ns(clockid_t clock);
void counters_start(void);
void each_counter(const char *path, const char *prefix,
		  void (*fn)(const char *, const char *, unsigned long long, void *), void *arg);
void guest_counters(const char *mark, unsigned int number, const struct spent *spent);
/* requests that the disk has read */
uint64_t guest_disk_reads(void);
void guest_check(void);

/* ---- flushes.c ---- */

#define TRACING "/sys/kernel/tracing"
/* that a snapshot takes before the flusher is asked to run, with the test-only patch */
#define SNAPSHOT_MS 100
void watch_flushes(void);
/* for the next run of a batch */
void flushes_forget(void);
void operation_begins(uint64_t now_ns);
/* @reads: requests that the disk has read in it */
void operation_ended(unsigned int reads);
void flushes_print(const char *mark, unsigned int number);
/* wait for the flusher; the next operation is the first after it */
void guest_align(void);

/* ---- pages.c ---- */

void pages_open(void);
void guest_dump(const char *mark, unsigned int number);
/* Is any of the first pages of a file in a large folio? Of a stock kernel. */
bool pages_large(uint32_t file, uint64_t pages);

/* ---- stock.c ---- */

/* Modules, before anything else. None there: fine. */
void stock_modules(void);
/* Policy and settings; before a page of the trace's files is cached. */
void stock_setup(void);
/* Does the policy advise a victim between its SIGKILL and its reap? */
bool stock_advises(void);
/* The files are open: which folios do they have, and are they those asked for? */
void stock_folios(void);
/* What this kernel is and how it is set: "I settings ...". */
void stock_info(void);
/* The trace begins: so does the monitor, where it was asked for. */
void stock_monitor(void);
/* A process that will be reaped: @advise is told what of it is to be unmapped without a mark. */
void stock_victim(pid_t pid, void (*advise)(uint64_t at, uint64_t pages, void *arg), void *arg);
/* It has got the SIGKILL. */
void stock_killed(int pidfd);
/* It is gone. */
void stock_buried(void);
void stock_counters(const char *mark, unsigned int number);

#endif
