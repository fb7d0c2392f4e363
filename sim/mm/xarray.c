// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors v7.3 lib/xarray.c: xas_store(), xas_try_split(), xas_expand(), xas_shrink(),
 * xa_delete_node(). It only counts nodes and their entries. A folio of 64 pages or more, and
 * its shadow, is an entry of a node above the leaves.
 *
 * A chunk is 64 pages, aligned like a node. It either has a leaf, with a place for each
 * page, or is part of one entry of the upper node. In the second case the leaf's count is 0.
 *
 * Each level has room for all the nodes that the files could need. Their counts are kept on
 * all levels; those on the levels up to the file's height that are not 0 are nodes in the
 * kernel.
 *
 * Approximations: in a whole machine only leaves take memory; in the kernel the nodes above
 * them take a 64th of that. There a leaf with only the first page of a file counts too, and
 * any seven nodes share a page of slab; in the kernel one remaining node keeps its page, and
 * a node is free after an RCU grace period. Below a memcg limit all that is as in the kernel.
 */
#include "sim/mm/xarray.h"

#include <errno.h>

#include "sim/mm/erofs.h"
#include "sim/mm/event.h"
#include "sim/mm/file-system.h"
#include "sim/mm/objcg.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/slots.h"
#include "sim/mm/workingset.h"

#define NODES_PER_PAGE 7
#define LEAF	       1
#define UPPER	       2 /* level of the entries that are larger than a leaf */
#define UPPER_SHIFT    (UPPER * XA_CHUNK_SHIFT)

_Static_assert(MAX_FOLIO_ORDER < UPPER_SHIFT, "a folio is in a leaf or in the node above");

/* how many levels a tree has that ends with page @last; 0: the head has the entry */
static unsigned int levels_of(uint64_t last)
{
	unsigned int nr = 0;

	for (; last; last >>= XA_CHUNK_SHIFT)
		nr++;
	return nr;
}

/* Trees are numbered like files; those of compressed erofs follow: of the managed cache and of the
 * device. */
static uint32_t nr_trees(const struct sim *s)
{
	return s->trace->nr_files + (s->erofs ? NR_MORE_TREES : 0);
}

/* the page of the tree's first page, counted from that of the first file */
static uint64_t first_of(const struct sim *s, uint32_t file)
{
	const struct trace *t = s->trace;

	if (file < t->nr_files)
		return t->files[file].first;
	return t->nr_file_pages + (s->erofs ? s->erofs->nr_blocks : 0ull) * (file - t->nr_files);
}

/* of a file that lies in its slots, so not what it has beyond its end */
static uint32_t pages_of(const struct sim *s, uint32_t file)
{
	return file < s->trace->nr_files ? s->trace->files[file].pages : s->erofs->nr_blocks;
}

/* the first page that @file can not have */
static uint32_t end_of(const struct sim *s, uint32_t file)
{
	return pages_of(s, file) + pages_beyond_eof(s);
}

void xa_init(struct sim *s)
{
	const struct machine *m = &s->cfg.machine;
	struct page_trees *x;
	uint64_t nr = 0;

	if (!s->root && !s->objcg)
		return;
	x = g_new0(struct page_trees, 1);
	x->nr_levels = m->max_folio_order < XA_CHUNK_SHIFT ? LEAF : UPPER;
	x->nr_partial = pages_beyond_eof(s) ? 2 : 1;
	for (uint32_t i = 0; s->objcg && i < nr_trees(s); i++)
		x->nr_levels = MAX(x->nr_levels, levels_of(end_of(s, i) - 1));
	for (unsigned int level = LEAF; level <= x->nr_levels; level++) {
		x->first[level] = (uint32_t)nr;
		nr += (first_of(s, nr_trees(s)) >> (level * XA_CHUNK_SHIFT)) + 1 +
		      (uint64_t)nr_trees(s) * x->nr_partial;
	}
	x->nodes = g_new0(struct xa_node, nr);
	x->height = g_new0(uint8_t, nr_trees(s) + 1);
	x->nr_chunks = g_new0(uint32_t, nr_trees(s) + 1);
	for (int i = 0; i < NR_MEMCGS; i++)
		x->shadow_nodes[i].head = x->shadow_nodes[i].tail = XA_NONE;
	s->trees = x;
}

void xa_free(struct sim *s)
{
	if (!s->trees)
		return;
	g_free(s->trees->nodes);
	g_free(s->trees->height);
	g_free(s->trees->nr_chunks);
	g_free(s->trees);
}

