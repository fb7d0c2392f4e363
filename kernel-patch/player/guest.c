// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest around the trace: mounts, machine settings, files, the cgroup.
 */
#define _GNU_SOURCE
#include "player.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

struct guest guest = { .cgroup_fd = { -1, -1 } };

static int drain_fd = -1;
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

void must_put(const char *path, uint64_t value)
{
	int ret = put(path, "%llu", (unsigned long long)value);

	if (ret && guest.opt.stock)
		bad_input("this kernel refuses %llu in %s: %s", (unsigned long long)value, path,
			  strerror(-ret));
	if (ret)
		run_failed("%s: cannot write %llu: %s", path, (unsigned long long)value,
			   strerror(-ret));
}

char *get(const char *path)
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
	CPU_SET(host_cpu(cpu), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		run_failed("no CPU %d: %s", cpu, strerror(errno));
}

void move_to(int cpu)
{
	if (guest.machine.cpus > 1 || guest.opt.host)
		pin(cpu);
}

void mount_one(const char *what, const char *where, const char *type, unsigned long flags,
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

void guest_option(char *name, char *value)
{
	struct options *o = &guest.opt;

	if (!strcmp(name, "trace"))
		o->trace = value;
	else if (!strcmp(name, "lru"))
		o->lru = value;
	else if (!strcmp(name, "policy"))
		o->policy = value;
	else if (!strcmp(name, "flags"))
		o->flags = value;
	else if (!strcmp(name, "memcg"))
		o->memcg_pages = atoll(value);
	else if (!strcmp(name, "ra_kb"))
		o->ra_kb = atoll(value);
	else if (!strcmp(name, "dump"))
		o->dump = atoi(value);
	else if (!strcmp(name, "times"))
		o->times = atoi(value);
	else if (!strcmp(name, "time"))
		o->real_time = strcmp(value, "skip") != 0;
	else if (!strcmp(name, "flush"))
		o->flush = atoi(value);
	else if (!strcmp(name, "align"))
		o->align = atoi(value);
	else if (!strcmp(name, "boost"))
		o->boost = atoi(value);
	else if (!strcmp(name, "tests"))
		o->tests = atoi(value);
	else if (!strcmp(name, "look"))
		o->look = atoi(value);
	else if (!strcmp(name, "cgroup"))
		o->cgroup = value;
	else if (!strcmp(name, "cgroup_version"))
		o->cgroup_version = (unsigned int)atoi(value);
	else if (!strcmp(name, "ends_as"))
		o->ends_as = value;
	else if (!strcmp(name, "folder"))
		o->folder = value;
	else if (!strcmp(name, "parent"))
		o->parent = atoi(value);
	else if (!strcmp(name, "stock"))
		o->stock = atoi(value);
	else if (!strcmp(name, "thp"))
		o->thp = value;
	else if (!strcmp(name, "damon_stat"))
		o->damon_stat = value;
	else if (!strcmp(name, "folios"))
		o->folios = value;
	else if (!strcmp(name, "fs"))
		o->fs = value;
	else if (!strcmp(name, "plan"))
		o->plan = value;
	else
		run_failed("unknown option player.%s", name);
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
			       .fs = "ext4",
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
		guest_option(s + 7, value);
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
		{ "memcg2_pages", &m->memcg2_pages },
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
			bad_input("trace line %u: prefault %s: x86 makes them young", t->line,
				  t->field[2]);
		return;
	}
	/* the disk has the file system already (stock-run.sh) */
	if (!strcmp(key, "file_system"))
		return;
	/* how the simulator spends time: the kernel knows by itself */
	if (strcmp(key, "memcg_stats") && strcmp(key, "read_us") && strcmp(key, "fault_us") &&
	    strcmp(key, "op_us") && strcmp(key, "scan_ns") && strcmp(key, "tick_us"))
		bad_input("trace line %u: machine key \"%s\" is not known here", t->line, key);
}

