/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slow, obvious model: the oracle for sim/ and models/.
 *
 * Written from the kernel source, mm/ of v7.3, function by function, and from the
 * approximations at the top of the files in sim/ and models/. "v6" marks what differs in
 * v6.12. Files have the names of those in sim/mm/, or else of the kernel's. A function has
 * the kernel's name, with ref_ in front if other files call it, or the comment above it
 * names the kernel function.
 *
 * Lists are arrays, a page is a struct of bools, an address space is an array indexed by
 * page, and rmap is a loop over all processes. Nothing here is fast. It shares only the
 * trace, the machine and the names of the counters with the code under test.
 *
 * The state of a large folio is that of its first page, the head. The other pages, the
 * tails, only refer to the head.
 *
 * Approximations that it shares with sim/: one node, exact statistics, I/O that
 * takes no time. Files with more of them list them at the top.
 */
#ifndef REAPSIM_TESTS_REFERENCE_REFERENCE_H
#define REAPSIM_TESTS_REFERENCE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#include <glib.h>

#include "sim/machine.h"
#include "sim/mm/file-system.h"
#include "sim/op.h"
#include "sim/trace.h"
#include "sim/vmstat.h"
#include "tests/unit/policies.h"

#define REF_PROCS_MAX  16   /* alive at once */
#define REF_OPENS_MAX  4096 /* open files, ever */
#define REF_VPNS       4096 /* size of the address range that a trace may use */
#define REF_VMAS_MAX   512
#define REF_BATCH      31
#define REF_GATHER_MAX (7 + 19 * 509)

enum ref_kernel {
	REF_7_3,
	REF_6_12,
	REF_6_18,
	REF_7_3_RC7,
	NR_REF_KERNELS,
};

extern const char *const ref_kernel_names[NR_REF_KERNELS];

/* The shadow entry that an evicted page left in the page cache or the swap cache. */
struct ref_shadow {
	bool present;
	bool workingset;
	uint64_t eviction; /* nonresident_age at that time */
	int memcg;	   /* that evicted it */
};

struct ref_page {
	bool used; /* anon: this id is taken; file: always */
	bool resident;
	bool locked;	  /* being read */
	bool lru;	  /* on a list */
	bool young, idle; /* for the monitor of damon.c */
	bool referenced, active, workingset, dirty;
	bool reclaim; /* PG_reclaim, which is also PG_readahead */
	bool swapbacked, anon;
	bool swap_slot;	  /* resident: in the swap cache; else: swapped out */
	int extra_refs;	  /* held for a moment: read batch, copy, gather */
	bool buffer;	  /* metadata of the file system: its buffer is in use */
	bool private;	  /* has buffer heads that the memcg is charged for */
	int delayed_rmap; /* PTEs of the page that are gone, but not yet from the mapcount */
	int memcg;	  /* that is charged; swapped out: that was */
	int gen;	  /* MGLRU: 0 on no list, else the generation + 1 */
	int refs;	  /* MGLRU: accesses beyond the one of @referenced */
	int behind;	  /* of a tail: how many pages before it its head is */
	int order;	  /* of a head: 2^order pages; and what large.c keeps of it: */
	int large_mapcount, entire_mapcount;
	const struct ref_proc *mm[2];
	int mm_mapcount[2];
	bool mm_shared;
	uint64_t index; /* anon: linear_anon_page_index(), the same in all that map it */
	struct ref_shadow shadow;
	bool mlocked, unevictable;
	int mlock_count; /* while it is unevictable */
};

struct ref_pte {
	bool present, young, dirty, write;
	bool zero;	/* present: the zero page */
	bool swap;	/* not present: a swap entry of @page */
	bool exclusive; /* of a swap entry */
	int page;
};

struct ref_vma {
	uint64_t start, end; /* index into ptes[] */
	bool anon, shared, read, write, exec, random, sequential, noreuse;
	bool hugepage, nohugepage, locked;
	uint32_t file, pgoff;
	int open;
	uint64_t anon_pgoff; /* where it was mapped when its first anon page came */
	bool anon_vma;
	int memcg, chains_memcg; /* charged for the VMA; for its anon_vma_chains */
	uint64_t anon_root;	 /* the anon_vma it has: parts of a VMA keep the same one */
	bool inherited;		 /* next to those of its ancestors */
	uint64_t id, anon_id;	 /* in the order of their linking to a tree */
};

struct ref_open {
	uint32_t file;
	uint64_t start, size, async_size;
	unsigned int order;
	unsigned int mmap_miss;
	uint64_t ra_pages;
	bool random, noreuse;
	int64_t prev_page; /* ra->prev_pos in pages; -1 at first */
	int refs;	   /* of processes and mappings */
	int memcg;	   /* that is charged for it */
};

