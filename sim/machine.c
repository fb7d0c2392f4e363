// SPDX-License-Identifier: GPL-2.0-only
#include "sim/machine.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "sim/keyfile.h"
#include "sim/mm/file-system.h"
#include "sim/mm/folio.h"

#define FIELD(member) OPTION_FIELD(struct machine, member)

#define US_MAX 10000000
#define NS_MAX 10000000
#define PS_MAX 1000000000

const struct option machine_keys[] = {
	{ "memory_pages", OPT_SIZE, NULL,
	  "memory of the whole machine, with kswapd; N, or P% of what the trace needs", 1,
	  UINT32_MAX, FIELD(memory_pages) },
	{ "memcg_pages", OPT_SIZE, NULL, "memory.max of the cgroup that runs the trace; N or P%", 1,
	  UINT32_MAX, FIELD(memcg_pages) },
	{ "memcg2_pages", OPT_COUNT, "0",
	  "memory.max of a second cgroup; the first has memcg_pages, or no limit of its own; 0: "
	  "none",
	  0, UINT32_MAX, FIELD(memcg2_pages) },
	{ "kmem", OPT_CHOICE, "off",
	  "on: kernel memory is charged to the memcg; off: as with cgroup.memory=nokmem",
	  .choices = (const char *const[]){ "off", "on", NULL }, FIELD(kmem) },
	{ "managed_pages", OPT_COUNT, "0",
	  "memory with what others use, for watermarks and per-CPU lists; 0: memory_pages", 0,
	  UINT32_MAX, FIELD(managed_pages) },
	{ "pcp_pages", OPT_COUNT, "0",
	  "of memory_pages: free pages that CPU 0 has on its list of unmovable pages at the start",
	  0, 1 << 20, FIELD(pcp_pages) },
	{ "unevictable_pages", OPT_COUNT, "0",
	  "locked pages in addition to all others; more of them allow more shadow nodes", 0,
	  UINT32_MAX, FIELD(unevictable_pages) },
	{ "swap_pages", OPT_COUNT, "0", "zram swap; 0: none", 0, UINT32_MAX, FIELD(swap_pages) },
	{ "cpus", OPT_COUNT, "1", "processors", 1, SIM_MAX_CPUS, FIELD(cpus) },
	{ "readahead_pages", OPT_COUNT, "32", "read_ahead_kb / 4; 0: off", 0, 1 << 16,
	  FIELD(readahead_pages) },
	{ "io_pages", OPT_COUNT, "1024",
	  "max_sectors_kb / 4: limit of the readahead of a single read()", 1, 1 << 16,
	  FIELD(io_pages) },
	{ "max_folio_order", OPT_COUNT, "0",
	  "largest file folio, 2^N pages; 0: that of file_system, without one single pages", 0,
	  MAX_FOLIO_ORDER, FIELD(max_folio_order) },
	{ "exec_folio_order", OPT_COUNT, "0",
	  "order in which faults read executable mappings, since 6.16: 4 on arm64; 0: x86", 0,
	  MAX_FOLIO_ORDER, FIELD(exec_folio_order) },
	{ "fault_around_pages", OPT_POWER, "16", "pages mapped around a fault; 1: off", 1, 512,
	  FIELD(fault_around_pages) },
	{ "prefault", OPT_CHOICE, "young", "PTEs set by fault-around: young (x86) or old (arm64)",
	  .choices = (const char *const[]){ "young", "old", NULL }, FIELD(prefault_old) },
	{ "memcg_stats", OPT_CHOICE, "exact",
	  "exact, or flushed: at snapshots and every 2 s of trace time, as in the kernel",
	  .choices = (const char *const[]){ "exact", "flushed", NULL },
	  FIELD(memcg_stats_flushed) },
	{ "snapshot_ms", OPT_COUNT, "0",
	  "what a snapshot takes with memcg_stats=flushed; 0: until the next flush", 0, 1000000,
	  FIELD(snapshot_ms) },
	{ "file_system", OPT_CHOICE, "none",
	  "of the trace's files: largest folio by kernel, readahead, smallest read; ext4 also has "
	  "metadata pages; none: max_folio_order decides alone",
	  .choices = file_system_names, FIELD(file_system) },
	{ "erofs_pcluster_pages", OPT_COUNT, "16",
	  "erofs-lz4: pages of a pcluster, compressed: mkfs.erofs -C, divided by 4096", 1, 256,
	  FIELD(erofs_pcluster_pages) },
	{ "erofs_extent_bytes", OPT_COUNT, "112275",
	  "erofs-lz4: bytes of an extent, uncompressed: the mean of dump.erofs -e; programs of "
	  "Debian "
	  "have 112275 with 16 pages, 6566 with one",
	  4096, 12 << 20, FIELD(erofs_extent_bytes) },
	{ "damon_stat", OPT_CHOICE, "off",
	  "on: the monitor DAMON_STAT clears accessed bits, which costs marks at deaths",
	  .choices = (const char *const[]){ "off", "on", NULL }, FIELD(damon_stat) },
	{ "damon_sample_us", OPT_COUNT, "5000",
	  "its sampling interval when the trace begins; it tunes the interval from there", 5000,
	  10000000, FIELD(damon_sample_us) },
	{ "damon_seed", OPT_COUNT, "1", "seed of the places that it samples", 0, UINT32_MAX,
	  FIELD(damon_seed) },
	{ "ram_pages", OPT_COUNT, "0",
	  "memory that it monitors, with what others use; 0: memory_pages or memcg_pages", 0,
	  UINT32_MAX, FIELD(ram_pages) },
	{ "read_us", OPT_COUNT, "0", "time of one device request; 0: none", 0, US_MAX,
	  FIELD(read_us) },
	{ "op_us", OPT_COUNT, "0", "time of any operation, without its faults and requests", 0,
	  US_MAX, FIELD(op_us) },
	{ "fault_us", OPT_COUNT, "0", "time of one page fault, without the device", 0, US_MAX,
	  FIELD(fault_us) },
	{ "scan_ns", OPT_COUNT, "0",
	  "time that reclaim takes for a page that it frees, or a folio that it leaves; 0: none", 0,
	  NS_MAX, FIELD(scan_ns) },
	{ "zap_file_ps", OPT_COUNT, "0",
	  "CPU time to unmap a file page without a mark, picoseconds", 0, PS_MAX,
	  FIELD(zap_file_ps) },
	{ "zap_next_ps", OPT_COUNT, "0",
	  "CPU time to unmap a further page of the same folio; 0: zap_file_ps", 0, PS_MAX,
	  FIELD(zap_next_ps) },
	{ "mark_first_ps", OPT_COUNT, "0",
	  "added by a mark that sets PG_referenced or counts a reference", 0, PS_MAX,
	  FIELD(mark_first_ps) },
	{ "mark_activate_ps", OPT_COUNT, "0", "added by a mark that activates", 0, PS_MAX,
	  FIELD(mark_activate_ps) },
	{ "mark_active_ps", OPT_COUNT, "0", "added by a mark that changes nothing", 0, PS_MAX,
	  FIELD(mark_active_ps) },
	{ "zap_anon_ps", OPT_COUNT, "0", "CPU time to unmap and free an anon page", 0, PS_MAX,
	  FIELD(zap_anon_ps) },
	{ "free_anon_ps", OPT_COUNT, "0",
	  "part of zap_anon_ps: to free the page, once the TLB is flushed", 0, PS_MAX,
	  FIELD(free_anon_ps) },
	{ "zap_swap_ps", OPT_COUNT, "0", "CPU time to free a swap entry", 0, PS_MAX,
	  FIELD(zap_swap_ps) },
	{ "advise_ps", OPT_COUNT, "0", "CPU time of MADV_COLD or MADV_PAGEOUT for a folio", 0,
	  PS_MAX, FIELD(advise_ps) },
	{ "advise_inactive_ps", OPT_COUNT, "0",
	  "CPU time of MADV_COLD for a page that is inactive; 0: advise_ps", 0, PS_MAX,
	  FIELD(advise_inactive_ps) },
	{ "evict_ps", OPT_COUNT, "0", "added by +evict for each dropped page", 0, PS_MAX,
	  FIELD(evict_ps) },
	{ "fault_ps", OPT_COUNT, "0", "CPU time of a page fault, which maps one page, picoseconds",
	  0, PS_MAX, FIELD(fault_ps) },
	{ "fault_next_ps", OPT_COUNT, "0",
	  "added to a fault for each further page that it maps (fault-around)", 0, PS_MAX,
	  FIELD(fault_next_ps) },
	{ "mmap_ps", OPT_COUNT, "0", "CPU time of mmap() or munmap(), without their pages", 0,
	  PS_MAX, FIELD(mmap_ps) },
	{ "table_new_ps", OPT_COUNT, "0", "added to a fault that needs a new page table", 0, PS_MAX,
	  FIELD(table_new_ps) },
	{ "table_free_ps", OPT_COUNT, "0", "CPU time to free a page table", 0, PS_MAX,
	  FIELD(table_free_ps) },
	{ "close_ps", OPT_COUNT, "0", "CPU time to close an open file at exit", 0, PS_MAX,
	  FIELD(close_ps) },
	{ "vma_ps", OPT_COUNT, "0", "CPU time to remove a mapping at exit, without its pages", 0,
	  PS_MAX, FIELD(vma_ps) },
	{ "fill_ps", OPT_COUNT, "0",
	  "CPU time to read a file page into the page cache, without the device", 0, PS_MAX,
	  FIELD(fill_ps) },
	{ "fill_next_ps", OPT_COUNT, "0", "the same for a further page of a folio; 0: fill_ps", 0,
	  PS_MAX, FIELD(fill_next_ps) },
	{ "copy_ps", OPT_COUNT, "0", "CPU time of read(2) and write(2) for a page that is cached",
	  0, PS_MAX, FIELD(copy_ps) },
	{ "write_ps", OPT_COUNT, "0", "the same of write(2); 0: copy_ps", 0, PS_MAX,
	  FIELD(write_ps) },
	{ "call_ps", OPT_COUNT, "0", "CPU time of read(2) or write(2), without their pages", 0,
	  PS_MAX, FIELD(call_ps) },
	{ "submit_ps", OPT_COUNT, "0",
	  "CPU time of a device request: to submit it, and to be woken at its end", 0, PS_MAX,
	  FIELD(submit_ps) },
	{ "new_anon_ps", OPT_COUNT, "0", "added to a fault that takes a new anon page", 0, PS_MAX,
	  FIELD(new_anon_ps) },
	{ "swap_in_ns", OPT_COUNT, "0", "CPU time to read a page from zram", 0, NS_MAX,
	  FIELD(swap_in_ns) },
	{ "swap_out_ns", OPT_COUNT, "0", "CPU time to write a page to zram", 0, NS_MAX,
	  FIELD(swap_out_ns) },
	{ "device_mbps", OPT_COUNT, "0", "bandwidth of the device, MB/s (10^6 bytes); 0: no limit",
	  0, 1000000, .unit = "MB/s", FIELD(device_mbps) },
	{ "device_segment_ns", OPT_COUNT, "0",
	  "added to the transfer for each further folio of a request", 0, NS_MAX,
	  FIELD(device_segment_ns) },
	{ "device_together", OPT_COUNT, "0",
	  "1: the device says that requests have ended when none is left in it", 0, 1,
	  FIELD(device_together) },
	{ "device_depth", OPT_COUNT, "0",
	  "requests that the device serves in parallel; 0: no limit", 0, 65536, .unit = "requests",
	  FIELD(device_depth) },
	{ "device_spread_percent", OPT_COUNT, "0",
	  "standard deviation of read_us in percent of it: a fixed and an exponential part", 0, 100,
	  FIELD(device_spread_percent) },
	{ "fsync_us", OPT_COUNT, "0",
	  "time of fsync() with a dirty page, the journal's commit included; 0: one request", 0,
	  US_MAX, FIELD(fsync_us) },
	{ "fdatasync_us", OPT_COUNT, "0",
	  "time of fsync() whose file has dirty pages, and no other change; 0: fsync_us", 0, US_MAX,
	  FIELD(fdatasync_us) },
	{ "sync_ps", OPT_COUNT, "0", "part of both that is CPU time", 0, PS_MAX, FIELD(sync_ps) },
	{ "tick_us", OPT_COUNT, "4000", "scheduler tick; 4000 with CONFIG_HZ=250", 1, 1000000,
	  FIELD(tick_us) },
	{ "swappiness", OPT_COUNT, "60",
	  "reclaim preference: 0 file pages, 100 neither, 200 anon pages", 0, 200,
	  FIELD(swappiness) },
	{ "min_ttl_ms", OPT_COUNT, "0",
	  "MGLRU: kswapd calls the OOM killer if all pages are younger; 0: never", 0, INT32_MAX,
	  FIELD(min_ttl_ms) },
	{ "min_free_pages", OPT_COUNT, "0", "min_free_kbytes / 4; 0: computed as by the kernel", 0,
	  UINT32_MAX, FIELD(min_free_pages) },
	{ "watermark_scale_factor", OPT_COUNT, "10",
	  "distance between watermarks, in 1/10000 of memory", 1, 3000, .unit = "1/10000",
	  FIELD(watermark_scale_factor) },
	{ "dirty_background_ratio", OPT_COUNT, "10",
	  "dirty pages that start the flusher, percent of free and file pages; for a memcg the "
	  "mean of this and 20, or 15 if this is 20 or more",
	  1, 100, .unit = "percent", FIELD(dirty_background_ratio) },
	{ "dirty_expire_ms", OPT_COUNT, "30000", "age at which dirty pages are written back", 1,
	  UINT32_MAX, FIELD(dirty_expire_ms) },
	{ "dirty_writeback_ms", OPT_COUNT, "5000", "interval of the flusher", 1, UINT32_MAX,
	  FIELD(dirty_writeback_ms) },
	{ NULL },
};

