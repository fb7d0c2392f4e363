// SPDX-License-Identifier: GPL-2.0-only
/* sim/output.c: refused outputs, and the files afterwards. */
#include "sim/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>

#include "tests/unit/testlib.h"

void suite_output(void);

#define OURS	"trace,machine,old\n"
#define FOREIGN "a letter\n"

/* a folder with files, the working directory of a test */
static char *folder, *before;

static void enter(void)
{
	before = g_get_current_dir();
	folder = g_dir_make_tmp("reapsim-test-XXXXXX", NULL);
	g_assert(folder && !g_chdir(folder));
}

static void leave(void)
{
	GDir *dir = g_dir_open(".", 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir)))
		if (g_remove(name))
			g_assert_not_reached();
	g_dir_close(dir);
	g_assert(!g_chdir(before) && !g_rmdir(folder));
	g_free(folder);
	g_free(before);
}

static void put(const char *name, const char *text)
{
	g_assert(g_file_set_contents(name, text, -1, NULL));
}

static char *get(const char *name)
{
	char *text = NULL;

	return g_file_get_contents(name, &text, NULL, NULL) ? text : g_strdup("(nothing)");
}

static guint nr_files(void)
{
	GDir *dir = g_dir_open(".", 0, NULL);
	guint n = 0;

	while (g_dir_read_name(dir))
		n++;
	g_dir_close(dir);
	return n;
}

/* Refused outputs */

static void set_up(void)
{
	put("trace", "reapsim-trace,1\nmachine,cpus,1\nnote,generator,\"reapsim gen zipf\"\n");
	put("by-hand", "reapsim-trace,1\n# by hand\nmachine,cpus,1\n");
	/* Bug: any trace without comments and empty lines was taken for reapsim's own, and lost */
	put("bare", "reapsim-trace,1\nmachine,cpus,1\nspawn,1\n");
	put("binary", "reapsim-trace,1,binary\n\n\n#");
	put("table", OURS);
	put("rows.json", OUTPUT_JSON_MARK "1\",\"table\":\"run\"}\n");
	put("letter", FOREIGN);
	put("empty", "");
	put("sweep", "sweep,run,x\n");
	put("journal", "sweep 0123 of 4 runs\n");
	put("keys", "# Measured by reapsim calibrate: \n");
	put("machine", "[machine]\ncpus=1\n");
	put("p.gp", OUTPUT_PLOT_MARK ": \n");
	put("p.svg", "<svg>");
	put("q.svg", "<svg>");
	put("read-only", OURS);
	g_assert(!chmod("read-only", 0444));
	g_assert(!symlink("table", "link") && !symlink("nothing", "dangling"));
	g_assert(!symlink(".", "here") && !link("table", "hard"));
	g_assert(!mkfifo("pipe", 0600));
}

