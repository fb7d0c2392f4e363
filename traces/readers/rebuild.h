/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rebuilds processes, address spaces and files from kernel events in the
 * order of their time, and turns them into trace operations. Readers of recordings feed it; it
 * does not depend on their formats.
 *
 * Addresses, offsets and lengths come in pages.
 */
#ifndef REAPSIM_TRACES_REBUILD_H
#define REAPSIM_TRACES_REBUILD_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/op.h"
#include "sim/spill.h"
#include "sim/trace.h"

/** struct rb_file_id - a file as the kernel names it. */
struct rb_file_id {
	uint64_t dev; /* major << 32 | minor; RB_DEV_PATH: see below */
	uint64_t ino;
};

/** dev of files known by path only; ino is then what rb_path_ino() returned. */
#define RB_DEV_PATH UINT64_MAX

/**
 * enum rb_kind - what an event is, and the member of struct rb_event that says
 * more. "Own" events are caused by their thread itself: an unknown thread starts to exist.
 */
enum rb_kind {
	RB_SEEN,	  /* own: only shows that the thread exists */
	RB_FAULT,	  /* own: .fault */
	RB_CACHE_FAULT,	  /* own: .cache, pages among which is the one of its last fault */
	RB_READ,	  /* own: .cache, pages read through a descriptor */
	RB_WRITE,	  /* own: .cache, likewise */
	RB_MUNMAP,	  /* own: .range */
	RB_MADVISE,	  /* own: .range with its advice */
	RB_CREATE,	  /* own: .cache.id, a new file, empty */
	RB_DELETE,	  /* own: .cache.id, it has no name left, and nobody uses it */
	RB_TRUNCATE,	  /* own: .cache.id, after the page cache dropped what lies behind */
	RB_FSYNC,	  /* own: .cache.id */
	RB_CACHE_ADD,	  /* .cache: entered the page cache */
	RB_CACHE_DELETE,  /* .cache: left it by the hand of a recorded process */
	RB_CLONE_FLAGS,	  /* .clone: flags of the thread that RB_FORK has just announced */
	RB_SIGKILL_SENT,  /* .task: its target, by thread */
	RB_SIGKILL_TAKEN, /* the thread was delivered a SIGKILL */
	RB_THREAD,	  /* .task: that thread is of that process, which need not act */
	RB_OOM_VICTIM,	  /* .task: the OOM killer chose that thread's process */
	RB_FORK,	  /* .task; pid 0: a thread of its parent; ppid 0: the process of ptid */
	RB_EXIT,	  /* .task; pid 0: the process of tid */
	RB_EXEC,	  /* .task */
	RB_MMAP,	  /* .map of process .task */
};

/**
 * struct rb_event - one event.
 * @pid, @tid: the acting thread; pid 0: unknown, then the process of the thread
 * @ns: when; 0: unknown
 */
struct rb_event {
	enum rb_kind kind;
	uint32_t pid, tid, cpu;
	uint64_t ns;
	struct {
		uint32_t pid, tid, ppid, ptid;
	} task;
	union {
		struct {
			uint64_t page;
			bool write;
		} fault;
		struct {
			struct rb_file_id id;
			uint64_t first, last;
		} cache;
		struct {
			uint64_t start, pages;
			unsigned int advice; /* MADV_ */
		} range;
		struct {
			uint64_t flags;
		} clone;
		struct rb_map {
			uint64_t start, pages, pgoff;
			struct rb_file_id id; /* all 0: no file */
			uint32_t flags;	      /* VM_READ, VM_WRITE, VM_EXEC, VM_SHARED */
			const char *name;
		} map;
	};
};

/** struct rb_counts - the use of the events, for the notes of the trace. */
struct rb_counts {
	uint64_t faults, faults_dropped;
	uint64_t forks, vforks, execs, exits, kills, ooms;
	uint64_t reads, reads_merged, writes;
	uint64_t checked, agreed; /* page-cache faults that name their page */
	uint64_t unmapped;	  /* of these, where no mapping was recorded */
	uint64_t joined;	  /* files known by another name than the page cache's */
	uint64_t retired;	  /* files deleted or cut */
	uint64_t created, synced; /* files created, and written to disk by fsync() */
	uint64_t left_out;	  /* events beyond what a trace can hold */
};

/** struct rebuild - the conversion of one recording. */
struct rebuild {
	const char *path;
	unsigned long line; /* of the event, for messages; set by the caller */
	struct err *err;
	/* The recorder has no mappings: the page cache's report of a fault names the file,
	 * and its address is invented. */
	bool no_maps;
	/* The recorder has the events of ext4 by which files begin, end and change their size,
	 * see rebuild-ends.c. Without them a file whose page 0 goes counts as a new one. */
	bool ends;
	unsigned int page_pages; /* size of the recorded machine's pages, in 4 KiB */
	struct rb_counts counts;
	uint32_t max_cpu;
	/* by rb_finish() */
	uint64_t anon_peak;  /* most anonymous pages at one time, copies included */
	uint64_t used_pages; /* file pages in 64 KiB blocks of which any was used */
	/* private */
	uint64_t ns; /* of the last event */
	uint32_t cpu;
	uint64_t advanced_ns;  /* sum of the time that the operations so far advance */
	struct spill ops;      /* struct rb_op */
	GArray *files;	       /* struct rb_file */
	GHashTable *file_of;   /* struct rb_file_id -> index + 1 */
	GHashTable *path_inos; /* path -> invented inode number */
	GHashTable *procs;     /* pid -> struct rb_proc */
	GHashTable *tids;      /* tid -> struct rb_thread */
	GHashTable *thread_of; /* tid -> pid, from RB_THREAD */
	GHashTable *waiting;   /* cpu -> tid with a fault that waits, see rb_thread */
	GHashTable *spaces;    /* process id in the trace -> struct rb_space */
	GHashTable *blocks;    /* those blocks */
	GArray *unmapped;      /* struct rb_unmapped, of the present event */
	uint64_t anon_pages;
	uint64_t dead; /* address spaces gone */
};

void rb_init(struct rebuild *rb, const char *path, struct err *err);
void rb_release(struct rebuild *rb);

/** Take one event. Events that a trace cannot hold are left out and counted. */
void rb_event(struct rebuild *rb, const struct rb_event *ev);

/** A recorded file that exists at the end. @shmem: it lies in tmpfs. */
void rb_file_known(struct rebuild *rb, struct rb_file_id id, uint64_t bytes, bool shmem,
		   const char *path);
/** An invented inode number for @path, the same each time. */
uint64_t rb_path_ino(struct rebuild *rb, const char *path);

/**
 * rb_finish - end what still lives and hand everything to a builder.
 * @b: initialised by the caller, who adds header rows before or after
 * @line_of: receives the line of each operation, uint32_t, for trace_check()
 *
 * Return: 0; -EINVAL, or another negative errno when there is no room for it.
 */
int rb_finish(struct rebuild *rb, struct trace_build *b, struct spill *line_of);

#endif
