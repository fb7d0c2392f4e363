// SPDX-License-Identifier: GPL-2.0-only
/*
 * The perf reader: excerpts of perf script and the expected traces. Each test writes its lines
 * to a file, reads it, and compares the trace as text.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include "traces/readers/readers.h"

void suite_perf(void);

/* An event of process 7, thread 7, at second 5 */
#define AT(event)      "7/7 [001] 5.000000: " event "\n"
#define EXEC	       AT("PERF_RECORD_COMM exec: a b:7/7")
#define FAULT(a, code) AT("exceptions:page_fault_user: address=0x" a " ip=0x1 error_code=0x" code)
#define BIN	       "# file: 254:0 16 40000 ext4 /bin/x\n"
/* ten pages of /bin/x at 0x400000 */
#define MAP_BIN AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 fe:00 16 3]: r-xp /bin/x")

static const struct {
	const char *name;
	const char *in;
	const char *ops; /* one per line, see show_op() */
} good[] = {
	{ "exec, map, read and write fault, exit",
	  BIN EXEC MAP_BIN FAULT("401000", "14") FAULT("402fff", "6")
		  AT("PERF_RECORD_EXIT(7:7):(1:1)"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+10 rwxp /bin/x @0\n"
	  "touch 7 800401+1 r\n"
	  "touch 7 800402+1 w\n"
	  "exit 7\nmark end\n" },
	{ "faults on pages in a row are one touch, of one kind",
	  BIN MAP_BIN FAULT("400000", "4") FAULT("401000", "14") FAULT("402000", "4")
		  FAULT("402000", "4") FAULT("404000", "4"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+10 r-xp /bin/x @0\n"
	  "touch 7 800400+3 r\ntouch 7 800402+1 r\ntouch 7 800404+1 r\n"
	  "exit 7\nmark end\n" },
	{ "memory of which nothing is known is anonymous, up to the next mapping",
	  BIN MAP_BIN FAULT("3ff000", "6") FAULT("7f0000000000", "4")
		  FAULT("ffffffff81000000", "4"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+10 r-xp /bin/x @0\n"
	  "map 7 800200+512 rw-p ANON\ntouch 7 8003ff+1 w\n"
	  "map 7 1800000+512 rw-p ANON\ntouch 7 1800000+1 r\n"
	  "exit 7\nmark end\n" },
	{ "the vdso and devices are left out",
	  AT("PERF_RECORD_MMAP2 7/7: [0x500000(0x2000) @ 0 00:00 0 0]: r-xp [vdso]")
		  AT("PERF_RECORD_MMAP2 7/7: [0x600000(0x2000) @ 0 00:05 9 0]: rw-s /dev/dri/card0")
			  FAULT("500000", "4") FAULT("601000", "6") FAULT("0", "4"),
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 r\n"
	  "exit 7\nmark end\n" },
	{ "a part mapped again before use replaces, after use it is mprotect",
	  BIN AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 fe:00 16 3]: r--p /bin/x")
		  AT("PERF_RECORD_MMAP2 7/7: [0x402000(0x2000) @ 0x2000 fe:00 16 3]: r-xp /bin/x")
			  FAULT("408000", "4") AT("PERF_RECORD_MMAP2 7/7: [0x408000(0x1000) @ "
						  "0x8000 fe:00 16 3]: rw-p /bin/x"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+10 rw-p /bin/x @0\n"
	  "map 7 800402+2 r-xp /bin/x @2\n"
	  "touch 7 800408+1 r\n"
	  "exit 7\nmark end\n" },
	{ "bss: anonymous memory over the end of a file mapping",
	  BIN MAP_BIN AT(
		  "PERF_RECORD_MMAP2 7/7: [0x408000(0x4000) @ 0x408000 00:00 0 0]: rw-p //anon")
		  FAULT("408000", "6"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+10 r-xp /bin/x @0\n"
	  "unmap 7 800408+2\n"
	  "map 7 800408+504 rw-p ANON\n"
	  "touch 7 800408+1 w\n"
	  "exit 7\nmark end\n" },
	{ "maps and reads are cut at the end of the file",
	  "# file: 254:0 16 8193 ext4 /bin/x\n" MAP_BIN AT(
		  "filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=0-131071")
		  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=16384-131071")
			  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-8191"),
	  "spawn 7 cpu 1\n"
	  "map 7 800400+3 r-xp /bin/x @0\n"
	  "read 7 /bin/x 0+3\n"
	  "read 7 254:0:17 0+2\n"
	  "exit 7\nmark end\n" },
	{ "a read that continues in the same page leaves it out",
	  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-4095")
		  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-4095")
			  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-8191"),
	  "spawn 7 cpu 1\nread 7 254:0:17 0+1\nread 7 254:0:17 1+1\nexit 7\nmark end\n" },
	{ "writes, and a deleted file's number in a new life",
	  AT("ext4:ext4_da_write_begin: dev 254,0 ino 17 pos 4000 len 200")
		  AT("filemap:mm_filemap_delete_from_page_cache: dev 254:0 ino 11 pfn=0x1 ofs=0 "
		     "order=0") AT("ext4:ext4_da_write_begin: dev 254,0 ino 17 pos 0 len 1"),
	  "spawn 7 cpu 1\n"
	  "write 7 254:0:17 0+2\n"
	  "write 7 254:0:17 #2 0+1\n"
	  "exit 7\nmark end\n" },
	{ "a fork copies, an exec drops",
	  BIN MAP_BIN AT("PERF_RECORD_FORK(8:8):(7:7)")
		  AT("task:task_newtask: pid=8 comm=a b clone_flags=1200000 "
		     "oom_score_adj=0") "8/8 [000] 5.0001: exceptions:page_fault_user: "
					"address=0x400000 error_code=0x4\n"
					"8/8 [000] 5.0002: PERF_RECORD_COMM exec: x:8/8\n"
					"8/8 [000] 5.0003: PERF_RECORD_EXIT(8:8):(7:7)\n",
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\n"
	  "fork 7 child 8 cpu 1\ntouch 8 800400+1 r\nexec 8\nexit 8\n"
	  "exit 7\nmark end\n" },
	{ "a vfork child is its parent until it executes",
	  BIN MAP_BIN AT("PERF_RECORD_FORK(8:8):(7:7)")
		  AT("task:task_newtask: pid=8 comm=x clone_flags=4100 "
		     "oom_score_adj=0") "8/8 [000] 5.0001: "
					"exceptions:page_fault_user: address=0x400000 "
					"error_code=0x4\n"
					"8/8 [000] 5.0002: PERF_RECORD_COMM exec: "
					"x:8/8\n",
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\n"
	  "touch 7 800400+1 r\nspawn 8 cpu 0\nexit 7\nexit 8\nmark end\n" },
	{ "threads are their process, which ends with the last of them",
	  AT("PERF_RECORD_FORK(7:9):(7:7)")
		  AT("PERF_RECORD_EXIT(7:7):(1:1)") "7/9 [001] 5.0: exceptions:page_fault_user: "
						    "address=0x0 error_code=0x4\n"
						    "7/9 [001] 5.5: PERF_RECORD_EXIT(7:9):(1:1)\n"
						    "9/9 [001] 5.5: exceptions:page_fault_user: "
						    "address=0x0 error_code=0x4\n",
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 r\n"
	  "advance 500000000\nexit 7\n"
	  "spawn 9 cpu 1\nmap 9 800000+512 rw-p ANON\ntouch 9 800000+1 r\nexit 9\nmark end\n" },
	{ "SIGKILL makes the end a kill, its delivery too where there is one thread",
	  FAULT("0",
		"6") AT("signal:signal_generate: sig=9 errno=0 code=0 comm=x y pid=7 grp=1 res=0")
		  AT("PERF_RECORD_EXIT(7:7):(1:1)") "8/8 [000] 5.0: exceptions:page_fault_user: "
						    "address=0x0 error_code=0x6\n"
						    "8/8 [000] 5.0: signal:signal_deliver: sig=9 "
						    "errno=0 code=0 sa_handler=0 sa_flags=0\n",
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 w\nkill 7\n"
	  "spawn 8 cpu 0\nmap 8 800000+512 rw-p ANON\ntouch 8 800000+1 w\nkill 8\nmark end\n" },
	{ "munmap and madvise, by their x86-64 numbers",
	  BIN MAP_BIN FAULT("400000",
			    "4") AT("raw_syscalls:sys_enter: NR 28 (400000, 2000, 1, 0, 0, 0)")
		  AT("raw_syscalls:sys_enter: NR 28 (400000, 1000, 4, 0, 0, 0)")
			  AT("raw_syscalls:sys_enter: NR 11 (408000, 1fff, 0, 0, 0, 0)") AT(
				  "raw_syscalls:sys_enter: NR 11 (10000000, ffffffffffffffff, 0, "
				  "0, 0, 0)") AT("raw_syscalls:sys_enter: NR 1 (0, 0, 0, 0, 0, 0)"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\ntouch 7 800400+1 r\n"
	  "advise 7 800400+2 random\n"
	  "unmap 7 800400+1\nmap 7 800400+1 r-xp /bin/x @0\n"
	  "unmap 7 800408+2\nexit 7\nmark end\n" },
	{ "munmap and madvise, by their own events",
	  BIN MAP_BIN FAULT("400000", "4") AT("syscalls:sys_enter_madvise: start: 0x00400000, "
					      "len_in: 0x00002000, behavior: 0x00000001")
		  AT("syscalls:sys_enter_munmap: addr: 0x00408000, len: 0x00001fff"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\ntouch 7 800400+1 r\n"
	  "advise 7 800400+2 random\nunmap 7 800408+2\nexit 7\nmark end\n" },
	{ "plain perf script: command and thread only, nanoseconds, other events",
	  "# ========\n# hostname : h\n#  : x\n# : x\n\n"
	  "my prog [x]     7 [001]   5.000000000: exceptions:page_fault_user: "
	  "address=0x0 ip=f error_code=0x6\n"
	  "my prog [x]     7 [001]   5.000000001: sched:sched_switch: whatever\n"
	  "perf-exec 0/0 [000] 0.0: PERF_RECORD_MMAP -1/0: [0xffffffff81000000(0x1) @ 0]: "
	  "x [kernel.kallsyms]_text\n",
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 w\nexit 7\nmark end\n" },
	{ "a shared mapping in tmpfs",
	  "# file: 0:23 5 8192 tmpfs /dev/shm/s\n" AT(
		  "PERF_RECORD_MMAP2 7/7: [0x400000(0x2000) @ 0 00:17 5 0]: rw-s /dev/shm/s")
		  FAULT("400000", "6"),
	  "spawn 7 cpu 1\nmap 7 800400+2 rw-s /dev/shm/s shmem @0\ntouch 7 800400+1 w\n"
	  "exit 7\nmark end\n" },
	{ "areas of the kernel, and memory of devices under other names, are left out",
	  AT("PERF_RECORD_MMAP2 7/7: [0xffffffffff600000(0x1000) @ 0 00:00 0 0]: --xp [vsyscall]")
		  AT("PERF_RECORD_MMAP2 7/7: [0x500000(0x2000) @ 0 00:01 9 0]: rw-s /drm mm object "
		     "(deleted)")
			  AT("PERF_RECORD_MMAP2 7/7: [0x600000(0x2000) @ 0 00:08 9 0]: rw-s "
			     "socket:[4711]") AT("PERF_RECORD_MMAP2 7/7: [0x700000(0x2000) "
						 "@ 0 00:15 9 0]: rw-s "
						 "/sys/devices/pci0000:00/0000:00:02.0/"
						 "resource0") FAULT("500000", "6")
				  FAULT("600000", "6") FAULT("700000", "6") FAULT("800000", "4"),
	  "spawn 7 cpu 1\nmap 7 800800+512 rw-p ANON\ntouch 7 800800+1 r\nexit 7\nmark end\n" },
	{ "a mapping with a build id: the page cache says which file it is",
	  AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 <0102aabb>]: r-xp /bin/x") AT(
		  "filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-4095") FAULT("402000", "14")
		  AT("filemap:mm_filemap_fault: dev=254:0 ino=11 ofs=8192") FAULT("403000", "14"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\nread 7 /bin/x 0+1\n"
	  "touch 7 800402+2 r\nexit 7\nmark end\n" },
	{ "an overlay's inode: the page cache's is the file, also by what fault-around mapped",
	  AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 00:2d 99 0]: r-xp /bin/x") FAULT(
		  "402000", "14") AT("filemap:mm_filemap_map_pages: dev=254:0 ino=11 ofs=0-65535")
		  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-4095"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\ntouch 7 800402+1 r\n"
	  "read 7 /bin/x 0+1\nexit 7\nmark end\n" },
	{ "without a fault that says so, the recorder's list of files joins by path",
	  "# file: 254:0 17 40960 ext4 /bin/x\n" AT(
		  "PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 <0102aabb>]: r-xp /bin/x")
		  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=11 ofs=0-4095")
			  FAULT("402000", "14"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\nread 7 /bin/x 0+1\n"
	  "touch 7 800402+1 r\nexit 7\nmark end\n" },
	{ "threads that ran before, by COMM and FORK lines at time 0; names with blanks",
	  "swapper 0 [000] 0.000000: PERF_RECORD_COMM: my app [1]:7/7\n"
	  "swapper 0 [000] 0.000000: PERF_RECORD_COMM: pool worker 2:7/8\n"
	  "swapper 0 [000] 0.000000: PERF_RECORD_FORK(7:9):(7:7)\n"
	  "swapper 0 [000] 0.000000: PERF_RECORD_FORK(50:50):(1:1)\n"
	  "swapper 0 [000] 0.000000: PERF_RECORD_MMAP2 7/7: [0x400000(0x3000) @ 0 fe:00 16 3]: "
	  "r-xp /bin/x\n"
	  "pool worker 2  8 [001] 5.000000: exceptions:page_fault_user: address=0x400000 ip=0x1 "
	  "error_code=0x14\n"
	  "worker 3. x:  9 [001] 5.000000: exceptions:page_fault_user: address=0x401000 ip=0x1 "
	  "error_code=0x14\n",
	  "spawn 7 cpu 0\nmap 7 800400+3 r-xp /bin/x @0\ntouch 7 800400+2 r\n"
	  "exit 7\nmark end\n" },
	{ "a program that calls itself exec: does not execute",
	  BIN MAP_BIN FAULT("400000", "4") AT("PERF_RECORD_COMM: exec: x:7/7") FAULT("401000", "4"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\ntouch 7 800400+2 r\n"
	  "exit 7\nmark end\n" },
	{ "a period before the event, and call chains under it",
	  "my app  7 [001] 5.000000:          1 exceptions:page_fault_user: address=0x0 ip=0x1 "
	  "error_code=0x6\n"
	  "\tffffffff81000001 exc_page_fault+0x1 ([kernel.kallsyms])\n"
	  "\t    55d000000000 main+0x0 (/usr/bin/app)\n"
	  "\t               1 [unknown] ([unknown])\n\n",
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 w\nexit 7\nmark end\n" },
	{ "riscv names the cause of a fault, arm64 has the software event only",
	  AT("exceptions:page_fault_user: user page fault, address=0x1000 epc=0x5 cause=0xf")
		  AT("exceptions:page_fault_user: user page fault, address=0x3000 epc=0x5 "
		     "cause=0xd") "sh   7   5.000000:          1 page-faults:u:             5000\n"
				  "sh   7   5.000000: page-faults:  7000 main+0x1 (/bin/x) ffff "
				  "f+0x1 ([k])\n"
				  "sh   7   5.000000: page-faults:  9000 main+0x1 (/bin/x)\n",
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800001+1 w\ntouch 7 800003+1 r\n"
	  "touch 7 800005+1 r\ntouch 7 800007+1 r\nexit 7\nmark end\n" },
	{ "what a trace can not hold is left out, not the recording",
	  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=20000000000000-20000000004095")
		  AT("filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=0-99999999999") AT(
			  "ext4:ext4_da_write_begin: dev 254,0 ino 17 pos 99999999999999 len 1")
			  AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xfffffffffffff000) @ 0 fe:00 "
			     "16 3]: r-xp /x") AT("PERF_RECORD_MMAP2 7/7: [0x400000(0x1000) @ "
						  "0xfffffffffffff000 fe:00 1 3]: r-xp /x")
				  FAULT("0", "6"),
	  "spawn 7 cpu 1\nmap 7 800000+512 rw-p ANON\ntouch 7 800000+1 w\nexit 7\nmark end\n" },
	{ "a sparse file of terabytes is as long as what is used of it",
	  "# file: 254:0 16 99999999999999 ext4 /x\n" AT(
		  "filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=0-8191"),
	  "spawn 7 cpu 1\nread 7 /x 0+2\nexit 7\nmark end\n" },
	{ "pages of 16 KiB are four of 4 KiB that are used together",
	  "# reapsim-perf 1\n# page size: 16384\n" BIN MAP_BIN FAULT("402fff", "4")
		  AT("filemap:mm_filemap_fault: dev=254:0 ino=10 ofs=0"),
	  "spawn 7 cpu 1\nmap 7 800400+10 r-xp /bin/x @0\ntouch 7 800400+4 r\n"
	  "exit 7\nmark end\n" },
};

static const struct {
	const char *in;
	const char *message; /* after the path */
} malformed[] = {
	{ "", "no events" },
	{ "7/7 [000] 5.0: cycles: 4711 main\n7/7 [000] 5.0: cycles: 4711 main\n"
	  "7/7 [000] 5.0: sched:sched_switch: x\n" AT(
		  "exceptions:page_fault_user: address=0xffffffff81000000 error_code=0x4"),
	  ": 4 events (2 cycles, 1 sched:sched_switch), none of them a page fault in user memory "
	  "with its address, or a read or write of a file, that can be used; 1 faults elsewhere, "
	  "0 beyond what a trace can hold; record with traces/record/record.sh" },
	{ "sh 7 5.000000:  1 page-faults: ffffffff81752b6a elf_load+0x28a ([kernel.kallsyms])\n",
	  ": 1 events (1 page-faults without address (perf record -d -c 1, perf script -F +addr)), "
	  "none" },
	/* recorded without -d: the faulting mapping is missing */
	{ BIN AT("PERF_RECORD_MMAP2 7/7: [0x401000(0x4000) @ 0x1000 fe:00 16 0]: r-xp /bin/x")
		  FAULT("405000", "4") AT("filemap:mm_filemap_fault: dev=254:0 ino=10 ofs=20480"),
	  ": 0 of 1 page-cache faults name the page that the mappings say, expected 90% or more; 1 "
	  "are where no mapping was recorded (mappings of data need perf record -d" },
	/* the page cache knows both files: not an overlay, but mappings that were not recorded */
	{ BIN MAP_BIN AT("filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=0-4095")
		  FAULT("402000", "4") AT("filemap:mm_filemap_fault: dev=254:0 ino=11 ofs=8192"),
	  ": 0 of 1 page-cache faults" },
	{ "# reapsim-perf 1\n# page size: 5000\n" FAULT("0", "6"), ":2: page size" },
	{ "# reapsim-perf 1\n", "no events" },
	{ FAULT("0", "6") "nonsense\n", ":2: line \"nonsense\"" },
	{ EXEC AT("exceptions:page_fault_user: addr=0x0"), ":2: page fault" },
	{ AT("exceptions:page_fault_user: address=0xzz error_code=0x4"), ":1: address of a page" },
	{ AT("exceptions:page_fault_user: address=0x1 error=0x4"), ":1: page fault" },
	{ AT("exceptions:page_fault_user: address=0x11111111111111111 error_code=0x4"),
	  ":1: address of a page" },
	{ AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 fe:00 16 3"), ":1: mapping" },
	{ AT("PERF_RECORD_MMAP2 7/7: [0x400000(0xa000) @ 0 fe:00 16 3]: q-xp /bin/x"),
	  ":1: permissions of a mapping" },
	{ AT("PERF_RECORD_FORK(8:8:(7:7)"), ":1: fork" },
	{ AT("PERF_RECORD_EXIT(99999999:1):(7:7)"), ":1: exit" },
	{ AT("PERF_RECORD_COMM exec: x"), ":1: name of a command" },
	{ AT("PERF_RECORD_LOST"), ":1: lost events" },
	{ AT("filemap:mm_filemap_get_pages: dev=254:0 ino=10 ofs=0"), ":1: file read" },
	{ AT("filemap:mm_filemap_fault: ino=10 ofs=0"), ":1: page-cache fault" },
	{ AT("filemap:mm_filemap_add_to_page_cache: dev 254:0 ino 10"),
	  ":1: page-cache insertion" },
	{ AT("ext4:ext4_da_write_begin: dev 254,0 ino 17 pos 4000"), ":1: file write" },
	{ AT("raw_syscalls:sys_enter: NR 11 (1)"), ":1: arguments of a system call" },
	{ AT("task:task_newtask: pid=8 comm=x"), ":1: new task" },
	{ AT("signal:signal_generate: sig=9"), ":1: signal" },
	{ "# file: 254:0 x\n" FAULT("0", "6"), ":1: file \"254:0 x\"" },
	{ "# cpus: none\n" FAULT("0", "6"), ":1: number of CPUs" },
	{ "7/7 [001] 5.000000: PERF_RECORD_EXIT(7:7):(1:1)", ":1: the last line" },
};

static void perms(GString *s, uint32_t flags)
{
	g_string_append_printf(s, "%c%c%c%c", flags & VM_READ ? 'r' : '-',
			       flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-',
			       flags & VM_SHARED ? 's' : 'p');
}

static void show_map(GString *s, const struct trace *t, const struct op *op)
{
	g_string_append_printf(s, "map %u %x+%u ", op->pid, op->at, op->pages);
	perms(s, op->flags);
	if (op->flags & VM_ANON)
		g_string_append(s, " ANON");
	else
		g_string_append_printf(s, " %s%s @%u", t->files[op->file].name,
				       t->files[op->file].shmem ? " shmem" : "", op->pgoff);
}

static void show_op(GString *s, const struct trace *t, const struct op *op)
{
	switch (op->code) {
	case OP_SPAWN:
		g_string_append_printf(s, "spawn %u cpu %u", op->pid, op->cpu);
		break;
	case OP_FORK:
		g_string_append_printf(s, "fork %u child %u cpu %u", op->pid, op->child, op->cpu);
		break;
	case OP_EXEC:
		g_string_append_printf(s, "exec %u", op->pid);
		break;
	case OP_EXIT:
		g_string_append_printf(s, "exit %u", op->pid);
		break;
	case OP_KILL:
		g_string_append_printf(s, "kill %u", op->pid);
		break;
	case OP_MAP:
		show_map(s, t, op);
		break;
	case OP_UNMAP:
		g_string_append_printf(s, "unmap %u %x+%u", op->pid, op->at, op->pages);
		break;
	case OP_ADVISE:
		g_string_append_printf(s, "advise %u %x+%u %s", op->pid, op->at, op->pages,
				       op->flags == VM_RAND_READ ? "random" : "other");
		break;
	case OP_TOUCH:
		g_string_append_printf(s, "touch %u %x+%u %c", op->pid, op->at, op->pages,
				       op->write ? 'w' : 'r');
		break;
	case OP_READ:
	case OP_WRITE:
		g_string_append_printf(s, "%s %u %s %u+%u", op->code == OP_READ ? "read" : "write",
				       op->pid, t->files[op->file].name, op->at, op->pages);
		break;
	case OP_ADVANCE:
		g_string_append_printf(s, "advance %" PRIu64, op->ns);
		break;
	case OP_MARK:
		g_string_append_printf(s, "mark %s", t->names[op->name]);
		break;
	default:
		g_string_append_printf(s, "operation %d", (int)op->code);
		break;
	}
	g_string_append_c(s, '\n');
}

static char *show(const struct trace *t)
{
	GString *s = g_string_new(NULL);
	struct trace_iter it;
	struct op op;

	trace_iter_init(&it, t);
	while (trace_iter_next(&it, &op, NULL) > 0)
		show_op(s, t, &op);
	return g_string_free(s, FALSE);
}

/* Read @text as the reader "perf" does. */
static int read_text_with(const char *text, const struct input_options *options, struct trace **t,
			  struct err *err)
{
	char path[] = "/tmp/reapsim-test-perf-XXXXXX";
	int fd = mkstemp(path);
	int ret;

	*t = NULL;
	*err = (struct err){ "" };
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ret = trace_load_with(path, "perf", options, t, err);
	unlink(path);
	if (ret) /* compare only the text after the path */
		memmove(err->msg, err->msg + strlen(path), strlen(err->msg + strlen(path)) + 1);
	return ret;
}

static int read_text(const char *text, struct trace **t, struct err *err)
{
	return read_text_with(text, NULL, t, err);
}

static void check_ops(const char *name, const char *in, const char *expected)
{
	struct trace *t;
	struct err err;
	int ret = read_text(in, &t, &err);
	char *have;

	CU_ASSERT_EQUAL(ret, 0);
	if (ret) {
		fprintf(stderr, "%s: %s\n", name, err.msg);
		return;
	}
	have = show(t);
	CU_ASSERT_STRING_EQUAL(have, expected);
	if (strcmp(have, expected))
		fprintf(stderr, "%s: have\n%swant\n%s", name, have, expected);
	g_free(have);
	trace_free(t);
}

static void test_ops(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		check_ops(good[i].name, good[i].in, good[i].ops);
}

static void test_malformed(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
		struct trace *t;
		struct err err;
		bool found;

		CU_ASSERT_EQUAL(read_text(malformed[i].in, &t, &err), -EINVAL);
		found = strstr(err.msg, malformed[i].message) != NULL;
		CU_ASSERT(found);
		if (!found)
			fprintf(stderr, "have \"%s\", want \"%s\"\n", err.msg,
				malformed[i].message);
		trace_free(t);
	}
}

static const char *value_of(const struct trace_kv *kv, uint32_t nr, const char *key)
{
	for (uint32_t i = 0; i < nr; i++)
		if (!strcmp(kv[i].key, key))
			return kv[i].value;
	return "";
}

static void test_header(void)
{
	static const char text[] =
		"# reapsim-perf 1\n# machine: a, b\n# hostname: secret\n# page cache: warm\n"
		"# cpus: 3\n# arch: aarch64\n" BIN MAP_BIN FAULT("400000", "4")
			AT("filemap:mm_filemap_fault: dev=254:0 ino=10 ofs=0") FAULT("401000", "4")
				AT("filemap:mm_filemap_fault: dev=254:0 ino=10 ofs=0")
					AT("PERF_RECORD_LOST lost 12");
	static const struct input_options half = { .min_agreement = 50 };
	static const struct input_options more = { .min_agreement = 51 };
	struct trace *t;
	struct err err;

	CU_ASSERT_EQUAL(read_text_with(text, NULL, &t, &err), -EINVAL);
	CU_ASSERT_EQUAL(read_text_with(text, &more, &t, &err), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(read_text_with(text, &half, &t, &err), 0);
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "machine"), "a, b");
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "hostname"), "");
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "page-cache"), "warm");
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "lost-events"), "12");
	CU_ASSERT(g_str_has_prefix(value_of(t->notes, t->nr_notes, "agreement"), "1 of 2 "));
	CU_ASSERT(g_str_has_prefix(value_of(t->notes, t->nr_notes, "limits"), "a fault trace"));
	CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "cpus"), "3");
	CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "memcg_pages"), "512");
	CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "prefault"), "old");
	trace_free(t);
}

