// SPDX-License-Identifier: GPL-2.0-only
/* Trace readers and writers: valid inputs, and the errors for invalid ones. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "sim/spill.h"
#include "sim/trace.h"
#include "tests/unit/testlib.h"
#include "traces/readers/readers.h"
#include "traces/readers/write.h"

void suite_readers(void);

#define V1  "reapsim-trace,1\n"
#define V1B "reapsim-trace,1,binary\n"

/* Every operation and every optional field, as the writer prints them. */
static const char all_ops[] = V1 "machine,memcg_pages,16384\n"
				 "machine,prefault,young\n"
				 "note,command,\"make -j2, \"\"quoted\"\"\"\n"
				 "note,command,\"  twice \"\n"
				 "note,empty,\"\"\n"
				 "file,app,4096\n"
				 "file,\"lib, c.so\",300\n"
				 "file,/dev/shm/x,100,shmem\n"
				 "file,anon,1\n"
				 "file,\"#\xc3\xa4\",4290000000\n"
				 "spawn,1\n"
				 "spawn,134217727,8191\n"
				 "map,1,0x1000,4096,r-xp,app,0,random,noreuse\n"
				 "map,1,0x2000,1,r--s,app,0,sequential,noreuse,readonly\n"
				 "map,1,0x3000,100,rw-s,/dev/shm/x,0\n"
				 "map,1,0x4000,1,r--s,/dev/shm/x,0,readonly\n"
				 "map,1,0xffffffff,1,---p,anon,0,noreuse\n"
				 "map,1,0x0,1,r--p,\"#\xc3\xa4\",4289999999,sequential\n"
				 "anon,1,0x9000,50,rw-p\n"
				 "anon,1,0xa000,50,rw-p,sequential\n"
				 "touch,1,0x1000,4096,r\n"
				 "touch,1,0x1000,10,r,16\n"
				 "touch,1,0x9000,50,w\n"
				 "fork,1,2\n"
				 "fork,1,3,1\n"
				 "advise,2,0x1800,5,normal\n"
				 "advise,2,0x1800,5,random\n"
				 "unmap,2,0x1700,67108863\n"
				 "read,1,app,0,4096\n"
				 "write,1,\"lib, c.so\",299,1\n"
				 "exec,2\n"
				 "drop_caches\n"
				 "drain\n"
				 "advance,0ns\n"
				 "advance,1001ns\n"
				 "advance,1001us\n"
				 "advance,1500ms\n"
				 "advance,576460752s\n"
				 "mark,run1\n"
				 "mark,a.b:c_d-e\n"
				 "mark,run1\n"
				 "mrelease,2,ignore_access+evict_file\n"
				 "mrelease,3\n"
				 "spawn,2\n"
				 "mrelease,2,evict_file\n"
				 "spawn,2\n"
				 "mrelease,2,ignore_access\n"
				 "spawn,2\n"
				 "optin,2\n"
				 "oom,2\n"
				 "kill,1\n"
				 "exit,134217727\n";

static char *dir;

static int make_dir(void)
{
	dir = g_dir_make_tmp("reapsim-readers-XXXXXX", NULL);
	return dir ? 0 : -1;
}

static int remove_dir(void)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *path = g_build_filename(dir, name, NULL);

		g_remove(path);
		g_free(path);
	}
	if (d)
		g_dir_close(d);
	g_rmdir(dir);
	g_free(dir);
	return 0;
}

static char *put_file(const void *data, size_t len)
{
	char *path = g_build_filename(dir, "t", NULL);

	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, data, (gssize)len, NULL));
	return path;
}

/* Load @data as a file; its path in messages becomes "t". */
static struct trace *load(const void *data, size_t len, const char *format, int *ret,
			  char msg[sizeof(((struct err *)0)->msg)])
{
	struct trace *t = NULL;
	struct err err = { "" };
	char *path = put_file(data, len);
	size_t n = strlen(dir) + 1;

	*ret = trace_load(path, format, &t, &err);
	if (g_str_has_prefix(err.msg, dir))
		memmove(err.msg, err.msg + n, strlen(err.msg + n) + 1);
	memcpy(msg, err.msg, sizeof(err.msg));
	g_free(path);
	return t;
}

static struct trace *load_good(const void *data, size_t len, const char *format)
{
	char msg[1024];
	int ret;
	struct trace *t = load(data, len, format, &ret, msg);

	if (ret)
		fprintf(stderr, "\nunexpected: %s\n", msg);
	CU_ASSERT_EQUAL_FATAL(ret, 0);
	return t;
}

static void expect_bad(const char *what, const void *data, size_t len, const char *format,
		       const char *want)
{
	char msg[1024];
	int ret;
	struct trace *t = load(data, len, format, &ret, msg);

	CU_ASSERT_EQUAL(ret, -EINVAL);
	CU_ASSERT_STRING_EQUAL(msg, want);
	if (ret != -EINVAL || strcmp(msg, want))
		fprintf(stderr, "\n%s: %d \"%s\"\nexpected \"%s\"\n", what, ret, msg, want);
	trace_free(t);
}

typedef int (*write_fn)(const struct trace *t, FILE *f, struct err *err);

static GByteArray *written(const struct trace *t, write_fn write)
{
	GByteArray *bytes = g_byte_array_new();
	char *data = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&data, &len);
	struct err err;

	CU_ASSERT_EQUAL(write(t, f, &err), 0);
	fclose(f);
	g_byte_array_append(bytes, (const guint8 *)data, (guint)len);
	free(data);
	return bytes;
}

/* every wide operation, as the writer prints it */
static const char wide_ops[] = "reapsim-trace,2\n"
			       "file,empty,10,size=0\n"
			       "file,grows,10,shmem,size=3\n"
			       "file,f,100\n"
			       "spawn,1\n"
			       "oom_score_adj,1,-1000\n"
			       "oom_score_adj,1,0\n"
			       "oom_score_adj,1,1000\n"
			       "truncate,1,f,100\n"
			       "truncate,1,grows,10\n"
			       "fsync,1,f\n"
			       "fadvise,1,f,0,0,normal\n"
			       "fadvise,1,f,5,10,random\n"
			       "fadvise,1,f,0,0,sequential\n"
			       "fadvise,1,f,0,0,willneed\n"
			       "fadvise,1,f,0,0,dontneed\n"
			       "fadvise,1,f,0,0,noreuse\n"
			       "cgroup,1,1\n"
			       "cgroup,1,0\n"
			       "memory_max,500,1\n"
			       "memory_reclaim,3,60,1\n"
			       "rename,1,empty,f\n"
			       "unlink,1,empty\n"
			       "write,1,f,7,1\n"
			       "spawn,2\n"
			       "map,1,0x1000,100,r--p,f,0\n"
			       "anon,1,0x2000,100,rw-p\n"
			       "advise,1,0x1000,100,cold\n"
			       "advise,1,0x1001,99,pageout,2\n"
			       "advise,1,0x1000,1,dontneed\n"
			       "advise,1,0x1000,100,willneed,1\n"
			       "advise,1,0x1000,100,populate_read\n"
			       "advise,1,0x2000,100,free\n"
			       "advise,1,0x2000,100,hugepage\n"
			       "advise,1,0x2000,100,nohugepage\n"
			       "advise,1,0x2000,100,random\n"
			       "anon,1,0x10,5,rw-p\n"
			       "mremap,1,0x10,5,0x20,9\n"
			       "mlock,1,0x20,9\n"
			       "munlock,1,0x21,3\n"
			       "memory_max,1\n"
			       "memory_max,67108863\n"
			       "memory_reclaim,5\n"
			       "memory_reclaim,5,0\n"
			       "memory_reclaim,5,200\n";