void machine_init(struct machine *m)
{
	*m = (struct machine){ .name = "default" };
	options_store_defaults(machine_keys, m);
}

/* The last limit that is set replaces an earlier one of either kind. machine_resolve()
 * converts shares. */
static void set_limit(struct machine *m, bool memcg, const union option_value *v)
{
	m->memory_pages = memcg ? 0 : v->size.n;
	m->memory_share = memcg ? 0 : v->size.share;
	m->memcg_pages = memcg ? v->size.n : 0;
	m->memcg_share = memcg ? v->size.share : 0;
}

int machine_set(struct machine *m, const char *key, const char *value, struct err *err)
{
	const struct option *o = option_find(machine_keys, key, strlen(key));
	union option_value v;
	int ret;

	if (!o)
		return option_unknown(machine_keys, "", "machine key", key, err);
	ret = option_parse(o, "machine key ", value, &v, err);
	if (ret)
		return ret;
	if (o->type == OPT_SIZE)
		set_limit(m, o->offset == offsetof(struct machine, memcg_pages), &v);
	else
		option_store(o, &v, m);
	return 0;
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

int machine_from_keys(struct machine *m, const struct keyfile *k, struct err *err)
{
	g_autofree char *name = keyfile_name(k->path);

	g_strlcpy(m->name, name, sizeof(m->name));
	/* the name is printed */
	for (char *c = m->name; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	if (!k->entries->len)
		return err_at(err, -EINVAL, k->path, 0, "no group [machine], or no keys in it");
	for (guint i = 0; i < k->entries->len; i++) {
		const struct keyfile_entry *e = &g_array_index(k->entries, struct keyfile_entry, i);
		struct err why;

		if (strcmp(e->group, "machine"))
			return err_at(err, -EINVAL, k->path, e->line,
				      "unknown group [%s], expected [machine]", e->group);
		if (machine_set(m, e->key, e->value, &why))
			return err_at(err, -EINVAL, k->path, e->line, "%s", why.msg);
	}
	return 0;
}

int machine_from_file(struct machine *m, const char *path, struct err *err)
{
	struct keyfile k;
	int ret = keyfile_load(&k, path, err);

	if (!ret) {
		ret = machine_from_keys(m, &k, err);
		keyfile_clear(&k);
	}
	return ret;
}

int machine_resolve(struct machine *m, uint64_t peak_pages, struct err *err)
{
	/* reclaim frees 32 pages at a time, and each per-CPU batch can hold 31 */
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
	if (m->memcg2_pages && m->memcg2_pages < least)
		return err_set(
			err, -EINVAL,
			"memcg2_pages is %llu pages, expected 0 or at least %llu: the per-CPU "
			"batches of %u cpus and one reclaim cluster must fit",
			(unsigned long long)m->memcg2_pages, (unsigned long long)least, m->cpus);
	return 0;
}
