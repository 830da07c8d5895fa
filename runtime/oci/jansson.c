// SPDX-License-Identifier: LGPL-2.1-or-later
#define JANSSON_NO_NAMES
#include "runtime/oci/jansson.h"

struct jansson_functions jansson;

LIBRARY_NOTE("json", "JSON: --json, config.json of OCI bundles", "recommended", JANSSON_SONAME);

#define ROW(name) LIBRARY_ROW(struct jansson_functions, name)

static const struct library_symbol symbols[] = { JANSSON_FUNCTIONS(ROW) };

static struct library library = {
	.soname = JANSSON_SONAME,
	.symbols = symbols,
	.n_symbols = ARRAY_SIZE(symbols),
	.table = &jansson,
};

int jansson_load(const char **ret_reason)
{
	int err = library_load(&library);

	*ret_reason = library.reason;
	return err;
}