static void round_trip(const char *rows)
{
	struct trace *t = load_good(rows, strlen(rows), NULL), *b;
	GByteArray *text, *binary, *again;

	text = written(t, trace_write_text);
	CU_ASSERT_EQUAL(text->len, strlen(rows));
	CU_ASSERT_EQUAL(memcmp(text->data, rows, text->len), 0);
	binary = written(t, trace_write_binary);
	CU_ASSERT_EQUAL(binary->len % 8, 0);
	g_byte_array_unref(text);

	b = load_good(binary->data, binary->len, NULL);
	text = written(b, trace_write_text);
	CU_ASSERT_EQUAL(text->len, strlen(rows));
	CU_ASSERT_EQUAL(memcmp(text->data, rows, text->len), 0);
	again = written(b, trace_write_binary);
	CU_ASSERT_EQUAL(again->len, binary->len);
	CU_ASSERT_EQUAL(memcmp(again->data, binary->data, binary->len), 0);
	g_byte_array_unref(text);
	g_byte_array_unref(binary);
	g_byte_array_unref(again);
	trace_free(b);
	trace_free(t);
}

static void test_round_trip(void)
{
	round_trip(all_ops);
	/* Bug: an offset of 0 was added to a null pointer */
	round_trip("reapsim-trace,1\nnote,author,nobody\n");
	round_trip(wide_ops);
	/* Bug: a text of version 2 that has no row of version 2 was read as version 1, a binary
	 * trace of version 2 not: converted to text and back it had another first line */
	round_trip("reapsim-trace,2\nfile,f,4\nspawn,1\nexit,1\n");
}

/* rows of wide operations, after a process 1 and a file f of 100 pages */
static const struct {
	const char *text, *want;
} bad_wide[] = {
	{ "oom_score_adj,1", "t:4: 2 fields are too few, expected oom_score_adj,PID,ADJ" },
	{ "oom_score_adj,1,1,1", "t:4: 4 fields are too many, expected oom_score_adj,PID,ADJ" },
	{ "oom_score_adj,1,1001", "t:4: oom_score_adj \"1001\", expected -1000..1000" },
	{ "oom_score_adj,1,--1", "t:4: oom_score_adj \"--1\", expected -1000..1000" },
	{ "mremap,1,0,1,5,1",
	  "t:4: mremap of pages 0x0..0x0, expected pages of one mapping of process 1" },
	{ "anon,1,0,9,rw-p\nmremap,1,2,3,4,3",
	  "t:5: mremap to pages 0x4..0x6, expected none that it moves" },
	{ "anon,1,0,9,rw-p\nanon,1,12,1,r--p\nmremap,1,0,9,0,13",
	  "t:6: mremap grows to page 0xc over another mapping, expected free pages" },
	{ "map,1,0,9,r--p,f,91\nmremap,1,0,9,20,10",
	  "t:5: mremap of pages 91..100, beyond file \"f\" of 100 pages" },
	{ "mremap,1,0,1,0xffffffff,2",
	  "t:4: mremap of 2 pages at 0xffffffff passes the last page 0xffffffff" },
	{ "memory_max,0", "t:4: number of pages 0, expected 1..67108863" },
	{ "memory_reclaim,1,201", "t:4: swappiness 201, expected 0..200" },
	{ "memory_reclaim,1,1,1,1",
	  "t:4: 5 fields are too many, expected memory_reclaim,PAGES[,SWAPPINESS[,CGROUP]]" },
	{ "memory_max,1,2", "t:4: cgroup 2, expected 0..1" },
	{ "cgroup,1,2", "t:4: cgroup 2, expected 0..1" },
	{ "cgroup,1", "t:4: 2 fields are too few, expected cgroup,PID,CGROUP" },
	{ "cgroup,7,1", "t:4: unknown process 7, expected one that was spawned or forked" },
	{ "advise,1,0,1,cold", "t:4: advise for page 0x0, which process 1 has not mapped" },
	{ "advise,1,0,0,cold", "t:4: number of pages 0, expected 1..67108863" },
	{ "advise,1,0,1,lukewarm",
	  "t:4: advice \"lukewarm\", expected random, sequential, normal, cold, "
	  "pageout, dontneed, willneed, populate_read, free, hugepage or "
	  "nohugepage" },
	{ "advise,1,0,1,cold,2",
	  "t:4: unknown process 2, expected one that was spawned or forked" },
	{ "advise,1,0,1,dontneed,1",
	  "t:4: advice \"dontneed\" by another process, expected cold, pageout or willneed" },
	{ "advise,1,0,1,random,1",
	  "t:4: advice \"random\" by another process, expected cold, pageout or willneed" },
	{ "advise,2,0,1,cold,1",
	  "t:4: advice for process 2, which is unknown, expected a living one" },
	{ "spawn,2\nexit,2\nadvise,2,0,1,cold,1",
	  "t:6: advice for process 2, which is dead, expected a living one" },
	{ "map,1,0,9,rw-p,f,0\nadvise,1,0,9,free",
	  "t:5: advice free for page 0x0 of process 1, expected anonymous memory" },
	{ "anon,1,0,5,rw-p\nanon,1,5,5,-w-p\nadvise,1,0,9,populate_read",
	  "t:6: advice populate_read for page 0x5 of process 1, expected a mapping with r" },
	{ "truncate,1,f,101",
	  "t:4: truncate of file \"f\" to 101 pages, expected at most the 100 that it ever has" },
	{ "truncate,1,f,5\nread,1,f,4,2", "t:5: read of pages 4..5, beyond file \"f\" of 5 pages" },
	{ "truncate,1,f", "t:4: 3 fields are too few, expected truncate,PID,NAME,SIZE" },
	{ "fsync,1,g", "t:4: unknown file \"g\", expected one declared by an earlier file row" },
	{ "fadvise,1,f,0,0,cold", "t:4: advice \"cold\", expected normal, random, sequential, "
				  "willneed, dontneed or noreuse" },
	{ "unlink,1,f\nread,1,f,0,1",
	  "t:5: file \"f\" is unlinked and not open in process 1, expected a file with a name" },
	{ "read,1,f,0,1\nunlink,1,f\nexec,1\nfsync,1,f",
	  "t:7: file \"f\" is unlinked and not open in process 1, expected a file with a name" },
	{ "unlink,1,f\nunlink,1,f",
	  "t:5: file \"f\" is unlinked already, expected a file with a name" },
	{ "file,g,4\nrename,1,f,g\nspawn,2\nmap,2,0,1,r--p,g,0",
	  "t:7: file \"g\" is unlinked and not open in process 2, expected a file with a name" },
	{ "rename,1,f,f",
	  "t:4: rename of file \"f\" to f, expected another file of the same file system" },
	{ "file,g,4,shmem\nrename,1,f,g",
	  "t:5: rename of file \"f\" to g, expected another file of the same file system" },
	{ "truncate,1,f,2\nmap,1,0,9,r--p,f,0\nadvise,1,1,2,populate_read",
	  "t:6: advice populate_read up to page 0x2 goes beyond the end of file \"f\", expected "
	  "pages "
	  "before it" },
	{ "file,g,4,size=5", "t:4: size at the start 5, expected 0..4" },
	{ "file,g,4,size=", "t:4: size at the start \"\", expected a number" },
	{ "file,g,4,size=1,shmem", "t:4: kind of file \"size=1\", expected shmem or nothing" },
	{ "file,g,4,size=2\nread,1,g,1,2",
	  "t:5: read of pages 1..2, beyond file \"g\" of 2 pages" },
	{ "file,g,4,size=2\nwrite,1,g,1,2\nwrite,1,g,3,2",
	  "t:6: write of pages 3..4, beyond file \"g\" of 4 pages" },
	{ "file,g,9,size=2\nmap,1,8,4,rw-s,g,1\ntouch,1,8,2,r,2",
	  "t:6: touch of page 0xa, which maps page 3 of file \"g\" of 2 pages: SIGBUS; expected a "
	  "page before its end" },
	{ "mlock,1,0,1", "t:4: mlock of page 0x0, which process 1 has not mapped: ENOMEM; "
			 "expected mapped pages" },
	{ "anon,1,0,5,rw-p\nmlock,1,3,3",
	  "t:5: mlock of page 0x5, which process 1 has not mapped: ENOMEM; expected mapped pages" },
	{ "anon,1,0,5,rw-p\nmunlock,1,3,3",
	  "t:5: munlock of page 0x5, which process 1 has not mapped: ENOMEM; expected mapped "
	  "pages" },
	{ "anon,1,0,5,---p\nmlock,1,0,1",
	  "t:5: mlock of page 0x0, mapped ---p: ENOMEM; expected r, w or x" },
	{ "truncate,1,f,2\nmap,1,0,9,r--p,f,0\nmlock,1,1,2",
	  "t:6: mlock up to page 0x2 goes beyond the end of file \"f\": ENOMEM; expected pages "
	  "before it" },
	{ "anon,1,0,5,rw-p\nmlock,1,2,2\nadvise,1,0,5,cold",
	  "t:6: advice cold for page 0x2 of process 1, which is locked: EINVAL; expected unlocked "
	  "pages" },
	{ "exit,1\nmlock,1,0,1", "t:5: process 1 is dead, expected a living one" },
	{ "mlock,1,0", "t:4: 3 fields are too few, expected mlock,PID,AT,PAGES" },
	{ "oom_score_adj,2,1", "t:4: unknown process 2, expected one that was spawned or forked" },
};

