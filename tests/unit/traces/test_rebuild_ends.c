// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends of recorded files (traces/readers/rebuild-ends.c): excerpts of perf script, and the rows
 * of the trace that comes out, files included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "traces/readers/readers.h"
#include "traces/readers/write.h"

void suite_rebuild_ends(void);

#define ENDS	   "# reapsim-perf 1\n# deletions: of ext4\n"
#define BY(p, e)   p "/" p " [000] 5.000000: " e "\n"
#define AT(e)	   BY("7", e)
#define WRITE(len) AT("ext4:ext4_da_write_begin: dev 254,0 ino 17 pos 0 len " len)
#define CREATE	   AT("ext4:ext4_allocate_inode: dev 254,0 ino 17 dir 2 mode 0100644")
#define DELETE	   "ext4:ext4_evict_inode: dev 254,0 ino 17 nlink 0"
#define TRUNCATE   AT("ext4:ext4_truncate_enter: dev 254,0 ino 17 blocks 8")
#define FSYNC	   AT("ext4:ext4_sync_file_enter: dev 254,0 ino 17 parent 2 datasync 1 ")
#define DROP_AT(n)                                                                                 \
	"filemap:mm_filemap_delete_from_page_cache: dev 254:0 ino 11 pfn=0x1 ofs=" n " order=0"
#define DROP(n)	    AT(DROP_AT(n))
#define READ(range) AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=" range)
#define FAULT(p, a) BY(p, "exceptions:page_fault_user: address=0x" a " ip=0x1 error_code=0x6")
#define FORK	    AT("PERF_RECORD_FORK(8:8):(7:7)")
#define EXIT(p)	    BY(p, "PERF_RECORD_EXIT(" p ":" p "):(1:1)")
/* two pages at 0x400000, with their number in the trace */
#define MAP_AT(p, file) BY(p, "PERF_RECORD_MMAP2 " p "/" p ": [0x400000(0x2000) @ 0 " file)
#define MAP_FILE(p)	MAP_AT(p, "fe:00 17 0]: rw-s /a")
#define MAP_ZERO(p)	MAP_AT(p, "00:01 9 0]: rw-s /dev/zero (deleted)")
#define MAP_SHM(p)	MAP_AT(p, "00:1b 5 0]: rw-s /dev/shm/s")
#define DROP_SHM                                                                                   \
	AT("filemap:mm_filemap_delete_from_page_cache: dev 0:27 ino 5 pfn=0x1 ofs=0 order=0")
#define MUNMAP(p) BY(p, "syscalls:sys_enter_munmap: addr: 0x00400000, len: 0x00002000")

