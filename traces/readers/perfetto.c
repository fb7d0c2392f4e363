// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads Perfetto's traces, a protobuf message of packets, as Android and
 * Linux's traced write it. Their data source linux.ftrace has the events of the kernel, which
 * traces/readers/perfetto-events.c parses; the limits of ftrace in traces/readers/ftrace.c apply.
 * In addition:
 *
 * - linux.process_stats gives the process of a thread, at any time: if a thread id was used
 *   twice, the first process counts.
 * - linux.system_info gives the page size and the architecture, and so the numbers of system
 *   calls; without it, the reader assumes x86-64 with pages of 4 KiB.
 * - Packets are ordered by CPU, not by time. So all events are kept, in a file if there are many,
 *   and sorted at the end.
 * - If two recorders ran at once and both saw an event, it appears twice.
 * - Perfetto can record several machines in one trace; packets of other machines are left out.
 * - Events that Perfetto's own buffer dropped are missing, and counted.
 *
 * Field numbers are those that Perfetto publishes; fields without a use are skipped.
 */
#include "traces/readers/perfetto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "sim/trace.h"
#include "traces/readers/scan.h"
#include "traces/readers/unpack.h"

/* A packet has at most some megabytes; a larger one is damaged or hostile. */
#define PACKET_MAX  (64u << 20)
#define BUF_BYTES   (1u << 20)
#define STREAMS_MAX (1u << 16)

/* fields of TracePacket */
enum {
	PACKET_FTRACE = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_SEQUENCE = 10,
	PACKET_FTRACE_STATS = 34,
	PACKET_TRACE_STATS = 35,
	PACKET_SYSTEM_INFO = 45,
	PACKET_DEFLATED = 50,
	PACKET_MACHINE = 98,
	PACKET_ZSTD = 133,
};

int perfetto_bad(const struct perfetto *pf, const char *what)
{
	return err_at(pf->err, -EINVAL, pf->rec.in->path, 0,
		      "packet at byte %" PRIu64 ": %s (is the file damaged?)", pf->offset, what);
}

int perfetto_keep(struct perfetto *pf, struct stream *s, const struct rb_event *ev)
{
	void *at = spill_add(&s->events, 1);

	if (!at)
		return spill_check(&s->events, pf->rec.in->path, pf->err);
	memcpy(at, ev, PERFETTO_EVENT_BYTES);
	return 0;
}

/* ftrace */

static struct stream *stream_get(struct perfetto *pf, uint32_t seq, uint32_t cpu)
{
	gpointer key = GSIZE_TO_POINTER((gsize)seq << 32 | cpu);
	struct stream *s = g_hash_table_lookup(pf->streams, key);

	if (s || g_hash_table_size(pf->streams) >= STREAMS_MAX)
		return s;
	s = g_new0(struct stream, 1);
	s->cpu = cpu;
	spill_init(&s->events, PERFETTO_EVENT_BYTES);
	g_hash_table_insert(pf->streams, key, s);
	return s;
}

static void stream_free(gpointer data)
{
	struct stream *s = data;

	spill_release(&s->events);
	g_free(s);
}

/* struct bundle - the parts of a FtraceEventBundle that its events depend on. */
struct bundle {
	uint64_t cpu, clock;
	int64_t ftrace_ns, boot_ns;
};

static int64_t bundle_offset(struct perfetto *pf, const struct bundle *b)
{
	if (!b->clock || b->clock >= G_N_ELEMENTS(pf->clock_known))
		return 0;
	if (!pf->clock_known[b->clock] && b->ftrace_ns && b->boot_ns) {
		pf->clock_known[b->clock] = true;
		pf->clock_offset[b->clock] =
			(int64_t)((uint64_t)b->boot_ns - (uint64_t)b->ftrace_ns);
	}
	return pf->clock_offset[b->clock];
}

/* Read these parts first: in the message they follow the events. */
static int read_bundle_head(struct perfetto *pf, uint32_t seq, struct pb m, struct bundle *b)
{
	struct pb_field f;
	int more, ret;

	while ((more = pb_next(&m, &f)) > 0) {
		switch (f.number) {
		case 1:
			b->cpu = f.value;
			break;
		case 3:
			pf->lost_bundles += f.value != 0;
			break;
		case 5:
			b->clock = f.value;
			break;
		case 6:
			b->ftrace_ns = (int64_t)f.value;
			break;
		case 7:
			b->boot_ns = (int64_t)f.value;
			break;
		case 11:
			ret = perfetto_describe(pf, seq, f.bytes);
			if (ret)
				return ret;
			break;
		}
	}
	return more ? perfetto_bad(pf, "a bundle of ftrace's events can not be read") : 0;
}