static void test_bad_wide(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_wide); i++) {
		g_autofree char *data = g_strdup_printf(
			"reapsim-trace,2\nfile,f,100\nspawn,1\n%s\n", bad_wide[i].text);

		expect_bad(bad_wide[i].text, data, strlen(data), "text", bad_wide[i].want);
	}
}

/* Hand-written variants are read like the output of the writer. */
static void test_text_forms(void)
{
	static const char loose[] = V1 "# a comment, with \"odd quotes\n"
				       "\n \t \n"
				       "spawn , 0x1\n"
				       "file, \"f\" ,0X64\n"
				       "map,1,4096,100,r-xp,f,0,normal\n"
				       "map,1,4096,100,r-xp,f,0,normal,noreuse\n"
				       "touch,01,0x1000,2,r,1\n"
				       "mrelease,1,0\n"
				       "advance,5\n"
				       "advance,1000000us\n";
	static const char strict[] = V1 "file,f,100\n"
					"spawn,1\n"
					"map,1,0x1000,100,r-xp,f,0\n"
					"map,1,0x1000,100,r-xp,f,0,noreuse\n"
					"touch,1,0x1000,2,r\n"
					"mrelease,1\n"
					"advance,5ns\n"
					"advance,1s\n";
	struct trace *t = load_good(loose, strlen(loose), "text");
	GByteArray *text = written(t, trace_write_text);

	CU_ASSERT_EQUAL(text->len, strlen(strict));
	CU_ASSERT_EQUAL(memcmp(text->data, strict, MIN(text->len, strlen(strict))), 0);
	g_byte_array_unref(text);
	trace_free(t);
	trace_free(load_good(V1, strlen(V1), NULL));
}

#define F "file,f,100\nspawn,1\n"
#define OPS                                                                                        \
	"machine, note, file, touch, read, write, map, anon, unmap, advise, spawn, fork, "         \
	"exec, exit, kill, mrelease, oom, optin, fork_fail, clear_refs, drop_caches, drain, "      \
	"advance, mark, oom_score_adj, memory_max, memory_reclaim, mremap, truncate, unlink, "     \
	"rename, fsync, fadvise, mlock, munlock, cgroup"
#define RANGE "expected 1..67108863"