/* what record.sh says of the files and their device becomes keys of the machine */
static void test_settings(void)
{
	static const struct {
		const char *header, *file_system, *readahead;
	} rows[] = {
		{ "", "", "32" },
		{ "# file systems: ext4 (12 files), tmpfs (3 files)\n# readahead: 254:0 8192 kB\n",
		  "ext4", "2048" },
		{ "# file systems: tmpfs (9 files), overlay (3 files)\n", "overlayfs", "32" },
		{ "# file systems: zfs (9 files), ext4 (3 files)\n", "", "32" },
		{ "# file systems: unknown\n# readahead: unknown\n", "", "32" },
		{ "# readahead: 254:0 x kB\n", "", "32" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strconcat("# reapsim-perf 1\n", rows[i].header,
						    BIN MAP_BIN FAULT("400000", "4"), NULL);
		struct trace *t;
		struct err err;

		CU_ASSERT_EQUAL_FATAL(read_text_with(text, NULL, &t, &err), 0);
		CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "file_system"),
				       rows[i].file_system);
		CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "readahead_pages"),
				       rows[i].readahead);
		trace_free(t);
	}
}

/* perf script --header: the numbers of the host are used, its name is not. */
static void test_perf_header(void)
{
	static const char text[] =
		"# ========\n# captured on    : Sat Nov 28 00:00:00 2026\n"
		"# hostname : secret\n# os release : 6.12.1-amd64\n"
		"# arch : x86_64\n# nrcpus online : 6\n# cpudesc : A CPU\n"
		"# cmdline : /usr/bin/perf record --of=secret\n# ========\n#\n" FAULT("0", "6");
	struct trace *t;
	struct err err;

	CU_ASSERT_EQUAL_FATAL(read_text(text, &t, &err), 0);
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "kernel"), "6.12.1-amd64");
	CU_ASSERT_STRING_EQUAL(value_of(t->notes, t->nr_notes, "arch"), "x86_64");
	CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "cpus"), "6");
	CU_ASSERT_STRING_EQUAL(value_of(t->machine, t->nr_machine, "prefault"), "young");
	for (uint32_t i = 0; i < t->nr_notes; i++)
		CU_ASSERT_PTR_NULL(strstr(t->notes[i].value, "secret"));
	trace_free(t);
}

