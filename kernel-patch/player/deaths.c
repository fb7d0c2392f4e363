// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the death of a process takes and frees, on a host. A second process looks at the
 * cgroup's usage all the time from the kill until the victim is a zombie, on another CPU.
 *
 * Approximations:
 * - Freed is what the cgroup is charged less when the victim is a zombie, the kernel's own
 *   memory included (on cgroup v1 and v2). What RCU frees later, some page tables, and what the
 *   zombie still has, is not counted.
 * - On one CPU nothing can look while the victim dies: then only the end is known.
 * - The kernel gives back what was charged in batches (v7.3 uncharge_folio()), so a small
 *   victim's memory comes back at once.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the process that looks ---- */

struct sample {
	uint64_t ticks, bytes;
};

struct samples {
	volatile uint32_t on;	   /* by the player: the number of the death, 0: none */
	volatile uint32_t running; /* by the sampler: the death that it looks at */
	volatile uint32_t nr;
	struct sample s[];
};

#define SAMPLES	    ((struct samples *)SAMPLES_AT)
#define MAX_SAMPLES ((SAMPLES_SIZE - sizeof(struct samples)) / sizeof(struct sample))

static int usage_fd = -1;
static pid_t sampler; /* 0: none */

static uint64_t usage(void)
{
	char text[32];
	const ssize_t n = pread(usage_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtoull(text, NULL, 10);
}

static void look(uint32_t death)
{
	uint64_t last = UINT64_MAX;

	SAMPLES->nr = 0;
	while (SAMPLES->on == death) {
		const uint64_t bytes = usage();

		if (bytes != last && SAMPLES->nr < MAX_SAMPLES) {
			SAMPLES->s[SAMPLES->nr] = (struct sample){ ticks(), bytes };
			SAMPLES->nr = SAMPLES->nr + 1;
			last = bytes;
		}
		/* the first look is one before the kill */
		SAMPLES->running = death;
	}
	SAMPLES->running = 0;
}

__attribute__((noreturn)) static void sampler_main(pid_t player)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != player) /* it was killed before prctl() */
		_exit(1);
	/* a file of the trace goes with its last name: our copies must not keep it */
	close_range(STDERR_FILENO + 1, (unsigned int)usage_fd - 1, 0);
	close_range((unsigned int)usage_fd + 1, ~0u, 0);
	for (;;) {
		const uint32_t on = SAMPLES->on;

		if (on)
			look(on);
		else
			syscall(SYS_futex, &SAMPLES->on, FUTEX_WAIT, 0, NULL, NULL, 0);
	}
}

void deaths_stop(void)
{
	if (!sampler)
		return;
	kill(sampler, SIGKILL);
	waitpid(sampler, NULL, 0);
}

/* The sampler may run everywhere but where the victim does. */
static void sampler_leaves(int cpu)
{
	static int left = -1;
	cpu_set_t set;

	if (cpu == left)
		return;
	left = cpu;
	CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (host_cpu(i) != host_cpu(cpu))
			CPU_SET(host_cpu(i), &set);
	sched_setaffinity(sampler, sizeof(set), &set);
}

/* Returns when it looks; after 0.1 s without it: the machine is busy. */
static bool sampler_start(uint32_t death, int cpu)
{
	if (!sampler)
		return false;
	sampler_leaves(cpu);
	SAMPLES->on = death;
	syscall(SYS_futex, &SAMPLES->on, FUTEX_WAKE, 1, NULL, NULL, 0);
	for (int tries = 0; SAMPLES->running != death; tries++) {
		if (tries == 1000)
			return false;
		usleep(100);
	}
	return true;
}

static void sampler_stop(void)
{
	SAMPLES->on = 0;
	for (int tries = 0; SAMPLES->running && tries < 1000; tries++)
		usleep(100);
}

/* ---- deaths ---- */

#define UNKNOWN UINT64_MAX

static struct death {
	char row[10];
	unsigned int line;
	uint32_t pid;
	bool lost;
	uint64_t ns;		    /* from the kill until it is a zombie */
	uint64_t release_ns;	    /* CPU time of process_mrelease() */
	uint64_t exit_ns;	    /* that of the victim from the kill on */
	uint64_t life_ns;	    /* that of its life before */
	uint64_t freed, free_ns[3]; /* pages; until 50, 90 and 100% of them */
	uint64_t minflt, majflt, read_pages;
} * deaths;
static uint32_t nr_deaths, room;
static const unsigned int percents[] = { 50, 90, 100 };

static bool sampled;
static clockid_t victim_clock;
static uint64_t kill_ticks, before_release;

