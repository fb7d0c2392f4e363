// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays a trace, one operation after the other, each by the process that the
 * trace names. Whatever a trace asks for and does not get ends the run: a run
 * is either what the trace says or no result at all.
 *
 * Approximations:
 * - exec: the player forks a fresh child that continues as PID, then the old one
 *   exits. For mm that is what execve() does, a new address space and
 *   exit_mmap() of the old one with no users, apart from two things: the old
 *   task exits too, and a real execve() drains this CPU's folio batches when it
 *   moves the new stack (v7.3 relocate_vma_down()).
 * - drop_caches on a host: POSIX_FADV_DONTNEED of the trace's files, which also drains the
 *   batches of all CPUs.
 * - oom: not the OOM killer, which on v7.3 gives its victim two seconds before
 *   the reaper comes, but the reaper's own function called on the victim right
 *   after the SIGKILL, by a knob of the test-only patch.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct trace trace;
/* No memory is taken while the trace runs: it would be forked (guest.c). */
static struct proc procs[MAX_SLOTS];
static uint32_t nr_procs, serial;
static bool slot_used[MAX_SLOTS];

static struct spent spent;

/* ---- processes ---- */

static struct proc *proc_find(uint32_t pid)
{
	for (uint32_t i = nr_procs; i-- > 0;)
		if (procs[i].pid == pid)
			return &procs[i];
	run_failed("trace line %u: unknown process %u", trace.line, pid);
}

struct proc *proc_field(unsigned int field)
{
	return proc_find((uint32_t)trace_number(&trace, field, UINT32_MAX));
}

static struct proc *proc_add(struct proc p)
{
	procs[nr_procs] = p;
	return &procs[nr_procs++];
}

/* On a host, it is measured what a death takes. */
static void proc_ends(const struct proc *p, const char *how)
{
	if (guest.opt.host)
		death_begin(how, trace.line, p->pid, p->real, p->cpu);
}

/* It is dead or must be: waits until its address space is gone. */
static void proc_reap(struct proc *p, const char *what, bool killed)
{
	siginfo_t si = { 0 };

	if (guest.opt.host)
		death_end(p->pidfd);
	if (waitid(P_PIDFD, (id_t)p->pidfd, &si, WEXITED))
		run_failed("trace line %u: %s: waitid: %s", trace.line, what, strerror(errno));
	if (killed ? si.si_code != CLD_KILLED || si.si_status != SIGKILL
		   : si.si_code != CLD_EXITED || si.si_status)
		run_failed("trace line %u: %s: process %u ended otherwise: code %d status %d",
			   trace.line, what, p->pid, si.si_code, si.si_status);
	close(p->pidfd);
	close(p->in);
	close(p->out);
	slot_used[p->slot] = false;
}

static void proc_remove(struct proc *p)
{
	*p = procs[--nr_procs];
}

/* The answer, or the end of the run if the process dies instead. */
static struct child_reply proc_wait(struct proc *p, const char *what)
{
	struct pollfd fds[2] = { { .fd = p->in, .events = POLLIN },
				 { .fd = p->pidfd, .events = POLLIN } };
	struct child_reply r;
	siginfo_t si = { 0 };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			run_failed("poll: %s", strerror(errno));
	if (fds[0].revents & POLLIN) {
		if (read(p->in, &r, sizeof(r)) != sizeof(r))
			run_failed("trace line %u: %s: no answer", trace.line, what);
		return r;
	}
	waitid(P_PIDFD, (id_t)p->pidfd, &si, WEXITED);
	run_failed("trace line %u: %s: process %u died: code %d, %s %d", trace.line, what, p->pid,
		   si.si_code, si.si_code == CLD_EXITED ? "status" : "signal", si.si_status);
}

static void proc_tell(struct proc *p, const struct child_cmd *c, const char *what)
{
	if (write(p->out, c, sizeof(*c)) != sizeof(*c))
		run_failed("trace line %u: %s: process %u does not listen", trace.line, what,
			   p->pid);
}

static struct child_reply proc_do(struct proc *p, const struct child_cmd *c, const char *what)
{
	struct child_reply r;

	proc_tell(p, c, what);
	r = proc_wait(p, what);
	if (r.ret < 0)
		run_failed("trace line %u: %s: %s", trace.line, what, strerror((int)-r.ret));
	return r;
}

