// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/new-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define FILE_MODE 0600 /* contents of a container's tmpfs are private */

/* A file system without O_TMPFILE says so in one of these ways. */
static bool tmpfile_is_missing(int err)
{
	return err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL || err == -ENOENT;
}

static int open_unnamed(struct new_file *file)
{
	file->fd = openat(file->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
	return file->fd < 0 ? -errno : 0;
}

static int open_temporary(struct new_file *file)
{
	uint64_t number;

	/* Not the name alone: what a killed dump left must not stop the next one. */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -EIO;
	snprintf(file->temporary, sizeof(file->temporary), ".rebind-%016llx.tmp",
		 (unsigned long long)number);
	file->fd = openat(file->dir_fd, file->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC,
			  FILE_MODE);
	if (file->fd >= 0)
		return 0;
	file->temporary[0] = '\0';
	return -errno;
}

int new_file_start(struct new_file *file, int dir_fd, const char *name)
{
	*file = (struct new_file){ .fd = -EBADF, .dir_fd = dir_fd };
	size_t size = strlen(name);

	if (size >= sizeof(file->name))
		return -ENAMETOOLONG;
	memcpy(file->name, name, size + 1);
	int err = open_unnamed(file);

	return tmpfile_is_missing(err) ? open_temporary(file) : err;
}

/*
 * Without /proc: the process that reads contents is in the namespace that is dumped, where /proc
 * can be nosymfollow, or anything. Older kernels require CAP_DAC_READ_SEARCH for this.
 */
static int link_unnamed(const struct new_file *file)
{
	char path[32];

	if (linkat(file->fd, "", file->dir_fd, file->name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT && errno != EPERM)
		return -errno;
	if (linkat(AT_FDCWD, fd_proc_path(file->fd, path), file->dir_fd, file->name,
		   AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return -errno;
}

/* What a file system does not know at all: object stores, FUSE. */
static bool is_unknown_there(int err)
{
	return err == -EINVAL || err == -ENOSYS || err == -EOPNOTSUPP || err == -EPERM ||
	       err == -EMLINK || err == -EXDEV;
}

static int copy_all(int from, int to)
{
	enum { CHUNK = 1 << 16 };
	cleanup_free char *buf = malloc(CHUNK);
	off_t at = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	while ((n = pread(from, buf, CHUNK, at)) > 0) {
		int err = fd_write_all(to, buf, (size_t)n);

		if (err)
			return err;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

/* A file system that cannot sync is the caller's choice. */
static int sync_file(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

/*
 * Of a file that has a name: NFS and fuse say at close(2) what they could not store, at each close
 * of a descriptor, so that the file itself stays open.
 */
static int sync_named(int fd)
{
	int err = sync_file(fd), twin = err ? -EBADF : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (err)
		return err;
	return twin < 0 || close(twin) < 0 ? -errno : 0;
}

/*
 * Under its own name from the beginning. It may be seen while it is half written: but the inventory
 * comes last, and without one there is no image.
 */
static int write_again(const struct new_file *file)
{
	cleanup_fd int fd = openat(file->dir_fd, file->name,
				   O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, FILE_MODE);
	int err = fd < 0 ? -errno : copy_all(file->fd, fd);

	if (!err)
		err = sync_named(fd);
	if (err && fd >= 0)
		unlinkat(file->dir_fd, file->name, 0);
	return err;
}

static int link_temporary(struct new_file *file)
{
	int err = renameat2(file->dir_fd, file->temporary, file->dir_fd, file->name,
			    RENAME_NOREPLACE) < 0
			  ? -errno
			  : 0;

	if (!err)
		file->temporary[0] = '\0';
	/* Not every file system can refuse to replace; each that has hard links can. */
	else if (is_unknown_there(err) &&
		 linkat(file->dir_fd, file->temporary, file->dir_fd, file->name, 0) == 0)
		err = 0;
	return err;
}

int new_file_finish(struct new_file *file)
{
	int err = file->temporary[0] ? sync_named(file->fd) : sync_file(file->fd);

	if (!err)
		err = file->temporary[0] ? link_temporary(file) : link_unnamed(file);
	if (is_unknown_there(err))
		err = write_again(file);
	new_file_abort(file);
	return err;
}

void new_file_abort(struct new_file *file)
{
	int saved = errno;

	fd_close(&file->fd);
	if (file->temporary[0])
		unlinkat(file->dir_fd, file->temporary, 0);
	file->temporary[0] = '\0';
	errno = saved;
}
