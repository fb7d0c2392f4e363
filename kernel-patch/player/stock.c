// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that is not ours: the modules that it needs, what a run changes of its
 * settings, and two policies that it can be made to follow.
 *
 * skip: a mapping that has MADV_RANDOM when it is unmapped leaves no marks
 * (vma_has_recency()). The victim gives that advice just before it is killed, for
 * each stretch of its file mappings that holds no page which another maps too. Where
 * there are such pages between, that cuts the mapping into several.
 *
 * evict: POSIX_FADV_DONTNEED after the death, for the pages that it alone had
 * mapped. The kernel drops what is clean and unmapped, as the series does.
 *
 * What they can not stand for:
 * - Who else maps a page is asked a moment before the death, by /proc/PID/pagemap,
 *   page by page; the policies ask folio_maybe_mapped_shared(), which for a large
 *   folio is an estimate, and one answer for all of its pages. Here a large folio of
 *   which a part is shared is marked once for each stretch of shared pages.
 * - What a mapping that is cut takes of kernel memory is charged to the victim's
 *   cgroup: about a page for each 16 pieces.
 * - Deaths that reap nothing (exit, kill) are left as they are, as under v1.
 * - POSIX_FADV_DONTNEED drains the batches of all CPUs, so a page that waits in one
 *   is dropped, which the series can not do; it starts to write dirty pages back;
 *   of a large folio it drops all or nothing, by the range it is given.
 * - What any of this costs.
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- modules ---- */

/* "/modules/00", "/modules/01", ... in the order to load; their memory is given back */
void stock_modules(void)
{
	char path[24];

	for (int i = 0;; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%02d", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			bad_input("this kernel refuses its module number %d: %s", i,
				  strerror(errno));
		close(fd);
		unlink(path);
	}
}

/* ---- settings ---- */

#define THP	   "/sys/kernel/mm/transparent_hugepage/enabled"
#define DAMON_STAT "/sys/module/damon_stat/parameters/enabled"
#define LRU_GEN	   "/sys/kernel/mm/lru_gen/enabled"

static bool skips, evicts;

/* "always [madvise] never" */
static bool is_chosen(const char *text, const char *word)
{
	const char *at = text ? strchr(text, '[') : NULL;
	const size_t len = strlen(word);

	return at && !strncmp(at + 1, word, len) && at[1 + len] == ']';
}

static void set_thp(const char *mode)
{
	if (access(THP, F_OK) && !strcmp(mode, "never"))
		return;
	put(THP, "%s", mode);
	if (!is_chosen(get(THP), mode))
		bad_input("this kernel refuses thp=%s", mode);
}

static void set_damon_stat(bool on)
{
	const char *is;

	if (access(DAMON_STAT, F_OK) && !on)
		return;
	put(DAMON_STAT, on ? "Y" : "N");
	is = get(DAMON_STAT);
	if (!is || (*is == 'Y') != on)
		bad_input("this kernel refuses damon_stat=%d", on);
}

void stock_setup(void)
{
	const struct options *o = &guest.opt;

	if (!o->stock)
		return;
	skips = !strncmp(o->policy, "skip", 4);
	evicts = !strcmp(o->policy, "evict") || !strcmp(o->policy, "skip+evict");
	if (o->thp)
		set_thp(o->thp);
	if (o->damon_stat)
		set_damon_stat(atoi(o->damon_stat));
}

/* ---- folios ---- */

#define PROBE_PAGES 256u

static bool has_large;

