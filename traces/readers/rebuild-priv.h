/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by rebuild.c (events), rebuild-files.c, rebuild-ends.c, rebuild-space.c,
 * rebuild-procs.c, rebuild-maps.c, rebuild-access.c, rebuild-windows.c and rebuild-finish.c.
 * Functions that can fail return 0, or -E2BIG for something that a trace cannot hold; rb_event()
 * counts these.
 */
#ifndef REAPSIM_TRACES_REBUILD_PRIV_H
#define REAPSIM_TRACES_REBUILD_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "traces/readers/rebuild.h"

/* Upper limit of user addresses, in pages (5-level page tables). */
#define RB_PAGES_MAX (1ull << 45)
/* One read(2) transfers less than 2 GiB (MAX_RW_COUNT); so does one write. */
#define RB_RW_PAGES_MAX (1ull << 19)
/* Shorter gaps get no operation of their own; they add up until they are long enough. */
#define ADVANCE_NS 1000000ull
/* Addresses are renumbered in chunks of 1 GiB, which keeps every alignment. */
#define CHUNK_SHIFT 18
#define CHUNK_PAGES (1ull << CHUNK_SHIFT)
#define NR_CHUNKS   (1u << (32 - CHUNK_SHIFT))

#define NO_OP UINT32_MAX

enum { VMA_ANON = -1, VMA_SPECIAL = -2 };

struct rb_vma {
	uint64_t start, end; /* pages, end exclusive */
	uint64_t pgoff;
	int64_t file;		     /* index, VMA_ANON or VMA_SPECIAL */
	uint64_t seen_from, seen_to; /* part with faults in it; empty: from >= to */
	uint32_t flags;
	uint32_t op; /* the OP_MAP that made it */
};

/* An address space; a vfork child borrows its parent's. */
struct rb_space {
	unsigned int refs;
	uint32_t pid;		       /* in the trace */
	GArray *vmas;		       /* struct rb_vma, sorted, disjoint */
	GHashTable *chunks;	       /* chunk of real addresses -> chunk in the trace */
	uint64_t used[NR_CHUNKS / 64]; /* bit per chunk in the trace */
	GHashTable *anon;	       /* pages that cost anonymous memory */
	GHashTable *windows;	       /* parts of files in made-up places, see rebuild-windows.c */
	GHashTable *open;	       /* indices of files that it has open in the trace */
	uint64_t nr_windows;
};

struct rb_proc {
	uint32_t pid;
	struct rb_space *space;
	enum op_code end;  /* OP_EXIT, OP_KILL, OP_OOM */
	GArray *tids;	   /* uint32_t, threads seen and not gone */
	uint32_t fork_op;  /* the OP_FORK that made it, while it has done nothing */
	int64_t read_file; /* its last read, -1: none */
	uint64_t read_first, read_last;
};

/* A thread, and its last fault, for which the page cache may still report the file. */
struct rb_thread {
	struct rb_proc *p;
	bool faulted;
	int64_t file; /* VMA_ANON: not in a file, as far as we know */
	uint64_t index;
	/* the page cache dropped pages of a file for it, from this one on; VMA_ANON: none */
	int64_t cut_file;
	uint64_t cut_at;
	/* with rb->no_maps: the fault waits for the report of the page cache */
	bool waits, write;
	uint64_t ns; /* when it was */
	uint64_t page;
};

struct rb_file {
	struct rb_file_id id;
	char *path;
	uint64_t pages;	       /* as recorded at the end; 0: unknown */
	uint64_t proven;       /* end of what was faulted, cached or written */
	uint64_t mapped, read; /* ends of maps and reads; may be beyond the end of the file */
	unsigned int life;     /* 1, and 1 more for each time it was deleted or truncated */
	int64_t same;	       /* the file that it is another name of; -1: none */
	bool shmem, written;
	bool cached; /* the page cache knows it by this id */
	bool declared;
	uint32_t out; /* index in the trace */
	/* see rebuild-ends.c */
	bool created;	  /* in the recording: it is empty when the trace begins */
	bool nameless;	  /* mapped when it had no name any more */
	bool sized;	  /* its size of the moment is known: */
	uint64_t end;	  /* as recorded, at least */
	uint64_t out_end; /* in the trace */
	bool gone;
	uint32_t gone_op[2]; /* the operations that say so, or NO_OP */
};

/* The process of that number in the trace maps a part of a file no longer. */
struct rb_unmapped {
	int64_t file;
	uint32_t pid;
};

/* An operation, and the line of the recording that it comes from. */
struct rb_op {
	struct op op;
	uint32_t line;
};

/* Operations; rb_emit() returns the index of the one that it added, or NO_OP when
 * there was no room for it, which rb_finish() reports. */
struct op *op_at(const struct rebuild *rb, uint32_t i);
uint32_t rb_emit(struct rebuild *rb, struct op op);
uint32_t event_cpu(struct rebuild *rb);

/* Files */
guint rb_id_hash(gconstpointer key);
gboolean rb_id_equal(gconstpointer a, gconstpointer b);
/** The index of the file that file @i is a name of; @i itself if none. */
int64_t file_root(const struct rebuild *rb, int64_t i);
/** The file at file_root(). */
struct rb_file *file_at(const struct rebuild *rb, int64_t i);
/** The page cache reports file @i under the id of file @to: treat them as one file.
 * Return: false if the page cache has reported @i under another id. */
