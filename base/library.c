// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int library_refuse(struct library *library, const char *reason)
{
	snprintf(library->reason, sizeof(library->reason), "%s", reason);
	return -ELIBACC;
}

/* A forked child must not find it held by a thread that it does not have. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static void lock(void)
{
	pthread_mutex_lock(&loading);
}

static void unlock(void)
{
	pthread_mutex_unlock(&loading);
}

static void over_forks(void)
{
	pthread_atfork(lock, unlock, unlock);
}

static int library_fill(struct library *library)
{
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
	return 0;
}

int library_load(struct library *library)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (atomic_load(&library->loaded))
		return 0;
	pthread_once(&once, over_forks);
	lock();
	int err = atomic_load(&library->loaded) ? 0 : library_fill(library);

	if (!err)
		atomic_store(&library->loaded, true);
	unlock();
	return err;
}
