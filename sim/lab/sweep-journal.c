// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sweep-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/lab/sweep-shard.h"

/* Files that grow by lines */

int line_file_error(const struct line_file *a, const char *doing, struct err *err)
{
	return err_set(err, -EIO, "%s: %s: %s", a->path, doing, g_strerror(errno));
}

/* Take two locks: flock() also excludes other threads of this process, but does not tell who
 * has the lock; fcntl() does. */
static int lock(struct line_file *a, struct err *err)
{
	struct flock who = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	g_autofree char *pid = NULL;

	if (!flock(fileno(a->f), LOCK_EX | LOCK_NB)) {
		fcntl(fileno(a->f), F_SETLK, &who);
		return 0;
	}
	if (errno != EWOULDBLOCK)
		return line_file_error(a, "cannot lock", err);
	if (!fcntl(fileno(a->f), F_GETLK, &who) && who.l_type != F_UNLCK && who.l_pid > 0)
		pid = g_strdup_printf(", process %d,", (int)who.l_pid);
	return err_set(err, -EINVAL, "%s: another sweep%s is writing it", a->path, pid ? pid : "");
}

static int line_file_open(struct line_file *a, struct err *err)
{
	struct stat st;
	int fd;

	/* a device can be neither resumed nor truncated */
	if (!stat(a->path, &st) && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s: expected a regular file", a->path);
	fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	a->made = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(a->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return line_file_error(a, "cannot write", err);
	a->f = fdopen(fd, "r+");
	return lock(a, err);
}

static void line_file_close(struct line_file *a)
{
	if (a->f)
		fclose(a->f);
	g_free(a->path);
}

/* Remove a file that this call created and wrote nothing to. */
static void line_file_forget(const struct line_file *a)
{
	if (a->made && !a->size)
		unlink(a->path);
}

int line_file_append(struct line_file *a, const char *line, struct err *err)
{
	const size_t len = strlen(line);
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fileno(a->f), line + done, len - done, a->size + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int ret = line_file_error(a, "cannot write", err);

			if (ftruncate(fileno(a->f), a->size))
				ret = line_file_error(a, "cannot cut it back", err);
			return ret;
		}
		done += (size_t)n;
	}
	a->size += (off_t)len;
	return 0;
}

/* Rows */

uint64_t sweep_row_sum(const char *row)
{
	g_autofree char *hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)row,
							   strcspn(row, "\n"));
	uint64_t sum;

	hex[16] = '\0';
	sum = g_ascii_strtoull(hex, NULL, 16);
	return sum ? sum : 1;
}

bool sweep_journal_has(const struct sweep_journal *j, uint64_t run)
{
	return run < j->nr_written || (j->id.dealt && j->id.dealt[run] != j->id.shard) ||
	       g_hash_table_contains(j->waiting, (gpointer)(run + 1));
}

void sweep_journal_count(struct sweep_journal *j, uint64_t run, const char *text, char *row)
{
	const size_t len = strcspn(text, "\n");

	j->nr_done++;
	/* a failed run has no values, which are the last fields of a row */
	j->nr_failed += len && text[len - 1] == ',';
	if (row)
		g_hash_table_insert(j->waiting, (gpointer)(run + 1), row);
}

int sweep_journal_write_waiting(struct sweep_journal *j, struct err *err)
{
	for (; j->nr_written < j->id.nr_runs && sweep_journal_has(j, j->nr_written);
	     j->nr_written++) {
		gpointer run = (gpointer)(j->nr_written + 1);
		int ret = j->id.dealt ? 0
				      : line_file_append(&j->csv,
							 g_hash_table_lookup(j->waiting, run), err);

		if (ret)
			return ret;
		g_hash_table_remove(j->waiting, run);
	}
	return 0;
}

int sweep_journal_add(struct sweep_journal *j, uint64_t run, char *row, struct err *err)
{
	const bool turn = run == j->nr_written && !j->id.dealt;
	g_autofree char *record = NULL;
	int ret;

	j->sums[run] = sweep_row_sum(row);
	record = g_strdup_printf("%" PRIu64 " %016" PRIx64 "%s%s", run + 1, j->sums[run],
				 turn ? "" : " ", turn ? "\n" : row);
	sweep_journal_count(j, run, row, row);
	j->nr_records++;
	j->has_rows |= !turn;
	j->added = true;
	ret = line_file_append(&j->journal, record, err);
	return ret ? ret : sweep_journal_write_waiting(j, err);
}

