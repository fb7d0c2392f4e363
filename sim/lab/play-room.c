// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a trace is played: a folder "reapsim-play" and a memory cgroup "reapsim-play-...".
 *
 * The folder is locked while it is used. Its file "owner" has the path of the cgroup, and is
 * there before the cgroup is. So a call that finds the folder unlocked knows that its owner was
 * killed, and what it has left. It removes what the player makes there, by name, and nothing
 * else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sim/lab/cgroup.h"
#include "sim/lab/play.h"

#define FOLDER	"reapsim-play"
#define CGROUP	"reapsim-play-"
#define OWNER	"owner"
#define OWNER_1 "reapsim play\n"

/* Cgroups */

static int no_cgroup(const char *where, struct err *err)
{
	return err_set(
		err, -EINVAL,
		"%s: no cgroup can be made there (%s): run as root, or name one that you may "
		"use with --cgroup",
		where, g_strerror(errno));
}

static char *find_parent(const struct cgroup_hierarchy *h, struct err *err)
{
	g_autofree char *dir = cgroup_own(h);
	const size_t top = strlen(h->mount);

	while (dir) {
		g_autofree char *above = NULL;

		if (h->version == 1 ||
		    cgroup_file_has_word(dir, "cgroup.subtree_control", "memory")) {
			if (access(dir, W_OK)) {
				no_cgroup(dir, err);
				return NULL;
			}
			return g_steal_pointer(&dir);
		}
		if (strlen(dir) <= top)
			break;
		above = g_path_get_dirname(dir);
		g_free(dir);
		dir = g_steal_pointer(&above);
	}
	err_set(err, -EINVAL,
		"no cgroup from ours up to %s gives its children the memory controller: as root, "
		"echo +memory >%s/cgroup.subtree_control",
		h->mount, h->mount);
	return NULL;
}

/* The path of a new cgroup. */
static int choose_cgroup(struct play_room *r, const char *parent, struct err *err)
{
	struct cgroup_hierarchy h = { 0 };
	g_autofree char *dir = NULL;
	struct statfs fs;

	if (parent) {
		if (!g_file_test(parent, G_FILE_TEST_IS_DIR) || statfs(parent, &fs))
			return err_set(err, -EINVAL, "--cgroup %s: no such folder", parent);
		dir = g_canonicalize_filename(parent, NULL);
		r->version = fs.f_type == CGROUP_SUPER_MAGIC ? 1 : 2;
	} else {
		if (!cgroup_hierarchy_find(&h))
			return err_set(err, -EINVAL,
				       "no memory controller is mounted, of cgroup v2 or v1");
		dir = find_parent(&h, err);
		r->version = h.version;
		g_free(h.mount);
		if (!dir)
			return -EINVAL;
	}
	r->cgroup = g_strdup_printf("%s/" CGROUP "%d", dir, getpid());
	return 0;
}

#define TRIES  500
#define TRY_US 10000

static void kill_all(const char *cgroup)
{
	g_autofree char *path = g_build_filename(cgroup, "cgroup.procs", NULL);
	g_auto(GStrv) pids = file_lines(path);

	for (guint i = 0; pids && pids[i]; i++)
		if (atoi(pids[i]) > 1)
			kill(atoi(pids[i]), SIGKILL);
}

/* With all that runs in it, which needs a moment to end. */
static void remove_cgroup(const char *cgroup)
{
	static const char *const children[] = { "/0", "/1", "" };

	for (int tries = 0; tries < TRIES && g_file_test(cgroup, G_FILE_TEST_IS_DIR); tries++) {
		if (tries)
			usleep(TRY_US);
		for (size_t i = 0; i < G_N_ELEMENTS(children); i++) {
			g_autofree char *dir = g_strconcat(cgroup, children[i], NULL);

			kill_all(dir);
			rmdir(dir);
		}
	}
}

int play_room_cgroup(struct play_room *r, struct err *err)
{
	if (!mkdir(r->cgroup, 0755))
		return 0;
	return no_cgroup(r->cgroup, err);
}

