// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Perfetto reader. A few functions here write the messages, with Perfetto's published
 * field numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>
#include <zlib.h>
#include <zstd.h>

#include "traces/readers/readers.h"
#include "traces/readers/write.h"

void suite_perfetto(void);

/* Writing */

static void put_varint(GByteArray *m, uint64_t v)
{
	uint8_t b;

	for (; v > 0x7f; v >>= 7) {
		b = (uint8_t)(v | 0x80);
		g_byte_array_append(m, &b, 1);
	}
	b = (uint8_t)v;
	g_byte_array_append(m, &b, 1);
}

static void put_u64(GByteArray *m, uint32_t number, uint64_t v)
{
	put_varint(m, (uint64_t)number << 3);
	put_varint(m, v);
}

static void put_bytes(GByteArray *m, uint32_t number, const void *bytes, size_t len)
{
	put_varint(m, (uint64_t)number << 3 | 2);
	put_varint(m, len);
	g_byte_array_append(m, bytes, (guint)len);
}

static void put_text(GByteArray *m, uint32_t number, const char *text)
{
	put_bytes(m, number, text, strlen(text));
}

/* Frees @inner. */
static void put_message(GByteArray *m, uint32_t number, GByteArray *inner)
{
	put_bytes(m, number, inner->data, inner->len);
	g_byte_array_free(inner, TRUE);
}

static GByteArray *message(void)
{
	return g_byte_array_new();
}

/* A message of numbers: @nr pairs of field and value. */
static GByteArray *numbers(size_t nr, const uint64_t (*pairs)[2])
{
	GByteArray *m = message();

	for (size_t i = 0; i < nr; i++)
		put_u64(m, (uint32_t)pairs[i][0], pairs[i][1]);
	return m;
}

#define NUMBERS(...)                                                                               \
	numbers(sizeof((const uint64_t[][2]){ __VA_ARGS__ }) / sizeof(uint64_t[2]),                \
		(const uint64_t[][2]){ __VA_ARGS__ })

/* FtraceEvent of thread @tid, with the event @inner under its number. */
static void put_event(GByteArray *bundle, uint64_t ns, uint32_t tid, uint32_t number,
		      GByteArray *inner)
{
	GByteArray *ev = NUMBERS({ 1, ns }, { 2, tid });

	put_message(ev, number, inner);
	put_message(bundle, 2, ev);
}

/* A generic event with its fields by name. */
static GByteArray *generic(const char *name, size_t nr, const char *const *fields,
			   const uint64_t *values)
{
	GByteArray *m = message();

	put_text(m, 1, name);
	for (size_t i = 0; i < nr; i++) {
		GByteArray *f = message();

		put_text(f, 1, fields[i]);
		put_u64(f, 5, values[i]);
		put_message(m, 2, f);
	}
	return m;
}

static GByteArray *generic_fault(uint64_t address, uint64_t code)
{
	return generic("page_fault_user", 3, (const char *const[]){ "address", "ip", "error_code" },
		       (const uint64_t[]){ address, 1, code });
}

/* The description of event @id in a bundle: fields are numbered from 1. */
static void put_description(GByteArray *bundle, uint32_t id, const char *name, size_t nr,
			    const char *const *fields)
{
	GByteArray *d = message(), *g = message();

	put_text(d, 1, name);
	for (size_t i = 0; i < nr; i++) {
		GByteArray *f = message();

		put_u64(f, 3, i + 1);
		put_text(f, 1, fields[i]);
		put_message(d, 2, f);
	}
	put_u64(g, 1, id);
	put_message(g, 2, d);
	put_message(bundle, 11, g);
}

static void describe_fault(GByteArray *bundle, uint32_t id)
{
	put_description(bundle, id, "page_fault_user", 3,
			(const char *const[]){ "address", "ip", "error_code" });
}

static void describe_map_pages(GByteArray *bundle, uint32_t id)
{
	put_description(bundle, id, "mm_filemap_map_pages", 4,
			(const char *const[]){ "i_ino", "s_dev", "index", "last_index" });
}

/* A bundle of @cpu in a packet of sequence @seq. */
static void put_bundle(GByteArray *trace, uint32_t seq, uint32_t cpu, GByteArray *bundle)
{
	GByteArray *packet = message();

	put_u64(bundle, 1, cpu);
	put_message(packet, 1, bundle);
	put_u64(packet, 10, seq);
	put_message(trace, 1, packet);
}

