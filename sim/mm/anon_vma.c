// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors the anon_vmas of v7.3 mm/rmap.c: which there are, and what they and the chains to them
 * are charged to. The kernel looks for a page of a child in the tree of its own anon_vma; here one
 * tree holds the VMAs of all processes that fork() relates (struct anon_vma).
 *
 * Approximation: anon_vma_clone() of fork() never takes the anon_vma of an ancestor that has no
 * VMAs left. Such a child has one anon_vma more here.
 */
#include "sim/mm/anon_vma.h"

#include <glib.h>

#include "sim/mm/mm.h"
#include "sim/mm/objcg.h"

void anon_vma_put(struct anon_vma *av)
{
	if (av && --av->refs == 0)
		g_free(av);
}

void anon_vma_insert(struct vma *vma)
{
	interval_tree_insert(&vma->av->vmas, &vma->in_anon, vma->anon_pgoff,
			     vma->anon_pgoff + (vma_pages(vma) - 1));
}

/* anon_vma_alloc() */
static struct anon_own *anon_own_new(struct sim *s, struct anon_own *parent)
{
	struct anon_own *own = g_new(struct anon_own, 1);

	*own = (struct anon_own){ .parent = parent, .memcg = current_objcg(s) };
	obj_charge_nofail(s, own->memcg, SLAB_UNRECLAIMABLE, s->cfg.kernel->slab.anon_vma);
	return own;
}

/* with an anon_vma_chain to @own and to each of its ancestors */
static void anon_vma_link(struct sim *s, struct vma *vma, struct anon_vma *av, struct anon_own *own)
{
	vma->chains_memcg = current_objcg(s);
	vma->own = own;
	for (; own; own = own->parent) {
		own->nr_chains++;
		obj_charge_nofail(s, vma->chains_memcg, SLAB_UNRECLAIMABLE,
				  s->cfg.kernel->slab.anon_vma_chain);
	}
	vma->av = av;
	av->refs++;
	anon_vma_insert(vma);
}

void vma_prepare_anon(struct sim *s, struct vma *vma)
{
	if (!vma->av)
		anon_vma_link(s, vma, g_new0(struct anon_vma, 1), anon_own_new(s, NULL));
}

void anon_vma_clone(struct sim *s, struct vma *vma, const struct vma *from)
{
	if (from->av)
		anon_vma_link(s, vma, from->av, from->own);
}

void anon_vma_fork(struct sim *s, struct vma *vma, const struct vma *parent)
{
	anon_vma_link(s, vma, parent->av, anon_own_new(s, parent->own));
}

void unlink_anon_vmas(struct sim *s, struct vma *vma)
{
	const struct slab_sizes *slab = &s->cfg.kernel->slab;
	struct anon_own *parent;

	interval_tree_remove(&vma->av->vmas, &vma->in_anon);
	anon_vma_put(vma->av);
	for (struct anon_own *own = vma->own; own; own = parent) {
		parent = own->parent;
		obj_uncharge(s, vma->chains_memcg, SLAB_UNRECLAIMABLE, slab->anon_vma_chain);
		if (--own->nr_chains)
			continue;
		obj_uncharge(s, own->memcg, SLAB_UNRECLAIMABLE, slab->anon_vma);
		g_free(own);
	}
}