uint64_t play_room_oom_kills(const struct play_room *r)
{
	const char *name = r->version == 1 ? "memory.oom_control" : "memory.events";
	g_autofree char *path = g_build_filename(r->cgroup, name, NULL), *text = NULL;
	const char *at = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		at = strstr(text, "oom_kill ");
	return at ? g_ascii_strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

/* The folder */

/* Removes the files of @folder/@sub whose names are of @letters and a number. */
static void remove_numbered(const char *folder, const char *sub, const char *letters)
{
	g_autofree char *path = g_build_filename(folder, sub, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		const char *number = name + strspn(name, letters);
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (*number && strspn(number, "0123456789") == strlen(number))
			unlink(file);
	}
	rmdir(path);
}

static void remove_file(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	unlink(path);
}

void play_room_empty(struct play_room *r)
{
	remove_cgroup(r->cgroup);
	remove_numbered(r->folder, "t", "");
	remove_numbered(r->folder, "run", "cr");
}

/* All that is ours. Return: 0, or -errno if something is left. */
static int remove_folder(const char *folder)
{
	remove_numbered(folder, "t", "");
	remove_numbered(folder, "run", "cr");
	remove_numbered(folder, "d", "");
	remove_file(folder, "trace.csv");
	remove_file(folder, OWNER);
	return rmdir(folder) ? -errno : 0;
}

/* What a call has left that was killed: its cgroup is named in the file of the owner. */
static int remove_leftovers(const char *folder, struct err *err)
{
	g_autofree char *path = g_build_filename(folder, OWNER, NULL), *text = NULL;
	g_autofree char *name = NULL;
	char *cgroup;

	/* empty: it was killed right after it had made the folder */
	if (!rmdir(folder))
		return 0;
	if (!g_file_get_contents(path, &text, NULL, NULL) ||
	    (*text && !g_str_has_prefix(text, OWNER_1)))
		return err_set(err, -EINVAL,
			       "%s: not made by reapsim play: choose another folder with --dir",
			       folder);
	if (*text) {
		cgroup = g_strchomp(text + strlen(OWNER_1));
		name = g_path_get_basename(cgroup);
		if (g_str_has_prefix(name, CGROUP))
			remove_cgroup(cgroup);
	}
	if (remove_folder(folder))
		return err_set(
			err, -EINVAL,
			"%s: holds files that reapsim play has not made: remove it, or choose "
			"another folder with --dir",
			folder);
	return 0;
}

static void unlock(struct play_room *r)
{
	close(r->lock);
	r->lock = -1;
}

static int lock(struct play_room *r, struct err *err)
{
	r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0)
		return err_set(err, -EINVAL, "%s: %s", r->folder, g_strerror(errno));
	if (!flock(r->lock, LOCK_EX | LOCK_NB))
		return 0;
	unlock(r);
	return err_set(err, -EINVAL,
		       "%s: another reapsim play is at work there: wait, or choose another folder "
		       "with --dir",
		       r->folder);
}

/* Whoever holds the lock owns the folder, and removes it. */
static int make_folder(struct play_room *r, struct err *err)
{
	int ret;

	if (mkdir(r->folder, 0700)) {
		if (errno != EEXIST)
			return err_set(err, -EINVAL, "%s: %s: choose another folder with --dir",
				       r->folder, g_strerror(errno));
		ret = lock(r, err);
		if (ret)
			return ret;
		ret = remove_leftovers(r->folder, err);
		unlock(r);
		if (ret)
			return ret;
		if (mkdir(r->folder, 0700))
			return err_set(err, -EINVAL, "%s: %s", r->folder, g_strerror(errno));
	}
	return lock(r, err);
}

static int write_owner(const struct play_room *r, struct err *err)
{
	g_autofree char *path = g_build_filename(r->folder, OWNER, NULL);
	g_autofree char *text = g_strdup_printf(OWNER_1 "%s\n", r->cgroup);
	FILE *f = fopen(path, "wxe");
	bool ok;

	if (!f)
		return err_set(err, -EINVAL, "%s: %s", path, g_strerror(errno));
	ok = fputs(text, f) >= 0;
	if (!fclose(f) && ok)
		return 0;
	return err_set(err, -EIO, "%s: %s", path, g_strerror(errno));
}

int play_room_open(struct play_room *r, const char *dir, const char *parent, struct err *err)
{
	g_autofree char *where = g_canonicalize_filename(dir, NULL);
	int ret;

	*r = (struct play_room){ .lock = -1 };
	ret = choose_cgroup(r, parent, err);
	if (ret)
		return ret;
	r->dir = g_steal_pointer(&where);
	r->folder = g_build_filename(r->dir, FOLDER, NULL);
	ret = make_folder(r, err);
	if (!ret)
		ret = write_owner(r, err);
	return ret;
}

void play_room_close(struct play_room *r)
{
	if (r->lock >= 0) {
		remove_cgroup(r->cgroup);
		remove_folder(r->folder);
		close(r->lock);
	}
	g_free(r->dir);
	g_free(r->folder);
	g_free(r->cgroup);
	*r = (struct play_room){ .lock = -1 };
}