/* It has done what it was told: as much as it should? */
static void must_be_done(const struct child_cmd *c, const struct child_reply *r, uint32_t line,
			 const char *what)
{
	if (r->ret < 0)
		run_failed("trace line %u: %s: %s", line, what, strerror((int)-r->ret));
	if ((c->op == CHILD_READ || c->op == CHILD_WRITE) && r->done != c->pages * PAGE_SIZE)
		run_failed("trace line %u: %s: %llu of %llu bytes", line, what,
			   (unsigned long long)r->done, (unsigned long long)(c->pages * PAGE_SIZE));
}

/* ---- steps: what a process of a host does without being told each ---- */

static struct {
	uint32_t pid; /* the trace's, of the process */
	uint32_t nr;
} queue;

/* Let the process do what is queued; its times go to host.c. */
void queue_flush(void)
{
	const struct child_step *s = (const struct child_step *)STEPS_AT;
	const struct child_cmd c = { .op = CHILD_STEPS, .arg = queue.nr };

	if (!queue.nr)
		return;
	proc_do(proc_find(queue.pid), &c, "steps");
	for (uint32_t i = 0; i < queue.nr; i++)
		must_be_done(&s[i].cmd, &s[i].reply, s[i].line, "operation");
	host_steps(s, queue.nr);
	queue.nr = 0;
}

/*
 * Has a process do something that it can do alone. In a guest, one after the other, so that
 * what each takes includes the way there and back. On a host as many as possible at once.
 */
void proc_queue(struct proc *p, const struct child_cmd *c, const char *what)
{
	struct child_step *s = (struct child_step *)STEPS_AT;

	if (!guest.opt.host) {
		const struct child_reply r = proc_do(p, c, what);

		must_be_done(c, &r, trace.line, what);
		return;
	}
	if (queue.nr && (queue.pid != p->pid || queue.nr == MAX_STEPS))
		queue_flush();
	queue.pid = p->pid;
	s[queue.nr++] = (struct child_step){ .cmd = *c, .line = trace.line };
}

/* Our ends of a new pair of pipes: open both ways, so that nobody waits. */
static void fifos_open(struct proc *p, uint32_t nr)
{
	char in[24], out[24];

	child_fifo(out, 'c', nr);
	child_fifo(in, 'r', nr);
	if (mkfifo(out, 0600) || mkfifo(in, 0600))
		run_failed("mkfifo: %s", strerror(errno));
	p->out = open(out, O_RDWR | O_CLOEXEC);
	p->in = open(in, O_RDWR | O_CLOEXEC);
	if (p->out < 0 || p->in < 0)
		run_failed("%s: %s", in, strerror(errno));
}

static uint32_t slot_take(void)
{
	for (uint32_t i = 0; i < MAX_SLOTS; i++)
		if (!slot_used[i]) {
			slot_used[i] = true;
			return i;
		}
	run_failed("trace line %u: more than %u processes", trace.line, MAX_SLOTS);
}

static void fifos_unlink(uint32_t nr)
{
	char path[24];

	child_fifo(path, 'c', nr);
	unlink(path);
	child_fifo(path, 'r', nr);
	unlink(path);
}

static void set_cpu(const struct proc *p)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(host_cpu(p->cpu), &set);
	if (sched_setaffinity(p->real, sizeof(set), &set))
		run_failed("trace line %u: no CPU %d: %s", trace.line, p->cpu, strerror(errno));
}

static struct proc proc_start(uint32_t pid, int cpu, unsigned int cgroup)
{
	struct proc p = {
		.pid = pid, .cpu = cpu, .cgroup = cgroup, .pidfd = -1, .slot = slot_take()
	};
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&p.pidfd,
		.exit_signal = SIGCHLD,
	};
	const uint32_t nr = serial++;
	long ret;

	fifos_open(&p, nr);
	ret = cgroup_clone(&args, cgroup, p.slot, nr);
	if (ret < 0)
		run_failed("trace line %u: fork: %s", trace.line, strerror((int)-ret));
	p.real = (pid_t)ret;
	set_cpu(&p);
	proc_wait(&p, "spawn");
	fifos_unlink(nr);
	return p;
}

static int cpu_field(unsigned int field)
{
	return trace.nr_fields > field ? (int)trace_number(&trace, field, guest.machine.cpus - 1)
				       : 0;
}

