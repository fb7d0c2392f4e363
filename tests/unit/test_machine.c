// SPDX-License-Identifier: GPL-2.0-only
/* sim/machine.c: keys, their bounds, layers, shares. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "tests/unit/testlib.h"

void suite_machine(void);

#define U32(key, field, lo, hi)                                                                    \
	{                                                                                          \
#key, 4, offsetof(struct machine, field), lo, hi                                   \
	}
#define U64(key, field, lo, hi)                                                                    \
	{                                                                                          \
#key, 8, offsetof(struct machine, field), lo, hi                                   \
	}

/* keys with a number: their member, and the smallest and largest valid value */
static const struct {
	const char *key;
	unsigned int bytes;
	size_t offset;
	uint64_t min, max;
} numbers[] = {
	U64(memory_pages, memory_pages, 1, UINT32_MAX),
	U64(memcg_pages, memcg_pages, 1, UINT32_MAX),
	U64(memcg2_pages, memcg2_pages, 0, UINT32_MAX),
	U64(swap_pages, swap_pages, 0, UINT32_MAX),
	U32(cpus, cpus, 1, SIM_MAX_CPUS),
	U32(readahead_pages, readahead_pages, 0, 65536),
	U32(read_us, read_us, 0, 10000000),
	U32(fault_us, fault_us, 0, 10000000),
	U32(scan_ns, scan_ns, 0, 10000000),
	U32(zap_file_ps, zap_file_ps, 0, 1000000000),
	U32(mark_first_ps, mark_first_ps, 0, 1000000000),
	U32(mark_activate_ps, mark_activate_ps, 0, 1000000000),
	U32(mark_active_ps, mark_active_ps, 0, 1000000000),
	U32(zap_anon_ps, zap_anon_ps, 0, 1000000000),
	U32(zap_swap_ps, zap_swap_ps, 0, 1000000000),
	U32(evict_ps, evict_ps, 0, 1000000000),
	U32(swap_in_ns, swap_in_ns, 0, 10000000),
	U32(swap_out_ns, swap_out_ns, 0, 10000000),
	U32(device_mbps, device_mbps, 0, 1000000),
	U32(device_depth, device_depth, 0, 65536),
	U32(device_spread_percent, device_spread_percent, 0, 100),
	U32(op_us, op_us, 0, 10000000),
	U32(snapshot_ms, snapshot_ms, 0, 1000000),
	U32(swappiness, swappiness, 0, 200),
	U32(min_ttl_ms, min_ttl_ms, 0, INT32_MAX),
	U64(min_free_pages, min_free_pages, 0, UINT32_MAX),
	U32(watermark_scale_factor, watermark_scale_factor, 1, 3000),
	U32(dirty_background_ratio, dirty_background_ratio, 1, 100),
	U32(dirty_expire_ms, dirty_expire_ms, 1, UINT32_MAX),
	U32(dirty_writeback_ms, dirty_writeback_ms, 1, UINT32_MAX),
};

static uint64_t field(const struct machine *m, size_t offset, unsigned int bytes)
{
	const char *at = (const char *)m + offset;

	return bytes == sizeof(uint32_t) ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static void test_numbers(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		const char *key = numbers[i].key;
		const uint64_t bounds[2] = { numbers[i].min, numbers[i].max };
		static const char *const bad[] = { "",	  "x",	 "-1",
						   "1.5", " 1",	 "1 ",
						   "0x",  "1e3", "99999999999999999999" };
		struct machine m;
		struct err err;
		char text[32];

		for (int b = 0; b < 2; b++) {
			machine_init(&m);
			g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, bounds[b]);
			TL_EQ(machine_set(&m, key, text, &err), 0, "%s=%s", key, text);
			TL_EQ(field(&m, numbers[i].offset, numbers[i].bytes), bounds[b], "%s", key);
		}
		TL_EQ(machine_set(&m, key, "0x8", &err), 0, "%s=0x8", key);
		TL_EQ(field(&m, numbers[i].offset, numbers[i].bytes), 8, "%s=0x8", key);
		/* Bug: was read as octal, so 08 was refused */
		TL_EQ(machine_set(&m, key, "08", &err), 0, "%s=08", key);
		TL_EQ(field(&m, numbers[i].offset, numbers[i].bytes), 8, "%s=08", key);

		machine_init(&m);
		g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, numbers[i].max + 1);
		CU_ASSERT(machine_set(&m, key, text, &err) == -EINVAL);
		CU_ASSERT(strstr(err.msg, key) && strstr(err.msg, text) &&
			  strstr(err.msg, "expected"));
		if (numbers[i].min) {
			g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT, numbers[i].min - 1);
			CU_ASSERT(machine_set(&m, key, text, &err) == -EINVAL);
		}
		for (size_t j = 0; j < G_N_ELEMENTS(bad); j++) {
			CU_ASSERT(machine_set(&m, key, bad[j], &err) == -EINVAL);
			CU_ASSERT(strstr(err.msg, key) && strstr(err.msg, "expected"));
		}
	}
}

