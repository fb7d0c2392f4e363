// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/sweep-shard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/names.h"
#include "sim/rng.h"

#define BLOCKS 8 /* that a shard gets at least, if there are enough runs */

static void shuffle(uint32_t *turn, uint32_t nr, uint64_t round)
{
	struct rng rng;

	rng_init(&rng, round, nr);
	for (uint32_t i = nr; i > 1; i--) {
		const uint32_t at = (uint32_t)rng_below(&rng, i), was = turn[i - 1];

		turn[i - 1] = turn[at];
		turn[at] = was;
	}
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	return b ? gcd(b, a % b) : a;
}

/* Into how many blocks the runs of a trace are cut: so many that each shard gets BLOCKS of them,
 * and all shards equally many; at most as many as there are runs. */
static uint64_t blocks_a_trace(uint64_t nr_traces, uint64_t runs, uint32_t nr)
{
	const uint64_t step = nr / gcd(nr, nr_traces);
	const uint64_t least = ((uint64_t)BLOCKS * nr + nr_traces - 1) / nr_traces;

	return MIN((least + step - 1) / step * step, runs);
}

uint32_t *sweep_deal(uint64_t nr_runs, uint64_t runs_a_trace, uint32_t nr)
{
	const uint64_t blocks = blocks_a_trace(nr_runs / runs_a_trace, runs_a_trace, nr);
	uint32_t *shard = g_new(uint32_t, nr_runs);
	g_autofree uint32_t *turn = g_new(uint32_t, nr);
	uint64_t dealt = 0;

	for (uint32_t i = 0; i < nr; i++)
		turn[i] = i + 1;
	for (uint64_t first = 0; first < nr_runs; first += runs_a_trace) {
		for (uint64_t b = 0; b < blocks; b++, dealt++) {
			const uint64_t end = first + (b + 1) * runs_a_trace / blocks;

			if (dealt % nr == 0)
				shuffle(turn, nr, dealt / nr);
			for (uint64_t run = first + b * runs_a_trace / blocks; run < end; run++)
				shard[run] = turn[dealt % nr];
		}
	}
	return shard;
}

/* The caller frees it. */
static char *folder_of(const char *csv_path)
{
	return g_strconcat(csv_path, ".shards", NULL);
}

/* A shard */

/* Create the file of the first attempt that nobody has begun; read those before it. */
static int begin_attempt(struct sweep_journal *j, const char *folder, const struct lab_hooks *h,
			 struct err *err)
{
	struct line_file *a = &j->journal;

	for (int attempt = 1;; attempt++) {
		int ret, fd;

		g_free(a->path);
		a->path = g_strdup_printf("%s/%" PRIu32 "-of-%" PRIu32 ".%d", folder, j->id.shard,
					  j->id.nr_shards, attempt);
		ret = sweep_read_shard(j, a->path, h, err);
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		ret = sweep_journal_write_waiting(j, err);
		if (ret || j->nr_written == j->id.nr_runs)
			return ret;
		fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			a->f = fdopen(fd, "r+");
			a->made = true;
			return 0;
		}
		if (errno != EEXIST) /* by a task that was a moment faster */
			return line_file_error(a, "cannot write", err);
	}
}

int sweep_shard_open(struct sweep_journal *j, const struct lab_hooks *h, struct err *err)
{
	g_autofree char *folder = folder_of(j->csv.path);
	int ret;

	if (g_mkdir(folder, 0777) && (errno != EEXIST || !g_file_test(folder, G_FILE_TEST_IS_DIR)))
		return err_set(err, -EINVAL, "%s: cannot create it: %s", folder, g_strerror(errno));
	ret = begin_attempt(j, folder, h, err);
	if (!ret && j->journal.f)
		ret = line_file_append(&j->journal, j->begun, err);
	/* whose file it is should never be missing in front of its rows */
	if (!ret && j->journal.f && fsync(fileno(j->journal.f)))
		ret = line_file_error(&j->journal, "cannot write", err);
	return ret;
}

/* Merge */

/* struct shards - what a merge found */
struct shards {
	uint32_t nr;	      /* N of their names, the largest if there are several; 0: no file */
	uint64_t nr_repeated; /* rows that were there already, the same */
};

/* Is @name "I-of-N.K"? */
static bool parse_name(const char *name, uint32_t *nr)
{
	uint32_t shard;
	int attempt, end = 0;

	return sscanf(name, "%" SCNu32 "-of-%" SCNu32 ".%d%n", &shard, nr, &attempt, &end) == 3 &&
	       !name[end] && shard && shard <= *nr;
}

