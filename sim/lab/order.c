// SPDX-License-Identifier: GPL-2.0-only
#include "sim/lab/order.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"

#define PAUSE_NS   100000000u
#define LOOK_RECS  (1u << 14) /* between two looks at the interruption */
#define NO_REG	   UINT32_MAX
#define RECS_OF_OP 5 /* REC_PID, REC_FILE, REC_MORE, REC_EXT, the operation */

/* A key is a time: that of the recording, in records, plus a delay. Records are sorted by their
 * keys. */

/** struct clock_of - what is known of a process id. */
struct clock_of {
	uint64_t key;	   /* of its last record, or of what it waits for */
	uint64_t part;	   /* of the trace, each as long as the reach, that has the last record */
	uint64_t from, to; /* delay at the start and the end of the part */
	struct clock_of *parent; /* NULL: not known */
	struct rng rng;
};

/** struct file_keys - of the last change of a file, and the largest of its uses since. */
struct file_keys {
	uint64_t change, use;
};

/** struct place - where an operation goes; @pid, @file: registers, NO_REG: not used. */
struct place {
	uint32_t key, rec;
	uint32_t pid, file;
};

struct order {
	const struct trace *t;
	const struct lab_hooks *h;
	uint64_t seed, reach;
	GHashTable *clocks; /* pid -> struct clock_of */
	struct file_keys *files;
	GArray *mapped; /* uint32_t: files that the next operation uses through mappings */
	uint64_t top;	/* the largest key so far */
	uint64_t floor; /* the least that any later key may be */
	uint64_t time;	/* key of the last advance */
	struct spill places;
};

static struct clock_of *clock_get(struct order *o, uint32_t pid)
{
	struct clock_of *c = g_hash_table_lookup(o->clocks, GUINT_TO_POINTER(pid));

	if (c)
		return c;
	c = g_new0(struct clock_of, 1);
	c->part = UINT64_MAX;
	rng_init(&c->rng, o->seed, pid);
	g_hash_table_insert(o->clocks, GUINT_TO_POINTER(pid), c);
	return c;
}

static uint64_t delay(const struct order *o, struct clock_of *c, uint64_t rec)
{
	uint64_t part, into;

	if (!o->reach)
		return 0;
	part = rec / o->reach;
	into = rec % o->reach;
	if (part != c->part) {
		c->from = part == c->part + 1 && part ? c->to : rng_below(&c->rng, o->reach + 1);
		c->to = rng_below(&c->rng, o->reach + 1);
		c->part = part;
	}
	return (c->from * (o->reach - into) + c->to * into) / o->reach;
}

/* a second process that the operation is one of */
static struct clock_of *other_clock(struct order *o, const struct op *op)
{
	if (op->code == OP_FORK)
		return clock_get(o, op->child);
	if (op->code == OP_MADVISE && op->to)
		return clock_get(o, op_target(op->pid, op->to));
	return NULL;
}

static bool is_barrier(const struct op *op)
{
	switch (op->code) {
	case OP_ADVANCE:
		return op->ns >= PAUSE_NS;
	case OP_SPAWN:
	case OP_KILL:
	case OP_MRELEASE:
	case OP_OOM:
		return true;
	default:
		return !op_needs_pid(op->code);
	}
}

static bool changes_file(enum op_code code)
{
	return code == OP_WRITE || code == OP_TRUNCATE || code == OP_UNLINK || code == OP_RENAME;
}

/* Let the operation wait for what happened to the files that it uses. Return: its key */
static uint64_t wait_for_files(const struct order *o, const struct op *op, uint64_t key)
{
	for (guint i = 0; i < o->mapped->len; i++)
		key = MAX(key, o->files[g_array_index(o->mapped, uint32_t, i)].change);
	if (!op_needs_file(op->code, op->flags))
		return key;
	key = MAX(key, o->files[op->file].change);
	if (changes_file(op->code))
		key = MAX(key, o->files[op->file].use);
	if (op->code == OP_RENAME)
		key = MAX(key, MAX(o->files[op->to].change, o->files[op->to].use));
	return key;
}

static void note_file(struct order *o, uint32_t file, bool changes, uint64_t key)
{
	struct file_keys *f = &o->files[file];

	if (changes)
		f->change = key;
	else
		f->use = MAX(f->use, key);
}

static void note_files(struct order *o, const struct op *op, uint64_t key)
{
	for (guint i = 0; i < o->mapped->len; i++)
		note_file(o, g_array_index(o->mapped, uint32_t, i), false, key);
	g_array_set_size(o->mapped, 0);
	if (op_needs_file(op->code, op->flags))
		note_file(o, op->file, changes_file(op->code), key);
	if (op->code == OP_RENAME)
		note_file(o, op->to, true, key);
}

/* An operation of the process of @c, that of @other too, or of none. Return: its key */
static uint64_t place_op(struct order *o, const struct op *op, uint64_t rec, struct clock_of *c,
			 struct clock_of *other)
{
	const bool barrier = is_barrier(op);
	uint64_t key = o->floor;

