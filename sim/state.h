/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct sim: the whole state of one run. Nothing is global: runs are independent, and any
 * number of threads can share a trace.
 *
 * Memory management and the models include this header, as they work on that state.
 * sim/sim.h has the interface of a run.
 */
#ifndef REAPSIM_STATE_H
#define REAPSIM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/err.h"
#include "sim/kernel.h"
#include "sim/lru.h"
#include "sim/machine.h"
#include "sim/mm/folio.h"
#include "sim/mm/interval_tree.h"
#include "sim/mm/mmzone.h"
#include "sim/mm/times.h"
#include "sim/reap.h"
#include "sim/time/clock.h"
#include "sim/trace.h"
#include "sim/vmstat.h"

#define FOLIO_BATCH_SIZE   31 /* v7.3 include/linux/folio_batch.h */
#define MEMCG_CHARGE_BATCH 64 /* include/linux/memcontrol.h */

/** struct folio_batch - v7.3; waiting slots, with a reference to each folio. */
struct folio_batch {
	unsigned int nr;
	uint32_t slots[FOLIO_BATCH_SIZE];
};

/** struct mlock_fbatch - v7.3; @what: to do with each. */
struct mlock_fbatch {
	struct folio_batch fbatch;
	uint8_t what[FOLIO_BATCH_SIZE];
};

/** struct sim_cpu - the per-CPU state of the kernel that the model needs. */
struct sim_cpu {
	struct folio_batch lru_add;
	struct folio_batch lru_deactivate_file;
	struct folio_batch lru_deactivate;
	struct folio_batch lru_lazyfree;
	struct folio_batch lru_activate;
	struct per_cpu_pages pcp;
	int free_diff; /* vm_stat_diff[NR_FREE_PAGES] */
	struct mlock_fbatch mlock;
};

/** struct batches - how many pages the kernel handles at once; in a sample fewer, as there are
 * fewer of all pages (struct sim_config.one_in). */
struct batches {
	unsigned int folios;  /* FOLIO_BATCH_SIZE */
	unsigned int cluster; /* SWAP_CLUSTER_MAX */
	unsigned int lru;     /* MIN_LRU_BATCH of MGLRU */
	unsigned int charge;  /* MEMCG_CHARGE_BATCH */
};

/** What a sample of 1/@one_in has of @n, rounded. */
static inline uint64_t share_of(uint64_t n, uint32_t one_in)
{
	return (n + one_in / 2) / one_in;
}

#define NR_MEMCGS	 3
#define PAGE_COUNTER_MAX ((uint64_t)INT64_MAX / 4096) /* no limit */

/**
 * struct mem_cgroup - v7.3; a cgroup, or the whole machine.
 * @lruvec: its lists
 * @max: memory.max, in pages; 0: it is the root, which is never charged
 * @in_zone: its pages come from the zone
 * @usage: page_counter: its pages in use plus stocks
 * @stock: pages that each CPU charged ahead (MEMCG_CHARGE_BATCH)
 * @nr_unevictable: pages of its unevictable list
 * @nr_prealloc: pages in use that have no folio yet
 */
struct mem_cgroup {
	struct lruvec lruvec;
	uint64_t max;
	bool in_zone;
	uint64_t usage;
	uint64_t nr_dirty, nr_dirty_seen; /* pages; as of the last flush of statistics */
	uint32_t stock[SIM_MAX_CPUS];
	uint64_t nr_unevictable;
	uint64_t nr_prealloc;
};

struct mm;
struct anon_vma;
struct damon;
struct page_trees;
struct event_log;
struct io;
struct psi;
struct sched;
struct sim;
struct task;
struct timed;
struct timed_config;
struct writeback;
struct objcg;
struct file_open;
struct mmu_gather;

/** struct file_state - a file of the trace in this run. */
struct file_state {
	struct interval_tree mappings; /* i_mmap */
	uint32_t size;		       /* i_size, in pages */
	uint32_t nr_opens;	       /* struct file_open of it */
	uint32_t next_fput;	       /* of sim.fput */
	bool unlinked;		       /* it has no name any more */
	bool delalloc;		       /* has grown since it was last written back */
	uint32_t ino;		       /* ext4: number of its inode */
	uint64_t mtime;		       /* tick of the last change, from 1; 0: never */
	bool inode_dirty;	       /* its times or size have changed since the last fsync() */
	bool shmem;		       /* it is on tmpfs */
};

/** struct anon_slot - state of an anon folio in addition to its struct folio. */
struct anon_slot {
	struct anon_vma *av;
	uint32_t index;	  /* of its page in every VMA that maps it: see vma.anon_pgoff */
	uint32_t nr_swap; /* swap PTEs that refer to it */
	uint32_t pid;	  /* the process that it was made for */
};

/** struct held - folios that the engine uses while other tasks may run (timed runs), with a
 * reference to each; see folio_hold(). */
struct held {
	unsigned int nr;
	uint32_t slots[2 * FOLIO_BATCH_SIZE];
};