/* one output, after the inputs and outputs of @others: "<in >out" */
static const struct {
	const char *others;
	enum file_kind kind;
	const char *path, *error; /* NULL: accepted */
	bool force;
} refusals[] = {
	/* reapsim's own files and others */
	{ "", FILE_RESULTS, "new", NULL, false },
	{ "", FILE_RESULTS, "table", NULL, false },
	{ "", FILE_RESULTS, "rows.json", NULL, false },
	{ "", FILE_RESULTS, "empty", NULL, false },
	{ "", FILE_RESULTS, "letter", "exists, and is not what", false },
	{ "", FILE_RESULTS, "letter", NULL, true },
	{ "", FILE_RESULTS, "trace", "exists, and is not what", false },
	{ "", FILE_RESULTS, "sweep", "exists, and is not what", false },
	{ "", FILE_TRACE, "trace", NULL, false },
	{ "", FILE_TRACE, "binary", NULL, false },
	{ "", FILE_TRACE, "by-hand", "exists, and is not what", false },
	{ "", FILE_TRACE, "bare", "exists, and is not what", false },
	{ "", FILE_TRACE, "table", "exists, and is not what", false },
	{ "", FILE_SWEEP, "sweep", NULL, false },
	{ "", FILE_SWEEP, "journal", NULL, false },
	{ "", FILE_SWEEP, "letter", "exists, and is not what", false },
	{ "", FILE_RESUMED, "letter", NULL, false },
	{ "", FILE_KEYS, "keys", NULL, false },
	{ "", FILE_KEYS, "machine", "exists, and is not what", false },
	{ "", FILE_PLOT, "p.gp", NULL, false },
	{ "", FILE_PLOT, "letter", "exists, and is not what", false },
	{ "", FILE_PICTURE, "p.svg", NULL, false },
	{ "", FILE_PICTURE, "q.svg", "exists, and is not what", false },
	/* outputs that cannot be written */
	{ "", FILE_RESULTS, "read-only", "read-only, mode 0444", false },
	{ "", FILE_RESULTS, "read-only", "read-only, mode 0444", true },
	{ "", FILE_RESULTS, ".", "a folder", true },
	{ "", FILE_RESULTS, "dangling", "a dangling symbolic link", true },
	{ "", FILE_RESULTS, "missing/x", "No such file or directory", true },
	{ "", FILE_PLOT, "missing/x", NULL, false },
	{ "", FILE_RESULTS, "table/x", "Not a directory", true },
	{ "", FILE_RESULTS, "", "expected the name of a file", true },
	{ "", FILE_RESULTS, "new/", "expected the name of a file", true },
	/* written in place */
	{ "", FILE_RESULTS, "/dev/null", NULL, false },
	{ "", FILE_RESULTS, "/dev/stdout", NULL, false },
	{ "", FILE_RESULTS, "/dev/fd/1", NULL, false },
	{ "", FILE_RESULTS, "pipe", NULL, false },
	{ ">/dev/null", FILE_RESULTS, "/dev/null", NULL, false },
	{ "", FILE_RESULTS, "-", NULL, false },
	{ ">-", FILE_RESULTS, "-", "standard output is already that of OTHER", true },
	{ "<-", FILE_RESULTS, "-", NULL, false },
	/* an input, even with --force */
	{ "<table", FILE_RESULTS, "table", "the same file as the input", true },
	{ "<table", FILE_RESULTS, "./here/./table", "the same file as the input", true },
	{ "<table", FILE_RESULTS, "link", "the same file as the input", true },
	{ "<table", FILE_RESULTS, "hard", "the same file as the input", true },
	{ "<link", FILE_RESULTS, "hard", "the same file as the input", true },
	{ "<letter <table", FILE_RESULTS, "here/table", "the same file as the input", false },
	{ "<missing", FILE_RESULTS, "here/missing", "the same file as the input", false },
	{ "<table", FILE_RESULTS, "new", NULL, false },
	{ "<table <table", FILE_RESULTS, "new", NULL, false },
	/* another output, also one that does not exist yet */
	{ ">table", FILE_RESULTS, "hard", "expected two files", true },
	{ ">new", FILE_RESULTS, "new", "expected two files", true },
	{ ">new", FILE_RESULTS, "here/./new", "expected two files", true },
	{ ">new", FILE_RESULTS, "newer", NULL, false },
	{ ">new", FILE_RESULTS, "here/new2", NULL, false },
};

static int declare_others(struct outputs *o, const char *others, struct err *err)
{
	g_auto(GStrv) words = g_strsplit(others, " ", -1);
	int ret = 0;

	for (char **w = words; !ret && *w && **w; w++)
		ret = outputs_declare(o, **w == '<' ? FILE_INPUT : FILE_RESULTS, "OTHER", *w + 1,
				      err);
	return ret;
}

static void test_refused(void)
{
	enter();
	set_up();
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		struct err err = { "" };
		struct outputs o;
		int ret;

		outputs_init(&o);
		o.force = refusals[i].force;
		TL_EQ(declare_others(&o, refusals[i].others, &err), 0, "row %zu", i);
		ret = outputs_declare(&o, refusals[i].kind, "--out", refusals[i].path, &err);
		TL_EQ(ret, refusals[i].error ? -EINVAL : 0, "row %zu, %s: %s", i, refusals[i].path,
		      err.msg);
		if (refusals[i].error)
			TL_EQ(strstr(err.msg, refusals[i].error) != NULL, true, "row %zu: %s", i,
			      err.msg);
		outputs_clear(&o);
	}
	/* the output is declared before the input */
	{
		struct err err = { "" };
		struct outputs o;

		outputs_init(&o);
		CU_ASSERT(!outputs_declare(&o, FILE_RESULTS, "--csv", "table", &err));
		CU_ASSERT(outputs_declare(&o, FILE_INPUT, "TRACE", "link", &err) == -EINVAL);
		TL_STR(err.msg,
		       "--csv table: the same file as the input TRACE link, which would be lost",
		       "turned");
		outputs_clear(&o);
	}
	leave();
}

static void test_list(void)
{
	struct err err = { "" };
	struct outputs o;

	enter();
	put("a", "");
	put("b", "");
	outputs_init(&o);
	CU_ASSERT(!outputs_declare_list(&o, FILE_INPUT, "--machines", "a,b", &err));
	CU_ASSERT(!outputs_declare_list(&o, FILE_INPUT, "--machines", NULL, &err));
	CU_ASSERT(outputs_declare(&o, FILE_RESULTS, "--csv", "b", &err) == -EINVAL);
	outputs_clear(&o);
	leave();
}