static void do_fork(struct proc *parent, uint32_t pid, int cpu)
{
	const uint32_t nr = serial++;
	struct proc p = { .pid = pid, .cpu = cpu, .cgroup = parent->cgroup, .slot = slot_take() };
	struct child_cmd c = { .op = CHILD_FORK, .arg = nr, .off = p.slot };

	fifos_open(&p, nr);
	p.real = (pid_t)proc_do(parent, &c, "fork").ret;
	p.pidfd = (int)syscall(SYS_pidfd_open, p.real, 0);
	if (p.pidfd < 0)
		run_failed("trace line %u: fork: %s", trace.line, strerror(errno));
	proc_wait(&p, "fork");
	set_cpu(&p);
	fifos_unlink(nr);
	proc_add(p);
}

/*
 * v7.3 dup_mmap() copies mappings in the order of their addresses, so it fails
 * at a last one of BIG_SIZE that vm.overcommit_memory=2 does not allow twice,
 * with all that the trace has mapped copied. Nothing of it stays.
 */
#define BIG_AT	 (1ull << 46)
#define BIG_SIZE (1ull << 40)

static void overcommit(unsigned int mode)
{
	if (put("/proc/sys/vm/overcommit_memory", "%u", mode))
		run_failed("trace line %u: vm.overcommit_memory=%u", trace.line, mode);
}

static void do_fork_fail(struct proc *p)
{
	struct child_cmd big = { .op = CHILD_MAP,
				 .at = BIG_AT,
				 .pages = BIG_SIZE / PAGE_SIZE,
				 .prot = PROT_READ | PROT_WRITE,
				 .flags = MAP_PRIVATE | MAP_ANONYMOUS,
				 .advice = MADV_NORMAL };
	struct child_cmd c = { .op = CHILD_FORK, .arg = serial, .off = slot_take() };
	struct child_reply r;

	overcommit(1);
	proc_do(p, &big, "fork_fail");
	if (put("/proc/sys/vm/overcommit_kbytes", "%llu", 3 * BIG_SIZE / 2 / 1024))
		run_failed("trace line %u: vm.overcommit_kbytes", trace.line);
	overcommit(2);
	proc_tell(p, &c, "fork_fail");
	r = proc_wait(p, "fork_fail");
	if (r.ret != -ENOMEM)
		run_failed("trace line %u: fork_fail: the fork returned %lld", trace.line,
			   (long long)r.ret);
	overcommit(0);
	slot_used[c.off] = false;
	big.op = CHILD_UNMAP;
	proc_do(p, &big, "fork_fail");
}

static void do_clear_refs(struct proc *p)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", p->real);
	if (put(path, "1"))
		run_failed("trace line %u: %s", trace.line, path);
}

static void do_oom_score_adj(struct proc *p)
{
	char path[48];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", p->real);
	ret = put(path, "%s", trace.field[2]);
	if (ret)
		run_failed("trace line %u: %s: %s", trace.line, path, strerror(-ret));
}

static void do_cgroup(struct proc *p)
{
	p->cgroup = cgroup_attach(&trace, p->real);
}

static void do_optin(struct proc *p)
{
	int ret = guest.knobs ? put("/sys/kernel/debug/reapsim/optin", "%d", p->real) : 0;

	if (ret)
		run_failed("trace line %u: optin: %s", trace.line, strerror(-ret));
	p->opted_in = true;
}

static void do_exit(struct proc *p, const char *what)
{
	const struct child_cmd c = { .op = CHILD_EXIT };

	proc_ends(p, what);
	proc_tell(p, &c, what);
	proc_reap(p, what, false);
}

static void do_exec(struct proc *p)
{
	struct proc new = proc_start(p->pid, p->cpu, p->cgroup);

	do_exit(p, "exec");
	if (p->opted_in)
		do_optin(&new);
	*p = new;
}

/* for stock_victim(): no unmapping of such a mapping marks anything */
static void skip_marks(uint64_t at, uint64_t pages, void *arg)
{
	const struct child_cmd c = {
		.op = CHILD_ADVISE, .at = at, .pages = pages, .advice = MADV_RANDOM
	};

	proc_do(arg, &c, "mrelease");
}

/*
 * On the victim's CPU: it can not run before we sleep (see guest_start()), and
 * what is marked goes to the batch of the CPU that it ran on.
 */
