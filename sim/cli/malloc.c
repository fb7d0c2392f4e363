// SPDX-License-Identifier: GPL-2.0-only
/*
 * malloc() of the whole program, including its libraries, on top of jemalloc. If a small
 * allocation fails, the program ends (cli_no_memory()): no caller could continue, and glib
 * 2.74 allocates memory to report the failure, until the stack overflows. A large allocation
 * may return NULL: the caller reports what it was for, or it is glib, which then still has
 * memory for its message.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include <jemalloc/jemalloc.h>

#include "sim/cli/cli.h"

#define LARGE_BYTES (1u << 20)

static void *checked(void *p, size_t size)
{
	if (p)
		return p;
	if (size < LARGE_BYTES)
		cli_no_memory();
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return checked(mallocx(size ? size : 1, 0), size);
}

void *calloc(size_t nr, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(nr, size, &all))
		return checked(NULL, SIZE_MAX);
	return checked(mallocx(all ? all : 1, MALLOCX_ZERO), all);
}

void *realloc(void *p, size_t size)
{
	return p ? checked(rallocx(p, size ? size : 1, 0), size) : malloc(size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return checked(mallocx(size ? size : 1, MALLOCX_ALIGN(align)), size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	*p = aligned_alloc(align, size);
	return *p ? 0 : ENOMEM;
}
