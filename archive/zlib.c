// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/zlib.h"

struct zlib_functions zlib;

LIBRARY_NOTE("contents", "Contents of tmpfs, compressed", "recommended", ZLIB_SONAME);

#define ROW(name) LIBRARY_ROW(struct zlib_functions, name)

static const struct library_symbol symbols[] = { ZLIB_FUNCTIONS(ROW) };

/* libarchive has it loaded already. */
static struct library library = {
	.soname = ZLIB_SONAME,
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &zlib,
};

int zlib_load(const char **ret_reason)
{
	int err = library_load(&library);

	*ret_reason = library.reason;
	return err;
}
