/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scanning lines of text: each scan_ function advances *@p past the parsed text, or leaves it and
 * returns false. Inline because a recording has a hundred million
 * numbers.
 */
#ifndef REAPSIM_TRACES_SCAN_H
#define REAPSIM_TRACES_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/* Process ids end here (PID_MAX_LIMIT). */
#define SCAN_PID_MAX (1u << 22)

static inline const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static inline bool scan_digits(const char **p, unsigned int base, uint64_t *out)
{
	uint64_t v = 0;
	const char *s = *p;

	for (; g_ascii_isxdigit(*s); s++) {
		unsigned int d = (unsigned int)g_ascii_xdigit_value(*s);

		if (d >= base)
			break;
		if (v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = v;
	return true;
}

static inline bool scan_u64(const char **p, uint64_t *out)
{
	return scan_digits(p, 10, out);
}

static inline bool scan_hex(const char **p, uint64_t *out)
{
	const char *s = *p;

	if (s[0] == '0' && s[1] == 'x')
		s += 2;
	if (!scan_digits(&s, 16, out))
		return false;
	*p = s;
	return true;
}

static inline bool scan_word(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n))
		return false;
	*p += n;
	return true;
}

/* A process or thread id; perf writes -1 for "none", which becomes 0. */
static inline bool scan_id(const char **p, uint32_t *out)
{
	uint64_t v = 0;

	if (!scan_word(p, "-1") && !(scan_u64(p, &v) && v < SCAN_PID_MAX))
		return false;
	*out = (uint32_t)v;
	return true;
}

/* "NAME=value": @p moves behind "NAME=", wherever it stands in the line. */
static inline bool find_field(const char **p, const char *name)
{
	const char *s = strstr(*p, name);

	if (!s)
		return false;
	*p = s + strlen(name);
	return true;
}

/* As find_field(), the last one: a command's name, which may hold anything, is before it. */
static inline bool find_last_field(const char **p, const char *name)
{
	const char *s = g_strrstr(*p, name);

	if (!s)
		return false;
	*p = s + strlen(name);
	return true;
}

/* "123.456789:", the dot at @dot; @start and *@end are moved to its ends. */
static inline bool scan_stamp(const char *line, const char *dot, const char **start,
			      const char **end, uint64_t *ns)
{
	const char *s = dot, *p;
	uint64_t sec, frac;

	while (s > line && g_ascii_isdigit(s[-1]))
		s--;
	if (s == dot || (s > line && s[-1] != ' ' && s[-1] != '\t'))
		return false;
	*start = s;
	p = dot + 1;
	if (!scan_u64(&s, &sec) || !scan_u64(&p, &frac) || sec > UINT64_MAX / 2000000000)
		return false;
	if (*p != ':' || p - dot > 10)
		return false;
	for (ptrdiff_t n = p - dot - 1; n < 9; n++)
		frac *= 10;
	*ns = sec * 1000000000 + frac;
	*end = p + 1;
	return true;
}

#endif
