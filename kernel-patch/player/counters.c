// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is printed at marks: the kernel's counters, and what the guest's time was
 * made of.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- what the guest's time is made of ---- */

/* SCHED_OTHER kthreads are children of PID 2, which has the lowest numbers. */
static pid_t find_kswapd(void)
{
	for (pid_t pid = 3; pid < 300; pid++) {
		char path[32];
		const char *name;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		name = get(path);
		if (name && !strcmp(name, "kswapd0\n"))
			return pid;
	}
	return -1;
}

uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* CPU time of kswapd so far */
static uint64_t kswapd_ns(void)
{
	static pid_t pid;
	clockid_t clock;

	if (!pid)
		pid = find_kswapd();
	return pid > 0 && !clock_getcpuclockid(pid, &clock) ? clock_ns(clock) : 0;
}

/*
 * What a fault takes, and one that reads from the device, on this host at this
 * hour: the simulator has to be told. Leaves nothing behind: the caches are
 * dropped before the trace starts.
 */
void measure_times(void)
{
	uint64_t pages = 0, start, cold, warm, sum = 0;
	const volatile char *at;
	uint32_t file;

	for (file = 0; file < guest.nr_files; file++) {
		pages = guest.files[file].size < 256 ? guest.files[file].size : 256;
		if (!guest.files[file].shmem && pages >= 64)
			break;
	}
	if (file == guest.nr_files)
		return;
	for (int pass = 0; pass < 2; pass++) {
		at = mmap(NULL, pages * PAGE_SIZE, PROT_READ, MAP_PRIVATE, guest.files[file].fd, 0);
		if (at == MAP_FAILED || madvise((void *)at, pages * PAGE_SIZE, MADV_RANDOM))
			run_failed("file %u: mmap: %s", file, strerror(errno));
		start = clock_ns(CLOCK_MONOTONIC);
		for (uint64_t i = 0; i < pages; i += pass ? guest.machine.fault_around_pages : 1)
			sum += (unsigned char)at[i * PAGE_SIZE];
		*(pass ? &warm : &cold) = clock_ns(CLOCK_MONOTONIC) - start;
		munmap((void *)at, pages * PAGE_SIZE);
	}
	if (!sum)
		run_failed("file %u is empty", file);
	cold /= pages;
	warm /= (pages + guest.machine.fault_around_pages - 1) / guest.machine.fault_around_pages;
	result("I read_ns %llu\n", (unsigned long long)(cold > warm ? cold - warm : 0));
	result("I fault_ns %llu\n", (unsigned long long)warm);
}

/* ---- counters ---- */

#define MAX_COUNTERS 512

/* /proc/vmstat when the trace starts: events are counted from there */
static struct {
	char name[48];
	unsigned long long value;
} start[MAX_COUNTERS];
static unsigned int nr_start;
static uint64_t start_kswapd_ns;

static unsigned long long since_start(const char *name, unsigned long long value)
{
	if (!strncmp(name, "nr_", 3))
		return value;
	for (unsigned int i = 0; i < nr_start; i++)
		if (!strcmp(start[i].name, name))
			return value - start[i].value;
	return value;
}

void each_counter(const char *path, const char *prefix,
		  void (*fn)(const char *, const char *, unsigned long long, void *), void *arg)
{
	char *text = get(path), *save = NULL;

	if (!text)
		run_failed("%s: %s", path, strerror(errno));
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(s, ' ');

		if (value) {
			*value++ = '\0';
			fn(prefix, s, strtoull(value, NULL, 10), arg);
		} else {
			fn(prefix, "", strtoull(s, NULL, 10), arg);
		}
	}
}

static void keep(const char *prefix, const char *name, unsigned long long value, void *arg)
{
	(void)prefix;
	(void)arg;
	if (nr_start == MAX_COUNTERS)
		run_failed("too many counters");
	snprintf(start[nr_start].name, sizeof(start[0].name), "%s", name);
	start[nr_start++].value = value;
}

#define DISK_STAT "/sys/block/vda/stat"

