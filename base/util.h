/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few macros that every room uses. */
#ifndef REBIND_BASE_UTIL_H
#define REBIND_BASE_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))
#define cleanup(fn)	  __attribute__((cleanup(fn)))
#define printf_like(a, b) __attribute__((format(printf, a, b)))

/* free() as a cleanup: keeps errno, resets the variable. */
static inline void util_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	*(void **)p = NULL;
	errno = saved;
}

#define cleanup_free cleanup(util_free)

/* Move the pointer out of a cleanup variable. */
#define take_ptr(p)                             \
	({                                      \
		__typeof__(*(p)) taken_ = *(p); \
		*(p) = NULL;                    \
		taken_;                         \
	})

#endif
