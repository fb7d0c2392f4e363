/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel memory that is charged to memcgs (machine key kmem): v7.3 mm/memcontrol.c,
 * obj_cgroup_charge() and the per-CPU obj_stock. Objects are charged by the byte, memory by
 * the page. */
#ifndef REAPSIM_OBJCG_H
#define REAPSIM_OBJCG_H

#include "sim/mm/charge.h"
#include "sim/mm/mm.h"
#include "sim/state.h"

/** enum slab_kind - which statistic counts the object. */
enum slab_kind {
	SLAB_RECLAIMABLE,
	SLAB_UNRECLAIMABLE,
	NR_SLAB_KINDS,
};

/** struct obj_stock - v7.3 struct obj_stock_pcp. */
struct obj_stock {
	bool cached[NR_MEMCGS];		/* it has a slot for the memcg */
	uint32_t nr_bytes[NR_MEMCGS];	/* charged ahead */
	uint8_t index;			/* whose statistics these are, plus 1; 0: none */
	int32_t nr_slab[NR_SLAB_KINDS]; /* bytes that the statistics do not have yet */
};

/** struct rcu_free - memory that is free once a grace period has ended. */
struct rcu_free {
	uint64_t at_ns;
	uint32_t pages, bytes;
	enum slab_kind kind;
	uint8_t memcg;
	unsigned int cpu; /* of call_rcu(), which also calls back */
};

/** struct objcg - kernel memory of all memcgs. */
struct objcg {
	struct obj_stock stock[SIM_MAX_CPUS];
	struct obj_cgroup {
		uint64_t nr_pages;		/* of the kernel, of those charged to the memcg */
		uint32_t nr_charged_bytes;	/* charged ahead, and in no stock */
		int64_t slab[NR_SLAB_KINDS];	/* the statistics, in bytes */
		int64_t flushed[NR_SLAB_KINDS]; /* as of the last flush */
	} of[NR_MEMCGS];
	GArray *rcu; /* struct rcu_free, the first of which is at @rcu_head */
	guint rcu_head;
};

/** s->objcg stays NULL where no kernel memory is charged. */
void objcg_init(struct sim *s);
void objcg_free(struct sim *s);

/* Functions take the memcg as an index of sim.memcg, because what is charged keeps it.
 * obj_charge_nofail() and obj_uncharge() do nothing where no kernel memory is charged; the others
 * are not called there. */

/** current_obj_cgroup(): the memcg that the current task's kernel memory is charged to; where
 * none is charged, the first one. */
static inline uint8_t current_objcg(const struct sim *s)
{
	return s->objcg && s->replay.mm ? s->replay.mm->memcg : 0;
}

/** Charge an object of @size bytes, its pointer to the obj_cgroup included. Return: 0 or
 * -ENOMEM. */
int obj_charge(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size, enum gfp gfp);
/** The same for a caller that cannot fail (__GFP_NOFAIL): it may exceed the limit. */
void obj_charge_nofail(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size);
void obj_uncharge(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size);
/** One of these two: what is allocated together is said once, and charged or uncharged. */
typedef void (*object_fn)(struct sim *s, uint8_t memcg, enum slab_kind kind, uint32_t size);
/** Charge @nr pages; it may exceed the limit. */
void obj_charge_pages(struct sim *s, uint8_t memcg, uint32_t nr);
void obj_uncharge_pages(struct sim *s, uint8_t memcg, uint32_t nr);
/** uncharge_batch(): the pages are freed with those of an mmu_gather, which skips the CPU's stock.
 */
void obj_uncharge_gathered(struct sim *s, uint8_t memcg, uint32_t nr);
/** call_rcu(): uncharge @pages pages and an object of @bytes when a grace period has ended. */
void obj_uncharge_rcu(struct sim *s, uint8_t memcg, uint32_t pages, enum slab_kind kind,
		      uint32_t bytes);
/** rcu_do_batch(): uncharge what is due. */
void obj_rcu_core(struct sim *s);
/** drain_obj_stock() of a CPU, if its stock has a slot for @memcg. */
void drain_obj_stock(struct sim *s, unsigned int cpu, uint8_t memcg);
/** Slab bytes of a memcg, as its statistics had them when they were flushed, in whole pages. */
uint64_t obj_flushed_pages(const struct sim *s, uint8_t memcg);
void obj_flush_stats(struct sim *s);

#endif
