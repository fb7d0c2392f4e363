/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory cgroup that this process is in. */
#ifndef REAPSIM_CGROUP_H
#define REAPSIM_CGROUP_H

#include <stdbool.h>

/** struct cgroup_hierarchy - of cgroups: where it is mounted, and its version, 1 or 2. */
struct cgroup_hierarchy {
	char *mount; /* g_free() it */
	unsigned int version;
};

/** The one that has the memory controller. Return: false if none is mounted. */
bool cgroup_hierarchy_find(struct cgroup_hierarchy *h);
/** The folder of the cgroup that this process is in; NULL: unknown. g_free() it. */
char *cgroup_own(const struct cgroup_hierarchy *h);
/** Does the file @name of the cgroup @dir have this word? */
bool cgroup_file_has_word(const char *dir, const char *name, const char *word);
/** Has that cgroup a limit of memory, or one above it? A namespace hides what is above it. */
bool cgroup_limits_memory(void);

/** The lines of a file; NULL: it cannot be read. g_strfreev() them. */
char **file_lines(const char *path);

#endif
