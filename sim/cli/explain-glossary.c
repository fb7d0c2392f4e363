// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of "reapsim explain", in the kernel's own terms: one table, of which the legend of the
 * text, the glossary of the page and that of the lessons are made.
 */
#include "sim/cli/doc.h"
#include "sim/cli/explain.h"

const struct term explain_terms[] = {
	{ "page", "page, folio",
	  "A page is 4 KiB of memory, or of a file. A folio is what the kernel keeps on its lists: "
	  "one page here, or 2^order pages where the machine has large folios. A page of a file is "
	  "written as file:number, from 0." },
	{ "page-cache", "page cache",
	  "The pages of files that are in memory. A read(2), a fault or readahead brings a page in "
	  "(filemap_add_folio()); reclaim, truncate() or drop_caches takes it out." },
	{ "lru", "LRU lists",
	  "Every page that can be reclaimed is on one list: active or inactive, of files or of "
	  "anonymous memory. New pages come to the head, on the left. Reclaim takes from the tail, "
	  "on "
	  "the right, so that what was used least recently goes first." },
	{ "inactive-list", "inactive list",
	  "Where new file pages start, and where reclaim takes pages from. A page that is not used "
	  "while it moves from the head to the tail is evicted there." },
	{ "active-list", "active list",
	  "Pages that were used at least twice. Reclaim does not evict them. When the active list "
	  "is longer than the inactive one, or many pages were activated at a refault, "
	  "shrink_active_list() moves its tail to the inactive list and sets workingset." },
	{ "mark", "mark",
	  "A call of folio_mark_accessed(): the kernel notes that a page was used. The first mark "
	  "sets "
	  "referenced; the second clears it and moves the page to the active list. read(2) marks, "
	  "and "
	  "so does unmapping a young PTE. A load through a mapping does not: it sets the young "
	  "bit." },
	{ "referenced", "referenced",
	  "PG_referenced, a flag of a folio, r in lists: it has got one mark, or was found young "
	  "once. "
	  "It is the memory of one use, and a second use is needed to activate." },
	{ "second-chance", "second chance",
	  "When reclaim reaches a page at the tail, folio_check_references() asks all PTEs that "
	  "map it. "
	  "If one is young the bit is cleared, the page becomes referenced and goes round once "
	  "more; "
	  "if it was referenced before, if two mappings are young, or if it is code, it is "
	  "activated." },
	{ "page-table", "page table, PTE",
	  "A process reaches a page through an entry of its page table (PTE). The entry is present "
	  "after a fault, and has the bits young and dirty, which the CPU sets by itself. What has "
	  "not "
	  "been touched has no entry." },
	{ "young", "young",
	  "The accessed bit of a PTE: the CPU sets it at each access. The kernel does not notice "
	  "that; it looks when it reclaims or unmaps, and clears the bit when it has looked." },
	{ "dirty", "dirty",
	  "The page was written to and its file was not yet: reclaim can not drop it and leaves it "
	  "to "
	  "the flusher." },
	{ "fault", "fault",
	  "An access to a page without a present PTE. The kernel finds the page in the page cache, "
	  "or "
	  "reads it from the device (a major fault), and makes the PTE." },
	{ "fault-around", "fault-around",
	  "A read fault also maps what is cached in the aligned window of 16 pages around it "
	  "(do_fault_around(), filemap_map_pages()). On x86 these PTEs are born young though "
	  "nobody "
	  "touched them, on arm64 they are born old." },
	{ "readahead", "readahead",
	  "Reading pages of a file in a row: what a read(2) asks for, and often the pages behind "
	  "it. What was not asked for has no mark." },
	{ "batch", "batch, drain",
	  "A CPU collects 31 folios before it takes the lock of the lists. A page that enters the "
	  "cache "
	  "waits in the lru_add batch, a page that is activated in the lru_activate batch. A batch "
	  "that is full, a drain (lru_add_drain()) or reclaim empties it. Until then the page is "
	  "where "
	  "it was, and the batch holds a reference." },
	{ "reclaim", "reclaim",
	  "Freeing pages when memory is short: below a limit (memory.max) by the task that needs a "
	  "page, in a whole machine by kswapd first. It scans the tail of the inactive list." },
	{ "eviction", "eviction",
	  "Reclaim drops a page from memory. A clean file page can be read again; a shadow "
	  "remembers "
	  "when it left." },
	{ "shadow", "shadow",
	  "What an evicted page leaves behind in the page cache: the time of its eviction, and "
	  "whether "
	  "it was in the workingset. There is no page any more. Reclaim may free shadows, too." },
	{ "eviction-clock", "eviction clock",
	  "nonresident_age: a counter that ticks with every eviction and every activation. A "
	  "shadow is "
	  "stamped with it." },
	{ "refault", "refault",
	  "A page comes back that was evicted and still has a shadow: it should perhaps have "
	  "stayed. workingset_refault_file counts them." },
	{ "refault-distance", "refault distance",
	  "How far the eviction clock ticked between the eviction and the refault: about how many "
	  "more pages the inactive list would have needed to keep the page. If that is not more "
	  "than what is on the active list, the page would have stayed in the place of active "
	  "pages, "
	  "and it is activated at once (workingset_refault())." },
	{ "workingset", "workingset",
	  "PG_workingset, w in lists: the page was active before. The shadow keeps it, and a "
	  "refault of "
	  "such a page counts as workingset_restore." },
	{ "exclusive", "exclusive",
	  "Only one process maps the folio. A policy such as v1 skips the mark of exclusive folios "
	  "when a dying process is reaped. Exclusive does not say unused: others may have it "
	  "mapped a moment ago, or a moment later." },
	{ "reap", "reap",
	  "Unmapping a process that was killed before it exits by itself: process_mrelease() by "
	  "the "
	  "killer, or the OOM reaper. Young PTEs of file pages mark their folios there, as in any "
	  "unmapping; a policy may skip this." },
	{ "policy", "policy",
	  "What a reap does to the pages that it unmaps: baseline marks them, as mainline does; v1 "
	  "skips "
	  "the mark of exclusive folios; +evict also drops what is unmapped and clean." },
	{ "recency", "recency",
	  "A mapping with MADV_RANDOM or MADV_SEQUENTIAL, or of a file with POSIX_FADV_NOREUSE, "
	  "has "
	  "none: its young bits are not asked and unmapping it marks nothing "
	  "(vma_has_recency())." },
	{ "reference", "reference",
	  "Something holds the folio: the page cache, a PTE, a batch. Reclaim frees a folio only "
	  "if "
	  "nobody else holds it." },
	{ "generation", "generation",
	  "MGLRU keeps up to four lists by age instead of two, numbered from min_seq, the oldest, "
	  "to "
	  "max_seq, the youngest. Reclaim takes from the oldest; if there are too few generations, "
	  "aging opens a new one, and all others are one older." },
	{ "tier", "tier",
	  "MGLRU sorts the pages of a generation by how often they were read through descriptors: "
	  "never or once is tier 0, twice tier 1, up to four times tier 2, workingset tier 3. A "
	  "tier "
	  "that refaults more than the first is protected: its pages go to the next generation." },
	{ "page-table-walk", "page-table walk",
	  "MGLRU's aging looks at the page tables of all processes. A page that is young for the "
	  "first "
	  "time becomes referenced, then it goes to the youngest generation "
	  "(folio_update_gen())." },
	{ "large-folio", "large folio",
	  "A folio of several pages. It is marked, activated and evicted as a whole, does not wait "
	  "in "
	  "a batch, and a fault maps all of it." },
	{ "anon", "anonymous memory",
	  "Memory without a file. It can only be reclaimed if there is swap." },
	{ "swap", "swap",
	  "Where anonymous pages are written when they are reclaimed. A PTE then says where." },
	{ "unevictable", "unevictable",
	  "Locked by mlock(): reclaim puts such a page on a list that it does not scan." },
	{ "memcg", "memcg, memory.max",
	  "A cgroup with a limit. What its processes bring into memory is charged to it, and at "
	  "the limit it reclaims from its own lists." },
	{ "watermark", "free memory, watermarks",
	  "In a whole machine kswapd wakes when free memory is below the low watermark and sleeps "
	  "above "
	  "the high one. Below the min watermark a task must reclaim by itself." },
	{ NULL, NULL, NULL },
};

