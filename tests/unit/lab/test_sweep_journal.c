// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal of a sweep. A sweep that was killed at any byte can be resumed, and ends with
 * the same files. A change of any byte is detected or repaired.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#include "sim/lab/sweep-journal.h"
#include "tests/unit/testlib.h"

void suite_sweep_journal(void);

#define NR_RUNS 5

static const struct sweep_id id = {
	.header = "sweep,run,policy,status,n\n",
	.digest = "0123456789abcdef",
	.program = "fedcba9876543210",
	.nr_runs = NR_RUNS,
};

/* order in which runs finish: in order, out of order, two at once */
static const uint64_t order[NR_RUNS] = { 0, 2, 4, 1, 3 };

/* run 3 failed: it has no values */
static char *row_of(uint64_t run)
{
	return run == 3 ? g_strdup_printf("%s,%" PRIu64 ",v1,failed,\n", id.digest, run + 1)
			: g_strdup_printf("%s,%" PRIu64 ",v1,ok,%d\n", id.digest, run + 1,
					  (int)(run * 7919 % 100));
}

static struct {
	char *dir, *csv, *journal;
	struct outputs files;
	char *whole_csv, *whole_journal; /* of a sweep that was not interrupted */
} at;

static char *read_file(const char *path)
{
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("(missing)");
	return text;
}

static void write_file(const char *path, const char *text, size_t len)
{
	/* g_file_set_contents() would wait for the disk thousands of times */
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		abort();
}

static int set_up(void)
{
	at.dir = g_dir_make_tmp("reapsim-journal-XXXXXX", NULL);
	at.csv = g_build_filename(at.dir, "x.csv", NULL);
	at.journal = g_strconcat(at.csv, ".journal", NULL);
	outputs_init(&at.files);
	return outputs_declare(&at.files, FILE_RESUMED, "x", at.csv, NULL) ||
	       outputs_declare(&at.files, FILE_RESUMED, "its journal", at.journal, NULL);
}

static int tear_down(void)
{
	g_unlink(at.csv);
	g_unlink(at.journal);
	g_rmdir(at.dir);
	outputs_clear(&at.files);
	g_free(at.dir);
	g_free(at.csv);
	g_free(at.journal);
	g_free(at.whole_csv);
	g_free(at.whole_journal);
	return 0;
}

/* add the missing runs, in @order. @end: also sync to disk, which is slow. Return: false with
 * @err */
static bool go_on(bool restart, bool end, struct err *err)
{
	struct sweep_journal j;
	int ret = sweep_journal_open(&j, &at.files, at.csv, &id, restart, NULL, err);

	for (int i = 0; i < NR_RUNS && !ret; i++)
		if (!sweep_journal_has(&j, order[i]))
			ret = sweep_journal_add(&j, order[i], row_of(order[i]), err);
	if (!ret && end)
		ret = sweep_journal_finish(&j, err);
	if (!ret && (j.nr_done != NR_RUNS || j.nr_failed != 1))
		ret = err_set(err, -EIO, "%" PRIu64 " done, %" PRIu64 " failed", j.nr_done,
			      j.nr_failed);
	sweep_journal_close(&j);
	return !ret;
}

static bool finish_all(bool restart, struct err *err)
{
	return go_on(restart, true, err);
}

static bool csv_is(const char *csv)
{
	g_autofree char *c = read_file(at.csv);

	return !strcmp(c, csv);
}

static bool files_are(const char *csv, const char *journal)
{
	g_autofree char *c = read_file(at.csv), *j = read_file(at.journal);

	return !strcmp(c, csv) && !strcmp(j, journal);
}