static const struct {
	const char *text; /* after the version line, which is line 1 */
	const char *want;
} bad_text[] = {
	/* the file as such */
	{ "drain\r\n", "t:2: a carriage return, expected lines that end in a plain newline "
		       "(dos2unix converts)" },
	{ "drain", "t:2: the last line does not end in a newline, expected one (is the file cut "
		   "off?)" },
	{ "\"drain\n", "t:2: misplaced or unterminated quote in \"\"drain\", expected CSV with "
		       "\"\" for a quote inside quotes" },
	{ "dr\"ain\n", "t:2: misplaced or unterminated quote in \"dr\"ain\", expected CSV with "
		       "\"\" for a quote inside quotes" },
	{ "note,a,\"b\"c\n", "t:2: misplaced or unterminated quote in \"note,a,\"b\"c\", expected "
			     "CSV with \"\" for a quote inside quotes" },
	{ "drain\n\nfoo,1\n", "t:4: unknown operation \"foo\", expected one of: " OPS },
	{ ",\n", "t:2: unknown operation \"\", expected one of: " OPS },
	{ "oom_score_adj,1,1\n", "t:2: \"oom_score_adj\" in a trace of version 1, expected a first "
				 "line of \"reapsim-trace,2\"" },
	{ "Drain\n",
	  "t:2: unknown operation \"Drain\", did you mean drain? Expected one of: " OPS },
	{ "records,0,0\n", "t:2: unknown operation \"records\", expected one of: " OPS },
	/* header rows */
	{ "machine,a\n", "t:2: 2 fields are too few, expected machine,KEY,VALUE" },
	{ "machine,a,1\nmachine,a,2\n", "t:3: machine key \"a\" again, expected it once" },
	{ "machine,a b,1\n", "t:2: key \"a b\", expected 1 to 64 of A-Za-z0-9_.-" },
	{ "note,,1\n", "t:2: key \"\", expected 1 to 64 of A-Za-z0-9_.-" },
	{ "note,a,b\tc\n", "t:2: value of \"a\", expected at most 4096 bytes without control "
			   "characters" },
	{ "note,a,b,c\n", "t:2: 4 fields are too many, expected note,KEY,VALUE" },
	{ "drain\nnote,a,b\n", "t:3: \"note\" after an operation, expected it before the first" },
	{ "drain\nmachine,a,b\n",
	  "t:3: \"machine\" after an operation, expected it before the first" },
	{ "file,f\n", "t:2: 2 fields are too few, expected file,NAME,PAGES[,shmem][,size=N]" },
	{ "file,f,0\n", "t:2: size of file in pages 0, expected 1..4294901758" },
	{ "file,f,4294901759\n", "t:2: size of file in pages 4294901759, expected 1..4294901758" },
	{ "file,f,1\nfile,g,4294901758\n",
	  "t:3: file \"g\" of 4294901758 pages brings all files to 4294901759, expected less than "
	  "4294901759" },
	{ "file,f,99999999999999999999999\n",
	  "t:2: size of file in pages 99999999999999999999999, expected 1..4294901758" },
	{ "file,f,-1\n", "t:2: size of file in pages \"-1\", expected a number" },
	{ "file,f,0x\n", "t:2: size of file in pages \"0x\", expected a number" },
	{ "file,f,\n", "t:2: size of file in pages \"\", expected a number" },
	{ "file,f,1k\n", "t:2: size of file in pages \"1k\", expected a number" },
	{ "file,f,1e3\n", "t:2: size of file in pages \"1e3\", expected a number" },
	{ "file,,1\n", "t:2: file name \"\", expected 1 to 255 bytes without control characters" },
	{ "file,f,1,tmpfs\n", "t:2: kind of file \"tmpfs\", expected shmem or nothing" },
	{ "file,f,4,shmem,4\n", "t:2: kind of file \"4\", expected size=N or nothing" },
	{ "file,f,4,size=4\n", "t:2: \"size=4\" in a trace of version 1, expected a first line of "
			       "\"reapsim-trace,2\"" },
	{ "file,f,1\nfile,f,1\n", "t:3: file \"f\" again, expected each name once" },
	/* fields */
	{ "spawn\n", "t:2: 1 fields are too few, expected spawn,PID[,CPU]" },
	{ "spawn,1,2,3\n", "t:2: 4 fields are too many, expected spawn,PID[,CPU]" },
	{ "drain,\n", "t:2: 2 fields are too many, expected drain" },
	{ "drain,,,,,,,,,,,,,,,,,,\n", "t:2: 19 fields are too many, expected drain" },
	{ "spawn,x\n", "t:2: process \"x\", expected a number" },
	{ "spawn,134217728\n", "t:2: process 134217728, expected 0..134217727" },
	{ "spawn,1,8192\n", "t:2: cpu 8192, expected 0..8191" },
	{ F "fork,1,-2\n", "t:4: process \"-2\", expected a number" },
	{ F "mrelease,1,3\n", "t:4: flags \"3\", expected 0, ignore_access, evict_file or "
			      "ignore_access+evict_file" },
	{ F "map,1,0,1,r-xp,g,0\n",
	  "t:4: unknown file \"g\", expected one declared by an earlier file row" },
	{ F "map,1,0,1,r-x,f,0\n",
	  "t:4: permissions \"r-x\", expected as in /proc/PID/maps, like r-xp" },
	{ F "map,1,0,1,rx-p,f,0\n",
	  "t:4: permissions \"rx-p\", expected as in /proc/PID/maps, like r-xp" },
	{ F "map,1,0,0,r--p,f,0\n", "t:4: number of pages 0, " RANGE },
	{ F "map,1,0,67108864,r--p,f,0\n", "t:4: number of pages 67108864, " RANGE },
	{ F "map,1,0x100000000,1,r--p,f,0\n", "t:4: page 0x100000000, expected 0..4294967295" },
	{ F "map,1,0,1,r--p,f,0,wild\n",
	  "t:4: advice \"wild\", expected random, sequential or normal" },
	{ F "map,1,0,1,r--p,f,0,noreuse,random\n",
	  "t:4: \"random\", expected noreuse, readonly or nothing" },
	{ F "map,1,0,1,r--p,f,0,random,random\n",
	  "t:4: \"random\", expected noreuse, readonly or nothing" },
	{ F "map,1,0,1,r--s,f,0,readonly,noreuse\n",
	  "t:4: \"noreuse\", expected noreuse, readonly or nothing" },
	{ F "map,1,0,1,r--s,f,0,random,noreuse,readonly,\n",
	  "t:4: 11 fields are too many, expected "
	  "map,PID,AT,PAGES,PERM,NAME,PGOFF[,ADVICE][,noreuse][,readonly]" },
	{ F "anon,1,0,1,rw-p,noreuse\n",
	  "t:4: advice \"noreuse\", expected random, sequential or normal" },
	{ F "advise,1,0,1,dontneed\n", "t:4: \"dontneed\" in a trace of version 1, expected a "
				       "first line of \"reapsim-trace,2\"" },
	{ F "touch,1,0,1,x\n", "t:4: access \"x\", expected r or w" },
	{ F "touch,1,0,1,rw\n", "t:4: access \"rw\", expected r or w" },
	{ F "touch,1,0,1,\n", "t:4: access \"\", expected r or w" },
	{ F "touch,1,0,1,r,0\n", "t:4: stride 0, expected 1..4294967295" },
	{ F "touch,1,0,1\n",
	  "t:4: 4 fields are too few, expected touch,PID,AT,COUNT,r|w[,STRIDE]" },
	{ F "read,1,f,0,0\n", "t:4: number of pages 0, " RANGE },
	{ F "read,1,g,0,1\n",
	  "t:4: unknown file \"g\", expected one declared by an earlier file row" },
	{ "advance,1h\n", "t:2: time \"1h\", expected a number" },
	{ "advance,ms\n", "t:2: time \"\", expected a number" },
	{ "advance,1.5s\n", "t:2: time \"1.5\", expected a number" },
	{ "advance,576460753s\n", "t:2: time 576460753, expected 0..576460752" },
	{ "advance,0x800000000000000\n",
	  "t:2: time 0x800000000000000, expected 0..576460752303423487" },
	{ "mark,a b\n", "t:2: mark \"a b\", expected 1 to 64 of A-Za-z0-9_.:-" },
	{ "mark,\n", "t:2: mark \"\", expected 1 to 64 of A-Za-z0-9_.:-" },
	/* meaning: messages of the checker have the line */
	{ F "\n# comment\nread,1,f,99,2\n",
	  "t:6: read of pages 99..100, beyond file \"f\" of 100 pages" },
	{ F "touch,7,0,1,r\n", "t:4: unknown process 7, expected one that was spawned or forked" },
	{ F "kill,1\nfile,g,1\nexit,1\n", "t:6: process 1 is dead, expected a living one" },
	{ F "touch,1,0x10,1,r\n", "t:4: touch of page 0x10, which process 1 has not mapped" },
	{ F "anon,1,0,1,rw-s\n",
	  "t:4: shared anonymous map at 0x0, expected a map of a shmem file" },
	{ F "map,1,0xffffffff,2,r--p,f,0\n",
	  "t:4: map of 2 pages at 0xffffffff passes the last page 0xffffffff" },
};