static int on_bundle(struct perfetto *pf, uint32_t seq, struct pb m)
{
	struct bundle b = { 0 };
	struct pb_field f;
	struct stream *s;
	int64_t offset_ns;
	int ret = read_bundle_head(pf, seq, m, &b);

	if (ret)
		return ret;
	if (b.cpu > TRACE_CPU_MAX)
		return perfetto_bad(pf, "a CPU beyond 8191");
	s = stream_get(pf, seq, (uint32_t)b.cpu);
	if (!s)
		return perfetto_bad(pf, "more than 65536 CPUs and sequences of packets");
	offset_ns = bundle_offset(pf, &b);
	while (!ret && pb_next(&m, &f) > 0)
		if (f.number == 2)
			ret = perfetto_event(pf, s, seq, offset_ns, f.bytes);
	return ret;
}

/* FtraceStats: phase = 1, cpu_stats = 2 with overrun = 3, dropped_events = 8 */
static int on_ftrace_stats(struct perfetto *pf, struct pb m)
{
	uint64_t phase = 0, lost = 0;
	struct pb_field f, g;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 1)
			phase = f.value;
		while (f.number == 2 && (more = pb_next(&f.bytes, &g)) > 0)
			if (g.number == 3 || g.number == 8)
				lost += g.value;
		if (more < 0)
			break;
	}
	if (phase == 1)
		pf->lost_start += lost;
	else if (phase == 2)
		pf->lost_end += lost;
	return more < 0 ? perfetto_bad(pf, "ftrace's statistics can not be read") : 0;
}

/* TraceStats: buffer_stats = 1 with chunks_overwritten = 3, chunks_discarded = 18,
 * which count from the start; the last one stands. */
static int on_trace_stats(struct perfetto *pf, struct pb m)
{
	struct pb_field f, g;
	uint64_t full = 0;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		while (f.number == 1 && (more = pb_next(&f.bytes, &g)) > 0)
			if (g.number == 3 || g.number == 18)
				full += g.value;
		if (more < 0)
			break;
	}
	pf->full_chunks = full;
	return more < 0 ? perfetto_bad(pf, "statistics can not be read") : 0;
}

/* What was recorded */

static void on_task(struct perfetto *pf, uint64_t tid, uint64_t pid, struct pb name)
{
	struct rb_event ev = { .kind = RB_THREAD };

	if (!tid || tid >= SCAN_PID_MAX || !pid || pid >= SCAN_PID_MAX)
		return;
	recording_name(&pf->rec, (uint32_t)tid, (const char *)name.p, pb_len(&name));
	if (g_hash_table_contains(pf->rec.rb.thread_of, GSIZE_TO_POINTER(tid)))
		return;
	ev.task.tid = (uint32_t)tid;
	ev.task.pid = (uint32_t)pid;
	rb_event(&pf->rec.rb, &ev);
}

/* ProcessTree: processes = 1 with pid = 1, cmdline = 3; threads = 2 with tid = 1,
 * name = 2, tgid = 3 */
static int on_process_tree(struct perfetto *pf, struct pb m)
{
	struct pb_field f, g;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		uint64_t id = 0, tgid = 0;
		struct pb name = { 0 };

		if (f.number != 1 && f.number != 2)
			continue;
		while ((more = pb_next(&f.bytes, &g)) > 0) {
			if (g.number == 1)
				id = g.value;
			else if (g.number == 3 && f.number == 2)
				tgid = g.value;
			else if (g.type == PB_BYTES && !pb_len(&name) && g.number <= 3)
				name = g.bytes;
		}
		if (more < 0)
			break;
		on_task(pf, id, f.number == 1 ? id : tgid, name);
	}
	return more < 0 ? perfetto_bad(pf, "the list of processes can not be read") : 0;
}

static void note_bytes(struct perfetto *pf, const char *key, struct pb m)
{
	char text[200];

	pb_copy(text, sizeof(text), &m);
	recording_note(&pf->rec, key, text);
}

