// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that others use: nothing is changed but what is ours, a folder, a memory cgroup
 * and processes. "reapsim play" makes the first two, says where they are, and removes them.
 *
 * A process of the trace gets what it does as a list of steps in the shared memory, as many
 * as it does before another one does something, and takes the time of each by itself. So
 * what the player does in between is in no time.
 *
 * Approximations:
 * - Nothing runs at the same time: the next process begins when the one before has ended its
 *   part. So no process waits for a CPU, a lock or the disk because of another of the trace.
 * - Settings of the machine stay as they are (readahead, swappiness, fault-around, THP); a
 *   trace that wants others is not told so here, but by "reapsim play".
 * - cgroup v1 has no clone into a cgroup: a new process enters it before it does anything else.
 *   What fork took for it is charged where the player is, as on v2.
 * - The CPU time of a step below STEP_LONG is the time that it took.
 * - memory.stat at a mark misses what is not flushed, up to 64 updates a CPU; at the end of
 *   the trace the player waits for the flush (every 2 s, v7.3 flush_memcg_stats_dwork()).
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* the longest that a statistic of a memcg waits for its flush, with room to spare */
#define FLUSH_US 2200000

/* ---- options ---- */

void host_options(int argc, char **argv)
{
	guest.opt = (struct options){ .host = true,
				      .stock = true,
				      .lru = "",
				      .policy = "baseline",
				      .flags = "none",
				      .fs = "ext4",
				      .memcg_pages = -1,
				      .ra_kb = -1,
				      .real_time = true };
	/* our processes end by themselves when we do: nobody writes to their pipes any more */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			bad_input("%s: expected NAME=VALUE", argv[i]);
		*value++ = '\0';
		guest_option(argv[i], value);
	}
	if (guest.opt.parent && getppid() != guest.opt.parent) /* it was killed before prctl() */
		_exit(1);
	if (!guest.opt.cgroup || !guest.opt.folder || chdir(guest.opt.folder))
		bad_input("cgroup and folder are needed: \"reapsim play\" runs the player");
}

/* ---- CPUs ---- */

static int cpus[CPU_SETSIZE], nr_cpus;

static void find_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		run_failed("sched_getaffinity: %s", strerror(errno));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[nr_cpus++] = cpu;
}

int host_cpu(int cpu)
{
	return nr_cpus ? cpus[cpu % nr_cpus] : cpu;
}

/* ---- the clock ---- */

static uint64_t start_ticks, start_ns;
static double ns_per_tick;

/* The longer ago the start is, the better is the rate known. */
static void measure_rate(void)
{
	ns_per_tick =
		(double)(clock_ns(CLOCK_MONOTONIC) - start_ns) / (double)(ticks() - start_ticks);
}

uint64_t host_ns(uint64_t ticks)
{
	return (uint64_t)((double)ticks * ns_per_tick);
}

/* An emulated CPU may not say so; then each step takes a system call more. */
static void choose_clock(void)
{
	const char *text = get("/proc/cpuinfo");
	const bool constant = text && strstr(text, " constant_tsc");

	*(volatile bool *)CLOCK_AT = !constant;
	result("I constant_tsc %d\n", constant);
}

/* ---- times of rows ---- */

static struct row_time {
	uint64_t ticks, cpu_ns;
	uint64_t before; /* ticks since the process's CPU time was read last */
} * times;

void host_time(unsigned int line, uint64_t ticks)
{
	times[line].ticks = ticks;
	times[line].cpu_ns = STEP_SHORT;
}

/* a process reads its CPU time when it begins with its steps, and after all that took long */
void host_steps(const struct child_step *s, uint32_t nr)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < nr; i++) {
		before = s[i].apart == APART_LONG ? 0 : before + s[i].apart;
		times[s[i].line] = (struct row_time){ .ticks = s[i].ticks,
						      .cpu_ns = s[i].cpu_ns,
						      .before = before };
		before = s[i].cpu_ns == STEP_SHORT ? before + s[i].ticks : 0;
	}
}

/* Is a row one of which the time is of interest? Of advance, that it is there. */
static bool is_operation(const char *row)
{
	static const char *const others[] = { "reapsim-trace", "machine", "note", "file", "mark" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(row, others[i]))
			return false;
	return true;
}