/* the node of page @pgoff of @file; each file has room for nr_partial nodes at its end */
static struct xa_node *node_of(const struct sim *s, unsigned int level, uint32_t file,
			       uint32_t pgoff)
{
	const unsigned int shift = level * XA_CHUNK_SHIFT;
	const uint64_t first = first_of(s, file);

	return &s->trees->nodes[s->trees->first[level] + (first >> shift) +
				(uint64_t)file * s->trees->nr_partial + ((uint64_t)pgoff >> shift)];
}

/* the slot of page @pgoff of @file, which may be beyond its end */
static uint32_t page_slot(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	const uint32_t pages = pages_of(s, file);

	return pgoff < pages ? FOLIO_FIRST + (uint32_t)first_of(s, file) + pgoff
			     : slot_beyond_eof(s, file, pgoff - pages);
}

static struct xa_node *leaf(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	return node_of(s, LEAF, file, pgoff);
}

/* Return: false if @slot is in no tree; else set @file and @pgoff to where it is */
static inline bool find_page(const struct sim *s, uint32_t slot, uint32_t *file, uint32_t *pgoff)
{
	if (!s->trees)
		return false;
	if (__builtin_expect(slot >= s->meta_first, 0)) {
		const uint32_t nr = pages_beyond_eof(s);

		if (s->erofs && slot < s->anon_first) {
			*file = s->trace->nr_files + (slot - s->meta_first) / s->erofs->nr_blocks;
			*pgoff = (slot - s->meta_first) % s->erofs->nr_blocks;
			return true;
		}
		if (!nr || slot >= s->anon_first)
			return false;
		*file = (slot - s->meta_first) / nr;
		*pgoff = s->trace->files[*file].pages + (slot - s->meta_first) % nr;
		return true;
	}
	*file = slot_file(s, slot);
	*pgoff = slot - file_slot(s, *file, 0);
	return true;
}

/* the node above the leaf; NULL if there is none, and no folio is large enough to be its entry */
static struct xa_node *upper(const struct sim *s, uint32_t file, uint32_t pgoff)
{
	return s->trees->nr_levels < UPPER ? NULL : node_of(s, UPPER, file, pgoff);
}

/* ---- memory ---- */

/* is the node at @level above page @pgoff one in the kernel? */
static bool node_exists(const struct sim *s, unsigned int level, uint32_t file, uint32_t pgoff)
{
	return level <= s->trees->height[file] && node_of(s, level, file, pgoff)->count;
}

/* xas_expand() and xas_create(): how many nodes a folio at @pgoff needs, at a height of @height */
static int nodes_needed(const struct sim *s, uint32_t file, uint32_t pgoff, unsigned int order,
			unsigned int *height)
{
	const unsigned int old = s->trees->height[file];
	const unsigned int level = order < XA_CHUNK_SHIFT ? LEAF : UPPER;
	/* xas_max(): the head can not have an entry of several pages */
	const uint64_t last = pgoff + (1ull << order) - !(order && !pgoff);
	int nr = 0;

	*height = MAX(old, levels_of(last));
	for (unsigned int l = level; l <= *height; l++)
		nr += !node_exists(s, l, file, pgoff);
	if (!s->trees->nr_chunks[file])
		return nr;
	/* above what there is */
	for (unsigned int l = old + 1; l <= *height; l++)
		nr += l < level || pgoff >> (l * XA_CHUNK_SHIFT);
	return nr;
}

int xa_reserve(struct sim *s, uint32_t slot, unsigned int order, enum gfp gfp)
{
	const uint8_t memcg = current_objcg(s);
	unsigned int height;
	uint32_t file, pgoff;
	int nr = 0;

	if (!s->objcg || !find_page(s, slot, &file, &pgoff))
		return 0;
	for (;;) {
		const int want = nodes_needed(s, file, pgoff, order, &height);

		/* below the lock, so without reclaim */
		while (nr < want && !obj_charge(s, memcg, SLAB_RECLAIMABLE,
						s->cfg.kernel->slab.xa_node, GFP_NOWAIT))
			nr++;
		if (nr >= want) {
			xa_unreserve(s, nr - want);
			return want;
		}
		/* xas_nomem() */
		if (obj_charge(s, memcg, SLAB_RECLAIMABLE, s->cfg.kernel->slab.xa_node, gfp)) {
			xa_unreserve(s, nr);
			return -ENOMEM;
		}
		nr++;
	}
}

