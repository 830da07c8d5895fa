// SPDX-License-Identifier: LGPL-2.1-or-later
/* A mountpoints file of any content: read, and what reads is written and read again. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tmpfs that is mounted nowhere goes with the process, however that ends. It takes privileges. */
static int make_tmpfs(void)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	cleanup_fd int mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	int fd = mount < 0 ? -1 : openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static char directory[] = "/dev/shm/rebind-fuzz-image-XXXXXX";

static void remove_directory(void)
{
	static const char *const names[] = { "inventory.img", "mountpoints-1.img",
					     "mountpoints-2.img" };
	cleanup_fd int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(fd, names[i], 0);
	rmdir(directory);
}

static int make_directory(void)
{
	if (!mkdtemp(directory))
		return -errno;
	atexit(remove_directory);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int scratch(void)
{
	static int fd = -1;
	struct image_info info = { .version = 2 };

	if (fd >= 0)
		return fd;
	fd = make_tmpfs();
	if (fd < 0)
		fd = make_directory();
	if (fd < 0 || image_write_inventory(fd, &info))
		abort();
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
