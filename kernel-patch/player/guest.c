// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest around the trace: mounts, machine settings, files, the cgroup, and
 * what is printed at marks.
 */
#define _GNU_SOURCE
#include "player.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KNOBS  "/sys/kernel/debug/reapsim/"
#define CGROUP "/sys/fs/cgroup/trace"

struct guest guest = { .cgroup_fd = -1 };

static int pages_fd = -1, drain_fd = -1;
static char *drain_page;

int put(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int fd, len, ret = 0;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

static void must_put(const char *path, uint64_t value)
{
	int ret = put(path, "%llu", (unsigned long long)value);

	if (ret)
		run_failed("%s: cannot write %llu: %s", path, (unsigned long long)value,
			   strerror(-ret));
}

/* The whole of a small file; the text is valid until the next call. */
static char *get(const char *path)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0)
		return NULL;
	text[len] = '\0';
	return text;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		run_failed("no CPU %d: %s", cpu, strerror(errno));
}

static void mount_one(const char *what, const char *where, const char *type, unsigned long flags,
		      const char *data)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, data))
		run_failed("mount %s on %s: %s", type, where, strerror(errno));
}

void guest_mounts(void)
{
	mount_one("proc", "/proc", "proc", 0, NULL);
	mount_one("sysfs", "/sys", "sysfs", 0, NULL);
	mkdir("/dev", 0755);
	/* the kernel may have mounted it for us */
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		run_failed("mount devtmpfs: %s", strerror(errno));
	mount_one("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount_one("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	mkdir("/run", 0755);
}

void guest_options(void)
{
	static char line[4096];
	struct options *o = &guest.opt;
	char *text = get("/proc/cmdline"), *save = NULL;

	*o = (struct options){ .trace = "/trace.csv",
			       .lru = "classic",
			       .policy = "baseline",
			       .flags = "policy",
			       .memcg_pages = -1,
			       .ra_kb = -1,
			       .real_time = true,
			       .flush = true };
	snprintf(line, sizeof(line), "%s", text ? text : "");
	for (char *s = strtok_r(line, " \n", &save); s; s = strtok_r(NULL, " \n", &save)) {
		char *value = strchr(s, '=');

		if (strncmp(s, "player.", 7) || !value)
			continue;
		*value++ = '\0';
		s += 7;
		if (!strcmp(s, "trace"))
			o->trace = value;
		else if (!strcmp(s, "lru"))
			o->lru = value;
		else if (!strcmp(s, "policy"))
			o->policy = value;
		else if (!strcmp(s, "flags"))
			o->flags = value;
		else if (!strcmp(s, "memcg"))
			o->memcg_pages = atoll(value);
		else if (!strcmp(s, "ra_kb"))
			o->ra_kb = atoll(value);
		else if (!strcmp(s, "dump"))
			o->dump = atoi(value);
		else if (!strcmp(s, "times"))
			o->times = atoi(value);
		else if (!strcmp(s, "time"))
			o->real_time = strcmp(value, "skip") != 0;
		else if (!strcmp(s, "flush"))
			o->flush = atoi(value);
		else if (!strcmp(s, "align"))
			o->align = atoi(value);
		else if (!strcmp(s, "boost"))
			o->boost = atoi(value);
		else if (!strcmp(s, "tests"))
			o->tests = atoi(value);
		else
			run_failed("unknown option player.%s", s);
	}
}

/* ---- what the trace says about the machine and its files ---- */

static void machine_row(struct machine *m, const struct trace *t)
{
	const struct {
		const char *key;
		uint64_t *value;
	} keys[] = {
		{ "memcg_pages", &m->memcg_pages },
		{ "memory_pages", &m->memory_pages },
		{ "swap_pages", &m->swap_pages },
		{ "cpus", &m->cpus },
		{ "readahead_pages", &m->readahead_pages },
		{ "io_pages", &m->io_pages },
		{ "fault_around_pages", &m->fault_around_pages },
		{ "swappiness", &m->swappiness },
		{ "min_free_pages", &m->min_free_pages },
		{ "watermark_scale_factor", &m->watermark_scale_factor },
		{ "dirty_background_ratio", &m->dirty_background_ratio },
		{ "dirty_expire_ms", &m->dirty_expire_ms },
		{ "dirty_writeback_ms", &m->dirty_writeback_ms },
	};
	const char *key = t->field[1];

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(key, keys[i].key)) {
			*keys[i].value = trace_number(t, 2, UINT32_MAX);
			return;
		}
	if (!strcmp(key, "prefault")) {
		if (strcmp(t->field[2], "young"))
			run_failed("trace line %u: prefault %s: x86 makes them young", t->line,
				   t->field[2]);
		return;
	}
	/* how the simulator spends time: the kernel knows by itself */
	if (strcmp(key, "memcg_stats") && strcmp(key, "read_us") && strcmp(key, "fault_us") &&
	    strcmp(key, "op_us") && strcmp(key, "scan_ns") && strcmp(key, "tick_us"))
		run_failed("trace line %u: machine key \"%s\" is not known here", t->line, key);
}