void deaths_setup(void)
{
	char path[PATH_MAX];
	pid_t player;

	room = EMPTY_DEATHS + guest.nr_slots + guest.nr_deaths;
	deaths = mmap(NULL, room * sizeof(*deaths), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (deaths == MAP_FAILED)
		run_failed("out of memory");
	snprintf(path, sizeof(path), "%s/%s", cgroup_top(), cgroup_file("memory.current"));
	usage_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (usage_fd < 0)
		run_failed("%s: %s", path, strerror(errno));
	if (host_cpu(1) == host_cpu(0))
		return;
	fflush(NULL);
	player = getpid();
	sampler = fork();
	if (!sampler)
		sampler_main(player);
	if (sampler < 0)
		run_failed("fork: %s", strerror(errno));
}

void death_begin(const char *how, unsigned int line, uint32_t pid, pid_t real, int cpu)
{
	struct death *d = &deaths[nr_deaths];

	if (nr_deaths == room)
		run_failed("trace line %u: more deaths than the trace has", line);
	*d = (struct death){ .line = line, .pid = pid };
	snprintf(d->row, sizeof(d->row), "%s", how);
	if (clock_getcpuclockid(real, &victim_clock))
		run_failed("trace line %u: process %u has no clock", line, pid);
	d->life_ns = clock_ns(victim_clock);
	sampled = sampler_start(nr_deaths + 1, cpu);
	kill_ticks = ticks();
	before_release = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

bool death_lost(int error)
{
	/* without SCHED_FIFO it may be gone, or be on its way: v7.3 process_mrelease() */
	deaths[nr_deaths].lost = error == ESRCH || error == EAGAIN || error == EINTR;
	return deaths[nr_deaths].lost;
}

void death_released(void)
{
	deaths[nr_deaths].release_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_release;
}

/* When had the cgroup been charged @bytes less for the first time since the kill? */
static uint64_t freed_at(uint64_t before, uint64_t bytes)
{
	for (uint32_t i = 0; i < SAMPLES->nr; i++) {
		const struct sample *s = &SAMPLES->s[i];

		if (s->ticks >= kill_ticks && s->bytes + bytes <= before)
			return s->ticks - kill_ticks;
	}
	return UNKNOWN;
}

static void end_samples(struct death *d, uint64_t after)
{
	uint64_t before = 0, freed;

	sampler_stop();
	for (uint32_t i = 0; i < SAMPLES->nr && SAMPLES->s[i].ticks < kill_ticks; i++)
		before = SAMPLES->s[i].bytes;
	if (before <= after)
		return;
	freed = before - after;
	d->freed = freed / PAGE_SIZE;
	for (int i = 0; i < 3; i++)
		d->free_ns[i] = freed_at(before, (freed * percents[i] + 99) / 100);
}

void death_end(int pidfd)
{
	struct death *d = &deaths[nr_deaths];
	struct rusage usage_of = { 0 };
	siginfo_t si;
	uint64_t cpu, now, after;

	if (syscall(SYS_waitid, P_PIDFD, pidfd, &si, WEXITED | WNOWAIT, &usage_of))
		run_failed("waitid: %s", strerror(errno));
	now = ticks();
	after = usage();
	cpu = clock_ns(victim_clock);
	d->ns = now - kill_ticks;
	d->exit_ns = cpu > d->life_ns ? cpu - d->life_ns : 0;
	d->minflt = (uint64_t)usage_of.ru_minflt;
	d->majflt = (uint64_t)usage_of.ru_majflt;
	d->read_pages = (uint64_t)usage_of.ru_inblock * 512 / PAGE_SIZE;
	for (int i = 0; i < 3; i++)
		d->free_ns[i] = UNKNOWN;
	if (sampled)
		end_samples(d, after);
	nr_deaths++;
}

static long long ns_or_none(uint64_t ticks)
{
	return ticks == UNKNOWN ? -1 : (long long)host_ns(ticks);
}

/* "D LINE ROW PID LOST NS RELEASE_NS EXIT_NS LIFE_NS FREED T50 T90 T100 MINFLT MAJFLT READ" */
void deaths_results(void)
{
	for (const struct death *d = deaths; d < deaths + nr_deaths; d++)
		result("D %u %s %u %d %llu %llu %llu %llu %llu %lld %lld %lld %llu %llu %llu\n",
		       d->line, d->row, d->pid, d->lost, (unsigned long long)host_ns(d->ns),
		       (unsigned long long)d->release_ns, (unsigned long long)d->exit_ns,
		       (unsigned long long)d->life_ns, (unsigned long long)d->freed,
		       ns_or_none(d->free_ns[0]), ns_or_none(d->free_ns[1]),
		       ns_or_none(d->free_ns[2]), (unsigned long long)d->minflt,
		       (unsigned long long)d->majflt, (unsigned long long)d->read_pages);
}