static void put_system(GByteArray *trace, const char *machine, uint64_t page_size)
{
	GByteArray *uname = message(), *info = message(), *packet = message();

	put_text(uname, 1, "Linux");
	put_text(uname, 3, "6.12.1");
	put_text(uname, 4, machine);
	put_message(info, 1, uname);
	put_u64(info, 6, page_size);
	put_u64(info, 8, 2);
	put_message(packet, 45, info);
	put_message(trace, 1, packet);
}

/* Thread @tid of process @tgid, or with @tgid 0 a process. */
static void put_task(GByteArray *trace, uint32_t tid, uint32_t tgid, const char *name)
{
	GByteArray *task = message(), *tree = message(), *packet = message();

	put_u64(task, 1, tid);
	if (tgid)
		put_u64(task, 3, tgid);
	put_text(task, tgid ? 2 : 3, name);
	put_message(tree, tgid ? 2 : 1, task);
	put_message(packet, 2, tree);
	put_message(trace, 1, packet);
}

/* Reading */

static int load_bytes(const GByteArray *m, const char *format, struct trace **t, struct err *err)
{
	char path[] = "/tmp/reapsim-test-perfetto-XXXXXX";
	int fd = mkstemp(path), ret;

	*t = NULL;
	*err = (struct err){ "" };
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, m->data, m->len), (ssize_t)m->len);
	close(fd);
	ret = trace_load(path, format, t, err);
	unlink(path);
	return ret;
}

static const char *note_of(const struct trace *t, const char *key)
{
	for (uint32_t i = 0; i < t->nr_notes; i++)
		if (!strcmp(t->notes[i].key, key))
			return t->notes[i].value;
	return "";
}

/* Read @m, whose format is detected, and compare the rows after the header. Frees @m. */
static struct trace *expect(const char *what, GByteArray *m, const char *want)
{
	struct trace *t;
	struct err err;
	char *text, *at;
	size_t len;
	FILE *f;
	int ret = load_bytes(m, NULL, &t, &err);

	g_byte_array_free(m, TRUE);
	if (ret)
		fprintf(stderr, "%s: %s\n", what, err.msg);
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	f = open_memstream(&text, &len);
	CU_ASSERT_EQUAL(trace_write_text(t, f, &err), 0);
	fclose(f);
	at = strstr(text, "\nfile,");
	at = at ? at : strstr(text, "\nspawn,");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_STRING_EQUAL(at + 1, want);
	if (strcmp(at + 1, want))
		fprintf(stderr, "%s: have\n%swant\n%s", what, at + 1, want);
	free(text);
	return t;
}

static const char one_fault[] = "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\n"
				"exit,7\nmark,end\n";

/* A recording of one fault, at ns 5. */
static GByteArray *fault_trace(void)
{
	GByteArray *trace = message(), *bundle = message();

	put_event(bundle, 5, 7, 327, generic_fault(0, 6));
	put_bundle(trace, 1, 0, bundle);
	return trace;
}

/* Device numbers are encoded as by stat(2): 254:3 is 0xfe03; 300:256 is below. */
#define DEV_254_3   0xfe03ull
#define DEV_300_256 (300ull << 8 | 256ull << 12)

static void test_faults(void)
{
	GByteArray *trace = message(), *bundle = message();
	const char *want = "file,254:3:17,2\nfile,300:256:18,1\n"
			   "spawn,7,1\n"
			   "map,7,0x800000,2,r-xp,254:3:17,0\n"
			   "touch,7,0x800001,1,r\n"
			   "anon,7,0x1809000,512,rw-p\n"
			   "touch,7,0x1809000,1,w\n"
			   "map,7,0x800200,1,r-xp,300:256:18,0\n"
			   "touch,7,0x800200,1,r\n"
			   "read,7,254:3:17,0,2\n"
			   "exit,7\nmark,end\n";

	/* the description of an event follows the event */
	put_event(bundle, 5, 7, 65537, NUMBERS({ 1, 0x5001000 }, { 2, 1 }, { 3, 4 }));
	put_event(bundle, 6, 7, 65538, NUMBERS({ 1, 17 }, { 2, DEV_254_3 }, { 3, 0 }, { 4, 2 }));
	describe_fault(bundle, 65537);
	describe_map_pages(bundle, 65538);
	put_bundle(trace, 1, 1, bundle);
	/* and applies to later bundles; before v50 a bundle names the fields in each event */
	bundle = message();
	put_event(bundle, 7, 7, 327, generic_fault(0x9000000, 6));
	put_event(bundle, 8, 7, 65537, NUMBERS({ 1, 0x5002000 }, { 2, 1 }, { 3, 4 }));
	put_event(bundle, 9, 7, 327,
		  generic("mm_filemap_fault", 3, (const char *const[]){ "i_ino", "s_dev", "index" },
			  (const uint64_t[]){ 18, DEV_300_256, 0 }));
	put_event(bundle, 10, 7, 327,
		  generic("mm_filemap_get_pages", 4,
			  (const char *const[]){ "i_ino", "s_dev", "index", "last_index" },
			  (const uint64_t[]){ 17, DEV_254_3, 0, 1 }));
	put_bundle(trace, 1, 1, bundle);
	trace_free(expect("faults in files and elsewhere", trace, want));
}