	if (barrier)
		key = o->top;
	else
		key = MAX(key, rec + (c ? delay(o, c, rec) : o->reach / 2));
	key = MAX(key, c ? c->key : o->time);
	if (other)
		key = MAX(key, other->key);
	key = wait_for_files(o, op, key);
	if (barrier)
		o->floor = key;
	if (op->code == OP_EXIT && c->parent)
		c->parent->key = MAX(c->parent->key, key);
	else if (op->code == OP_EXIT)
		o->floor = MAX(o->floor, key);
	return key;
}

static int see_op(void *data, const struct op *op, uint64_t rec)
{
	struct order *o = data;
	struct clock_of *c = op_needs_pid(op->code) ? clock_get(o, op->pid) : NULL;
	struct clock_of *other = other_clock(o, op);
	const uint64_t key = place_op(o, op, rec, c, other);
	struct place *p;

	if (op->code == OP_SPAWN)
		c->parent = NULL;
	else if (op->code == OP_FORK)
		other->parent = c;
	if (c)
		c->key = key;
	else
		o->time = key;
	if (other)
		other->key = key;
	note_files(o, op, key);
	o->top = MAX(o->top, key);
	p = spill_add(&o->places, 1);
	if (!p)
		return o->places.error;
	*p = (struct place){
		.key = (uint32_t)key,
		.rec = (uint32_t)rec,
		.pid = c ? op->pid : NO_REG,
		.file = op_needs_file(op->code, op->flags) ? op->file : NO_REG,
	};
	return o->places.nr % LOOK_RECS || !lab_interrupted(o->h) ? 0 : -EINTR;
}

static void see_mapped(void *data, uint32_t file)
{
	struct order *o = data;

	g_array_append_val(o->mapped, file);
}

static int by_key(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->rec < b->rec ? -1 : a->rec > b->rec;
}

/* Append the records of the operations, in the order of their places. */
static int write_out(const struct order *o, struct trace *out)
{
	uint32_t pid = NO_REG, file = NO_REG;

	for (uint64_t i = 0; i < o->places.nr; i++) {
		const struct place *p = spill_at(&o->places, i);
		struct op_rec recs[RECS_OF_OP], *to;
		unsigned int n = 0;
		uint32_t first = p->rec;

		if (p->pid != NO_REG && p->pid != pid)
			recs[n++] = op_rec(REC_PID, pid = p->pid, 0);
		if (p->file != NO_REG && p->file != file)
			recs[n++] = op_rec(REC_FILE, 0, file = p->file);
		while (first && (op_rec_code(o->t->recs[first - 1]) == REC_EXT ||
				 op_rec_code(o->t->recs[first - 1]) == REC_MORE))
			first--;
		while (first <= p->rec)
			recs[n++] = o->t->recs[first++];
		to = spill_add(out->spill, n);
		if (!to)
			return out->spill->error;
		memcpy(to, recs, n * sizeof(*recs));
		if (!(i % LOOK_RECS) && lab_interrupted(o->h))
			return -EINTR;
	}
	trace_end(out);
	return 0;
}

static int order_all(struct order *o, struct trace **out, struct err *err)
{
	const struct trace_watch watch = { .op = see_op, .mapped = see_mapped, .data = o };
	int ret = trace_check_watched(o->t, &watch, err);

	if (o->places.error)
		return spill_check(&o->places, o->t->path, err);
	if (ret)
		return ret;
	qsort(o->places.base, o->places.nr, sizeof(struct place), by_key);
	*out = trace_like(o->t);
	ret = write_out(o, *out);
	if ((*out)->spill->error)
		ret = spill_check((*out)->spill, o->t->path, err);
	/* more processes at a time have more mappings, of which there is a limit */
	if (!ret)
		ret = trace_check(*out, NULL, err);
	if (ret)
		g_clear_pointer(out, trace_free);
	return ret;
}

int order_trace(const struct trace *t, uint64_t seed, uint64_t reach, const struct lab_hooks *h,
		struct trace **out, struct err *err)
{
	struct order o = { .t = t, .h = h, .seed = seed, .reach = MIN(reach, t->nr_recs) };
	int ret;

	*out = NULL;
	if (t->nr_recs > ORDER_RECS_MAX)
		return err_at(err, -EINVAL, t->path, 0,
			      "%" PRIu64 " records, of which at most %u can get another order",
			      t->nr_recs, ORDER_RECS_MAX);
	o.clocks = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	o.files = g_new0(struct file_keys, t->nr_files + 1);
	o.mapped = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	spill_init(&o.places, sizeof(struct place));
	ret = order_all(&o, out, err);
	spill_release(&o.places);
	g_array_free(o.mapped, TRUE);
	g_free(o.files);
	g_hash_table_destroy(o.clocks);
	return ret;
}