/* writing */

static int write_as(bool named, bool force, const char *path, const char *text, enum output_end end,
		    struct err *err)
{
	struct output out;
	struct outputs o;
	int ret;

	outputs_init(&o);
	o.named = named;
	o.force = force;
	ret = outputs_declare(&o, FILE_RESULTS, "--csv", path, err);
	if (!ret)
		ret = output_open(&out, &o, path, err);
	if (!ret) {
		fputs(text, out.f);
		ret = output_close(&out, end, err);
	}
	outputs_clear(&o);
	return ret;
}

static const struct {
	const char *old; /* contents before; NULL: no file */
	enum output_end end;
	const char *text; /* contents afterwards */
	int ret;
} endings[] = {
	{ NULL, OUTPUT_WHOLE, "new", 0 }, { NULL, OUTPUT_PART, "new", 0 },
	{ NULL, OUTPUT_FAILED, NULL, 0 }, { OURS, OUTPUT_WHOLE, "new", 0 },
	{ OURS, OUTPUT_PART, OURS, 1 },	  { OURS, OUTPUT_FAILED, OURS, 0 },
	{ "", OUTPUT_PART, "new", 0 },
};

static void test_endings(void)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(endings); i++) {
		const size_t row = i / 2;
		struct err err = { "" };
		g_autofree char *text = NULL;
		int ret;

		enter();
		if (endings[row].old)
			put("x", endings[row].old);
		ret = write_as(i % 2, false, "x", "new", endings[row].end, &err);
		TL_EQ(ret, endings[row].ret, "row %zu: %s", row, err.msg);
		text = get("x");
		TL_STR(text, endings[row].text ? endings[row].text : "(nothing)", "row %zu", row);
		TL_EQ(nr_files(), endings[row].text ? 1 : 0, "row %zu", row);
		leave();
	}
}

/* a link stays, and the file that it points to is replaced; its mode stays */
static void test_place(void)
{
	struct err err = { "" };
	g_autofree char *text = NULL;
	struct stat st;

	enter();
	put("table", OURS);
	CU_ASSERT(!chmod("table", 0640) && !symlink("table", "link"));
	CU_ASSERT(!write_as(false, false, "link", "new", OUTPUT_WHOLE, &err));
	text = get("table");
	CU_ASSERT_STRING_EQUAL(text, "new");
	CU_ASSERT(!lstat("link", &st) && S_ISLNK(st.st_mode));
	CU_ASSERT(!lstat("table", &st) && (st.st_mode & 07777) == 0640);
	leave();
}

/* a foreign file that appears between declaration and close is kept, too */
static void test_late(void)
{
	g_autofree char *text = NULL;
	struct err err = { "" };
	struct output out;
	struct outputs o;

	enter();
	outputs_init(&o);
	CU_ASSERT(!outputs_declare(&o, FILE_RESULTS, "--csv", "x", &err));
	CU_ASSERT(!output_open(&out, &o, "x", &err));
	CU_ASSERT(nr_files() == 0); /* no temporary file with a name */
	put("x", FOREIGN);
	CU_ASSERT(output_close(&out, OUTPUT_WHOLE, &err) == -EINVAL);
	text = get("x");
	CU_ASSERT_STRING_EQUAL(text, FOREIGN);
	CU_ASSERT(nr_files() == 1);
	outputs_clear(&o);
	leave();
}

static void test_undeclared(void)
{
	struct err err = { "" };
	struct output out;
	struct outputs o;

	enter();
	put("x", "");
	outputs_init(&o);
	CU_ASSERT(!outputs_declare(&o, FILE_INPUT, "TRACE", "x", &err));
	CU_ASSERT(output_open(&out, &o, "x", &err) == -ENOTSUP);
	CU_ASSERT(output_open(&out, &o, "y", &err) == -ENOTSUP);
	CU_ASSERT(nr_files() == 1);
	outputs_clear(&o);
	leave();
}

/* a full disk, simulated by a limit on the size of files, which also makes write() fail */
static void test_full(void)
{
	struct rlimit old, small = { 4096, RLIM_INFINITY };
	g_autofree char *text = g_strnfill(100000, 'x');

	CU_ASSERT(!getrlimit(RLIMIT_FSIZE, &old));
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	for (int named = 0; named < 2; named++) {
		struct err err = { "" };
		g_autofree char *after = NULL;

		enter();
		put("x", OURS);
		setrlimit(RLIMIT_FSIZE, &small);
		CU_ASSERT(write_as(named, false, "x", text, OUTPUT_WHOLE, &err) == -EFBIG);
		setrlimit(RLIMIT_FSIZE, &old);
		after = get("x");
		CU_ASSERT_STRING_EQUAL(after, OURS);
		CU_ASSERT(nr_files() == 1);
		leave();
	}
	signal(SIGXFSZ, SIG_DFL);
	{
		struct err err = { "" };

		CU_ASSERT(write_as(false, false, "/dev/full", "x", OUTPUT_WHOLE, &err) == -ENOSPC);
	}
}

