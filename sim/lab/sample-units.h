/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages are in which sample, and where they lie there.
 *
 * Files: their extents, aligned units of a few pages, are sorted by how often they are used. N
 * neighbours of that order are a stratum, of which each of the N samples has one, by hash. So each
 * sample has its share of what is popular and of what is not, and they differ by what is left:
 * when units of one popularity are used, and together with which others.
 *
 * Anonymous pages: numbered in the order in which they are mapped, N at a time are a stratum. So
 * each process has 1/N of its memory, rounded up or down, and many small ones 1/N together.
 *
 * The samples of one seed are disjoint and together the whole trace.
 */
#ifndef REAPSIM_SAMPLE_UNITS_H
#define REAPSIM_SAMPLE_UNITS_H

#include <stdint.h>

#include <glib.h>

#include "sim/trace.h"

#define SAMPLE_NONE UINT32_MAX

/**
 * struct sample_units - read only once they are chosen.
 * @first: of each file, its first unit; each file has one more behind its end
 * @sample: of each unit, SAMPLE_NONE if it is in none of the first @nr
 * @rank: of each unit and sample, the units of its file before it that the sample has
 */
struct sample_units {
	const struct trace *t;
	uint32_t one_in, nr, shift;
	uint64_t seed;
	uint64_t *first, nr_units;
	uint32_t *sample, *rank;
	/* while uses are counted */
	uint32_t *uses;
	uint64_t *last, clock, reach;
};

void sample_units_init(struct sample_units *u, const struct trace *t, uint32_t one_in, uint32_t nr,
		       uint32_t unit, uint64_t reach, uint64_t seed);
void sample_units_clear(struct sample_units *u);
/** @pages of @file from @page on are used. */
void sample_units_use(struct sample_units *u, uint32_t file, uint64_t page, uint64_t pages);
/** All uses are counted: choose. Return: how many units are used */
uint64_t sample_units_choose(struct sample_units *u);

/** A hash of @x: splitmix64's. */
static inline uint64_t sample_hash(uint64_t seed, uint64_t x)
{
	x = seed + (x + 1) * 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static inline uint64_t sample_unit(const struct sample_units *u, uint32_t file, uint64_t page)
{
	return u->first[file] + (page >> u->shift);
}

/** Pages of sample @k of @file before @page, which may be the end of the file: where @page lies, if
 * it is in the sample. */
static inline uint64_t sample_file_at(const struct sample_units *u, uint32_t file, uint64_t page,
				      uint32_t k)
{
	const uint64_t unit = sample_unit(u, file, page);
	const uint64_t before = (uint64_t)u->rank[unit * u->nr + k] << u->shift;

	return before + (u->sample[unit] == k ? page & ((1u << u->shift) - 1) : 0);
}

/** The sample of anonymous page @index; @nr or more: none that is made. */
static inline uint32_t sample_of_anon(const struct sample_units *u, uint64_t index)
{
	const uint64_t turn = sample_hash(u->seed, index / u->one_in) % u->one_in;

	return (uint32_t)((index + turn) % u->one_in);
}

/** Anonymous pages of sample @k before @index. */
static inline uint64_t sample_anon_at(const struct sample_units *u, uint64_t index, uint32_t k)
{
	const uint64_t stratum = index / u->one_in, place = index % u->one_in;
	const uint64_t turn = sample_hash(u->seed, stratum) % u->one_in;

	/* its page of the stratum: the one with (stratum * one_in + page + turn) % one_in == k */
	return stratum + ((k + u->one_in - turn) % u->one_in < place);
}

#endif
