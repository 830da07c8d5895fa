// SPDX-License-Identifier: LGPL-2.1-or-later
#define LIBARCHIVE_NO_NAMES
#include "archive/libarchive.h"

static struct libarchive_functions libarchive;

const struct libarchive_functions *libarchive_called = &libarchive;

LIBRARY_NOTE("contents", "Contents of tmpfs", "recommended", LIBARCHIVE_SONAME);

#define ROW(name) LIBRARY_ROW(struct libarchive_functions, name)

static const struct library_symbol symbols[] = { LIBARCHIVE_FUNCTIONS(ROW) };

static struct library library = {
	.soname = LIBARCHIVE_SONAME,
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &libarchive,
};

int libarchive_load(const char **ret_reason)
{
	int err = library_load(&library);

	*ret_reason = library.reason;
	return err;
}

void libarchive_call(void)
{
	libarchive_called = &libarchive;
}
