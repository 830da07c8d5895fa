// SPDX-License-Identifier: LGPL-2.1-or-later
/* An archive of a checkpoint of any content, unpacked into a filesystem that is mounted nowhere. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "archive/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int make_tmpfs(void)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", "4m", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	cleanup_fd int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_fd int in = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_fd int dir = make_tmpfs();
	struct archive_fault fault = { "" };

	if (dir < 0) {
		fprintf(stderr, "fuzz-checkpoint: no tmpfs to be had: needs root\n");
		abort();
	}
	if (in < 0 || fd_write_all(in, data, size) || lseek(in, 0, SEEK_SET))
		abort();
	checkpoint_unpack(in, dir, 1 << 20, 0, NULL, &fault);
	return 0;
}
