// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resumes a sweep: reads the runs that earlier calls finished from the journal, which has
 * the checksum of each row, and from the CSV file.
 *
 * Changes nothing until both files have proved to belong to this sweep. Then it cuts off
 * what was not finished: an incomplete last line, and rows of the CSV file that the journal
 * does not have (the system went down between two writes).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/lab/sweep-journal.h"

#define RESTART "--restart starts over"

/* lines between two checks for an interruption */
#define LOOK_EVERY 1024

/* struct reading - one of the files */
struct reading {
	struct sweep_journal *j;
	struct line_file *a;
	const char *first; /* expected first line */
	const struct lab_hooks *h;
	unsigned long nr;
	/* takes a line after the first. Return: 1 to continue; 0 if from here on nothing
	 * was finished; or -errno */
	int (*take)(struct reading *r, const char *text, size_t len, struct err *err);
};

static bool is_line(const char *text, size_t len, const char *line)
{
	return len + 1 == strlen(line) && !strncmp(text, line, len);
}

/* Set the error for an unexpected first line. */
static int foreign(const struct reading *r, const char *text, struct err *err)
{
	const char *program = strstr(r->first, ", program");
	const char *what;

	if (r->a == &r->j->csv)
		return err_at(err, -EINVAL, r->a->path, 1, "not the columns of this sweep; %s",
			      RESTART);
	what = !g_str_has_prefix(text, "sweep ") ? "not a journal of a sweep"
	       : !strncmp(text, r->first, (size_t)(program - r->first))
		       ? "the program has changed"
		       : "the definition or a file that it names has changed";
	return err_at(err, -EINVAL, r->a->path, 1, "started as \"%s\", expected \"%.*s\": %s; %s",
		      text, (int)strcspn(r->first, "\n"), r->first, what, RESTART);
}

/* Check a last line that is incomplete. */
static int check_unfinished(const struct reading *r, const char *text, size_t len, struct err *err)
{
	if (!r->nr && strncmp(text, r->first, len))
		return err_set(err, -EINVAL,
			       "%s exists, and was not begun by a sweep; --restart overwrites it",
			       r->a->path);
	return 0;
}

/* Read the complete lines of the file, and set @a->size to their length. */
static int read_lines(struct reading *r, struct err *err)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	int ret = 1;

	r->a->size = 0;
	rewind(r->a->f);
	while (ret > 0 && (len = getline(&text, &cap, r->a->f)) > 0) {
		if (text[len - 1] != '\n') {
			ret = check_unfinished(r, text, (size_t)len, err);
			break;
		}
		text[len - 1] = 0;
		if (++r->nr > 1)
			ret = r->take(r, text, (size_t)len - 1, err);
		else if (!is_line(text, (size_t)len - 1, r->first))
			ret = foreign(r, text, err);
		if (ret > 0)
			r->a->size += len;
		if (ret > 0 && r->nr % LOOK_EVERY == 0 && lab_interrupted(r->h))
			ret = err_set(err, -EINTR, "interrupted before the first run");
	}
	if (ret >= 0 && ferror(r->a->f))
		ret = line_file_error(r->a, "cannot read", err);
	free(text);
	return MIN(ret, 0);
}

/* "RUN CHECKSUM" or "RUN CHECKSUM ROW" */
static int take_record(struct reading *r, const char *text, size_t len, struct err *err)
{
	struct sweep_journal *j = r->j;
	char *at, *sum_at;
	uint64_t run = g_ascii_strtoull(text, &at, 10), sum;

	if (strlen(text) != len || at == text || *at != ' ' || run < 1 || run > j->id.nr_runs)
		goto damaged;
	sum_at = at + 1;
	sum = g_ascii_strtoull(sum_at, &at, 16);
	if (at != sum_at + 16 || !sum || (*at && *at != ' '))
		goto damaged;
	if (*at && sweep_row_sum(at + 1) != sum)
		goto damaged;
	run--;
	j->sums[run] = sum;
	j->nr_records++;
	j->has_rows |= *at != 0;
	if (*at && !sweep_journal_has(j, run))
		sweep_journal_count(j, run, at + 1, g_strconcat(at + 1, "\n", NULL));
	return 1;
damaged:
	return err_at(err, -EINVAL, r->a->path, r->nr, "a damaged record of a finished run; %s",
		      RESTART);
}

/* The row of the next run. */
static int take_row(struct reading *r, const char *text, size_t len, struct err *err)
{
	struct sweep_journal *j = r->j;
	const uint64_t run = j->nr_written;
	g_autofree char *begin = g_strdup_printf("%s,%" PRIu64 ",", j->id.digest, run + 1);

	if (run >= j->id.nr_runs)
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "a line after the last of %" PRIu64 " runs; %s", run, RESTART);
	if (strlen(text) != len || !g_str_has_prefix(text, begin))
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "expected the row of run %" PRIu64 "; %s", run + 1, RESTART);
	if (!j->sums[run])
		return 0;
	if (sweep_row_sum(text) != j->sums[run])
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "changed since the sweep wrote it: the checksum of run %" PRIu64
			      " in %s is another; %s",
			      run + 1, j->journal.path, RESTART);
	/* a row that waited in the journal has been counted already */
	if (!g_hash_table_remove(j->waiting, (gpointer)(run + 1)))
		sweep_journal_count(j, run, text, NULL);
	j->nr_written++;
	return 1;
}

static int cut(struct line_file *a, struct err *err)
{
	return ftruncate(fileno(a->f), a->size)
		       ? line_file_error(a, "cannot cut off the unfinished part", err)
		       : 0;
}

int sweep_resume(struct sweep_journal *j, const struct lab_hooks *h, struct err *err)
{
	struct reading records = { j, &j->journal, j->begun, h, 0, take_record };
	struct reading rows = { j, &j->csv, j->id.header, h, 0, take_row };
	int ret = read_lines(&records, err);

	if (!ret)
		ret = read_lines(&rows, err);
	if (!ret && j->csv.size && !j->journal.size)
		return err_set(err, -EINVAL,
			       "%s exists, and %s does not: it was not begun by a sweep; "
			       "--restart overwrites it",
			       j->csv.path, j->journal.path);
	if (!ret)
		ret = cut(&j->journal, err);
	if (!ret)
		ret = cut(&j->csv, err);
	if (!ret && !j->journal.size)
		ret = line_file_append(&j->journal, j->begun, err);
	if (!ret && !j->csv.size)
		ret = line_file_append(&j->csv, j->id.header, err);
	return ret ? ret : sweep_journal_write_waiting(j, err);
}