static void test_bad_text(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_text); i++) {
		char *data = g_strconcat(V1, bad_text[i].text, NULL);

		expect_bad(bad_text[i].text, data, strlen(data), NULL, bad_text[i].want);
		g_free(data);
	}
}

static void test_long_lines(void)
{
	const size_t size = 10 << 20;
	char *data = g_malloc(size + 100);

	strcpy(data, V1 "note,a,");
	memset(data + strlen(data), 'x', size);
	expect_bad("10 MB", data, size, NULL, "t:2: a line of more than 65536 bytes");
	data[65536 + 17] = '\n';
	expect_bad("64 KiB + 1", data, size, NULL, "t:2: a line of more than 65536 bytes");
	/* the longest valid line fails only because of its value */
	data[65536 + 16] = '\n';
	expect_bad("64 KiB", data, 65536 + 17, NULL,
		   "t:2: value of \"a\", expected at most 4096 bytes without control characters");
	g_free(data);
	expect_bad("NUL", V1 "drain\ndra\0n\n", 28, NULL,
		   "t:3: a NUL byte in column 4, expected text");
}

/* Lines of all lengths around the size of the buffer keep their numbers. */
static void test_many_lines(void)
{
	GString *s = g_string_new(V1);

	for (unsigned int i = 0; i < 3000; i++) {
		g_string_append_c(s, '#');
		for (unsigned int n = i % 1000; n; n--)
			g_string_append_c(s, 'x');
		g_string_append_c(s, '\n');
	}
	g_string_append(s, "bad\n");
	expect_bad("many lines", s->str, s->len, NULL,
		   "t:3002: unknown operation \"bad\", expected one of: " OPS);
	g_string_free(s, TRUE);
}

static const struct {
	const char *data, *format, *want;
} bad_start[] = {
	{ "", NULL, "t: an empty file, expected a trace" },
	{ "", "text", "t: an empty file, expected a trace that starts with reapsim-trace,1" },
	{ "", "binary", "t: an empty file, expected a trace that starts with reapsim-trace,1" },
	{ "reapsim-trace,3\n", NULL,
	  "t:1: trace version \"reapsim-trace,3\", expected \"reapsim-trace,1 or 2\"" },
	{ "reapsim-trace,1,\n", NULL,
	  "t:1: trace version \"reapsim-trace,1,\", expected \"reapsim-trace,1 or 2\"" },
	{ "reapsim-trace,1\r\n", NULL,
	  "t:1: a carriage return, expected lines that end in a plain "
	  "newline (dos2unix converts)" },
	{ "reapsim-trace,3,binary\n", NULL,
	  "t:1: trace version \"reapsim-trace,3,binary\", expected \"reapsim-trace,1,binary or "
	  "2,binary\"" },
	{ V1B, "text",
	  "t:1: trace version \"reapsim-trace,1,binary\", expected \"reapsim-trace,1 or 2\"" },
	{ V1, "binary",
	  "t:1: trace version \"reapsim-trace,1\", expected \"reapsim-trace,1,binary or "
	  "2,binary\"" },
	{ "hello\n", "text", "t:1: first line \"hello\", expected \"reapsim-trace,1 or 2\"" },
	{ "hello\n", NULL, "t: unrecognized format; use --from with one of: FORMATS" },
	{ V1, "tar", "unknown trace format \"tar\", expected one of: FORMATS" },
};

static void test_bad_start(void)
{
	g_autofree char *formats = tl_names(trace_readers);

	for (size_t i = 0; i < G_N_ELEMENTS(bad_start); i++) {
		g_autoptr(GString) want = g_string_new(bad_start[i].want);

		g_string_replace(want, "FORMATS", formats, 0);
		expect_bad(want->str, bad_start[i].data, strlen(bad_start[i].data),
			   bad_start[i].format, want->str);
	}
}

static void test_paths(void)
{
	char *none = g_build_filename(dir, "none", NULL), *want;
	struct trace *t = NULL;
	struct err err;

	for (size_t i = 0; trace_readers[i]; i++) {
		const char *name = trace_readers[i]->name;

		CU_ASSERT_EQUAL(trace_load(none, name, &t, &err), -ENOENT);
		want = g_strconcat(none, ": cannot open: No such file or directory", NULL);
		CU_ASSERT_STRING_EQUAL(err.msg, want);
		g_free(want);
		err.msg[0] = '\0';
		CU_ASSERT_EQUAL(trace_load(dir, name, &t, &err), -EINVAL);
		CU_ASSERT_TRUE(g_str_has_prefix(err.msg, dir));
	}
	CU_ASSERT_EQUAL(trace_load(none, NULL, &t, &err), -ENOENT);
	CU_ASSERT_EQUAL(trace_load(dir, NULL, &t, &err), -EINVAL);
	want = g_strconcat(dir, ": cannot read: Is a directory", NULL);
	CU_ASSERT_STRING_EQUAL(err.msg, want);
	CU_ASSERT_EQUAL(trace_load("/dev/null", NULL, &t, &err), -EINVAL);
	CU_ASSERT_STRING_EQUAL(err.msg, "/dev/null: an empty file, expected a trace");
	CU_ASSERT_PTR_NULL(t);
	g_free(want);
	g_free(none);
}

/* a row per reader: the beginning of its files; NULL: not recognizable */
static const struct {
	const char *name, *head;
} heads[] = {
	{ "text", V1 },
	{ "binary", V1B },
	{ "perf", "# reapsim-perf 1\n" },
	{ "ftrace", "# tracer: nop\n" },
	{ "trace.dat", "\x17\x08\x44tracing7" },
	{ "perf.data", "PERFILE2" },
	{ "lackey", "I  0401ab70,3\n" },
	{ "perfetto", "\n\2\x18\1\n\2\x18\2" },
	{ "vscsi", NULL }, /* needs two records, with NUL bytes: see test_objects.c */
	{ "csv", "time,obj_id,size\n" },
	{ "oracle", NULL },
};