/* Utsname: release = 3, machine = 4; its version and the host's name are left out */
static int on_utsname(struct perfetto *pf, struct pb m)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == 3)
			note_bytes(pf, "kernel", f.bytes);
		if (f.number != 4)
			continue;
		note_bytes(pf, "arch", f.bytes);
		if (pb_is(&f.bytes, "x86_64"))
			continue;
		pf->rec.arm64 = pb_is(&f.bytes, "aarch64");
		/* the numbers that all newer architectures share */
		pf->nr_munmap = 215;
		pf->nr_madvise = 233;
	}
	return more;
}

/* SystemInfo: utsname = 1, tracing_service_version = 4, page_size = 6, num_cpus = 8 */
static int on_system_info(struct perfetto *pf, struct pb m)
{
	struct pb_field f;
	char text[24];
	int more, ret = 0;

	while (!ret && (more = pb_next(&m, &f)) > 0) {
		if (f.number == 1 && on_utsname(pf, f.bytes) < 0) {
			more = -1;
			break;
		}
		if (f.number == 4)
			note_bytes(pf, "recorder", f.bytes);
		if (f.number == 8 && f.value && f.value <= TRACE_CPU_MAX + 1)
			pf->rec.cpus = f.value;
		if (f.number == 6 && f.value) {
			g_snprintf(text, sizeof(text), "%" PRIu64, f.value);
			ret = recording_page_size(&pf->rec, text);
		}
	}
	return ret ? ret : more < 0 ? perfetto_bad(pf, "system information can not be read") : 0;
}

/* Packets */

static int take_packets(struct perfetto *pf, struct pb m);

static int on_packed(struct perfetto *pf, const struct unpacker *u, struct pb m)
{
	GByteArray *out = g_byte_array_new();
	const char *wrong = unpack_all(u, m.p, pb_len(&m), PACKET_MAX, out);
	char what[160];
	int ret;

	if (wrong) {
		g_snprintf(what, sizeof(what), "packed packets, %s, at most 64 MiB: %s", u->name,
			   wrong);
		ret = perfetto_bad(pf, what);
	} else {
		ret = take_packets(pf, (struct pb){ out->data, out->data + out->len });
	}
	g_byte_array_unref(out);
	return ret;
}

/* struct packet - the fields of a packet that its other parts depend on. */
struct packet {
	uint32_t seq;
	bool other_machine, packed;
};

static int read_packet_head(struct perfetto *pf, struct pb m, struct packet *p)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0) {
		if (f.number == PACKET_SEQUENCE)
			p->seq = (uint32_t)f.value;
		else if (f.number == PACKET_MACHINE)
			p->other_machine = f.value != 0;
		else if (f.number == PACKET_DEFLATED || f.number == PACKET_ZSTD)
			p->packed = true;
	}
	return more ? perfetto_bad(pf, "not a packet of Perfetto") : 0;
}

static int take_field(struct perfetto *pf, const struct packet *p, const struct pb_field *f)
{
	switch (f->number) {
	case PACKET_FTRACE:
		return on_bundle(pf, p->seq, f->bytes);
	case PACKET_PROCESS_TREE:
		return on_process_tree(pf, f->bytes);
	case PACKET_FTRACE_STATS:
		return on_ftrace_stats(pf, f->bytes);
	case PACKET_TRACE_STATS:
		return on_trace_stats(pf, f->bytes);
	case PACKET_SYSTEM_INFO:
		return on_system_info(pf, f->bytes);
	case PACKET_DEFLATED:
		return on_packed(pf, &unpack_zlib, f->bytes);
	case PACKET_ZSTD:
		return on_packed(pf, &unpack_zstd, f->bytes);
	default:
		return 0;
	}
}

/* @inner: it was unpacked from another packet, and so must not be packed itself. */
static int take_packet(struct perfetto *pf, struct pb m, bool inner)
{
	struct packet p = { 0 };
	struct pb_field f;
	int ret = read_packet_head(pf, m, &p);

	if (!ret && inner && p.packed)
		return perfetto_bad(pf, "packed packets in packed packets");
	if (p.other_machine) {
		pf->other_machines++;
		return ret;
	}
	while (!ret && pb_next(&m, &f) > 0)
		if (f.type == PB_BYTES)
			ret = take_field(pf, &p, &f);
	return ret;
}

