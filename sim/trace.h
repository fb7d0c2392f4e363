/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace in memory: its header, its file and name tables and its records. Readers
 * (traces/) build it, the replay (sim/replay.c) only reads it, so any number of runs can
 * share it.
 */
#ifndef REAPSIM_TRACE_H
#define REAPSIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/op.h"
#include "sim/spill.h"

#define TRACE_VERSION 2 /* of the format, the newest */

/** struct trace_file - a declared file. */
struct trace_file {
	char *name;
	uint32_t pages; /* the largest size that it ever has */
	uint32_t size;	/* when the trace begins */
	uint32_t first; /* slot of its page 0; files lie back to back */
	bool shmem;	/* tmpfs: "file" to the fault path, anon LRU */
};

/** struct trace_kv - a header line: machine,KEY,VALUE or note,KEY,VALUE. */
struct trace_kv {
	char *key;
	char *value;
	uint32_t line; /* of the text it came from; 0: none */
};

/** struct trace - read only once it has been built and checked. */
struct trace {
	char *path;	  /* as the user gave it */
	uint32_t version; /* of the format: the lowest that has all that is in it */
	const struct op_rec *recs;
	uint64_t nr_recs;
	struct trace_file *files;
	uint32_t nr_files;
	uint64_t nr_file_pages; /* sum of all sizes, < 2^32 - 2^16 */
	bool has_shmem;		/* some file is on tmpfs */
	char **names;		/* of snapshots */
	uint32_t nr_names;
	struct trace_kv *machine; /* machine rows */
	uint32_t nr_machine;
	struct trace_kv *notes; /* provenance */
	uint32_t nr_notes;
	/* owned storage behind the pointers above */
	struct trace *like;  /* owns all but the records; NULL: the trace itself does */
	struct spill *spill; /* the records, if they were built */
	struct op_rec *own_recs;
	uint32_t *file_hint; /* see trace_page_file() */
	_Atomic uint32_t nr_owners;
};

/** Add an owner, who must call trace_free(). Thread-safe. */
struct trace *trace_ref(const struct trace *t);
/** A trace with the files, names and rows of @t, and no records: add them to its spill, then
 * trace_end(). Return: the trace, owned by the caller. */
struct trace *trace_like(const struct trace *t);
/** All records are in the spill. */
void trace_end(struct trace *t);
/** Drop an owner; the last one frees the trace. @t may be NULL. */
void trace_free(struct trace *t);

/** The records [@from, @to) are not needed soon: a large trace lets their memory go. To be called
 * for about TRACE_PASSES records at a time. */
void trace_passed(const struct trace *t, uint64_t from, uint64_t to);
#define TRACE_PASSES (1ull << 18)

#define TRACE_HINT_SHIFT 10

/** The file of @page, which counts from page 0 of the first file: the search starts from the
 * file of the first page of its block of 1024. */
static inline uint32_t trace_page_file(const struct trace *t, uint32_t page)
{
	uint32_t file = t->file_hint[page >> TRACE_HINT_SHIFT];

	while (page - t->files[file].first >= t->files[file].pages)
		file++;
	return file;
}

/**
 * struct trace_iter - walks whole operations.
 *
 * trace_iter_next() returns 1 with @op filled, 0 at the end, -EINVAL on a
 * malformed record (then @err says which). It checks the form of each record
 * only; trace_check() checks the meaning.
 */
struct trace_iter {
	const struct trace *t;
	uint64_t next;	 /* record that will be read next */
	uint64_t at;	 /* record of the last operation returned */
	uint64_t passed; /* records before it have left memory, in large traces */
	uint32_t pid, file;
	bool has_pid, has_file;
};

void trace_iter_init(struct trace_iter *it, const struct trace *t);
int trace_iter_next(struct trace_iter *it, struct op *op, struct err *err);

/** The operation that has record @rec, or the next one. Return: false, and OP_NONE: none. */
bool trace_op_at(const struct trace *t, uint64_t rec, struct op *op);

/** The part of trace_check() that looks at files, names, machine rows and notes. */
int trace_check_header(const struct trace *t, struct err *err);
/**
 * trace_check - validate everything that does not depend on the machine: ranges inside
 * their files, processes alive, mappings present, snapshot names, flags.
 * @line_of: for messages: maps the number of an operation (from 0) to its line of the
 *	text. NULL: messages say "operation N"
 *
 * Return: 0, or -EINVAL with @err naming file and line, value and expectation.
 */
int trace_check(const struct trace *t, const uint32_t *line_of, struct err *err);

/**
 * struct trace_watch - is told what the check of a trace sees.
 * @op: a valid operation, whose last record is @at. Return: 0, or what ends the check
 * @mapped: the operation that follows uses pages of a file through a mapping
 */
