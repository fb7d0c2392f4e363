// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads trace.dat, the format of trace-cmd: libtracecmd finds the events in it, in the order of
 * time, and prints them as ftrace does; traces/readers/ftrace.c reads that
 * text. Events of buffer instances (trace-cmd record -B) are
 * left out. libtracecmd runs in a separate process, since it trusts the file.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <trace-cmd.h>

#include "sim/trace.h"
#include "traces/readers/child.h"
#include "traces/readers/ftrace.h"

#define LINE_MAX_ 16384

/*
 * The arguments of a page fault, the most frequent event, without the detour over its format. That
 * would name the symbol of a kernel address, which says that it is none of the process: false then.
 */
static bool print_fault(struct trace_seq *s, struct tep_event *event, struct tep_record *record)
{
	unsigned long long address, code;

	if (strncmp(event->name, "page_fault_", strlen("page_fault_")) ||
	    tep_get_field_val(NULL, event, "address", record, &address, 0) ||
	    tep_get_field_val(NULL, event, "error_code", record, &code, 0) || address >> 63)
		return false;
	trace_seq_printf(s, "address=0x%llx error_code=0x%llx", address, code);
	return true;
}

static int print_record(struct tracecmd_input *handle, struct tep_record *record, int cpu,
			void *data)
{
	struct tep_handle *tep = tracecmd_get_tep(handle);
	struct tep_event *event = tep_find_event_by_record(tep, record);
	struct trace_seq *s = data;

	if (record->missed_events)
		printf("CPU:%d [LOST %lld EVENTS]\n", cpu,
		       record->missed_events > 0 ? (long long)record->missed_events : 1);
	if (!event)
		return 0;
	trace_seq_reset(s);
	if (!print_fault(s, event, record))
		tep_print_event(tep, s, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(s);
	/* an event is a line, whatever the names in it hold */
	for (char *p = s->buffer; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	printf("x-%d [%03d] %llu.%09llu: %s: %.*s\n", tep_data_pid(tep, record), cpu,
	       record->ts / 1000000000, record->ts % 1000000000, event->name, LINE_MAX_, s->buffer);
	return 0;
}

/* The page size in the header, after magic, version and its NUL, byte order and size of a long.
 * libtracecmd does not tell the byte order: try both. Return: 0 for an unknown size. */
static unsigned int page_size(int fd)
{
	static const uint8_t sizes[][2] = { { 0x10, 0 }, { 0x40, 0 }, { 0, 1 } };
	uint8_t head[64] = { 0 };
	const uint8_t *p;

	if (pread(fd, head, sizeof(head) - 8, 0) <= 0)
		return 0;
	p = head + 10 + strnlen((const char *)head + 10, 40) + 1;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		const uint8_t *s = sizes[i];
		bool little = !p[2] && p[3] == s[0] && p[4] == s[1] && !p[5];
		bool big = !p[2] && p[3] == s[1] && p[4] == s[0] && !p[5];

		if (p[0] ? big : little)
			return 4096u << 2 * i;
	}
	return 0;
}

static int print_all(int fd, void *data)
{
	struct tracecmd_input *handle;
	struct trace_seq s;
	int ret;

	(void)data;
	tracecmd_set_loglevel(TEP_LOG_ERROR);
	/* no plug-ins: they are foreign code, and none prints what the reader needs */
	if (lseek(fd, 0, SEEK_SET))
		return 2;
	handle = tracecmd_open_fd(dup(fd), TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!handle) {
		fprintf(stderr, "not a whole file of trace-cmd, or of a newer one\n");
		return 2;
	}
	trace_seq_init(&s);
	setvbuf(stdout, NULL, _IOFBF, 256 << 10);
	printf("cpus=%d\n" FTRACE_PAGE_SIZE "%u\n", tep_get_cpus(tracecmd_get_tep(handle)),
	       page_size(fd));
	ret = tracecmd_iterate_events(handle, NULL, 0, print_record, &s);
	if (ret)
		fprintf(stderr, "its events can not be read\n");
	return ret || fflush(stdout) ? 2 : 0;
}

static int tracedat_read(struct input *in, struct trace **out, struct err *err)
{
	struct trace *t = NULL;
	struct child c;
	int ret = input_make_plain(in, err);

	if (!ret)
		ret = child_begin(&c, in, "libtracecmd", print_all, in->fd, NULL, err);
	if (ret)
		return ret;
	ret = child_end(&c, ftrace_read(&c.text, &t, err), err);
	if (ret)
		trace_free(t);
	else
		*out = t;
	return ret;
}

static bool tracedat_probe(const uint8_t *head, size_t len)
{
	static const uint8_t magic[] = { 0x17, 0x08, 'D', 't', 'r', 'a', 'c', 'i', 'n', 'g' };

	return len >= sizeof(magic) && !memcmp(head, magic, sizeof(magic));
}

extern const struct trace_reader tracedat_reader;

const struct trace_reader tracedat_reader = {
	.name = "trace.dat",
	.summary = "recording of trace-cmd, read by libtracecmd",
	.probe = tracedat_probe,
	.read = tracedat_read,
};