static void test_registry(void)
{
	struct err err;

	for (size_t i = 0; trace_readers[i]; i++) {
		const struct trace_reader *r = trace_readers[i];
		const char *head;

		CU_ASSERT_PTR_EQUAL(trace_reader_find(r->name, &err), r);
		CU_ASSERT_TRUE(r->summary && strlen(r->summary) < 72);
		CU_ASSERT_PTR_NOT_NULL(r->read);
		CU_ASSERT_FATAL(i < G_N_ELEMENTS(heads));
		TL_STR(heads[i].name, r->name, "row %zu", i);
		head = heads[i].head;
		if (strcmp(r->name, "vscsi"))
			CU_ASSERT(!head == !r->probe);
		if (head)
			CU_ASSERT_PTR_EQUAL(trace_reader_probe((const uint8_t *)head, strlen(head)),
					    r);
	}
	CU_ASSERT_PTR_NULL(trace_reader_probe((const uint8_t *)"", 0));
}

/* A binary trace with correct padding, and checksum; @count may be wrong. */
static GByteArray *binary(const char *head, const struct op_rec *recs, size_t nr, size_t count)
{
	g_autofree struct op_rec *in_file = g_new(struct op_rec, nr + 1);
	GByteArray *out = g_byte_array_new();
	struct trace_sum sum = { 0 };
	char *line;

	if (nr)
		memcpy(in_file, recs, nr * sizeof(*recs));
	trace_recs_le(in_file, nr);
	trace_sum_bytes(&sum, head, strlen(head));
	trace_sum_bytes(&sum, in_file, nr * sizeof(*recs));
	line = g_strdup_printf("%srecords,%zu,%016" PRIx64 "%016" PRIx64, head, count, sum.a,
			       sum.b);
	g_byte_array_append(out, (const guint8 *)line, (guint)strlen(line));
	while (out->len % 8 != 7)
		g_byte_array_append(out, (const guint8 *)" ", 1);
	g_byte_array_append(out, (const guint8 *)"\n", 1);
	g_byte_array_append(out, (const guint8 *)in_file, (guint)(nr * sizeof(*recs)));
	g_free(line);
	return out;
}

static void test_bad_binary_header(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "t:1: the file ends in its header, expected a records row" },
		{ "file,f,1\n", "t:2: the file ends in its header, expected a records row" },
		{ "file,f,1", "t:2: the last line does not end in a newline, expected one (is the "
			      "file cut off?)" },
		{ "spawn,1\n", "t:2: unknown row \"spawn\", expected one of: machine, note, file, "
			       "name, records" },
		{ "file,f,0\n", "t:2: size of file in pages 0, expected 1..4294901758" },
		{ "name,a b\n", "t:2: mark \"a b\", expected 1 to 64 of A-Za-z0-9_.:-" },
		{ "name,a\nname,a\n", "t:3: mark \"a\" again, expected each name once" },
		{ "name\n", "t:2: 1 fields are too few, expected name,TEXT" },
		{ "records,0\n", "t:2: 2 fields are too few, expected records,COUNT,CHECKSUM" },
		{ "records,x,0\n", "t:2: number of records \"x\", expected a number" },
		{ "records,0xffffffffffffffff,0\n",
		  "t:2: number of records 0xffffffffffffffff, expected 0..1152921504606846975" },
		{ "records,0,12\n", "t:2: checksum \"12\", expected 32 hexadecimal digits" },
		{ "records,0,00000000000000000000000000000000   \n",
		  "t:2: records start at byte 69, expected a multiple of 8 (padding spaces)" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *data = g_strconcat(V1B, cases[i].text, NULL);

		expect_bad(cases[i].text, data, strlen(data), NULL, cases[i].want);
		g_free(data);
	}
}

/* more than is kept in memory: the same records, and the same messages */
static void test_large_binary(void)
{
	const struct input_options options = { .memory_bytes = 1 << 20 };
	const guint nr = (9u << 20) / sizeof(struct op_rec) + 12345;
	struct op_rec *recs = g_new(struct op_rec, nr);
	struct err err = { "" };
	struct trace *t = NULL;
	g_autofree char *path = NULL;
	GByteArray *b;

	recs[0] = (struct op_rec){ REC_PID | 1 << 5, 0 };
	recs[1] = (struct op_rec){ OP_SPAWN, 0 };
	recs[2] = (struct op_rec){ REC_FILE, 0 };
	for (guint i = 3; i < nr; i++)
		recs[i] = (struct op_rec){ OP_READ | 1 << 5, i };
	b = binary(V1B "file,f,5000000\n", recs, nr, nr);
	path = put_file(b->data, b->len);
	CU_ASSERT_EQUAL_FATAL(trace_load_with(path, NULL, &options, &t, &err), 0);
	TL_EQ(t->nr_recs, nr, "records");
	CU_ASSERT(t->spill->fd >= 0);
	CU_ASSERT_EQUAL(memcmp(t->recs, recs, nr * sizeof(*recs)), 0);
	trace_passed(t, 0, nr);
	CU_ASSERT_EQUAL(memcmp(t->recs, recs, nr * sizeof(*recs)), 0);
	trace_free(t);
	CU_ASSERT_EQUAL(truncate(path, (off_t)b->len - 8), 0);
	CU_ASSERT_EQUAL(trace_load_with(path, NULL, &options, &t, &err), -EINVAL);
	CU_ASSERT_TRUE(g_str_has_suffix(err.msg, ": 9535936 bytes of records, expected 9535944 "
						 "for 1191993 records (the file is cut off)"));
	g_free(path);
	b->data[b->len - 1] ^= 1;
	path = put_file(b->data, b->len);
	CU_ASSERT_EQUAL(trace_load_with(path, NULL, &options, &t, &err), -EINVAL);
	CU_ASSERT_TRUE(g_str_has_suffix(err.msg, " (the file is damaged)"));
	g_byte_array_unref(b);
	g_free(recs);
}

