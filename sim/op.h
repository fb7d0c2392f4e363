/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of a trace as the replay loop reads them: 8-byte records.
 * traces/FORMAT.md is the description for users.
 *
 * A record is two 32-bit words, little-endian in a file: the operation in the low 5 bits
 * of the first, a 27-bit field x in its other bits, and a 32-bit argument.
 * The process and the file of an operation are registers: REC_PID and REC_FILE set
 * them, and they keep their value until set again. REC_EXT carries the arguments of
 * the next record that do not fit. All units are 4 KiB pages; addresses are virtual
 * page numbers.
 *
 * Operations from OP_WIDE_FIRST on are too rare for a code of 5 bits: they are written as
 * REC_WIDE, with their number in x. Each is one row of the table in sim/op.c.
 */
#ifndef REAPSIM_OP_H
#define REAPSIM_OP_H

#include <stdbool.h>
#include <stdint.h>

enum op_code {
	OP_NONE = 0, /* invalid, so that a zeroed page is not a trace */
	/* registers */
	REC_PID,  /* x: process id */
	REC_FILE, /* arg: index in the trace's file table */
	REC_EXT,  /* x, arg: as the operation that follows defines them */
	/* processes; the process is REC_PID */
	OP_SPAWN,    /* x: cpu. A new process with an empty address space */
	OP_FORK,     /* x: cpu, arg: pid of the child, a copy of REC_PID */
	OP_EXEC,     /* drops the address space, keeps the process */
	OP_EXIT,     /* exits by itself: exit_mmap() */
	OP_KILL,     /* SIGKILL, then exit_mmap() */
	OP_MRELEASE, /* x: flags. SIGKILL, process_mrelease(), exit_mmap() */
	OP_OOM,	     /* the OOM killer's victim: reaped, then exit_mmap() */
	OP_OPTIN,    /* prctl(): do not mark the process's pages when it dies */
	/* mappings; REC_EXT before OP_MAP: x vm_flags, arg file offset;
	 * before OP_ADVISE: x an advice (VM_RAND_READ, VM_SEQ_READ or 0) */
	OP_MAP,	   /* x: pages, arg: address; file unless VM_ANON */
	OP_UNMAP,  /* x: pages, arg: address */
	OP_ADVISE, /* x: pages, arg: address */
	/* accesses; REC_EXT before OP_TOUCH: arg stride (1 if absent) */
	OP_TOUCH, /* x: count << 1 | write, arg: address of the first */
	OP_READ,  /* x: pages, arg: file offset; read(2) */
	OP_WRITE, /* x: pages, arg: file offset; write(2) */
	/* the machine */
	OP_DROP_CACHES, /* echo 1 > /proc/sys/vm/drop_caches */
	OP_DRAIN,	/* lru_add_drain_all() */
	OP_ADVANCE,	/* x << 32 | arg: nanoseconds */
	OP_MARK,	/* take a snapshot; arg: its name, index in the string table */
	/* further operations of a process, REC_PID */
	OP_FORK_FAIL,  /* a fork() that fails after it copied all mappings */
	OP_CLEAR_REFS, /* echo 1 > /proc/PID/clear_refs */
	/* records of the operations that follow; version 2 of the format */
	REC_MORE, /* x: struct op.to_pages, arg: .to. Comes before REC_EXT */
	REC_WIDE, /* x: the operation, arg: .at; REC_EXT before it: x .pages, arg .value */
	NR_RECS,

	OP_WIDE_FIRST = 32,
	OP_OOM_SCORE_ADJ = OP_WIDE_FIRST, /* of a process: value - 1000 */
	OP_MEMORY_MAX,			  /* of the cgroup to: pages */
	OP_MEMORY_RECLAIM, /* of the cgroup to: pages; value: swappiness + 1, 0: none */
	OP_MADVISE,  /* REC_PID advises with value (enum madvise); to: 0 itself, or 1 + a process */
	OP_MREMAP,   /* at, pages; to, to_pages */
	OP_TRUNCATE, /* of a file: at is its new size */
	OP_UNLINK,   /* of a file */
	OP_RENAME,   /* of a file, to the name of the file to */
	OP_FSYNC,    /* of a file */
	OP_FADVISE,  /* of a file; at, pages (0: to its end), value: enum fadvise */
	OP_MLOCK,    /* at, pages */
	OP_MUNLOCK,  /* at, pages */
	OP_CGROUP,   /* of a process: to is the cgroup that it moves to */
	NR_OPS,
};

