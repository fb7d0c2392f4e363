// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text form of a trace (traces/FORMAT.md). "reapsim trace check" is the one
 * that judges files; this one stops at what it does not understand.
 */
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void trace_open(struct trace *t, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		run_failed("%s: %s", path, strerror(errno));
	t->len = (size_t)st.st_size;
	t->text = mmap(NULL, t->len + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (t->text == MAP_FAILED)
		run_failed("%s: %s", path, strerror(errno));
	close(fd);
	if (!t->len || t->text[t->len - 1] != '\n')
		run_failed("%s: the file is cut off", path);
	trace_rewind(t);
	if (!trace_next(t) || t->nr_fields != 2 || strcmp(t->field[0], "reapsim-trace") ||
	    (strcmp(t->field[1], "1") && strcmp(t->field[1], "2")))
		run_failed("%s: expected \"reapsim-trace,1\" or 2; \"reapsim trace convert\" makes "
			   "text of the binary form",
			   path);
	trace_rewind(t);
}

void trace_rewind(struct trace *t)
{
	t->pos = 0;
	t->line = 0;
}

/* one line, split and unquoted */
static void split(struct trace *t, const char *s, const char *end)
{
	char *out = t->buf;

	t->nr_fields = 0;
	for (;;) {
		char *start = out;

		if (t->nr_fields == MAX_FIELDS)
			run_failed("trace line %u: too many fields", t->line);
		while (s < end && (*s == ' ' || *s == '\t'))
			s++;
		if (s < end && *s == '"') {
			s++;
			while (s < end && (*s != '"' || (s + 1 < end && s[1] == '"'))) {
				if (*s == '"')
					s++;
				*out++ = *s++;
			}
			if (s == end)
				run_failed("trace line %u: a quote is not closed", t->line);
			s++;
			while (s < end && (*s == ' ' || *s == '\t'))
				s++;
			if (s < end && *s != ',')
				run_failed("trace line %u: text after a quoted field", t->line);
		} else {
			while (s < end && *s != ',')
				*out++ = *s++;
			while (out > start && (out[-1] == ' ' || out[-1] == '\t'))
				out--;
		}
		*out++ = '\0';
		t->field[t->nr_fields++] = start;
		if (s == end)
			return;
		s++;
	}
}

bool trace_next(struct trace *t)
{
	while (t->pos < t->len) {
		const char *s = t->text + t->pos;
		const char *end = memchr(s, '\n', t->len - t->pos);

		t->pos = (size_t)(end + 1 - t->text);
		t->line++;
		if (end - s > 65536)
			run_failed("trace line %u: too long", t->line);
		if (s == end || *s == '#')
			continue;
		split(t, s, end);
		if (t->nr_fields == 1 && !*t->field[0])
			continue;
		return true;
	}
	return false;
}

bool trace_is(const struct trace *t, const char *row, unsigned int min, unsigned int max)
{
	if (strcmp(t->field[0], row))
		return false;
	if (t->nr_fields - 1 < min || t->nr_fields - 1 > max)
		run_failed("trace line %u: %s has %u fields, expected %u to %u", t->line, row,
			   t->nr_fields - 1, min, max);
	return true;
}

uint64_t trace_number(const struct trace *t, unsigned int field, uint64_t max)
{
	const char *s = t->field[field];
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, !strncmp(s, "0x", 2) ? 16 : 10);
	if (*s < '0' || *s > '9' || errno || *end || v > max)
		run_failed("trace line %u: \"%s\" is no number from 0 to %llu", t->line, s,
			   (unsigned long long)max);
	return v;
}

uint64_t trace_time_ns(const struct trace *t, unsigned int field)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "", 1 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }
	};
	char *end;
	uint64_t v = strtoull(t->field[field], &end, 0);

	for (unsigned int i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (end != t->field[field] && !strcmp(end, units[i].suffix))
			return v * units[i].ns;
	run_failed("trace line %u: \"%s\" is no time", t->line, t->field[field]);
}

int trace_advice(const struct trace *t, unsigned int field)
{
	static const struct {
		const char *name;
		int advice;
	} known[] = {
		{ "normal", MADV_NORMAL },
		{ "random", MADV_RANDOM },
		{ "sequential", MADV_SEQUENTIAL },
		{ "willneed", MADV_WILLNEED },
		{ "dontneed", MADV_DONTNEED },
		{ "free", MADV_FREE },
		{ "hugepage", MADV_HUGEPAGE },
		{ "nohugepage", MADV_NOHUGEPAGE },
		{ "cold", MADV_COLD },
		{ "pageout", MADV_PAGEOUT },
		{ "populate_read", MADV_POPULATE_READ },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(t->field[field], known[i].name))
			return known[i].advice;
	run_failed("trace line %u: advice \"%s\"", t->line, t->field[field]);
}

unsigned int trace_flags(const struct trace *t, const char *text)
{
	unsigned int flags = 0;

	if (!strcmp(text, "ignore_access"))
		flags = 1;
	else if (!strcmp(text, "evict_file"))
		flags = 2;
	else if (!strcmp(text, "ignore_access+evict_file"))
		flags = 3;
	else if (strcmp(text, "0"))
		run_failed("trace line %u: flags \"%s\"", t->line, text);
	if (!strcmp(guest.opt.flags, "none"))
		return 0;
	/* as the simulator: under this policy every caller passes them */
	if (!strcmp(guest.opt.flags, "policy") && !strncmp(guest.opt.policy, "flag", 4))
		flags |= strchr(guest.opt.policy, '+') ? 3 : 1;
	return flags;
}
