// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (64 << 10)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

void pages_use(void *array, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)array + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)array + size) & ~(page - 1);
	int saved = errno;

	if (!array || size < LARGE)
		return;
	/* Both are advice: where there is none to be had it is as slow as it was. */
	madvise((void *)begin, end - begin, MADV_HUGEPAGE);
	madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
	errno = saved;
}
