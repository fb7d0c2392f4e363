// SPDX-License-Identifier: GPL-2.0-only
/* The runs of a trace on the kernel that runs here. */
#include "sim/lab/play.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/lab/config.h"
#include "traces/readers/write.h"

const struct play_policy play_policies[] = {
	{ "baseline", "", false, false },
	{ "skip", "what becomes exclusive while it dies is marked", true, false },
	{ "evict", "drops after the death what was exclusive, and drains all batches", true,
	  false },
	{ "skip+evict", "both of these", true, false },
	{ "cold-first", "", false, true },
	{ "pageout-first", "", false, true },
	{ "dontneed-after", "", false, false },
	{ NULL, NULL, false, false },
};

const struct play_policy *play_policy_find(const char *name)
{
	for (const struct play_policy *p = play_policies; p->name; p++)
		if (!strcmp(name, p->name))
			return p;
	return NULL;
}

bool play_looks(const struct play_spec *s)
{
	for (guint i = 0; i < s->policies->len; i++)
		if (play_policy_find(s->policies->pdata[i])->looks)
			return true;
	return false;
}

int play_write_trace(const struct play_spec *s, FILE *f, struct err *err)
{
	const struct {
		const char *key;
		uint64_t value;
	} keys[] = {
		{ "memcg_pages", s->memcg_pages },
		{ "memcg2_pages", s->memcg2_pages },
		{ "swap_pages", s->swap_pages },
		{ "cpus", s->cpus },
	};
	struct trace_kv machine[G_N_ELEMENTS(keys)];
	struct trace t = *s->trace;
	int ret;

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		machine[i] =
			(struct trace_kv){ .key = (char *)keys[i].key,
					   .value = g_strdup_printf("%" PRIu64, keys[i].value) };
	t.machine = machine;
	t.nr_machine = G_N_ELEMENTS(keys);
	t.nr_notes = 0;
	ret = trace_write_text(&t, f, err);
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		g_free(machine[i].value);
	return ret;
}

static int write_trace(const struct play_spec *s, const char *path, struct err *err)
{
	FILE *f = fopen(path, "we");
	int ret;

	if (!f)
		return err_set(err, -errno, "%s: %s", path, g_strerror(errno));
	ret = play_write_trace(s, f, err);
	if (fclose(f) && !ret)
		ret = err_set(err, -errno, "%s: %s", path, g_strerror(errno));
	return ret;
}

/* One run */

static GPtrArray *player_arguments(const struct play_spec *s, const struct play_room *r,
				   const char *policy)
{
	GPtrArray *a = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(a, g_strdup(s->player));
	g_ptr_array_add(a, g_strdup("host"));
	g_ptr_array_add(a, g_strdup_printf("trace=%s/trace.csv", r->folder));
	g_ptr_array_add(a, g_strdup_printf("folder=%s", r->folder));
	g_ptr_array_add(a, g_strdup_printf("cgroup=%s", r->cgroup));
	g_ptr_array_add(a, g_strdup_printf("cgroup_version=%u", r->version));
	g_ptr_array_add(a, g_strdup_printf("parent=%d", (int)getpid()));
	g_ptr_array_add(a, g_strdup_printf("policy=%s", policy));
	g_ptr_array_add(a, g_strdup_printf("time=%s", s->think ? "real" : "skip"));
	g_ptr_array_add(a, g_strdup_printf("look=%d", play_looks(s)));
	if (s->ends_as != OP_NONE)
		g_ptr_array_add(a, g_strdup_printf("ends_as=%s", ends_as_name(s->ends_as)));
	g_ptr_array_add(a, NULL);
	return a;
}

#define LOOK_MS 100

/* All that the player prints. Return: 0, or -EINTR. */
static int read_all(int fd, GString *text, const struct lab_hooks *h)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	char buf[65536];
	ssize_t n = 1;

	while (n) {
		if (lab_interrupted(h))
			return -EINTR;
		if (poll(&in, 1, LOOK_MS) <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			g_string_append_len(text, buf, n);
	}
	return 0;
}

/* A group of its own: a Ctrl-C is for us, and one signal ends it with all that it has started. */
static void in_own_group(gpointer data)
{
	(void)data;
	setpgid(0, 0);
}