static void header_rows(void)
{
	static struct trace t;
	uint32_t room = 0, live = 0;

	trace_open(&t, guest.opt.trace);
	while (trace_next(&t)) {
		if (trace_is(&t, "machine", 2, 2)) {
			machine_row(&guest.machine, &t);
		} else if (trace_is(&t, "file", 2, 3)) {
			if (guest.nr_files == room) {
				room = room ? 2 * room : 64;
				guest.files = realloc(guest.files, room * sizeof(*guest.files));
				if (!guest.files)
					run_failed("out of memory");
			}
			guest.files[guest.nr_files++] = (struct file){
				.name = strdup(t.field[1]),
				.pages = trace_number(&t, 2, UINT32_MAX),
				.shmem = t.nr_fields == 4,
				.fd = -1,
			};
		} else if (!strcmp(t.field[0], "spawn") || !strcmp(t.field[0], "fork")) {
			live++;
		} else if (!strcmp(t.field[0], "exit") || !strcmp(t.field[0], "kill") ||
			   !strcmp(t.field[0], "mrelease") || !strcmp(t.field[0], "oom")) {
			live--;
		}
		/* one more: exec has two for a moment */
		if (live + 1 > guest.nr_slots)
			guest.nr_slots = live + 1;
	}
	if (guest.nr_slots > MAX_SLOTS)
		run_failed("more than %u processes at once", MAX_SLOTS - 1);
}

/* ---- files ---- */

/* Written past the page cache, block by block: a read of it needs the device. */
static void fill(const char *path, uint64_t pages)
{
	const size_t step = 1 << 20;
	uint64_t left = pages * PAGE_SIZE;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0644);
	char *buf = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || buf == MAP_FAILED)
		run_failed("%s: %s", path, strerror(errno));
	memset(buf, 'r', step);
	while (left) {
		size_t n = left < step ? left : step;
		ssize_t ret = write(fd, buf, n);

		if (ret != (ssize_t)n)
			run_failed("%s: %s", path, ret < 0 ? strerror(errno) : "the disk is full");
		left -= n;
	}
	if (fsync(fd))
		run_failed("%s: %s", path, strerror(errno));
	munmap(buf, step);
	close(fd);
}

/*
 * Holes and unwritten extents are read without the device. Looking also has
 * ext4 read its extents, so that it need not in the middle of the trace.
 */
static bool is_written(int fd, uint64_t pages)
{
	static union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
	} u;
	uint64_t at = 0;

	while (at < pages * PAGE_SIZE) {
		memset(&u.map, 0, sizeof(u.map));
		u.map.fm_start = at;
		u.map.fm_length = pages * PAGE_SIZE - at;
		u.map.fm_extent_count = 64;
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map) || !u.map.fm_mapped_extents)
			return false;
		for (uint32_t i = 0; i < u.map.fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &u.map.fm_extents[i];

			if (e->fe_logical > at || e->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
				return false;
			at = e->fe_logical + e->fe_length;
		}
	}
	return true;
}

static void mount_disk(void)
{
	/* or a thread of ext4 reads metadata in the middle of the trace */
	mount_one("/dev/vda", "/d", "ext4", MS_NOATIME, "no_prefetch_block_bitmaps,noinit_itable");
}