static void test_order(void)
{
	GByteArray *trace = message(), *bundle = message();

	/* CPU 0 is written first but has later events; two sequences have events of one CPU */
	put_event(bundle, 10, 7, 327, generic_fault(0x1000, 6));
	put_event(bundle, 40, 7, 327, generic_fault(0x4000, 6));
	put_bundle(trace, 1, 0, bundle);
	bundle = message();
	put_event(bundle, 20, 7, 327, generic_fault(0x2000, 6));
	put_bundle(trace, 1, 1, bundle);
	bundle = message();
	put_event(bundle, 30, 7, 327, generic_fault(0x3000, 6));
	put_bundle(trace, 2, 0, bundle);
	trace_free(expect("events in the order of time", trace,
			  "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800001,4,w\n"
			  "exit,7\nmark,end\n"));
}

static void test_clocks(void)
{
	GByteArray *trace = message(), *bundle = message();

	/* one sequence uses the boot clock, another "global", which is 100 ms behind */
	put_event(bundle, 100000003, 7, 327, generic_fault(0x2000, 6));
	put_bundle(trace, 1, 0, bundle);
	bundle = NUMBERS({ 5, 2 }, { 6, 1000000 }, { 7, 101000000 });
	put_event(bundle, 2, 7, 327, generic_fault(0x1000, 6));
	put_bundle(trace, 2, 0, bundle);
	trace_free(expect("ftrace's clock is put on the boot clock", trace,
			  "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800001,2,w\n"
			  "exit,7\nmark,end\n"));
}

static void test_tasks(void)
{
	GByteArray *trace = message(), *bundle = message();
	struct trace *t;

	put_event(bundle, 1, 8, 327, generic_fault(0x0, 6));
	/* process 9 by task_newtask; thread 10 of 9 */
	put_event(bundle, 2, 8, 235, NUMBERS({ 1, 9 }, { 3, 0x1200000 }));
	put_event(bundle, 3, 8, 239, NUMBERS({ 2, 8 }, { 4, 9 }));
	put_event(bundle, 4, 9, 235, NUMBERS({ 1, 10 }, { 3, 0x3d0f00 }));
	put_event(bundle, 5, 10, 327, generic_fault(0x1000, 6));
	put_event(bundle, 6, 9, 237, NUMBERS({ 2, 9 }, { 3, 9 }));
	put_event(bundle, 7, 9, 327, generic_fault(0x0, 6));
	put_event(bundle, 8, 20, 325, NUMBERS({ 4, 9 }, { 5, 0 }, { 6, 15 }));
	put_event(bundle, 8, 20, 325, NUMBERS({ 4, 9 }, { 5, 0 }, { 6, 9 }));
	put_event(bundle, 9, 9, 238, NUMBERS({ 2, 9 }));
	put_event(bundle, 10, 21, 334, NUMBERS({ 1, 7 }));
	put_event(bundle, 11, 7, 238, NUMBERS({ 2, 7 }));
	put_event(bundle, 12, 8, 238, NUMBERS({ 2, 8 }));
	put_bundle(trace, 1, 0, bundle);
	/* known only at the end: 8 is a thread of 7, 20 is lmkd */
	put_task(trace, 7, 0, "app");
	put_task(trace, 8, 7, "render");
	put_task(trace, 20, 0, "lmkd");
	t = expect("processes, threads, kills", trace,
		   "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\nfork,7,9\n"
		   "touch,9,0x800001,1,w\nexec,9\nanon,9,0x800000,512,rw-p\n"
		   "touch,9,0x800000,1,w\nkill,9\noom,7\nmark,end\n");
	CU_ASSERT_STRING_EQUAL(note_of(t, "sigkill-sent-by"), "1 lmkd");
	trace_free(t);

	/* without task_newtask the list of processes tells that 8 is a thread */
	trace = message();
	bundle = message();
	put_event(bundle, 1, 7, 327, generic_fault(0x0, 6));
	put_event(bundle, 2, 7, 239, NUMBERS({ 2, 7 }, { 4, 8 }));
	put_event(bundle, 3, 8, 327, generic_fault(0x1000, 6));
	put_event(bundle, 4, 20, 35, NUMBERS({ 2, 7 }, { 3, 100 }));
	put_event(bundle, 5, 8, 238, NUMBERS({ 2, 8 }));
	put_event(bundle, 6, 7, 238, NUMBERS({ 2, 7 }));
	put_bundle(trace, 1, 0, bundle);
	put_task(trace, 8, 7, "render");
	trace_free(expect("a thread by sched_process_fork, lowmemory_kill", trace,
			  "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,2,w\n"
			  "kill,7\nmark,end\n"));
}

