// SPDX-License-Identifier: GPL-2.0-only
/* sim/lab/measure-switch.c: a setting is another one while something is measured, and what it was
 * again however that ends: DAMON_STAT is off, or the other LRU runs. A setting is a file here,
 * which says what was written to it last. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "sim/lab/measure-probe.h"
#include "tests/unit/testlib.h"

void suite_measure_switch(void);

static char *file_with(const char *text)
{
	g_autoptr(GError) error = NULL;
	char *path = NULL;
	int fd = g_file_open_tmp("reapsim-test-XXXXXX", &path, &error);

	g_assert_no_error(error);
	g_assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void expect(const char *path, const char *want, const char *when)
{
	g_autofree char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	TL_STR(text, want, "%s", when);
}

static void test_stopped(void)
{
	g_autofree char *path = file_with("Y\n");
	struct kernel_switch m;

	TL_STR(monitor_stop(&m, path), "on, turned off for the measurements", "it is on");
	expect(path, "N\n", "while it is measured");
	CU_ASSERT(switch_back(&m));
	expect(path, "Y\n", "after it");
	CU_ASSERT(switch_back(&m));
	unlink(path);
}

static void test_left_alone(void)
{
	g_autofree char *path = file_with("N\n");
	struct kernel_switch m;

	TL_STR(monitor_stop(&m, path), "off", "it is off");
	CU_ASSERT(switch_back(&m));
	expect(path, "N\n", "it was off");
	unlink(path);
	TL_STR(monitor_stop(&m, path), "not in this kernel", "no file");
	CU_ASSERT(switch_back(&m));
	CU_ASSERT(access(path, F_OK) != 0);
}

/* lru_gen/enabled: what is read is what is written again, not a word that means the same */
static void test_same_again(void)
{
	g_autofree char *path = file_with("0x0003\n");
	struct kernel_switch s;

	CU_ASSERT(switch_set(&s, path, "n\n"));
	/* the file, unlike the kernel, keeps the end of the longer text */
	expect(path, "n\n0003\n", "while it is measured");
	CU_ASSERT(switch_back(&s));
	expect(path, "0x0003\n", "after it");
	unlink(path);
	CU_ASSERT(!switch_set(&s, path, "n\n"));
	CU_ASSERT(switch_back(&s));
	CU_ASSERT(access(path, F_OK) != 0);
}

/* what is written has no effect, as for a kernel that refuses it */
static void test_refused(void)
{
	struct kernel_switch m;

	TL_STR(monitor_stop(&m, "/dev/null"), "unknown (needs root): if it runs, marks are missing",
	       "nothing to read");
	CU_ASSERT(switch_back(&m));
}

/* a process that turned it off is killed in its measurement */
static void test_killed(void)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGINT };

	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
		g_autofree char *path = file_with("Y\n"), *text = NULL;
		int ready[2];
		pid_t pid;
		char c;

		g_assert_cmpint(pipe(ready), ==, 0);
		pid = fork();
		if (!pid) {
			struct kernel_switch m;

			/* a shell ignores SIGINT for what it runs in the background */
			signal(signals[i], SIG_DFL);
			monitor_stop(&m, path);
			g_assert_cmpint(write(ready[1], "", 1), ==, 1);
			pause();
			_exit(0);
		}
		g_assert_cmpint(read(ready[0], &c, 1), ==, 1);
		expect(path, "N\n", "while it is measured");
		kill(pid, signals[i]);
		waitpid(pid, NULL, 0);
		/* its guard is not our child */
		for (int tries = 0; tries < 500; tries++) {
			g_clear_pointer(&text, g_free);
			g_file_get_contents(path, &text, NULL, NULL);
			if (text[0] == 'Y')
				break;
			g_usleep(10000);
		}
		TL_STR(text, "Y\n", "after signal %d", signals[i]);
		close(ready[0]);
		close(ready[1]);
		unlink(path);
	}
}

void suite_measure_switch(void)
{
	CU_pSuite s = CU_add_suite("measure_switch", NULL, NULL);

	CU_add_test(s, "turned off and on again", test_stopped);
	CU_add_test(s, "off, or not there", test_left_alone);
	CU_add_test(s, "the same text again", test_same_again);
	CU_add_test(s, "cannot be read", test_refused);
	CU_add_test(s, "on again after the end of the process", test_killed);
}
