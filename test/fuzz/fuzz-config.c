// SPDX-License-Identifier: LGPL-2.1-or-later
/* A config.json of any content: read, and its places looked up. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "runtime/oci/mount-index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drop(void *data, enum log_level level, const char *line)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_fd int fd = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_config struct config config = { 0 };
	cleanup(mount_index_free) struct mount_index places = { 0 };
	char name[32];

	log_to(drop, NULL, LOG_DEBUG);
	if (fd < 0 || fd_write_all(fd, data, size))
		abort();
	if (config_read(AT_FDCWD, fd_proc_path(fd, name), "config.json", &config))
		return 0;
	if (mount_index_make(&config, -EBADF, &places))
		abort();
	for (size_t i = 0; i < config.n_binds; i++)
		if (!mount_index_find(&places, config.binds[i].destination))
			abort();
	return 0;
}
