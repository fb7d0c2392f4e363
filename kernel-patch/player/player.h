/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The player: PID 1 of a small guest, replays a reapsim trace on the kernel
 * that it runs on. player.c walks the trace, trace.c reads it, child.c is what
 * the trace's processes run, guest.c sets the guest up and reads its counters.
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

#define PAGE_SIZE 4096ull
/* Added to every address: FORMAT.md, "Notes for the author of a player". */
#define AT_BASE (1ull << 40)

/* ---- player.c ---- */

/* Ends the run: it is not a result. Prints "run-failed: ...", powers off. */
void run_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line to the results (the second serial port). */
void result(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void result_flush(void);

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
uint64_t trace_time_ns(const struct trace *t, unsigned int field);

/* ---- child.c ---- */

enum child_op {
	CHILD_EXIT,
	CHILD_FORK,   /* arg: serial number, off: slot of the child */
	CHILD_MAP,    /* at, pages, prot, flags, file, off, advice, noreuse,
		       * readonly */
	CHILD_UNMAP,  /* at, pages */
	CHILD_ADVISE, /* at, pages, advice */
	CHILD_TOUCH,  /* at, pages, arg: stride, prot: PROT_WRITE or 0 */
	CHILD_READ,   /* file, off, pages */
	CHILD_WRITE,  /* likewise */
};

struct child_cmd {
	uint32_t op;
	uint32_t file;
	uint64_t at; /* bytes, AT_BASE included */
	uint64_t pages;
	uint64_t off; /* pages */
	uint64_t arg;
	int32_t prot, flags, advice;
	bool noreuse, readonly, shmem;
};

struct child_reply {
	int64_t ret;   /* 0 or a PID, or -errno */
	uint64_t done; /* reads and writes: bytes */
};

#define CHILD_IN    3
#define CHILD_OUT   4
#define CHILD_FILES 16 /* + index of the file */

/*
 * Memory that player and children share: where reads and writes go to and come
 * from, and the children's stacks. It is a file on ramfs, so it is charged to
 * none of the trace's processes and on no list that reclaim looks at.
 */
#define SHARED	    (1ull << 45)
#define IO_PAGES    256ull
#define IO_VECS	    1024ull
#define IO_VEC_AT   (SHARED + IO_PAGES * PAGE_SIZE)
#define SLOT_SIZE   (2 * PAGE_SIZE)
#define SLOTS_AT    (IO_VEC_AT + IO_VECS * 16)
#define MAX_SLOTS   4096u
#define SHARED_SIZE (SLOTS_AT + MAX_SLOTS * SLOT_SIZE - SHARED)

struct clone_args;
/* clone3() of a process that runs the command loop on the stack of a slot */
long child_clone(struct clone_args *args, uint32_t slot, uint32_t serial);
/* "/run/cN" and "/run/rN" */
void child_fifo(char *out, char kind, uint32_t serial);
/* "/d/N" or, for shmem, "/t/N" */
void file_path(char *out, bool shmem, uint32_t index);

/* ---- guest.c ---- */

struct options {
	const char *trace, *lru, *policy, *flags;
	int64_t memcg_pages; /* -1: as the trace says; 0: whole guest */
	int64_t ra_kb;	     /* -1: likewise */
	bool dump;	     /* state of every page at every mark */
	bool times;	     /* what each operation took */
	bool real_time;	     /* "advance" sleeps */
	bool flush;	     /* make memory.stat exact before it is read */
	bool align; /* start, and go on after marks, just after a flush of memcg statistics */
	bool boost; /* leave vm.watermark_boost_factor as it is */
	bool tests; /* no trace: run what is in /tests */
};

struct machine {
	uint64_t memcg_pages, memory_pages, swap_pages, cpus;
	uint64_t readahead_pages, io_pages, fault_around_pages, swappiness;
	uint64_t min_free_pages, watermark_scale_factor;
	uint64_t dirty_background_ratio, dirty_expire_ms, dirty_writeback_ms;
};

struct file {
	char *name;
	uint64_t pages;
	bool shmem;
	int fd;
};

struct guest {
	struct options opt;
	struct machine machine;
	struct file *files;
	uint32_t nr_files;
	uint32_t nr_slots; /* how many the trace needs */
	int cgroup_fd;	   /* -1: whole guest */
	bool knobs;	   /* the test-only patch's debugfs files are there */
};

extern struct guest guest;

void guest_mounts(void);
void guest_options(void);
void guest_setup(void);
void guest_start(void);
void guest_check(void);
/* what operations have taken so far: [1] those in which the disk has read */
struct spent {
	uint64_t ns[2], nr[2];
};
void guest_counters(const char *mark, unsigned int number, const struct spent *spent);
/* requests that the disk has read */
uint64_t guest_disk_reads(void);
void guest_dump(const char *mark, unsigned int number);
void guest_align(void);
void guest_drain(void);
/* Instead of a trace: runs each program in /tests with each LRU. */
void guest_tests(void);
/* Writes a string to a file; -errno. */
int put(const char *path, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void pin(int cpu);

#endif
