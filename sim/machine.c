// SPDX-License-Identifier: GPL-2.0-only
#include "sim/machine.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim/keyfile.h"

const struct machine_key machine_keys[] = {
	{ "memory_pages",
	  "pages of the whole machine, with kswapd; N, or P% of what the trace needs" },
	{ "memcg_pages", "memory.max of the cgroup that runs the trace; N or P%" },
	{ "swap_pages", "zram swap; 0: none" },
	{ "cpus", "1 to 8" },
	{ "readahead_pages", "read_ahead_kb / 4; 0: off" },
	{ "io_pages", "max_sectors_kb / 4: what a single read() may read ahead at once" },
	{ "fault_around_pages", "pages mapped around a fault, a power of two; 1: off" },
	{ "prefault", "young (x86) or old (arm64): PTEs that fault-around sets" },
	{ "memcg_stats", "exact, or flushed: by marks and every 2 s of trace time, as the kernel" },
	{ "file_system", "none, or ext4: what is written to has pages of an inode table, too" },
	{ "read_us", "time that one request to the device takes; 0: none passes" },
	{ "op_us", "time that any operation takes beside its faults and requests" },
	{ "fault_us", "time that one page fault takes, without the device" },
	{ "scan_ns", "time that reclaim takes for a page it looks at; 0: none passes" },
	{ "zap_file_ps", "CPU time to unmap a file page that is left alone, picoseconds" },
	{ "mark_first_ps", "added by a mark that sets referenced, or counts one more reference" },
	{ "mark_activate_ps", "added by a mark that activates" },
	{ "mark_active_ps", "added by a mark that finds nothing left to do" },
	{ "zap_anon_ps", "CPU time to unmap and free an anon page" },
	{ "zap_swap_ps", "CPU time to free a swap entry" },
	{ "evict_ps", "added by +evict for each page that it drops" },
	{ "swap_in_ns", "CPU time to read a page from zram" },
	{ "swap_out_ns", "CPU time to write a page to zram" },
	{ "device_mbps", "MB/s (10^6 bytes) that all requests to the device share; 0: no limit" },
	{ "device_depth", "requests that the device serves at once; 0: no limit" },
	{ "device_spread_percent",
	  "standard deviation of read_us, 0 to 100% of it: a fixed part and an exponential one" },
	{ "tick_us", "the scheduler's tick, 4000 with CONFIG_HZ=250" },
	{ "swappiness", "0 to 200" },
	{ "min_ttl_ms",
	  "of MGLRU: kswapd calls the OOM killer where all pages are younger; 0: it does not" },
	{ "min_free_pages", "min_free_kbytes / 4; 0: as the kernel computes it" },
	{ "watermark_scale_factor", "1 to 3000" },
	{ "dirty_background_ratio", "percent of free and file pages, 1 to 100" },
	{ "dirty_expire_ms", "age at which dirty pages are written" },
	{ "dirty_writeback_ms", "how often the flusher looks" },
	{ NULL, NULL },
};

void machine_init(struct machine *m)
{
	*m = (struct machine){
		.name = "default",
		.cpus = 1,
		.tick_us = 4000,
		.readahead_pages = 32,
		.io_pages = 1024,
		.fault_around_pages = 16,
		.swappiness = 60,
		.watermark_scale_factor = 10,
		.dirty_background_ratio = 10,
		.dirty_expire_ms = 30000,
		.dirty_writeback_ms = 5000,
	};
}

/* as in traces: decimal, or hexadecimal after 0x; never octal */
static int parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoull(s, &end, s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10);
	return errno || *end || *out < min || *out > max ? -EINVAL : 0;
}

/* "4096" or "40%": one of the two is set, the other cleared */
static int parse_size(const char *s, uint64_t *pages, double *share)
{
	char *end;
	double v;

	if (parse_u64(s, 1, UINT32_MAX, pages) == 0) {
		*share = 0;
		return 0;
	}
	/* strtod() takes hexadecimal, too */
	if (*s < '0' || *s > '9' || s[strspn(s, "0123456789.")] != '%')
		return -EINVAL;
	v = g_ascii_strtod(s, &end);
	if (strcmp(end, "%") || !(v > 0 && v <= 10000))
		return -EINVAL;
	*share = v / 100;
	*pages = 0;
	return 0;
}