static void test_machine(void)
{
	GByteArray *trace = message(), *bundle = message();
	struct trace *t;

	/* arm64 with pages of 16 KiB: index 1 is pages 4-7; munmap is 215, and 11 is not */
	put_system(trace, "aarch64", 16384);
	put_event(bundle, 1, 7, 327,
		  generic("mm_filemap_fault", 3, (const char *const[]){ "i_ino", "s_dev", "index" },
			  (const uint64_t[]){ 17, DEV_254_3, 1 }));
	put_event(bundle, 2, 7, 41, NUMBERS({ 1, DEV_254_3 }, { 2, 17 }, { 3, 4096 }, { 4, 8192 }));
	put_event(bundle, 3, 7, 327, generic_fault(0x4000, 6));
	put_event(bundle, 4, 7, 329, NUMBERS({ 1, 11 }, { 2, 0x4000 }, { 2, 0x4000 }));
	put_event(bundle, 5, 7, 329, NUMBERS({ 1, 215 }, { 2, 0x4000 }, { 2, 0x4000 }));
	put_bundle(trace, 1, 0, bundle);
	t = expect("arm64, pages of 16 KiB", trace,
		   "file,254:3:17,8\n"
		   "spawn,7\nmap,7,0x800000,8,r-xp,254:3:17,0\ntouch,7,0x800004,4,r\n"
		   "write,7,254:3:17,1,2\n"
		   "anon,7,0x1800000,512,rw-p\ntouch,7,0x1800004,4,w\n"
		   "unmap,7,0x1800004,4\nexit,7\nmark,end\n");
	CU_ASSERT_STRING_EQUAL(note_of(t, "kernel"), "6.12.1");
	CU_ASSERT_STRING_EQUAL(note_of(t, "arch"), "aarch64");
	for (uint32_t i = 0; i < t->nr_machine; i++)
		if (!strcmp(t->machine[i].key, "prefault"))
			CU_ASSERT_STRING_EQUAL(t->machine[i].value, "old");
	trace_free(t);

	/* packets of another machine are left out */
	trace = fault_trace();
	{
		GByteArray *packet = message();

		bundle = message();
		put_event(bundle, 6, 9, 327, generic_fault(0x1000, 6));
		put_message(packet, 1, bundle);
		put_u64(packet, 98, 4711);
		put_message(trace, 1, packet);
	}
	t = expect("another machine", trace, one_fault);
	CU_ASSERT_STRING_EQUAL(note_of(t, "other-machines-left-out"), "1 packets");
	trace_free(t);
}