static GPtrArray *list(const char *folder, struct err *err)
{
	GPtrArray *names;
	const struct dirent *e;
	DIR *d = opendir(folder);

	if (!d) {
		err_set(err, -EINVAL, "%s: %s; expected the folder of the shards", folder,
			g_strerror(errno));
		return NULL;
	}
	names = g_ptr_array_new_with_free_func(g_free);
	while ((e = readdir(d)))
		g_ptr_array_add(names, g_strdup(e->d_name));
	closedir(d);
	g_ptr_array_sort(names, names_compare);
	return names;
}

static int read_all(struct sweep_journal *j, struct shards *s, const struct lab_hooks *h,
		    struct err *err)
{
	g_autofree char *folder = folder_of(j->csv.path);
	g_autoptr(GPtrArray) names = list(folder, err);
	int ret = names ? 0 : -EINVAL;

	*s = (struct shards){ 0 };
	for (guint i = 0; !ret && i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_build_filename(folder, name, NULL);
		uint32_t nr;

		if (parse_name(name, &nr)) {
			s->nr = MAX(s->nr, nr);
			ret = MIN(sweep_read_shard(j, path, h, err), 0);
		} else if (*name != '.') { /* not one that is being copied, or the server's */
			lab_note(h, "%s: ignored, not a shard's: expected the name I-of-N.K", path);
		}
	}
	if (!ret && !s->nr)
		ret = err_set(err, -EINVAL, "%s: no shard was begun", folder);
	s->nr_repeated = j->nr_records - j->nr_done;
	return ret;
}

static int write_rows(struct sweep_journal *j, struct err *err)
{
	struct output out;
	int ret = output_open(&out, j->files, j->csv.path, err);

	if (ret)
		return ret;
	fputs(j->id.header, out.f);
	for (uint64_t run = 0; run < j->id.nr_runs; run++)
		fputs(g_hash_table_lookup(j->waiting, (gpointer)(run + 1)), out.f);
	ret = output_close(&out, OUTPUT_WHOLE, err);
	if (!ret)
		outputs_wrote(j->files, j->csv.path);
	return ret;
}

#define LIST_MAX 500 /* bytes, so that it fits into a message */

/* Set the error: which of @nr shards have missing runs, "1,3-5" as Slurm takes it. */
static int missing(const struct sweep_journal *j, uint64_t runs_a_trace, uint32_t nr,
		   struct err *err)
{
	g_autofree uint32_t *dealt = sweep_deal(j->id.nr_runs, runs_a_trace, nr);
	g_autofree bool *lacks = g_new0(bool, nr + 2);
	g_autoptr(GString) s = g_string_new(NULL);

	for (uint64_t run = 0; run < j->id.nr_runs; run++)
		lacks[dealt[run]] |= !sweep_journal_has(j, run);
	for (uint32_t first = 1, last; first <= nr; first = last + 1) {
		for (last = first; lacks[first] && lacks[last + 1]; last++)
			;
		if (!lacks[first])
			continue;
		if (s->len > LIST_MAX) {
			g_string_append(s, " and more");
			break;
		}
		g_string_append_printf(s, "%s%" PRIu32, s->len ? "," : "", first);
		if (last > first)
			g_string_append_printf(s, "-%" PRIu32, last);
	}
	return err_set(err, -ENODATA,
		       "%s: %" PRIu64 " of %" PRIu64 " runs are missing, nothing was written; run "
		       "these shards of %" PRIu32 " (again), then merge: %s",
		       j->csv.path, j->id.nr_runs - j->nr_done, j->id.nr_runs, nr, s->str);
}

/* The journal first: without it the CSV file would not be a sweep's. */
int sweep_shards_merge(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, uint64_t runs_a_trace, bool restart,
		       const struct lab_hooks *h, struct err *err)
{
	struct shards s;
	int ret = sweep_journal_init(j, files, csv_path, id, err);

	if (!ret && !restart)
		ret = sweep_check_replaced(j, h, err);
	if (!ret)
		ret = read_all(j, &s, h, err);
	if (!ret && s.nr_repeated)
		lab_note(h, "%" PRIu64 " rows were there twice, and the same", s.nr_repeated);
	if (!ret && j->nr_done < id->nr_runs)
		ret = missing(j, runs_a_trace, s.nr, err);
	if (!ret)
		ret = sweep_journal_write_sums(j, err);
	return ret ? ret : write_rows(j, err);
}
