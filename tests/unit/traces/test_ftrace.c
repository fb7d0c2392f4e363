// SPDX-License-Identifier: GPL-2.0-only
/* The ftrace reader: lines of tracefs, trace-cmd report and systrace. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "traces/readers/readers.h"
#include "traces/readers/write.h"

void suite_ftrace(void);

/* An event of thread 7 as tracefs prints it. */
#define AT(event)	      "          sh x-7       [001] d..1.     5.000000: " event "\n"
#define FAULT(address, code)  AT("page_fault_user: address=0x" address " ip=0x1 error_code=0x" code)
#define MAPPED(ino, from, to) AT("mm_filemap_map_pages: dev=254:0 ino=" ino " ofs=" #from "-" #to)

static const struct {
	const char *name;
	const char *in;
	const char *ops; /* rows from the first file or operation on */
} good[] = {
	{ "trace-cmd report: no flags, blanks behind the name",
	  "cpus=4\nCPU 2 is empty\n"
	  "         systemd-1     [001]    13.166966: page_fault_user:      address=0x1000 "
	  "ip=0x7f0000000000 error_code=0x7\n",
	  "spawn,1,1\nanon,1,0x800000,512,rw-p\ntouch,1,0x800001,1,w\nexit,1\nmark,end\n" },
	{ "bare nanoseconds, as with the clock boot: glued to the CPU, behind blanks, behind flags",
	  "sh-7 [001]5000000000: page_fault_user: address=0x1000 ip=0x1 error_code=0x7\n"
	  "sh-7 [001]  5002000000: page_fault_user: address=0x2000 ip=0x1 error_code=0x7\n"
	  "a [1] 2: b-7 [001] d..1.  5004000000: page_fault_user: address=0x3000 ip=0x1.5: "
	  "error_code=0x7\n",
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800001,1,w\nadvance,2ms\n"
	  "touch,7,0x800002,1,w\nadvance,2ms\ntouch,7,0x800003,1,w\nexit,7\nmark,end\n" },
	{ "lines of trace-cmd before the first event",
	  "version = 6\nCPU 0 is empty\n" FAULT("0", "6"),
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\nexit,7\nmark,end\n" },
	{ "a line with the page size", "# page size: 16384\n" FAULT("5000", "6"),
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800004,4,w\nexit,7\nmark,end\n" },
	{ "an inode with 0x", AT("mm_filemap_fault: dev=254:0 ino=0x11 ofs=0"),
	  "file,254:0:17,1\nspawn,7,1\nmap,7,0x800000,1,r-xp,254:0:17,0\n"
	  "touch,7,0x800000,1,r\nexit,7\nmark,end\n" },
	{ "systrace's page: a program, the trace, something else",
	  "<!DOCTYPE html>\r\n<script>'# tracer: '\n</script>\n<script class=\"trace-data\">\n"
	  "# tracer: nop\n#\n" FAULT("0", "6") "  </script>\n<script>\n{\"cut",
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\nexit,7\nmark,end\n" },
	{ "what the page cache says of a fault is where it was; all else is anonymous",
	  "# tracer: nop\n#\n" FAULT("5001000", "4") MAPPED("11", 0, 65535) FAULT("9000000", "6")
		  FAULT("5002000", "4") MAPPED("11", 0, 65535),
	  "file,254:0:17,3\n"
	  "spawn,7,1\n"
	  "map,7,0x800000,3,r-xp,254:0:17,0\n"
	  "touch,7,0x800001,1,r\n"
	  "anon,7,0x1809000,512,rw-p\n"
	  "touch,7,0x1809000,1,w\n"
	  "touch,7,0x800002,1,r\n"
	  "exit,7\nmark,end\n" },
	{ "a fault without an address, as on arm64, and a page that the cache names itself",
	  AT("mm_filemap_fault: dev=254:0 ino=11 ofs=8192"),
	  "file,254:0:17,3\nspawn,7,1\nmap,7,0x800000,3,r-xp,254:0:17,0\n"
	  "touch,7,0x800002,1,r\nexit,7\nmark,end\n" },
	{ "systrace: thread groups, commands unknown, decimal pfn",
	  "TRACE:\n"
	  "           <...>-8     (    7) [000] ...1     5.000000: page_fault_user: "
	  "address=0x0 ip=0x1 error_code=0x6\n"
	  "     x (1) [2]-7     (-----) [000] d..3     5.000001: mm_filemap_add_to_page_cache: "
	  "dev 254:0 ino 11 page=00000000 pfn=123456 ofs=4096\n"
	  "           <...>-9     (    7) [000] ...1     5.000002: page_fault_user: "
	  "address=0x1000 ip=0x1 error_code=0x6\n",
	  "spawn,7\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,2,w\nexit,7\nmark,end\n" },
	{ "tasks: fork, thread, vfork, exec, exit, kill, OOM",
	  FAULT("0", "6") AT("task_newtask: pid=8 comm=a pid=3 clone_flags=1200000 oom_score_adj=0")
		  AT("sched_process_fork: comm=sh pid=7 child_comm=sh child_pid=8")
			  AT("task_newtask: pid=9 comm=a clone_flags=3d0f00 "
			     "oom_score_adj=0") "  t-9  [000] ....  5.0001: "
						"page_fault_user: address=0x1000 ip=0x1 "
						"error_code=0x6\n"
						"  c-8  [000] ....  5.0002: "
						"page_fault_user: address=0x0 ip=0x1 "
						"error_code=0x6\n"
						"  c-8  [000] ....  5.0003: "
						"sched_process_exec: filename=/bin/x pid=5 "
						"y pid=8 old_pid=8\n"
						"  c-8  [000] ....  5.0004: "
						"page_fault_user: address=0x2000 ip=0x1 "
						"error_code=0x6\n"
						"  k-2  [000] ....  5.0005: "
						"signal_generate: sig=9 errno=0 code=0 "
						"comm=c pid=8 grp=1 res=0\n"
						"  c-8  [000] ....  5.0006: "
						"sched_process_exit: comm=c pid=8 "
						"prio=120\n"
						"  k-2  [000] ....  5.0007: mark_victim: "
						"pid=7\n"
						"  t-9  [000] ....  5.0008: "
						"sched_process_exit: comm=t pid=9 "
						"prio=120\n"
						"  s-7  [000] ....  5.0009: "
						"sched_process_exit: comm=s pid=7 "
						"prio=120\n",
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\nfork,7,8,1\n"
	  "touch,7,0x800001,1,w\ntouch,8,0x800000,1,w\nexec,8\n"
	  "anon,8,0x800000,512,rw-p\ntouch,8,0x800002,1,w\nkill,8\noom,7\nmark,end\n" },
	{ "munmap and madvise, as trace-cmd and tracefs print them; advice on anonymous memory is "
	  "none",
	  FAULT("0", "6") AT(
		  "sys_enter_madvise: start: 0x00000000, len_in: 0x00002001, behavior: 0x00000001")
		  AT("sys_madvise(start: 1000, len_in: 1000, behavior: 0)")
			  AT("sys_munmap(addr: 0, len: 1000)")
				  AT("sys_enter_munmap: addr: 0x1000, len: 0x1000"),
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\n"
	  "unmap,7,0x800000,1\nunmap,7,0x800001,1\nexit,7\nmark,end\n" },
	{ "stack traces and lost events are no events",
	  "CPU:1 [LOST 17 EVENTS]\n" FAULT("0", "6") "          sh x-7  [001] d..1.  5.000000: "
						     "<stack trace>\n => exc_page_fault\n\n"
						     "CPU:0 [3 EVENTS DROPPED]\n",
	  "spawn,7,1\nanon,7,0x800000,512,rw-p\ntouch,7,0x800000,1,w\nexit,7\nmark,end\n" },
};

static const struct {
	const char *in;
	const char *message;
} bad[] = {
	{ "# tracer: nop\n", ": no events" },
	{ "<!DOCTYPE html>\n", "a page without a line" },
	{ "<!DOCTYPE html>\n# tracer: nop\n" FAULT("0", "6"), ":3: the page ends within" },
	{ "<!DOCTYPE html>\n# tracer: nop\nnonsense\n</script>\n", ":3: line \"nonsense\"" },
	{ FAULT("0", "6") "nonsense\n", ":2: line \"nonsense\"" },
	{ AT("page_fault_user: addr=0x0"), ":1: page fault" },
	{ AT("mm_filemap_map_pages: dev=254:0 ino=11"), ":1: pages mapped" },
	{ AT("task_newtask: pid=8 comm=a"), ":1: new task" },
	{ AT("sched_process_fork: comm=a"), ":1: fork" },
	{ AT("sched_process_exec: filename=a"), ":1: exec" },
	{ AT("sched_process_exit: comm=a"), ":1: exit" },
	{ AT("mark_victim: x"), ":1: OOM victim" },
	{ AT("sys_munmap(addr: x"), ":1: munmap or madvise" },
	{ AT("sys_enter_madvise: start: 0x1000, len_in: 0x1000"), ":1: munmap or madvise" },
	{ AT("lowmemory_kill: x"), ":1: kill" },
	{ AT("sched_switch: prev_comm=a") AT("sched_switch: prev_comm=b") AT("irq_exit: x"),
	  ": 3 events (2 sched_switch, 1 irq_exit), none of them a page fault" },
};

static int read_text(const char *text, struct trace **t, struct err *err)
{
	char path[] = "/tmp/reapsim-test-ftrace-XXXXXX";
	int fd = mkstemp(path), ret;

	*t = NULL;
	*err = (struct err){ "" };
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ret = trace_load(path, "ftrace", t, err);
	unlink(path);
	return ret;
}

/* The rows after the header. */
static char *show(const struct trace *t)
{
	struct err err;
	char *text, *at;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	CU_ASSERT_EQUAL(trace_write_text(t, f, &err), 0);
	fclose(f);
	at = strstr(text, "\nfile,");
	if (!at)
		at = strstr(text, "\nspawn,");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memmove(text, at + 1, strlen(at + 1) + 1);
	return text;
}

static void test_ops(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		struct trace *t;
		struct err err;
		char *have;
		int ret = read_text(good[i].in, &t, &err);

		CU_ASSERT_EQUAL(ret, 0);
		if (ret) {
			fprintf(stderr, "%s: %s\n", good[i].name, err.msg);
			continue;
		}
		have = show(t);
		CU_ASSERT_STRING_EQUAL(have, good[i].ops);
		if (strcmp(have, good[i].ops))
			fprintf(stderr, "%s: have\n%swant\n%s", good[i].name, have, good[i].ops);
		free(have);
		trace_free(t);
	}
}

static void test_bad(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct trace *t;
		struct err err;
		bool found;

		CU_ASSERT_EQUAL(read_text(bad[i].in, &t, &err), -EINVAL);
		found = strstr(err.msg, bad[i].message) != NULL;
		CU_ASSERT(found);
		if (!found)
			fprintf(stderr, "have \"%s\", want \"%s\"\n", err.msg, bad[i].message);
		trace_free(t);
	}
}

static void test_header(void)
{
	struct trace *t;
	struct err err;
	const char *lost = "", *cpus = "";

	CU_ASSERT_EQUAL_FATAL(read_text("# tracer: nop\n#\n"
					"# entries-in-buffer/entries-written: 100/120   #P:6\n"
					"CPU:1 [LOST 17 EVENTS]\n" FAULT("0", "6"),
					&t, &err),
			      0);
	for (uint32_t i = 0; i < t->nr_notes; i++)
		if (!strcmp(t->notes[i].key, "lost-events"))
			lost = t->notes[i].value;
	for (uint32_t i = 0; i < t->nr_machine; i++)
		if (!strcmp(t->machine[i].key, "cpus"))
			cpus = t->machine[i].value;
	CU_ASSERT_STRING_EQUAL(lost, "37");
	CU_ASSERT_STRING_EQUAL(cpus, "6");
	trace_free(t);
}

static void test_killer(void)
{
	struct trace *t;
	struct err err;
	const char *who = "";

	CU_ASSERT_EQUAL_FATAL(
		read_text(FAULT("0", "6") "   lmkd-1-20  [001] d..1.  5.1: signal_generate: "
					  "sig=9 errno=0 code=0 comm=x pid=7 grp=1 res=0\n"
					  "   y-21  [001] d..1.  5.1: signal_generate: "
					  "sig=15 errno=0 code=0 comm=x pid=7 grp=1 res=0\n",
			  &t, &err),
		0);
	for (uint32_t i = 0; i < t->nr_notes; i++)
		if (!strcmp(t->notes[i].key, "sigkill-sent-by"))
			who = t->notes[i].value;
	CU_ASSERT_STRING_EQUAL(who, "1 lmkd-1");
	trace_free(t);
}

static void test_probe(void)
{
	static const struct {
		const char *text;
		const char *reader; /* the first reader that recognizes it */
	} rows[] = {
		{ "# tracer: nop\n#\n", "ftrace" },
		{ "cpus=8\n", "ftrace" },
		{ FAULT("0", "6"), "ftrace" },
		{ "  systemd-1     [001]  13.166966: page_fault_user: address=0x1\n", "ftrace" },
		{ "sh-2 7 [001] 5.0: exceptions:page_fault_user: address=0x1\n", "perf" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct trace_reader *r =
			trace_reader_probe((const uint8_t *)rows[i].text, strlen(rows[i].text));

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CU_ASSERT_STRING_EQUAL(r->name, rows[i].reader);
	}
}

void suite_ftrace(void)
{
	CU_pSuite s = CU_add_suite("ftrace", NULL, NULL);

	CU_add_test(s, "lines become operations", test_ops);
	CU_add_test(s, "bad lines are refused by number", test_bad);
	CU_add_test(s, "header: lost events and CPUs", test_header);
	CU_add_test(s, "who kills is named", test_killer);
	CU_add_test(s, "probe", test_probe);
}