/* the complete files; those of every other test must be equal at its end */
static void test_whole(void)
{
	g_autoptr(GString) csv = g_string_new(id.header);
	struct sweep_journal j;
	struct err err = { "" };

	CU_ASSERT_TRUE_FATAL(finish_all(true, &err));
	for (uint64_t run = 0; run < NR_RUNS; run++) {
		g_autofree char *row = row_of(run);

		g_string_append(csv, row);
	}
	at.whole_csv = read_file(at.csv);
	at.whole_journal = read_file(at.journal);
	TL_STR(at.whole_csv, csv->str, "the CSV file");
	CU_ASSERT_TRUE(g_str_has_prefix(at.whole_journal, "sweep 0123456789abcdef of 5 runs, "
							  "program fedcba9876543210\n1 "));
	/* a finished sweep is not written again, and all its runs are known */
	CU_ASSERT_EQUAL(sweep_journal_open(&j, &at.files, at.csv, &id, false, NULL, &err), 0);
	TL_EQ(j.nr_done, NR_RUNS, "finished");
	TL_EQ(j.nr_failed, 1, "finished");
	for (uint64_t run = 0; run < NR_RUNS; run++)
		CU_ASSERT_TRUE(sweep_journal_has(&j, run));
	CU_ASSERT_EQUAL(sweep_journal_finish(&j, &err), 0);
	sweep_journal_close(&j);
	CU_ASSERT_TRUE(files_are(at.whole_csv, at.whole_journal));
}

/* the files after each run was added; [0] has no run */
struct stage {
	char *csv, *journal;
};

static void make_stages(struct stage *s)
{
	struct sweep_journal j;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(sweep_journal_open(&j, &at.files, at.csv, &id, true, NULL, &err), 0);
	for (int i = 0; i <= NR_RUNS; i++) {
		s[i].csv = read_file(at.csv);
		s[i].journal = read_file(at.journal);
		if (i < NR_RUNS)
			CU_ASSERT_EQUAL(sweep_journal_add(&j, order[i], row_of(order[i]), &err), 0);
	}
	sweep_journal_close(&j);
}

static void free_stages(struct stage *s)
{
	for (int i = 0; i <= NR_RUNS; i++) {
		g_free(s[i].csv);
		g_free(s[i].journal);
	}
}

/* killed with these bytes in the files: complete lines are finished runs, and the resumed sweep
 * ends with the same files */
static void killed_at(const char *csv, size_t csv_len, const char *journal, size_t journal_len,
		      guint at_least, const char *what)
{
	struct sweep_journal j;
	struct err err = { "" };

	write_file(at.csv, csv, csv_len);
	write_file(at.journal, journal, journal_len);
	if (sweep_journal_open(&j, &at.files, at.csv, &id, false, NULL, &err)) {
		TL_STR(err.msg, "", "%s: %zu and %zu bytes", what, csv_len, journal_len);
	} else if (j.nr_done < at_least) {
		TL_EQ(j.nr_done, at_least, "%s: %zu and %zu bytes: finished", what, csv_len,
		      journal_len);
	}
	sweep_journal_close(&j);
	write_file(at.csv, csv, csv_len);
	write_file(at.journal, journal, journal_len);
	if (!go_on(false, false, &err))
		TL_STR(err.msg, "", "%s: %zu and %zu bytes", what, csv_len, journal_len);
	else if (!csv_is(at.whole_csv))
		TL_STR("another end", "the same end", "%s: %zu and %zu bytes", what, csv_len,
		       journal_len);
	else
		CU_PASS("the same end");
}

/* a run writes its line of the journal first, then the rows that are due; kill it after every
 * byte of both */