/** struct op_flush - statistics of memcgs are flushed in operation @op when it has read @pages
 * pages from the device, or when it ends; 0: before it. @op: since the last snapshot, from 0. */
struct op_flush {
	uint32_t op, pages;
};

/** struct op_times - keys of struct machine, up to a snapshot. @flushes: NULL, or when the
 * statistics of memcgs are flushed, ascending; then time alone does not flush them. Owned by
 * whoever made it. */
struct op_times {
	uint32_t read_us, op_us;
	uint32_t proc_us; /* of an operation that begins or ends a process; 0: op_us */
	const struct op_flush *flushes;
	uint32_t nr_flushes;
};

/** struct sim_config - what distinguishes one run of a trace from another. */
struct sim_config {
	const struct kernel_profile *kernel; /* of the registry */
	const struct lru_model *lru;
	const struct reap_policy *reap;
	bool evict;				     /* the policy's "+evict" form */
	union option_value reap_args[REAP_ARGS_MAX]; /* of reap->options */
	struct machine machine;			     /* resolved */
	/* exits and kills of the trace are replayed as this instead;
	 * OP_NONE: as recorded */
	enum op_code ends_as;
	/* process_mrelease() gets the flags of the trace, the policy adds none */
	bool flags_as_recorded;
	/* times up to each snapshot, instead of the machine's: the times of a real
	 * machine vary during a run */
	const struct op_times *times;
	guint nr_times;
	const struct timed_config *timed; /* sim/timed.h; NULL: an untimed run */
	bool check;			  /* verify every invariant after each operation */
	bool keep_pages;		  /* each snapshot has the state of every file page */
	bool snapshots_drain;		  /* each drains the batches of its CPU */
	uint32_t one_in; /* the trace is a sample, 1/N of the pages (sim/lab/sample.h); 1 if it is
			  * all, which in a configuration may also be 0 */
};

/** struct replay - registers of the replay loop (see sim/op.h). */
struct replay {
	uint64_t next; /* record to replay next */
	uint32_t pid, file;
	uint32_t first; /* slot of the first page of @file */
	struct mm *mm;	/* of @pid; NULL: no such process */
	uint32_t ext_x, ext_arg;
	bool has_ext;
};

/** struct mm_hooks - upcalls of memory management. sim/timed*.c implements them for a timed
 * run; an untimed run has none. */
struct mm_hooks {
	/* oom_kill_process(): SIGKILL for the process of @mm */
	void (*oom_kill)(struct sim *s, struct mm *mm);
	/* mmap_read_unlock(): nobody advises the process of @mm any more */
	void (*advised)(struct sim *s, struct mm *mm);
	/* the current task, which unmaps a dying process, freed @nr pages */
	void (*freed)(struct sim *s, uint64_t nr);
};

/** enum gup - who calls __get_user_pages(), which lets go of mmap_lock when it waits. */
enum gup {
	GUP_NONE,
	GUP_LOCKED,   /* __get_user_pages_locked(): it goes on with FOLL_TRIED */
	GUP_POPULATE, /* populate_vma_page_range(): returns, and is called again */
};

struct sim {
	const struct trace *trace;
	struct sim_config cfg;
	const struct mm_hooks *hooks;

	/* folios: heads, then the trace's file pages, metadata, then anon */
	struct folio *folios;
	uint32_t nr_folios, cap_folios;
	uint64_t *cached;	/* of sim/mm/filemap.h */
	uint32_t meta_first;	/* first slot of file system metadata (sim/mm/ext4.h) */
	uint32_t anon_first;	/* first anon slot */
	struct anon_slot *anon; /* indexed by slot - anon_first */
	GArray *large;		/* struct large_folio, of sim/mm/large.h */
	struct file_state *files;
	bool has_shmem; /* some file is on tmpfs */

