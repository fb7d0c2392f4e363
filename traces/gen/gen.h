/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generators of synthetic traces. One generator is one file gen-NAME.c with
 * its options, and one line below. The same options and seed give
 * the same trace, byte for byte, on every machine: random numbers come from
 * the generator below, and real numbers pass through +, -, *, / only.
 */
#ifndef REAPSIM_TRACES_GEN_H
#define REAPSIM_TRACES_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/err.h"
#include "sim/op.h"
#include "sim/option.h"
#include "sim/trace.h"

#define GEN_OPTIONS_MAX 40

/** struct gen_default - overrides @def and @assumed of an option in a shared table; a NULL key
 * ends the list. */
struct gen_default {
	const char *key, *def;
	bool assumed;
};

/** Words of an OPT_CHOICE that is 0 or 1. */
extern const char *const gen_no_yes[];

/**
 * struct gen_args - parsed options; v[] is in the order of the table.
 * @progress: may be NULL; called now and then with 0..1
 */
struct gen_args {
	uint64_t seed;
	union option_value v[GEN_OPTIONS_MAX];
	void (*progress)(void *data, double done);
	void *progress_data;
};

/**
 * struct gen_return - the options of a generator that control whether and when a killed process
 * comes back, so that a sweep can use them as axes.
 * @delay: key of the delay, which ends in _ms or _s
 * @percent: key of the probability
 * @also: KEY=VALUE that gives the two their meaning
 */
struct gen_return {
	const char *delay, *percent, *also;
};

/**
 * struct trace_generator - begins as struct plugin does.
 * @options: at most GEN_OPTIONS_MAX, without "seed"
 * @defaults: override those of @options; may be NULL
 * @returns: its options of struct gen_return; NULL: none
 * @generate: appends to an initialised builder. Return: 0, or a negative errno with @err
 */
struct trace_generator {
	const char *name;
	const char *summary;
	const struct option *options;
	const struct gen_default *defaults;
	const struct gen_return *returns;
	int (*generate)(const struct gen_args *a, struct trace_build *b, struct err *err);
};

/* One line each, in the order of lists. */
#define TRACE_GENERATORS(X)                                                                        \
	X(gen_zipf_reads)                                                                          \
	X(gen_sequential)                                                                          \
	X(gen_restart_loop)                                                                        \
	X(gen_app_rotation)                                                                        \
	X(gen_shared_library)                                                                      \
	X(gen_android_cycle30)                                                                     \
	X(gen_android_ageing)                                                                      \
	X(gen_camera_burst)                                                                        \
	X(gen_android_go)                                                                          \
	X(gen_tabs)                                                                                \
	X(gen_compile_storm)                                                                       \
	X(gen_shell_loop)                                                                          \
	X(gen_k8s_crashloop)                                                                       \
	X(gen_oomd_restart)                                                                        \
	X(gen_db_pressure)                                                                         \
	X(gen_reclaim_first)                                                                       \
	X(gen_kill_return)

#define DECLARE_TRACE_GENERATOR(name) extern const struct trace_generator name;
TRACE_GENERATORS(DECLARE_TRACE_GENERATOR)

/** All of them, NULL-terminated. */
extern const struct trace_generator *const trace_generators[];

/** Find one by name; NULL with @err listing the valid names. */
const struct trace_generator *gen_find(const char *name, struct err *err);

/**
 * gen_options - the rows of a generator, with its defaults, followed by "seed", which every
 * generator has.
 * @rows: room for GEN_OPTIONS_MAX + 2; a NULL name ends the table
 * Return: number of rows
 */
size_t gen_options(const struct trace_generator *g, struct option *rows);

/** Parse @nr strings KEY=VALUE over the defaults. -EINVAL: @err names the key,
 * the value and what is expected, or the valid keys. */
int gen_args_parse(struct gen_args *a, const struct trace_generator *g, char *const *kv, size_t nr,
		   struct err *err);

/** Generate, note the options in the header, and check the result. */
int gen_run(const struct trace_generator *g, const struct gen_args *a, struct trace **out,
	    struct err *err);

/*
 * Random numbers: xoshiro256**, seeded through splitmix64 (both by Blackman
 * and Vigna, public domain).
 */
struct gen_rng {
	uint64_t s[4];
};

void gen_rng_init(struct gen_rng *r, uint64_t seed);

