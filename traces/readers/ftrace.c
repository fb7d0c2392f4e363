// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the text of ftrace: the file "trace" of tracefs, "trace-cmd report",
 * and systrace's output, also as a page of HTML. Each line is one event:
 *
 *	COMMAND-TID (TGID) [CPU] FLAGS SECONDS.FRACTION: EVENT: ARGUMENTS
 *
 * where TGID, FLAGS and the fraction may be missing. The events are the same as perf's
 * (traces/readers/perf.c describes what they become), but ftrace knows neither mappings nor
 * processes from before its start:
 *
 * - The page cache names the file of a fault (mm_filemap_fault,
 *   mm_filemap_map_pages, Linux 6.12 and newer); without these all faults are
 *   anonymous memory. traces/readers/rebuild-windows.c describes how files are mapped.
 * - Processes come from task_newtask or sched_process_fork, sched_process_exec and
 *   sched_process_exit. Without TGID (option record-tgid) a thread that started
 *   before the recording is a process.
 * - Nothing says how large the machine's pages are: 4 KiB, unless a line "# page size: BYTES" does.
 * - A stamp without a fraction counts nanoseconds. Wrong for the clocks counter and x86-tsc,
 *   which tick at another rate: only the pauses of the trace are wrong then.
 */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "sim/trace.h"
#include "traces/readers/ftrace.h"
#include "traces/readers/lines.h"
#include "traces/readers/recording.h"
#include "traces/readers/scan.h"
#include "traces/readers/tracepoints.h"

struct line {
	struct rb_event ev;
	const char *name; /* without its colon */
	size_t name_len;
	const char *args;
	const char *comm;
	size_t comm_len;
};

static const char *back_blanks(const char *line, const char *end)
{
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end;
}

/* The number that ends at @end; NULL if there is none, else its begin. */
static const char *back_number(const char *line, const char *end, uint64_t *out)
{
	const char *p = end, *s;

	while (p > line && g_ascii_isdigit(p[-1]))
		p--;
	s = p;
	return scan_u64(&s, out) && s == end ? p : NULL;
}

/* "( 1994)", or dashes where it is not known, before @end */
static const char *back_tgid(const char *line, const char *end, uint32_t *pid)
{
	const char *p;
	uint64_t v;

	*pid = 0;
	if (end == line || end[-1] != ')')
		return end;
	p = back_number(line, end - 1, &v);
	if (p && v < SCAN_PID_MAX)
		*pid = (uint32_t)v;
	for (p = end; p > line && p[-1] != '(';)
		p--;
	return back_blanks(line, p > line ? p - 1 : p);
}

/* "COMMAND-TID (TGID) [CPU] FLAGS " before the stamp; the command may hold anything. */
static bool scan_task(const char *line, const char *end, struct line *l)
{
	struct rb_event *ev = &l->ev;
	uint64_t cpu, tid;
	const char *p;

	end = back_blanks(line, end);
	if (end > line && end[-1] != ']') { /* flags */
		while (end > line && end[-1] != ' ')
			end--;
		end = back_blanks(line, end);
	}
	if (end == line || end[-1] != ']')
		return false;
	p = back_number(line, end - 1, &cpu);
	if (!p || p == line || p[-1] != '[' || cpu > TRACE_CPU_MAX)
		return false;
	end = back_tgid(line, back_blanks(line, p - 1), &ev->pid);
	p = back_number(line, end, &tid);
	if (!p || p == line || p[-1] != '-' || tid >= SCAN_PID_MAX)
		return false;
	ev->cpu = (uint32_t)cpu;
	ev->tid = (uint32_t)tid;
	l->comm = MIN(skip_blanks(line), p - 1);
	l->comm_len = (size_t)(p - 1 - l->comm);
	return true;
}

/* The event that follows the stamp from @start to @p. */
static bool scan_event(const char *line, const char *start, const char *p, struct line *l)
{
	if (!scan_task(line, start, l))
		return false;
	l->name = p = skip_blanks(p);
	/* "sys_munmap(addr: ..." is a system call in tracefs */
	while (*p && *p != ':' && *p != ' ' && *p != '(')
		p++;
	l->name_len = (size_t)(p - l->name);
	l->args = skip_blanks(*p == ':' || *p == '(' ? p + 1 : p);
	return l->name_len > 0;
}

/* "[001]19981778382991:" or "[001] d..1. 4711:": a stamp without a fraction. */
static bool scan_bare_stamp(const char *line, struct line *l)
{
	for (const char *end = strchr(line, ']'); end; end = strchr(end + 1, ']')) {
		const char *start = skip_blanks(end + 1), *p = start;

		if (!scan_u64(&p, &l->ev.ns) || *p != ':') {
			while (*start && *start != ' ')
				start++;
			p = start = skip_blanks(start);
			if (!scan_u64(&p, &l->ev.ns) || *p != ':')
				continue;
		}
		if (scan_event(line, start, p + 1, l))
			return true;
	}
	return false;
}

static bool scan_line(const char *line, struct line *l)
{
	for (const char *dot = strchr(line, '.'); dot; dot = strchr(dot + 1, '.')) {
		const char *start, *p;

		if (scan_stamp(line, dot, &start, &p, &l->ev.ns) && scan_event(line, start, p, l))
			return true;
	}
	return scan_bare_stamp(line, l);
}

