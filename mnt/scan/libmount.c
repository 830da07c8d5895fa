// SPDX-License-Identifier: LGPL-2.1-or-later
#define LIBMOUNT_NO_NAMES
#include "mnt/scan/libmount.h"

struct libmount_functions libmount;

LIBRARY_NOTE("mountinfo", "Mounts of kernels before 6.15, saved tables, hidden contents",
	     "recommended", LIBMOUNT_SONAME);

#define ROW(name) LIBRARY_ROW(struct libmount_functions, name)

static const struct library_symbol symbols[] = { LIBMOUNT_FUNCTIONS(ROW) };

static struct library library = {
	.soname = LIBMOUNT_SONAME,
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &libmount,
};

int libmount_load(const char **ret_reason)
{
	int err = library_load(&library);

	*ret_reason = library.reason;
	return err;
}
