// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the player printed, as the values of a run.
 *
 * Approximations:
 * - What a process takes to die that has done nothing is the median of a few before the trace,
 *   and the same for all.
 * - A start is what sim/timed-start.c calls one: the steps of a process up to the first pause of
 *   the trace. Spawn, fork and exec are not in it, nor in the total: the player does these in a
 *   way of its own, which takes longer.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/lab/play.h"
#include "sim/lab/samples.h"

static const char *const names[NR_PLAY_VALUES] = {
	[PLAY_REAP] = "reap_ns",
	[PLAY_RELEASE] = "release_ns",
	[PLAY_EMPTY] = "empty_death_ns",
	[PLAY_FREE100] = "free100_ns",
	[PLAY_FREE90] = "free90_ns",
	[PLAY_FREE50] = "free50_ns",
	[PLAY_KILLS] = "kills",
	[PLAY_LOST] = "lost_races",
	[PLAY_FREED] = "freed_pages",
	[PLAY_PSI_SOME] = "psi_some_ns",
	[PLAY_PSI_FULL] = "psi_full_ns",
	[PLAY_WAIT] = "wait_ns",
	[PLAY_REFAULTS] = "workingset_refault_file",
	[PLAY_FILLS] = "read_pages",
	[PLAY_MAJFLT] = "pgmajfault",
	[PLAY_START50] = "start50_ns",
	[PLAY_START95] = "start95_ns",
	[PLAY_START99] = "start99_ns",
	[PLAY_STARTS] = "starts",
	[PLAY_CPU] = "cpu_ns",
	[PLAY_TOTAL] = "total_ns",
	[PLAY_NET] = "net_ns",
};

const char *play_value_name(enum play_value v)
{
	return names[v];
}

/* Reading */

struct reading {
	struct play_run *run;
	GHashTable *counters; /* "MARK.NUMBER NAME" -> its value, as text */
	bool done;
};

static bool read_op(struct reading *r, const char *line)
{
	struct play_op op;

	if (sscanf(line, "T %" SCNu32 " %15s %" SCNu32 " %" SCNu64 " %" SCNu64, &op.line, op.row,
		   &op.pid, &op.wall_ns, &op.cpu_ns) != 5)
		return false;
	g_array_append_val(r->run->ops, op);
	return true;
}

static bool read_death(struct reading *r, const char *line)
{
	struct play_death d;
	int lost;

	if (sscanf(line,
		   "D %" SCNu32 " %15s %" SCNu32 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &d.line, d.how, &d.pid, &lost, &d.ns, &d.release_ns, &d.exit_ns, &d.life_ns,
		   &d.freed_pages, &d.free50_ns, &d.free90_ns, &d.free100_ns, &d.minflt, &d.majflt,
		   &d.read_pages) != 15)
		return false;
	d.lost = lost;
	g_array_append_val(r->run->deaths, d);
	return true;
}

static bool read_counter(struct reading *r, char *line)
{
	char *value = strrchr(line, ' ');

	if (!value || value < line + 2)
		return false;
	*value = '\0';
	g_hash_table_insert(r->counters, line + 2, value + 1);
	return true;
}

static int read_line(struct reading *r, char *line, struct err *err)
{
	bool ok = true;

	if (*line == 'T')
		ok = read_op(r, line);
	else if (*line == 'D')
		ok = read_death(r, line);
	else if (*line == 'M')
		ok = read_counter(r, line);
	else if (g_str_has_prefix(line, "bad-input: "))
		return err_set(err, -EINVAL, "%s", strchr(line, ' ') + 1);
	else if (g_str_has_prefix(line, "run-failed: "))
		return err_set(err, -EIO, "%s", strchr(line, ' ') + 1);
	else if (!strcmp(line, "done"))
		r->done = true;
	return ok ? 0 : err_set(err, -EIO, "the player printed \"%.60s\"", line);
}

/* Deaths */

