// SPDX-License-Identifier: GPL-2.0-only
/* Can a trace be played here? Each refusal names what is missing and the cure. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sim/lab/config.h"
#include "sim/lab/play.h"

#define PAGE 4096

/* What stays free: a twentieth, and at least that. */
#define MARGIN_PAGES (64u << 20 >> 12)

static uint64_t margin(uint64_t pages)
{
	return MAX(pages / 20, MARGIN_PAGES);
}

/* A row of /proc/meminfo in pages; 0: there is none */
static uint64_t meminfo(const char *name)
{
	return proc_kb("/proc/meminfo", name) / (PAGE / 1024);
}

static int check_memory(const struct play_spec *s, struct err *err)
{
	const uint64_t need = s->memcg_pages + s->memcg2_pages;
	const uint64_t available = meminfo("MemAvailable:"), rest = margin(meminfo("MemTotal:"));

	if (!s->memcg_pages)
		return err_set(
			err, -EINVAL,
			"%s: the trace has no memcg limit, and all of this machine's memory is not "
			"its own: give one with --memory, such as 50%%",
			s->trace->path);
	if (need + rest > available)
		return err_set(err, -EINVAL,
			       "%s: needs %" PRIu64 " pages of memory, of which %" PRIu64
			       " are available, and %" PRIu64
			       " shall stay free: take less with --memory",
			       s->trace->path, need, available, rest);
	if (s->swap_pages > meminfo("SwapFree:"))
		return err_set(err, -EINVAL,
			       "%s: needs %" PRIu64 " pages of swap, here are %" PRIu64
			       ": turn swap on, or play without, --set swap_pages=0",
			       s->trace->path, s->swap_pages, meminfo("SwapFree:"));
	return 0;
}

static int check_disk(const struct play_spec *s, const struct play_room *r, struct err *err)
{
	uint64_t need = 0, rest, free;
	struct statvfs vfs;
	struct statfs fs;

	if (statvfs(r->dir, &vfs) || statfs(r->dir, &fs))
		return err_set(err, -EINVAL, "%s: %s", r->dir, g_strerror(errno));
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
		return err_set(err, -EINVAL,
			       "%s: its files are in memory, and never read again: choose a folder "
			       "on a disk with --dir",
			       r->dir);
	for (uint32_t i = 0; i < s->trace->nr_files; i++)
		if (!s->trace->files[i].shmem)
			need += s->trace->files[i].pages;
	rest = margin(vfs.f_blocks * vfs.f_frsize / PAGE);
	free = vfs.f_bavail * vfs.f_frsize / PAGE;
	if (need + rest > free)
		return err_set(err, -EINVAL,
			       "%s: the files of the trace need %" PRIu64
			       " pages of disk, of which %" PRIu64 " are free, and %" PRIu64
			       " shall stay so: choose another folder with --dir",
			       r->dir, need, free, rest);
	return 0;
}

/* Who may see which folio a page is in? */
static bool pagemap_has_numbers(void)
{
	const uintptr_t here = (uintptr_t)&meminfo / PAGE;
	uint64_t word = 0;
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const ssize_t n = pread(fd, &word, sizeof(word), (off_t)(here * sizeof(word)));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)sizeof(word) && word & ((1ULL << 55) - 1);
}

static int check_policy(const struct play_policy *p, struct err *err)
{
	if (p->looks && !pagemap_has_numbers())
		return err_set(
			err, -EINVAL,
			"policy %s: only root (CAP_SYS_ADMIN) sees in /proc/PID/pagemap who else "
			"maps a folio",
			p->name);
	if (p->advises && geteuid())
		return err_set(
			err, -EINVAL,
			"policy %s: process_madvise() of another needs root (CAP_SYS_NICE, and "
			"SCHED_FIFO to keep the victim from ending meanwhile)",
			p->name);
	return 0;
}

static bool has_mrelease(void)
{
	return !syscall(SYS_process_mrelease, -1, 0) || errno != ENOSYS;
}

/* Operations that change more than is ours, or need a patch. */
static int check_ops(const struct play_spec *s, const struct play_room *r, struct err *err)
{
	struct trace_iter it;
	struct op op;

	trace_iter_init(&it, s->trace);
	while (trace_iter_next(&it, &op, NULL) > 0) {
		const char *why = NULL;

		if (op.code == OP_OOM && s->ends_as == OP_NONE)
			why = "oom: the OOM reaper cannot be asked for here: --ends-as mrelease";
		else if (op.code == OP_FORK_FAIL)
			why = "fork_fail: needs vm.overcommit_memory, which is everybody's";
		else if (op.code == OP_MEMORY_RECLAIM && r->version == 1)
			why = "memory_reclaim: cgroup v1 has no memory.reclaim";
		if (why)
			return err_set(err, -EINVAL, "%s: record %" PRIu64 ": %s", s->trace->path,
				       it.at, why);
	}
	return 0;
}

int play_check(const struct play_spec *s, const struct play_room *r, struct err *err)
{
	int ret = 0;

	if (!has_mrelease())
		return err_set(
			err, -EINVAL,
			"this kernel has no process_mrelease(): Linux 5.15 or later is needed");
	if (access(s->player, X_OK))
		return err_set(err, -EINVAL,
			       "%s: no such program: the player is built for x86-64 only",
			       s->player);
	for (guint i = 0; i < s->policies->len && !ret; i++)
		ret = check_policy(play_policy_find(s->policies->pdata[i]), err);
	if (!ret)
		ret = check_ops(s, r, err);
	if (!ret)
		ret = check_memory(s, err);
	if (!ret)
		ret = check_disk(s, r, err);
	return ret;
}