static const struct {
	const char *name;
	const char *in;
	const char *rows; /* without machine and note */
} good[] = {
	{ "a file is made, grows, and is deleted", CREATE WRITE("5000") AT(DELETE),
	  "reapsim-trace,2\nfile,254:0:17,2,size=0\n"
	  "spawn,7\nwrite,7,254:0:17,0,2\n"
	  "truncate,7,254:0:17,0\nunlink,7,254:0:17\n"
	  "exit,7\nmark,end\n" },
	{ "who has not used it deletes it, its user has ended",
	  WRITE("1") EXIT("7") BY("8", DELETE),
	  "reapsim-trace,2\nfile,254:0:17,1\nspawn,7\nwrite,7,254:0:17,0,1\nexit,7\n"
	  "spawn,8\nunlink,8,254:0:17\nexit,8\nmark,end\n" },
	{ "a forked child has it open", WRITE("1") FORK EXIT("7") BY("9", DELETE),
	  "reapsim-trace,2\nfile,254:0:17,1\nspawn,7\nwrite,7,254:0:17,0,1\nfork,7,8\nexit,7\n"
	  "spawn,9\ntruncate,9,254:0:17,0\nunlink,9,254:0:17\nexit,8\nexit,9\nmark,end\n" },
	{ "the pages of a deleted file go after it; its number is that of another file",
	  WRITE("1") AT(DELETE) DROP("0") TRUNCATE CREATE WRITE("1"),
	  "reapsim-trace,2\nfile,254:0:17,1\nfile,254:0:17 #2,1,size=0\nspawn,7\n"
	  "write,7,254:0:17,0,1\ntruncate,7,254:0:17,0\nunlink,7,254:0:17\n"
	  "write,7,254:0:17 #2,0,1\nexit,7\nmark,end\n" },
	{ "the recorder's name is that of the last one",
	  "# file: 254:0 17 1 ext4 /b\n" WRITE("1") AT(DELETE) WRITE("1"),
	  "reapsim-trace,2\nfile,254:0:17,1\nfile,/b,1\nspawn,7\nwrite,7,254:0:17,0,1\n"
	  "truncate,7,254:0:17,0\nunlink,7,254:0:17\nwrite,7,/b,0,1\nexit,7\nmark,end\n" },
	{ "an inode that has a link left is only not in memory any more",
	  WRITE("1") AT("ext4:ext4_evict_inode: dev 254,0 ino 17 nlink 1") WRITE("1"),
	  "reapsim-trace,1\nfile,254:0:17,1\nspawn,7\nwrite,7,254:0:17,0,1\n"
	  "write,7,254:0:17,0,1\nexit,7\nmark,end\n" },
	{ "a number is made again: its deletion was not seen", WRITE("1") CREATE WRITE("1"),
	  "reapsim-trace,2\nfile,254:0:17,1\nfile,254:0:17 #2,1,size=0\nspawn,7\n"
	  "write,7,254:0:17,0,1\ntruncate,7,254:0:17,0\nunlink,7,254:0:17\n"
	  "write,7,254:0:17 #2,0,1\nexit,7\nmark,end\n" },
	{ "folders, and files that nothing uses, are not files",
	  AT("ext4:ext4_allocate_inode: dev 254,0 ino 17 dir 2 mode 040755") READ("0-4095")
		  AT("ext4:ext4_evict_inode: dev 254,0 ino 18 nlink 0")
			  AT("ext4:ext4_sync_file_enter: dev 254,0 ino 18 parent 2 datasync 0 "),
	  "reapsim-trace,1\nfile,254:0:17,1\nspawn,7\nread,7,254:0:17,0,1\nexit,7\nmark,end\n" },
	{ "truncated to where the page cache begins to drop pages",
	  WRITE("12288") DROP("4096") DROP("8192") TRUNCATE WRITE("8192"),
	  "reapsim-trace,2\nfile,254:0:17,3\nspawn,7\nwrite,7,254:0:17,0,3\n"
	  "truncate,7,254:0:17,1\nwrite,7,254:0:17,0,2\nexit,7\nmark,end\n" },
	{ "reclaim, or another thread, drops pages; nothing was there: no truncate",
	  WRITE("8192") DROP("4096") WRITE("1") TRUNCATE BY("8", DROP_AT("4096")) TRUNCATE,
	  "reapsim-trace,1\nfile,254:0:17,2\nspawn,7\nwrite,7,254:0:17,0,2\n"
	  "write,7,254:0:17,0,1\nspawn,8\nexit,7\nexit,8\nmark,end\n" },
	{ "reads end with the file; a read behind its end shows that it has grown",
	  CREATE WRITE("4096") READ("0-131071") READ("8192-131071"),
	  "reapsim-trace,2\nfile,254:0:17,3,size=0\nspawn,7\nwrite,7,254:0:17,0,1\n"
	  "read,7,254:0:17,0,1\ntruncate,7,254:0:17,3\nread,7,254:0:17,2,1\nexit,7\nmark,end\n" },
	{ "what the page cache read in belongs to the file",
	  CREATE WRITE("4096") AT(
		  "filemap:mm_filemap_add_to_page_cache: dev 254:0 ino 11 pfn=0x1 ofs=4096 order=0")
		  READ("0-131071"),
	  "reapsim-trace,2\nfile,254:0:17,2,size=0\nspawn,7\nwrite,7,254:0:17,0,1\n"
	  "truncate,7,254:0:17,2\nread,7,254:0:17,0,2\nexit,7\nmark,end\n" },
	{ "so does a fault in a mapping", CREATE MAP_FILE("7") FAULT("7", "401000"),
	  "reapsim-trace,2\nfile,/a,2,size=0\nspawn,7\nmap,7,0x800400,2,rw-s,/a,0\n"
	  "truncate,7,/a,2\ntouch,7,0x800401,1,w\nexit,7\nmark,end\n" },
	{ "fsync of what was written", READ("0-4095") FSYNC WRITE("1") FSYNC,
	  "reapsim-trace,2\nfile,254:0:17,1\nspawn,7\nread,7,254:0:17,0,1\n"
	  "write,7,254:0:17,0,1\nfsync,7,254:0:17\nexit,7\nmark,end\n" },
	{ "a deleted file is unmapped where the trace still has a mapping",
	  MAP_FILE("7") FAULT("7", "400000") AT(DELETE) FAULT("7", "400000"),
	  "reapsim-trace,2\nfile,/a,2\nspawn,7\nmap,7,0x800400,2,rw-s,/a,0\n"
	  "touch,7,0x800400,1,w\nunmap,7,0x800400,2\ntruncate,7,/a,0\nunlink,7,/a\n"
	  "anon,7,0x800400,512,rw-p\ntouch,7,0x800400,1,w\nexit,7\nmark,end\n" },
	{ "shared anonymous memory goes with the last process that maps it",
	  MAP_ZERO("7") FAULT("7", "400000") FORK EXIT("7") FAULT("8", "401000") EXIT("8"),
	  "reapsim-trace,2\nfile,/dev/zero (deleted),2,shmem\nspawn,7\n"
	  "map,7,0x800400,2,rw-s,/dev/zero (deleted),0\ntouch,7,0x800400,1,w\n"
	  "fork,7,8\nexit,7\ntouch,8,0x800401,1,w\n"
	  "unlink,8,/dev/zero (deleted)\nexit,8\nmark,end\n" },
	{ "or when it executes",
	  MAP_ZERO("7") FAULT("7", "400000") AT("PERF_RECORD_COMM exec: x:7/7"),
	  "reapsim-trace,2\nfile,/dev/zero (deleted),2,shmem\nspawn,7\n"
	  "map,7,0x800400,2,rw-s,/dev/zero (deleted),0\ntouch,7,0x800400,1,w\n"
	  "unlink,7,/dev/zero (deleted)\nexec,7\nexit,7\nmark,end\n" },
	{ "or when it unmaps it",
	  MAP_ZERO("7") FAULT("7", "400000") FORK MUNMAP("7") MUNMAP("8") FAULT("8", "0"),
	  "reapsim-trace,2\nfile,/dev/zero (deleted),2,shmem\nspawn,7\n"
	  "map,7,0x800400,2,rw-s,/dev/zero (deleted),0\ntouch,7,0x800400,1,w\n"
	  "fork,7,8\nunmap,7,0x800400,2\nunmap,8,0x800400,2\n"
	  "truncate,8,/dev/zero (deleted),0\nunlink,8,/dev/zero (deleted)\n"
	  "anon,8,0x800000,512,rw-p\ntouch,8,0x800000,1,w\nexit,7\nexit,8\nmark,end\n" },
	{ "unless it is mapped again, through a descriptor",
	  MAP_ZERO("7") FAULT("7", "400000") MUNMAP("7") MAP_ZERO("8") FAULT("8", "400000"),
	  "reapsim-trace,2\nfile,/dev/zero (deleted),2,shmem\nspawn,7\n"
	  "map,7,0x800400,2,rw-s,/dev/zero (deleted),0\ntouch,7,0x800400,1,w\n"
	  "unmap,7,0x800400,2\nspawn,8\nmap,8,0x800400,2,rw-s,/dev/zero (deleted),0\n"
	  "touch,8,0x800400,1,w\nexit,7\nunlink,8,/dev/zero (deleted)\nexit,8\nmark,end\n" },
	{ "a segment of System V stays",
	  MAP_AT("7", "00:01 9 0]: rw-s /SYSV0001 (deleted)") FAULT("7", "400000") EXIT("7")
		  FAULT("8", "0"),
	  "reapsim-trace,1\nfile,/SYSV0001 (deleted),2,shmem\nspawn,7\n"
	  "map,7,0x800400,2,rw-s,/SYSV0001 (deleted),0\ntouch,7,0x800400,1,w\nexit,7\n"
	  "spawn,8\nanon,8,0x800000,512,rw-p\ntouch,8,0x800000,1,w\nexit,8\nmark,end\n" },
	{ "a file in tmpfs is deleted when it loses a page and nobody maps it",
	  MAP_SHM("8") FAULT("8", "400000") DROP_SHM EXIT("8") DROP_SHM MAP_SHM("7")
		  FAULT("7", "400000"),
	  "reapsim-trace,2\nfile,/dev/shm/s,2,shmem\nfile,/dev/shm/s #2,2,shmem\nspawn,8\n"
	  "map,8,0x800400,2,rw-s,/dev/shm/s,0\ntouch,8,0x800400,1,w\nspawn,7\n"
	  "exit,8\nunlink,7,/dev/shm/s\nmap,7,0x800400,2,rw-s,/dev/shm/s #2,0\n"
	  "touch,7,0x800400,1,w\nexit,7\nmark,end\n" },
};

