// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several runs of one trace in one boot, each by a process of its own that is the
 * player anew: player.plan=POLICY-LRU-RUN,... PID 1 only mounts, loads modules, starts
 * a run, and puts away what it has left. A run with a plan has a new memory cgroup, new
 * inodes (its file systems are mounted by itself and unmounted after it) and new swap.
 *
 * What is not new: the kernel's own allocations and per-CPU lists, what the runs
 * before have written to the files, and the counters of the whole machine. So it is for
 * traces with a memory cgroup; a whole guest is booted for each run.
 */
#define _GNU_SOURCE
#include "player.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

/* It has ended with _exit(); its processes may be there yet. */
static void put_away(void)
{
	DIR *run;

	kill(-1, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	flushes_forget();
	files_unmount();
	/* After that, or what it brings back of tmpfs has no room below the limit of its cgroup. */
	if (!access("/dev/zram0", F_OK) && !swapoff("/dev/zram0"))
		must_put("/sys/block/zram0/reset", 1);
	for (unsigned int i = 0; i < CGROUPS; i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%u", cgroup_top(), i);
		rmdir(path);
	}
	if (rmdir(cgroup_top()) && errno != ENOENT)
		run_failed("%s: %s", cgroup_top(), strerror(errno));
	run = opendir("/run");
	for (const struct dirent *e; run && (e = readdir(run));) {
		char path[300];

		snprintf(path, sizeof(path), "/run/%s", e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (run)
		closedir(run);
}

/* "baseline-classic-1", of which each part becomes a word of the new player's */
static bool one_run(char *run)
{
	char *lru = NULL, *number, name[64];
	int status = 0;
	pid_t pid;

	snprintf(name, sizeof(name), "%s", run);
	/* from its end: names of policies may have a "-" */
	number = strrchr(run, '-');
	if (number) {
		*number = '\0';
		lru = strrchr(run, '-');
	}
	if (!lru)
		bad_input("player.plan: \"%s\": expected POLICY-LRU-RUN", name);
	*lru++ = '\0';
	result("run %s\n", name);
	result_flush();
	pid = fork();
	if (!pid) {
		execl("/init", "/init", run, lru, NULL);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		run_failed("run %s: %s", name, strerror(errno));
	put_away();
	return status != PLAYER_BAD_INPUT << 8;
}

void batch(char *plan)
{
	char *save = NULL;

	for (char *run = strtok_r(plan, ",", &save); run; run = strtok_r(NULL, ",", &save))
		if (!one_run(run))
			break;
	power_off();
}
