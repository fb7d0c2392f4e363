// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftrace's events in a Perfetto trace. Those that Perfetto knew when it was
 * built have published numbers, of the event and of each field. The others,
 * page faults among them, are written in one of two ways:
 *
 * - as name and value of each field, in each event ("generic")
 * - under numbers of 65536 and more, which a message in the same packet
 *   explains (from v50 on, "denser_generic_event_encoding")
 *
 * A device number has the encoding of stat(2), not the kernel's; pages of files have the recorded
 * machine's size.
 */
#include <errno.h>
#include <string.h>

#include "traces/readers/perfetto.h"
#include "traces/readers/scan.h"

enum { FIRST_DESCRIBED = 65536, GENERIC = 327, FIELDS_MAX = 16, DESCRIBED_MAX = 1 << 16 };
enum { NAME_BYTES = 64 };
enum { PF_WRITE = 1 << 1, EXC_STORE_PAGE_FAULT = 15, SIGKILL_ = 9, CLONE_THREAD_ = 0x10000 };

/* The meaning of a field, independent of its event. */
enum slot {
	S_NONE,
	S_ADDRESS,
	S_ERROR_CODE,
	S_CAUSE,
	S_DEV,
	S_INO,
	S_INDEX,
	S_LAST,
	S_POS,
	S_LEN,
	S_PID,
	S_FLAGS,
	S_SIG,
	S_RESULT,
	S_ID,
	S_ARG, /* the first of three */
	S_ARG_END = S_ARG + 3,
	S_NAME, /* text */
	NR_SLOTS,
};

#define HAS(slot) (1u << (slot))

static const struct {
	const char *name;
	enum slot slot;
} field_names[] = {
	{ "address", S_ADDRESS }, { "error_code", S_ERROR_CODE },
	{ "cause", S_CAUSE },	  { "s_dev", S_DEV },
	{ "dev", S_DEV },	  { "i_ino", S_INO },
	{ "ino", S_INO },	  { "index", S_INDEX },
	{ "last_index", S_LAST }, { "pos", S_POS },
	{ "len", S_LEN },	  { "pid", S_PID },
	{ "child_pid", S_PID },	  { "clone_flags", S_FLAGS },
	{ "sig", S_SIG },	  { "result", S_RESULT },
	{ "id", S_ID },		  { "args", S_ARG },
	{ "newcomm", S_NAME },
};

/* struct fields - an event in parts. */
struct fields {
	uint32_t has; /* bits of slots */
	uint64_t v[NR_SLOTS];
	struct pb name;
};

/* Return: true if the event is used. */
typedef bool (*take_fn)(const struct perfetto *pf, const struct fields *f, struct rb_event *ev);

static bool take_fault(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	if (!(f->has & (HAS(S_ERROR_CODE) | HAS(S_CAUSE))))
		return false;
	/* the kernel's own addresses are not the process's */
	ev->kind = f->v[S_ADDRESS] >> 63 ? RB_SEEN : RB_FAULT;
	ev->fault.page = f->v[S_ADDRESS] >> 12;
	ev->fault.write = f->has & HAS(S_ERROR_CODE) ? f->v[S_ERROR_CODE] & PF_WRITE
						     : f->v[S_CAUSE] == EXC_STORE_PAGE_FAULT;
	return true;
}

static struct rb_file_id file_id(const struct fields *f)
{
	uint64_t dev = f->v[S_DEV];
	uint64_t major = (dev >> 8 & 0xfff) | (dev >> 32 & 0xfffff000);
	uint64_t minor = (dev & 0xff) | (dev >> 12 & 0xffffff00);

	return (struct rb_file_id){ major << 32 | minor, f->v[S_INO] };
}

static bool take_cache(const struct fields *f, struct rb_event *ev, enum rb_kind kind)
{
	ev->kind = kind;
	ev->cache.id = file_id(f);
	ev->cache.first = f->v[S_INDEX];
	ev->cache.last = f->has & HAS(S_LAST) ? f->v[S_LAST] : f->v[S_INDEX];
	return true;
}

static bool take_cache_fault(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	return take_cache(f, ev, RB_CACHE_FAULT);
}

static bool take_read(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	return take_cache(f, ev, RB_READ);
}

static bool take_add(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	return take_cache(f, ev, RB_CACHE_ADD);
}

