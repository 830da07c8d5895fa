/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory for an image, flat, that goes when the test ends well. */
#ifndef REBIND_TEST_SCRATCH_H
#define REBIND_TEST_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct scratch {
	char path[64];
	int fd;
};

static inline void scratch_make(struct scratch *scratch)
{
	strcpy(scratch->path, "/tmp/rebind-test-image-XXXXXX");
	assert_non_null(mkdtemp(scratch->path));
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scratch->fd >= 0);
}

static inline void scratch_empty(const struct scratch *scratch)
{
	int fd = openat(scratch->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		unlinkat(scratch->fd, e->d_name, 0);
	closedir(dir);
}

static inline void scratch_remove(struct scratch *scratch)
{
	scratch_empty(scratch);
	close(scratch->fd);
	assert_int_equal(rmdir(scratch->path), 0);
}

#endif
