// SPDX-License-Identifier: GPL-2.0-only
/* The cgroups of the trace: their directories, limits, and who is in them. */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *cgroup_top(void)
{
	return guest.opt.cgroup ? guest.opt.cgroup : "/sys/fs/cgroup/trace";
}

static bool is_v1(void)
{
	return guest.opt.cgroup_version == 1;
}

const char *cgroup_file(const char *name)
{
	static const char *const names[][2] = {
		{ "memory.max", "memory.limit_in_bytes" },
		{ "memory.current", "memory.usage_in_bytes" },
		/* of memory and swap together */
		{ "memory.swap.max", "memory.memsw.limit_in_bytes" },
	};

	for (size_t i = 0; is_v1() && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	return name;
}

const char *cgroup_dir(unsigned int cgroup)
{
	static char path[CGROUPS][PATH_MAX];
	const struct machine *m = &guest.machine;

	if (!m->memcg_pages || cgroup >= CGROUPS || (cgroup && !m->memcg2_pages))
		return NULL;
	if (!m->memcg2_pages)
		return cgroup_top();
	snprintf(path[cgroup], sizeof(path[0]), "%s/%u", cgroup_top(), cgroup);
	return path[cgroup];
}

static void set_limit(const char *dir, const char *name, uint64_t pages)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, cgroup_file(name));
	/* without swap accounting */
	if (guest.opt.host && access(path, F_OK) && !pages)
		return;
	must_put(path, pages * PAGE_SIZE);
}

void cgroup_setup(void)
{
	const struct machine *m = &guest.machine;
	char path[PATH_MAX];

	if (!m->memcg_pages)
		return;
	if (!guest.opt.host &&
	    (put("/sys/fs/cgroup/cgroup.subtree_control", "+memory") || mkdir(cgroup_top(), 0755)))
		run_failed("no memory controller: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", cgroup_top());
	if (m->memcg2_pages && !is_v1() && put(path, "+memory"))
		run_failed("no memory controller in %s", cgroup_top());
	for (unsigned int i = 0; i < CGROUPS; i++) {
		const char *dir = cgroup_dir(i);
		const uint64_t pages = i ? m->memcg2_pages : m->memcg_pages;

		if (!dir)
			continue;
		if (mkdir(dir, 0755) && errno != EEXIST)
			run_failed("%s: %s", dir, strerror(errno));
		set_limit(dir, "memory.max", pages);
		set_limit(dir, "memory.swap.max", is_v1() ? pages + m->swap_pages : m->swap_pages);
		snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
		guest.cgroup_fd[i] = is_v1() ? open(path, O_WRONLY | O_CLOEXEC)
					     : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (guest.cgroup_fd[i] < 0)
			run_failed("%s: %s", dir, strerror(errno));
	}
}

long cgroup_clone(struct clone_args *args, unsigned int cgroup, uint32_t slot, uint32_t serial)
{
	const int fd = guest.cgroup_fd[cgroup];

	if (fd >= 0 && !is_v1()) {
		args->flags |= CLONE_INTO_CGROUP;
		args->cgroup = (uint64_t)fd;
	}
	return child_clone(args, slot, serial, is_v1() ? fd : -1);
}

/* The directory of the cgroup that a field names; the first if there is no such field. */
static const char *cgroup_field(const struct trace *t, unsigned int field)
{
	const char *dir = cgroup_dir(
		t->nr_fields > field ? (unsigned int)trace_number(t, field, CGROUPS - 1) : 0);

	if (!dir)
		bad_input("trace line %u: %s in a run without that cgroup", t->line, t->field[0]);
	return dir;
}

/* The trace's limits are those of its own cgroup; another size was asked for: in proportion. */
void cgroup_memory_max(const struct trace *t)
{
	uint64_t pages = trace_number(t, 1, UINT32_MAX);
	const char *dir = cgroup_field(t, 2);
	char path[PATH_MAX];

	if (guest.trace_memcg_pages && dir == cgroup_dir(0))
		pages = pages * guest.machine.memcg_pages / guest.trace_memcg_pages;
	move_to(0);
	snprintf(path, sizeof(path), "%s/%s", dir, cgroup_file("memory.max"));
	must_put(path, (pages ? pages : 1) * PAGE_SIZE);
}

/* It may free less than that: -EAGAIN. */
void cgroup_memory_reclaim(const struct trace *t)
{
	const uint64_t pages = trace_number(t, 1, UINT32_MAX);
	char path[PATH_MAX];
	int ret;

	if (is_v1())
		bad_input("trace line %u: memory_reclaim: cgroup v1 has no memory.reclaim",
			  t->line);
	snprintf(path, sizeof(path), "%s/memory.reclaim", cgroup_field(t, 3));
	move_to(0);
	if (t->nr_fields > 2)
		ret = put(path, "%llu swappiness=%s", (unsigned long long)(pages * PAGE_SIZE),
			  t->field[2]);
	else
		ret = put(path, "%llu", (unsigned long long)(pages * PAGE_SIZE));
	if (ret && ret != -EAGAIN)
		run_failed("trace line %u: memory.reclaim: %s", t->line, strerror(-ret));
}

unsigned int cgroup_attach(const struct trace *t, pid_t pid)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_field(t, 2));
	ret = put(path, "%d", pid);
	if (ret)
		run_failed("trace line %u: %s: %s", t->line, path, strerror(-ret));
	return (unsigned int)trace_number(t, 2, CGROUPS - 1);
}
