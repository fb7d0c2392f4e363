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

struct proc {
	uint32_t pid; /* the trace's */
	pid_t real;
	int pidfd, in, out; /* our ends of its pipes */
	int cpu;
	unsigned int cgroup;
	uint32_t slot; /* of the shared memory: its stack */
	bool opted_in;
};

static struct trace trace;
/* No memory is taken while the trace runs: it would be forked (guest.c). */
static struct proc procs[MAX_SLOTS];
static uint32_t nr_procs, serial;
static bool slot_used[MAX_SLOTS];

static struct spent spent;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- processes ---- */

static struct proc *proc_find(uint32_t pid)
{
	for (uint32_t i = nr_procs; i-- > 0;)
		if (procs[i].pid == pid)
			return &procs[i];
	run_failed("trace line %u: unknown process %u", trace.line, pid);
}

static struct proc *proc_field(unsigned int field)
{
	return proc_find((uint32_t)trace_number(&trace, field, UINT32_MAX));
}

static struct proc *proc_add(struct proc p)
{
	procs[nr_procs] = p;
	return &procs[nr_procs++];
}

/* It is dead or must be: waits until its address space is gone. */
static void proc_reap(struct proc *p, const char *what, bool killed)
{
	siginfo_t si = { 0 };

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
	CPU_SET(p->cpu, &set);
	if (sched_setaffinity(p->real, sizeof(set), &set))
		run_failed("trace line %u: no CPU %d: %s", trace.line, p->cpu, strerror(errno));
}

static struct proc proc_start(uint32_t pid, int cpu, unsigned int cgroup)
{
	struct proc p = {
		.pid = pid, .cpu = cpu, .cgroup = cgroup, .pidfd = -1, .slot = slot_take()
	};
	const int fd = guest.cgroup_fd[cgroup];
	struct clone_args args = {
		.flags = CLONE_PIDFD | (fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&p.pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = fd >= 0 ? (uint64_t)fd : 0,
	};
	const uint32_t nr = serial++;
	long ret;

	fifos_open(&p, nr);
	ret = child_clone(&args, p.slot, nr);
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
	struct proc p = {
		.pid = pid, .cpu = cpu, .cgroup = parent->cgroup, .slot = slot_take()
	};
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
	if (guest.machine.cpus > 1)
		pin(p->cpu);
	if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0))
		run_failed("trace line %u: kill: %s", trace.line, strerror(errno));
	if (guest.opt.stock)
		stock_killed(p->pidfd);
	if (syscall(SYS_process_mrelease, p->pidfd, flags))
		run_failed("trace line %u: process_mrelease(flags %u): %s", trace.line, flags,
			   strerror(errno));
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
	if (guest.machine.cpus > 1)
		pin(p->cpu);
	ret = put("/sys/kernel/debug/reapsim/oom_reap", "%d", p->real);
	if (ret)
		run_failed("trace line %u: oom: %s", trace.line, strerror(-ret));
	proc_reap(p, "oom", true);
}

static void do_kill(struct proc *p)
{
	if (syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0))
		run_failed("trace line %u: kill: %s", trace.line, strerror(errno));
	proc_reap(p, "kill", true);
}

/* ---- memory ---- */

static void must_take_writes(const struct child_cmd *c)
{
	if (c->no_writes)
		bad_input("trace line %u: %s takes no writes", trace.line, guest.opt.fs);
}

static void range_fields(struct child_cmd *c, unsigned int at, unsigned int pages)
{
	c->at = AT_BASE + trace_number(&trace, at, UINT32_MAX) * PAGE_SIZE;
	c->pages = trace_number(&trace, pages, UINT32_MAX);
}

static void perm_field(struct child_cmd *c, unsigned int field)
{
	const char *s = trace.field[field];

	if (strlen(s) != 4)
		run_failed("trace line %u: permissions \"%s\"", trace.line, s);
	/* execute alone is load too; with protection keys it would not be */
	c->prot = (s[0] == 'r' || s[2] == 'x' ? PROT_READ : 0) | (s[1] == 'w' ? PROT_WRITE : 0) |
		  (s[2] == 'x' ? PROT_EXEC : 0);
	c->flags = s[3] == 's' ? MAP_SHARED : MAP_PRIVATE;
}