void xa_unreserve(struct sim *s, int nr)
{
	while (nr-- > 0)
		obj_uncharge(s, current_objcg(s), SLAB_RECLAIMABLE, s->cfg.kernel->slab.xa_node);
}

/* the nodes that were reserved are in the tree */
static void grow(struct sim *s, uint32_t file, uint32_t pgoff, unsigned int order)
{
	unsigned int height;

	if (!s->objcg)
		return;
	s->trees->nr_nodes += (uint32_t)nodes_needed(s, file, pgoff, order, &height);
	/* xas_expand(): those that have entries already are nodes in the kernel from now on */
	for (unsigned int l = s->trees->height[file] + 1u; l <= height; l++)
		node_of(s, l, file, 0)->memcg = current_objcg(s);
	s->trees->height[file] = (uint8_t)height;
}

/* xa_node_free() */
static void node_gone(struct sim *s, uint32_t file, unsigned int level, const struct xa_node *node)
{
	if (!s->objcg || level > s->trees->height[file])
		return;
	s->trees->nr_nodes--;
	obj_uncharge_rcu(s, node->memcg, 0, SLAB_RECLAIMABLE, s->cfg.kernel->slab.xa_node);
}

/* xas_shrink(), after entries were removed */
static void shrink(struct sim *s, uint32_t file)
{
	uint8_t *height = &s->trees->height[file];

	for (; *height; --*height) {
		const struct xa_node *root = node_of(s, *height, file, 0);

		if (!root->count)
			continue;
		if (root->count > 1)
			break;
		/* its first place has to have an entry; above the leaves, a node */
		if (*height == LEAF ? !root->has_first : !node_of(s, *height - 1u, file, 0)->count)
			break;
		node_gone(s, file, *height, root);
	}
}

/* xas_update(): workingset_update_node(), if mapping_set_update() sets it for the file */
static void update(struct sim *s, uint32_t file, struct xa_node *node)
{
	/* xas_shrink(): a single entry at index 0 is stored in the xarray's head */
	const bool is_head = node->has_first && node->count == 1 && s->trees->nr_chunks[file] == 1;

	if (!s->files[file].shmem)
		workingset_update_node(s, node, !is_head);
}

/* @nr more chunks have entries; negative: fewer. Whether the first leaf may be a shadow node
 * depends on whether other chunks have entries. */
static void add_chunks(struct sim *s, uint32_t file, int nr)
{
	struct xa_node *first = leaf(s, file, 0);

	s->trees->nr_chunks[file] += (uint32_t)nr;
	if (first->count == 1 && first->has_first)
		update(s, file, first);
}

/* update_node() of a node above the leaves */
static void update_above(struct sim *s, unsigned int level, uint32_t file, uint32_t pgoff,
			 int count, int values)
{
	struct xa_node *node;
	bool born;

	if (level > s->trees->nr_levels)
		return;
	node = node_of(s, level, file, pgoff);
	born = !node->count;
	if (born)
		node->memcg = current_objcg(s);
	node->slot =
		page_slot(s, file, pgoff & ~(uint32_t)((1ull << (level * XA_CHUNK_SHIFT)) - 1));
	node->shift = (level - 1) * XA_CHUNK_SHIFT;
	node->count = (uint8_t)(node->count + count);
	node->nr_values = (uint8_t)(node->nr_values + values);
	if (!node->count)
		node_gone(s, file, level, node);
	if (count && (born || !node->count))
		update_above(s, level + 1, file, pgoff, born ? 1 : -1, 0);
	if (level == UPPER)
		update(s, file, node);
}

static void update_upper(struct sim *s, uint32_t file, uint32_t pgoff, int count, int values)
{
	update_above(s, UPPER, file, pgoff, count, values);
}

/* Allocate the memory of a new leaf of a whole machine. Callers do this last, because reclaim
 * for it must see the updated tree. */
static void leaf_born(struct sim *s)
{
	if (s->trees->nr_leaves++ % NODES_PER_PAGE == 0)
		alloc_kernel_pages(s, 1);
}

static void leaf_gone(struct sim *s, uint32_t file, struct xa_node *node)
{
	node->count = node->nr_values = 0;
	node->has_first = false;
	update(s, file, node);
	node_gone(s, file, LEAF, node);
	if (--s->trees->nr_leaves % NODES_PER_PAGE == 0)
		free_kernel_pages(s, 1);
}