static void test_bad_binary_records(void)
{
	const struct op_rec recs[] = {
		{ REC_PID | 1 << 5, 0 },
		{ OP_SPAWN, 0 },
		{ REC_FILE, 0 },
		{ OP_READ | 1 << 5, 0 },
	};
	const char *head = V1B "file,f,1\n";
	GByteArray *b = binary(head, recs, 4, 4);
	char msg[1024];
	int ret;

	trace_free(load_good(b->data, b->len, NULL));
	expect_bad("cut", b->data, b->len - 8, NULL,
		   "t: 24 bytes of records, expected 32 for 4 "
		   "records (the file is cut off)");
	expect_bad("cut", b->data, b->len - 1, NULL,
		   "t: 31 bytes of records, expected 32 for 4 "
		   "records (the file is cut off)");
	g_byte_array_append(b, (const guint8 *)"", 1);
	expect_bad("too long", b->data, b->len, NULL,
		   "t: 33 bytes of records, expected 32 for 4 "
		   "records (the file is too long)");
	g_byte_array_set_size(b, b->len - 1);
	/* a change of any bit is detected */
	for (guint bit = 0; bit < b->len * 8; bit += 3) {
		struct trace *t;

		b->data[bit / 8] ^= (guint8)(1 << bit % 8);
		t = load(b->data, b->len, "binary", &ret, msg);
		if (!ret && bit / 8 > 23 + 9 + 10 + 32) {
			/* a space of the padding may become a tab, which has no effect */
			CU_ASSERT_EQUAL(b->data[bit / 8], '\t');
		} else {
			CU_ASSERT_EQUAL(ret, -EINVAL);
		}
		trace_free(t);
		b->data[bit / 8] ^= (guint8)(1 << bit % 8);
	}
	b->data[b->len - 1] ^= 1;
	load(b->data, b->len, NULL, &ret, msg);
	CU_ASSERT_TRUE(g_str_has_suffix(msg, " (the file is damaged)"));
	g_byte_array_unref(b);

	/* well-formed but invalid */
	b = binary(V1B "file,f,1\nfile,g,1\n", recs + 2, 2, 2);
	expect_bad("no process", b->data, b->len, NULL,
		   "t: record 1 (0x00000030 0x00000000): an operation before any process was "
		   "chosen");
	g_byte_array_unref(b);
	b = binary(V1B "file,f,1\n", (const struct op_rec[]){ recs[0], recs[2], recs[3] }, 3, 3);
	expect_bad("unknown process", b->data, b->len, NULL,
		   "t: operation 0: unknown process 1, expected one that was spawned or forked");
	g_byte_array_unref(b);
	b = binary(V1B, NULL, 0, 1ull << 59);
	expect_bad("absurd count", b->data, b->len, NULL,
		   "t: 0 bytes of records, expected 4611686018427387904 for 576460752303423488 "
		   "records (the file is cut off)");
	g_byte_array_unref(b);
}

static void put_request(GByteArray *a, uint64_t object, uint32_t size, int64_t next)
{
	const uint32_t time = GUINT32_TO_LE(7);

	object = GUINT64_TO_LE(object);
	size = GUINT32_TO_LE(size);
	next = GINT64_TO_LE(next);
	g_byte_array_append(a, (const guint8 *)&time, 4);
	g_byte_array_append(a, (const guint8 *)&object, 8);
	g_byte_array_append(a, (const guint8 *)&size, 4);
	g_byte_array_append(a, (const guint8 *)&next, 8);
}

static void test_oracle(void)
{
	static const char want[] =
		V1 "note,source,\"libCacheSim oracleGeneral\"\n"
		   "note,requests,6\n"
		   "note,objects,3\n"
		   "note,left_out,\"1 requests of size 0\"\n"
		   "note,cannot_see,\"sizes and times are ignored: an object is one page\"\n"
		   "file,objects,3\n"
		   "spawn,1\n"
		   "read,1,objects,0,1\n"
		   "read,1,objects,1,1\n"
		   "read,1,objects,0,1\n"
		   "read,1,objects,2,1\n"
		   "read,1,objects,2,1\n"
		   "exit,1\n";
	GByteArray *a = g_byte_array_new(), *text;
	struct trace *t;

	put_request(a, UINT64_MAX, 512, 2);
	put_request(a, 0, 1, -1);
	put_request(a, UINT64_MAX, 512, INT64_MAX);
	put_request(a, 99, 0, -1);
	put_request(a, 5, 100000, 5);
	put_request(a, 5, 100000, -2);
	t = load_good(a->data, a->len, "oracle");
	text = written(t, trace_write_text);
	CU_ASSERT_EQUAL(text->len, strlen(want));
	CU_ASSERT_EQUAL(memcmp(text->data, want, MIN(text->len, strlen(want))), 0);
	g_byte_array_unref(text);
	trace_free(t);

	expect_bad("cut", a->data, a->len - 1, "oracle",
		   "t: 143 bytes, expected a multiple of 24 (is this oracleGeneral, and "
		   "whole?)");
	expect_bad("empty", a->data, 0, "oracle",
		   "t: 0 bytes, expected a multiple of 24 (is this oracleGeneral, and "
		   "whole?)");
	put_request(a, 1, 1, -3);
	expect_bad(
		"next", a->data, a->len, "oracle",
		"t: request 6: next request -3, expected -2 or more, and less than 2^31 (is this "
		"oracleGeneral?)");
	g_byte_array_set_size(a, 0);
	put_request(a, 1, 1, 1ll << 31);
	expect_bad("far", a->data, a->len, "oracle",
		   "t: request 0: next request 2147483648, expected -2 or more, and less than 2^31 "
		   "(is this oracleGeneral?)");
	g_byte_array_set_size(a, 0);
	put_request(a, 1, 1, -1);
	a->data[0] = 3;
	put_request(a, 1, 1, -1);
	a->data[24] = 2;
	memset(a->data + 1, 0, 3);
	memset(a->data + 25, 0, 3);
	expect_bad("back in time", a->data, a->len, "oracle",
		   "t: request 1: time 2 after 3, expected times that do not go back (is this "
		   "oracleGeneral?)");
	/* numbers, one per line: the wrong output format of some program */
	expect_bad("text", "0\n10\n20\n30\n40\n50\n60\n70\n", 23 + 1, "oracle",
		   "t: request 0: next request 2867762719372810, expected -2 or more, and less "
		   "than 2^31 (is this oracleGeneral?)");
	g_byte_array_set_size(a, 0);
	put_request(a, 1, 0, -1);
	expect_bad("size 0", a->data, a->len, "oracle",
		   "t: 1 requests, all of size 0, expected one of another size");
	g_byte_array_unref(a);
}

/* The table of ids keeps every id while it grows many times. */
static void test_oracle_many(void)
{
	const uint32_t nr = 300000;
	GByteArray *a = g_byte_array_new();
	struct trace_iter it;
	struct trace *t;
	struct op op;

	for (uint32_t i = 0; i < 2 * nr; i++)
		put_request(a, (uint64_t)(i % nr) * 4096, 1, -1);
	t = load_good(a->data, a->len, "oracle");
	CU_ASSERT_EQUAL(t->nr_file_pages, nr);
	trace_iter_init(&it, t);
	CU_ASSERT_EQUAL(trace_iter_next(&it, &op, NULL), 1);
	for (uint32_t i = 0; i < 2 * nr; i++)
		if (trace_iter_next(&it, &op, NULL) != 1 || op.at != i % nr)
			CU_FAIL_FATAL("an object has another id than before");
	trace_free(t);
	g_byte_array_unref(a);
}