void explain_legend(FILE *f)
{
	fputs("How to read it\n"
	      "    17 touch,1,0x1000,4,r           operation 17 of the trace\n"
	      "    app:0-3    batch -> inactive_file +referenced\n"
	      "                                    pages 0 to 3 of the file app: where each was "
	      "and is\n"
	      "                                    now, the flags that it got (+) or lost (-)\n"
	      "        lru_add(): left ...         the kernel's function, and its rule\n"
	      "        refault distance 12 <= 64   what was compared with what, if that decided\n"
	      "    inactive_file | a:3..1r b:0w ... 12 more ... c:7\n"
	      "                                    a list, newest first; reclaim takes from the "
	      "right.\n"
	      "                                    a:3..1 is a:3, a:2, a:1; r referenced, w "
	      "workingset;\n"
	      "                                    (5): five pages that were not asked for\n"
	      "    cpu 0 batches | 3 to be added, 0 to be activated\n"
	      "                                    folios that wait in batches\n"
	      "    -- v1, which differs            with two policies: what the other one did not "
	      "do\n\n",
	      f);
	for (const struct term *t = explain_terms; t->id; t++) {
		fprintf(f, "%s\n", t->name);
		doc_wrap(f, "    ", 4, t->text, "");
	}
	fputc('\n', f);
}
