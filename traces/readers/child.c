// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* pipe2() */
#include "traces/readers/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RESERVES_ADDRESSES
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RESERVES_ADDRESSES
#endif

static void limit(int resource, uint64_t most)
{
	/* SIGXCPU, which says why, comes before SIGKILL */
	const struct rlimit r = { most, resource == RLIMIT_CPU ? most + 5 : most };

	setrlimit((__rlimit_resource_t)resource, &r);
}

/*
 * In the child: a damaged file must not make it run, grow or write for ever. A sane file of
 * @bytes needs a small part of this.
 */
static void set_limits(uint64_t bytes)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, 10 + bytes / 100000);
	limit(RLIMIT_FSIZE, 1ull << 30);
#ifndef RESERVES_ADDRESSES
	limit(RLIMIT_AS, (4ull << 30) + 4 * bytes);
#endif
}

/* In the child: a signal ends it, whatever the caller does with it. */
static void reset_signals(void)
{
	for (int sig = 1; sig < SIGSYS + 1; sig++) {
		struct sigaction sa;

		if (!sigaction(sig, NULL, &sa) && sa.sa_handler != SIG_IGN)
			signal(sig, SIG_DFL);
	}
	signal(SIGPIPE, SIG_DFL);
}

/* In the child: stdin is empty, stdout is the pipe, stderr receives its messages. */
static void redirect(int out, int said)
{
	int null = open("/dev/null", O_RDONLY);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
}

int child_begin(struct child *c, const struct input *in, const char *what,
		int (*run)(int fd, void *data), int fd, void *data, struct err *err)
{
	int ends[2], ret;

	*c = (struct child){ .path = in->path, .what = what, .said = tmpfile() };
	if (!c->said || pipe2(ends, O_CLOEXEC))
		return err_at(err, -errno, in->path, 0, "cannot run %s: %s", what,
			      g_strerror(errno));
	fflush(NULL);
	c->pid = fork();
	if (!c->pid) {
		close(ends[0]); /* otherwise writes would never see that the reader is gone */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		reset_signals();
		set_limits(in->size);
		redirect(ends[1], fileno(c->said));
		_exit(run(fd, data));
	}
	close(ends[1]);
	if (c->pid < 0) {
		close(ends[0]);
		return err_at(err, -errno, in->path, 0, "cannot run %s: %s", what,
			      g_strerror(errno));
	}
	ret = input_attach(&c->text, in->path, ends[0], in->options, err);
	if (ret) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		fclose(c->said);
	}
	return ret;
}

/* The last line that the child wrote to stderr, without control characters. */
static void last_words(struct child *c, char *line, size_t size)
{
	char buf[256];

	g_strlcpy(line, "no message", size);
	if (fseek(c->said, -4096, SEEK_END))
		rewind(c->said);
	while (fgets(buf, sizeof(buf), c->said)) {
		g_strstrip(buf);
		for (char *p = buf; *p; p++)
			if (g_ascii_iscntrl(*p))
				*p = ' ';
		if (buf[0])
			g_strlcpy(line, buf, size);
	}
}

int child_end(struct child *c, int ret, struct err *err)
{
	char line[200];
	int status;

	/* if the reader gave up, SIGPIPE is not the writer's fault */
	input_close(&c->text);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	last_words(c, line, sizeof(line));
	fclose(c->said);
	c->failed = true;
	if (WIFSIGNALED(status) && !(ret && WTERMSIG(status) == SIGPIPE))
		return err_at(err, -EINVAL, c->path, 0, "%s was ended by signal %d (%s): %s",
			      c->what, WTERMSIG(status), strsignal(WTERMSIG(status)), line);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return err_at(err, -EINVAL, c->path, 0, "%s can not read it: %s", c->what, line);
	c->failed = false;
	return ret;
}