static void do_mrelease(struct proc *p, const char *text)
{
	unsigned int flags = trace_flags(&trace, text);

	if (guest.opt.stock)
		stock_victim(p->real, skip_marks, p);
	move_to(p->cpu);
	proc_ends(p, trace.line ? "mrelease" : "empty");
	if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0))
		run_failed("trace line %u: kill: %s", trace.line, strerror(errno));
	if (guest.opt.stock)
		stock_killed(p->pidfd);
	if (syscall(SYS_process_mrelease, p->pidfd, flags) &&
	    !(guest.opt.host && death_lost(errno)))
		run_failed("trace line %u: process_mrelease(flags %u): %s", trace.line, flags,
			   strerror(errno));
	if (guest.opt.host)
		death_released();
	proc_reap(p, "mrelease", true);
	if (guest.opt.stock)
		stock_buried();
}

static void do_oom(struct proc *p)
{
	int ret;

	if (!guest.knobs)
		run_failed("trace line %u: oom needs the kernel with the test-only patch",
			   trace.line);
	move_to(p->cpu);
	ret = put("/sys/kernel/debug/reapsim/oom_reap", "%d", p->real);
	if (ret)
		run_failed("trace line %u: oom: %s", trace.line, strerror(-ret));
	proc_reap(p, "oom", true);
}

static void do_kill(struct proc *p, const char *how)
{
	proc_ends(p, how);
	if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0))
		run_failed("trace line %u: %s: %s", trace.line, how, strerror(errno));
	proc_reap(p, how, true);
}

/* The rows by which a process ends; false: another row. */
static bool step_of_death(void)
{
	const char *how = trace.field[0];
	struct proc *p;

	if (!trace_is(&trace, "exit", 1, 1) && !trace_is(&trace, "kill", 1, 1) &&
	    !trace_is(&trace, "mrelease", 1, 2) && !trace_is(&trace, "oom", 1, 1))
		return false;
	if (guest.opt.ends_as)
		how = guest.opt.ends_as;
	p = proc_field(1);
	if (!strcmp(how, "exit"))
		do_exit(p, how);
	else if (!strcmp(how, "kill"))
		do_kill(p, how);
	else if (!strcmp(how, "mrelease"))
		do_mrelease(p, trace.nr_fields > 2 ? trace.field[2] : "0");
	else
		do_oom(p);
	proc_remove(p);
	return true;
}

/* ---- the rest ---- */

static void do_advance(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	if (guest.opt.real_time)
		while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
			;
}

static void do_drop_caches(void)
{
	if (guest.opt.host) {
		files_drop();
		return;
	}
	move_to(0);
	if (put("/proc/sys/vm/drop_caches", "1"))
		run_failed("trace line %u: drop_caches", trace.line);
}

static void do_mark(const char *name)
{
	unsigned int number = mark_number(name);

	if (guest.opt.host) {
		host_counters(name, number);
		return;
	}
	flushes_print(name, number);
	if (guest.opt.stock) {
		/* its memory.stat shows only what is flushed */
		if (guest.opt.dump)
			guest_dump(name, number);
		guest_align();
		guest_counters(name, number, &spent);
		return;
	}
	guest_counters(name, number, &spent);
	if (guest.opt.dump)
		guest_dump(name, number);
	guest_align();
}

/* All other rows. */
static void step_of_player(void)
{
	if (trace_is(&trace, "machine", 2, 2) || trace_is(&trace, "note", 2, 2) ||
	    trace_is(&trace, "file", 2, 4) || trace_is(&trace, "reapsim-trace", 1, 1)) {
	} else if (trace_is(&trace, "spawn", 1, 2)) {
		proc_add(
			proc_start((uint32_t)trace_number(&trace, 1, UINT32_MAX), cpu_field(2), 0));
	} else if (trace_is(&trace, "fork", 2, 3)) {
		do_fork(proc_field(1), (uint32_t)trace_number(&trace, 2, UINT32_MAX), cpu_field(3));
	} else if (trace_is(&trace, "exec", 1, 1)) {
		do_exec(proc_field(1));
	} else if (step_of_death()) {
	} else if (trace_is(&trace, "optin", 1, 1)) {
		do_optin(proc_field(1));
	} else if (trace_is(&trace, "fork_fail", 1, 1)) {
		do_fork_fail(proc_field(1));
	} else if (trace_is(&trace, "oom_score_adj", 2, 2)) {
		do_oom_score_adj(proc_field(1));
	} else if (trace_is(&trace, "memory_max", 1, 2)) {
		cgroup_memory_max(&trace);
	} else if (trace_is(&trace, "memory_reclaim", 1, 3)) {
		cgroup_memory_reclaim(&trace);
	} else if (trace_is(&trace, "cgroup", 2, 2)) {
		do_cgroup(proc_field(1));
	} else if (trace_is(&trace, "clear_refs", 1, 1)) {
		do_clear_refs(proc_field(1));
	} else if (trace_is(&trace, "drop_caches", 0, 0)) {
		do_drop_caches();
	} else if (trace_is(&trace, "drain", 0, 0)) {
		guest_drain();
	} else if (trace_is(&trace, "advance", 1, 1)) {
		do_advance(trace_time_ns(&trace, 1));
	} else if (trace_is(&trace, "mark", 1, 1)) {
		do_mark(trace.field[1]);
	} else {
		run_failed("trace line %u: unknown row \"%s\"", trace.line, trace.field[0]);
	}
}