/** Does it mean a file, that is, need REC_FILE? @flags: of OP_MAP */
bool op_needs_file(enum op_code code, uint32_t flags);

/** enum op_field - one field of a wide operation's row in a text trace, and where struct op
 * has it. */
enum op_field {
	FIELD_NONE,
	FIELD_PID,	     /* pid, REC_PID: always the first */
	FIELD_PAGES,	     /* pages, at least 1 */
	FIELD_TO,	     /* to: another virtual page number */
	FIELD_TO_PAGES,	     /* to_pages, at least 1 */
	FIELD_OOM_SCORE_ADJ, /* value: -1000..1000, stored with 1000 added */
	FIELD_SWAPPINESS,    /* value: 0..200, stored with 1 added; 0: absent */
	FIELD_AT,	     /* at: a virtual page number */
	FIELD_MADVICE,	     /* value: enum madvise */
	FIELD_BY,	     /* pid: who does it to FIELD_PID, which is then in to, plus 1 */
	FIELD_FILE,	     /* file, REC_FILE */
	FIELD_TO_FILE,	     /* to: another file */
	FIELD_SIZE,	     /* at: pages, 0 too */
	FIELD_OFF,	     /* at: page of the file */
	FIELD_LEN,	     /* pages, 0 too */
	FIELD_FADVICE,	     /* value: enum fadvise */
	FIELD_CGROUP,	     /* to: a cgroup, below TRACE_CGROUPS; 0 if absent */
};

#define OP_FIELDS_MAX 6

/**
 * struct op_wide - one wide operation.
 * @keyword: first field of its row
 * @usage: the row, for messages
 * @fields: the others
 * @optional: how many of them, from the end, may be absent
 */
struct op_wide {
	const char *keyword, *usage;
	enum op_field fields[OP_FIELDS_MAX];
	unsigned int optional;
};

/** The wide operation @code, from OP_WIDE_FIRST on. */
const struct op_wide *op_wide(enum op_code code);
/** Has the wide operation such a field? */
bool op_has(enum op_code code, enum op_field field);

/** Does the operation belong to a process, that is, need REC_PID? */
static inline bool op_needs_pid(enum op_code code)
{
	if (code >= OP_WIDE_FIRST)
		return op_has(code, FIELD_PID);
	return (code >= OP_SPAWN && code <= OP_WRITE) || code == OP_FORK_FAIL ||
	       code == OP_CLEAR_REFS;
}

/** Does a process begin or end? */
static inline bool op_begins_or_ends(enum op_code code)
{
	return code >= OP_SPAWN && code <= OP_OOM;
}

struct op;
/** NULL, or what is wrong with the fields of a wide operation, whatever the trace. */
const char *op_wide_bad(const struct op *op);

/** enum vm_flags - flags of a mapping (x of the REC_EXT before OP_MAP), with the kernel's
 * names where they exist. The bits are those of the binary form. */
enum vm_flags {
	VM_READ = 1 << 0,
	VM_WRITE = 1 << 1,
	VM_EXEC = 1 << 2,
	VM_SHARED = 1 << 3, /* else private */
	VM_ANON = 1 << 4,
	VM_RAND_READ = 1 << 5, /* MADV_RANDOM */
	VM_SEQ_READ = 1 << 6,  /* MADV_SEQUENTIAL */
	VM_NOREUSE = 1 << 7,   /* the file has FMODE_NOREUSE */
	VM_READONLY = 1 << 8,  /* shared, of a file opened read-only: the VMA is not VM_SHARED */
	VM_FLAGS_ALL = (1 << 9) - 1,
	/* never in a trace */
	VM_HUGEPAGE = 1 << 9, /* MADV_HUGEPAGE */
	VM_NOHUGEPAGE = 1 << 10,
	VM_LOCKED = 1 << 11, /* mlock() */
};

