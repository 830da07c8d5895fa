// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static int library_refuse(struct library *library, const char *reason)
{
	snprintf(library->reason, sizeof(library->reason), "%s", reason);
	return -ELIBACC;
}

int library_load(struct library *library)
{
	if (library->loaded)
		return 0;
	void *object = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);

	if (!object)
		return library_refuse(library, dlerror());
	for (size_t i = 0; i < library->n_symbols; i++) {
		void *address = dlsym(object, library->symbols[i].name);

		if (!address)
			return library_refuse(library, dlerror());
		memcpy((char *)library->table + library->symbols[i].offset, &address,
		       sizeof(address));
	}
	library->loaded = true;
	return 0;
}
