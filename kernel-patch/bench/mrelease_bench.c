// SPDX-License-Identifier: GPL-2.0
/*
 * What a killer pays for a victim's file pages, and what the next run of the same program pays:
 * with each value of the flags of process_mrelease(), and with what userspace can do without them.
 *
 *	gcc -static -O2 -o mrelease_bench mrelease_bench.c
 *	./mrelease_bench [-p PAGES] [-r REPETITIONS] [-l classic|mglru] [-u UNIT] [FOLDER]
 *
 * Needs root, and a FOLDER (.) on a file system with a device. Without -l the LRU is what it is. On
 *a kernel without the flags only the rest is measured. Environment: BENCH_PAGES, BENCH_REPETITIONS,
 * BENCH_UNIT are the same as -p, -r and -u.
 *
 * A victim maps a file privately, reads each page, and stops in its exit, so that the reap finds
 * all of it. "mark 1": no page was marked as accessed before; "mark 2": each once, by the end of
 * another victim. Columns are medians over the repetitions, a page, in nanoseconds or what
 * the clock counts instead (UNIT):
 *
 *	before	process_madvise() of the victim, before the kill
 *	reap	process_mrelease()
 *	after	posix_fadvise(), after the reap
 *	total	all of these, and the lowest and the highest
 *	held	the longest time that one of these calls held an mmap_lock; from the events of
 *		mmap_lock, in a repetition of its own, which the events make longer; "-": no events
 *
 * and in pages, per cent of the file: active after the reap, gone from the page cache, and read
 * from the device by the next run; refaults: the number that workingset_refault_file grows by then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif
#ifndef PROCESS_MRELEASE_IGNORE_ACCESS
#define PROCESS_MRELEASE_IGNORE_ACCESS (1U << 0)
#define PROCESS_MRELEASE_EVICT_FILE    (1U << 1)
#endif

#define IGNORE		  PROCESS_MRELEASE_IGNORE_ACCESS
#define EVICT		  PROCESS_MRELEASE_EVICT_FILE
#define MAX_REPETITIONS	  101
#define PMD_SIZE	  (2UL << 20)
#define TRACING		  "/sys/kernel/tracing/"
#define KPF_ACTIVE	  6
#define KPF_COMPOUND_TAIL 16
#define NOTHING		  (-1)

static const struct method {
	const char *name;
	unsigned int flags;
	int before, after; /* advice, or NOTHING */
} methods[] = {
	{ "mrelease(0)", 0, NOTHING, NOTHING },
	{ "IGNORE_ACCESS", IGNORE, NOTHING, NOTHING },
	{ "EVICT_FILE", EVICT, NOTHING, NOTHING },
	{ "IGNORE_ACCESS|EVICT_FILE", IGNORE | EVICT, NOTHING, NOTHING },
	{ "COLD, mrelease(0)", 0, MADV_COLD, NOTHING },
	{ "PAGEOUT, mrelease(0)", 0, MADV_PAGEOUT, NOTHING },
	{ "mrelease(0), DONTNEED", 0, NOTHING, POSIX_FADV_DONTNEED },
	{ "COLD, mrelease(0), DONTNEED", 0, MADV_COLD, POSIX_FADV_DONTNEED },
};

/* How the pages come into the cache. Unmapping is to mark them, so that ends before the kill. */
static const struct kind {
	const char *name;
	int advice;
	size_t offset; /* of the mapping from a multiple of PMD_SIZE */
} kinds[] = {
	{ "order 0", MADV_RANDOM, 0 },
	{ "large, by PTEs", MADV_HUGEPAGE, 4096 },
	{ "large, by PMDs", MADV_HUGEPAGE, 0 },
};

struct result {
	double before, reap, after, total;
	double active, gone, again;
	unsigned long refaults;
};

static struct bench {
	const char *dir, *unit;
	unsigned long pages;
	unsigned int repetitions;
	int fd, other, kpageflags;
	size_t page_size;
	char *at; /* where the victim maps the file */
	uint64_t *pfn;
	double per_folio;
	bool traced;
} b = { .dir = ".", .unit = "ns", .pages = 16384, .repetitions = 5 };

#define die(what)                                                                                  \
	do {                                                                                       \
		fprintf(stderr, "mrelease_bench: %s:%d: %s: %s\n", __func__, __LINE__, what,       \
			strerror(errno));                                                          \
		exit(1);                                                                           \
	} while (0)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static unsigned long vmstat(const char *name)
{
	char key[64];
	unsigned long value, found = 0;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fscanf(f, "%63s %lu", key, &value) == 2)
		if (!strcmp(key, name))
			found = value;
	if (f)
		fclose(f);
	return found;
}

/* ---- the file ---- */