/* "# entries-in-buffer/entries-written: 100/120   #P:4": the others were overwritten */
static void take_header(struct recording *rec, const char *line)
{
	const char *p = line;
	uint64_t in, written, cpus;

	if (find_field(&p, "entries-written: ") && scan_u64(&p, &in) && scan_word(&p, "/") &&
	    scan_u64(&p, &written) && written > in)
		rec->lost += written - in;
	p = line;
	if (find_field(&p, "#P:") && scan_u64(&p, &cpus) && cpus && cpus <= TRACE_CPU_MAX + 1)
		rec->cpus = cpus;
}

/* Lines around the events, of no further use. */
static bool is_remark(const char *line)
{
	return g_str_has_prefix(line, "CPU ") || !strcmp(line, "TRACE:") ||
	       g_str_has_prefix(line, "version = ");
}

/* Lines of trace-cmd and tracefs between the events. Return: true if it is such a line. */
static bool take_remark(struct recording *rec, const char *line)
{
	static const char *const stack[] = { "=> ", "<stack trace>" };
	const char *p = line;
	uint64_t n;

	if (scan_word(&p, "cpus=") && scan_u64(&p, &n)) {
		rec->cpus = CLAMP(n, 1, TRACE_CPU_MAX + 1);
		return true;
	}
	/* "CPU:3 [LOST 17 EVENTS]", "CPU:3 [17 EVENTS DROPPED]", "CPU 3 is empty" */
	if (scan_word(&p, "CPU:")) {
		if ((find_field(&p, "[LOST ") || find_field(&p, "[")) && scan_u64(&p, &n) &&
		    strstr(p, "EVENT"))
			rec->lost += n;
		return true;
	}
	if (is_remark(line))
		return true;
	p = skip_blanks(line);
	for (size_t i = 0; i < G_N_ELEMENTS(stack); i++)
		if (g_str_has_prefix(p, stack[i]))
			return true;
	return !*p;
}

static int on_line(struct recording *rec, const char *line)
{
	struct line l;

	if (g_str_has_prefix(line, FTRACE_PAGE_SIZE))
		return recording_page_size(rec, line + strlen(FTRACE_PAGE_SIZE));
	if (line[0] == '#') {
		take_header(rec, line);
		return 0;
	}
	if (scan_line(line, &l)) {
		rec->nr_events++;
		/* remember the name of a process that sends signals */
		if (!strncmp(l.name, "signal_generate:", 16))
			recording_name(rec, l.ev.tid, l.comm, l.comm_len);
		return tracepoint_take(rec, l.name, l.name_len, l.args, &l.ev);
	}
	if (take_remark(rec, line))
		return 0;
	return recording_bad(rec, "line", line,
			     "an event as ftrace prints it: "
			     "COMMAND-TID [CPU] FLAGS SECONDS.MICROSECONDS: EVENT: ...");
}

/* systrace wraps its text in a page: <!DOCTYPE html> */
static bool is_html(const uint8_t *head, size_t len)
{
	static const char start[] = "<!doctype html";

	return len >= strlen(start) &&
	       !g_ascii_strncasecmp((const char *)head, start, strlen(start));
}

static int read_lines(struct recording *rec, struct lines *l, struct err *err)
{
	char *line;
	size_t len;
	int ret;

	while ((ret = lines_next(l, &line, &len, err)) > 0) {
		rec->rb.line = l->nr;
		ret = on_line(rec, line);
		if (ret)
			return ret;
	}
	if (!ret && !rec->nr_events)
		ret = err_at(err, -EINVAL, l->path, 0, "no events, expected lines of ftrace");
	return ret;
}

/* The page is a program that shows the trace; then come ftrace's lines, and the end of their
 * element. */
static int read_html(struct recording *rec, struct lines *l, struct err *err)
{
	int ret = lines_skip_to(l, "# tracer: ", err);
	char *line;
	size_t len;

	if (!ret)
		return err_at(err, -EINVAL, l->path, 0,
			      "a page without a line \"# tracer: ...\", expected one of systrace");
	while (ret > 0 && (ret = lines_next(l, &line, &len, err)) > 0) {
		rec->rb.line = l->nr;
		if (strstr(line, "</script>"))
			return 0;
		ret = on_line(rec, line) ?: 1;
	}
	return ret
		       ?: err_at(err, -EINVAL, l->path, l->nr,
				 "the page ends within its trace (is the file cut off?)");
}

int ftrace_read(struct input *in, struct trace **out, struct err *err)
{
	struct recording rec;
	struct lines l;
	const uint8_t *head;
	size_t len;
	int ret;

	head = input_head(in, &len);
	lines_start(&l, in);
	recording_begin(&rec, "ftrace", in, err);
	rec.rb.no_maps = true;
	ret = is_html(head, len) ? read_html(&rec, &l, err) : read_lines(&rec, &l, err);
	ret = recording_end(&rec, ret, out, err);
	lines_close(&l);
	return ret;
}

/* Its header, a page, or an event in the first line that says something. */
static bool ftrace_probe(const uint8_t *head, size_t len)
{
	char *text = g_strndup((const char *)head, len);
	bool ours = is_html(head, len);

	for (char *line = text, *next; line && !ours; line = next) {
		struct line l;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ours = g_str_has_prefix(line, "# tracer: ") ||
		       (g_str_has_prefix(line, "cpus=") && g_ascii_isdigit(line[5])) ||
		       scan_line(line, &l);
		if (line[0] && line[0] != '#' && !is_remark(line))
			break;
	}
	g_free(text);
	return ours;
}

extern const struct trace_reader ftrace_reader;

const struct trace_reader ftrace_reader = {
	.name = "ftrace",
	.summary = "ftrace text: tracefs, trace-cmd report, systrace",
	.probe = ftrace_probe,
	.read = ftrace_read,
};