/* Bug, found by fuzzing: a number in place of a text crashed the reader; it is ignored. */
static void test_wrong_types(void)
{
	GByteArray *trace = message(), *packet = message(), *info = message(), *bundle = message();

	put_message(info, 1, NUMBERS({ 3, 1 }, { 4, 1 }));
	put_u64(info, 4, 1);
	put_message(packet, 45, info);
	put_message(trace, 1, packet);
	put_event(bundle, 5, 7, 327, NUMBERS({ 1, 1 }, { 2, 1 }));
	put_event(bundle, 5, 7, 235, NUMBERS({ 1, 9 }, { 2, 1 }, { 3, 0x100 }));
	{
		GByteArray *g = NUMBERS({ 1, 65537 });

		put_message(g, 2, NUMBERS({ 1, 1 }, { 2, 1 }));
		put_message(bundle, 11, g);
	}
	put_event(bundle, 5, 7, 327, generic_fault(0, 6));
	put_bundle(trace, 1, 0, bundle);
	trace_free(expect("numbers for texts", trace, one_fault));
}

static void test_lost(void)
{
	GByteArray *trace = fault_trace(), *packet, *stats;
	struct trace *t;

	for (unsigned int phase = 1; phase <= 2; phase++) {
		stats = NUMBERS({ 1, phase });
		put_message(stats, 2, NUMBERS({ 1, 0 }, { 3, 10 * phase }, { 8, phase }));
		packet = message();
		put_message(packet, 34, stats);
		put_message(trace, 1, packet);
	}
	stats = message();
	put_message(stats, 1, NUMBERS({ 18, 3 }));
	packet = message();
	put_message(packet, 35, stats);
	put_message(trace, 1, packet);
	t = expect("lost events", trace, one_fault);
	CU_ASSERT_STRING_EQUAL(note_of(t, "lost-events"), "11");
	CU_ASSERT_STRING_EQUAL(note_of(t, "buffer-full"),
			       "3 chunks of events did not fit: see buffers");
	trace_free(t);
}

/* Packets packed in a packet; @number: 50 deflate, 133 zstd. Frees @inner. */
static GByteArray *packed(uint32_t number, GByteArray *inner)
{
	GByteArray *trace = message(), *packet = message();
	uLongf zlen = compressBound(inner->len);
	size_t room = MAX(zlen, ZSTD_compressBound(inner->len)), len;
	uint8_t *out = g_malloc(room);

	if (number == 50) {
		CU_ASSERT_EQUAL(compress(out, &zlen, inner->data, inner->len), Z_OK);
		len = zlen;
	} else {
		len = ZSTD_compress(out, room, inner->data, inner->len, 3);
	}
	put_bytes(packet, number, out, len);
	put_message(trace, 1, packet);
	g_free(out);
	g_byte_array_free(inner, TRUE);
	return trace;
}

static void test_packed(void)
{
	trace_free(expect("deflate", packed(50, fault_trace()), one_fault));
	trace_free(expect("zstd", packed(133, fault_trace()), one_fault));
}

static void expect_bad(const char *what, GByteArray *m, const char *message_)
{
	struct trace *t;
	struct err err;

	CU_ASSERT_EQUAL(load_bytes(m, "perfetto", &t, &err), -EINVAL);
	CU_ASSERT(strstr(err.msg, message_) != NULL);
	if (!strstr(err.msg, message_))
		fprintf(stderr, "%s: have \"%s\", want \"%s\"\n", what, err.msg, message_);
	CU_ASSERT_PTR_NULL(t);
	g_byte_array_free(m, TRUE);
}

/* Bytes after a valid packet. */
static GByteArray *after_good(const char *bytes, size_t len, char *where, size_t room)
{
	GByteArray *m = fault_trace();

	g_snprintf(where, room, "packet at byte %u: ", m->len);
	g_byte_array_append(m, (const uint8_t *)bytes, (guint)len);
	return m;
}

