// SPDX-License-Identifier: GPL-2.0-only
/*
 * mrelease-stress [-t SECONDS] [-s SEED] [-c] [FOLDER]
 *
 * Needs root and a FOLDER (/d) on a file system with a device, 32 MiB of it. Runs for SECONDS (60),
 * then prints what it did. Exit status 1: a write was lost, a worker hangs, or nothing was
 * killed. It does not look for messages of the kernel: see stress.sh. -c: the victims collapse
 * their pages to huge ones, and so does khugepaged.
 *
 * As PID 1 it sets up a machine of its own first, takes stress.seconds=, stress.seed= and
 * stress.collapse= of the kernel's command line, and restarts it at the end, which ends QEMU.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_SECONDS 300

static const char *const result_names[NR_RESULTS] = { "ok",	"ESRCH", "EAGAIN",
						      "EINVAL", "EPERM", "other" };

static const struct {
	const char *name;
	void (*run)(struct context *c, unsigned int nr);
	unsigned int nr;
} workers[] = {
	{ "killer", killer, NR_KILLERS },  { "writer", writer, NR_WRITERS },
	{ "reclaim", disturb_reclaim, 1 }, { "move", disturb_move, 1 },
	{ "lru", disturb_lru, 1 },	   { "cache", disturb_cache, 1 },
};

void say(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int len = snprintf(text, sizeof(text), "stress: ");

	va_start(ap, fmt);
	len += vsnprintf(text + len, sizeof(text) - (size_t)len - 1, fmt, ap);
	va_end(ap);
	text[len++] = '\n';
	if (write(STDOUT_FILENO, text, (size_t)len) != len)
		_exit(1);
}

bool put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const ssize_t len = (ssize_t)strlen(text);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, (size_t)len) == len;
	close(fd);
	return ok;
}

_Noreturn static void fail(const char *what)
{
	say("FAILED: %s: %s", what, strerror(errno));
	if (getpid() == 1)
		reboot(RB_AUTOBOOT);
	exit(1);
}

/* ---- the machine, as PID 1 ---- */

static void mount_one(const char *what, const char *where, const char *type)
{
	mkdir(where, 0755);
	if (mount(what, where, type, 0, NULL) && errno != EBUSY)
		fail(where);
}

static void swap_on(void)
{
	const unsigned int pages = 16384, head[3] = { 1, pages - 1, 0 };
	static char page[PAGE];
	int fd;

	if (!put("/sys/block/zram0/disksize", "64M"))
		return;
	fd = open("/dev/zram0", O_RDWR);
	memcpy(page + 1024, head, sizeof(head));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	if (fd < 0 || write(fd, page, PAGE) != (ssize_t)PAGE || fsync(fd) ||
	    swapon("/dev/zram0", 0))
		say("no swap: %s", strerror(errno));
	close(fd);
}

/* "/modules/00", "/modules/01", ... of a distribution's kernel, in the order to load */
static void load_modules(void)
{
	for (unsigned int i = 0;; i++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/modules/%02u", i);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			fail(path);
		close(fd);
		unlink(path);
	}
}

static void set_up_machine(void)
{
	int fd;

	mount_one("proc", "/proc", "proc");
	mount_one("sysfs", "/sys", "sysfs");
	mount_one("devtmpfs", "/dev", "devtmpfs");
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	mount_one("debugfs", "/sys/kernel/debug", "debugfs");
	mount_one("cgroup2", "/sys/fs/cgroup", "cgroup2");
	load_modules();
	mount_one("/dev/vda", "/d", "ext4");
	put("/proc/sys/kernel/printk", "8");
	put("/proc/sys/kernel/hung_task_timeout_secs", "120");
	swap_on();
}