static void test_killed(void)
{
	struct stage s[NR_RUNS + 1];
	struct err err;

	make_stages(s);
	/* the first lines */
	for (size_t n = 0; n <= strlen(s[0].journal); n++)
		killed_at("", 0, s[0].journal, n, 0, "the journal's first line");
	for (size_t n = 0; n <= strlen(s[0].csv); n++)
		killed_at(s[0].csv, n, s[0].journal, strlen(s[0].journal), 0, "the header");
	for (guint i = 0; i < NR_RUNS; i++) {
		const struct stage *a = &s[i], *b = &s[i + 1];

		for (size_t n = strlen(a->journal); n <= strlen(b->journal); n++)
			killed_at(a->csv, strlen(a->csv), b->journal, n, i, "a record");
		for (size_t n = strlen(a->csv); n <= strlen(b->csv); n++)
			killed_at(b->csv, n, b->journal, strlen(b->journal), i, "a row");
	}
	/* between the last row and the end */
	killed_at(at.whole_csv, strlen(at.whole_csv), s[NR_RUNS].journal,
		  strlen(s[NR_RUNS].journal), NR_RUNS, "before the end");
	CU_ASSERT_TRUE(finish_all(false, &err));
	CU_ASSERT_TRUE(files_are(at.whole_csv, at.whole_journal));
	free_stages(s);
}

/* a system that goes down may lose the end of either file, or of both */
static void test_lost_ends(void)
{
	struct stage s[NR_RUNS + 1];
	const char *csv, *journal;

	make_stages(s);
	csv = s[NR_RUNS].csv;
	journal = s[NR_RUNS].journal;
	for (size_t n = strlen(s[0].journal); n <= strlen(journal); n++)
		for (size_t m = strlen(s[0].csv); m <= strlen(csv); m += 7)
			killed_at(csv, m, journal, n, 0, "lost ends");
	free_stages(s);
}

/* change every byte of both files, of an unfinished and a finished sweep: the change is refused
 * and the file stays as it is, or it does not affect a result */
static void change_each_byte(const char *csv, const char *journal, bool of_csv)
{
	const char *text = of_csv ? csv : journal;
	struct err err;

	for (size_t n = 0; n < strlen(text); n++) {
		g_autofree char *changed = g_strdup(text);

		changed[n] = changed[n] == '1' ? '2' : '1';
		write_file(at.csv, of_csv ? changed : csv, strlen(csv));
		write_file(at.journal, of_csv ? journal : changed, strlen(journal));
		err.msg[0] = '\0';
		if (go_on(false, false, &err)) {
			TL_EQ(csv_is(at.whole_csv), true, "byte %zu of the %s, taken", n,
			      of_csv ? "CSV file" : "journal");
			continue;
		}
		TL_EQ(files_are(of_csv ? changed : csv, of_csv ? journal : changed), true,
		      "byte %zu of the %s, refused: as it was", n, of_csv ? "CSV file" : "journal");
		TL_EQ(strstr(err.msg, "--restart") != NULL, true, "\"%s\" says what to do",
		      err.msg);
	}
}

static void test_changed(void)
{
	struct stage s[NR_RUNS + 1];

	make_stages(s);
	for (int i = 2; i <= NR_RUNS; i += 3) {
		change_each_byte(s[i].csv, s[i].journal, true);
		change_each_byte(s[i].csv, s[i].journal, false);
	}
	free_stages(s);
	change_each_byte(at.whole_csv, at.whole_journal, true);
	change_each_byte(at.whole_csv, at.whole_journal, false);
}