static int take_packets(struct perfetto *pf, struct pb m)
{
	struct pb_field f;
	int more, ret = 0;

	while (!ret && (more = pb_next(&m, &f)) > 0)
		if (f.number == 1 && f.type == PB_BYTES)
			ret = take_packet(pf, f.bytes, true);
	return ret ? ret : more < 0 ? perfetto_bad(pf, "packed packets can not be read") : 0;
}

/* struct window - the part of the file that is in memory. */
struct window {
	uint8_t *buf;
	size_t start, end, room;
	bool last; /* @end is the end of the file */
};

/* Make @need bytes of the file available, or all that are left. */
static int fill(struct perfetto *pf, struct input *in, struct window *w, size_t need)
{
	int64_t n;

	if (w->end - w->start >= need || w->last)
		return 0;
	memmove(w->buf, w->buf + w->start, w->end - w->start);
	w->end -= w->start;
	w->start = 0;
	if (need > w->room) {
		w->room = need + BUF_BYTES;
		w->buf = g_realloc(w->buf, w->room);
	}
	n = input_read(in, w->buf + w->end, w->room - w->end, pf->err);
	if (n < 0)
		return (int)n;
	w->last = (size_t)n < w->room - w->end;
	w->end += (size_t)n;
	return 0;
}

/* Read one packet. Return: 1; 0 at the end; -errno. */
static int next_packet(struct perfetto *pf, struct input *in, struct window *w)
{
	enum { TAG = 1 << 3 | PB_BYTES, HEAD_BYTES = 11 };
	struct pb head;
	uint64_t len;
	size_t used;
	int ret = fill(pf, in, w, HEAD_BYTES);

	if (ret || w->start == w->end)
		return ret;
	head = (struct pb){ w->buf + w->start + 1, w->buf + w->end };
	if (w->buf[w->start] != TAG)
		return perfetto_bad(pf, "expected the tag of one, 0x0a");
	if (!pb_varint(&head, &len))
		return perfetto_bad(pf, "its length ends too early (is it cut off?)");
	if (len > PACKET_MAX)
		return perfetto_bad(pf, "longer than 64 MiB");
	used = (size_t)(head.p - (w->buf + w->start));
	ret = fill(pf, in, w, used + len);
	if (ret)
		return ret;
	if (w->end - w->start < used + len)
		return perfetto_bad(pf, "it ends too early (is it cut off?)");
	head.p = w->buf + w->start + used;
	ret = take_packet(pf, (struct pb){ head.p, head.p + len }, false);
	w->start += used + len;
	pf->offset += used + len;
	return ret ? ret : 1;
}

/* In the order of time */

static uint64_t head_ns(const struct stream *s)
{
	const struct rb_event *ev = spill_at(&s->events, s->next);

	return ev->ns;
}

/* Is the next event of @a before that of @b? */
static bool before(const struct stream *a, const struct stream *b)
{
	uint64_t x = head_ns(a), y = head_ns(b);

	return x < y || (x == y && a->cpu < b->cpu);
}

static void give(struct perfetto *pf, struct stream *s)
{
	struct rebuild *rb = &pf->rec.rb;
	struct rb_event ev;
	uint32_t pid;

	memcpy(&ev, spill_at(&s->events, s->next), PERFETTO_EVENT_BYTES);
	switch (ev.kind) {
	case RB_CACHE_FAULT:
	case RB_READ:
	case RB_CACHE_ADD:
	case RB_CACHE_DELETE: {
		const uint64_t far = UINT64_MAX / 64;

		ev.cache.first = MIN(ev.cache.first, far) * rb->page_pages;
		ev.cache.last = (MIN(ev.cache.last, far) + 1) * rb->page_pages - 1;
		break;
	}
	case RB_FORK: /* sched_process_fork does not tell threads; the list of processes does */
		pid = GPOINTER_TO_UINT(
			g_hash_table_lookup(rb->thread_of, GUINT_TO_POINTER(ev.task.tid)));
		if (!pf->rec.newtask && pid && pid != ev.task.tid)
			ev.task.pid = 0;
		break;
	case RB_SIGKILL_SENT:
		recording_killer(&pf->rec, ev.tid);
		break;
	default:
		break;
	}
	rb_event(rb, &ev);
}

