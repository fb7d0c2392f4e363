// SPDX-License-Identifier: GPL-2.0-only
/*
 * The results, on the second serial port, and the ways to end.
 */
#define _GNU_SOURCE
#include "player.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <termios.h>
#include <string.h>
#include <unistd.h>

static FILE *results;

void result(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(results ? results : stdout, fmt, ap);
	va_end(ap);
}

void result_flush(void)
{
	fflush(results ? results : stdout);
}

__attribute__((noreturn)) static void leave(int how)
{
	fflush(NULL);
	if (results)
		tcdrain(fileno(results));
	tcdrain(STDOUT_FILENO);
	if (guest.opt.host)
		deaths_stop();
	if (getpid() != 1 || guest.opt.host)
		_exit(how);
	reboot(RB_AUTOBOOT); /* qemu -no-reboot */
	for (;;)
		pause();
}

void power_off(void)
{
	leave(0);
}

__attribute__((noreturn)) static void end_with(const char *what, int how, const char *fmt,
					       va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	result("%s: %s\n", what, text);
	result_flush();
	if (results)
		printf("%s: %s\n", what, text);
	leave(how);
}

void run_failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end_with("run-failed", 1, fmt, ap);
}

void bad_input(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	end_with("bad-input", PLAYER_BAD_INPUT, fmt, ap);
}

void open_results(void)
{
	static char buffer[1 << 16];
	struct termios tio;
	int fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
		results = fdopen(fd, "w");
		setvbuf(results, buffer, _IOFBF, sizeof(buffer));
	} else {
		close(fd);
	}
}

#define MAX_MARKS 4096

unsigned int mark_number(const char *name)
{
	static struct {
		char name[65];
		unsigned int number;
	} marks[MAX_MARKS];
	static unsigned int nr;

	for (unsigned int i = 0; i < nr; i++)
		if (!strcmp(marks[i].name, name))
			return ++marks[i].number;
	if (nr == MAX_MARKS)
		run_failed("more than %d names of marks", MAX_MARKS);
	snprintf(marks[nr].name, sizeof(marks[nr].name), "%s", name);
	return marks[nr++].number = 1;
}