static bool take_delete(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	return take_cache(f, ev, RB_CACHE_DELETE);
}

static bool take_write(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	uint64_t pos = f->v[S_POS], len = f->v[S_LEN];

	(void)pf;
	if (!len || len > UINT64_MAX - pos)
		return false;
	ev->kind = RB_WRITE;
	ev->cache.id = file_id(f);
	ev->cache.first = pos >> 12;
	ev->cache.last = (pos + len - 1) >> 12;
	return true;
}

static bool take_syscall(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	ev->kind = f->v[S_ID] == pf->nr_munmap	  ? RB_MUNMAP
		   : f->v[S_ID] == pf->nr_madvise ? RB_MADVISE
						  : RB_SEEN;
	ev->range.start = f->v[S_ARG] >> 12;
	ev->range.pages = f->v[S_ARG + 1] / 4096 + !!(f->v[S_ARG + 1] % 4096);
	ev->range.advice = (unsigned int)MIN(f->v[S_ARG + 2], 1000);
	return true;
}

static bool is_task(const struct fields *f)
{
	return f->v[S_PID] && f->v[S_PID] < SCAN_PID_MAX;
}

static bool take_newtask(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_CLONE_FLAGS;
	ev->task.tid = (uint32_t)f->v[S_PID];
	ev->clone.flags = f->v[S_FLAGS];
	return is_task(f);
}

static bool take_fork(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	ev->kind = RB_FORK;
	ev->task.pid = ev->task.tid = (uint32_t)f->v[S_PID];
	ev->task.ptid = ev->tid;
	return is_task(f) && !pf->rec.newtask;
}

static bool take_exec(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_EXEC;
	ev->task.pid = ev->task.tid = (uint32_t)f->v[S_PID];
	return is_task(f);
}

static bool take_exit(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_EXIT;
	ev->task.tid = (uint32_t)f->v[S_PID];
	return is_task(f);
}

static bool take_victim(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_OOM_VICTIM;
	ev->task.tid = (uint32_t)f->v[S_PID];
	return is_task(f);
}

static bool take_generate(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_SIGKILL_SENT;
	ev->task.tid = (uint32_t)f->v[S_PID];
	/* TRACE_SIGNAL_IGNORED is 1 */
	return is_task(f) && (!(f->has & HAS(S_SIG)) || f->v[S_SIG] == SIGKILL_) &&
	       f->v[S_RESULT] != 1;
}

static bool take_deliver(const struct perfetto *pf, const struct fields *f, struct rb_event *ev)
{
	(void)pf;
	ev->kind = RB_SIGKILL_TAKEN;
	return f->v[S_SIG] == SIGKILL_;
}

#define FILE_FIELDS (HAS(S_DEV) | HAS(S_INO))
#define CACHE_SLOTS                                                                                \
	{                                                                                          \
		S_NONE, S_NONE, S_INO, S_INDEX, S_DEV                                              \
	}
#define WRITE_SLOTS                                                                                \
	{                                                                                          \
		S_NONE, S_DEV, S_INO, S_POS, S_LEN                                                 \
	}

/* struct event - an event that the reader uses.
 * @number: the published number of its field in FtraceEvent; 0: none
 * @needs: fields without which it is useless
 * @slots: the meaning of its published fields, by their numbers */