static const struct {
	const char *in;
	const char *expected;
} bad[] = {
	{ AT("ext4:ext4_evict_inode: dev 254,0 ino x nlink 0"),
	  "event of a file \"dev 254,0 ino x" },
	{ AT("ext4:ext4_evict_inode: dev 254,0 ino 1"), "expected dev A,B ino N nlink N" },
	{ AT("ext4:ext4_allocate_inode: dev 254,0 ino 1 dir 2 mode 9"), "mode OCTAL" },
	{ AT("ext4:ext4_truncate_enter: nothing"), "event of a file \"nothing\"" },
	{ AT("ext4:ext4_sync_file_enter: dev 254 ino 1"), "event of a file" },
};

static int read_text(const char *text, struct trace **t, struct err *err)
{
	char path[] = "/tmp/reapsim-test-ends-XXXXXX";
	int fd = g_mkstemp(path), ret;

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	CU_ASSERT_FATAL(g_file_set_contents(path, text, -1, NULL));
	*err = (struct err){ "" };
	ret = trace_load(path, "perf", t, err);
	remove(path);
	return ret;
}

/* The rows of a trace without machine and note, and without quotes. */
static char *rows_of(const struct trace *t)
{
	GString *rows = g_string_new(NULL);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct err err;
	char **lines;

	CU_ASSERT_FATAL(f && !trace_write_text(t, f, &err));
	fclose(f);
	for (char *c = text, *to = text; (*to = *c); c++)
		to += *c != '"';
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++)
		if (**l && !g_str_has_prefix(*l, "machine,") && !g_str_has_prefix(*l, "note,"))
			g_string_append_printf(rows, "%s\n", *l);
	g_strfreev(lines);
	free(text);
	return g_string_free(rows, FALSE);
}