struct trace_watch {
	int (*op)(void *data, const struct op *op, uint64_t at);
	void (*mapped)(void *data, uint32_t file);
	void *data;
};

/** As trace_check() without @line_of, for @watch. Return: the same, or what its op() returned. */
int trace_check_watched(const struct trace *t, const struct trace_watch *watch, struct err *err);

/**
 * struct trace_stats - the numbers of "reapsim trace info".
 * The distinct file pages need the mappings, so the checker counts them.
 */
struct trace_stats {
	uint64_t nr_ops;
	uint64_t ops[NR_OPS]; /* by operation; 0 for the REC_ codes */
	uint64_t nr_procs;    /* spawned and forked */
	uint64_t max_live_procs;
	uint64_t nr_touches;	     /* pages touched, with repetition */
	uint64_t nr_file_touches;    /* those of file mappings */
	uint64_t nr_fd_pages;	     /* pages read and written, with repetition */
	uint64_t file_pages_touched; /* distinct, through mappings */
	uint64_t file_pages_fd;	     /* distinct, through read and write */
	uint64_t file_pages_used;    /* distinct, either way */
	uint64_t ns;		     /* sum of all advances */
};

/** As trace_check() without @line_of; also fills @stats. Needs 2 bits per file page. */
int trace_stat(const struct trace *t, struct trace_stats *stats, struct err *err);

#define TRACE_NAME_BYTES_MAX  255
#define TRACE_KEY_BYTES_MAX   64
#define TRACE_VALUE_BYTES_MAX 4096

/*
 * Valid names in a trace: file names (1..255 bytes), names of snapshots
 * ([A-Za-z0-9_.:-]{1,64}), keys ([A-Za-z0-9_.-]{1,64}) and values (at most
 * 4096 bytes). Control characters are invalid, as the text form cannot express them.
 */
bool trace_file_name_ok(const char *name);
bool trace_mark_name_ok(const char *name);
bool trace_key_ok(const char *key);
bool trace_value_ok(const char *value);

#define TRACE_FILE_PAGES_MAX (UINT32_MAX - (1u << 16))
#define TRACE_CPU_MAX	     8191u /* the kernel's largest NR_CPUS - 1 */

/*
 * Building. The builder emits REC_PID, REC_FILE and REC_EXT as needed. trace_build_end()
 * transfers everything to the trace.
 */
struct trace_build {
	struct trace *t;
	GHashTable *file_ids; /* name -> index + 1 */
	GHashTable *name_ids;
	uint32_t pid, file; /* registers after the last record */
	bool has_pid, has_file;
	uint64_t nr_ops;
	uint32_t line; /* current line; readers of text keep it up to date */
};

void trace_build_init(struct trace_build *b, const char *path);
/** Declare a file of @pages, which it has from the start. Return: 0; -EEXIST if the name exists
 * with another size or kind; -E2BIG if the pages of all files reach 2^32 - 2^16; -EINVAL if the
 * name is invalid or @pages is 0. @id: its index; untouched on error. */
int trace_build_file(struct trace_build *b, const char *name, uint64_t pages, bool shmem,
		     uint32_t *id);
/** Let a declared file begin with a size of at most its pages. */
void trace_build_size(struct trace_build *b, uint32_t file, uint32_t size);
/** Look up a declared file. Return: its index, or -ENOENT. */
int64_t trace_build_find(const struct trace_build *b, const char *name);
/** The index of a snapshot's name in the string table; adds it if it is new. */
uint32_t trace_build_name(struct trace_build *b, const char *name);
/** Append a "machine" row. */
void trace_build_machine(struct trace_build *b, const char *key, const char *value);
/** Append a "note" row. Control characters in @value become spaces; it is cut at 4096
 * bytes. */
void trace_build_note(struct trace_build *b, const char *key, const char *value);
/** Append one operation. Return: 0; -EINVAL with @err if a field does not fit its record or
 * there are too many records; or an error of spill_check(). */
int trace_build_op(struct trace_build *b, const struct op *op, struct err *err);
/** Finish: assign slots to the files, clear the builder. Return: the trace, owned by the
 * caller. */
struct trace *trace_build_end(struct trace_build *b);
/** Discard the trace and free everything. */
void trace_build_abort(struct trace_build *b);

/**
 * struct trace_reader - one input format.
 * @name: as in "--format NAME"
 * @summary: one line for "reapsim list"
 * @probe: true if the first @len bytes (at most 4096) look like this format; NULL: the
 *	format has no recognizable start
 * @read: build a trace that has passed trace_check() from an unread input
 *	(traces/readers/input.h). Return: 0 with @out owned by the caller, or a negative
 *	errno with @err
 */
struct input;
struct trace_reader {
	const char *name;
	const char *summary;
	bool (*probe)(const uint8_t *head, size_t len);
	int (*read)(struct input *in, struct trace **out, struct err *err);
};

#endif