/* Requests that the disk has read, their pages, and the ms that they took, all added up; if a
 * server has the files, those that it has answered. */
struct disk_reads {
	unsigned long long nr, pages, ms;
};

static struct disk_reads disk_start;

static struct disk_reads disk_reads(void)
{
	const volatile struct served *served = fuse_served();
	const char *text = get(DISK_STAT);
	struct disk_reads r = { 0 };

	if (served)
		return (struct disk_reads){ served->nr, served->pages, served->ns / 1000000 };
	if (!text || sscanf(text, "%llu %*u %llu %llu", &r.nr, &r.pages, &r.ms) != 3)
		return (struct disk_reads){ 0 };
	r.pages /= PAGE_SIZE / 512;
	return r;
}

void counters_start(void)
{
	each_counter("/proc/vmstat", "", keep, NULL);
	start_kswapd_ns = kswapd_ns();
	disk_start = disk_reads();
}

struct where {
	const char *mark;
	unsigned int number;
};

static void print(const char *prefix, const char *name, unsigned long long value, void *arg)
{
	const struct where *w = arg;

	/* a new cgroup's counters begin at 0 */
	if (guest.cgroup_fd[0] < 0)
		value = since_start(name, value);
	result("M %s %u %s%s %llu\n", w->mark, w->number, prefix, name, value);
}

uint64_t guest_disk_reads(void)
{
	const volatile struct served *served = fuse_served();
	static int fd = -2;
	char text[256];
	ssize_t n;

	if (served)
		return served->nr;
	/* kept open: no memory is allocated for each look */
	if (fd == -2)
		fd = open(DISK_STAT, O_RDONLY | O_CLOEXEC);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

void guest_counters(const char *mark, unsigned int number, const struct spent *spent)
{
	struct where w = { mark, number };
	const struct disk_reads disk_now = disk_reads();

	for (int c = 0; c < OP_CLASSES; c++) {
		static const char *const names[] = { "ops", "disk_ops", "proc_ops" };

		result("M %s %u player.%s %llu\n", mark, number, names[c],
		       (unsigned long long)spent->nr[c]);
		result("M %s %u player.%s_us %llu\n", mark, number, names[c],
		       (unsigned long long)spent->ns[c] / 1000);
	}
	result("M %s %u player.disk_reads %llu\n", mark, number, disk_now.nr - disk_start.nr);
	result("M %s %u player.disk_read_pages %llu\n", mark, number,
	       disk_now.pages - disk_start.pages);
	result("M %s %u player.disk_read_ms %llu\n", mark, number, disk_now.ms - disk_start.ms);

	if (guest.opt.stock)
		stock_counters(mark, number);
	if (guest.cgroup_fd[0] >= 0) {
		static const char *const files[][2] = { { "memory.stat", "" },
							{ "memory.current", "memory.current" },
							{ "memory.events", "memory.events." } };

		/*
		 * Without it what is not yet flushed, up to 64 updates a CPU, is
		 * missing. A stock kernel has just flushed: do_mark() waited for it.
		 */
		if (guest.knobs && guest.opt.flush && put(KNOBS "flush", "1"))
			run_failed(KNOBS "flush");
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			char path[64];

			snprintf(path, sizeof(path), "%s/%s", cgroup_top(), files[i][0]);
			each_counter(path, files[i][1], print, &w);
		}
	} else {
		put("/proc/sys/vm/stat_refresh", "1");
		each_counter("/proc/vmstat", "", print, &w);
		result("M %s %u kswapd_ns %llu\n", mark, number,
		       (unsigned long long)(kswapd_ns() - start_kswapd_ns));
	}
	result_flush();
}

static void check_oom(const char *prefix, const char *name, unsigned long long value, void *arg)
{
	(void)prefix;
	(void)arg;
	if (!strcmp(name, "oom_kill") && since_start(name, value))
		run_failed("the OOM killer killed %llu processes", since_start(name, value));
}

/* At the end: a kill that the trace did not ask for makes the numbers worthless. */
void guest_check(void)
{
	each_counter("/proc/vmstat", "", check_oom, NULL);
}