static bool is_among(const char *what, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(what, *names))
			return true;
	return false;
}

/* Does the simulator count it? */
static bool is_operation(const char *what)
{
	static const char *const no_operation[] = { "reapsim-trace", "machine", "note", "file",
						    "advance",	     "mark",	NULL };

	return !is_among(what, no_operation);
}

/* to what the simulator is told of the time that operations take */
static void add_time(const char *what, uint64_t ns, bool disk)
{
	static const char *const proc[] = { "spawn", "fork",	 "exec", "exit",
					    "kill",  "mrelease", "oom",	 NULL };
	const enum op_class c = disk ? OP_DISK : is_among(what, proc) ? OP_PROC : OP_PLAIN;

	spent.ns[c] += ns;
	spent.nr[c]++;
}

/* Walks the whole trace. */
static void play(void)
{
	while (trace_next(&trace)) {
		uint64_t reads = guest_disk_reads(), took = clock_ns(CLOCK_MONOTONIC);
		unsigned int line = trace.line;
		const bool counts = is_operation(trace.field[0]);
		char what[16];

		snprintf(what, sizeof(what), "%s", trace.field[0]);
		if (counts)
			operation_begins(took);
		if (!step_of_process(&trace))
			step_of_player();
		took = clock_ns(CLOCK_MONOTONIC) - took;
		if (counts) {
			reads = guest_disk_reads() - reads;
			operation_ended((unsigned int)reads);
			add_time(what, took, reads);
		}
		if (guest.opt.times)
			result("T %u %s %llu\n", line, what, (unsigned long long)took);
	}
}

/* What the death of a process takes that has done nothing: deaths of line 0. */
static void play_empty(void)
{
	for (int i = 0; i < EMPTY_DEATHS; i++) {
		struct proc p = proc_start(UINT32_MAX, 0, 0);

		do_mrelease(&p, "0");
	}
}

/* The same on a host, where steps are timed by the process that makes them. */
static void play_host(void)
{
	play_empty();
	host_begin();
	while (trace_next(&trace)) {
		uint64_t then;

		if (step_of_process(&trace))
			continue;
		queue_flush();
		then = ticks();
		step_of_player();
		host_time(trace.line, ticks() - then);
	}
	queue_flush();
	host_end();
	for (; nr_procs; nr_procs--)
		do_kill(&procs[nr_procs - 1], "end");
}

/* "/init", or "/init POLICY LRU": a run of several, see batch.c; "host KEY=VALUE...": host.c */
int main(int argc, char **argv)
{
	const bool host = argc > 1 && !strcmp(argv[1], "host");
	const bool first = getpid() == 1 && !host;

	if (first)
		guest_mounts();
	if (host)
		host_options(argc - 2, argv + 2);
	if (!host) {
		open_results();
		guest_options();
	}
	if (first) {
		stock_modules();
		if (guest.opt.plan)
			batch(guest.opt.plan);
	} else if (argc == 3) {
		guest.opt.policy = argv[1];
		guest.opt.lru = argv[2];
	}
	if (guest.opt.tests) {
		guest_tests();
		result("done\n");
		power_off();
	}
	trace_open(&trace, guest.opt.trace);
	if (host) {
		host_setup();
		host_start();
		play_host();
		host_results();
	} else {
		guest_setup();
		guest_start();
		stock_monitor();
		play();
		guest_check();
	}
	result("done\n");
	power_off();
}