/* a page table: 512 PTEs */
struct ref_table {
	bool exists;
	bool upper, top;		   /* there is one above it, and one above that */
	int memcg, upper_memcg, top_memcg; /* that are charged for the three */
	bool populated;			   /* the PMD entry points to it */
	bool huge;			   /* there is none, and the PMD entry maps @folio */
	bool dirty, write;		   /* that, of such an entry */
	int folio;
	bool young;	   /* the PMD entry; of a table for MGLRU only */
	bool in_filter[2]; /* MGLRU: Bloom filters */
};

struct ref_proc {
	bool used;
	uint32_t pid;
	unsigned int cpu;
	int memcg;
	int objcg; /* that was charged for it when it began */
	bool unstable, dying, opted_in;
	bool forked; /* by a process of the trace */
	int nr_vmas;
	struct ref_vma vmas[REF_VMAS_MAX];
	struct ref_pte ptes[REF_VPNS];
	struct ref_table tables[REF_VPNS / 512];
	bool ran;	/* since a walk last saw it */
	bool mm_is_new; /* since the last walk */
	uint64_t mm_id; /* in the order of their making; 0: not yet listed */
	int *open_of;	/* file -> open, -1: none */
};

struct ref_list {
	int nr;
	int *pages; /* [0] is the newest */
};

struct ref_batch {
	int nr;
	int pages[REF_BATCH];
};

enum { REF_INACTIVE_ANON, REF_ACTIVE_ANON, REF_INACTIVE_FILE, REF_ACTIVE_FILE, REF_NR_LISTS };

struct ref_dirty {
	int page;
	uint64_t since_ns;
};

struct ref_cost {
	uint64_t count, last_rotated, last_io;
};

/* lruvec_page_state(): in a memcg, as of the last flush */
struct ref_stats {
	uint64_t size[REF_NR_LISTS];
	uint64_t activate[2], rotate[2], io[2];
	uint64_t local; /* of @size, without those of children */
	uint64_t unevictable;
	uint64_t slab; /* pages */
};

/* free pages of a CPU; by migrate type, in the order of the kernel's lists */
enum { REF_PCP_UNMOVABLE, REF_PCP_MOVABLE, REF_PCP_TYPES };
/* for orders 0 to 3 those types, and one for order 9 */
#define REF_PCP_LISTS (4 * REF_PCP_TYPES + 1)

struct ref_pcp {
	int lists[REF_PCP_LISTS]; /* blocks */
	int high, alloc_factor, free_count;
	bool prev_free_high_order;
	long vm_stat_diff;
};

struct ref_zone {
	long buddy;	    /* pages that are free in it */
	long nr_free_pages; /* and what the counter says */
	long min, low, high, stat_threshold, percpu_drift_mark;
	int batch, high_min, high_max;
	bool below_high, reclaim_active;
};

struct ref_kswapd {
	enum { REF_KSWAPD_ASLEEP, REF_KSWAPD_LIGHT_SLEEP, REF_KSWAPD_AWAKE } state;
	uint64_t timer;	  /* ends the light sleep */
	uint64_t runs_at; /* awake: when it can go on */
	uint64_t work;	  /* reclaim_work when it last spent time */
	bool oom;	  /* it called the OOM killer, which is not there */
	int order;	  /* kswapd_order */
	int reclaim_order;
	ucontext_t context, waker;
	void *stack;
};

/* struct lru_gen_folio, struct lru_gen_mm_state; [0] is anon, [1] file */
struct ref_gen {
	uint64_t max_seq, min_seq[2];
	GQueue lists[4][2]; /* pages, the newest first */
	uint64_t avg_refaulted[2][4], avg_total[2][4];
	uint64_t protected[2][4], evicted[2][4], refaulted[2][4];
	uint64_t timestamps[4]; /* jiffies */
	uint64_t mm_seq;
	bool have_filter[2];
	bool mm_walk;	    /* reclaim_state->mm_walk */
	int memcg_gen, bin; /* of the memcg LRU */
	bool at_tail;	    /* MEMCG_LRU_TAIL */
};

/* struct damon_region, struct damon_ctx: page frames */
struct ref_damon {
	uint64_t random;
	struct ref_region {
		uint64_t start, end, sampling, nr_accesses;
	} regions[4096];
	int nr_regions, last_nr_regions;
	uint64_t frames, first_frame, sz_limit, rotation;
	uint64_t sample_us, next_ns;
	uint64_t passed, next_aggregation, next_tune; /* in intervals */
};