static const struct event {
	const char *name;
	take_fn take;
	uint32_t number;
	uint32_t needs;
	uint8_t slots[8];
} events[] = {
	{ "page_fault_user", take_fault, 0, HAS(S_ADDRESS), { 0 } },
	{ "page_fault_kernel", take_fault, 0, HAS(S_ADDRESS), { 0 } },
	{ "mm_filemap_fault", take_cache_fault, 0, FILE_FIELDS | HAS(S_INDEX), { 0 } },
	{ "mm_filemap_map_pages", take_cache_fault, 0, FILE_FIELDS | HAS(S_LAST), { 0 } },
	{ "mm_filemap_get_pages", take_read, 0, FILE_FIELDS | HAS(S_LAST), { 0 } },
	{ "mm_filemap_add_to_page_cache", take_add, 97, FILE_FIELDS, CACHE_SLOTS },
	{ "mm_filemap_delete_from_page_cache", take_delete, 98, FILE_FIELDS, CACHE_SLOTS },
	{ "ext4_da_write_begin", take_write, 41, FILE_FIELDS | HAS(S_LEN), WRITE_SLOTS },
	{ "ext4_write_begin", take_write, 219, FILE_FIELDS | HAS(S_LEN), WRITE_SLOTS },
	{ "sys_enter", take_syscall, 329, HAS(S_ID), { S_NONE, S_ID, S_ARG } },
	{ "task_newtask", take_newtask, 235, HAS(S_PID), { S_NONE, S_PID, S_NAME, S_FLAGS } },
	{ "sched_process_fork", take_fork, 239, HAS(S_PID), { [3] = S_NAME, [4] = S_PID } },
	{ "sched_process_exec", take_exec, 237, HAS(S_PID), { S_NONE, S_NONE, S_PID } },
	{ "sched_process_exit", take_exit, 238, HAS(S_PID), { S_NONE, S_NONE, S_PID } },
	{ "mark_victim", take_victim, 334, HAS(S_PID), { S_NONE, S_PID } },
	{ "lowmemory_kill", take_generate, 35, HAS(S_PID), { S_NONE, S_NONE, S_PID } },
	{ "signal_generate",
	  take_generate,
	  325,
	  HAS(S_PID) | HAS(S_SIG),
	  { [4] = S_PID, [5] = S_RESULT, [6] = S_SIG } },
	{ "signal_deliver", take_deliver, 324, HAS(S_SIG), { [3] = S_SIG } },
	{ "task_rename", NULL, 236, HAS(S_PID) | HAS(S_NAME), { [1] = S_PID, [3] = S_NAME } },
};

/* struct described - a bundle's description of an event number of 65536 and more. */
struct described {
	const struct event *e; /* NULL: not used */
	char name[NAME_BYTES];
	uint8_t slots[FIELDS_MAX];
};

static const struct event *event_named(const struct pb *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
		if (pb_is(name, events[i].name))
			return &events[i];
	return NULL;
}

static const struct event *event_numbered(uint32_t number)
{
	for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
		if (events[i].number == number)
			return &events[i];
	return NULL;
}

static enum slot slot_named(const struct pb *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++)
		if (pb_is(name, field_names[i].name))
			return field_names[i].slot;
	return S_NONE;
}

static void *key_of(uint32_t seq, uint32_t number)
{
	return GSIZE_TO_POINTER((gsize)seq << 32 | number);
}

/* FieldDescriptorProto: name = 1, number = 3 */
static int describe_field(struct described *d, struct pb m)
{
	struct pb_field f;
	struct pb name = { 0 };
	uint64_t number = 0;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1)
			name = f.bytes;
		else if (f.number == 3)
			number = f.value;
	}
	if (number < FIELDS_MAX)
		d->slots[number] = (uint8_t)slot_named(&name);
	return more;
}

/* DescriptorProto: name = 1, field = 2 */
static int describe_event(struct described *d, struct pb m)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1) {
			d->e = event_named(&f.bytes);
			pb_copy(d->name, sizeof(d->name), &f.bytes);
		} else if (f.number == 2 && describe_field(d, f.bytes) < 0) {
			return -1;
		}
	}
	return more;
}

/* GenericEventDescriptor: field_id = 1, event_descriptor = 2 */
int perfetto_describe(struct perfetto *pf, uint32_t seq, struct pb m)
{
	struct described *d = g_new0(struct described, 1);
	struct pb_field f;
	uint64_t id = 0;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1)
			id = f.value;
		else if (f.number == 2 && describe_event(d, f.bytes) < 0)
			break;
	}
	if (more || id < FIRST_DESCRIBED || id > UINT32_MAX ||
	    g_hash_table_size(pf->described) >= DESCRIBED_MAX) {
		g_free(d);
		return perfetto_bad(pf, "the description of an event can not be read");
	}
	g_hash_table_replace(pf->described, key_of(seq, (uint32_t)id), d);
	return 0;
}

static void set_slot(struct fields *out, enum slot slot, const struct pb_field *f)
{
	if (slot == S_NONE)
		return;
	if (slot == S_NAME) {
		out->name = f->bytes;
	} else if (slot == S_ARG) { /* one after the other */
		while (slot < S_ARG_END && out->has & HAS(slot))
			slot++;
		if (slot == S_ARG_END)
			return;
	}
	out->has |= HAS(slot);
	out->v[slot] = f->value;
}