static void open_files(void)
{
	bool disk = false, shm = false;
	char path[24];
	struct stat st;

	for (uint32_t i = 0; i < guest.nr_files; i++) {
		disk |= !guest.files[i].shmem;
		shm |= guest.files[i].shmem;
	}
	if (disk)
		mount_disk();
	if (shm)
		mount_one("tmpfs", "/t", "tmpfs", MS_NOATIME, "size=100%");
	for (uint32_t i = 0; i < guest.nr_files; i++) {
		struct file *f = &guest.files[i];
		off_t size = (off_t)(f->pages * PAGE_SIZE);

		file_path(path, f->shmem, i);
		if (f->shmem) {
			f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
			if (f->fd < 0 || ftruncate(f->fd, size))
				run_failed("%s: %s", path, strerror(errno));
			continue;
		}
		if (stat(path, &st) || st.st_size != size)
			fill(path, f->pages);
		f->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (f->fd < 0 || fstat(f->fd, &st) || st.st_size != size)
			run_failed("%s: not of %llu pages", path, (unsigned long long)f->pages);
		if (!is_written(f->fd, f->pages))
			run_failed("%s: has holes", path);
	}
}

/* ---- the machine ---- */

static void setup_policy(void)
{
	const char *policy = guest.opt.policy, *is = get("/sys/module/reapsim/parameters/policy");
	size_t len = strlen(policy);

	guest.knobs = is != NULL;
	if (is) {
		if (strncmp(is, policy, len) || is[len] != '\n')
			run_failed("policy %s is wanted, the kernel was booted with %s", policy,
				   is);
		pages_fd = open(KNOBS "pages", O_RDWR | O_CLOEXEC);
		drain_fd = open(KNOBS "drain", O_WRONLY | O_CLOEXEC);
		if (pages_fd < 0 || drain_fd < 0)
			run_failed(KNOBS ": %s", strerror(errno));
	} else if (strcmp(policy, "baseline") && strncmp(policy, "flag", 4)) {
		run_failed("policy %s needs the kernel with the test-only patch", policy);
	}
}

static void setup_lru(void)
{
	const char *path = "/sys/kernel/mm/lru_gen/enabled", *is;
	const bool mglru = !strcmp(guest.opt.lru, "mglru");

	if (!mglru && strcmp(guest.opt.lru, "classic"))
		run_failed("player.lru is %s, expected classic or mglru", guest.opt.lru);
	put(path, "%c", mglru ? 'y' : 'n');
	is = get(path);
	if ((is && strtoul(is, NULL, 16) & 1) != mglru)
		run_failed("%s says %s", path, is ? is : "nothing");
}