static inline uint64_t gen_rng_next(struct gen_rng *r)
{
	uint64_t *s = r->s;
	uint64_t x = s[1] * 5, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return (x << 7 | x >> 57) * 9;
}

/** 0 .. @n - 1; the bias is below 2^-32 for any @n used here. */
static inline uint32_t gen_rng_below(struct gen_rng *r, uint32_t n)
{
	return (uint32_t)((unsigned __int128)gen_rng_next(r) * n >> 64);
}

/** True for @percent of the draws. */
static inline bool gen_chance(struct gen_rng *r, double percent)
{
	return (double)(gen_rng_next(r) >> 11) * 0x1p-53 * 100 < percent;
}

/** @min .. @max, uniform in the logarithm; 0 < @min <= @max. */
double gen_log_uniform(struct gen_rng *r, double min, double max);

/**
 * struct gen_zipf - draws ranks 0 .. n - 1, rank k with weight (k+1)^-alpha,
 * from an alias table of 8 bytes a rank: two memory reads a draw.
 */
struct gen_zipf {
	struct {
		uint32_t keep; /* of 2^32: stay at this column */
		uint32_t alias;
	} * col;
	uint32_t n;
};

/** -ENOMEM if the table does not fit. */
int gen_zipf_init(struct gen_zipf *z, uint32_t n, double alpha, struct err *err);
void gen_zipf_release(struct gen_zipf *z);

static inline uint32_t gen_zipf_at(const struct gen_zipf *z, uint64_t random)
{
	unsigned __int128 p = (unsigned __int128)random * z->n;
	uint32_t i = (uint32_t)(p >> 64);
	/* without a branch, which would often be mispredicted */
	uint32_t stay = -(uint32_t)((uint32_t)((uint64_t)p >> 32) < z->col[i].keep);

	return z->col[i].alias ^ ((i ^ z->col[i].alias) & stay);
}

/**
 * struct gen_emit - appends operations and remembers the first error, so that
 * a generator checks once, with "return e.ret". Long ranges are split.
 */
struct gen_emit {
	struct trace_build *b;
	struct err *err;
	int ret;
};

/** How a process dies, as an OPT_CHOICE; gen_death_kinds[] are the names. */
enum gen_death { GEN_MRELEASE, GEN_KILL, GEN_OOM, GEN_EXIT };
extern const char *const gen_death_kinds[];

void gen_op(struct gen_emit *e, const struct op *op);
uint32_t gen_file(struct gen_emit *e, const char *name, uint64_t pages);
void gen_spawn(struct gen_emit *e, uint32_t pid, uint32_t cpu);
void gen_optin(struct gen_emit *e, uint32_t pid);
void gen_map_file(struct gen_emit *e, uint32_t pid, uint32_t file, uint32_t at, uint64_t pages,
		  uint32_t flags);
void gen_map_anon(struct gen_emit *e, uint32_t pid, uint32_t at, uint64_t pages);
void gen_touch(struct gen_emit *e, uint32_t pid, uint32_t at, uint64_t pages, bool write);
void gen_read(struct gen_emit *e, uint32_t pid, uint32_t file, uint32_t at, uint64_t pages);
void gen_die(struct gen_emit *e, uint32_t pid, enum gen_death how, uint32_t mrelease_flags);
void gen_advance_ms(struct gen_emit *e, uint64_t ms);
void gen_mark(struct gen_emit *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** Add a machine row; only before the first operation. */
void gen_machine(struct gen_emit *e, const char *key, uint64_t n);
/** Add memcg_pages; 0: leave the limit to the machine file. */
void gen_memcg(struct gen_emit *e, uint64_t pages);

/*
 * A program touches part of a file when it starts: some 16-page extents, the same
 * at every start of the same program, and some that differ.
 */
#define GEN_EXTENT 16u

/**
 * struct gen_set - a set of extents.
 * @seed: selects the set
 * @percent: share of all extents that are in the set
 * @stray: share of all extents that are touched in addition, different ones each time
 * @resume: the program runs already: touch only @again percent of the set, drawn each time,
 *	and no strays
 */
struct gen_set {
	uint64_t seed;
	double percent, stray, again;
	bool resume;
};

/** Touch a set of the @pages at @base, in order, in as few operations as possible. */
void gen_touch_set(struct gen_emit *e, struct gen_rng *rng, uint32_t pid, uint32_t base,
		   uint32_t pages, const struct gen_set *set, bool write);

#endif
