// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of each file, node by node, the list of nodes that hold only shadows, and its
 * shrinker. After lib/xarray.c, the second half of mm/workingset.c and mm/shrinker.c.
 *
 * A folio or shadow that takes several slots of a node is stored in each of them.
 *
 * Approximations shared with sim/, of a whole machine: only the nodes for single pages take
 * memory, and a lone first page takes as much memory as a node.
 */
#include "tests/unit/reference/internal.h"

#include <glib.h>

enum kind { NOTHING, FOLIO, SHADOW, NODE };

struct ref_node {
	struct ref_node *parent;
	uint32_t file;
	uint64_t start; /* the first page that it covers */
	int shift, count, nr_values;
	int memcg; /* that is charged for it */
	bool listed;
	struct entry {
		enum kind kind;
		struct ref_node *node;
	} slots[64];
};

struct ref_trees {
	struct entry *heads; /* of each file */
	int nr_leaves, nr_nodes;
	int nr_taking;			 /* that take memory of a whole machine */
	GQueue shadow_nodes[REF_MEMCGS]; /* the oldest first */
	uint64_t nr_deferred[REF_MEMCGS];
};

/* of the files, and two of a compressed erofs: the managed cache, and that of the device */
static uint32_t nr_trees(const struct ref *r)
{
	return r->t->nr_files + 2;
}

void ref_trees_init(struct ref *r)
{
	if (!r->whole && !r->objcg)
		return;
	r->trees = g_new0(struct ref_trees, 1);
	r->trees->heads = g_new0(struct entry, nr_trees(r));
}

static void free_below(struct ref_node *n)
{
	for (int i = 0; i < 64; i++)
		if (n->slots[i].kind == NODE)
			free_below(n->slots[i].node);
	g_free(n);
}

void ref_trees_free(struct ref *r)
{
	if (!r->trees)
		return;
	for (uint32_t f = 0; f < nr_trees(r); f++)
		if (r->trees->heads[f].kind == NODE)
			free_below(r->trees->heads[f].node);
	for (int i = 0; i < REF_MEMCGS; i++)
		g_queue_clear(&r->trees->shadow_nodes[i]);
	g_free(r->trees->heads);
	g_free(r->trees);
}

static void workingset_update_node(struct ref *r, struct ref_node *n)
{
	if (n->file < r->t->nr_files && ref_is_shmem(r, n->file))
		return;
	if (n->count && n->count == n->nr_values) {
		if (!n->listed)
			g_queue_push_tail(&r->trees->shadow_nodes[n->memcg], n);
		n->listed = true;
	} else {
		if (n->listed)
			g_queue_remove(&r->trees->shadow_nodes[n->memcg], n);
		n->listed = false;
	}
}

static struct ref_node *new_node(struct ref *r, uint32_t file, struct ref_node *parent,
				 uint64_t start, int shift)
{
	struct ref_node *n = g_new0(struct ref_node, 1);

	n->file = file;
	n->parent = parent;
	n->start = start;
	n->shift = shift;
	n->memcg = ref_current_objcg(r);
	r->trees->nr_leaves += !shift;
	r->trees->nr_nodes++;
	return n;
}

static void xa_node_free(struct ref *r, struct ref_node *n)
{
	n->count = n->nr_values = 0;
	workingset_update_node(r, n);
	r->trees->nr_leaves -= !n->shift;
	r->trees->nr_nodes--;
	ref_free_object_rcu(r, n->memcg, REF_XA_NODE);
	g_free(n);
}

static void xas_free_nodes(struct ref *r, struct ref_node *n)
{
	for (int i = 0; i < 64; i++)
		if (n->slots[i].kind == NODE)
			xas_free_nodes(r, n->slots[i].node);
	xa_node_free(r, n);
}

static struct entry *slot_of(struct ref_node *n, uint64_t index)
{
	return &n->slots[(index - n->start) >> n->shift];
}

/* store an entry in a slot, or nothing */
static void set(struct ref_node *n, struct entry *e, enum kind kind, struct ref_node *below)
{
	n->count += (kind != NOTHING) - (e->kind != NOTHING);
	n->nr_values += (kind == SHADOW) - (e->kind == SHADOW);
	*e = (struct entry){ kind, below };
}

static uint64_t covers(const struct entry *head)
{
	return head->kind == NODE ? 64ull << head->node->shift : 1;
}

