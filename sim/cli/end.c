// SPDX-License-Identifier: GPL-2.0-only
/*
 * Early end of the program: by a signal, or because the host is out of memory
 * (sim/cli/malloc.c), which glib does not report but aborts on. Either way temporary files
 * are removed.
 *
 * This file has the program's only global state, because a signal handler needs it.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/cli.h"

#define TEMPORARIES_MAX 8 /* no command has more open at once */

static volatile sig_atomic_t caught;	  /* the first signal only sets interrupted */
static volatile sig_atomic_t interrupted; /* number of that signal; 0: none */
static volatile sig_atomic_t bar;	  /* a progress bar is on the terminal */

static struct {
	_Atomic bool there;
	int dir;
	char name[32];
} temporaries[TEMPORARIES_MAX];

void cli_note_temporary(int dir, const char *name, bool there)
{
	for (size_t i = 0; i < G_N_ELEMENTS(temporaries); i++) {
		if (there && !temporaries[i].there) {
			temporaries[i].dir = dir;
			g_strlcpy(temporaries[i].name, name, sizeof(temporaries[i].name));
			temporaries[i].there = true;
			return;
		}
		if (!there && temporaries[i].there && temporaries[i].dir == dir &&
		    !strcmp(temporaries[i].name, name)) {
			temporaries[i].there = false;
			return;
		}
	}
}

/* Called in a signal handler or without memory: only async-signal-safe functions. */
static void give_up(int code) __attribute__((noreturn));

static void give_up(int code)
{
	for (size_t i = 0; i < G_N_ELEMENTS(temporaries); i++)
		if (temporaries[i].there)
			unlinkat(temporaries[i].dir, temporaries[i].name, 0);
	_exit(code);
}

static void say(const char *why)
{
	const char *const text[] = { bar ? "\r\033[K" : "", "reapsim: ", why, "\n" };

	for (size_t i = 0; i < G_N_ELEMENTS(text); i++)
		if (write(STDERR_FILENO, text[i], strlen(text[i])) < 0)
			break;
}

static void on_signal(int sig)
{
	if (caught && !interrupted) {
		interrupted = sig;
		return;
	}
	/* the second one, or there is nothing to keep */
	if (!interrupted)
		say("interrupted");
	give_up(128 + sig);
}

/* Nobody reads standard output any more: end quietly, like any filter. */
static void on_pipe(int sig)
{
	give_up(128 + sig);
}

void cli_no_memory(void)
{
	say("out of memory");
	give_up(1);
}

/* glib's default handler ends the program with SIGTRAP. */
static void on_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
	if (!(level & G_LOG_LEVEL_ERROR)) {
		g_log_default_handler(domain, level, message, data);
		return;
	}
	if (strstr(message, "failed to allocate"))
		cli_no_memory();
	say(message);
	give_up(1);
}

void cli_begin(void)
{
	const struct sigaction sa = { .sa_handler = on_signal }, pipe = { .sa_handler = on_pipe };
	struct sigaction before;

	g_log_set_default_handler(on_log, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* nohup ignores SIGHUP, some services SIGPIPE: keep them ignored */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	if (!sigaction(SIGPIPE, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGPIPE, &pipe, NULL);
}

void cli_note_bar(bool shown)
{
	bar = shown;
}

void cli_catch_signals(bool on)
{
	caught = on;
}

bool cli_interrupted(void)
{
	return interrupted;
}

int cli_end(int code)
{
	if (!interrupted || !code)
		return code;
	/* threads that were left behind may still run: free nothing that they use */
	fflush(NULL);
	_exit(128 + interrupted);
}