static void test_refused(void)
{
	static const struct {
		const char *csv, *journal; /* NULL: no file; "": the complete one */
		const char *says;
	} rows[] = {
		{ "a letter", NULL, "x.csv exists, and was not begun by a sweep" },
		{ "a letter\n", NULL, "x.csv:1: not the columns of this sweep" },
		{ "", NULL, "x.csv.journal does not: it was not begun by a sweep" },
		{ NULL, "a letter\n", "x.csv.journal:1: started as \"a letter\"" },
		{ NULL, "a letter", "x.csv.journal exists, and was not begun by a sweep" },
		{ "", "sweep 0123456789abcdef of 5 runs, program 0123456789abcdef\n",
		  "the program has changed" },
		{ "", "sweep 0123456789abcdef of 6 runs, program fedcba9876543210\n",
		  "the definition or a file that it names has changed" },
		{ "",
		  "sweep 0123456789abcdef of 5 runs, program fedcba9876543210\n"
		  "6 0123456789abcdef\n",
		  "x.csv.journal:2: a damaged record" },
		{ "",
		  "sweep 0123456789abcdef of 5 runs, program fedcba9876543210\n"
		  "1 0123456789abcde\n",
		  "x.csv.journal:2: a damaged record" },
		{ "",
		  "sweep 0123456789abcdef of 5 runs, program fedcba9876543210\n"
		  "2 0123456789abcdef another row\n",
		  "x.csv.journal:2: a damaged record" },
		{ "sweep,run,policy,status,n\n0123456789abcdef,2,v1,ok,1\n", "",
		  "x.csv:2: expected the row of run 1" },
		{ "sweep,run,policy,status,n\n0123456789abcdef,1,v1,ok,1\n", "",
		  "x.csv:2: changed since the sweep wrote it" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *csv = rows[i].csv && !*rows[i].csv ? at.whole_csv : rows[i].csv;
		const char *journal =
			rows[i].journal && !*rows[i].journal ? at.whole_journal : rows[i].journal;
		struct err err = { "" };

		g_unlink(at.csv);
		g_unlink(at.journal);
		if (csv)
			write_file(at.csv, csv, strlen(csv));
		if (journal)
			write_file(at.journal, journal, strlen(journal));
		TL_EQ(finish_all(false, &err), false, "row %zu", i);
		TL_EQ(strstr(err.msg, rows[i].says) != NULL, true, "row %zu: \"%s\" has \"%s\"", i,
		      err.msg, rows[i].says);
		TL_EQ(files_are(csv ? csv : "(missing)", journal ? journal : "(missing)"), true,
		      "row %zu: as it was", i);
		CU_ASSERT_TRUE(finish_all(true, &err));
		CU_ASSERT_TRUE(files_are(at.whole_csv, at.whole_journal));
	}
}

/* only one sweep at a time: a second one of this process is refused, and of another process,
 * which the error names. Bug: --restart unlinked the files first */
static void test_lock(void)
{
	g_autofree char *pid =
		g_strdup_printf("another sweep, process %d, is writing it", getpid());
	struct sweep_journal j, second;
	struct err err = { "" };
	pid_t child;
	int status = 0;

	CU_ASSERT_EQUAL_FATAL(sweep_journal_open(&j, &at.files, at.csv, &id, true, NULL, &err), 0);
	CU_ASSERT_EQUAL(sweep_journal_add(&j, 0, row_of(0), &err), 0);
	CU_ASSERT_EQUAL(sweep_journal_open(&second, &at.files, at.csv, &id, true, NULL, &err),
			-EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "another sweep is writing it"));
	sweep_journal_close(&second);
	sweep_journal_close(&j);

	CU_ASSERT_EQUAL_FATAL(sweep_journal_open(&j, &at.files, at.csv, &id, false, NULL, &err), 0);
	TL_EQ(j.nr_done, 1, "nothing is lost");
	child = fork();
	if (!child) {
		int ret = sweep_journal_open(&second, &at.files, at.csv, &id, true, NULL, &err);

		_exit(ret == -EINVAL && strstr(err.msg, pid) ? 0 : 1);
	}
	waitpid(child, &status, 0);
	TL_EQ(status, 0, "the process is named");
	sweep_journal_close(&j);
	CU_ASSERT_TRUE(finish_all(false, &err));
	CU_ASSERT_TRUE(files_are(at.whole_csv, at.whole_journal));
}

void suite_sweep_journal(void)
{
	CU_pSuite s = CU_add_suite("sweep_journal", set_up, tear_down);

	CU_add_test(s, "the files of a sweep", test_whole);
	CU_add_test(s, "killed behind every byte", test_killed);
	CU_add_test(s, "the ends of both files lost", test_lost_ends);
	CU_add_test(s, "every byte changed", test_changed);
	CU_add_test(s, "what is refused", test_refused);
	CU_add_test(s, "one sweep at a time", test_lock);
}