/* two commands at a time: the file is the complete output of one. Bug: they shared NAME.partial,
 * and 7 of 15 such pairs mixed both outputs */
static void test_two(void)
{
	enum { SIZE = 200000, ROUNDS = 20 };

	for (int i = 0; i < 2 * ROUNDS; i++) {
		g_autofree char *text = NULL, *want = NULL;
		pid_t child[2];

		enter();
		for (int c = 0; c < 2; c++) {
			child[c] = fork();
			if (!child[c]) {
				g_autofree char *mine = g_strnfill(SIZE, c ? 'b' : 'a');
				struct err err;

				memcpy(mine, OURS, strlen(OURS));
				_exit(write_as(i % 2, false, "x", mine, OUTPUT_WHOLE, &err) != 0);
			}
		}
		for (int c = 0; c < 2; c++) {
			int status;

			CU_ASSERT(waitpid(child[c], &status, 0) == child[c] && !status);
		}
		text = get("x");
		CU_ASSERT_FATAL(strlen(text) == SIZE);
		want = g_strnfill(SIZE, text[SIZE - 1]);
		memcpy(want, OURS, strlen(OURS));
		CU_ASSERT_STRING_EQUAL(text, want);
		CU_ASSERT(nr_files() == 1);
		leave();
	}
}

/* killed while it writes: no new file is left, and the old one is unchanged */
static void test_killed(void)
{
	g_autofree char *text = NULL;
	int status, fds[2];
	pid_t child;
	char c;

	enter();
	put("x", OURS);
	CU_ASSERT_FATAL(!pipe(fds));
	child = fork();
	if (!child) {
		struct output out;
		struct outputs o;
		struct err err;

		outputs_init(&o);
		if (outputs_declare(&o, FILE_RESULTS, "--csv", "x", &err) ||
		    output_open(&out, &o, "x", &err))
			_exit(1);
		fputs("new", out.f);
		fflush(out.f);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(fds[1]);
	CU_ASSERT(read(fds[0], &c, 1) == 1);
	close(fds[0]);
	kill(child, SIGKILL);
	CU_ASSERT(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	text = get("x");
	CU_ASSERT_STRING_EQUAL(text, OURS);
	CU_ASSERT(nr_files() == 1);
	leave();
}

/* as user nobody: a folder and a file of others */
static void test_not_ours_to_write(void)
{
	int status;
	pid_t child;

	enter();
	put("table", OURS);
	CU_ASSERT(!chmod("table", 0644) && !chmod(".", 0755));
	if (!geteuid())
		CU_ASSERT(!chown("table", 0, 0));
	child = fork();
	if (!child) {
		struct err err = { "" };
		struct outputs o;
		bool bad;

		if (!geteuid() && (setgid(65534) || setuid(65534)))
			_exit(2);
		/* not root: make the folder read-only for its owner */
		if (getuid() != 65534 && (chmod("table", 0444) || chmod(".", 0555)))
			_exit(2);
		outputs_init(&o);
		o.force = true;
		bad = outputs_declare(&o, FILE_RESULTS, "--csv", "table", &err) != -EINVAL ||
		      outputs_declare(&o, FILE_RESULTS, "--csv", "new", &err) != -EINVAL ||
		      !strstr(err.msg, "cannot write into its folder");
		_exit(bad);
	}
	CU_ASSERT(waitpid(child, &status, 0) == child && !status);
	CU_ASSERT(!chmod(".", 0755));
	leave();
}

void suite_output(void)
{
	CU_pSuite s = CU_add_suite("output", NULL, NULL);

	CU_add_test(s, "what is refused", test_refused);
	CU_add_test(s, "a list of inputs", test_list);
	CU_add_test(s, "whole, part and failed", test_endings);
	CU_add_test(s, "a link and a mode stay", test_place);
	CU_add_test(s, "a file that comes late", test_late);
	CU_add_test(s, "what was not declared", test_undeclared);
	CU_add_test(s, "a full disk", test_full);
	CU_add_test(s, "two at a time", test_two);
	CU_add_test(s, "killed in the middle", test_killed);
	CU_add_test(s, "what others own", test_not_ours_to_write);
}