/* Nearest rank; NaN of none. Sorts @v. */
static double percentile(GArray *v, guint percent)
{
	return v->len ? doubles_percentile((double *)(void *)v->data, v->len, percent) : NAN;
}

/* What process_mrelease() and the exit take for a process that has done nothing. */
static void empty_death(const GArray *deaths, double *release, double *own)
{
	g_autoptr(GArray) r = samples_new(), e = samples_new();

	for (guint i = 0; i < deaths->len; i++) {
		const struct play_death *d = &g_array_index(deaths, struct play_death, i);

		if (d->line)
			continue;
		samples_add(r, (double)d->release_ns);
		samples_add(e, (double)d->exit_ns);
	}
	*release = percentile(r, 50);
	*own = percentile(e, 50);
}

static void mean_of(double *v, double sum, guint n)
{
	*v = n ? sum / n : NAN;
}

static void read_deaths(struct play_run *run)
{
	double release, own, sum[3] = { 0 };
	guint known = 0;

	empty_death(run->deaths, &release, &own);
	run->v[PLAY_EMPTY] = release + own;
	for (guint i = 0; i < run->deaths->len; i++) {
		const struct play_death *d = &g_array_index(run->deaths, struct play_death, i);

		if (!d->line)
			continue;
		run->v[PLAY_FILLS] += (double)d->read_pages;
		run->v[PLAY_MAJFLT] += (double)d->majflt;
		if (!strcmp(d->how, "end") || !strcmp(d->how, "exec"))
			continue;
		run->v[PLAY_RELEASE] += (double)d->release_ns;
		run->v[PLAY_REAP] += (double)d->release_ns + (double)d->exit_ns - own;
		if (!strcmp(d->how, "mrelease"))
			run->v[PLAY_REAP] -= release;
		if (!strcmp(d->how, "exit"))
			continue;
		run->v[PLAY_KILLS]++;
		run->v[PLAY_LOST] += d->lost;
		run->v[PLAY_FREED] += (double)d->freed_pages;
		if (d->free100_ns < 0)
			continue;
		known++;
		sum[0] += (double)d->free100_ns;
		sum[1] += (double)d->free90_ns;
		sum[2] += (double)d->free50_ns;
	}
	mean_of(&run->v[PLAY_FREE100], sum[0], known);
	mean_of(&run->v[PLAY_FREE90], sum[1], known);
	mean_of(&run->v[PLAY_FREE50], sum[2], known);
}

/* Operations */

/* struct start - of a process: how long it has taken so far, and if it counts. */
struct start {
	double ns;
	bool counts;
};

/* Ends the start of a process. */
static void start_ends(GArray *starts, const struct start *s)
{
	if (s->counts)
		samples_add(starts, s->ns);
}

static bool is_death(const char *row)
{
	return !strcmp(row, "exit") || !strcmp(row, "kill") || !strcmp(row, "mrelease") ||
	       !strcmp(row, "oom");
}

/* What a process does to its memory and to files: what the player times as its steps. */
static bool is_step(const char *row)
{
	static const char *const others[] = { "spawn",		"fork",	      "exec",
					      "advance",	"optin",      "fork_fail",
					      "oom_score_adj",	"memory_max", "cgroup",
					      "memory_reclaim", "clear_refs", "drop_caches",
					      "drain",		NULL };

	return !is_death(row) && !g_strv_contains(others, row);
}

/* A row that no process does. */
static bool is_machine(const char *row)
{
	static const char *const rows[] = { "memory_max", "memory_reclaim", "drop_caches", "drain",
					    NULL };

	return g_strv_contains(rows, row);
}

static void pause_of_all(GHashTable *starting, GArray *starts)
{
	GHashTableIter it;
	gpointer s;

	g_hash_table_iter_init(&it, starting);
	while (g_hash_table_iter_next(&it, NULL, &s)) {
		start_ends(starts, s);
		g_hash_table_iter_remove(&it);
	}
}

