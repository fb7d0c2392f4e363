// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of a guest that runs selftests: each program in /tests, with each LRU, on each
 * file system. What they print goes to the second serial port, after a line
 *
 *	S LRU FILE_SYSTEM/TEST
 *
 * and before "S LRU FILE_SYSTEM/TEST ended with STATUS". The last line is "done". On the
 * kernel's command line:
 *
 *	tests.fs=NAME,...	file systems (ext4). One with storage is on the next disk, vda,
 *				vdb, ...; overlayfs is on top of the first disk
 *	tests.lru=NAME,...	classic, mglru (both)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR_OF_TESTS "/tests"
#define FOLDER	     "/d" /* where the tests make their files */

static char *file_systems, *lrus;

static int say(const char *fmt, ...)
{
	static int out = -1;
	char text[512];
	va_list ap;
	int n;

	if (out < 0)
		out = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return write(out, text, n) == n ? 0 : -1;
}

static void end(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void must_mount(const char *what, const char *where, const char *type, const char *data)
{
	mkdir(where, 0755);
	if (!mount(what, where, type, 0, data) || errno == EBUSY)
		return;
	say("run-failed: mount %s on %s: %s\n", type, where, strerror(errno));
	end();
}

static void options(void)
{
	static char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY);
	char *save = NULL;

	file_systems = "ext4";
	lrus = "classic,mglru";
	if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
		return;
	close(fd);
	for (char *s = strtok_r(line, " \n", &save); s; s = strtok_r(NULL, " \n", &save)) {
		if (!strncmp(s, "tests.fs=", 9))
			file_systems = s + 9;
		else if (!strncmp(s, "tests.lru=", 10))
			lrus = s + 10;
	}
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		say("run-failed: %s: %s\n", path, strerror(errno));
		end();
	}
	close(fd);
}

static void set_lru(const char *name)
{
	put("/sys/kernel/mm/lru_gen/enabled", strcmp(name, "mglru") ? "n" : "y");
}

static void run(const char *lru, const char *fs, const char *test)
{
	char path[300];
	int status = -1;
	pid_t pid;

	snprintf(path, sizeof(path), DIR_OF_TESTS "/%s", test);
	say("S %s %s/%s\n", lru, fs, test);
	pid = fork();
	if (!pid) {
		int out = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);

		if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 || chdir(FOLDER))
			_exit(126);
		execl(path, path, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	say("S %s %s/%s ended with %d\n", lru, fs, test, status);
}

/* disk: the next that has not been used */
static void mount_fs(const char *fs, char *disk)
{
	if (!strcmp(fs, "tmpfs")) {
		must_mount("tmpfs", FOLDER, "tmpfs", "size=128m");
	} else if (!strcmp(fs, "overlayfs")) {
		must_mount("/dev/vda", "/o", "ext4", NULL);
		mkdir("/o/lower", 0755);
		mkdir("/o/upper", 0755);
		mkdir("/o/work", 0755);
		must_mount("overlay", FOLDER, "overlay",
			   "lowerdir=/o/lower,upperdir=/o/upper,workdir=/o/work");
	} else {
		must_mount(disk, FOLDER, fs, NULL);
		disk[strlen(disk) - 1]++;
	}
	chmod(FOLDER, 0777);
}

int main(void)
{
	struct dirent **tests;
	char *save = NULL, disk[] = "/dev/vda";
	int nr;

	must_mount("proc", "/proc", "proc", NULL);
	must_mount("sysfs", "/sys", "sysfs", NULL);
	must_mount("devtmpfs", "/dev", "devtmpfs", NULL);
	must_mount("debugfs", "/sys/kernel/debug", "debugfs", NULL);
	must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", NULL);
	mkdir("/tmp", 01777);
	options();
	nr = scandir(DIR_OF_TESTS, &tests, NULL, alphasort);
	for (char *fs = strtok_r(file_systems, ",", &save); fs; fs = strtok_r(NULL, ",", &save)) {
		char *save_lru = NULL, *list = strdup(lrus);

		mount_fs(fs, disk);
		for (char *lru = strtok_r(list, ",", &save_lru); lru;
		     lru = strtok_r(NULL, ",", &save_lru)) {
			set_lru(lru);
			for (int i = 0; i < nr; i++)
				if (tests[i]->d_name[0] != '.')
					run(lru, fs, tests[i]->d_name);
		}
		free(list);
		if (umount(FOLDER))
			say("run-failed: umount %s: %s\n", fs, strerror(errno));
		umount("/o");
	}
	say("done\n");
	end();
}