static void test_lackey(void)
{
	static const char in[] = "==7== Lackey, an example Valgrind tool\n"
				 "==7== Command: true --all\n"
				 "==7== \n"
				 "I  00401000,3\n"
				 "I  00401003,5\n"
				 " S 1ffeffff8,8\n"
				 "I  00401008,4\n"
				 " L 1ffeffffc,8\n" /* two pages */
				 " M 1fff00000,4\n"
				 " L 1fff00000,4\n" /* merged into the write */
				 " L 00402010,4\n"  /* text that is also data */
				 "I  00402000,1\n"
				 " S 00404000,1\n"
				 "I  00404000,2\n" /* generated code */
				 "I  00403000,2\n"
				 "==7== Exit code:       0\n";
	static const char want[] =
		V1 "note,source,\"valgrind lackey\"\n"
		   "note,command,\"true --all\"\n"
		   "note,accesses,12\n"
		   "note,cannot_see,\"mappings and system calls: pages that were executed are file "
		   "pages, all others anonymous\"\n"
		   "file,text,4\n"
		   "spawn,1\n"
		   "map,1,0x401,3,r-xp,text,0\n"
		   "map,1,0x404,1,rwxp,text,3\n"
		   "anon,1,0x1ffeff,2,rw-p\n"
		   "touch,1,0x401,1,r\n"
		   "touch,1,0x1ffeff,1,w\n"
		   "touch,1,0x1fff00,1,r\n"
		   "touch,1,0x1fff00,1,w\n"
		   "touch,1,0x402,1,r\n"
		   "touch,1,0x402,1,r\n"
		   "touch,1,0x404,1,w\n"
		   "touch,1,0x404,1,r\n"
		   "touch,1,0x403,1,r\n"
		   "exit,1\n";
	struct trace *t = load_good(in, strlen(in), NULL);
	GByteArray *text = written(t, trace_write_text);

	CU_ASSERT_EQUAL(text->len, strlen(want));
	CU_ASSERT_EQUAL(memcmp(text->data, want, MIN(text->len, strlen(want))), 0);
	if (text->len != strlen(want))
		fprintf(stderr, "\n%.*s", (int)text->len, (char *)text->data);
	g_byte_array_unref(text);
	trace_free(t);
}

/* Several logs one after the other, of 32-bit programs, with the blanks of other tools. */
static void test_lackey_logs(void)
{
	static const char in[] = "==7== Lackey, an example Valgrind tool\n"
				 "==7== Command: a\n"
				 "I 08048000,3\n"
				 " S BEFFE000,4 \n"
				 "==7== Exit code:       0\n"
				 "==7== \n"
				 "==9== Lackey, an example Valgrind tool\n"
				 "I  08049000,3\n"
				 "==9== Exit code:       1\n";
	static const char want[] =
		V1 "note,source,\"valgrind lackey\"\n"
		   "note,command,a\n"
		   "note,accesses,3\n"
		   "note,cannot_see,\"mappings and system calls: pages that were executed are file "
		   "pages, all others anonymous\"\n"
		   "file,text,1\n"
		   "file,text-2,1\n"
		   "spawn,1\n"
		   "map,1,0x8048,1,r-xp,text,0\n"
		   "anon,1,0xbeffe,1,rw-p\n"
		   "touch,1,0x8048,1,r\n"
		   "touch,1,0xbeffe,1,w\n"
		   "exit,1\n"
		   "spawn,2\n"
		   "map,2,0x8049,1,r-xp,text-2,0\n"
		   "touch,2,0x8049,1,r\n"
		   "exit,2\n";
	struct trace *t = load_good(in, strlen(in), NULL);
	GByteArray *text = written(t, trace_write_text);

	CU_ASSERT_EQUAL(text->len, strlen(want));
	CU_ASSERT_EQUAL(memcmp(text->data, want, MIN(text->len, strlen(want))), 0);
	g_byte_array_unref(text);
	trace_free(t);
}

static void test_bad_lackey(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "==1== \n",
		  "t: no accesses, expected the output of lackey with --trace-mem=yes" },
		{ "I  1000,1\nhello\n", "t:2: \"hello\", expected lackey's I, L, S or M with "
					"ADDRESS,SIZE (use valgrind's --log-file)" },
		{ "==7== Lackey, an example Valgrind tool\n L 10,4\n==8== \n",
		  "t:3: process 8 appears in the log of another process, and accesses cannot be "
		  "told apart; expected one process at a time: record with valgrind "
		  "--log-file=NAME.%p and convert the files separately, or one after the "
		  "other" },
		{ "==7== Lackey, an example Valgrind tool\n L 10,4\n"
		  "==7== Lackey, an example Valgrind tool\n",
		  "t:3: process 7 executes another program, and accesses cannot be told "
		  "apart; expected one process at a time: record with valgrind "
		  "--log-file=NAME.%p and convert the files separately, or one after the "
		  "other" },
		{ "==7== Lackey, an example Valgrind tool\n L 10,4\n"
		  "==8== Lackey, an example Valgrind tool\n",
		  "t:3: process 8 starts before the previous one has ended, and accesses cannot be "
		  "told apart; expected one process at a time: record with valgrind "
		  "--log-file=NAME.%p and convert the files separately, or one after the "
		  "other" },
		{ "L 1000,4\n", "t:1: \"L 1000,4\", expected lackey's I, L, S or M with "
				"ADDRESS,SIZE (use valgrind's --log-file)" },
		{ " L -1,1\n", "t:1: \" L -1,1\", expected lackey's I, L, S or M with "
			       "ADDRESS,SIZE (use valgrind's --log-file)" },
		{ " L 1000\n", "t:1: \" L 1000\", expected lackey's I, L, S or M with "
			       "ADDRESS,SIZE (use valgrind's --log-file)" },
		{ " L 1000,4x\n", "t:1: \" L 1000,4x\", expected lackey's I, L, S or M with "
				  "ADDRESS,SIZE (use valgrind's --log-file)" },
		{ " L 1000,0\n", "t:1: access of 0 bytes, expected 1..4096" },
		{ " L 1000,4097\n", "t:1: access of 4097 bytes, expected 1..4096" },
		{ " L ffffffffffffffff,8\n",
		  "t:1: address 0xffffffffffffffff, expected less than 2^44" },
		{ " L fffffffffff,2\n", "t:1: address 0xfffffffffff, expected less than 2^44" },
		{ "I  1000,1", "t:1: the last line does not end in a newline, expected one (is "
			       "the file cut off?)" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		expect_bad(cases[i].text, cases[i].text, strlen(cases[i].text), "lackey",
			   cases[i].want);
}

void suite_readers(void)
{
	CU_pSuite s = CU_add_suite("readers", make_dir, remove_dir);

	CU_add_test(s, "text to binary to text", test_round_trip);
	CU_add_test(s, "text: forms of writing", test_text_forms);
	CU_add_test(s, "text: errors", test_bad_text);
	CU_add_test(s, "text: long lines, NUL", test_long_lines);
	CU_add_test(s, "text: line numbers", test_many_lines);
	CU_add_test(s, "bad wide operations", test_bad_wide);
	CU_add_test(s, "versions and formats", test_bad_start);
	CU_add_test(s, "paths", test_paths);
	CU_add_test(s, "registry", test_registry);
	CU_add_test(s, "binary: header errors", test_bad_binary_header);
	CU_add_test(s, "binary: more than memory", test_large_binary);
	CU_add_test(s, "binary: damage", test_bad_binary_records);
	CU_add_test(s, "oracle", test_oracle);
	CU_add_test(s, "oracle: many objects", test_oracle_many);
	CU_add_test(s, "lackey", test_lackey);
	CU_add_test(s, "lackey: several logs", test_lackey_logs);
	CU_add_test(s, "lackey: errors", test_bad_lackey);
}