/** enum mrelease_flags - flags of process_mrelease(), x of OP_MRELEASE. */
enum mrelease_flags {
	MRELEASE_IGNORE_ACCESS = 1 << 0,
	MRELEASE_EVICT_FILE = 1 << 1,
	MRELEASE_FLAGS_ALL = 3,
};

#define TRACE_CGROUPS	  2
#define OOM_SCORE_ADJ_MAX 1000
#define SWAPPINESS_MAX	  200u

/** enum fadvise - what OP_FADVISE advises, with the kernel's numbers. */
enum fadvise {
	FADVISE_NORMAL,
	FADVISE_RANDOM,
	FADVISE_SEQUENTIAL,
	FADVISE_WILLNEED,
	FADVISE_DONTNEED,
	FADVISE_NOREUSE,
	NR_FADVISES,
};

/** The names of enum fadvise in a text trace. */
extern const char *const fadvise_names[NR_FADVISES];

/** enum madvise - what OP_MADVISE advises, with the kernel's numbers. */
enum madvise {
	MADVISE_WILLNEED = 3,
	MADVISE_DONTNEED = 4,
	MADVISE_FREE = 8,
	MADVISE_HUGEPAGE = 14,
	MADVISE_NOHUGEPAGE = 15,
	MADVISE_COLD = 20,
	MADVISE_PAGEOUT = 21,
	MADVISE_POPULATE_READ = 22,
};

/** Its name in a text trace; NULL: there is no such advice. */
const char *madvise_name(uint32_t advice);
/** The advice of that name; -1: there is none. */
int madvise_find(const char *name);
/** process_madvise_remote_valid(): may one process advise another so? */
bool process_madvise_remote_valid(uint32_t advice);
/** The process that a wide operation of @pid, with @to, works on. */
static inline uint32_t op_target(uint32_t pid, uint32_t to)
{
	return to ? to - 1 : pid;
}

#define REC_X_BITS   27
#define REC_X_MAX    ((1u << REC_X_BITS) - 1)
#define OP_PAGES_MAX (REC_X_MAX >> 1) /* longest range: 256 GiB */
#define OP_PID_MAX   REC_X_MAX

/* Stands for all system processes (oom_score_adj -900 and below): no killer selects it. */
#define TRACE_SYSTEM_PID 0x7000000u

/** struct op_rec - one record, in memory and in a binary trace. */
struct op_rec {
	uint32_t head;
	uint32_t arg;
};

static inline struct op_rec op_rec(enum op_code code, uint32_t x, uint32_t arg)
{
	return (struct op_rec){ .head = (uint32_t)code | x << 5, .arg = arg };
}

static inline enum op_code op_rec_code(struct op_rec r)
{
	return (enum op_code)(r.head & 31);
}

static inline uint32_t op_rec_x(struct op_rec r)
{
	return r.head >> 5;
}

/** The operation of a record: op_rec_code(), or what a REC_WIDE stands for. */
static inline enum op_code op_rec_op(struct op_rec r)
{
	return op_rec_code(r) == REC_WIDE ? (enum op_code)op_rec_x(r) : op_rec_code(r);
}

/**
 * struct op - one decoded operation, for code off the hot path (readers, writers, checks).
 * Unused fields are 0. Wide operations use at, pages, value, to and to_pages only.
 */
struct op {
	enum op_code code;
	uint32_t pid;
	uint32_t child;	 /* OP_FORK */
	uint32_t cpu;	 /* OP_SPAWN, OP_FORK */
	uint32_t file;	 /* file table index: OP_MAP, OP_READ, OP_WRITE */
	uint32_t at;	 /* virtual page number, or file page offset */
	uint32_t pages;	 /* length; OP_TOUCH: number of touches */
	uint32_t stride; /* OP_TOUCH, pages between touches, >= 1 */
	uint32_t pgoff;	 /* OP_MAP: file offset in pages */
	uint32_t flags;	 /* vm_flags; mrelease_flags */
	bool write;	 /* OP_TOUCH */
	uint32_t name;	 /* OP_MARK: string table index */
	/* wide operations: see enum op_field */
	uint32_t value, to, to_pages;
	uint64_t ns; /* OP_ADVANCE */
};

#endif
