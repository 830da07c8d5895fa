// SPDX-License-Identifier: LGPL-2.1-or-later
/* A mountpoints file of any content: read, and what reads is written and read again. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int scratch(void)
{
	static int fd = -1;

	if (fd < 0) {
		char path[] = "/dev/shm/rebind-fuzz-image-XXXXXX";
		struct image_info info = { .version = 2 };

		if (!mkdtemp(path))
			abort();
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || image_write_inventory(fd, &info))
			abort();
	}
	return fd;
}

static int read_one(int dir_fd, uint32_t ns_id, struct mount_tree *tree)
{
	cleanup_findings struct findings findings = { 0 };
	struct image_info info;
	int err = image_read(dir_fd, ns_id, tree, &info, &findings);

	if (!err != !findings.n)
		abort();
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_tree struct mount_tree tree = { 0 }, again = { 0 };
	int dir_fd = scratch();
	cleanup_fd int fd =
		openat(dir_fd, "mountpoints-1.img", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, data, size))
		abort();
	if (read_one(dir_fd, 1, &tree))
		return 0;
	unlinkat(dir_fd, "mountpoints-2.img", 0);
	if (image_write_mounts(dir_fd, &tree, 2) || read_one(dir_fd, 2, &again) ||
	    again.n != tree.n)
		abort();
	return 0;
}
