/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zlib, loaded when the first archive is opened (base/library.h says why). */
#ifndef REBIND_ARCHIVE_ZLIB_H
#define REBIND_ARCHIVE_ZLIB_H

#include <zlib.h>

#include "base/library.h"

#define ZLIB_FUNCTIONS(X) \
	X(deflateInit2_)  \
	X(deflate)        \
	X(deflateEnd)     \
	X(inflateInit2_)  \
	X(inflateReset)   \
	X(inflate)        \
	X(inflateEnd)

struct zlib_functions {
	ZLIB_FUNCTIONS(LIBRARY_FIELD)
};

extern struct zlib_functions zlib;

#define ZLIB_GZIP (16 + 15) /* windowBits: a gzip, with the largest window */

/**
 * zlib_load - make them callable
 * @ret_reason: why not
 *
 * Return: 0 or -ELIBACC.
 */
int zlib_load(const char **ret_reason);

#endif
