// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ranges.h"

enum { FIRST, LAST };

static uint32_t *range_at(const GArray *ranges, gsize size, guint i)
{
	return (uint32_t *)(void *)(ranges->data + i * size);
}

guint ranges_search(const GArray *ranges, uint32_t page)
{
	const gsize size = g_array_get_element_size((GArray *)ranges);
	guint lo = 0, hi = ranges->len;

	while (lo < hi) {
		const guint mid = lo + (hi - lo) / 2;

		if (range_at(ranges, size, mid)[LAST] < page)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

guint ranges_cut(GArray *ranges, guint i, uint32_t first, uint32_t last,
		 void (*trim_front)(void *range, uint32_t first))
{
	const gsize size = g_array_get_element_size(ranges);
	guint end;

	if (i < ranges->len && range_at(ranges, size, i)[FIRST] < first) {
		if (range_at(ranges, size, i)[LAST] > last) {
			g_autofree void *right = g_memdup2(range_at(ranges, size, i), size);

			trim_front(right, last + 1);
			g_array_insert_vals(ranges, i + 1, right, 1);
		}
		range_at(ranges, size, i)[LAST] = first - 1;
		i++;
	}
	for (end = i; end < ranges->len && range_at(ranges, size, end)[LAST] <= last; end++)
		;
	if (end > i)
		g_array_remove_range(ranges, i, end - i);
	if (i < ranges->len && range_at(ranges, size, i)[FIRST] <= last)
		trim_front(range_at(ranges, size, i), last + 1);
	return i;
}
