// SPDX-License-Identifier: LGPL-2.1-or-later
#define LIBARCHIVE_NO_NAMES
#include "image/libarchive.h"

#include <dlfcn.h>

#include "base/util.h"

struct libarchive_functions libarchive;

static const char *reason;

static int load(void *object)
{
#define LIBARCHIVE_LOOK_UP(name)                                                                   \
	libarchive.name = (__typeof__(libarchive.name))dlsym(object, #name);                       \
	if (!libarchive.name) {                                                                    \
		reason = "libarchive.so.13 has no " #name;                                         \
		return -ELIBACC;                                                                   \
	}
	LIBARCHIVE_FUNCTIONS(LIBARCHIVE_LOOK_UP)
	return 0;
}

int libarchive_load(void)
{
	static bool loaded;

	if (loaded)
		return 0;
	void *object = dlopen("libarchive.so.13", RTLD_LAZY | RTLD_LOCAL);

	if (!object) {
		reason = dlerror();
		return -ELIBACC;
	}
	int err = load(object);

	loaded = !err;
	return err;
}

const char *libarchive_reason(void)
{
	return reason ? reason : "";
}