static const struct {
	const char *key, *value, *error; /* NULL: valid */
} others[] = {
	{ "fault_around_pages", "1", NULL },
	{ "fault_around_pages", "512", NULL },
	{ "fault_around_pages", "16", NULL },
	{ "fault_around_pages", "12",
	  "machine key fault_around_pages is \"12\", expected a power of two" },
	{ "fault_around_pages", "0",
	  "machine key fault_around_pages is \"0\", expected a whole number from 1 to 512" },
	{ "fault_around_pages", "1024",
	  "machine key fault_around_pages is \"1024\", expected a whole number from 1 to 512" },
	{ "prefault", "old", NULL },
	{ "prefault", "young", NULL },
	{ "prefault", "Old",
	  "machine key prefault is \"Old\", did you mean old? Expected one of: young, old" },
	{ "memcg_stats", "exact", NULL },
	{ "memcg_stats", "flushed", NULL },
	{ "file_system", "none", NULL },
	{ "file_system", "ext4", NULL },
	{ "file_system", "xfs", NULL },
	{ "file_system", "zfs",
	  "machine key file_system is \"zfs\", did you mean xfs? Expected one of: none, order0, "
	  "ext4, xfs, btrfs, "
	  "erofs, squashfs, fuse, overlayfs, tmpfs, btrfs-zstd, erofs-lz4" },
	{ "memcg_stats", "", "machine key memcg_stats is \"\", expected one of: exact, flushed" },
	{ "cpus", "9", "machine key cpus is \"9\", expected a whole number from 1 to 8" },
	{ "memcg_pages", "40%", NULL },
	{ "memcg_pages", "0x10%",
	  "machine key memcg_pages is \"0x10%\", expected pages (1 to 4294967295), whole pages "
	  "such as 50MiB, or a share such "
	  "as "
	  "40%" },
	{ "memcg_pages", "0.5%", NULL },
	{ "memory_pages", "250%", NULL },
	{ "memory_pages", "10000%", NULL },
	{ "memory_pages", "0%",
	  "machine key memory_pages is \"0%\", expected pages (1 to 4294967295), whole pages such "
	  "as 50MiB, or a share such as "
	  "40%" },
	{ "memcg_pages", "10001%",
	  "machine key memcg_pages is \"10001%\", expected pages (1 to 4294967295), whole pages "
	  "such as 50MiB, or a share such "
	  "as 40%" },
	{ "memcg_pages", "nan%",
	  "machine key memcg_pages is \"nan%\", expected pages (1 to 4294967295), whole pages such "
	  "as 50MiB, or a share such "
	  "as 40%" },
	{ "memcg_pages", "%",
	  "machine key memcg_pages is \"%\", expected pages (1 to 4294967295), whole pages such as "
	  "50MiB, or a share such as "
	  "40%" },
	{ "memcg_pages", "40%%",
	  "machine key memcg_pages is \"40%%\", expected pages (1 to 4294967295), whole pages such "
	  "as 50MiB, or a share such "
	  "as 40%" },
	{ "swap_pages", "1%",
	  "machine key swap_pages is \"1%\", expected a whole number from 0 to 4294967295" },
};

static void test_others(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		struct machine m;
		struct err err = { "" };
		int ret;

		machine_init(&m);
		ret = machine_set(&m, others[i].key, others[i].value, &err);
		TL_EQ((uint64_t)(int64_t)ret, (uint64_t)(int64_t)(others[i].error ? -EINVAL : 0),
		      "%s=%s", others[i].key, others[i].value);
		if (others[i].error)
			TL_STR(err.msg, others[i].error, "%s=%s", others[i].key, others[i].value);
	}
}

static void test_kinds(void)
{
	struct machine m;
	struct err err;

	machine_init(&m);
	CU_ASSERT(!m.prefault_old && !m.memcg_stats_flushed);
	machine_set(&m, "prefault", "old", &err);
	machine_set(&m, "memcg_stats", "flushed", &err);
	CU_ASSERT(m.prefault_old && m.memcg_stats_flushed);
	machine_set(&m, "prefault", "young", &err);
	machine_set(&m, "memcg_stats", "exact", &err);
	CU_ASSERT(!m.prefault_old && !m.memcg_stats_flushed);
}

