// SPDX-License-Identifier: LGPL-2.1-or-later
#include "archive/inode-flags.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "archive/tar.h"

#define KNOWN (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)

/* How a filesystem on a disk stores it, which is its own affair. */
#define STORAGE                                                                           \
	(FS_EXTENT_FL | FS_INDEX_FL | FS_INLINE_DATA_FL | FS_HUGE_FILE_FL | FS_NOCOW_FL | \
	 FS_COMPR_FL | FS_NOCOMP_FL)

int inode_flags_read(int fd, struct archive_entry *entry)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP ? 0 : -errno;
	flags &= ~STORAGE;
	if (flags & ~KNOWN)
		return -EOPNOTSUPP;
	if (flags)
		archive_entry_set_fflags(entry, (unsigned long)flags, 0);
	return 0;
}

uint32_t inode_flags_of(struct archive_entry *entry)
{
	unsigned long set, clear;

	archive_entry_fflags(entry, &set, &clear);
	return (uint32_t)set;
}

int archive_flags_add(struct archive_flags *flags, const char *path, uint32_t value)
{
	if (flags->n == flags->room) {
		size_t room = flags->room ? 2 * flags->room : 16;
		struct archive_flag *list = realloc(flags->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		flags->list = list;
		flags->room = room;
	}
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	flags->list[flags->n++] = (struct archive_flag){ .path = copy, .flags = value };
	return 0;
}

static int set_one(const struct archive_flag *flag, int dir_fd)
{
	const char *slash = strrchr(flag->path, '/');
	const char *name = !*flag->path ? "." : slash ? slash + 1 : flag->path;
	cleanup_fd int parent =
		tar_open_below(dir_fd, flag->path, slash ? (size_t)(slash - flag->path) : 0);
	cleanup_fd int fd =
		parent < 0 ? parent
			   : openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int now = 0;

	if (parent < 0)
		return parent;
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &now) < 0)
		return -errno;
	now |= (int)flag->flags;
	return ioctl(fd, FS_IOC_SETFLAGS, &now) < 0 ? -errno : 0;
}

int archive_flags_set(const struct archive_flags *flags, int dir_fd, struct archive_fault *fault)
{
	for (size_t i = 0; i < flags->n; i++) {
		int err = set_one(&flags->list[i], dir_fd);

		if (err)
			return tar_fault(fault, err,
					 "the inode flags 0x%x of '%s' cannot be set: %s",
					 flags->list[i].flags, flags->list[i].path, strerror(-err));
	}
	return 0;
}

void archive_flags_free(struct archive_flags *flags)
{
	for (size_t i = 0; i < flags->n; i++)
		free(flags->list[i].path);
	free(flags->list);
	*flags = (struct archive_flags){ 0 };
}
