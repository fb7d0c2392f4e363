// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resumes a sweep: reads the runs that earlier calls finished from the journal, which has
 * the checksum of each row, and from the CSV file.
 *
 * Changes nothing until both files have proved to belong to this sweep. Then it cuts off
 * what was not finished: an incomplete last line, and rows of the CSV file that the journal
 * does not have (the system went down between two writes).
 *
 * Reads the files of shards, too, and changes nothing in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/lab/sweep-journal.h"

#define RESTART "--restart starts over"

/* lines between two checks for an interruption */
#define LOOK_EVERY 1024

/* Takes a line after the first. Return: 1 to continue; 0 if from here on nothing was finished; or
 * -errno */
struct reading;
typedef int (*take_fn)(struct reading *r, const char *text, size_t len, struct err *err);

/* struct reading - one of the files */
struct reading {
	struct sweep_journal *j;
	struct line_file *a;
	const char *first; /* expected first line */
	const struct lab_hooks *h;
	unsigned long nr;
	take_fn take;
	const char *cure;    /* what to do with a file that is not of this sweep */
	uint64_t nr_damaged; /* records of a shard that were skipped */
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
			      r->cure);
	what = !g_str_has_prefix(text, "sweep ") ? "not a journal of a sweep"
	       : !strncmp(text, r->first, (size_t)(program - r->first))
		       ? "the program has changed"
		       : "the definition or a file that it names has changed";
	return err_at(err, -EINVAL, r->a->path, 1, "started as \"%s\", expected \"%.*s\": %s; %s",
		      text, (int)strcspn(r->first, "\n"), r->first, what, r->cure);
}

/* Check a last line that is incomplete. */
static int check_unfinished(const struct reading *r, const char *text, size_t len, struct err *err)
{
	if (!r->nr && strncmp(text, r->first, len))
		return err_set(err, -EINVAL, "%s exists, and was not begun by a sweep; %s",
			       r->a->path, r->cure);
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

/* struct record - "RUN CHECKSUM" or "RUN CHECKSUM ROW" */
struct record {
	uint64_t run, sum; /* @run: from 0 */
	const char *row;   /* NULL: none */
};

/* Does a row begin with "DIGEST,RUN,"? @run: from 0 */
static bool is_row_of(const struct sweep_id *id, uint64_t run, const char *text)
{
	g_autofree char *begin = g_strdup_printf("%s,%" PRIu64 ",", id->digest, run + 1);

	return g_str_has_prefix(text, begin);
}

/* Does the line add up? */
static bool parse_record(const struct sweep_id *id, const char *text, size_t len, struct record *x)
{
	const char *sum_at;
	char *at;

	x->run = g_ascii_strtoull(text, &at, 10);
	if (strlen(text) != len || at == text || *at != ' ' || x->run < 1 || x->run > id->nr_runs)
		return false;
	x->run--;
	sum_at = at + 1;
	x->sum = g_ascii_strtoull(sum_at, &at, 16);
	if (at != sum_at + 16 || !x->sum || (*at && *at != ' '))
		return false;
	x->row = *at ? at + 1 : NULL;
	return !x->row || (is_row_of(id, x->run, x->row) && sweep_row_sum(x->row) == x->sum);
}

static void count_record(struct sweep_journal *j, const struct record *x)
{
	j->sums[x->run] = x->sum;
	j->nr_records++;
	j->has_rows |= x->row != NULL;
	if (x->row && !sweep_journal_has(j, x->run))
		sweep_journal_count(j, x->run, x->row, g_strconcat(x->row, "\n", NULL));
}

static int take_record(struct reading *r, const char *text, size_t len, struct err *err)
{
	struct record x;

	if (!parse_record(&r->j->id, text, len, &x))
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "a damaged record of a finished run; %s", r->cure);
	count_record(r->j, &x);
	return 1;
}

static int take_shard_record(struct reading *r, const char *text, size_t len, struct err *err)
{
	const uint64_t *sums = r->j->sums;
	struct record x;

	if (!parse_record(&r->j->id, text, len, &x) || !x.row) {
		r->nr_damaged++;
		return 1;
	}
	if (sums[x.run] && sums[x.run] != x.sum)
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "another row of run %" PRIu64 " than in an earlier file: one of the "
			      "machines is wrong; find it, and remove its files",
			      x.run + 1);
	count_record(r->j, &x);
	return 1;
}

/* The row of the next run. */
static int take_row(struct reading *r, const char *text, size_t len, struct err *err)
{
	struct sweep_journal *j = r->j;
	const uint64_t run = j->nr_written;

	if (run >= j->id.nr_runs)
		return err_at(err, -EINVAL, r->a->path, r->nr,
			      "a line after the last of %" PRIu64 " runs; %s", run, RESTART);
	if (strlen(text) != len || !is_row_of(&j->id, run, text))
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

/* Read the files that are open, and check that they are of this sweep. */
static int read_both(struct sweep_journal *j, take_fn record, take_fn row,
		     const struct lab_hooks *h, struct err *err)
{
	struct reading records = { j, &j->journal, j->begun, h, .take = record, .cure = RESTART };
	struct reading rows = { j, &j->csv, j->id.header, h, .take = row, .cure = RESTART };
	int ret = j->journal.f ? read_lines(&records, err) : 0;

	if (!ret && j->csv.f)
		ret = read_lines(&rows, err);
	if (!ret && j->csv.size && !j->journal.size)
		ret = err_set(err, -EINVAL,
			      "%s exists, and %s does not: it was not begun by a sweep; "
			      "--restart overwrites it",
			      j->csv.path, j->journal.path);
	return ret;
}

int sweep_resume(struct sweep_journal *j, const struct lab_hooks *h, struct err *err)
{
	int ret = read_both(j, take_record, take_row, h, err);

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

static int take_none(struct reading *r, const char *text, size_t len, struct err *err)
{
	(void)r, (void)text, (void)len, (void)err;
	return 0;
}

/* Open an existing file for reading; not a pipe, which would wait. Return: 0; 1: there is none; or
 * -errno. */
static int open_old(struct line_file *a, struct err *err)
{
	const int fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 1 : line_file_error(a, "cannot read", err);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, -EINVAL, "%s: expected a regular file", a->path);
	}
	a->f = fdopen(fd, "r");
	return 0;
}

int sweep_check_replaced(struct sweep_journal *j, const struct lab_hooks *h, struct err *err)
{
	int ret = open_old(&j->csv, err);

	if (ret >= 0)
		ret = open_old(&j->journal, err);
	return ret < 0 ? ret : read_both(j, take_none, take_none, h, err);
}

int sweep_read_shard(struct sweep_journal *j, const char *path, const struct lab_hooks *h,
		     struct err *err)
{
	struct line_file a = { .path = (char *)path };
	struct reading r = {
		j, &a, j->begun, h, .take = take_shard_record, .cure = "remove it",
	};
	int ret = open_old(&a, err);

	if (ret)
		return ret;
	ret = read_lines(&r, err);
	fclose(a.f);
	if (!ret && r.nr_damaged)
		lab_note(h, "%s: damaged records, whose runs count as not finished: %" PRIu64, path,
			 r.nr_damaged);
	return ret;
}