/* Are folios that readahead makes of the largest file large? Nothing stays cached. */
static bool probe_large(void)
{
	const char *ra = "/sys/block/vda/queue/read_ahead_kb";
	static char buf[PAGE_SIZE];
	uint32_t file = guest.nr_files;
	char path[24];
	uint64_t pages;
	bool large;
	int fd;

	for (uint32_t i = 0; i < guest.nr_files; i++)
		if (!guest.files[i].shmem &&
		    (file == guest.nr_files || guest.files[i].pages > guest.files[file].pages))
			file = i;
	if (file == guest.nr_files)
		return false;
	pages = guest.files[file].pages < PROBE_PAGES ? guest.files[file].pages : PROBE_PAGES;
	must_put(ra, 128);
	file_path(path, false, file);
	/* a descriptor keeps the window of the time when it was opened */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (uint64_t i = 0; i < pages; i++)
		if (pread(fd, buf, PAGE_SIZE, (off_t)(i * PAGE_SIZE)) < 0)
			run_failed("%s: %s", path, strerror(errno));
	close(fd);
	large = pages_large(file, pages);
	must_put(ra, guest.machine.readahead_pages * 4);
	must_put("/proc/sys/vm/drop_caches", 1);
	return large;
}

void stock_folios(void)
{
	const char *want = guest.opt.folios;

	if (!guest.opt.stock)
		return;
	has_large = probe_large();
	if (want && !strcmp(want, has_large ? "small" : "large"))
		bad_input("folios=%s: this kernel has %s ones on ext4", want,
			  has_large ? "large" : "only small");
}

/* ---- provenance ---- */

/* The first word, or the one in brackets; @none if there is no such file. */
static const char *word_of(const char *path, const char *none)
{
	char *text = get(path), *chosen;

	if (!text)
		return none;
	chosen = strchr(text, '[');
	if (chosen)
		text = chosen + 1;
	text[strcspn(text, "] \n")] = '\0';
	return text;
}

void stock_info(void)
{
	static const struct {
		const char *name, *path;
	} settings[] = {
		{ "thp", THP },
		{ "damon_stat", DAMON_STAT },
		{ "lru_gen", LRU_GEN },
		{ "readahead_kb", "/sys/block/vda/queue/read_ahead_kb" },
		{ "max_sectors_kb", "/sys/block/vda/queue/max_sectors_kb" },
		{ "boost", "/proc/sys/vm/watermark_boost_factor" },
		{ "swappiness", "/proc/sys/vm/swappiness" },
		{ "min_free_kbytes", "/proc/sys/vm/min_free_kbytes" },
		{ "watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor" },
		{ "fault_around_bytes", "/sys/kernel/debug/fault_around_bytes" },
	};
	const char *cmdline = get("/proc/cmdline");
	const bool nokmem = cmdline && strstr(cmdline, "cgroup.memory=nokmem");

	result("I settings fs=ext4 kmem=%d", !nokmem);
	if (guest.opt.stock)
		result(" folios=%s", has_large ? "large" : "small");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		result(" %s=%s", settings[i].name, word_of(settings[i].path, "none"));
	result("\n");
}

/* ---- policies ---- */

static uint64_t skipped_pages, nr_advised, evict_pages;

/* pages of the victim's to be dropped when it is gone */
#define MAX_RUNS (1u << 16)
static struct {
	uint32_t file, first, count;
} runs[MAX_RUNS];
static uint32_t nr_runs;

static void add_run(uint32_t file, uint64_t page)
{
	if (nr_runs && runs[nr_runs - 1].file == file &&
	    runs[nr_runs - 1].first + runs[nr_runs - 1].count == page) {
		runs[nr_runs - 1].count++;
		return;
	}
	if (nr_runs == MAX_RUNS)
		run_failed("evict: more than %u runs of pages", MAX_RUNS);
	runs[nr_runs].file = file;
	runs[nr_runs].first = (uint32_t)page;
	runs[nr_runs++].count = 1;
}

#define PM_PRESENT   (1ull << 63)
#define PM_FILE	     (1ull << 61)
#define PM_EXCLUSIVE (1ull << 56)

struct mapping {
	uint64_t at, pages, off;
	uint32_t file;
	bool shmem;
};

struct victim {
	int pagemap;
	void (*advise)(uint64_t at, uint64_t pages, void *arg);
	void *arg;
};

