# SPDX-License-Identifier: GPL-2.0-only
# Functions for the other scripts here, which are run with this one in front of them.

# sort_in - put @x, the @n'th value, among @v[1] to @v[@n - 1], which are in rising order
function sort_in(v, n, x,    i) {
	for (i = n; i > 1 && v[i - 1] > x; i--)
		v[i] = v[i - 1]
	v[i] = x
}

# spread - the median, the least and the most of @n sorted values, each times @scale
function spread(v, n, format, scale) {
	return sprintf(format "," format "," format, \
		scale * (v[int((n + 1) / 2)] + v[int(n / 2) + 1]) / 2, scale * v[1], scale * v[n])
}