/* struct mem_cgroup with its lruvec */
struct ref_memcg {
	struct ref_list lists[REF_NR_LISTS];
	struct ref_gen *gen; /* NULL: the classic LRU */
	uint64_t max, usage, stock[SIM_MAX_CPUS], nr_dirty_seen;
	uint64_t nonresident_age;
	uint64_t refaults[2];
	struct ref_cost cost[2];
	struct ref_stats stats;
	uint64_t v[NR_VMSTAT];
};

#define REF_MEMCGS 3

struct ref {
	/* the one whose lists, sizes and charges are at work; ref_enter() sets it */
	struct ref_memcg *cg;
	struct ref_memcg memcgs[REF_MEMCGS];
	int nr_memcgs;
	bool whole;			 /* memcgs[0] is the root of a machine, not a limit */
	int first_cgroup;		 /* where processes begin */
	int iter_position;		 /* mem_cgroup_reclaim_iter of the root; -1: NULL */
	struct ref_memcg_lru *memcg_lru; /* of MGLRU; NULL: one memcg, or only limits */
	const struct trace *t;
	struct machine m;
	bool v6;    /* v6.12 or v6.18, not v7.3 */
	bool v6_12; /* v6.12 */
	bool rc7;   /* what v7.1 to v7.3.3 do otherwise than v7.3.4 */
	const struct policy_rule *policy;
	bool evict;
	enum op_code ends_as;
	uint32_t base;		/* vpn of ptes[0] */
	unsigned int max_order; /* of folios of files with a device */
	uint64_t erofs_blocks;	/* of an image of the files; 0: they are not compressed */

	struct ref_page *pages;
	int nr_file, nr_pages, cap_pages; /* @nr_file: metadata of the file system too */
	struct ref_batch lru_add[SIM_MAX_CPUS], lru_deactivate_file[SIM_MAX_CPUS];
	struct ref_batch lru_activate[SIM_MAX_CPUS];
	struct ref_batch lru_deactivate[SIM_MAX_CPUS], lru_lazyfree[SIM_MAX_CPUS];
	struct ref_batch mlock[SIM_MAX_CPUS];
	int mlock_what[SIM_MAX_CPUS][REF_BATCH];
	bool has_mlock; /* some page was locked */
	uint64_t used, swap_used;
	struct ref_zone zone;
	struct ref_pcp pcp[SIM_MAX_CPUS];
	struct ref_kswapd kswapd;
	int64_t nr_kernel;	 /* pages that the kernel has for itself */
	int nr_nodes;		 /* of the page cache's trees */
	int node_pages;		 /* of nr_kernel, for them */
	struct ref_objcg *objcg; /* see objcg.c; NULL: kernel memory is not charged */
	struct ref_trees *trees; /* see xarray.c; NULL: not needed in this run */
	unsigned int kswapd_failures;
	struct ref_damon *damon; /* NULL: no monitor */
	bool in_lru_fault;
	struct ref_proc *current; /* whose operation it is */
	uint64_t nr_mms, nr_ids;
	struct ref_proc *procs;
	struct ref_open *opens;
	int nr_opens;
	struct ref_dirty *dirty;
	int nr_dirty_entries;
	uint64_t *mtime; /* by file: the tick of its time, and 1; 0: as it was */
	struct ref_inode {
		uint64_t size; /* pages */
		bool unlinked, evicted, delalloc;
	} * files;
	bool flush_wanted;
	uint64_t now_ns, next_flush_ns;
	unsigned int this_cpu;
	/* struct encoded_page: a page, and how many PTEs from it on; two entries if
	 * there are more than one */
	struct {
		int page, nr;
		bool delayed_rmap;
	} gather[REF_GATHER_MAX];
	int nr_gather;
	bool oom;
	bool broken; /* the trace leaves the limits above */
	uint64_t v[NR_VMSTAT];
	uint64_t reclaim_work; /* folios looked at, and further pages of those reclaimed */
};

struct ref *ref_new(const struct trace *t, const struct machine *m, enum ref_kernel kernel,
		    bool mglru, const struct policy_rule *policy, bool evict, enum op_code ends_as);
void ref_free(struct ref *r);
/** One operation; false when the machine is out of memory. */
bool ref_op(struct ref *r, const struct op *op);
/** Nodes that hold shadows only. */
uint64_t ref_nr_shadow_nodes(const struct ref *r);
/** Is the @i th of those of a memcg, from the oldest, that of @shift from @page on? */
bool ref_shadow_node_is(const struct ref *r, int memcg, unsigned int i, int page, int shift);
/** The counters, with the levels. */
void ref_stat(struct ref *r, struct vmstat *out);

#endif