static int new_file(size_t size)
{
	char path[4096], buf[65536];
	int fd;

	snprintf(path, sizeof(path), "%s/mrelease_bench_XXXXXX", b.dir);
	fd = mkstemp(path);
	if (fd < 0)
		die(path);
	unlink(path);
	memset(buf, 'x', sizeof(buf));
	for (size_t done = 0; done < size; done += sizeof(buf))
		if (write(fd, buf, sizeof(buf)) != sizeof(buf))
			die("write");
	if (fsync(fd))
		die("fsync");
	return fd;
}

static void drop(int fd)
{
	errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (errno)
		die("posix_fadvise");
}

/* POSIX_FADV_DONTNEED drains all per-CPU batches when it meets a page that it can't drop. */
static void drain(void)
{
	char *p = mmap(NULL, b.page_size, PROT_READ, MAP_SHARED, b.other, 0);

	if (p == MAP_FAILED)
		die("mmap");
	(void)*(volatile char *)p;
	drop(b.other);
	munmap(p, b.page_size);
}

static unsigned long nr_cached(void)
{
	static unsigned char *vec;
	unsigned long nr = 0;
	char *p = mmap(NULL, b.pages * b.page_size, PROT_READ, MAP_SHARED, b.fd, 0);

	if (!vec)
		vec = malloc(b.pages);
	if (!vec || p == MAP_FAILED || mincore(p, b.pages * b.page_size, vec))
		die("mincore");
	for (unsigned long i = 0; i < b.pages; i++)
		nr += vec[i] & 1;
	munmap(p, b.pages * b.page_size);
	return nr;
}

static unsigned long nr_with(unsigned int bit)
{
	unsigned long nr = 0;
	uint64_t flags;

	for (unsigned long i = 0; i < b.pages; i++) {
		if (pread(b.kpageflags, &flags, 8, (off_t)(b.pfn[i] * 8)) != 8)
			die("/proc/kpageflags");
		nr += flags >> bit & 1;
	}
	return nr;
}

/* ---- the victim ---- */

struct victim {
	pid_t pid;
	int pidfd;
};