/* update_node() of a leaf */
static void update_leaf(struct sim *s, uint32_t file, uint32_t pgoff, int count, int values)
{
	struct xa_node *node = leaf(s, file, pgoff);
	const bool born = !node->count;

	if (born)
		node->memcg = current_objcg(s);
	node->slot = page_slot(s, file, pgoff & ~(XA_CHUNK_SIZE - 1));
	if (pgoff == 0 && count)
		node->has_first = count > 0;
	node->count = (uint8_t)(node->count + count);
	node->nr_values = (uint8_t)(node->nr_values + values);
	if (!node->count)
		leaf_gone(s, file, node);
	if (born || !node->count) {
		update_upper(s, file, pgoff, born ? 1 : -1, 0);
		add_chunks(s, file, born ? 1 : -1);
	}
	update(s, file, node);
	if (born)
		leaf_born(s);
}

/* xas_try_split(): the chunk of @pgoff is part of a shadow in the upper node; give it a leaf
 * full of that shadow */
static void split(struct sim *s, uint32_t file, uint32_t pgoff, struct xa_node *node)
{
	node->memcg = current_objcg(s);
	node->count = node->nr_values = XA_CHUNK_SIZE;
	node->has_first = pgoff < XA_CHUNK_SIZE;
	update_upper(s, file, pgoff, 0, -1);
}

static void store_above(struct sim *s, uint32_t file, uint32_t slot, uint32_t pgoff, uint32_t end)
{
	for (; pgoff < end; pgoff += XA_CHUNK_SIZE, slot += XA_CHUNK_SIZE) {
		struct xa_node *node = leaf(s, file, pgoff);

		if (node->count) {
			/* xas_free_nodes() */
			leaf_gone(s, file, node);
		} else if (s->folios[slot].flags & PG_shadow) {
			update_upper(s, file, pgoff, 0, -1);
		} else {
			update_upper(s, file, pgoff, 1, 0);
			add_chunks(s, file, 1);
		}
	}
}

void xa_store_folio(struct sim *s, uint32_t slot, unsigned int order)
{
	const uint32_t nr = 1u << order;
	uint32_t file, pgoff;
	bool is_split;
	int nr_shadows = 0;

	if (!find_page(s, slot, &file, &pgoff))
		return;
	grow(s, file, pgoff, order);
	if (order >= XA_CHUNK_SHIFT) {
		store_above(s, file, slot, pgoff, pgoff + nr);
		return;
	}
	for (uint32_t i = 0; i < nr; i++)
		nr_shadows += (s->folios[slot + i].flags & PG_shadow) != 0;
	is_split = nr_shadows && !leaf(s, file, pgoff)->count;
	if (is_split)
		split(s, file, pgoff, leaf(s, file, pgoff));
	update_leaf(s, file, pgoff, (int)nr - nr_shadows, -nr_shadows);
	if (is_split)
		leaf_born(s);
}

/* leaves that the split of a folio makes: of all of it, or of the chunk with @split_at */
static uint32_t split_leaves(unsigned int order, uint32_t split_at)
{
	if (order < XA_CHUNK_SHIFT)
		return 0;
	return split_at == FOLIO_NONE ? 1u << (order - XA_CHUNK_SHIFT) : 1;
}

int xa_reserve_split(struct sim *s, uint32_t slot, unsigned int order, uint32_t split_at)
{
	const enum gfp gfp = split_at == FOLIO_NONE ? GFP_KERNEL : GFP_NOWAIT;

	if (!s->objcg || slot >= s->meta_first)
		return 0;
	for (uint32_t i = 0; i < split_leaves(order, split_at); i++)
		if (obj_charge(s, current_objcg(s), SLAB_RECLAIMABLE, s->cfg.kernel->slab.xa_node,
			       gfp)) {
			xa_unreserve(s, (int)i);
			return -ENOMEM;
		}
	return 0;
}

void xa_split_folio(struct sim *s, uint32_t slot, unsigned int order, uint32_t split_at)
{
	const uint32_t nr = split_leaves(order, split_at);
	uint32_t file, pgoff;

	if (split_at != FOLIO_NONE)
		slot = split_at - (split_at - slot) % XA_CHUNK_SIZE;
	if (!nr || !find_page(s, slot, &file, &pgoff))
		return;
	if (s->objcg)
		s->trees->nr_nodes += nr;
	for (uint32_t i = 0; i < nr; i++, pgoff += XA_CHUNK_SIZE) {
		struct xa_node *node = leaf(s, file, pgoff);

		node->memcg = current_objcg(s);
		node->slot = file_slot(s, file, pgoff);
		node->count = XA_CHUNK_SIZE;
		node->nr_values = 0;
		node->has_first = !pgoff;
	}
	for (uint32_t i = 0; i < nr; i++)
		leaf_born(s);
}

