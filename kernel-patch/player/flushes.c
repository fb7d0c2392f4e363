// SPDX-License-Identifier: GPL-2.0-only
/*
 * The periodic flusher of memcg statistics: the player waits for it, so that a trace begins
 * with it, and says before which operation it came. What the classic LRU decides under a limit
 * depends on that.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The flusher's event, where the kernel has it; else a probe of its function. */
#define EVENT "/events/memcg/memcg_flush_stats/"
#define PROBE "/events/reapsim/flush/"

static bool set(const char *tracing, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", tracing, file);
	return !put(path, "%s", value);
}

static bool watch(const char *tracing)
{
	return set(tracing, EVENT "filter", "force == 1") ? set(tracing, EVENT "enable", "1")
							  : set(tracing, PROBE "enable", "1");
}

static void drain(int pipe)
{
	char text[4096];

	while (pipe >= 0 && read(pipe, text, sizeof(text)) > 0)
		;
}

/* ---- before which operation ---- */

#define OWN TRACING "/instances/flushes"

/* When each operation began since the last snapshot. No memory is taken while a trace runs. */
static uint64_t began[1 << 17];
static unsigned int nr_began;
static int own_fd = -1;

static void watch_times(void)
{
	mkdir(OWN, 0755);
	if (put(OWN "/buffer_size_kb", "64") || put(OWN "/trace_clock", "mono") || !watch(OWN))
		return;
	own_fd = open(OWN "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

void operation_begins(uint64_t now_ns)
{
	if (nr_began < sizeof(began) / sizeof(began[0]))
		began[nr_began] = now_ns;
	nr_began++;
}

/* In which operation is @ns, or, in its second half, before which? 0: before the first. */
static unsigned int operation_at(uint64_t ns, uint64_t end_ns)
{
	unsigned int i = 0;

	while (i < nr_began && began[i] <= ns)
		i++;
	if (!i)
		return 0;
	/* began[i - 1] <= ns */
	return ns - began[i - 1] < (i < nr_began ? began[i] : end_ns) - ns ? i - 1 : i;
}

/* "F MARK NUMBER 12+3480": flushes before the 13th and the 3481st operation since the last
 * snapshot; "-": none */
void flushes_print(const char *mark, unsigned int number)
{
	const uint64_t now = clock_ns(CLOCK_MONOTONIC);
	char text[4096], *save = NULL;
	const char *sep = "";
	ssize_t n;

	if (own_fd < 0 || nr_began > sizeof(began) / sizeof(began[0]))
		return;
	result("F %s %u ", mark, number);
	while ((n = read(own_fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		for (const char *s = strtok_r(text, "\n", &save); s;
		     s = strtok_r(NULL, "\n", &save)) {
			const char *flags = strchr(s, ']');
			unsigned long long sec, us;

			if (!flags || sscanf(flags + 1, " %*s %llu.%llu:", &sec, &us) != 2)
				continue;
			result("%s%u", sep, operation_at(sec * 1000000000 + us * 1000, now));
			sep = "+";
		}
	}
	result("%s\n", *sep ? "" : "-");
}

/* ---- waiting for it ---- */

static int flushes_fd = -1;

void watch_flushes(void)
{
	bool watched;

	if (!guest.opt.align)
		return;
	if (!access(TRACING, F_OK)) {
		mount_one("tracefs", TRACING, "tracefs", 0, NULL);
		/* fails where there are no probes, or if the run before has left it */
		if (access(TRACING EVENT "filter", F_OK))
			put(TRACING "/kprobe_events", "r:reapsim/flush flush_memcg_stats_dwork");
		watch_times();
	}
	/* the test-only patch lets the flusher run when we want */
	if (guest.knobs)
		return;
	flushes_fd = open(TRACING "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	/* poll() of the pipe returns at the first event */
	watched = watch(TRACING) && !put(TRACING "/buffer_percent", "0");
	if (flushes_fd < 0 || !watched)
		run_failed("player.align: neither the event " TRACING EVENT " nor a probe of "
			   "flush_memcg_stats_dwork()");
}

void flushes_forget(void)
{
	set(OWN, PROBE "enable", "0");
	rmdir(OWN);
	set(TRACING, PROBE "enable", "0");
	put(TRACING "/kprobe_events", "-:reapsim/flush");
}

/*
 * Goes on when the kernel's flusher of memcg statistics has just run, which it does every
 * 2 s and for the root, a whole guest, too: what reclaim decides then depends on the trace
 * and not on when the guest was booted. What waits for a grace period of RCU, as page tables
 * of the dead do, is over by then.
 */
static void wait_for_flush(void)
{
	static char text[4096];
	struct pollfd flush = { .fd = flushes_fd, .events = POLLIN };

	if (guest.opt.align && guest.knobs) {
		usleep(SNAPSHOT_MS * 1000);
		if (put(KNOBS "flusher", "1"))
			run_failed(KNOBS "flusher");
		return;
	}
	if (flushes_fd < 0)
		return;
	drain(flushes_fd);
	/* poll() may miss one, and with it all later ones */
	for (int tries = 0; read(flushes_fd, text, sizeof(text)) <= 0; tries++) {
		if (tries == 2000)
			run_failed("player.align: memcg statistics are not flushed");
		poll(&flush, 1, 10);
		/* the event comes before the flush, and the player before the flusher */
		usleep(1000);
	}
}

void guest_align(void)
{
	wait_for_flush();
	nr_began = 0;
	drain(own_fd);
}