	struct sim_cpu cpus[SIM_MAX_CPUS];
	struct mem_cgroup memcg[NR_MEMCGS]; /* @nr_memcgs of them, parents first */
	unsigned int nr_memcgs;
	struct mem_cgroup *root;    /* the first, in a whole machine; NULL: only limits count */
	struct mem_cgroup *cgroups; /* those that processes of the trace are in */
	unsigned int nr_cgroups;
	struct mem_cgroup *target; /* sc->target of the reclaim at work */
	struct memcg_iter {
		struct mem_cgroup *position;
		uint64_t generation;
	} iter;				 /* mem_cgroup_reclaim_iter of the root */
	bool charge_more;		 /* than pages of one kind: see charge_page() */
	uint64_t nr_used;		 /* pages allocated */
	uint64_t nr_used_peak;		 /* with the kernel's own pages */
	uint64_t memcg_first[NR_MEMCGS]; /* limits of @cgroups when the run began */
	uint64_t swap_used;
	uint64_t nr_file_pages, nr_shmem;
	uint64_t nr_mapped[2]; /* pages that a PTE maps: of files, and anon */
	uint64_t nr_mlock;
	struct zone zone;
	unsigned int
		nr_process_pages; /* kernel memory of all processes, not scaled (sim/mm/fork.c) */
	struct batches batches;
	struct kswapd kswapd;
	struct writeback *writeback; /* of sim/mm/page-writeback.h */
	struct objcg *objcg;	     /* of sim/mm/objcg.h; NULL: kernel memory is not charged */
	struct page_trees *trees;    /* of sim/mm/xarray.h; NULL: not needed in this run */
	struct erofs *erofs;	     /* of sim/mm/erofs.h; NULL: no compressed erofs */
	struct damon *damon;	     /* of sim/mm/damon.c; NULL: no monitor */
	unsigned int this_cpu;	     /* smp_processor_id() */
	bool no_think;		     /* an advance of the trace's clock takes no time */
	bool stats_lag;		     /* reclaim sees statistics as of the last flush */
	uint64_t next_flush_ns;	     /* of the statistics, by the periodic flusher */
	uint32_t proc_us;	     /* of op_times */
	uint32_t part_ops;	     /* operations since the last snapshot, and */
	uint32_t part_flushes;	     /* flushes: of op_times */
	uint64_t op_fills;	     /* VM_sim_fills when the last of these operations began */
	enum gup gup;		     /* of which the fault is one */
	unsigned int gup_restarts;   /* of populate_vma_page_range(), for this page */
	bool has_mlock;		     /* something is locked, or has been */
	bool map_does_more;	     /* than to count the PTEs: activates_mapped, has_mlock */
	bool in_lru_fault;	     /* lru_gen_in_fault(); false where the LRU does not ask */
	bool oom;		     /* no process left for the OOM killer; the run ends */
	const struct mm *oom_choice; /* whom it would kill, in a run that has none */

	struct clock clock;
	GHashTable *procs; /* pid -> struct mm */

	struct vmstat stat; /* counts only; see sim_stat() for the levels */
	GArray *snapshots;  /* struct snapshot */
	uint32_t *nr_marks; /* of each name, so far */

	uint32_t fput; /* files for delayed_fput(): index of the first plus 1; 0: none */

	struct event_log *log;	    /* NULL: no log ("explain" has one) */
	struct mmu_gather *gathers; /* of sim/mm/zap.c */
	struct replay replay;
	struct err *err; /* of the current sim_run() */

	/* a timed run; all NULL in others */
	struct sched *sched;
	struct psi *psi;
	struct io *io;
	struct timed *timed;
	struct mm_times times;
	/* in units of scan_ns: folios that reclaim looked at, and pages beyond the first of
	 * those that it reclaimed */
	uint64_t reclaim_work;
	uint64_t owed_ps;  /* CPU time that the current task has still to pay */
	struct held *held; /* by the current task */
	struct held held_untimed;
};

static inline void count_vm(struct sim *s, enum vmstat_item item, uint64_t n)
{
	s->stat.v[item] += n;
}

/** Times of the part of the trace up to the next snapshot; NULL: nothing is known of it. */
static inline const struct op_times *op_times_now(const struct sim *s)
{
	const guint nr = s->snapshots->len;

	return nr < s->cfg.nr_times ? &s->cfg.times[nr] : NULL;
}

/** mod_lruvec_state(): an event of folios of this lruvec. */
static inline void mod_lruvec_state(struct sim *s, struct lruvec *lruvec, enum vmstat_item item,
				    uint64_t n)
{
	count_vm(s, item, n);
	lruvec->stat.v[item] += n;
}

/** folio_memcg() of the folio @slot; of an evicted page, the memcg that evicted it. */
static inline struct mem_cgroup *folio_memcg(struct sim *s, uint32_t slot)
{
	return &s->memcg[s->folios[slot].memcg];
}

/** folio_lruvec(): the lruvec of the folio @slot. */
static inline struct lruvec *folio_lruvec(struct sim *s, uint32_t slot)
{
	return &folio_memcg(s, slot)->lruvec;
}

/** Pages on the lists, unevictable ones apart, of all memcgs. */
uint64_t node_page_state(const struct sim *s, enum lru_type type, bool active);

/** Pages on the unevictable lists of all memcgs. */
static inline uint64_t nr_unevictable(const struct sim *s)
{
	uint64_t nr = 0;

	for (unsigned int i = 0; i < s->nr_memcgs; i++)
		nr += s->memcg[i].nr_unevictable;
	return nr;
}

/** Pages on the lists of one type. */
static inline uint64_t lruvec_pages(const struct sim *s, enum lru_type type)
{
	return node_page_state(s, type, false) + node_page_state(s, type, true);
}

/** lruvec_memcg() */
static inline const struct mem_cgroup *lruvec_memcg(const struct lruvec *lruvec)
{
	return (const struct mem_cgroup *)(const void *)lruvec;
}

static inline enum lru_type folio_lru_type(const struct folio *f)
{
	return f->flags & PG_swapbacked ? LRU_ANON : LRU_FILE;
}

#endif