/* the error for an unknown key lists every key */
static void test_unknown(void)
{
	struct machine m;
	struct err err;

	machine_init(&m);
	CU_ASSERT(machine_set(&m, "memory", "1", &err) == -EINVAL);
	CU_ASSERT(g_str_has_prefix(
		err.msg, "unknown machine key \"memory\", expected one of: memory_pages, "));
	for (const struct option *k = machine_keys; k->name; k++) {
		CU_ASSERT(strstr(err.msg, k->name) != NULL);
		CU_ASSERT(k->help[0] != 0);
	}
	/* every listed key exists: an invalid value is refused with its name */
	for (const struct option *k = machine_keys; k->name; k++) {
		CU_ASSERT(machine_set(&m, k->name, "?", &err) == -EINVAL);
		CU_ASSERT(!strstr(err.msg, "unknown") && strstr(err.msg, k->name));
	}
}

/* the defaults are those of a stock kernel: Documentation/admin-guide/sysctl/vm.rst */
static void test_defaults(void)
{
	struct machine m;

	machine_init(&m);
	TL_EQ(m.readahead_pages, 32, "read_ahead_kb 128");
	TL_EQ(m.fault_around_pages, 16, "fault_around_bytes 65536");
	TL_EQ(m.swappiness, 60, "vm.swappiness");
	TL_EQ(m.watermark_scale_factor, 10, "vm.watermark_scale_factor");
	TL_EQ(m.dirty_background_ratio, 10, "vm.dirty_background_ratio");
	TL_EQ(m.dirty_expire_ms, 30000, "vm.dirty_expire_centisecs 3000");
	TL_EQ(m.dirty_writeback_ms, 5000, "vm.dirty_writeback_centisecs 500");
	TL_EQ(m.memory_pages + m.memcg_pages + m.swap_pages, 0, "no memory size by default");
}

/* the last limit replaces an earlier one of the other kind, share or not */
static void test_limits_exclude(void)
{
	struct machine m;
	struct err err;

	machine_init(&m);
	machine_set(&m, "memory_pages", "5000", &err);
	machine_set(&m, "memcg_pages", "40%", &err);
	CU_ASSERT(!m.memory_pages && !m.memcg_pages && m.memcg_share == 0.4);
	machine_set(&m, "memcg_pages", "700", &err);
	CU_ASSERT(m.memcg_pages == 700 && m.memcg_share == 0);
	machine_set(&m, "memory_pages", "50%", &err);
	CU_ASSERT(!m.memcg_pages && m.memcg_share == 0 && m.memory_share == 0.5);
}

/*
 * Layers: trace, then key file. The smallest size is 64 + 64 per CPU. A share is at least that,
 * a share of a whole machine at least four times that.
 */
static const struct {
	const char *set;
	uint64_t touched, memory, memcg;
	const char *error;
} resolves[] = {
	{ "memcg_pages=40%", 1000, 0, 400, NULL },
	{ "memcg_pages=37.5%", 1000, 0, 375, NULL },
	{ "memcg_pages=200%", 1000, 0, 2000, NULL },
	{ "memcg_pages=1%", 1000, 0, 128, NULL },
	{ "memcg_pages=1% cpus=4", 1000, 0, 320, NULL },
	{ "memory_pages=60%", 1000, 600, 0, NULL },
	{ "memory_pages=1%", 1000, 512, 0, NULL },
	{ "memcg_pages=128", 0, 0, 128, NULL },
	{ "memcg_pages=127", 0, 0, 0,
	  "memcg_pages is 127 pages, expected at least 128: the per-CPU batches of 1 cpus and one "
	  "reclaim cluster must fit" },
	{ "memcg_pages=575 cpus=8", 0, 0, 0,
	  "memcg_pages is 575 pages, expected at least 576: the per-CPU batches of 8 cpus and one "
	  "reclaim cluster must fit" },
	{ "memcg_pages=128 memcg2_pages=128", 0, 0, 128, NULL },
	{ "memory_pages=600 memcg2_pages=128", 0, 600, 0, NULL },
	{ "memory_pages=600 memcg2_pages=1", 0, 600, 0,
	  "memcg2_pages is 1 pages, expected 0 or at least 128: the per-CPU batches of 1 cpus "
	  "and one reclaim cluster must fit" },
	{ "memcg_pages=500 memcg2_pages=127", 0, 0, 0,
	  "memcg2_pages is 127 pages, expected 0 or at least 128: the per-CPU batches of 1 cpus "
	  "and "
	  "one reclaim cluster must fit" },
	{ "memory_pages=100", 0, 0, 0,
	  "memory_pages is 100 pages, expected at least 128: the per-CPU batches of 1 cpus and one "
	  "reclaim cluster must fit" },
	{ "cpus=1", 0, 0, 0,
	  "no memory size: the trace and the machine give neither memory_pages nor memcg_pages" },
};

