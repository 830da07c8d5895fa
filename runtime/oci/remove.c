// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/remove.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

static int remove_entry(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno == EBUSY ? -EXDEV : -errno;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOTDIR)
		return -EPERM; /* a file that the kernel keeps: an immutable one */
	if (errno != ENOTEMPTY && errno != EEXIST)
		return errno == EBUSY ? -EXDEV : -errno;
	/* Never into what is mounted there. */
	cleanup_fd int fd = path_open_beneath(dir_fd, name);
	int err = fd < 0 ? fd : remove_below(fd);

	if (err)
		return err;
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int remove_below(int dir_fd)
{
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int err = 0, more;

	if (!dir)
		return -errno;
	while ((more = fd_next_entry(dir, &entry)) > 0) {
		int left = remove_entry(dirfd(dir), entry->d_name);

		if (left && !err)
			err = left;
	}
	return err ? err : more;
}

int remove_path(int root_fd, const char *path)
{
	cleanup_free char *plain = strdup(path);

	if (!plain)
		return -ENOMEM;
	for (size_t n = strlen(plain); n && plain[n - 1] == '/'; n--)
		plain[n - 1] = '\0';
	char *slash = strrchr(plain, '/');
	const char *name = slash ? slash + 1 : plain;

	if (!*name || strcmp(name, ".") == 0)
		return -EINVAL;
	if (strcmp(name, "..") == 0)
		return -EXDEV;
	if (slash)
		*slash = '\0';
	cleanup_fd int dir = path_open_beneath(root_fd, slash ? plain : "");

	return dir < 0 ? dir : remove_entry(dir, name);
}
