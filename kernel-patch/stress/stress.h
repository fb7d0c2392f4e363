/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mrelease-stress: many processes that are killed and reaped with every value of flags, while
 * their pages are written, truncated, reclaimed, split, moved and merged.
 */
#ifndef MRELEASE_STRESS_H
#define MRELEASE_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE	    4096UL
#define FILE_PAGES  1024U /* 4 MiB: two huge pages */
#define NR_KILLERS  2U
#define NR_WRITERS  2U
#define NR_SHMEM    2U
#define NR_RESULTS  6U
#define MAX_WORKERS 16U
/* where the mappings of a victim are */
#define VICTIM_AT   (1UL << 40)
#define VICTIM_SIZE (64UL << 20)

/* How process_mrelease() ended: see result_names in main.c. */
enum result { RESULT_OK, RESULT_ESRCH, RESULT_EAGAIN, RESULT_EINVAL, RESULT_EPERM, RESULT_OTHER };

/** struct shared - what all processes see. */
struct shared {
	atomic_bool stop;
	atomic_ulong victims, touched, sigbus, stores;
	atomic_ulong calls[4][NR_RESULTS];
	atomic_ulong writes, checks, lost, lru_switches;
	atomic_ulong errors; /* of the program: a fork() that failed and the like */
	atomic_ulong progress[MAX_WORKERS];
	/* what the victims of each killer have stored through a shared mapping */
	atomic_uint stored[NR_KILLERS][FILE_PAGES];
};

/** struct context - of a process; a fork() copies it. */
struct context {
	struct shared *s;
	const char *dir;
	unsigned int worker;
	uint64_t random;
	unsigned int flags_mask; /* what the kernel knows of PROCESS_MRELEASE_* */
	bool collapse;		 /* MADV_COLLAPSE and khugepaged, too */
	bool emulated;		 /* see disturb_lru() */
	int files[NR_WRITERS];	 /* written and truncated by the writers */
	int stores[NR_KILLERS];	 /* written by victims through shared mappings */
	int quiet;		 /* only read */
	int shmem[NR_SHMEM];
	char cgroup[64]; /* that all processes are in, or "" */
};

/* xorshift64* */
static inline uint32_t rnd(struct context *c, uint32_t below)
{
	c->random ^= c->random >> 12;
	c->random ^= c->random << 25;
	c->random ^= c->random >> 27;
	return (uint32_t)((c->random * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static inline bool one_in(struct context *c, uint32_t n)
{
	return !rnd(c, n);
}

/* One line on the console. */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);
/* Write a line to a file of the kernel. Return: did it take it? */
bool put(const char *path, const char *text);
/* The contents of a page that was written for the @version th time; version 0 is zeros. */
void fill_page(uint64_t *page, unsigned int nr, unsigned int version);
/* Return: the version of the page, -1 if it is none. */
int64_t page_version(const uint64_t *page, unsigned int nr);

/* Workers: they return when s->stop is set, and count s->progress[worker] up. */
void killer(struct context *c, unsigned int nr);
void writer(struct context *c, unsigned int nr);
void disturb_reclaim(struct context *c, unsigned int nr);
void disturb_move(struct context *c, unsigned int nr);
void disturb_lru(struct context *c, unsigned int nr);
void disturb_cache(struct context *c, unsigned int nr);

/* What a victim does until it is killed; tells the pipe @ready when it is set up. */
_Noreturn void victim(struct context *c, unsigned int killer, int ready);

#endif
