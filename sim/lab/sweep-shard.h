/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sweep on many machines. Its runs are dealt to N shards; each shard is a task that executes
 * its runs anywhere, and a merge puts the rows together.
 *
 * The tasks share a folder, or their files are copied into one. NAME.csv.shards/I-of-N.K is a
 * journal (sweep-journal.h) whose records all have their row; K counts the attempts at shard I.
 * Every attempt creates its own file (O_EXCL), only appends to it, and no other task writes it.
 * So no file needs a lock, which a shared folder may not give, and it does not matter whether an
 * earlier attempt is dead or only late. An attempt begins with what the earlier ones finished.
 *
 * A merge reads all files and changes none of them. Each record has a checksum, and one that does
 * not add up was not finished: its machine went down before all of it was on disk. The CSV file
 * and its journal appear by rename() when no run is missing. They are what one machine would have
 * written, so two merges at a time do no harm.
 */
#ifndef REAPSIM_SWEEP_SHARD_H
#define REAPSIM_SWEEP_SHARD_H

#include "sim/lab/sweep-journal.h"

/**
 * sweep_deal - deal runs to @nr shards
 * @nr_runs: of them each @runs_a_trace consecutive ones use one trace
 *
 * Blocks of consecutive runs of a trace are dealt, so that a shard prepares few traces: at least 8
 * blocks to each shard, and equally many to all, if there are as many runs. Blocks differ by one
 * run at most. Each round of @nr blocks is dealt in another random order, so that no period of the
 * axes meets that of the shards. The order is the same on all machines.
 *
 * Return: the shard of each run, from 1; the caller frees it.
 */
uint32_t *sweep_deal(uint64_t nr_runs, uint64_t runs_a_trace, uint32_t nr);
/** Read the earlier attempts at the shard @j->id.shard, and begin another if runs are missing.
 * Return: as sweep_journal_open(), which calls it. */
int sweep_shard_open(struct sweep_journal *j, const struct lab_hooks *h, struct err *err);
/**
 * sweep_shards_merge - put the rows of all shards together
 * @restart: replace other rows at @csv_path
 * Return: 0, both files are written; -ENODATA: runs are missing, and @err has the shards that must
 * run again; or as sweep_journal_open(). sweep_journal_close() in any case.
 */
int sweep_shards_merge(struct sweep_journal *j, const struct outputs *files, const char *csv_path,
		       const struct sweep_id *id, uint64_t runs_a_trace, bool restart,
		       const struct lab_hooks *h, struct err *err);

#endif
