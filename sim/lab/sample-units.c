// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sample-units.h"

#include <stdlib.h>

/* of a hash, so that those of anonymous pages differ from those of files */
#define OF_FILES 0x66696c65ull

void sample_units_init(struct sample_units *u, const struct trace *t, uint32_t one_in, uint32_t nr,
		       uint32_t unit, uint64_t reach, uint64_t seed)
{
	*u = (struct sample_units){
		.t = t,
		.one_in = one_in,
		.nr = nr,
		.shift = (uint32_t)g_bit_storage(unit) - 1,
		.seed = sample_hash(seed, one_in),
		.reach = reach,
		.first = g_new(uint64_t, t->nr_files + 1),
	};
	for (uint32_t f = 0; f < t->nr_files; f++) {
		u->first[f] = u->nr_units;
		u->nr_units += ((uint64_t)t->files[f].pages + unit - 1) / unit + 1;
	}
	u->first[t->nr_files] = u->nr_units;
	u->uses = g_new0(uint32_t, u->nr_units + 1);
	u->last = g_new0(uint64_t, u->nr_units + 1);
	u->clock = reach + 1;
}

void sample_units_clear(struct sample_units *u)
{
	g_free(u->first);
	g_free(u->sample);
	g_free(u->rank);
	g_free(u->uses);
	g_free(u->last);
}

void sample_units_use(struct sample_units *u, uint32_t file, uint64_t page, uint64_t pages)
{
	const uint64_t end = sample_unit(u, file, page + pages - 1);

	u->clock += pages;
	for (uint64_t i = sample_unit(u, file, page); i <= end; i++) {
		if (u->clock - u->last[i] > u->reach && u->uses[i] < UINT32_MAX)
			u->uses[i]++;
		u->last[i] = u->clock;
	}
}

struct use {
	uint32_t uses;
	uint64_t unit;
};

static int by_uses(const void *x, const void *y)
{
	const struct use *a = x, *b = y;

	if (a->uses != b->uses)
		return a->uses > b->uses ? -1 : 1;
	return a->unit < b->unit ? -1 : a->unit > b->unit;
}

/* All real units, the most used first. Return: how many */
static uint64_t sorted_units(const struct sample_units *u, struct use *sorted)
{
	uint64_t n = 0;

	for (uint32_t f = 0; f < u->t->nr_files; f++)
		for (uint64_t i = u->first[f]; i + 1 < u->first[f + 1]; i++)
			sorted[n++] = (struct use){ .uses = u->uses[i], .unit = i };
	qsort(sorted, n, sizeof(*sorted), by_uses);
	return n;
}

uint64_t sample_units_choose(struct sample_units *u)
{
	uint64_t used = 0;
	g_autofree struct use *sorted = g_new(struct use, u->nr_units + 1);
	const uint64_t n = sorted_units(u, sorted);

	u->sample = g_new(uint32_t, u->nr_units + 1);
	u->rank = g_new0(uint32_t, (u->nr_units + 1) * u->nr);
	for (uint64_t i = 0; i <= u->nr_units; i++)
		u->sample[i] = SAMPLE_NONE;
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t turn = sample_hash(u->seed ^ OF_FILES, i / u->one_in);
		const uint32_t k = (uint32_t)((i + turn % u->one_in) % u->one_in);

		used += sorted[i].uses != 0;
		if (k < u->nr)
			u->sample[sorted[i].unit] = k;
	}
	for (uint32_t f = 0; f < u->t->nr_files; f++)
		for (uint64_t i = u->first[f]; i + 1 < u->first[f + 1]; i++)
			for (uint32_t k = 0; k < u->nr; k++)
				u->rank[(i + 1) * u->nr + k] =
					u->rank[i * u->nr + k] + (u->sample[i] == k);
	g_clear_pointer(&u->uses, g_free);
	g_clear_pointer(&u->last, g_free);
	return used;
}
