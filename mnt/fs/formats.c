// SPDX-License-Identifier: LGPL-2.1-or-later
/* The formats of a new user namespace's binfmt_misc. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "mnt/fs/fs.h"
#include "model/filesystem.h"
#include "model/format.h"

/* In one write: the kernel takes it as a whole. */
static int put(int dir_fd, const char *name, const char *text, size_t size)
{
	cleanup_fd int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || write(fd, text, size) < 0 ? -errno : 0;
}

static int put_format(int dir_fd, const struct mount_format *format)
{
	char line[FORMAT_LINE_MAX];
	size_t size = format_fault(format) ? 0 : format_line(format, line);
	int err = size ? put(dir_fd, "register", line, size) : -EINVAL;

	return err || format->enabled ? err : put(dir_fd, format->name, "0", 1);
}

/* As somebody of the user namespace, to whom alone the files belong. NULL: the switch for all. */
static int put_as_user(const struct build *b, int dir_fd, const struct mount_format *format)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		int err = keeper_enter_user(b->keeper);

		if (!err)
			err = format ? put_format(dir_fd, format) : put(dir_fd, "status", "0", 1);
		_exit(-err);
	}
	return pid < 0 ? pid : child_wait_errno(pid);
}

/* Nothing is added to what somebody has registered: 1, 0, or a negative errno. */
static int holds_any(const struct mount *m, int dir_fd)
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int more;

	if (!dir)
		return -errno;
	while ((more = fd_next_entry(dir, &entry)) > 0)
		if (!filesystem_own_file(fs, entry->d_name))
			return 1;
	return more;
}

static int check_place(const struct build *b, const struct mount *m, int fd)
{
	if (!b->keeper || !b->keeper->has_user)
		return log_error(
			-EPERM,
			"mount %u '%s': its formats belong to a user namespace of its own, "
			"and are not registered in the caller's",
			m->id, m->mountpoint);
	int any = holds_any(m, fd);

	if (any > 0)
		return log_error(-EEXIST,
				 "mount %u '%s': formats are registered in this user namespace's "
				 "binfmt_misc already",
				 m->id, m->mountpoint);
	return any < 0 ? log_error(any, "mount %u '%s': its new binfmt_misc cannot be read", m->id,
				   m->mountpoint)
		       : 0;
}

int fs_formats_register(const struct build *b, const struct mount *m, int fd)
{
	const struct mount *first = &b->tree->mounts[tree_first_of_superblock(b->tree, m)];
	const struct mount_formats *formats = first->formats;
	int err = 0;

	if (!formats || (!formats->n && !formats->disabled))
		return 0;
	err = check_place(b, m, fd);
	if (err)
		return err;
	for (uint32_t i = 0; i < formats->n && !err; i++) {
		err = put_as_user(b, fd, &formats->list[i]);
		if (err)
			log_error(err, "mount %u '%s': its format '%s' cannot be registered", m->id,
				  m->mountpoint, formats->list[i].name);
	}
	if (err || !formats->disabled)
		return err;
	err = put_as_user(b, fd, NULL);
	return err ? log_error(err, "mount %u '%s': binfmt_misc cannot be disabled", m->id,
			       m->mountpoint)
		   : 0;
}