static int set_u32(uint32_t *out, const char *key, const char *value, uint64_t min, uint64_t max,
		   struct err *err)
{
	uint64_t v;

	if (parse_u64(value, min, max, &v))
		return err_set(
			err, -EINVAL,
			"machine key %s is \"%s\", expected a whole number from %llu to %llu", key,
			value, (unsigned long long)min, (unsigned long long)max);
	*out = (uint32_t)v;
	return 0;
}

#define U32(key, least, most)                                                                      \
	{                                                                                          \
		.name = #key, .offset = offsetof(struct machine, key), .min = (least),             \
		.max = (most)                                                                      \
	}

/* the keys that are a number and nothing more */
static const struct {
	const char *name;
	size_t offset;
	uint32_t min, max;
} u32_keys[] = {
	U32(cpus, 1, SIM_MAX_CPUS),
	U32(readahead_pages, 0, 1 << 16),
	U32(io_pages, 1, 1 << 16),
	U32(read_us, 0, 10000000),
	U32(op_us, 0, 10000000),
	U32(fault_us, 0, 10000000),
	U32(scan_ns, 0, 10000000),
	U32(zap_file_ps, 0, 1000000000),
	U32(mark_first_ps, 0, 1000000000),
	U32(mark_activate_ps, 0, 1000000000),
	U32(mark_active_ps, 0, 1000000000),
	U32(zap_anon_ps, 0, 1000000000),
	U32(zap_swap_ps, 0, 1000000000),
	U32(evict_ps, 0, 1000000000),
	U32(swap_in_ns, 0, 10000000),
	U32(swap_out_ns, 0, 10000000),
	U32(device_mbps, 0, 1000000),
	U32(device_depth, 0, 65536),
	U32(device_spread_percent, 0, 100),
	U32(tick_us, 1, 1000000),
	U32(swappiness, 0, 200),
	U32(min_ttl_ms, 0, INT32_MAX),
	U32(watermark_scale_factor, 1, 3000),
	U32(dirty_background_ratio, 1, 100),
	U32(dirty_expire_ms, 1, UINT32_MAX),
	U32(dirty_writeback_ms, 1, UINT32_MAX),
};

int machine_set(struct machine *m, const char *key, const char *value, struct err *err)
{
	GString *names;

	if (!strcmp(key, "memory_pages") || !strcmp(key, "memcg_pages")) {
		bool memcg = key[3] == 'c';

		if (parse_size(value, memcg ? &m->memcg_pages : &m->memory_pages,
			       memcg ? &m->memcg_share : &m->memory_share))
			return err_set(err, -EINVAL,
				       "machine key %s is \"%s\", expected pages (1 to 4294967295) "
				       "or a share such as 40%%",
				       key, value);
		/* the later of the two kinds of limit replaces the earlier */
		if (memcg)
			m->memory_pages = 0, m->memory_share = 0;
		else
			m->memcg_pages = 0, m->memcg_share = 0;
		return 0;
	}
	if (!strcmp(key, "swap_pages") || !strcmp(key, "min_free_pages")) {
		uint64_t *p = key[0] == 's' ? &m->swap_pages : &m->min_free_pages;

		if (parse_u64(value, 0, UINT32_MAX, p))
			return err_set(err, -EINVAL,
				       "machine key %s is \"%s\", expected pages, 0 to 4294967295",
				       key, value);
		return 0;
	}
	if (!strcmp(key, "fault_around_pages")) {
		uint32_t v = 0;
		int ret = set_u32(&v, key, value, 1, 512, err);

		if (!ret && (v & (v - 1)))
			ret = err_set(err, -EINVAL,
				      "machine key %s is \"%s\", expected a power of two", key,
				      value);
		if (!ret)
			m->fault_around_pages = v;
		return ret;
	}
	if (!strcmp(key, "prefault")) {
		if (strcmp(value, "young") && strcmp(value, "old"))
			return err_set(err, -EINVAL,
				       "machine key prefault is \"%s\", expected young or old",
				       value);
		m->prefault_old = value[0] == 'o';
		return 0;
	}
	if (!strcmp(key, "memcg_stats")) {
		if (strcmp(value, "exact") && strcmp(value, "flushed"))
			return err_set(
				err, -EINVAL,
				"machine key memcg_stats is \"%s\", expected exact or flushed",
				value);
		m->memcg_stats_flushed = value[0] == 'f';
		return 0;
	}
	if (!strcmp(key, "file_system")) {
		if (strcmp(value, "none") && strcmp(value, "ext4"))
			return err_set(err, -EINVAL,
				       "machine key file_system is \"%s\", expected none or ext4",
				       value);
		m->ext4 = value[0] == 'e';
		return 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(u32_keys); i++)
		if (!strcmp(key, u32_keys[i].name))
			return set_u32((uint32_t *)(void *)((char *)m + u32_keys[i].offset), key,
				       value, u32_keys[i].min, u32_keys[i].max, err);

	names = g_string_new(NULL);
	for (const struct machine_key *k = machine_keys; k->name; k++)
		g_string_append_printf(names, " %s", k->name);
	err_set(err, -EINVAL, "unknown machine key \"%s\"; there are:%s", key, names->str);
	g_string_free(names, TRUE);
	return -EINVAL;
}