void xa_store_shadow(struct sim *s, uint32_t slot, unsigned int order)
{
	uint32_t file, pgoff;

	if (!find_page(s, slot, &file, &pgoff))
		return;
	if (order >= XA_CHUNK_SHIFT)
		update_upper(s, file, pgoff, 0, 1 << (order - XA_CHUNK_SHIFT));
	else
		update_leaf(s, file, pgoff, 0, 1 << order);
}

static void erase_above(struct sim *s, uint32_t file, uint32_t pgoff, int nr_chunks, bool shadow)
{
	update_upper(s, file, pgoff, -nr_chunks, shadow ? -nr_chunks : 0);
	add_chunks(s, file, -nr_chunks);
}

void xa_erase_folio(struct sim *s, uint32_t slot, unsigned int order)
{
	uint32_t file, pgoff;

	if (!find_page(s, slot, &file, &pgoff))
		return;
	if (order >= XA_CHUNK_SHIFT)
		erase_above(s, file, pgoff, 1 << (order - XA_CHUNK_SHIFT), false);
	else
		update_leaf(s, file, pgoff, -(1 << order), 0);
	shrink(s, file);
}

uint32_t xa_erase_shadow(struct sim *s, uint32_t slot)
{
	uint32_t file, pgoff;

	if (!find_page(s, slot, &file, &pgoff))
		return 1;
	if (leaf(s, file, pgoff)->count) {
		update_leaf(s, file, pgoff, -1, -1);
		shrink(s, file);
		return 1;
	}
	erase_above(s, file, pgoff, 1, true);
	shrink(s, file);
	return XA_CHUNK_SIZE;
}

static void forget(struct sim *s, uint32_t slot)
{
	const uint16_t before = s->folios[slot].flags;

	s->folios[slot] = (struct folio){ 0 };
	note(s, slot, FORGET, before);
}

void xa_delete_node(struct sim *s, struct xa_node *node)
{
	const int count = node->count;
	uint32_t file = 0, pgoff = 0, end;

	find_page(s, node->slot, &file, &pgoff);
	end = MIN(pgoff + (XA_CHUNK_SIZE << node->shift), end_of(s, file));
	if (node->shift)
		erase_above(s, file, pgoff, count, true);
	else
		update_leaf(s, file, pgoff, -count, -count);
	shrink(s, file);
	for (; pgoff < end; pgoff++) {
		const uint32_t slot = page_slot(s, file, pgoff);

		if (s->folios[slot].flags & PG_shadow)
			forget(s, slot);
	}
}

/* what a chunk of pages should have in its leaf and in the upper node, by its folios */
struct chunk {
	unsigned int count, nr_values; /* of the leaf; 0: none */
	bool above, is_shadow;
};

static void count_chunk(const struct sim *s, const struct xa_node *node, uint32_t file,
			uint32_t pgoff, struct chunk *c)
{
	const uint32_t slot = page_slot(s, file, pgoff);
	const uint32_t end = MIN(end_of(s, file), pgoff + XA_CHUNK_SIZE);

	*c = (struct chunk){ 0 };
	for (uint32_t i = pgoff; i < end; i++) {
		const uint16_t flags = s->folios[page_slot(s, file, i)].flags;

		c->count += (flags & (PG_resident | PG_shadow)) != 0;
		c->nr_values += (flags & PG_shadow) != 0;
	}
	if (!c->count)
		return;
	if (c->nr_values < c->count)
		c->above = s->folios[folio_head(s->folios, slot)].order >= XA_CHUNK_SHIFT &&
			   s->folios[slot].flags & PG_resident;
	else
		c->above = c->is_shadow = !node->count && end - pgoff == XA_CHUNK_SIZE &&
					  s->cfg.machine.max_folio_order >= XA_CHUNK_SHIFT &&
					  c->count == XA_CHUNK_SIZE;
	if (c->above)
		c->count = c->nr_values = 0;
}