/* xas_expand(): until the tree covers page @max */
static void expand(struct ref *r, uint32_t file, uint64_t max)
{
	struct entry *head = &r->trees->heads[file];

	while (max >= covers(head)) {
		const int shift = head->kind == NODE ? head->node->shift + 6 : 0;
		struct ref_node *n;

		/* an empty tree gets its final height at once */
		if (head->kind == NOTHING && max >= 64ull << shift) {
			int top = 0;

			while (max >= 64ull << top)
				top += 6;
			*head = (struct entry){ NODE, new_node(r, file, NULL, 0, top) };
			return;
		}
		n = new_node(r, file, NULL, 0, shift);
		if (head->kind == NODE)
			head->node->parent = n;
		if (head->kind != NOTHING)
			set(n, &n->slots[0], head->kind, head->node);
		*head = (struct entry){ NODE, n };
		workingset_update_node(r, n);
	}
}

/* xas_create(): the node whose slots of @shift cover @index; NULL: the head does */
static struct ref_node *create(struct ref *r, uint32_t file, uint64_t index, int shift)
{
	struct entry *e = &r->trees->heads[file];
	struct ref_node *n = NULL;

	while (e->kind == NODE && e->node->shift > shift) {
		n = e->node;
		e = slot_of(n, index);
		if (e->kind == NOTHING) {
			const uint64_t size = 1ull << n->shift;

			set(n, e, NODE, new_node(r, file, n, index / size * size, n->shift - 6));
			workingset_update_node(r, n);
		}
	}
	return e->kind == NODE && e->node->shift == shift ? e->node : n;
}

static void xas_shrink(struct ref *r, struct ref_node *n)
{
	while (n && !n->parent && n->count == 1 && n->slots[0].kind != NOTHING &&
	       (n->slots[0].kind == NODE || !n->shift)) {
		struct entry first = n->slots[0];

		r->trees->heads[n->file] = first;
		xa_node_free(r, n);
		n = first.kind == NODE ? first.node : NULL;
		if (n)
			n->parent = NULL;
	}
}

/* slots were emptied */
static void xas_delete_node(struct ref *r, struct ref_node *n)
{
	while (n && !n->count) {
		struct ref_node *parent = n->parent;

		if (!parent) {
			r->trees->heads[n->file] = (struct entry){ NOTHING };
		} else {
			set(parent, slot_of(parent, n->start), NOTHING, NULL);
			workingset_update_node(r, parent);
		}
		xa_node_free(r, n);
		n = parent;
	}
	xas_shrink(r, n);
}

/* the entry for @index, and the node that it is in; NULL: the head */
static struct entry *find(struct ref *r, uint32_t file, uint64_t index, struct ref_node **n)
{
	struct entry *e = &r->trees->heads[file];

	*n = NULL;
	if (index >= covers(e))
		return NULL;
	while (e->kind == NODE) {
		*n = e->node;
		e = slot_of(*n, index);
	}
	return e;
}

/* xas_try_split(): replace a shadow above the leaves by a leaf full of shadows */
static void try_split(struct ref *r, uint32_t file, uint64_t index, int order)
{
	struct ref_node *n, *child;
	const struct entry *e = find(r, file, index, &n);

	if (order >= 6 || !e || e->kind != SHADOW || !n || !n->shift)
		return;
	child = new_node(r, file, n, index / 64 * 64, 0);
	for (int i = 0; i < 64; i++)
		set(child, &child->slots[i], SHADOW, NULL);
	workingset_update_node(r, child);
	set(n, slot_of(n, index), NODE, child);
	workingset_update_node(r, n);
}

static void xas_store(struct ref *r, uint32_t file, uint64_t index, int order, enum kind kind)
{
	const int shift = order / 6 * 6;
	const uint64_t nr = 1ull << order;
	struct ref_node *n;

	if (kind != NOTHING) {
		/* xas_max() */
		expand(r, file, order && !index ? nr : index + nr - 1);
		n = create(r, file, index, shift);
	} else {
		find(r, file, index, &n);
	}
	if (!n) {
		r->trees->heads[file].kind = kind;
		return;
	}
	for (uint64_t i = index; i < index + nr; i += 1ull << n->shift) {
		struct entry *e = slot_of(n, i);

		if (e->kind == NODE)
			xas_free_nodes(r, e->node);
		set(n, e, kind, NULL);
	}
	workingset_update_node(r, n);
	if (kind == NOTHING)
		xas_delete_node(r, n);
}

/* slab pages of all nodes, seven nodes per page */
static void account(struct ref *r)
{
	struct ref_trees *x = r->trees;

	r->nr_nodes = x->nr_nodes;
	if (!r->whole)
		return;
	x->nr_taking = x->nr_leaves;
	for (uint32_t f = 0; f < nr_trees(r); f++)
		x->nr_taking += x->heads[f].kind == FOLIO || x->heads[f].kind == SHADOW;
	if (!r->objcg)
		r->nr_nodes = x->nr_taking;
	/* reclaim for a page changes the trees, and calls this */
	while (r->node_pages < (x->nr_taking + 6) / 7) {
		r->node_pages++;
		ref_alloc_kernel_page(r);
	}
	while (r->node_pages > (x->nr_taking + 6) / 7) {
		r->node_pages--;
		ref_free_kernel_page(r);
	}
}