/* map,PID,AT,PAGES,PERM,NAME,PGOFF[,ADVICE][,noreuse][,readonly] */
static void do_map(void)
{
	struct child_cmd c = { .op = CHILD_MAP, .advice = MADV_NORMAL };

	range_fields(&c, 2, 3);
	perm_field(&c, 4);
	file_field(&trace, &c, 5);
	c.off = trace_number(&trace, 6, UINT32_MAX);
	for (unsigned int i = 7; i < trace.nr_fields; i++) {
		if (!strcmp(trace.field[i], "noreuse"))
			c.noreuse = true;
		else if (!strcmp(trace.field[i], "readonly"))
			c.readonly = true;
		else if (*trace.field[i])
			c.advice = trace_advice(&trace, i);
	}
	if (c.flags & MAP_SHARED && c.prot & PROT_WRITE)
		must_take_writes(&c);
	proc_do(proc_field(1), &c, "map");
}

static void do_anon(void)
{
	struct child_cmd c = { .op = CHILD_MAP, .advice = MADV_NORMAL };

	range_fields(&c, 2, 3);
	perm_field(&c, 4);
	c.flags = MAP_PRIVATE | MAP_ANONYMOUS;
	if (trace.nr_fields > 5 && *trace.field[5])
		c.advice = trace_advice(&trace, 5);
	proc_do(proc_field(1), &c, "anon");
}

/* advise,PID,AT,PAGES,ADVICE[,BY] */
static void do_advise(void)
{
	struct child_cmd c = { .op = CHILD_ADVISE };
	const bool by = trace.nr_fields > 5;

	range_fields(&c, 2, 3);
	c.advice = trace_advice(&trace, 4);
	/* process_madvise() by another */
	if (by)
		c.arg = (uint64_t)proc_field(1)->real;
	proc_do(proc_field(by ? 5 : 1), &c, "advise");
}

/* unmap,PID,AT,PAGES and the like */
static void do_range(enum child_op op)
{
	struct child_cmd c = { .op = op };

	range_fields(&c, 2, 3);
	proc_do(proc_field(1), &c, trace.field[0]);
}

static void do_mremap(void)
{
	struct child_cmd c = { .op = CHILD_MREMAP };

	range_fields(&c, 2, 3);
	c.arg = AT_BASE + trace_number(&trace, 4, UINT32_MAX) * PAGE_SIZE;
	c.off = trace_number(&trace, 5, UINT32_MAX);
	proc_do(proc_field(1), &c, "mremap");
}

static void do_touch(void)
{
	struct child_cmd c = { .op = CHILD_TOUCH, .arg = 1 };

	range_fields(&c, 2, 3);
	c.prot = !strcmp(trace.field[4], "w");
	if (trace.nr_fields > 5)
		c.arg = trace_number(&trace, 5, UINT32_MAX);
	proc_do(proc_field(1), &c, "touch");
}

static void do_transfer(enum child_op op, const char *what)
{
	struct child_cmd c = { .op = op };
	struct child_reply r;

	file_field(&trace, &c, 2);
	if (op == CHILD_WRITE)
		must_take_writes(&c);
	c.off = trace_number(&trace, 3, UINT32_MAX);
	c.pages = trace_number(&trace, 4, UINT32_MAX);
	r = proc_do(proc_field(1), &c, what);
	if (r.done != c.pages * PAGE_SIZE)
		run_failed("trace line %u: %s: %llu of %llu bytes", trace.line, what,
			   (unsigned long long)r.done, (unsigned long long)(c.pages * PAGE_SIZE));
}

/* ---- the rest ---- */

static void do_advance(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	if (guest.opt.real_time)
		while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
			;
}

