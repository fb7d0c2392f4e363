/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rebuilds processes, address spaces and files from kernel events in the
 * order of their time, and turns them into trace operations. traces/readers/perf.c
 * reads the events from text; nothing here knows how they are written.
 *
 * Addresses, offsets and lengths come in pages. Functions that can fail return
 * 0 or -EINVAL with rb->err naming rb->path and rb->line.
 */
#ifndef REAPSIM_TRACES_PERF_REBUILD_H
#define REAPSIM_TRACES_PERF_REBUILD_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/op.h"
#include "sim/trace.h"

/* No user address has more pages below it (5-level page tables). */
#define RB_PAGES_MAX (1ull << 45)
/* One read(2) transfers less than 2 GiB (MAX_RW_COUNT); so does one write. */
#define RB_RW_PAGES_MAX (1ull << 19)

struct rb_proc;

/** struct rb_file_id - a file as the kernel names it. */
struct rb_file_id {
	uint64_t dev; /* major << 32 | minor; RB_DEV_PATH: see below */
	uint64_t ino;
};

/** dev of files known by path only; ino is then what rb_path_ino() returned. */
#define RB_DEV_PATH UINT64_MAX

/** struct rb_counts - what the events were worth, for the notes of the trace. */
struct rb_counts {
	uint64_t faults, faults_dropped;
	uint64_t forks, vforks, execs, exits, kills;
	uint64_t reads, reads_merged, writes;
	uint64_t checked, agreed; /* page-cache faults that name their page */
	uint64_t retired;	  /* files deleted or cut to nothing */
};

/** struct rebuild - one recording on its way to being a trace. */
struct rebuild {
	const char *path;
	unsigned long line; /* set by the caller before each event */
	uint64_t ns;	    /* time of the event, likewise; 0: unknown */
	uint32_t cpu;	    /* likewise */
	struct err *err;
	struct rb_counts counts;
	/* by rb_finish() */
	uint64_t anon_peak;  /* most anonymous pages at one time, copies included */
	uint64_t used_pages; /* file pages in 64 KiB blocks of which any was used */
	/* private */
	uint64_t advanced_ns; /* time that the operations so far stand for */
	uint32_t max_cpu;
	GArray *ops;	       /* struct op */
	GArray *lines;	       /* uint32_t, of each operation */
	GArray *files;	       /* struct rb_file */
	GHashTable *file_of;   /* struct rb_file_id -> index + 1 */
	GHashTable *path_inos; /* path -> invented inode number */
	GHashTable *procs;     /* pid -> struct rb_proc */
	GHashTable *tids;      /* tid -> struct rb_proc */
	GHashTable *spaces;    /* process id in the trace -> struct rb_space */
	GHashTable *blocks;    /* those blocks */
	uint64_t anon_pages;
	uint64_t dead; /* address spaces gone */
};

void rb_init(struct rebuild *rb, const char *path, struct err *err);
void rb_release(struct rebuild *rb);

/** The process of thread @tid, whose thread group is @pid, made when new;
 * @pid 0: unknown, whatever @tid is known to belong to. */
struct rb_proc *rb_proc_get(struct rebuild *rb, uint32_t pid, uint32_t tid);

int rb_fork(struct rebuild *rb, uint32_t pid, uint32_t tid, uint32_t ppid, uint32_t ptid);
/** The clone flags of the thread that rb_fork() has just announced. */
void rb_clone_flags(struct rebuild *rb, uint32_t tid, uint64_t flags);
int rb_exec(struct rebuild *rb, uint32_t pid, uint32_t tid);
void rb_exit(struct rebuild *rb, uint32_t pid, uint32_t tid);
/** @tid was sent SIGKILL, or (@delivered) died of one. */
void rb_sigkill(struct rebuild *rb, uint32_t tid, bool delivered);

/** A recorded file that exists at the end. @shmem: it lies in tmpfs. */
void rb_file_known(struct rebuild *rb, struct rb_file_id id, uint64_t bytes, bool shmem,
		   const char *path);
/** An invented inode number for @path, the same each time. */
uint64_t rb_path_ino(struct rebuild *rb, const char *path);
/** Pages [first, last] of a file entered the page cache: it is that long. */
void rb_cached(struct rebuild *rb, struct rb_file_id id, uint64_t last);
/** Page @index left the page cache by the hand of a recorded process. */
void rb_uncached(struct rebuild *rb, struct rb_file_id id, uint64_t index);

/**
 * struct rb_map - one mapping that the kernel announced.
 * @flags: VM_READ, VM_WRITE, VM_EXEC, VM_SHARED
 */
struct rb_map {
	uint64_t start, pages, pgoff;
	struct rb_file_id id;
	uint32_t flags;
	const char *name;
};

int rb_mmap(struct rebuild *rb, struct rb_proc *p, const struct rb_map *m);
int rb_munmap(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages);
int rb_madvise(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages,
	       unsigned int advice);
int rb_fault(struct rebuild *rb, struct rb_proc *p, uint64_t page, bool write);
/** The kernel says which page the last fault of @p was about. */
void rb_check_fault(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t index);
int rb_read(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	    uint64_t last);
int rb_write(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	     uint64_t last);

/**
 * rb_finish - end what still lives and hand everything to a builder.
 * @b: initialised by the caller, who adds header rows before or after
 * @line_of: receives the line of each operation, for trace_check()
 */
int rb_finish(struct rebuild *rb, struct trace_build *b, GArray *line_of);

#endif
