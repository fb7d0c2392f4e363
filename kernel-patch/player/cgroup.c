// SPDX-License-Identifier: GPL-2.0-only
/* The cgroups of the trace: their directories, limits, and who is in them. */
#define _GNU_SOURCE
#include "player.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *cgroup_dir(unsigned int cgroup)
{
	static const char *const children[CGROUPS] = { CGROUP "/0", CGROUP "/1" };
	const struct machine *m = &guest.machine;

	if (!m->memcg_pages || cgroup >= CGROUPS || (cgroup && !m->memcg2_pages))
		return NULL;
	return m->memcg2_pages ? children[cgroup] : CGROUP;
}

void cgroup_setup(void)
{
	const struct machine *m = &guest.machine;

	if (!m->memcg_pages)
		return;
	if (put("/sys/fs/cgroup/cgroup.subtree_control", "+memory") || mkdir(CGROUP, 0755))
		run_failed("no memory controller: %s", strerror(errno));
	if (m->memcg2_pages && put(CGROUP "/cgroup.subtree_control", "+memory"))
		run_failed("no memory controller in " CGROUP);
	for (unsigned int i = 0; i < CGROUPS; i++) {
		const char *dir = cgroup_dir(i);
		char path[64];

		if (!dir)
			continue;
		if (mkdir(dir, 0755) && errno != EEXIST)
			run_failed("%s: %s", dir, strerror(errno));
		snprintf(path, sizeof(path), "%s/memory.max", dir);
		must_put(path, (i ? m->memcg2_pages : m->memcg_pages) * PAGE_SIZE);
		snprintf(path, sizeof(path), "%s/memory.swap.max", dir);
		must_put(path, m->swap_pages * PAGE_SIZE);
		guest.cgroup_fd[i] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (guest.cgroup_fd[i] < 0)
			run_failed("%s: %s", dir, strerror(errno));
	}
}

/* The directory of the cgroup that a field names; the first if there is no such field. */
static const char *cgroup_field(const struct trace *t, unsigned int field)
{
	const char *dir = cgroup_dir(
		t->nr_fields > field ? (unsigned int)trace_number(t, field, CGROUPS - 1) : 0);

	if (!dir)
		bad_input("trace line %u: %s in a run without that cgroup", t->line,
			  t->field[0]);
	return dir;
}

/* The trace's limits are those of its own cgroup; another size was asked for: in proportion. */
void cgroup_memory_max(const struct trace *t)
{
	uint64_t pages = trace_number(t, 1, UINT32_MAX);
	const char *dir = cgroup_field(t, 2);
	char path[64];

	if (guest.trace_memcg_pages && dir == cgroup_dir(0))
		pages = pages * guest.machine.memcg_pages / guest.trace_memcg_pages;
	if (guest.machine.cpus > 1)
		pin(0);
	snprintf(path, sizeof(path), "%s/memory.max", dir);
	must_put(path, (pages ? pages : 1) * PAGE_SIZE);
}

/* It may free less than that: -EAGAIN. */
void cgroup_memory_reclaim(const struct trace *t)
{
	const uint64_t pages = trace_number(t, 1, UINT32_MAX);
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "%s/memory.reclaim", cgroup_field(t, 3));
	if (guest.machine.cpus > 1)
		pin(0);
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
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_field(t, 2));
	ret = put(path, "%d", pid);
	if (ret)
		run_failed("trace line %u: %s: %s", t->line, path, strerror(-ret));
	return (unsigned int)trace_number(t, 2, CGROUPS - 1);
}