/* zram: the header is all that mkswap(8) writes */
static void setup_swap(uint64_t pages)
{
	const uint32_t head[3] = { 1, (uint32_t)pages, 0 };
	char *page = calloc(1, PAGE_SIZE);
	int fd;

	must_put("/sys/block/zram0/disksize", (pages + 1) * PAGE_SIZE);
	fd = open("/dev/zram0", O_RDWR | O_CLOEXEC);
	if (!page || fd < 0)
		run_failed("/dev/zram0: %s", strerror(errno));
	memcpy(page + 1024, head, sizeof(head));
	memcpy(page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
	if (write(fd, page, PAGE_SIZE) != (ssize_t)PAGE_SIZE || fsync(fd))
		run_failed("/dev/zram0: %s", strerror(errno));
	close(fd);
	free(page);
	if (swapon("/dev/zram0", 0))
		run_failed("swapon: %s", strerror(errno));
}

/* calculate_min_free_kbytes() of a machine that has the trace's memory only */
static uint64_t min_free_kbytes(const struct machine *m)
{
	uint64_t kb = 128;

	if (m->min_free_pages)
		return m->min_free_pages * 4;
	while (kb < 262144 && (kb + 1) * (kb + 1) <= m->memory_pages * 4 * 16)
		kb++;
	return kb;
}

static void setup_machine(void)
{
	const struct options *o = &guest.opt;
	struct machine *m = &guest.machine;

	if (o->memcg_pages >= 0) {
		m->memcg_pages = (uint64_t)o->memcg_pages;
		if (m->memcg_pages)
			m->memory_pages = 0;
	}
	if ((uint64_t)sysconf(_SC_NPROCESSORS_ONLN) != m->cpus)
		run_failed("the trace wants %llu CPUs, the guest has %ld",
			   (unsigned long long)m->cpus, sysconf(_SC_NPROCESSORS_ONLN));
	put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	must_put("/proc/sys/vm/swappiness", m->swappiness);
	must_put("/proc/sys/vm/watermark_scale_factor", m->watermark_scale_factor);
	must_put("/proc/sys/vm/dirty_background_ratio", m->dirty_background_ratio);
	must_put("/proc/sys/vm/dirty_expire_centisecs", m->dirty_expire_ms / 10);
	must_put("/proc/sys/vm/dirty_writeback_centisecs", m->dirty_writeback_ms / 10);
	if (m->memory_pages || m->min_free_pages)
		must_put("/proc/sys/vm/min_free_kbytes", min_free_kbytes(m));
	if (!o->boost)
		must_put("/proc/sys/vm/watermark_boost_factor", 0);
	must_put("/sys/kernel/debug/fault_around_bytes", m->fault_around_pages * PAGE_SIZE);
	if (access("/sys/block/vda", F_OK) == 0) {
		must_put("/sys/block/vda/queue/max_sectors_kb", m->io_pages * 4);
		must_put("/sys/block/vda/queue/read_ahead_kb",
			 o->ra_kb >= 0 ? (uint64_t)o->ra_kb : m->readahead_pages * 4);
	}
	if (m->swap_pages)
		setup_swap(m->swap_pages);
}

static void setup_cgroup(void)
{
	const struct machine *m = &guest.machine;

	if (!m->memcg_pages)
		return;
	if (put("/sys/fs/cgroup/cgroup.subtree_control", "+memory") || mkdir(CGROUP, 0755))
		run_failed("no memory controller: %s", strerror(errno));
	must_put(CGROUP "/memory.max", m->memcg_pages * PAGE_SIZE);
	must_put(CGROUP "/memory.swap.max", m->swap_pages * PAGE_SIZE);
	guest.cgroup_fd = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (guest.cgroup_fd < 0)
		run_failed("%s: %s", CGROUP, strerror(errno));
}

void guest_setup(void)
{
	guest.machine = (struct machine){ .cpus = 1,
					  .readahead_pages = 32,
					  .io_pages = 1024,
					  .fault_around_pages = 16,
					  .swappiness = 60,
					  .watermark_scale_factor = 10,
					  .dirty_background_ratio = 10,
					  .dirty_expire_ms = 30000,
					  .dirty_writeback_ms = 5000 };
	header_rows();
	setrlimit(RLIMIT_NOFILE,
		  &(struct rlimit){ guest.nr_files * 2 + 4096, guest.nr_files * 2 + 4096 });
	setup_policy();
	setup_lru();
	setup_machine();
	open_files();
	setup_cgroup();
}

/* ---- drain ---- */

/*
 * lru_add_drain_all() by the knob. On a kernel without it: MADV_COLD begins
 * with lru_add_drain() of the CPU that it runs on.
 */
void guest_drain(void)
{
	if (guest.knobs) {
		if (write(drain_fd, "1", 1) != 1)
			run_failed("drain: %s", strerror(errno));
		return;
	}
	for (int cpu = 0; cpu < (int)guest.machine.cpus; cpu++) {
		pin(cpu);
		if (madvise(drain_page, PAGE_SIZE, MADV_COLD))
			run_failed("drain: madvise(MADV_COLD): %s", strerror(errno));
	}
	pin(0);
}

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

static uint64_t clock_ns(clockid_t clock)
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
static void measure_times(void)
{
	uint64_t pages = 0, start, cold, warm, sum = 0;
	const volatile char *at;
	uint32_t file;

	for (file = 0; file < guest.nr_files; file++) {
		pages = guest.files[file].pages < 256 ? guest.files[file].pages : 256;
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

/* ---- the flusher of memcg statistics ---- */

#define TRACING	    "/sys/kernel/tracing"
#define FLUSH_EVENT TRACING "/events/memcg/memcg_flush_stats/"

static int flushes_fd = -1;

static void watch_flushes(void)
{
	if (!guest.opt.align)
		return;
	mount_one("tracefs", TRACING, "tracefs", 0, NULL);
	flushes_fd = open(TRACING "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (flushes_fd < 0 || put(FLUSH_EVENT "filter", "force == 1") ||
	    put(FLUSH_EVENT "enable", "1"))
		run_failed("player.align: no event " FLUSH_EVENT);
}

/*
 * Goes on when the kernel has just flushed memcg statistics by itself, which it
 * does every 2 s and for the root, a whole guest, too: what reclaim decides then
 * depends on the trace and not on when the guest was booted.
 */
void guest_align(void)
{
	static char text[4096];

	if (flushes_fd < 0)
		return;
	while (read(flushes_fd, text, sizeof(text)) > 0)
		;
	for (int ms = 0; read(flushes_fd, text, sizeof(text)) <= 0; ms++) {
		if (ms == 20000)
			run_failed("player.align: memcg statistics are not flushed");
		usleep(1000);
	}
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

static void each_counter(const char *path, const char *prefix,
			 void (*fn)(const char *, const char *, unsigned long long, void *),
			 void *arg)
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

/* requests that the disk has read, and the ms that they took, all added up */
static struct {
	unsigned long long reads, ms;
} disk_start;

static void disk_reads(unsigned long long *reads, unsigned long long *ms)
{
	const char *text = get(DISK_STAT);

	if (!text || sscanf(text, "%llu %*u %*u %llu", reads, ms) != 2)
		*reads = *ms = 0;
}

struct where {
	const char *mark;
	unsigned int number;
};

static void print(const char *prefix, const char *name, unsigned long long value, void *arg)
{
	const struct where *w = arg;

	/* a new cgroup's counters begin at 0 */
	if (guest.cgroup_fd < 0)
		value = since_start(name, value);
	result("M %s %u %s%s %llu\n", w->mark, w->number, prefix, name, value);
}

uint64_t guest_disk_reads(void)
{
	static int fd = -2;
	char text[256];
	ssize_t n;

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
	unsigned long long reads, ms;

	disk_reads(&reads, &ms);
	for (int disk = 0; disk < 2; disk++) {
		const char *what = disk ? "disk_ops" : "ops";

		result("M %s %u player.%s %llu\n", mark, number, what,
		       (unsigned long long)spent->nr[disk]);
		result("M %s %u player.%s_us %llu\n", mark, number, what,
		       (unsigned long long)spent->ns[disk] / 1000);
	}
	result("M %s %u player.disk_reads %llu\n", mark, number, reads - disk_start.reads);
	result("M %s %u player.disk_read_ms %llu\n", mark, number, ms - disk_start.ms);

	if (guest.cgroup_fd >= 0) {
		/* without: what is not yet flushed, up to 64 updates a CPU, is missing */
		if (guest.knobs && guest.opt.flush && put(KNOBS "flush", "1"))
			run_failed(KNOBS "flush");
		each_counter(CGROUP "/memory.stat", "", print, &w);
		each_counter(CGROUP "/memory.current", "memory.current", print, &w);
		each_counter(CGROUP "/memory.events", "memory.events.", print, &w);
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

/* ---- the size of a whole guest ---- */

/* Free pages, those in the per-CPU lists of the allocator included. */
static uint64_t available_pages(void)
{
	uint64_t pages = 0;
	char *text, *save = NULL;

	put("/proc/sys/vm/stat_refresh", "1");
	text = get("/proc/zoneinfo");
	if (!text)
		run_failed("/proc/zoneinfo: %s", strerror(errno));
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		char name[32];
		unsigned long long value;

		if (sscanf(s, "%31s %llu", name, &value) == 2 &&
		    (!strcmp(name, "nr_free_pages") || !strcmp(name, "count:")))
			pages += value;
	}
	return pages;
}

/*
 * Takes what is more than the trace's machine has, as unevictable pages of a
 * file on ramfs: the guest's memory comes in steps of a MiB.
 */
static void take_surplus(void)
{
	static const char page[PAGE_SIZE];
	const uint64_t want = guest.machine.memory_pages;
	uint64_t have, size = 0;
	int fd, tries = 1000;

	if (guest.cgroup_fd >= 0 || !want)
		return;
	fd = open("/run/surplus", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		run_failed("/run/surplus: %s", strerror(errno));
	/* some pages are tables of the file, so it takes a few steps */
	while ((have = available_pages()) != want) {
		uint64_t n = have > want + 64 ? (have - want) * 7 / 8 : 1;

		if (!tries-- || (have < want && !size))
			run_failed("%llu pages are free, the trace wants %llu",
				   (unsigned long long)have, (unsigned long long)want);
		if (have < want) {
			size -= MIN(size, want - have);
			if (ftruncate(fd, (off_t)(size * PAGE_SIZE)))
				run_failed("/run/surplus: %s", strerror(errno));
			continue;
		}
		for (; n; n--, size++)
			if (pwrite(fd, page, PAGE_SIZE, (off_t)(size * PAGE_SIZE)) !=
			    (ssize_t)PAGE_SIZE)
				run_failed("/run/surplus: %s", strerror(errno));
	}
	close(fd);
}

static void print_info(void)
{
	static const char *const keys[] = { "MemTotal", "MemFree", "SwapTotal" };
	char *text = get("/proc/meminfo"), *save = NULL;

	for (char *s = text ? strtok_r(text, "\n", &save) : NULL; s;
	     s = strtok_r(NULL, "\n", &save))
		for (unsigned int i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (!strncmp(s, keys[i], strlen(keys[i])))
				result("I %s %llu\n", keys[i],
				       strtoull(strchr(s, ':') + 1, NULL, 10) / 4);
}

/*
 * Nothing that the player writes to is in a child: see child.c. The kernel
 * would write to the rseq area, so that has to go first.
 */
static void dont_fork(void)
{
	char *text, *save = NULL;

	if (__rseq_size)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32,
			RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
	text = get("/proc/self/maps");
	for (char *s = strtok_r(text, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		unsigned long from, to;
		char perm[5];

		if (sscanf(s, "%lx-%lx %4s", &from, &to, perm) == 3 && perm[1] == 'w' &&
		    perm[3] == 'p' && madvise((void *)from, to - from, MADV_DONTFORK))
			run_failed("MADV_DONTFORK %s: %s", s, strerror(errno));
	}
}

static void __attribute__((noinline)) touch_stack(void)
{
	volatile char room[128 << 10];

	for (size_t i = 0; i < sizeof(room); i += PAGE_SIZE)
		room[i] = 0;
}

/* From here on nothing but the trace happens. */
void guest_start(void)
{
	const struct sched_param rt = { .sched_priority = 10 };
	int fd;

	/*
	 * All memory is there before the trace starts: a page that the player
	 * takes later would be in the batches that the trace's pages go through.
	 */
	touch_stack();
	drain_page =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (drain_page == MAP_FAILED)
		run_failed("out of memory: %s", strerror(errno));
	if (mlockall(MCL_CURRENT) || munlock(drain_page, PAGE_SIZE))
		run_failed("mlockall: %s", strerror(errno));
	*drain_page = 1;
	fd = open("/run/shared", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, SHARED_SIZE) ||
	    mmap((void *)SHARED, SHARED_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED)
		run_failed("/run/shared: %s", strerror(errno));
	close(fd);
	memset((void *)SHARED, 0, SLOTS_AT - SHARED + guest.nr_slots * SLOT_SIZE);
	dont_fork();
	/*
	 * The children run at SCHED_OTHER, on the CPU that the player goes to
	 * before it kills one: between kill and process_mrelease() the victim
	 * can not run, so the reap never finds it gone.
	 */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &rt))
		run_failed("SCHED_FIFO: %s", strerror(errno));
	measure_times();
	sync();
	must_put("/proc/sys/vm/drop_caches", 3);
	for (uint32_t i = 0; i < guest.nr_files; i++)
		if (!guest.files[i].shmem && !is_written(guest.files[i].fd, guest.files[i].pages))
			run_failed("file %u: has holes", i);
	must_put("/proc/sys/vm/drop_caches", 1);
	watch_flushes();
	take_surplus();
	guest_drain();
	each_counter("/proc/vmstat", "", keep, NULL);
	start_kswapd_ns = kswapd_ns();
	disk_reads(&disk_start.reads, &disk_start.ms);
	print_info();
	guest_align();
}

/* ---- state of pages ---- */

#define DUMP_PAGES 8192u

/* the test-only patch's "pages": of the next pages of a file; 0 at its end */
static uint64_t knob_states(uint32_t file, uint64_t page, uint64_t *words)
{
	char text[16];
	ssize_t n;

	if (!page && write(pages_fd, text,
			   (size_t)snprintf(text, sizeof(text), "%d", guest.files[file].fd)) < 0)
		run_failed("pages: %s", strerror(errno));
	n = read(pages_fd, words, DUMP_PAGES * sizeof(*words));
	if (n < 0)
		run_failed("pages: file %u: %s", file, strerror(errno));
	return (uint64_t)n / sizeof(*words);
}

static uint64_t word_at(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t word;

	if (fd < 0 || pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) != sizeof(word))
		run_failed("%s: %s", path, strerror(errno));
	close(fd);
	return word;
}

/*
 * The same on a stock kernel, as far as it tells. A page is mapped to learn where
 * it is; with MADV_RANDOM that leaves no mark (vma_has_recency()).
 */
static uint64_t stock_states(uint32_t file, uint64_t page, uint64_t *words)
{
	static const struct {
		unsigned int kpf, bit; /* KPF_* of linux/kernel-page-flags.h, ours */
	} bits[] = { { 3, 2 }, { 2, 3 }, { 6, 4 },  { 5, 5 },
		     { 4, 6 }, { 8, 7 }, { 14, 9 }, { 18, 10 } };
	static unsigned char present[DUMP_PAGES];
	const uint64_t left = guest.files[file].pages - page;
	const uint64_t n = left < DUMP_PAGES ? left : DUMP_PAGES;
	volatile char *map;

	if (!n)
		return 0;
	map = mmap(NULL, n * PAGE_SIZE, PROT_READ, MAP_PRIVATE, guest.files[file].fd,
		   (off_t)(page * PAGE_SIZE));
	if (map == MAP_FAILED || madvise((void *)map, n * PAGE_SIZE, MADV_RANDOM) ||
	    mincore((void *)map, n * PAGE_SIZE, present))
		run_failed("file %u: %s", file, strerror(errno));
	for (uint64_t i = 0; i < n; i++) {
		uint64_t pfn, flags;

		words[i] = present[i] & 1;
		if (!words[i])
			continue;
		(void)map[i * PAGE_SIZE];
		pfn = word_at("/proc/self/pagemap", (uintptr_t)map / PAGE_SIZE + i) &
		      ((1ull << 55) - 1);
		flags = word_at("/proc/kpageflags", pfn);
		for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++)
			words[i] |= (flags >> bits[b].kpf & 1) << bits[b].bit;
		words[i] |= (word_at("/proc/kpagecount", pfn) - 1) << 32;
	}
	munmap((void *)map, n * PAGE_SIZE);
	return n;
}

void guest_dump(const char *mark, unsigned int number)
{
	static uint64_t words[DUMP_PAGES];

	for (uint32_t i = 0; i < guest.nr_files; i++) {
		uint64_t page = 0, first = 0, state = 0, n;

		while ((n = guest.knobs ? knob_states(i, page, words)
					: stock_states(i, page, words)) > 0) {
			for (uint64_t w = 0; w < n; w++, page++) {
				if (page && words[w] == state)
					continue;
				if (page)
					result("P %s %u %u %llu %llu %llx\n", mark, number, i,
					       (unsigned long long)first,
					       (unsigned long long)(page - first),
					       (unsigned long long)state);
				first = page;
				state = words[w];
			}
		}
		if (page != guest.files[i].pages)
			run_failed("pages: file %u: short", i);
		result("P %s %u %u %llu %llu %llx\n", mark, number, i, (unsigned long long)first,
		       (unsigned long long)(page - first), (unsigned long long)state);
	}
	result_flush();
}

/* ---- kselftests ---- */

/* Their output goes where results go, their exit status after it. */
static void run_test(const char *name)
{
	char path[288];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "/tests/%s", name);
	result("S %s %s\n", guest.opt.lru, name);
	result_flush();
	pid = fork();
	if (!pid) {
		int out = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);

		if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
			_exit(126);
		execl(path, path, "/d", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		run_failed("%s: %s", path, strerror(errno));
	result("S %s %s ended with %d\n", guest.opt.lru, name, status);
}

void guest_tests(void)
{
	static char *const lrus[] = { "classic", "mglru" };
	struct dirent **names;
	int nr = scandir("/tests", &names, NULL, alphasort);

	if (nr < 0)
		run_failed("/tests: %s", strerror(errno));
	mount_disk();
	for (int lru = 0; lru < 2; lru++) {
		guest.opt.lru = lrus[lru];
		setup_lru();
		for (int i = 0; i < nr; i++)
			if (names[i]->d_name[0] != '.')
				run_test(names[i]->d_name);
	}
}