/* "T LINE ROW PID WALL_NS CPU_NS": a short step's CPU time is what it took */
static void print_times(void)
{
	static struct trace t;

	trace_open(&t, guest.opt.trace);
	while (trace_next(&t)) {
		const struct row_time *row = &times[t.line];
		const uint64_t wall = host_ns(row->ticks);
		uint64_t cpu = wall;

		if (!is_operation(t.field[0]))
			continue;
		if (row->cpu_ns != STEP_SHORT) {
			const uint64_t before = host_ns(row->before);

			cpu = row->cpu_ns > before ? row->cpu_ns - before : 0;
			cpu = cpu < wall ? cpu : wall;
		}
		result("T %u %s %lu %llu %llu\n", t.line, t.field[0],
		       t.nr_fields > 1 ? strtoul(t.field[1], NULL, 10) : 0,
		       (unsigned long long)wall, (unsigned long long)cpu);
	}
}

/* ---- the start ---- */

void host_setup(void)
{
	struct rlimit files = { 0 };

	find_cpus();
	guest.machine = (struct machine){ .cpus = 1 };
	trace_header();
	if (guest.machine.cpus > (uint64_t)nr_cpus)
		bad_input("the trace wants %llu CPUs, here are %d",
			  (unsigned long long)guest.machine.cpus, nr_cpus);
	files.rlim_cur = files.rlim_max = guest.nr_files * 2 + 4096;
	if (setrlimit(RLIMIT_NOFILE, &files)) {
		getrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_max < CHILD_FILES + guest.nr_files * 2 + 64)
			bad_input("the trace has %u files, and a process may open %llu",
				  guest.nr_files, (unsigned long long)files.rlim_max);
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	stock_setup();
	if (mkdir("d", 0700) && errno != EEXIST)
		run_failed("%s/d: %s", guest.opt.folder, strerror(errno));
	if (mkdir("t", 0700) || mkdir("run", 0700))
		run_failed("%s: %s", guest.opt.folder, strerror(errno));
	files_open();
	cgroup_setup();
}

static void make_times(void)
{
	times = mmap(NULL, (guest.nr_lines + 1) * sizeof(*times), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (times == MAP_FAILED)
		run_failed("out of memory");
}

void host_start(void)
{
	const struct sched_param rt = { .sched_priority = 10 };
	bool fifo;

	make_times();
	touch_stack();
	/* what is not locked may be reclaimed: that costs time, but in no step */
	mlockall(MCL_CURRENT);
	drain_setup();
	share_memory(NULL);
	memset((void *)STEPS_AT, 0, SHARED + SHARED_SIZE - STEPS_AT);
	choose_clock();
	/* between the SIGKILL and process_mrelease() the victim can not run: it is on our CPU */
	fifo = !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &rt);
	result("I fifo %d\n", fifo);
	if (!fifo && stock_advises())
		bad_input("%s needs SCHED_FIFO (CAP_SYS_NICE): the victim would end while it is "
			  "advised",
			  guest.opt.policy);
	deaths_setup();
	dont_fork();
	files_drop();
	start_ticks = ticks();
	start_ns = clock_ns(CLOCK_MONOTONIC);
}

/* ---- counters ---- */

static void print_counter(const char *prefix, const char *name, unsigned long long value, void *arg)
{
	result("M %s %s%s %llu\n", (const char *)arg, prefix, name, value);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123" */
static void print_pressure(const char *mark)
{
	char path[PATH_MAX], *text, *save = NULL;
	bool own = true;

	snprintf(path, sizeof(path), "%s/memory.pressure", cgroup_top());
	text = get(path);
	if (!text) {
		own = false;
		text = get("/proc/pressure/memory");
	}
	for (char *s = text ? strtok_r(text, "\n", &save) : NULL; s;
	     s = strtok_r(NULL, "\n", &save)) {
		const char *total = strstr(s, "total=");

		if (total)
			result("M %s psi.%s.%s_us %llu\n", mark, own ? "cgroup" : "machine",
			       s[0] == 's' ? "some" : "full", strtoull(total + 6, NULL, 10));
	}
}

void host_counters(const char *mark, unsigned int number)
{
	char path[PATH_MAX], where[80];

	snprintf(where, sizeof(where), "%s.%u", mark, number);
	print_pressure(where);
	snprintf(path, sizeof(path), "%s/memory.stat", cgroup_top());
	each_counter(path, "", print_counter, where);
	snprintf(path, sizeof(path), "%s/%s", cgroup_top(), cgroup_file("memory.current"));
	each_counter(path, "memory.current", print_counter, where);
}

void host_begin(void)
{
	host_counters("begin", 0);
}

void host_end(void)
{
	measure_rate();
	result("I wall_ns %llu\n", (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - start_ns));
	usleep(FLUSH_US);
	host_counters("end", 0);
}

void host_results(void)
{
	deaths_results();
	print_times();
}