static void test_resolve(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(resolves); i++) {
		g_auto(GStrv) kvs = g_strsplit(resolves[i].set, " ", -1);
		struct err err = { "" };
		struct machine m;
		int ret;

		machine_init(&m);
		for (char **p = kvs; *p; p++) {
			g_auto(GStrv) kv = g_strsplit(*p, "=", 2);

			CU_ASSERT(machine_set(&m, kv[0], kv[1], &err) == 0);
		}
		ret = machine_resolve(&m, resolves[i].touched, &err);
		TL_EQ(ret != 0, resolves[i].error != NULL, "%s", resolves[i].set);
		if (resolves[i].error) {
			CU_ASSERT(ret == -EINVAL);
			TL_STR(err.msg, resolves[i].error, "%s", resolves[i].set);
		} else {
			TL_EQ(m.memory_pages, resolves[i].memory, "%s", resolves[i].set);
			TL_EQ(m.memcg_pages, resolves[i].memcg, "%s", resolves[i].set);
		}
	}
}

static char *temp_file(const char *text)
{
	char *path = g_strdup("/tmp/reapsim-phone-XXXXXX");
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void test_layers(void)
{
	g_autofree char *path =
		temp_file("# a phone\n[machine]\nmemory_pages = 9000\nswappiness=100\n");
	struct err err = { "" };
	struct machine m;
	struct trace *t =
		tl_trace("machine,memcg_pages,5000; machine,swappiness,10; machine,cpus,2;"
			 "spawn,1",
			 &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	machine_init(&m);
	CU_ASSERT(machine_from_trace(&m, t, &err) == 0);
	CU_ASSERT(m.memcg_pages == 5000 && m.swappiness == 10 && m.cpus == 2);
	CU_ASSERT(machine_from_file(&m, path, &err) == 0);
	/* keys of the file override the trace's, others stay */
	CU_ASSERT(m.memory_pages == 9000 && !m.memcg_pages && m.swappiness == 100 && m.cpus == 2);
	CU_ASSERT(g_str_has_prefix(m.name, "reapsim-phone-"));
	CU_ASSERT(machine_set(&m, "swappiness", "1", &err) == 0 && m.swappiness == 1);
	unlink(path);
	trace_free(t);
}

static const struct {
	const char *text, *error; /* after "PATH: " */
} bad_files[] = {
	{ "[machine]\ncpu=1\n",
	  ":2: unknown machine key \"cpu\", did you mean cpus? Expected one of: memory_pages," },
	{ "[machine]\ncpus=many\n",
	  ":2: machine key cpus is \"many\", expected a whole number from 1 to 8" },
	{ "[other]\ncpus=1\n", ":2: unknown group [other], expected [machine]" },
	{ "[machine]\ncpus=1\n[x]\ncpus=1\n", ":4: unknown group [x], expected [machine]" },
	{ "", ": no group [machine], or no keys in it" },
	{ "cpus=1\n", ":1: \"cpus\" comes before the first [group]" },
};

static void test_bad_files(void)
{
	struct machine m;
	struct err err;

	for (size_t i = 0; i < G_N_ELEMENTS(bad_files); i++) {
		g_autofree char *path = temp_file(bad_files[i].text);
		g_autofree char *want = g_strconcat(path, bad_files[i].error, NULL);

		machine_init(&m);
		err.msg[0] = 0;
		CU_ASSERT(machine_from_file(&m, path, &err) == -EINVAL);
		if (!g_str_has_prefix(err.msg, want))
			TL_STR(err.msg, want, "%s", bad_files[i].text);
		unlink(path);
	}
	CU_ASSERT(machine_from_file(&m, "/nonexistent/x.conf", &err) == -EINVAL);
	CU_ASSERT(g_str_has_prefix(err.msg, "/nonexistent/x.conf: "));
}

static void test_bad_trace(void)
{
	struct err err = { "" };
	struct machine m;
	struct trace *t = tl_trace("machine,cpus,100; spawn,1", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	machine_init(&m);
	CU_ASSERT(machine_from_trace(&m, t, &err) == -EINVAL);
	CU_ASSERT(strstr(err.msg,
			 ": machine key cpus is \"100\", expected a whole number from 1 to 8") !=
		  NULL);
	trace_free(t);
}

void suite_machine(void)
{
	CU_pSuite s = CU_add_suite("machine", NULL, NULL);

	CU_add_test(s, "numbers and their bounds", test_numbers);
	CU_add_test(s, "words, shares, powers of two", test_others);
	CU_add_test(s, "what the words set", test_kinds);
	CU_add_test(s, "an unknown key lists the valid ones", test_unknown);
	CU_add_test(s, "defaults are a stock kernel's", test_defaults);
	CU_add_test(s, "one limit replaces the other", test_limits_exclude);
	CU_add_test(s, "shares and the least size", test_resolve);
	CU_add_test(s, "trace, key file, single settings", test_layers);
	CU_add_test(s, "bad key files", test_bad_files);
	CU_add_test(s, "a bad key in a trace names the trace", test_bad_trace);
}