bool file_join(struct rebuild *rb, int64_t i, int64_t to);
/** Join each file that is known only by path with the recorded file of that path. */
void files_join_paths(struct rebuild *rb);
/** The index of the file with this id; created if it is new. @path may be NULL. */
int64_t file_get(struct rebuild *rb, struct rb_file_id id, const char *path);
bool shmem_name(const char *name);
/** Later events with the number of file @i mean a new file. */
void file_retire(struct rebuild *rb, int64_t i);
void rb_cached(struct rebuild *rb, struct rb_file_id id, uint64_t last);
void rb_uncached(struct rebuild *rb, struct rb_file_id id, uint64_t index);
uint64_t file_pages(const struct rb_file *f);
/** Note that pages [first, last] of @file are used. */
void use_pages(struct rebuild *rb, int64_t file, uint64_t first, uint64_t last);
void count_used(struct rebuild *rb);

/* Ends of files; nothing happens in them without rb->ends. */
/** Space @s opens @file in the trace, by any operation that needs it. */
void file_open(struct rebuild *rb, struct rb_space *s, int64_t file);
/** Space @s is about to use @file up to page @end: let it be that long in the trace. */
void file_grow(struct rebuild *rb, struct rb_space *s, int64_t file, uint64_t end);
/** Is a name, as the kernel prints it, that of a file that has lost it? */
bool nameless_name(const char *name);
int rb_create(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id);
int rb_delete(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id);
int rb_truncate(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id);
int rb_fsync(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id);
/** The page cache drops page @index of a file, for thread @tid. */
void rb_dropped(struct rebuild *rb, struct rb_file_id id, uint64_t index, uint32_t pid,
		uint32_t tid);
/** Space @s is about to end: files that have no name and no other user end too. */
void files_orphaned(struct rebuild *rb, struct rb_space *s);
/** Likewise for those that the event has unmapped. */
void files_unmapped(struct rebuild *rb);

/* Address spaces */
guint rb_page_hash(gconstpointer key);
struct rb_vma *vma_at(const struct rb_space *s, uint32_t i);
struct rb_space *space_new(struct rebuild *rb, uint32_t pid);
void space_free(gpointer data);
void space_empty(struct rebuild *rb, struct rb_space *s);
/** The last user of an address space ends it. */
void space_put(struct rebuild *rb, struct rb_space *s, enum op_code end);
/** Index of the first mapping that ends after @page; the length if none. */
uint32_t space_find(const struct rb_space *s, uint64_t page);
struct rb_vma *space_vma(const struct rb_space *s, uint64_t page);
/** Make @page a boundary between mappings. */
void space_split(struct rb_space *s, uint64_t page);
void space_insert(struct rb_space *s, struct rb_vma v);
/** The page number that stands for @page in the trace. */
int renumber(struct rb_space *s, uint64_t page, uint32_t *out);
/** Emit @op for [start, end) in pieces that are contiguous in the trace too. */
int rb_emit_range(struct rebuild *rb, struct rb_space *s, struct op op, uint64_t start,
		  uint64_t end);
/** As rb_emit_range() for OP_MAP, and remember each piece as a mapping. */
int map_range(struct rebuild *rb, struct rb_space *s, const struct rb_vma *v);
void count_anon(struct rebuild *rb, struct rb_space *s, uint64_t page);

enum cut {
	CUT_UNMAP = 1 << 0, /* emit OP_UNMAP; without it an OP_MAP will replace them */
	CUT_ANON = 1 << 1,  /* also anonymous ones */
};

/** Remove mappings from [start, end). */
int space_cut(struct rebuild *rb, struct rb_space *s, uint64_t start, uint64_t end,
	      unsigned int how);

/* Processes */
void proc_free(gpointer data);
void proc_end(struct rebuild *rb, struct rb_proc *p);
struct rb_proc *proc_find(const struct rebuild *rb, uint32_t pid);
/** Thread @tid of process @pid; created if it is new. @pid 0: unknown, use the process that
 * @tid is known to belong to. */
struct rb_thread *rb_thread_get(struct rebuild *rb, uint32_t pid, uint32_t tid);
int rb_fork(struct rebuild *rb, uint32_t pid, uint32_t tid, uint32_t ppid, uint32_t ptid);
void rb_clone_flags(struct rebuild *rb, uint32_t tid, uint64_t flags);
int rb_exec(struct rebuild *rb, uint32_t pid, uint32_t tid);
void rb_exit(struct rebuild *rb, uint32_t pid, uint32_t tid);
void rb_sigkill(struct rebuild *rb, uint32_t tid, bool delivered);
void rb_oom(struct rebuild *rb, uint32_t tid);

/* Mappings */
int rb_mmap(struct rebuild *rb, struct rb_proc *p, const struct rb_map *m);
int rb_munmap(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages);
int rb_madvise(struct rebuild *rb, struct rb_proc *p, uint64_t start, uint64_t pages,
	       unsigned int advice);
/** Add permissions to a mapping, from its beginning. */
void vma_allow(struct rebuild *rb, struct rb_vma *v, uint32_t flags);

/* Accesses */
/** Access one page of the process. Return: 1 if it is one, 0 if the page is
 * not the process's own memory, or -E2BIG. */
int rb_access(struct rebuild *rb, struct rb_thread *t, uint64_t page, bool write);
/** With rb->no_maps: rb_window_fault() takes the page cache's report of a fault of @t;
 * rb_fault_ready() completes a fault without a report. */
int rb_window_fault(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id, uint64_t first,
		    uint64_t last);
int rb_fault_ready(struct rebuild *rb, struct rb_thread *t);
int rb_fault(struct rebuild *rb, struct rb_thread *t, uint64_t page, bool write);
/** The page cache reports that the last fault of @t was in pages [first, last] of a file. */
void rb_check_fault(struct rebuild *rb, struct rb_thread *t, struct rb_file_id id, uint64_t first,
		    uint64_t last);
int rb_read(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	    uint64_t last);
int rb_write(struct rebuild *rb, struct rb_proc *p, struct rb_file_id id, uint64_t first,
	     uint64_t last);

#endif
