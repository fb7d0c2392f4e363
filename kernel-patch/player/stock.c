// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kernel that is not ours: the modules that it needs, what a run changes of its
 * settings, and the policies that it can be made to follow.
 *
 * skip: a mapping that has MADV_RANDOM when it is unmapped leaves no marks
 * (vma_has_recency()). The victim gives that advice just before it is killed, for
 * each stretch of its file mappings that holds no folio which another maps too. Where
 * there are such pages between, that cuts the mapping into several.
 *
 * evict: POSIX_FADV_DONTNEED after the death, for the folios that it alone had
 * mapped. The kernel drops what is clean and unmapped, as the series does.
 *
 * cold-first, pageout-first: process_madvise() of the victim's file mappings between the
 * SIGKILL and process_mrelease(). The player runs as SCHED_FIFO on the victim's CPU, and
 * nothing throttles it, so the victim can not exit in between. dontneed-after: POSIX_FADV_DONTNEED
 * of all that it had mapped of files, after its death. These three are what a killer can really do.
 *
 * What skip and evict can not stand for:
 * - Who else maps a folio is asked a moment before the death, and counted. The policies
 *   ask folio_maybe_mapped_shared(), which for a large folio is an estimate: one that
 *   three mapped counts as shared when the third is alone. Here it does not.
 * - What becomes exclusive while the victim is unmapped is marked here, not under v1.
 * - What a mapping that is cut takes of kernel memory is charged to the victim's
 *   cgroup: about a page for each 16 pieces.
 * - Deaths that reap nothing (exit, kill) are left as they are, as under v1.
 * - POSIX_FADV_DONTNEED drains the batches of all CPUs, so a page that waits in one
 *   is dropped, which the series can not do; it starts to write dirty pages back;
 *   of a large folio it drops all or nothing, by the range it is given.
 * - What any of this costs. To ask who maps a folio brings the victim's page tables and folios
 *   into the CPU's caches, after which its death takes less. So where times are compared, all
 *   policies ask (player.look=1).
 */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

static bool skips, evicts, drops;
static int advice; /* 0: none */

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
	drops = !strcmp(o->policy, "dontneed-after");
	if (!strcmp(o->policy, "cold-first"))
		advice = MADV_COLD;
	else if (!strcmp(o->policy, "pageout-first"))
		advice = MADV_PAGEOUT;
	/* else a long advice would let the victim run after 0.95 s */
	if (advice && !o->host)
		put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	if (o->thp)
		set_thp(o->thp);
	if (o->damon_stat)
		set_damon_stat(atoi(o->damon_stat));
}

bool stock_advises(void)
{
	return advice != 0;
}

/* The monitor tunes its interval, so how often it samples depends on how long it has run. */
void stock_monitor(void)
{
	if (!guest.opt.damon_stat || !atoi(guest.opt.damon_stat))
		return;
	set_damon_stat(false);
	set_damon_stat(true);
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
		    (file == guest.nr_files || guest.files[i].size > guest.files[file].size))
			file = i;
	if (file == guest.nr_files)
		return false;
	pages = guest.files[file].size < PROBE_PAGES ? guest.files[file].size : PROBE_PAGES;
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
		bad_input("folios=%s: this kernel has %s ones on %s", want,
			  has_large ? "large" : "only small", guest.opt.fs);
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

/* The range of memory that DAMON_STAT monitors, in pages; 0: not known. */
static uint64_t ram_pages(void)
{
	unsigned long long from, to, first = 0, last = 0;
	char *text = get("/proc/iomem"), *save = NULL, what[16];

	for (char *s = text ? strtok_r(text, "\n", &save) : NULL; s;
	     s = strtok_r(NULL, "\n", &save)) {
		if (sscanf(s, "%llx-%llx : %15[^\n]", &from, &to, what) != 3 ||
		    strcmp(what, "System RAM"))
			continue;
		if (!last)
			first = from;
		last = to + 1;
	}
	return (last - first) / PAGE_SIZE;
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

	result("I settings fs=%s kmem=%d", guest.opt.fs, !nokmem);
	if (guest.opt.align && guest.knobs)
		result(" snapshot_ms=%d", SNAPSHOT_MS);
	if (guest.opt.stock)
		result(" folios=%s", has_large ? "large" : "small");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		result(" %s=%s", settings[i].name, word_of(settings[i].path, "none"));
	result(" ram_pages=%llu\n", (unsigned long long)ram_pages());
}