static int numbered_fields(struct fields *out, const uint8_t *slots, size_t nr, struct pb m)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		enum slot slot = f.number < nr ? slots[f.number] : S_NONE;
		struct pb_field arg;

		/* numbers may also come together, in a field of bytes */
		if (slot == S_ARG && f.type == PB_BYTES) {
			while (pb_varint(&f.bytes, &arg.value))
				set_slot(out, slot, &arg);
			continue;
		}
		set_slot(out, slot, &f);
	}
	return more;
}

/* GenericFtraceEvent.Field: name = 1, str_value = 3, int_value = 4, uint_value = 5 */
static int generic_field(struct fields *out, struct pb m)
{
	struct pb_field f, value = { 0 };
	struct pb name = { 0 };
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1)
			name = f.bytes;
		else if (f.number >= 3 && f.number <= 5)
			value = f;
	}
	set_slot(out, slot_named(&name), &value);
	return more;
}

/* GenericFtraceEvent: event_name = 1, field = 2 */
static int generic_event(struct fields *out, const struct event **e, char *name, struct pb m)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1) {
			*e = event_named(&f.bytes);
			pb_copy(name, NAME_BYTES, &f.bytes);
		} else if (f.number == 2 && generic_field(out, f.bytes) < 0) {
			return -1;
		}
	}
	return more;
}

static int take(struct perfetto *pf, struct stream *s, const struct event *e,
		const struct fields *f, struct rb_event *ev)
{
	int ret = 0;

	if ((f->has & e->needs) != e->needs)
		return 0;
	if (f->has & HAS(S_NAME) && is_task(f))
		recording_name(&pf->rec, (uint32_t)f->v[S_PID], (const char *)f->name.p,
			       pb_len(&f->name));
	if (!e->take || !e->take(pf, f, ev))
		return 0;
	if (ev->kind == RB_CLONE_FLAGS) { /* ftrace has no fork event before this one */
		struct rb_event fork = *ev;

		pf->rec.newtask = true;
		fork.kind = RB_FORK;
		fork.task.pid = ev->clone.flags & CLONE_THREAD_ ? 0 : ev->task.tid;
		fork.task.ptid = ev->tid;
		ret = perfetto_keep(pf, s, &fork);
	}
	return ret ? ret : perfetto_keep(pf, s, ev);
}

/* FtraceEvent: timestamp = 1, pid = 2 (of the thread), and one of many events */
int perfetto_event(struct perfetto *pf, struct stream *s, uint32_t seq, int64_t offset_ns,
		   struct pb m)
{
	struct rb_event ev = { .cpu = s->cpu };
	const struct event *e = NULL;
	const struct described *d;
	struct fields fields = { 0 };
	char name[NAME_BYTES] = "";
	struct pb_field f;
	int more, bad = 0;

	while (!bad && (more = pb_next(&m, &f)) > 0) {
		if (f.number == 1) {
			ev.ns = f.value + (uint64_t)offset_ns;
		} else if (f.number == 2) {
			ev.tid = f.value < SCAN_PID_MAX ? (uint32_t)f.value : 0;
		} else if (f.type != PB_BYTES) {
			continue;
		} else if (f.number == GENERIC) {
			bad = generic_event(&fields, &e, name, f.bytes);
		} else if (f.number >= FIRST_DESCRIBED) {
			d = g_hash_table_lookup(pf->described, key_of(seq, f.number));
			e = d ? d->e : NULL;
			if (e)
				bad = numbered_fields(&fields, d->slots, FIELDS_MAX, f.bytes);
			else
				g_strlcpy(name, d ? d->name : "not described", sizeof(name));
		} else {
			e = event_numbered(f.number);
			if (e)
				bad = numbered_fields(&fields, e->slots, sizeof(e->slots), f.bytes);
			else
				g_snprintf(name, sizeof(name), "Perfetto's event %u", f.number);
		}
	}
	if (bad || more)
		return perfetto_bad(pf, "an event can not be read");
	pf->rec.nr_events++;
	if (e)
		return take(pf, s, e, &fields, &ev);
	if (name[0])
		recording_unused(&pf->rec, name, strlen(name));
	return 0;
}
