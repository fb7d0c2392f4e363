// SPDX-License-Identifier: GPL-2.0-only
/*
 * DAMON_STAT is turned off while anything is measured: it clears accessed bits, and what is
 * unmapped then gets no mark to be timed. A process of our own turns it on again when the pipe
 * to it is closed, so however this process ends.
 */
#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"

/* async-signal-safe */
static bool write_word(const char *path, const char *word)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const bool ok = fd >= 0 && write(fd, word, 2) == 2;

	if (fd >= 0)
		close(fd);
	return ok;
}

static char read_word(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	char word = 0;

	if (fd >= 0 && read(fd, &word, 1) != 1)
		word = 0;
	if (fd >= 0)
		close(fd);
	return word;
}

/* the process that waits for our end */
static bool guard(struct monitor *m)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int fds[2];
	char c;

	if (pipe2(fds, O_CLOEXEC))
		return false;
	m->guard = fork();
	if (m->guard == 0) {
		/* the terminal's signals go to all of the group */
		setsid();
		sigaction(SIGINT, &ignore, NULL);
		sigaction(SIGTERM, &ignore, NULL);
		sigaction(SIGHUP, &ignore, NULL);
		close(fds[1]);
		while (read(fds[0], &c, 1) < 0 && errno == EINTR)
			;
		_exit(!write_word(m->path, "Y\n"));
	}
	close(fds[0]);
	m->fd = fds[1];
	if (m->guard > 0)
		return true;
	close(m->fd);
	return false;
}

const char *monitor_stop(struct monitor *m, const char *path)
{
	const char word = read_word(path);

	*m = (struct monitor){ .path = path, .fd = -1 };
	if (!word)
		return access(path, F_OK) ? "not in this kernel"
					  : "unknown (needs root): if it runs, marks are missing";
	if (word != 'Y')
		return "off";
	if (access(path, W_OK) || !guard(m))
		return "on, could not be turned off (needs root): marks are missing";
	m->on = true;
	if (write_word(path, "N\n") && read_word(path) == 'N')
		return "on, turned off for the measurements";
	monitor_restart(m);
	return "on, refuses to be turned off: marks are missing";
}

bool monitor_restart(struct monitor *m)
{
	int status = 0;

	if (!m->on)
		return true;
	m->on = false;
	close(m->fd);
	while (waitpid(m->guard, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return !status;
}