/* Pages @first to @end of a mapping, of which none is another's too. */
static void own_pages(const struct victim *v, const struct mapping *m, uint64_t first, uint64_t end,
		      uint64_t present)
{
	if (!skips || !present)
		return;
	skipped_pages += present;
	nr_advised++;
	v->advise(m->at + first * PAGE_SIZE, end - first, v->arg);
}

/* Its stretches that the victim alone maps, between pages that others map as well. */
static void prepare(const struct mapping *m, void *arg)
{
	static uint64_t words[512];
	const size_t room = sizeof(words) / sizeof(words[0]);
	const struct victim *v = arg;
	uint64_t first = 0, present = 0;

	for (uint64_t page = 0; page < m->pages;) {
		const uint64_t n = m->pages - page < room ? m->pages - page : room;
		const uint64_t from = (m->at / PAGE_SIZE + page) * sizeof(words[0]);

		if (pread(v->pagemap, words, n * sizeof(words[0]), (off_t)from) !=
		    (ssize_t)(n * sizeof(words[0])))
			run_failed("/proc/PID/pagemap: %s", strerror(errno));
		for (uint64_t i = 0; i < n; i++, page++) {
			if (!(words[i] & PM_PRESENT) || !(words[i] & PM_FILE))
				continue;
			if (!(words[i] & PM_EXCLUSIVE)) {
				own_pages(v, m, first, page, present);
				first = page + 1;
				present = 0;
				continue;
			}
			present++;
			if (evicts && !m->shmem)
				add_run(m->file, m->off + page);
		}
	}
	own_pages(v, m, first, m->pages, present);
}

/* "FROM-TO PERM OFFSET DEV INODE PATH" of the trace's files */
static bool parse_mapping(const char *line, struct mapping *m)
{
	unsigned long long from, to, off;
	char where;

	if (sscanf(line, "%llx-%llx %*s %llx %*s %*u /%c/%u", &from, &to, &off, &where, &m->file) !=
		    5 ||
	    (where != 'd' && where != 't') || m->file >= guest.nr_files)
		return false;
	m->at = from;
	m->pages = (to - from) / PAGE_SIZE;
	m->off = off / PAGE_SIZE;
	m->shmem = where == 't';
	return true;
}

static void each_mapping(pid_t pid, void (*fn)(const struct mapping *m, void *arg), void *arg)
{
	static char text[16384];
	struct mapping m;
	size_t have = 0;
	ssize_t n;
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/maps", pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		run_failed("%s: %s", text, strerror(errno));
	while ((n = read(fd, text + have, sizeof(text) - 1 - have)) > 0) {
		char *line = text, *end;

		have += (size_t)n;
		text[have] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			if (parse_mapping(line, &m))
				fn(&m, arg);
		}
		have -= (size_t)(line - text);
		memmove(text, line, have);
	}
	close(fd);
}

void stock_victim(pid_t pid, void (*advise)(uint64_t at, uint64_t pages, void *arg), void *arg)
{
	struct victim v = { .advise = advise, .arg = arg };
	char path[32];

	nr_runs = 0;
	if (!skips && !evicts)
		return;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	v.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (v.pagemap < 0)
		run_failed("%s: %s", path, strerror(errno));
	each_mapping(pid, prepare, &v);
	close(v.pagemap);
}

void stock_buried(void)
{
	for (uint32_t i = 0; i < nr_runs; i++) {
		int ret = posix_fadvise(guest.files[runs[i].file].fd,
					(off_t)(runs[i].first * PAGE_SIZE),
					(off_t)(runs[i].count * PAGE_SIZE), POSIX_FADV_DONTNEED);

		if (ret)
			run_failed("posix_fadvise: %s", strerror(ret));
		evict_pages += runs[i].count;
	}
	nr_runs = 0;
}

void stock_counters(const char *mark, unsigned int number)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = { { "skipped_pages", skipped_pages },
			 { "advised", nr_advised },
			 { "evict_pages", evict_pages } };

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		result("M %s %u player.%s %llu\n", mark, number, counters[i].name,
		       (unsigned long long)counters[i].value);
}
