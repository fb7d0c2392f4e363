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

/* ---- in which operation ---- */

#define OWN  TRACING "/instances/flushes"
#define READ "/events/block/block_rq_issue/"

/* When each operation began since the last snapshot, and whether the disk was asked to read in it.
 * No memory is taken while a trace runs. */
static uint64_t began[1 << 17];
static bool disk_read[1 << 17];
static unsigned int nr_began;

/*
 * What the trace buffer has said, which is read before it is full: how many operations had begun at
 * the last event, how many pages the disk was asked for in the last of them, and the flushes.
 */
static struct {
	unsigned int ops, pages, nr;
	bool lost;
	struct {
		uint64_t ns;
		unsigned int ops, pages;
	} flush[256];
} seen;
static unsigned int unread; /* requests that may be in the buffer */
static int own_fd = -1;

static void watch_times(void)
{
	mkdir(OWN, 0755);
	if (put(OWN "/buffer_size_kb", "128") || put(OWN "/trace_clock", "mono") || !watch(OWN))
		return;
	if (set(OWN, READ "filter", "rwbs ~ \"R*\""))
		set(OWN, READ "enable", "1");
	own_fd = open(OWN "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void see(uint64_t ns, const char *read)
{
	const unsigned int before = seen.ops;
	unsigned int bytes;

	while (seen.ops < nr_began && began[seen.ops] <= ns)
		seen.ops++;
	if (seen.ops != before)
		seen.pages = 0;
	if (read) {
		if (seen.ops)
			disk_read[seen.ops - 1] = true;
		if (sscanf(read, "block_rq_issue: %*s %*s %u", &bytes) == 1)
			seen.pages += bytes / PAGE_SIZE;
	} else if (seen.nr < sizeof(seen.flush) / sizeof(seen.flush[0])) {
		seen.flush[seen.nr].ns = ns;
		seen.flush[seen.nr].ops = seen.ops;
		seen.flush[seen.nr++].pages = seen.pages;
	} else {
		seen.lost = true;
	}
}

/* "      init-93      [000] .....    14.632000: EVENT: ..." */
static void see_line(const char *line)
{
	const char *flags = strchr(line, ']');
	unsigned long long sec, us;

	if (strstr(line, " EVENTS]"))
		seen.lost = true;
	else if (flags && sscanf(flags + 1, " %*s %llu.%llu:", &sec, &us) == 2)
		see(sec * 1000000000 + us * 1000, strstr(line, "block_rq_issue: "));
}

static void see_events(void)
{
	char text[4096];
	size_t have = 0;
	ssize_t n;

	while ((n = read(own_fd, text + have, sizeof(text) - 1 - have)) > 0) {
		char *line = text, *end;

		text[have + (size_t)n] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			see_line(line);
		}
		have = strlen(line);
		memmove(text, line, have);
	}
	unread = 0;
}

void operation_begins(uint64_t now_ns)
{
	if (nr_began < sizeof(began) / sizeof(began[0])) {
		began[nr_began] = now_ns;
		disk_read[nr_began] = false;
	}
	nr_began++;
}

void operation_ended(unsigned int reads)
{
	unread += reads;
	if (own_fd >= 0 && unread > 400)
		see_events();
}

/*
 * "F MARK NUMBER 12+3480@33": flushes before the 13th operation since the last snapshot, and in
 * the 3481st when the disk had been asked for 33 pages; "-": none. An operation without reads is
 * taken as one moment in its middle, before or after which it is.
 */
void flushes_print(const char *mark, unsigned int number)
{
	const uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (own_fd < 0)
		return;
	see_events();
	if (seen.lost || nr_began > sizeof(began) / sizeof(began[0]))
		return;
	result("F %s %u %s", mark, number, seen.nr ? "" : "-");
	for (unsigned int i = 0; i < seen.nr; i++) {
		const unsigned int ops = seen.flush[i].ops, op = ops - !!ops;
		const uint64_t ns = seen.flush[i].ns;

		result("%s", i ? "+" : "");
		if (seen.flush[i].pages)
			result("%u@%u", op, seen.flush[i].pages);
		else if (!ops || disk_read[op] ||
			 ns - began[op] < (ops < nr_began ? began[ops] : now) - ns)
			result("%u", op);
		else
			result("%u", ops);
	}
	result("\n");
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
	set(OWN, READ "enable", "0");
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
	memset(&seen, 0, sizeof(seen));
	unread = 0;
}