/* What any machine has to be told; what it does not have is left out. */
static void set_up_mm(struct context *c)
{
	put("/proc/sys/vm/nr_hugepages", "4");
	put("/sys/kernel/mm/ksm/pages_to_scan", "500");
	put("/sys/kernel/mm/ksm/run", "1");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	put("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	put("/sys/kernel/mm/transparent_hugepage/khugepaged/defrag", c->collapse ? "1" : "0");
	if (c->collapse) {
		put("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "100");
		put("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "100");
	} else {
		put("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		    "4000000000");
	}
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (!mkdir("/sys/fs/cgroup/stress", 0755) || errno == EEXIST) {
		char pid[16];

		snprintf(pid, sizeof(pid), "%d", getpid());
		if (put("/sys/fs/cgroup/stress/cgroup.procs", pid))
			snprintf(c->cgroup, sizeof(c->cgroup), "/sys/fs/cgroup/stress");
	}
}

static unsigned long option(const char *line, const char *name, unsigned long value)
{
	const char *at = strstr(line, name);

	return at ? strtoul(at + strlen(name), NULL, 10) : value;
}

/* ---- files ---- */

static int new_file(struct context *c, const char *name, bool zeros)
{
	static uint64_t page[PAGE / sizeof(uint64_t)];
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", c->dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		fail(path);
	for (unsigned int i = 0; i < FILE_PAGES; i++) {
		fill_page(page, i, zeros ? 0 : 1);
		if (pwrite(fd, page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			fail(path);
	}
	if (fsync(fd))
		fail(path);
	return fd;
}

static void make_files(struct context *c)
{
	char name[8];

	for (unsigned int i = 0; i < NR_WRITERS; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		c->files[i] = new_file(c, name, true);
	}
	for (unsigned int i = 0; i < NR_KILLERS; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		c->stores[i] = new_file(c, name, true);
	}
	c->quiet = new_file(c, "q", false);
	for (unsigned int i = 0; i < NR_SHMEM; i++) {
		c->shmem[i] = memfd_create("stress", 0);
		if (c->shmem[i] < 0 || ftruncate(c->shmem[i], (off_t)(FILE_PAGES * PAGE)))
			fail("memfd_create");
	}
}

/* ---- the run ---- */

struct run {
	pid_t pid[MAX_WORKERS];
	const char *name[MAX_WORKERS];
	unsigned long before[MAX_WORKERS];
	time_t since[MAX_WORKERS];
	unsigned int nr;
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void start(struct run *r, struct context *c)
{
	for (unsigned int k = 0; k < sizeof(workers) / sizeof(*workers); k++) {
		for (unsigned int i = 0; i < workers[k].nr; i++) {
			const pid_t pid = fork();

			if (pid < 0)
				fail("fork");
			if (!pid) {
				c->worker = r->nr;
				c->random += (r->nr + 1) * 0x9e3779b97f4a7c15ULL;
				workers[k].run(c, i);
				_exit(0);
			}
			r->pid[r->nr] = pid;
			r->name[r->nr] = workers[k].name;
			r->since[r->nr++] = now();
		}
	}
}

/* Where a process is in the kernel, and those that it waits for. */
static void say_stack(pid_t pid)
{
	char path[64], text[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	fd = open(path, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len > 0)
		say("stack of %d:\n%.*s", pid, (int)(len < 400 ? len : 400), text);
	if (fd >= 0)
		close(fd);
}

/* Return: how many workers have not done anything for long. */
static unsigned int hanging(struct run *r, struct context *c)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < r->nr; i++) {
		const unsigned long progress = atomic_load(&c->s->progress[i]);

		if (progress != r->before[i]) {
			r->before[i] = progress;
			r->since[i] = now();
		} else if (now() - r->since[i] > HANG_SECONDS) {
			say("HANG: %s (%d) did nothing for %d s", r->name[i], r->pid[i],
			    HANG_SECONDS);
			say_stack(r->pid[i]);
			nr++;
		}
	}
	return nr;
}

static unsigned int stop(struct run *r, struct context *c)
{
	const time_t since = now();
	unsigned int left = r->nr;

	atomic_store(&c->s->stop, true);
	while (left && now() - since < HANG_SECONDS) {
		for (unsigned int i = 0; i < r->nr; i++) {
			int status;

			if (!r->pid[i] || waitpid(r->pid[i], &status, WNOHANG) != r->pid[i])
				continue;
			if (status)
				say("%s ended with status %d", r->name[i], status);
			r->pid[i] = 0;
			left--;
		}
		usleep(100000);
	}
	for (unsigned int i = 0; i < r->nr; i++) {
		if (!r->pid[i])
			continue;
		say("HANG: %s (%d) does not end", r->name[i], r->pid[i]);
		say_stack(r->pid[i]);
	}
	return left;
}

static unsigned long vmstat(const char *name)
{
	char line[128];
	unsigned long value = 0;
	const size_t len = strlen(name);
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			value = strtoul(line + len, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

static void figures(const struct context *c)
{
	/*
	 * compact_memory counts no compact_success: that is for an allocation that waits. KSM
	 * counts nothing when it merges, but when what it merged is written.
	 */
	static const char *const counters[] = { "pgmrelease_ignored",
						"pgmrelease_evicted",
						"pgsteal_proactive",
						"compact_isolated",
						"pgmigrate_success",
						"thp_split_page",
						"thp_file_mapped",
						"cow_ksm",
						"pswpout",
						"workingset_refault_file" };
	struct shared *s = c->s;

	say("victims %lu, pages touched %lu, SIGBUS %lu, LRU set %lu times",
	    atomic_load(&s->victims), atomic_load(&s->touched), atomic_load(&s->sigbus),
	    atomic_load(&s->lru_switches));
	for (unsigned int flags = 0; flags < 4; flags++) {
		char text[256];
		int len = 0;

		for (unsigned int i = 0; i < NR_RESULTS; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, " %s %lu",
					result_names[i], atomic_load(&s->calls[flags][i]));
		say("process_mrelease flags %u:%s", flags, text);
	}
	say("pages written %lu, stored by victims %lu, checked %lu, lost %lu; errors %lu",
	    atomic_load(&s->writes), atomic_load(&s->stores), atomic_load(&s->checks),
	    atomic_load(&s->lost), atomic_load(&s->errors));
	for (unsigned int i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		say("%s %lu", counters[i], vmstat(counters[i]));
}

static int stress(struct context *c, unsigned long seconds)
{
	const time_t began = now();
	unsigned int hang = 0;
	struct run r = { .nr = 0 };
	bool good;

	c->s = mmap(NULL, sizeof(*c->s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->s == MAP_FAILED)
		fail("mmap");
	for (unsigned int flag = 1; flag < 4; flag <<= 1)
		if (syscall(SYS_process_mrelease, -1, flag) && errno == EBADF)
			c->flags_mask |= flag;
	set_up_mm(c);
	make_files(c);
	say("%lu s, seed %llu, flags that the kernel knows: %u%s", seconds,
	    (unsigned long long)c->random, c->flags_mask, c->collapse ? ", with collapses" : "");
	start(&r, c);
	for (unsigned int tick = 1; now() - began < (time_t)seconds && !hang; tick++) {
		sleep(1);
		if (tick % 60 == 0)
			say("%ld s: victims %lu, lost %lu", (long)(now() - began),
			    atomic_load(&c->s->victims), atomic_load(&c->s->lost));
		hang = hanging(&r, c);
	}
	hang += stop(&r, c);
	figures(c);
	good = !hang && !atomic_load(&c->s->lost) && atomic_load(&c->s->victims);
	say("%s after %ld s", good ? "passed" : "FAILED", (long)(now() - began));
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct context c = { .dir = "/d", .random = 1 };
	unsigned long seconds = 60;
	static char line[4096];
	int o, ret;

	signal(SIGPIPE, SIG_IGN);
	if (getpid() == 1) {
		int fd;

		set_up_machine();
		c.emulated = true;
		fd = open("/proc/cmdline", O_RDONLY);
		if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0)
			fail("/proc/cmdline");
		close(fd);
		seconds = option(line, "stress.seconds=", seconds);
		c.random = option(line, "stress.seed=", 1) | 1;
		c.collapse = option(line, "stress.collapse=", 0);
		ret = stress(&c, seconds);
		sync();
		reboot(RB_AUTOBOOT);
		return ret;
	}
	while ((o = getopt(argc, argv, "t:s:c")) != -1) {
		switch (o) {
		case 't':
			seconds = strtoul(optarg, NULL, 10);
			break;
		case 's':
			c.random = strtoul(optarg, NULL, 10);
			break;
		case 'c':
			c.collapse = true;
			break;
		default:
			fprintf(stderr, "usage: %s [-t SECONDS] [-s SEED] [-c] [FOLDER]\n",
				argv[0]);
			return 2;
		}
	}
	if (optind < argc)
		c.dir = argv[optind];
	c.random |= 1;
	return stress(&c, seconds);
}