void trace_header(void)
{
	static struct trace t;
	uint32_t live = 0;

	trace_open(&t, guest.opt.trace);
	while (trace_next(&t)) {
		if (trace_is(&t, "machine", 2, 2)) {
			machine_row(&guest.machine, &t);
		} else if (trace_is(&t, "file", 2, 4)) {
			file_row(&t);
		} else if (!strcmp(t.field[0], "spawn") || !strcmp(t.field[0], "fork")) {
			live++;
		} else if (!strcmp(t.field[0], "exit") || !strcmp(t.field[0], "kill") ||
			   !strcmp(t.field[0], "mrelease") || !strcmp(t.field[0], "oom")) {
			live--;
			guest.nr_deaths++;
		} else if (!strcmp(t.field[0], "exec")) {
			guest.nr_deaths++;
		}
		guest.nr_lines = t.line;
		/* one more: exec has two for a moment */
		if (live + 1 > guest.nr_slots)
			guest.nr_slots = live + 1;
	}
	if (guest.nr_slots > MAX_SLOTS)
		run_failed("more than %u processes at once", MAX_SLOTS - 1);
}

/* ---- the machine ---- */

static void setup_policy(void)
{
	static const char path[] = "/sys/module/reapsim/parameters/policy";
	const char *policy = guest.opt.policy;

	if (guest.opt.stock)
		return;
	guest.knobs = !access(path, F_OK);
	if (guest.knobs) {
		int ret = put(path, "%s", policy);

		if (ret)
			run_failed("policy %s: %s: %s", policy, path, strerror(-ret));
		drain_fd = open(KNOBS "drain", O_WRONLY | O_CLOEXEC);
		if (drain_fd < 0)
			run_failed(KNOBS ": %s", strerror(errno));
		pages_open();
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
		bad_input("%s says %s", path, is ? is : "nothing");
}

/* zram: the header is all that mkswap(8) writes */
static void setup_swap(uint64_t pages)
{
	const uint32_t head[3] = { 1, (uint32_t)pages, 0 };
	char *page = calloc(1, PAGE_SIZE);
	int fd;

	if (guest.opt.stock && access("/sys/block/zram0", F_OK))
		bad_input("this kernel has no zram, and the trace wants swap");
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

/* Sets what the machine says, in units of @unit; learns what it leaves open. */
static void tune(const char *path, uint64_t *value, uint64_t unit)
{
	const uint64_t want = *value * unit;
	const char *text;
	uint64_t is;

	if (*value != UNSET)
		must_put(path, want);
	if (!guest.opt.stock)
		return;
	text = get(path);
	if (!text)
		bad_input("this kernel has no %s", path);
	is = strtoull(text, NULL, 10);
	if (*value == UNSET)
		*value = is / unit;
	else if (is != want)
		bad_input("this kernel makes %llu of %llu in %s", (unsigned long long)is,
			  (unsigned long long)want, path);
}

static void tune_ms(const char *path, uint64_t *ms)
{
	uint64_t centisecs = *ms == UNSET ? UNSET : *ms / 10;

	tune(path, &centisecs, 1);
	*ms = centisecs * 10;
}

static void setup_machine(void)
{
	const struct options *o = &guest.opt;
	struct machine *m = &guest.machine;

	guest.trace_memcg_pages = m->memcg_pages;
	if (o->memcg_pages >= 0) {
		m->memcg_pages = (uint64_t)o->memcg_pages;
		if (m->memcg_pages)
			m->memory_pages = 0;
	}
	if (o->ra_kb >= 0)
		m->readahead_pages = (uint64_t)o->ra_kb / 4;
	if ((uint64_t)sysconf(_SC_NPROCESSORS_ONLN) != m->cpus)
		run_failed("the trace wants %llu CPUs, the guest has %ld",
			   (unsigned long long)m->cpus, sysconf(_SC_NPROCESSORS_ONLN));
	put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	tune("/proc/sys/vm/swappiness", &m->swappiness, 1);
	tune("/proc/sys/vm/watermark_scale_factor", &m->watermark_scale_factor, 1);
	tune("/proc/sys/vm/dirty_background_ratio", &m->dirty_background_ratio, 1);
	tune_ms("/proc/sys/vm/dirty_expire_centisecs", &m->dirty_expire_ms);
	tune_ms("/proc/sys/vm/dirty_writeback_centisecs", &m->dirty_writeback_ms);
	if (m->min_free_pages || (m->memory_pages && !o->stock))
		must_put("/proc/sys/vm/min_free_kbytes", min_free_kbytes(m));
	if (!o->boost)
		must_put("/proc/sys/vm/watermark_boost_factor", 0);
	tune("/sys/kernel/debug/fault_around_bytes", &m->fault_around_pages, PAGE_SIZE);
	if (access("/sys/block/vda", F_OK) == 0) {
		tune("/sys/block/vda/queue/max_sectors_kb", &m->io_pages, 4);
		tune("/sys/block/vda/queue/read_ahead_kb", &m->readahead_pages, 4);
	}
	if (m->swap_pages)
		setup_swap(m->swap_pages);
}

/* what our guest is if the trace does not say */
static const struct machine our_machine = { .cpus = 1,
					    .readahead_pages = 32,
					    .io_pages = 1024,
					    .fault_around_pages = 16,
					    .swappiness = 60,
					    .watermark_scale_factor = 10,
					    .dirty_background_ratio = 10,
					    .dirty_expire_ms = 30000,
					    .dirty_writeback_ms = 5000 };

/* a stock kernel is then left as it is */
static const struct machine stock_machine = { .cpus = 1,
					      .readahead_pages = UNSET,
					      .io_pages = UNSET,
					      .fault_around_pages = UNSET,
					      .swappiness = UNSET,
					      .watermark_scale_factor = UNSET,
					      .dirty_background_ratio = UNSET,
					      .dirty_expire_ms = UNSET,
					      .dirty_writeback_ms = UNSET };

void guest_setup(void)
{
	guest.machine = guest.opt.stock ? stock_machine : our_machine;
	trace_header();
	setrlimit(RLIMIT_NOFILE,
		  &(struct rlimit){ guest.nr_files * 2 + 4096, guest.nr_files * 2 + 4096 });
	setup_policy();
	setup_lru();
	stock_setup();
	setup_machine();
	files_open();
	stock_folios();
	cgroup_setup();
}

/* ---- drain ---- */

/* After mlockall(): it takes no advice about a locked page. */
void drain_setup(void)
{
	drain_page =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (drain_page == MAP_FAILED)
		run_failed("out of memory: %s", strerror(errno));
	*drain_page = 1;
}

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

/* ---- the start ---- */

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
	stock_info();
}

/*
 * Nothing that the player writes to is in a child: see child.c. The kernel
 * would write to the rseq area, so that has to go first.
 */
void dont_fork(void)
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

void __attribute__((noinline)) touch_stack(void)
{
	volatile char room[128 << 10];

	for (size_t i = 0; i < sizeof(room); i += PAGE_SIZE)
		room[i] = 0;
}

void share_memory(const char *path)
{
	const int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)
			    : memfd_create("reapsim-shared", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, SHARED_SIZE) ||
	    mmap((void *)SHARED, SHARED_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED)
		run_failed("shared memory: %s", strerror(errno));
	close(fd);
	memset((void *)SHARED, 0, SLOTS_AT - SHARED + guest.nr_slots * SLOT_SIZE);
	/* what is written is no more empty than what was there */
	memset((void *)SHARED, 'r', IO_PAGES * PAGE_SIZE);
}

/* From here on nothing but the trace happens. */
void guest_start(void)
{
	const struct sched_param rt = { .sched_priority = 10 };

	/*
	 * All memory is there before the trace starts: a page that the player
	 * takes later would be in the batches that the trace's pages go through.
	 */
	touch_stack();
	if (mlockall(MCL_CURRENT))
		run_failed("mlockall: %s", strerror(errno));
	drain_setup();
	share_memory("/run/shared");
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
	files_written();
	must_put("/proc/sys/vm/drop_caches", 1);
	watch_flushes();
	take_surplus();
	guest_drain();
	counters_start();
	print_info();
	guest_align();
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
	files_mount();
	for (int lru = 0; lru < 2; lru++) {
		guest.opt.lru = lrus[lru];
		setup_lru();
		for (int i = 0; i < nr; i++)
			if (names[i]->d_name[0] != '.')
				run_test(names[i]->d_name);
	}
}