static gint by_turn(gconstpointer a, gconstpointer b)
{
	const struct stream *x = *(struct stream *const *)a, *y = *(struct stream *const *)b;

	return before(x, y) ? -1 : before(y, x);
}

/* Pass on all events in the order of time. The remaining streams are kept sorted by their next
 * event. */
static void merge(struct perfetto *pf)
{
	GPtrArray *left = g_ptr_array_new();
	GHashTableIter it;
	gpointer value;

	g_hash_table_iter_init(&it, pf->streams);
	while (g_hash_table_iter_next(&it, NULL, &value))
		if (((struct stream *)value)->events.nr)
			g_ptr_array_add(left, value);
	g_ptr_array_sort(left, by_turn);
	while (left->len) {
		struct stream *s = left->pdata[0];
		guint i = 0;

		give(pf, s);
		if (++s->next % (1u << 16) == 0)
			spill_passed(&s->events, s->next - (1u << 16), s->next);
		if (s->next == s->events.nr) {
			g_ptr_array_remove_index(left, 0);
			continue;
		}
		for (; i + 1 < left->len && before(left->pdata[i + 1], s); i++)
			left->pdata[i] = left->pdata[i + 1];
		left->pdata[i] = s;
	}
	g_ptr_array_free(left, TRUE);
}

static void begin(struct perfetto *pf, struct input *in, struct err *err)
{
	*pf = (struct perfetto){ .err = err, .nr_munmap = 11, .nr_madvise = 28 };
	recording_begin(&pf->rec, "Perfetto", in, err);
	pf->rec.rb.no_maps = true;
	pf->streams = g_hash_table_new_full(NULL, NULL, NULL, stream_free);
	pf->described = g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

static void say_what_is_missing(struct perfetto *pf)
{
	char text[120];

	/* if no counter tells how many were lost, count the bundles that report a loss */
	pf->rec.lost = MAX(pf->lost_end - MIN(pf->lost_start, pf->lost_end), pf->lost_bundles);
	g_snprintf(text, sizeof(text), "%" PRIu64 " chunks of events did not fit: see buffers",
		   pf->full_chunks);
	if (pf->full_chunks)
		recording_note(&pf->rec, "buffer-full", text);
	g_snprintf(text, sizeof(text), "%" PRIu64 " packets", pf->other_machines);
	if (pf->other_machines)
		recording_note(&pf->rec, "other-machines-left-out", text);
}

static int perfetto_read(struct input *in, struct trace **out, struct err *err)
{
	struct window w = { .buf = g_malloc(BUF_BYTES), .room = BUF_BYTES };
	struct perfetto pf;
	int ret;

	begin(&pf, in, err);
	do
		ret = next_packet(&pf, in, &w);
	while (ret > 0);
	g_free(w.buf);
	if (!ret)
		merge(&pf);
	say_what_is_missing(&pf);
	ret = recording_end(&pf.rec, ret, out, err);
	g_hash_table_destroy(pf.streams);
	g_hash_table_destroy(pf.described);
	return ret;
}

/* Does @m consist of valid fields of a packet? */
static bool is_packet(struct pb m)
{
	struct pb_field f;
	int more;

	while ((more = pb_next(&m, &f)) > 0)
		if (f.number >= 1000)
			return false;
	return !more;
}

/* A packet that another one follows. */
static bool perfetto_probe(const uint8_t *head, size_t len)
{
	struct pb m = { head, head + len };
	uint64_t packet, tag;

	if (len < 4 || *m.p++ != (1 << 3 | PB_BYTES) || !pb_varint(&m, &packet) || !packet ||
	    packet > PACKET_MAX)
		return false;
	if (packet > pb_len(&m)) /* the packet is longer than the head of the input */
		return len >= INPUT_HEAD_BYTES && pb_varint(&m, &tag) && tag >> 3 < 1000 &&
		       (tag & 7) == PB_BYTES;
	m.end = m.p + packet;
	return is_packet(m) && (m.end == head + len || *m.end == (1 << 3 | PB_BYTES));
}

extern const struct trace_reader perfetto_reader;

const struct trace_reader perfetto_reader = {
	.name = "perfetto",
	.summary = "Perfetto's protobuf: ftrace events of Android and traced",
	.probe = perfetto_probe,
	.read = perfetto_read,
};
