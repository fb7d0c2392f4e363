// SPDX-License-Identifier: GPL-2.0-only
/* Values that are read, not measured: kernel settings and the name of the machine. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "sim/lab/measure-probe.h"
#include "sim/machine.h"

static void setting(struct bench *b, const char *key, const char *where, const char *value)
{
	struct measurement *m = measures_add(b->m, key, where, NULL, 1);
	struct machine scratch;

	machine_init(&scratch);
	if (!value)
		g_strlcpy(m->why_not, "cannot be read", sizeof(m->why_not));
	else if (machine_set(&scratch, key, value, NULL))
		g_snprintf(m->why_not, sizeof(m->why_not), "%s is out of the simulator's range",
			   value);
	else
		g_strlcpy(m->value, value, sizeof(m->value));
}

/* A setting that is a number in a file, divided by @divisor. */
static void setting_file(struct bench *b, const char *key, const char *path, uint64_t divisor,
			 const char *where)
{
	g_autofree char *text = NULL;
	char value[32];
	char *end;
	uint64_t v;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		setting(b, key, where, NULL);
		return;
	}
	v = g_ascii_strtoull(text, &end, 10) / divisor;
	g_snprintf(value, sizeof(value), "%" PRIu64, v);
	setting(b, key, where, end == text ? NULL : value);
}

/* A file of the device's queue. For a partition the queue is one level up. */
static char *queue_file(const struct stat *st, const char *name)
{
	char *path = g_strdup_printf("/sys/dev/block/%u:%u/queue/%s", major(st->st_dev),
				     minor(st->st_dev), name);

	if (access(path, R_OK)) {
		g_free(path);
		path = g_strdup_printf("/sys/dev/block/%u:%u/../queue/%s", major(st->st_dev),
				       minor(st->st_dev), name);
	}
	return path;
}

/* Is kernel memory charged to memory cgroups? setup_memcg_cmdline(), v7.3 mm/memcontrol.c */
static const char *kernel_memory(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;
	const char *kmem = "on";

	if (!g_file_get_contents("/proc/cmdline", &text, NULL, NULL))
		return NULL;
	words = g_strsplit_set(text, " \n", -1);
	for (guint i = 0; words[i]; i++)
		if (g_str_has_prefix(words[i], "cgroup.memory=") && strstr(words[i], "nokmem"))
			kmem = "off";
	return kmem;
}

void measure_settings(struct bench *b)
{
	static const struct {
		const char *key, *path;
		uint64_t divisor;
	} files[] = {
		{ "fault_around_pages", "/sys/kernel/debug/fault_around_bytes", PAGE },
		{ "swappiness", "/proc/sys/vm/swappiness", 1 },
		{ "watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor", 1 },
		{ "dirty_background_ratio", "/proc/sys/vm/dirty_background_ratio", 1 },
		{ "dirty_expire_ms", "/proc/sys/vm/dirty_expire_centisecs", 0 },
		{ "dirty_writeback_ms", "/proc/sys/vm/dirty_writeback_centisecs", 0 },
	};
	g_autofree char *readahead = NULL, *sectors = NULL;
	struct timespec tick;
	char value[32];
	struct stat st;

	g_snprintf(value, sizeof(value), "%u", MIN(g_get_num_processors(), SIM_MAX_CPUS));
	setting(b, "cpus", "online processors, at most 8", value);
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	g_snprintf(value, sizeof(value), "%ld", tick.tv_nsec / 1000);
	setting(b, "tick_us", "resolution of CLOCK_MONOTONIC_COARSE", value);
#if defined(__aarch64__)
	setting(b, "prefault", "arm64 with hardware access flags; young without", "old");
#else
	setting(b, "prefault", "this architecture", "young");
#endif
	setting(b, "file_system", "of the folder that was measured", b->m->file_system);
	setting(b, "kmem", "cgroup.memory= of /proc/cmdline", kernel_memory());
	if (!fstat(b->fd, &st)) {
		readahead = queue_file(&st, "read_ahead_kb");
		sectors = queue_file(&st, "max_sectors_kb");
		setting_file(b, "readahead_pages", readahead, 4, "read_ahead_kb / 4");
		setting_file(b, "io_pages", sectors, 4, "max_sectors_kb / 4");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		if (files[i].divisor) {
			setting_file(b, files[i].key, files[i].path, files[i].divisor,
				     files[i].path);
		} else {
			g_autofree char *text = NULL;

			if (g_file_get_contents(files[i].path, &text, NULL, NULL)) {
				g_snprintf(value, sizeof(value), "%" PRIu64,
					   g_ascii_strtoull(text, NULL, 10) * 10);
				setting(b, files[i].key, files[i].path, value);
			} else {
				setting(b, files[i].key, files[i].path, NULL);
			}
		}
	}
}

void measure_describe(struct bench *b)
{
	static const struct {
		long magic;
		const char *name;
	} kinds[] = {
		{ 0xef53, "ext4" },	     { 0x58465342, "xfs" },   { 0x9123683e, "btrfs" },
		{ 0xf2f52010, "f2fs" },	     { 0x01021994, "tmpfs" }, { 0x858458f6, "ramfs" },
		{ 0x794c7630, "overlayfs" }, { 0xe0f5e1e2, "erofs" }, { 0x73717368, "squashfs" },
		{ 0x65735546, "fuse" },
	};
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%Y-%m-%d %H:%M UTC");
	g_autofree char *thp = NULL;
	struct statfs fs = { 0 };
	struct utsname u;

	if (getloadavg(&b->m->load, 1) < 1)
		b->m->load = -1;
	g_strlcpy(b->m->date, date, sizeof(b->m->date));
	uname(&u);
	/* the rest names the builder */
	u.release[strspn(u.release, "0123456789.")] = 0;
	g_snprintf(b->m->kernel, sizeof(b->m->kernel), "%s %.20s %.20s", u.sysname, u.release,
		   u.machine);
	g_strlcpy(b->m->file_system, "unknown", sizeof(b->m->file_system));
	fstatfs(b->fd, &fs);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if ((long)fs.f_type == kinds[i].magic)
			g_strlcpy(b->m->file_system, kinds[i].name, sizeof(b->m->file_system));
	b->no_device = strstr(b->m->file_system, "mpfs") || !strcmp(b->m->file_system, "ramfs");
	g_strlcpy(b->m->thp, "not built in", sizeof(b->m->thp));
	if (g_file_get_contents("/sys/kernel/mm/transparent_hugepage/enabled", &thp, NULL, NULL) &&
	    strchr(thp, '[')) {
		g_strlcpy(b->m->thp, strchr(thp, '[') + 1, sizeof(b->m->thp));
		b->m->thp[strcspn(b->m->thp, "]")] = 0;
	}
}