/* Where @page is: in a file, or on squashfs beyond its end, or on compressed erofs in a tree of the
 * file system. Return: false if in no tree. */
static bool find_page(const struct ref *r, int page, uint32_t *file, uint64_t *index)
{
	const int nr = (int)r->t->nr_file_pages;

	if (page < nr) {
		*file = (uint32_t)ref_file_of(r, page);
		*index = (uint64_t)(page - ref_file_page(r, *file, 0));
		return true;
	}
	if (r->erofs_blocks && page < r->nr_file) {
		*file = r->t->nr_files + (uint32_t)((uint64_t)(page - nr) / r->erofs_blocks);
		*index = (uint64_t)(page - nr) % r->erofs_blocks;
		return true;
	}
	if (r->m.file_system != FS_SQUASHFS || page >= r->nr_file)
		return false;
	*file = (uint32_t)(page - nr) / 32;
	*index = r->t->files[*file].pages + (uint64_t)(page - nr) % 32;
	return true;
}

/* the page at @index, the other way round */
static int page_at(const struct ref *r, uint32_t file, uint64_t index)
{
	uint64_t pages;

	if (file >= r->t->nr_files)
		return (int)(r->t->nr_file_pages + (file - r->t->nr_files) * r->erofs_blocks +
			     index);
	pages = r->t->files[file].pages;
	return index < pages ? ref_file_page(r, file, index)
			     : (int)(r->t->nr_file_pages + file * 32 + index - pages);
}

static uint64_t end_of(const struct ref *r, uint32_t file)
{
	if (file >= r->t->nr_files)
		return r->erofs_blocks;
	return r->t->files[file].pages + (r->m.file_system == FS_SQUASHFS ? 32 : 0);
}

static void store(struct ref *r, int page, int order, enum kind kind)
{
	uint32_t file;
	uint64_t index;

	if (!r->trees || !find_page(r, page, &file, &index))
		return;
	if (kind == FOLIO)
		try_split(r, file, index, order);
	xas_store(r, file, index, order, kind);
	account(r);
}

/* How many nodes xas_create() would make for an entry: what is missing on its way, and what
 * xas_expand() puts above the head. */
static int missing_nodes(struct ref *r, uint32_t file, uint64_t index, int order)
{
	const uint64_t max = index + (1ull << order) - !(order && !index);
	const struct entry *e = &r->trees->heads[file];
	const int shift = order / 6 * 6, old = e->kind == NODE ? e->node->shift + 6 : 0;
	int top = old, missing;

	while (max >= 1ull << top)
		top += 6;
	if (e->kind == NOTHING)
		return top ? (top - shift) / 6 : 0;
	missing = (top - old) / 6;
	for (int s = top - 6; s >= old; s -= 6) {
		if (s == shift)
			return missing;
		if (index >> s)
			return missing + (s - shift) / 6;
	}
	while (e->kind == NODE && e->node->shift > shift) {
		const struct ref_node *n = e->node;

		e = slot_of(e->node, index);
		if (e->kind == NODE)
			continue;
		if (e->kind == SHADOW && n->shift > shift)
			return missing + 1; /* xas_try_split() */
		return missing + (n->shift - shift) / 6;
	}
	return missing;
}

bool ref_tree_reserve(struct ref *r, int page, int order, enum ref_gfp gfp, int *nr)
{
	uint64_t index;
	uint32_t file;

	*nr = 0;
	while (r->objcg && find_page(r, page, &file, &index)) {
		const uint64_t size = ref_sizeof(r, REF_XA_NODE);
		const int memcg = ref_current_objcg(r);
		const int missing = missing_nodes(r, file, index, order);

		/* xas_alloc(): GFP_NOWAIT */
		while (*nr < missing && ref_charge_object(r, memcg, true, size, REF_GFP_NOWAIT))
			++*nr;
		while (*nr > missing) {
			ref_free_object(r, memcg, REF_XA_NODE);
			--*nr;
		}
		if (*nr == missing)
			break;
		/* xas_nomem() */
		if (!ref_charge_object(r, memcg, true, size, gfp)) {
			for (; *nr; --*nr)
				ref_free_object(r, memcg, REF_XA_NODE);
			return false;
		}
		++*nr;
	}
	return true;
}

void ref_tree_add(struct ref *r, int page, int order)
{
	store(r, page, order, FOLIO);
}

