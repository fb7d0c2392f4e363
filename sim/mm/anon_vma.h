/* SPDX-License-Identifier: GPL-2.0-only */
/* The anon_vmas of a VMA: v7.3 mm/rmap.c. */
#ifndef REAPSIM_ANON_VMA_H
#define REAPSIM_ANON_VMA_H

#include "sim/mm/interval_tree.h"
#include "sim/state.h"

struct vma;

/** struct anon_vma - the VMAs that may map an anon page; fork() shares it with the child. */
struct anon_vma {
	struct interval_tree vmas; /* by anon_pgoff */
	uint32_t refs;		   /* held by VMAs and slots */
};

/**
 * struct anon_own - one anon_vma of the kernel, which fork() gives the child besides those of its
 * ancestors (struct anon_vma stands for all of them)
 * @parent: that of the VMA that was copied at fork(), or NULL
 * @nr_chains: anon_vma_chains that lead to it; with the last it is freed
 * @memcg: index of the one that it is charged to
 */
struct anon_own {
	struct anon_own *parent;
	uint32_t nr_chains;
	uint8_t memcg;
};

/** One VMA or slot less leads to it. @av may be NULL. */
void anon_vma_put(struct anon_vma *av);
/** anon_vma_interval_tree_insert() of a VMA, which is in no tree */
void anon_vma_insert(struct vma *vma);
/** The VMA gets an anon_vma when its first anon page appears (anon_vma_prepare()). */
void vma_prepare_anon(struct sim *s, struct vma *vma);
/** @vma, which has none, gets those of @from, if that has any. */
void anon_vma_clone(struct sim *s, struct vma *vma, const struct vma *from);
/** The copy @vma of @parent, which has some, gets those and one of its own. */
void anon_vma_fork(struct sim *s, struct vma *vma, const struct vma *parent);
/** The VMA loses them. One that no other VMA leads to is freed. */
void unlink_anon_vmas(struct sim *s, struct vma *vma);

#endif