static void test_bad(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *message;
	} rows[] = {
		{ "x", 1, "expected the tag of one, 0x0a" },
		{ "\x0a", 1, "its length ends too early" },
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
		  "its length ends too early" },
		{ "\x0a\xff\xff\xff\xff\x0f", 6, "longer than 64 MiB" },
		{ "\x0a\x05zz", 4, "it ends too early (is it cut off?)" },
		{ "\x0a\x02\x0b\x00", 4, "not a packet of Perfetto" }, /* a group */
		{ "\x0a\x02\x00\x00", 4, "not a packet of Perfetto" }, /* field 0 */
		{ "\x0a\x02\x0a\x05", 4, "not a packet of Perfetto" }, /* longer than its packet */
		{ "\x0a\x03\x0a\x01\xff", 5, "a bundle of ftrace's events can not be read" },
		{ "\x0a\x05\x0a\x03\x12\x01\xff", 7, "an event can not be read" },
		{ "\x0a\x06\x0a\x04\x08\xff\xff\x03", 8, "a CPU beyond 8191" },
		{ "\x0a\x06\x0a\x04\x5a\x02\x08\x01", 8, "the description of an event" },
		{ "\x0a\x04\x12\x02\x0a\x7f", 6, "the list of processes can not be read" },
		{ "\x0a\x05\x92\x03\x02xx", 7, "packed packets, zlib, at most 64 MiB: incorrect" },
		/* numbers in place of a text or message are ignored */
		{ "\x0a\x06\x0a\x04\x5a\x02\x10\x01", 8, "the description of an event" },
		{ "\x0a\x05\xaa\x08\x02xx", 7, "packed packets, zstd, at most 64 MiB: Unknown" },
	};
	char where[64];
	struct trace *t;
	struct err err;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GByteArray *m = after_good(rows[i].bytes, rows[i].len, where, sizeof(where));
		char *want = g_strconcat(where, rows[i].message, NULL);

		expect_bad(rows[i].message, m, want);
		g_free(want);
	}
	/* packed in itself, and a bomb: 80 MiB of zeros in 80 KB */
	expect_bad("recursion", packed(50, packed(133, fault_trace())),
		   "packed packets in packed packets");
	for (unsigned int i = 0; i < 2; i++) {
		GByteArray *zeros = message();

		g_byte_array_set_size(zeros, 80u << 20);
		memset(zeros->data, 0, zeros->len);
		expect_bad("bomb", packed(i ? 50 : 133, zeros),
			   "at most 64 MiB: it unpacks to more");
	}
	/* truncated anywhere except at the end of a packet */
	{
		GByteArray *m = fault_trace();
		guint whole = m->len;

		for (guint len = 1; len < whole; len++) {
			g_byte_array_set_size(m, len);
			CU_ASSERT_EQUAL(load_bytes(m, "perfetto", &t, &err), -EINVAL);
			CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "packet at byte 0: "));
			g_byte_array_set_size(m, whole);
		}
		g_byte_array_free(m, TRUE);
	}
	{
		GByteArray *m = message(), *bundle = message();

		put_system(m, "aarch64", 5000);
		expect_bad("page size", m, "page size \"5000\", expected 4096, 16384 or 65536");
		m = message();
		put_event(bundle, 1, 7, 97, NUMBERS({ 2, 17 }, { 3, 1 }, { 4, DEV_254_3 }));
		put_event(bundle, 2, 7, 4, NUMBERS({ 2, 17 }));
		put_event(bundle, 3, 7, 70000, NUMBERS({ 2, 17 }));
		put_bundle(m, 1, 0, bundle);
		expect_bad("no faults", m,
			   "3 events (1 Perfetto's event 4, 1 not described), none of them a page "
			   "fault");
	}
}

static void test_probe(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool ours;
	} rows[] = {
		{ "\x0a\x02\x18\x00", 4, true },    { "\x0a\x02\x18\x00\x0a\x02", 6, true },
		{ "\x0a\x02\x18\x00zz", 6, false }, { "\x0a", 1, false },
		{ "\n\n\n\n", 4, false },	    { "\n1,2,3\n4,5,6\n", 13, false },
		{ "\n# tracer: nop\n", 15, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct trace_reader *r =
			trace_reader_probe((const uint8_t *)rows[i].bytes, rows[i].len);

		CU_ASSERT_EQUAL(r && !strcmp(r->name, "perfetto"), rows[i].ours);
	}
}

void suite_perfetto(void)
{
	CU_pSuite s = CU_add_suite("perfetto", NULL, NULL);

	CU_add_test(s, "faults, in events described once or each", test_faults);
	CU_add_test(s, "order of time over CPUs and sequences", test_order);
	CU_add_test(s, "clocks", test_clocks);
	CU_add_test(s, "processes, threads, kills", test_tasks);
	CU_add_test(s, "system information", test_machine);
	CU_add_test(s, "fields of wrong types", test_wrong_types);
	CU_add_test(s, "lost events", test_lost);
	CU_add_test(s, "packed packets", test_packed);
	CU_add_test(s, "bad bytes are refused by offset", test_bad);
	CU_add_test(s, "probe", test_probe);
}