void ref_tree_evict(struct ref *r, int page, int order)
{
	store(r, page, order, SHADOW);
}

void ref_tree_drop(struct ref *r, int page, int order)
{
	store(r, page, order, NOTHING);
}

void ref_tree_split(struct ref *r, int page, int order)
{
	const uint32_t file = (uint32_t)ref_file_of(r, page);
	const uint64_t index = (uint64_t)(page - ref_file_page(r, file, 0));
	struct ref_node *n;

	if (!r->trees || order < 6)
		return;
	find(r, file, index, &n);
	for (uint64_t i = index; i < index + (1ull << order); i += 64) {
		struct ref_node *child = new_node(r, file, n, i, 0);

		for (int j = 0; j < 64; j++)
			set(child, &child->slots[j], FOLIO, NULL);
		set(n, slot_of(n, i), NODE, child);
	}
	workingset_update_node(r, n);
	account(r);
}

bool ref_shadow_is_large(struct ref *r, int page)
{
	const struct entry *e;
	struct ref_node *n;
	uint64_t index;
	uint32_t file;

	if (!r->trees || !find_page(r, page, &file, &index))
		return false;
	e = find(r, file, index, &n);
	return e && e->kind == SHADOW && n && n->shift;
}

void ref_tree_clear_shadow(struct ref *r, int page)
{
	const struct entry *e;
	struct ref_node *n;
	uint32_t file;
	uint64_t index;

	if (!r->trees || !find_page(r, page, &file, &index))
		return;
	e = find(r, file, index, &n);
	/* a shadow of several pages may have been cleared with the first */
	if (e && e->kind == SHADOW)
		store(r, page, n ? n->shift : 0, NOTHING);
}

/* Shrinker */

uint64_t ref_nr_shadow_nodes(const struct ref *r)
{
	uint64_t nr = 0;

	for (int i = 0; r->trees && i < REF_MEMCGS; i++)
		nr += r->trees->shadow_nodes[i].length;
	return nr;
}

bool ref_shadow_node_is(const struct ref *r, int memcg, unsigned int i, int page, int shift)
{
	const struct ref_node *n = g_queue_peek_nth(&r->trees->shadow_nodes[memcg], i);

	return n && page_at(r, n->file, n->start) == page && n->shift == shift;
}

static uint64_t count_shadow_nodes(struct ref *r)
{
	const uint64_t nodes = r->trees->shadow_nodes[r->cg - r->memcgs].length;
	const struct ref_stats *st = ref_lruvec_stats(r);
	uint64_t pages = (r->cg == r->memcgs ? r->m.unevictable_pages : 0) + st->slab;

	pages += r->rc7 ? ref_nr_unevictable(r) : st->unevictable;
	pages += r->rc7 ? 0 : st->local;
	for (int i = 0; i < REF_NR_LISTS && r->rc7 && !r->cg->gen; i++)
		pages += ref_lru_size(r, i);
	return nodes > pages / 8 ? nodes - pages / 8 : 0;
}

/* scan_shadow_nodes(): the oldest is deleted */
static void shadow_lru_isolate(struct ref *r)
{
	struct ref_node *n = g_queue_peek_head(&r->trees->shadow_nodes[r->cg - r->memcgs]);
	const uint32_t file = n->file;
	const uint64_t start = n->start, size = 64ull << n->shift;

	for (uint64_t i = start; i < start + size && i < end_of(r, file); i++)
		r->pages[page_at(r, file, i)].shadow = (struct ref_shadow){ 0 };
	for (int i = 0; i < 64; i++)
		set(n, &n->slots[i], NOTHING, NULL);
	workingset_update_node(r, n);
	xas_delete_node(r, n);
	ref_count(r, VM_workingset_nodereclaim, 1);
	account(r);
}

void ref_shrink_slab(struct ref *r, int priority)
{
	uint64_t freeable, *deferred, delta, total_scan, scanned = 0;
	const GQueue *nodes;

	if (!r->trees)
		return;
	nodes = &r->trees->shadow_nodes[r->cg - r->memcgs];
	freeable = count_shadow_nodes(r);
	if (!freeable)
		return;
	deferred = &r->trees->nr_deferred[r->cg - r->memcgs];
	delta = freeable / 2;
	total_scan = MIN(*deferred / (1ull << priority) + delta, freeable * 2);
	while (total_scan >= 128 || total_scan >= freeable) {
		uint64_t nr = MIN(total_scan, 128);

		total_scan -= nr;
		scanned += nr;
		while (nr-- && nodes->length)
			shadow_lru_isolate(r);
	}
	*deferred = *deferred + delta - MIN(scanned, *deferred + delta);
	*deferred = MIN(*deferred, freeable * 2);
}