int machine_from_trace(struct machine *m, const struct trace *t, struct err *err)
{
	for (uint32_t i = 0; i < t->nr_machine; i++) {
		struct err why;

		if (machine_set(m, t->machine[i].key, t->machine[i].value, &why))
			return err_at(err, -EINVAL, t->path, t->machine[i].line, "%s", why.msg);
	}
	return 0;
}

int machine_from_file(struct machine *m, const char *path, struct err *err)
{
	g_autofree char *name = NULL;
	struct keyfile k;
	struct err why;
	int ret = keyfile_load(&k, path, err);

	if (ret)
		return ret;
	name = keyfile_name(path);
	g_strlcpy(m->name, name, sizeof(m->name));
	if (!k.entries->len)
		ret = err_at(err, -EINVAL, path, 0, "no keys in a group [machine]");
	for (guint i = 0; i < k.entries->len && !ret; i++) {
		const struct keyfile_entry *e = &g_array_index(k.entries, struct keyfile_entry, i);

		if (strcmp(e->group, "machine"))
			ret = err_at(err, -EINVAL, path, e->line,
				     "unknown group [%s], expected [machine]", e->group);
		else if (machine_set(m, e->key, e->value, &why))
			ret = err_at(err, -EINVAL, path, e->line, "%s", why.msg);
	}
	keyfile_clear(&k);
	return ret;
}

int machine_resolve(struct machine *m, uint64_t peak_pages, struct err *err)
{
	/* 32 pages are reclaimed at a time, 31 wait in each per-CPU batch */
	const uint64_t least = 64 + 64 * (uint64_t)m->cpus;
	uint64_t limit;

	if (m->memcg_share > 0)
		m->memcg_pages = MAX(least, (uint64_t)(m->memcg_share * (double)peak_pages + 0.5));
	if (m->memory_share > 0)
		m->memory_pages =
			MAX(4 * least, (uint64_t)(m->memory_share * (double)peak_pages + 0.5));
	limit = machine_limit(m);
	if (!limit)
		return err_set(
			err, -EINVAL,
			"no memory size: the trace and the machine give neither memory_pages "
			"nor memcg_pages");
	if (limit < least)
		return err_set(
			err, -EINVAL,
			"%s is %llu pages, expected at least %llu: the per-CPU batches of %u "
			"cpus and one reclaim cluster must fit",
			m->memcg_pages ? "memcg_pages" : "memory_pages", (unsigned long long)limit,
			(unsigned long long)least, m->cpus);
	return 0;
}