static void read_starts(struct play_run *run)
{
	g_autoptr(GHashTable) starting = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_autoptr(GHashTable) alive = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) starts = samples_new();
	bool died = false;

	for (guint i = 0; i < run->ops->len; i++) {
		const struct play_op *op = &g_array_index(run->ops, struct play_op, i);
		gpointer pid = GUINT_TO_POINTER(op->pid);
		struct start *s;

		if (!strcmp(op->row, "advance")) {
			pause_of_all(starting, starts);
			continue;
		}
		if (is_machine(op->row))
			continue;
		s = g_hash_table_lookup(starting, pid);
		if (is_death(op->row)) {
			if (s)
				start_ends(starts, s);
			g_hash_table_remove(starting, pid);
			g_hash_table_remove(alive, pid);
			died = true;
			continue;
		}
		if (g_hash_table_add(alive, pid)) {
			s = g_new(struct start, 1);
			*s = (struct start){ .counts = died };
			g_hash_table_insert(starting, pid, s);
		}
		if (s && is_step(op->row))
			s->ns += (double)op->wall_ns;
	}
	pause_of_all(starting, starts);
	run->v[PLAY_STARTS] = starts->len;
	run->v[PLAY_START50] = percentile(starts, 50);
	run->v[PLAY_START95] = percentile(starts, 95);
	run->v[PLAY_START99] = percentile(starts, 99);
}

static void read_ops(struct play_run *run)
{
	for (guint i = 0; i < run->ops->len; i++) {
		const struct play_op *op = &g_array_index(run->ops, struct play_op, i);

		if (!is_step(op->row))
			continue;
		run->v[PLAY_TOTAL] += (double)op->wall_ns;
		run->v[PLAY_CPU] += (double)op->cpu_ns;
		run->v[PLAY_WAIT] += (double)op->wall_ns - (double)op->cpu_ns;
	}
}

/* Counters */

static double since_begin(GHashTable *counters, const char *name)
{
	g_autofree char *first = g_strconcat("begin.0 ", name, NULL);
	g_autofree char *last = g_strconcat("end.0 ", name, NULL);
	const char *a = g_hash_table_lookup(counters, first),
		   *b = g_hash_table_lookup(counters, last);

	return a && b ? g_ascii_strtod(b, NULL) - g_ascii_strtod(a, NULL) : NAN;
}

static void read_counters(struct play_run *run, GHashTable *counters)
{
	/* cgroup v1 has it for a cgroup alone, and with those in it */
	run->v[PLAY_REFAULTS] = since_begin(counters, "total_workingset_refault_file");
	if (isnan(run->v[PLAY_REFAULTS]))
		run->v[PLAY_REFAULTS] = since_begin(counters, "workingset_refault_file");
	run->v[PLAY_PSI_SOME] = 1000 * since_begin(counters, "psi.cgroup.some_us");
	run->v[PLAY_PSI_FULL] = 1000 * since_begin(counters, "psi.cgroup.full_us");
	run->own_pressure = !isnan(run->v[PLAY_PSI_SOME]);
	if (run->own_pressure)
		return;
	run->v[PLAY_PSI_SOME] = 1000 * since_begin(counters, "psi.machine.some_us");
	run->v[PLAY_PSI_FULL] = 1000 * since_begin(counters, "psi.machine.full_us");
}

int play_read(struct play_run *run, char *text, struct err *err)
{
	g_autoptr(GHashTable) counters = g_hash_table_new(g_str_hash, g_str_equal);
	struct reading r = { .run = run, .counters = counters };
	int ret = 0;

	for (char *next, *line = text; *line && !ret; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		ret = read_line(&r, line, err);
	}
	if (!ret && !r.done)
		ret = err_set(err, -EIO, "the player ended before the trace did");
	if (ret)
		return ret;
	read_deaths(run);
	read_ops(run);
	read_starts(run);
	read_counters(run, counters);
	run->v[PLAY_NET] = run->v[PLAY_REAP] + run->v[PLAY_WAIT];
	run->done = true;
	return 0;
}