static void test_good(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *in = g_strconcat(ENDS, good[i].in, NULL), *have = NULL;
		struct trace *t;
		struct err err;

		if (read_text(in, &t, &err)) {
			printf("\n%s: %s\n", good[i].name, err.msg);
			CU_FAIL("not read");
			continue;
		}
		have = rows_of(t);
		if (strcmp(have, good[i].rows)) {
			printf("\n%s:\n%sexpected:\n%s", good[i].name, have, good[i].rows);
			CU_FAIL("rows differ");
		}
		trace_free(t);
	}
	CU_PASS("all read");
}

static void test_bad(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct trace *t;
		struct err err;

		CU_ASSERT_EQUAL(read_text(bad[i].in, &t, &err), -22);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, bad[i].expected));
	}
}

/* A recording without these events, and without the recorder's word that it has them, reads as
 * it always did: page 0 leaves the page cache, and the file counts as a new one. */
static void test_without(void)
{
	static const char in[] = WRITE("1") DROP("0") WRITE("1") MAP_ZERO("7") FAULT("7", "400000");
	struct trace *t;
	struct err err;
	char *have;

	CU_ASSERT_FATAL(!read_text(in, &t, &err));
	have = rows_of(t);
	CU_ASSERT_STRING_EQUAL(have, "reapsim-trace,1\nfile,254:0:17,1\nfile,254:0:17 #2,1\n"
				     "file,/dev/zero (deleted),2,shmem\nspawn,7\n"
				     "write,7,254:0:17,0,1\nwrite,7,254:0:17 #2,0,1\n"
				     "map,7,0x800400,2,rw-s,/dev/zero (deleted),0\n"
				     "touch,7,0x800400,1,w\nexit,7\nmark,end\n");
	g_free(have);
	trace_free(t);
}

void suite_rebuild_ends(void)
{
	CU_pSuite suite = CU_add_suite("rebuild_ends", NULL, NULL);

	CU_add_test(suite, "files that begin, grow and end", test_good);
	CU_add_test(suite, "bad events", test_bad);
	CU_add_test(suite, "a recording without such events", test_without);
}
