// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings of the kernel that are others while something is measured. A process of our own sets
 * them back when the pipe to it is closed, so however this process ends.
 *
 * DAMON_STAT is turned off: it clears accessed bits, and what is unmapped then gets no mark to be
 * timed.
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
	const size_t len = strlen(word);
	const bool ok = fd >= 0 && write(fd, word, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Return: false if there is nothing to read */
static bool read_word(const char *path, char *word, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, word, size - 1);

	if (fd >= 0)
		close(fd);
	word[MAX(n, 0)] = 0;
	return n > 0;
}

/* the process that waits for our end */
static bool guard(struct kernel_switch *s)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	int fds[2];
	char c;

	if (pipe2(fds, O_CLOEXEC))
		return false;
	s->guard = fork();
	if (s->guard == 0) {
		/* the terminal's signals go to all of the group */
		setsid();
		sigaction(SIGINT, &ignore, NULL);
		sigaction(SIGTERM, &ignore, NULL);
		sigaction(SIGHUP, &ignore, NULL);
		close(fds[1]);
		while (read(fds[0], &c, 1) < 0 && errno == EINTR)
			;
		_exit(!write_word(s->path, s->was));
	}
	close(fds[0]);
	s->fd = fds[1];
	if (s->guard > 0)
		return true;
	close(s->fd);
	s->fd = -1;
	return false;
}

bool switch_set(struct kernel_switch *s, const char *path, const char *value)
{
	*s = (struct kernel_switch){ .path = path, .fd = -1 };
	if (!read_word(path, s->was, sizeof(s->was)) || access(path, W_OK) || !guard(s))
		return false;
	if (write_word(path, value))
		return true;
	switch_back(s);
	return false;
}

bool switch_back(struct kernel_switch *s)
{
	int status = 0;

	if (s->fd < 0)
		return true;
	close(s->fd);
	s->fd = -1;
	while (waitpid(s->guard, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return !status;
}

const char *monitor_stop(struct kernel_switch *s, const char *path)
{
	char word[32];

	*s = (struct kernel_switch){ .path = path, .fd = -1 };
	if (!read_word(path, word, sizeof(word)))
		return access(path, F_OK) ? "not in this kernel"
					  : "unknown (needs root): if it runs, marks are missing";
	if (word[0] != 'Y')
		return "off";
	if (access(path, W_OK))
		return "on, could not be turned off (needs root): marks are missing";
	if (switch_set(s, path, "N\n") && read_word(path, word, sizeof(word)) && word[0] == 'N')
		return "on, turned off for the measurements";
	switch_back(s);
	return "on, refuses to be turned off: marks are missing";
}