static int bad_node(struct err *err, const struct xa_node *node, unsigned int count,
		    unsigned int nr_values, bool listed)
{
	if (node->count == count && node->nr_values == nr_values && node->listed == listed)
		return 0;
	return err_set(err, -EIO,
		       "invariant broken: slot %u: its node has %u entries, %u shadows, listed %d, "
		       "expected %u, %u, %d",
		       node->slot, node->count, node->nr_values, node->listed, count, nr_values,
		       listed);
}

/* above the leaves: do the counts add up, and how many nodes are there? */
static int check_levels(const struct sim *s, uint32_t file, uint32_t *nr_nodes, struct err *err)
{
	const uint64_t pages = end_of(s, file);
	int ret = 0;

	for (unsigned int level = LEAF; level <= s->trees->nr_levels; level++) {
		const uint64_t step = 1ull << (level * XA_CHUNK_SHIFT);
		const uint64_t below = step >> XA_CHUNK_SHIFT;

		for (uint64_t p = 0; p < pages && !ret; p += step) {
			const struct xa_node *node = node_of(s, level, file, (uint32_t)p);
			unsigned int count = 0;

			*nr_nodes += node_exists(s, level, file, (uint32_t)p);
			for (uint64_t q = p; level > UPPER && q < MIN(p + step, pages); q += below)
				count += node_of(s, level - 1, file, (uint32_t)q)->count != 0;
			if (level > UPPER)
				ret = bad_node(err, node, count, 0, false);
		}
	}
	return ret;
}

static int check_upper(const struct sim *s, uint32_t file, uint32_t pgoff, unsigned int count,
		       unsigned int nr_values, struct err *err)
{
	const struct xa_node *node = upper(s, file, pgoff);

	return node ? bad_node(err, node, count, nr_values,
			       count && count == nr_values && !s->files[file].shmem)
		    : 0;
}

static int check_file(const struct sim *s, uint32_t file, uint32_t *nr_leaves, uint32_t *nr_listed,
		      struct err *err)
{
	const uint32_t base = page_slot(s, file, 0), pages = end_of(s, file);
	unsigned int above = 0, values_above = 0;
	uint32_t nr_chunks = 0;
	int ret = 0;

	for (uint32_t p = 0; p < pages && !ret; p += XA_CHUNK_SIZE) {
		const struct xa_node *node = leaf(s, file, p);
		struct chunk c;
		bool listed;

		count_chunk(s, node, file, p, &c);
		listed = c.count && c.count == c.nr_values && !s->files[file].shmem &&
			 !(c.count == 1 && !p && s->folios[base].flags &&
			   s->trees->nr_chunks[file] == 1);
		ret = bad_node(err, node, c.count, c.nr_values, listed);
		*nr_leaves += c.count != 0;
		*nr_listed += listed;
		nr_chunks += c.count || c.above;
		above += c.count || c.above;
		values_above += c.is_shadow;
		if (p + XA_CHUNK_SIZE < pages && (p + XA_CHUNK_SIZE) % (1u << UPPER_SHIFT))
			continue;
		if (!ret)
			ret = check_upper(s, file, p, above, values_above, err);
		*nr_listed += upper(s, file, p) && upper(s, file, p)->listed;
		above = values_above = 0;
	}
	if (!ret && nr_chunks != s->trees->nr_chunks[file])
		ret = err_set(err, -EIO, "invariant broken: file %u has %u chunks, expected %u",
			      file, s->trees->nr_chunks[file], nr_chunks);
	return ret;
}

int xa_check(const struct sim *s, struct err *err)
{
	const struct page_trees *x = s->trees;
	uint32_t nr_leaves = 0, nr_listed = 0, nr_nodes = 0;
	const uint32_t on_lists = nr_shadow_nodes(s);
	int ret = 0;

	if (!x)
		return 0;
	for (uint32_t file = 0; file < nr_trees(s) && !ret; file++) {
		ret = check_file(s, file, &nr_leaves, &nr_listed, err);
		if (!ret && s->objcg)
			ret = check_levels(s, file, &nr_nodes, err);
	}
	if (!ret && (nr_leaves != x->nr_leaves || nr_listed != on_lists))
		ret = err_set(err, -EIO,
			      "invariant broken: %u nodes and %u of shadows, expected %u and %u",
			      x->nr_leaves, on_lists, nr_leaves, nr_listed);
	if (!ret && nr_nodes != x->nr_nodes)
		ret = err_set(err, -EIO, "invariant broken: %u nodes are charged, expected %u",
			      x->nr_nodes, nr_nodes);
	return ret;
}