static void victim_main(const struct kind *kind, int ready)
{
	const size_t size = b.pages * b.page_size;
	char *p = mmap(b.at + kind->offset, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, b.fd, 0);

	if (p == MAP_FAILED || (madvise(p, size, kind->advice) && kind->advice != MADV_HUGEPAGE))
		_exit(1);
	for (size_t i = 0; i < size; i += b.page_size)
		(void)*(volatile char *)(p + i);
	if (madvise(p, size, MADV_NORMAL) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void victim_start(struct victim *v, const struct kind *kind)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		die("pipe");
	v->pid = fork();
	if (v->pid < 0)
		die("fork");
	if (!v->pid)
		victim_main(kind, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("victim");
	close(ready[0]);
	v->pidfd = (int)syscall(SYS_pidfd_open, v->pid, 0);
	if (v->pidfd < 0)
		die("pidfd_open");
	if (ptrace(PTRACE_SEIZE, v->pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL))
		die("PTRACE_SEIZE");
	drain();
}

static void victim_pfns(const struct victim *v, const struct kind *kind)
{
	const off_t at = (off_t)((uintptr_t)(b.at + kind->offset) / b.page_size * 8);
	const size_t size = b.pages * 8;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", v->pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || pread(fd, b.pfn, size, at) != (ssize_t)size)
		die(path);
	close(fd);
	for (unsigned long i = 0; i < b.pages; i++)
		b.pfn[i] &= (1ULL << 55) - 1;
	b.per_folio = (double)b.pages / (double)(b.pages - nr_with(KPF_COMPOUND_TAIL));
}

static void victim_kill(const struct victim *v)
{
	int status;

	if (kill(v->pid, SIGKILL))
		die("kill");
	if (waitpid(v->pid, &status, __WALL) != v->pid ||
	    status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
		die("the victim did not stop in its exit");
}

static void victim_end(const struct victim *v)
{
	int status;

	if (ptrace(PTRACE_CONT, v->pid, 0, 0) || waitpid(v->pid, &status, __WALL) != v->pid)
		die("PTRACE_CONT");
	close(v->pidfd);
}

static void reap(const struct victim *v, unsigned int flags)
{
	if (syscall(__NR_process_mrelease, v->pidfd, flags))
		die("process_mrelease");
}

/* ---- one measurement ---- */

static double per_page(double ns)
{
	return ns / (double)b.pages;
}

static double per_cent(unsigned long pages)
{
	return 100.0 * (double)pages / (double)b.pages;
}

/* Time of a call a page. */
#define timed(call)                                                                                \
	({                                                                                         \
		double t0, t1;                                                                     \
                                                                                                   \
		if (b.traced)                                                                      \
			put(TRACING "tracing_on", "1");                                            \
		t0 = now();                                                                        \
		call;                                                                              \
		t1 = now();                                                                        \
		if (b.traced)                                                                      \
			put(TRACING "tracing_on", "0");                                            \
		per_page(t1 - t0);                                                                 \
	})

static void advise(const struct victim *v, const struct kind *kind, int advice)
{
	struct iovec all = { b.at + kind->offset, b.pages * b.page_size };

	if (syscall(SYS_process_madvise, v->pidfd, &all, 1UL, advice, 0UL) < 0)
		die("process_madvise");
}

static void measure(struct result *r, const struct method *m, const struct kind *kind,
		    unsigned int mark)
{
	unsigned long pgpgin, refaults;
	struct victim v;

	drop(b.fd);
	drain();
	if (nr_cached())
		die("the file stays in the page cache");
	for (unsigned int i = 1; i < mark; i++) {
		victim_start(&v, kind);
		victim_kill(&v);
		reap(&v, 0);
		victim_end(&v);
	}
	victim_start(&v, kind);
	if (b.kpageflags >= 0)
		victim_pfns(&v, kind);
	r->before = m->before == NOTHING ? 0 : timed(advise(&v, kind, m->before));
	victim_kill(&v);
	r->reap = timed(reap(&v, m->flags));
	r->after = m->after == NOTHING ? 0 : timed(drop(b.fd));
	r->total = r->before + r->reap + r->after;
	r->gone = per_cent(b.pages - nr_cached());
	victim_end(&v);
	drain();
	/* what is gone has no flags any more */
	r->active = b.kpageflags >= 0 && r->gone == 0 ? per_cent(nr_with(KPF_ACTIVE)) : 0;
	pgpgin = vmstat("pgpgin");
	refaults = vmstat("workingset_refault_file");
	victim_start(&v, kind);
	r->again = per_cent((vmstat("pgpgin") - pgpgin) * 1024 / b.page_size);
	r->refaults = vmstat("workingset_refault_file") - refaults;
	victim_kill(&v);
	victim_end(&v);
}

/*
 * The longest time between mmap_lock_acquire_returned and mmap_lock_released of this
 * process, from the trace.
 */
static double longest_hold(void)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[512], pid[16];
	double since = 0, longest = 0, at;

	snprintf(pid, sizeof(pid), "-%d", getpid());
	while (f && fgets(line, sizeof(line), f)) {
		char *p = strstr(line, pid), *event = strstr(line, ": mmap_lock_");

		if (line[0] == '#' || !p || !event || p > event)
			continue;
		for (p = event; p > line && p[-1] != ' '; p--)
			;
		at = strtod(p, NULL) * 1e9;
		if (strstr(event, "acquire_returned"))
			since = at;
		else if (strstr(event, "released") && since && at - since > longest)
			longest = at - since;
	}
	if (f)
		fclose(f);
	return longest;
}

/* Return: the longest hold a page, -1 if the kernel has no such events. */
static double measure_hold(const struct method *m, const struct kind *kind, unsigned int mark)
{
	struct result r;
	double longest;

	put(TRACING "tracing_on", "0");
	put(TRACING "trace_clock", "mono");
	put(TRACING "trace", "");
	if (!put(TRACING "events/mmap_lock/mmap_lock_acquire_returned/enable", "1") ||
	    !put(TRACING "events/mmap_lock/mmap_lock_released/enable", "1"))
		return -1;
	b.traced = true;
	measure(&r, m, kind, mark);
	b.traced = false;
	put(TRACING "events/mmap_lock/enable", "0");
	longest = longest_hold();
	return per_page(longest);
}

/* ---- the table ---- */

static int compare(const void *one, const void *other)
{
	const double a = *(const double *)one, c = *(const double *)other;

	return (a > c) - (a < c);
}

static double median(const struct result *r, size_t member, double *low, double *high)
{
	double v[MAX_REPETITIONS];

	for (unsigned int i = 0; i < b.repetitions; i++)
		v[i] = *(const double *)(const void *)((const char *)(r + i) + member);
	qsort(v, b.repetitions, sizeof(*v), compare);
	*low = v[0];
	*high = v[b.repetitions - 1];
	return v[b.repetitions / 2];
}

static void row(const struct method *m, const struct kind *kind, unsigned int mark)
{
	static struct result r[MAX_REPETITIONS];
	double low, high, before, reap_cost, after, total, hold;
	char held[16] = "-";

	for (unsigned int i = 0; i < b.repetitions; i++)
		measure(&r[i], m, kind, mark);
	hold = measure_hold(m, kind, mark);
	if (hold >= 0)
		snprintf(held, sizeof(held), "%.0f", hold);
	before = median(r, offsetof(struct result, before), &low, &high);
	reap_cost = median(r, offsetof(struct result, reap), &low, &high);
	after = median(r, offsetof(struct result, after), &low, &high);
	total = median(r, offsetof(struct result, total), &low, &high);
	printf("%-27s %6.0f %6.0f %6.0f %6.0f %6.0f-%-6.0f %6s", m->name, before, reap_cost, after,
	       total, low, high, held);
	printf(" %5.0f%%", median(r, offsetof(struct result, active), &low, &high));
	printf(" %5.0f%%", median(r, offsetof(struct result, gone), &low, &high));
	printf(" %5.0f%%", median(r, offsetof(struct result, again), &low, &high));
	printf(" %8lu\n", r[b.repetitions - 1].refaults);
	fflush(stdout);
}

static bool kernel_knows(unsigned int flags)
{
	syscall(__NR_process_mrelease, -1, flags);
	return errno == EBADF;
}

/* Return: does the kernel make such folios on this file system? */
static bool kind_works(const struct kind *kind)
{
	struct victim v;

	if (b.kpageflags < 0)
		return kind == kinds;
	drop(b.fd);
	victim_start(&v, kind);
	victim_pfns(&v, kind);
	victim_kill(&v);
	victim_end(&v);
	return kind == kinds ? b.per_folio == 1 : b.per_folio > 1;
}

static void table(const struct kind *kind, unsigned int mark)
{
	if (!kind_works(kind)) {
		if (mark == 1)
			printf("\n%s: not here\n", kind->name);
		return;
	}
	printf("\n%s, %.1f pages a folio, mark %u\n\n", kind->name, b.per_folio, mark);
	printf("%-27s %6s %6s %6s %6s %13s %6s %6s %6s %6s %8s\n", "", "before", "reap", "after",
	       "total", "low-high   ", "held", "active", "gone", "again", "refaults");
	for (unsigned int i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (kernel_knows(methods[i].flags))
			row(&methods[i], kind, mark);
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!n || n > max || *end) {
		fprintf(stderr, "mrelease_bench: \"%s\": expected a number from 1 to %lu\n",
			text ? text : "", max);
		exit(2);
	}
	return n;
}

static void options(int argc, char **argv)
{
	int o;

	if (getenv("BENCH_PAGES"))
		b.pages = number(getenv("BENCH_PAGES"), 1UL << 24);
	if (getenv("BENCH_REPETITIONS"))
		b.repetitions = (unsigned int)number(getenv("BENCH_REPETITIONS"), MAX_REPETITIONS);
	if (getenv("BENCH_UNIT"))
		b.unit = getenv("BENCH_UNIT");
	while ((o = getopt(argc, argv, "p:r:l:u:")) != -1) {
		switch (o) {
		case 'p':
			b.pages = number(optarg, 1UL << 24);
			break;
		case 'r':
			b.repetitions = (unsigned int)number(optarg, MAX_REPETITIONS);
			break;
		case 'l':
			if (!put("/sys/kernel/mm/lru_gen/enabled",
				 strcmp(optarg, "mglru") ? "n" : "y"))
				die("lru_gen/enabled");
			break;
		case 'u':
			b.unit = optarg;
			break;
		default:
			fprintf(stderr, "usage: mrelease_bench [-p PAGES] [-r REPETITIONS] [-l "
					"classic|mglru] [-u UNIT] [FOLDER]\n");
			exit(2);
		}
	}
	if (optind < argc)
		b.dir = argv[optind];
}

int main(int argc, char **argv)
{
	struct utsname name;
	char lru[16] = "0";
	size_t size;
	int fd;

	options(argc, argv);
	b.page_size = (size_t)sysconf(_SC_PAGESIZE);
	size = b.pages * b.page_size;
	b.pfn = calloc(b.pages, sizeof(*b.pfn));
	b.at = mmap(NULL, size + 2 * PMD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!b.pfn || b.at == MAP_FAILED)
		die("out of memory");
	b.at += -(uintptr_t)b.at & (PMD_SIZE - 1);
	b.kpageflags = open("/proc/kpageflags", O_RDONLY);
	fd = open("/sys/kernel/mm/lru_gen/enabled", O_RDONLY);
	if (fd >= 0 && read(fd, lru, sizeof(lru) - 1) < 0)
		die("lru_gen/enabled");
	if (access(TRACING "trace", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL); /* it may not have it */
	uname(&name);
	b.fd = new_file(size);
	b.other = new_file(65536);
	printf("mrelease_bench: Linux %s, %s, %lu pages, %u repetitions, %s a page\n", name.release,
	       strtoul(lru, NULL, 16) & 1 ? "MGLRU" : "classic LRU", b.pages, b.repetitions,
	       b.unit);
	for (unsigned int k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (unsigned int mark = 1; mark <= 2; mark++)
			table(&kinds[k], mark);
	return 0;
}