/* ---- policies ---- */

static uint64_t skipped_pages, nr_advised, evict_pages;

/* pages of the victim's to be dropped when it is gone */
#define MAX_RUNS (1u << 16)
static struct run {
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

#define PM_PRESENT (1ull << 63)
#define PM_FILE	   (1ull << 61)
#define PM_PFN	   ((1ull << 55) - 1)
/* of linux/kernel-page-flags.h */
#define KPF_HEAD (1ull << 15)
#define KPF_TAIL (1ull << 16)

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

/* ---- who else maps a folio ---- */

/* where the victim's file pages are, in order: one for each entry of its page tables */
#define MAX_PFNS (1u << 18)
static uint64_t pfns[MAX_PFNS];
static uint32_t nr_pfns;

/* the folio that was asked for last */
static struct {
	uint64_t head, pages;
	bool shared;
} last;

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* how many of the victim's are below @pfn */
static uint32_t pfns_below(uint64_t pfn)
{
	uint32_t low = 0, high = nr_pfns;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;

		if (pfns[mid] < pfn)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* one word of what the kernel tells of pages; 0 past the end of memory */
static uint64_t page_word(const char *path, int *fd, uint64_t pfn)
{
	uint64_t word;

	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		run_failed("%s: %s", path, strerror(errno));
	return pread(*fd, &word, sizeof(word), (off_t)(pfn * sizeof(word))) == sizeof(word) ? word
											    : 0;
}

static uint64_t page_flags(uint64_t pfn)
{
	static int fd = -1;

	return page_word("/proc/kpageflags", &fd, pfn);
}

static uint64_t page_count(uint64_t pfn)
{
	static int fd = -1;

	return page_word("/proc/kpagecount", &fd, pfn);
}

/*
 * Has the folio more entries than the victim has of it? Of a small one, any second
 * entry counts, as it does for folio_maybe_mapped_shared().
 */
static bool is_shared(uint64_t pfn)
{
	uint64_t mapped = 0;

	if (last.pages && pfn >= last.head && pfn < last.head + last.pages)
		return last.shared;
	last.head = pfn;
	last.pages = 1;
	if (!(page_flags(pfn) & (KPF_HEAD | KPF_TAIL)))
		return last.shared = page_count(pfn) > 1;
	while (!(page_flags(last.head) & KPF_HEAD))
		last.head--;
	for (last.pages = 1; page_flags(last.head + last.pages) & KPF_TAIL;)
		last.pages++;
	for (uint64_t i = 0; i < last.pages; i++)
		mapped += page_count(last.head + i);
	return last.shared = mapped > pfns_below(last.head + last.pages) - pfns_below(last.head);
}

/* ---- what is the victim's alone ---- */

static uint64_t pagemap_words(const struct victim *v, const struct mapping *m, uint64_t page,
			      const uint64_t **words)
{
	static uint64_t room[512];
	const uint64_t most = sizeof(room) / sizeof(room[0]);
	const uint64_t n = m->pages - page < most ? m->pages - page : most;
	const size_t len = n * sizeof(room[0]);

	if (pread(v->pagemap, room, len, (off_t)((m->at / PAGE_SIZE + page) * sizeof(room[0]))) !=
	    (ssize_t)len)
		run_failed("/proc/PID/pagemap: %s", strerror(errno));
	*words = room;
	return n;
}

static bool is_file_page(uint64_t word)
{
	return word & PM_PRESENT && word & PM_FILE;
}

static void add_pfns(const struct mapping *m, void *arg)
{
	const uint64_t *words;
	uint64_t n;

	for (uint64_t page = 0; page < m->pages; page += n) {
		n = pagemap_words(arg, m, page, &words);
		for (uint64_t i = 0; i < n; i++) {
			if (!is_file_page(words[i]))
				continue;
			if (nr_pfns == MAX_PFNS)
				run_failed("a victim of more than %u file pages", MAX_PFNS);
			pfns[nr_pfns++] = words[i] & PM_PFN;
		}
	}
}

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

/* Its stretches of folios that the victim alone maps, between those that others map as well. */
static void prepare(const struct mapping *m, void *arg)
{
	const struct victim *v = arg;
	uint64_t first = 0, present = 0, n;
	const uint64_t *words;

	for (uint64_t start = 0; start < m->pages; start += n) {
		n = pagemap_words(v, m, start, &words);
		for (uint64_t i = 0; i < n; i++) {
			const uint64_t page = start + i;

			if (!is_file_page(words[i]))
				continue;
			if (is_shared(words[i] & PM_PFN)) {
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

/* "FROM-TO PERM OFFSET DEV INODE PATH" of the trace's files, which are in our folder; a host's
 * shmem has no other name than host.c gave it */
static bool parse_mapping(const char *line, struct mapping *m)
{
	static char folder[PATH_MAX];
	unsigned long long from, to, off;
	const char *path = strchr(line, '/');
	char where;

	if (!*folder && !getcwd(folder, sizeof(folder)))
		run_failed("the current folder: %s", strerror(errno));
	if (!path || sscanf(line, "%llx-%llx %*s %llx", &from, &to, &off) != 3)
		return false;
	if (!strncmp(path, HOST_SHMEM, strlen(HOST_SHMEM)))
		path += strlen(HOST_SHMEM);
	else if (!strncmp(path, folder, strlen(folder)))
		path += strlen(folder) + (strlen(folder) > 1);
	else
		return false;
	if (sscanf(path, "%c/%u", &where, &m->file) != 2 || (where != 'd' && where != 't') ||
	    m->file >= guest.nr_files)
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

/* ---- what a killer can do ---- */

static struct iovec vecs[1024];
static unsigned int nr_vecs;

static void add_vec(const struct mapping *m, void *arg)
{
	(void)arg;
	if (drops && !m->shmem) {
		if (nr_runs == MAX_RUNS)
			run_failed("dontneed-after: more than %u mappings", MAX_RUNS);
		runs[nr_runs].file = m->file;
		runs[nr_runs].first = (uint32_t)m->off;
		runs[nr_runs++].count = (uint32_t)m->pages;
	}
	if (!advice)
		return;
	if (nr_vecs == sizeof(vecs) / sizeof(vecs[0]))
		run_failed("more than %u mappings to advise", nr_vecs);
	vecs[nr_vecs].iov_base = (void *)m->at;
	vecs[nr_vecs++].iov_len = m->pages * PAGE_SIZE;
}

void stock_killed(int pidfd)
{
	uint64_t want = 0;
	ssize_t done;

	for (unsigned int i = 0; i < nr_vecs; i++)
		want += vecs[i].iov_len;
	if (!want)
		return;
	done = syscall(SYS_process_madvise, pidfd, vecs, nr_vecs, advice, 0);
	if (done != (ssize_t)want)
		run_failed("process_madvise: %zd of %llu bytes: %s", done, (unsigned long long)want,
			   done < 0 ? strerror(errno) : "the rest was refused");
}

void stock_victim(pid_t pid, void (*advise)(uint64_t at, uint64_t pages, void *arg), void *arg)
{
	struct victim v = { .advise = advise, .arg = arg };
	char path[32];

	nr_runs = nr_vecs = 0;
	if (advice || drops)
		each_mapping(pid, add_vec, NULL);
	if (!skips && !evicts && !guest.opt.look)
		return;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	v.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (v.pagemap < 0)
		run_failed("%s: %s", path, strerror(errno));
	nr_pfns = 0;
	last.pages = 0;
	each_mapping(pid, add_pfns, &v);
	qsort(pfns, nr_pfns, sizeof(pfns[0]), by_number);
	each_mapping(pid, prepare, &v);
	close(v.pagemap);
}

static int by_place(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* Runs that lie side by side in a file become one: a folio may be mapped in parts. */
static void join_runs(void)
{
	const uint32_t nr = nr_runs;

	qsort(runs, nr_runs, sizeof(runs[0]), by_place);
	nr_runs = 0;
	for (uint32_t i = 0; i < nr; i++) {
		struct run *before = nr_runs ? &runs[nr_runs - 1] : NULL;

		if (before && before->file == runs[i].file &&
		    before->first + before->count == runs[i].first)
			before->count += runs[i].count;
		else
			runs[nr_runs++] = runs[i];
	}
}

void stock_buried(void)
{
	/* a killer does not know what the mappings have to do with each other */
	if (!drops)
		join_runs();
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