/* With four deaths or more there are snapshots at the quarters of all deaths. */
static void test_marks(void)
{
	GString *in = g_string_new(NULL);
	struct trace *t;
	struct err err;
	char *ops;

	for (int pid = 1; pid <= 8; pid++)
		g_string_append_printf(in,
				       "%d/%d [000] 1.0: exceptions:page_fault_user: "
				       "address=0x0 error_code=0x4\n"
				       "%d/%d [000] 1.0: PERF_RECORD_EXIT(%d:%d):(1:1)\n",
				       pid, pid, pid, pid, pid, pid);
	CU_ASSERT_EQUAL_FATAL(read_text(in->str, &t, &err), 0);
	ops = show(t);
	CU_ASSERT_PTR_NOT_NULL(strstr(ops, "exit 2\nmark quarter\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(ops, "exit 4\nmark half\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(ops, "exit 6\nmark three-quarters\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(ops, "exit 8\nmark end\n"));
	g_free(ops);
	trace_free(t);
	g_string_free(in, TRUE);
}

/* Adjacent chunks of the address space stay adjacent; low bits of page numbers are kept. */
static void test_addresses(void)
{
	static const char text[] = "# file: 254:0 16 99999999999 ext4 /big\n"
		/* 3 GiB over four chunks, and two others far away */
		AT("PERF_RECORD_MMAP2 7/7: [0x7f0020001000(0xc0000000) @ 0 fe:00 16 3]: r--p /big")
			AT("PERF_RECORD_MMAP2 7/7: [0x555555555000(0x1000) @ 0 fe:00 16 3]: r--p "
			   "/big") AT("PERF_RECORD_MMAP2 7/7: [0x7effe0000000(0x1000) @ 0 fe:00 16 "
				      "3]: r--p /big") FAULT("7effe0000000", "4");
	struct trace *t;
	struct err err;
	char *ops;

	CU_ASSERT_EQUAL_FATAL(read_text(text, &t, &err), 0);
	ops = show(t);
	CU_ASSERT_STRING_EQUAL(ops, "spawn 7 cpu 1\n"
				    "map 7 820001+786432 r--p /big @0\n"
				    "map 7 1815555+1 r--p /big @0\n"
				    "map 7 7e0000+1 r--p /big @0\n"
				    "touch 7 7e0000+1 r\n"
				    "exit 7\nmark end\n");
	g_free(ops);
	trace_free(t);
}

static void test_probe(void)
{
	static const struct {
		const char *text;
		bool ours;
	} rows[] = {
		{ "# reapsim-perf 1\n", true },
		{ FAULT("0", "6"), true },
		{ "# captured on: today\n\nsh 7 [000] 1.5: sched:sched_switch: x\n", true },
		{ "sh 7  1.5: 1 page-faults: 1000\n", true },
		/* ftrace joins command and thread with a dash */
		{ "  systemd-1     [001]  13.166966: page_fault_user: address=0x1\n", false },
		{ "reapsim-trace,1\n", false },
		{ "I  0400,3\n", false },
		{ "", false },
		{ "[", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct trace_reader *r = trace_reader_find("perf", NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CU_ASSERT_EQUAL(r->probe((const uint8_t *)rows[i].text, strlen(rows[i].text)),
				rows[i].ours);
	}
}

void suite_perf(void)
{
	CU_pSuite s = CU_add_suite("perf", NULL, NULL);

	CU_add_test(s, "excerpts become operations", test_ops);
	CU_add_test(s, "malformed lines are refused by number", test_malformed);
	CU_add_test(s, "header, machine and notes", test_header);
	CU_add_test(s, "what a recording says of files and their device", test_settings);
	CU_add_test(s, "header of perf script, without the host's name", test_perf_header);
	CU_add_test(s, "marks", test_marks);
	CU_add_test(s, "addresses", test_addresses);
	CU_add_test(s, "probe", test_probe);
}