static void do_mark(const char *name)
{
	unsigned int number = mark_number(name);

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

static void step(void)
{
	struct child_cmd c = { 0 };
	struct proc *p;

	if (trace_is(&trace, "machine", 2, 2) || trace_is(&trace, "note", 2, 2) ||
	    trace_is(&trace, "file", 2, 4) || trace_is(&trace, "reapsim-trace", 1, 1)) {
	} else if (trace_is(&trace, "spawn", 1, 2)) {
		proc_add(proc_start((uint32_t)trace_number(&trace, 1, UINT32_MAX), cpu_field(2),
				    0));
	} else if (trace_is(&trace, "fork", 2, 3)) {
		do_fork(proc_field(1), (uint32_t)trace_number(&trace, 2, UINT32_MAX), cpu_field(3));
	} else if (trace_is(&trace, "exec", 1, 1)) {
		do_exec(proc_field(1));
	} else if (trace_is(&trace, "exit", 1, 1)) {
		do_exit(p = proc_field(1), "exit");
		proc_remove(p);
	} else if (trace_is(&trace, "kill", 1, 1)) {
		do_kill(p = proc_field(1));
		proc_remove(p);
	} else if (trace_is(&trace, "mrelease", 1, 2)) {
		do_mrelease(p = proc_field(1), trace.nr_fields > 2 ? trace.field[2] : "0");
		proc_remove(p);
	} else if (trace_is(&trace, "oom", 1, 1)) {
		do_oom(p = proc_field(1));
		proc_remove(p);
	} else if (trace_is(&trace, "optin", 1, 1)) {
		do_optin(proc_field(1));
	} else if (trace_is(&trace, "fork_fail", 1, 1)) {
		do_fork_fail(proc_field(1));
	} else if (trace_is(&trace, "oom_score_adj", 2, 2)) {
		do_oom_score_adj(proc_field(1));
	} else if (trace_is(&trace, "mremap", 5, 5)) {
		do_mremap();
	} else if (trace_is(&trace, "memory_max", 1, 2)) {
		cgroup_memory_max(&trace);
	} else if (trace_is(&trace, "memory_reclaim", 1, 3)) {
		cgroup_memory_reclaim(&trace);
	} else if (trace_is(&trace, "cgroup", 2, 2)) {
		do_cgroup(proc_field(1));
	} else if (file_op(&trace, &c)) {
		if (c.op != CHILD_FADVISE && c.op != CHILD_FSYNC)
			must_take_writes(&c);
		proc_do(proc_field(1), &c, trace.field[0]);
		file_op_done(&trace);
	} else if (trace_is(&trace, "clear_refs", 1, 1)) {
		do_clear_refs(proc_field(1));
	} else if (trace_is(&trace, "map", 6, 9)) {
		do_map();
	} else if (trace_is(&trace, "anon", 4, 5)) {
		do_anon();
	} else if (trace_is(&trace, "unmap", 3, 3)) {
		do_range(CHILD_UNMAP);
	} else if (trace_is(&trace, "mlock", 3, 3)) {
		do_range(CHILD_MLOCK);
	} else if (trace_is(&trace, "munlock", 3, 3)) {
		do_range(CHILD_MUNLOCK);
	} else if (trace_is(&trace, "advise", 4, 5)) {
		do_advise();
	} else if (trace_is(&trace, "touch", 4, 5)) {
		do_touch();
	} else if (trace_is(&trace, "read", 4, 4)) {
		do_transfer(CHILD_READ, "read");
	} else if (trace_is(&trace, "write", 4, 4)) {
		do_transfer(CHILD_WRITE, "write");
	} else if (trace_is(&trace, "drop_caches", 0, 0)) {
		if (guest.machine.cpus > 1)
			pin(0);
		if (put("/proc/sys/vm/drop_caches", "1"))
			run_failed("trace line %u: drop_caches", trace.line);
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

/* to what the simulator is told of the time that operations take */
static void add_time(const char *what, uint64_t ns, bool disk)
{
	static const char *const no_operation[] = { "reapsim-trace", "machine", "note",
						    "file",	     "advance", "mark" };

	for (size_t i = 0; i < sizeof(no_operation) / sizeof(no_operation[0]); i++)
		if (!strcmp(what, no_operation[i]))
			return;
	spent.ns[disk] += ns;
	spent.nr[disk]++;
}

/* "/init", or "/init POLICY LRU": a run of several, see batch.c */
int main(int argc, char **argv)
{
	const bool first = getpid() == 1;

	if (first)
		guest_mounts();
	open_results();
	guest_options();
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
	guest_setup();
	guest_start();
	stock_monitor();
	while (trace_next(&trace)) {
		uint64_t reads = guest_disk_reads(), took = now_ns();
		unsigned int line = trace.line;
		char what[16];

		snprintf(what, sizeof(what), "%s", trace.field[0]);
		step();
		took = now_ns() - took;
		add_time(what, took, guest_disk_reads() != reads);
		if (guest.opt.times)
			result("T %u %s %llu\n", line, what, (unsigned long long)took);
	}
	guest_check();
	result("done\n");
	power_off();
}