#define GONE_TRIES 500
#define GONE_US	   10000

/* What it has started may end a moment after it. */
static void end_group(GPid pid)
{
	for (int tries = 0; tries < GONE_TRIES && !kill(-pid, SIGKILL); tries++)
		usleep(GONE_US);
}

static int run_player(const struct play_spec *s, const struct play_room *r, const char *policy,
		      GString *text, const struct lab_hooks *h, struct err *err)
{
	g_autoptr(GPtrArray) argv = player_arguments(s, r, policy);
	g_autoptr(GError) error = NULL;
	int fd = -1, status, ret;
	GPid pid;

	if (!g_spawn_async_with_pipes(NULL, (char **)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
				      in_own_group, NULL, &pid, NULL, &fd, NULL, &error))
		return err_set(err, -EINVAL, "the player: %s", error->message);
	ret = read_all(fd, text, h);
	if (ret)
		kill(pid, SIGKILL);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	end_group(pid);
	if (ret)
		return err_set(err, ret, "interrupted");
	/* what it printed says why it failed, unless it was killed */
	if (WIFSIGNALED(status))
		return err_set(err, -EIO, "the player was ended by signal %d", WTERMSIG(status));
	return 0;
}

static int play_one(const struct play_spec *s, struct play_room *r, struct play_run *run,
		    const struct play_hooks *h, struct err *err)
{
	const char *policy = s->policies->pdata[run->policy];
	g_autoptr(GString) text = g_string_new(NULL);
	uint64_t oom_kills;
	int ret = play_room_cgroup(r, err);

	run->ops = g_array_new(FALSE, FALSE, sizeof(struct play_op));
	run->deaths = g_array_new(FALSE, FALSE, sizeof(struct play_death));
	if (!ret)
		ret = run_player(s, r, policy, text, &h->lab, err);
	oom_kills = play_room_oom_kills(r);
	play_room_empty(r);
	/* the player sees no more than that one of its processes has gone */
	if (ret != -EINTR && oom_kills)
		ret = err_set(err, -EINVAL,
			      "%s: the OOM killer has killed a process, as %" PRIu64
			      " pages are too few for the trace here: give more with --memory",
			      s->trace->path, s->memcg_pages);
	if (!ret)
		ret = play_read(run, text->str, err);
	if (!ret && h->ran)
		h->ran(h->data, run);
	g_array_free(run->ops, TRUE);
	g_array_free(run->deaths, TRUE);
	run->ops = run->deaths = NULL;
	return ret;
}

/* All runs */

/* The policies of a repetition in the order in which they run. */
static void shuffle(GRand *rand, guint *order, guint n)
{
	for (guint i = 0; i < n; i++)
		order[i] = i;
	for (guint i = n; i > 1; i--) {
		const guint j = (guint)g_rand_int_range(rand, 0, (gint32)i), at = order[i - 1];

		order[i - 1] = order[j];
		order[j] = at;
	}
}

int play_all(const struct play_spec *s, struct play_room *r, const struct play_hooks *h,
	     GArray **runs, struct err *err)
{
	const guint n = s->policies->len;
	const guint32 seed[] = { (guint32)s->seed, (guint32)(s->seed >> 32) };
	g_autoptr(GRand) rand = g_rand_new_with_seed_array(seed, G_N_ELEMENTS(seed));
	g_autofree char *trace = g_strconcat(r->folder, "/trace.csv", NULL);
	g_autofree guint *order = g_new(guint, n);
	int ret = write_trace(s, trace, err);

	*runs = g_array_new(FALSE, TRUE, sizeof(struct play_run));
	g_array_set_size(*runs, s->repetitions * n);
	for (guint i = 0; i < s->repetitions && !ret; i++) {
		shuffle(rand, order, n);
		for (guint k = 0; k < n && !ret; k++) {
			struct play_run *run =
				&g_array_index(*runs, struct play_run, i * n + order[k]);

			lab_progress(&h->lab, (double)(i * n + k) / (s->repetitions * n));
			*run = (struct play_run){ .policy = order[k], .repetition = i, .place = k };
			ret = play_one(s, r, run, h, err);
		}
	}
	return ret;
}