static char *first_line(const struct sweep_id *id)
{
	return g_strdup_printf("sweep %s of %" PRIu64 " runs, program %s\n", id->digest,
			       id->nr_runs, id->program);
}

int sweep_journal_declare(struct outputs *files, const char *what, const char *path, bool restart,
			  struct err *err)
{
	const enum file_kind kind = restart ? FILE_SWEEP : FILE_RESUMED;
	g_autofree char *journal = g_strconcat(path, ".journal", NULL);
	int ret;

	if (!strcmp(path, "-"))
		return err_set(err, -EINVAL,
			       "%s -: a sweep goes on in its file, expected the name of one", what);
	ret = outputs_declare(files, kind, what, path, err);
	return ret ? ret : outputs_declare(files, kind, "the journal of it,", journal, err);
}

int sweep_journal_init(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, struct err *err)
{
	*j = (struct sweep_journal){
		.id = *id,
		.nr_all = id->dealt ? 0 : id->nr_runs,
		.files = files,
		.begun = first_line(id),
		.csv = { .path = g_strdup(csv_path) },
		.journal = { .path = g_strconcat(csv_path, ".journal", NULL) },
		.waiting = g_hash_table_new_full(NULL, NULL, NULL, g_free),
		.sums = g_new0(uint64_t, id->nr_runs),
	};
	for (uint64_t run = 0; id->dealt && run < id->nr_runs; run++)
		j->nr_all += id->dealt[run] == id->shard;
	if (!outputs_declared(files, j->csv.path) || !outputs_declared(files, j->journal.path))
		return err_set(err, -ENOTSUP, "%s: written but not declared", csv_path);
	return 0;
}

static int open_files(struct sweep_journal *j, bool restart, const struct lab_hooks *h,
		      struct err *err)
{
	int ret = line_file_open(&j->csv, err);

	if (!ret)
		ret = line_file_open(&j->journal, err);
	if (!ret && restart &&
	    (ftruncate(fileno(j->csv.f), 0) || ftruncate(fileno(j->journal.f), 0)))
		ret = line_file_error(&j->csv, "cannot empty it or its journal", err);
	return ret ? ret : sweep_resume(j, h, err);
}

int sweep_journal_open(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, bool restart, const struct lab_hooks *h,
		       struct err *err)
{
	int ret = sweep_journal_init(j, files, csv_path, id, err);

	if (!ret)
		ret = id->dealt ? sweep_shard_open(j, h, err) : open_files(j, restart, h, err);
	if (ret) {
		line_file_forget(&j->csv);
		line_file_forget(&j->journal);
	}
	return ret;
}

int sweep_journal_write_sums(struct sweep_journal *j, struct err *err)
{
	struct output out;
	int ret = output_open(&out, j->files, j->journal.path, err);

	if (ret)
		return ret;
	fputs(j->begun, out.f);
	for (uint64_t run = 0; run < j->id.nr_runs; run++)
		fprintf(out.f, "%" PRIu64 " %016" PRIx64 "\n", run + 1, j->sums[run]);
	return output_close(&out, OUTPUT_WHOLE, err);
}

int sweep_journal_finish(struct sweep_journal *j, struct err *err)
{
	struct line_file *a = j->id.dealt ? &j->journal : &j->csv;

	if (a->f && fsync(fileno(a->f)))
		return line_file_error(a, "cannot write", err);
	if (j->added)
		outputs_wrote(j->files, a->path);
	return !j->id.dealt && (j->has_rows || j->nr_records > j->id.nr_runs)
		       ? sweep_journal_write_sums(j, err)
		       : 0;
}

void sweep_journal_close(struct sweep_journal *j)
{
	line_file_close(&j->csv);
	line_file_close(&j->journal);
	g_hash_table_unref(j->waiting);
	g_free(j->begun);
	g_free(j->sums);
	*j = (struct sweep_journal){ 0 };
}
