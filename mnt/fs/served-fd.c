// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/fs/served-fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"

struct search {
	enum served kind;
	uint32_t id;
	char pipe[32]; /* how a link to the pipe reads */
};

static bool has_connection(int proc_fd, const char *fd_name, uint32_t id)
{
	char name[64], text[1024];
	unsigned int connection;

	snprintf(name, sizeof(name), "fdinfo/%.20s", fd_name);
	cleanup_fd int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	const char *line = strstr(text, "fuse_connection:");

	return line && sscanf(line, "fuse_connection: %u", &connection) == 1 && connection == id;
}

static bool is_it(const struct search *search, int proc_fd, int fds_fd, const char *fd_name)
{
	static const char device[] = "/fuse";
	char link[256];
	ssize_t n = readlinkat(fds_fd, fd_name, link, sizeof(link) - 1);

	if (n <= 0)
		return false;
	link[n] = '\0';
	if (search->kind == SERVED_AUTOFS)
		return strcmp(link, search->pipe) == 0;
	return n >= (ssize_t)sizeof(device) - 1 &&
	       strcmp(link + n - (sizeof(device) - 1), device) == 0 &&
	       has_connection(proc_fd, fd_name, search->id);
}

static int duplicate(pid_t pid, int fd)
{
	cleanup_fd int pidfd = sys_pidfd_open(pid);
	int copy = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -ENOENT : copy;
}

static int search_process(const struct search *search, int all_fd, const char *pid)
{
	cleanup_fd int proc_fd = openat(all_fd, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *fds = proc_fd < 0 ? NULL : fd_open_dir(proc_fd, "fd");
	const struct dirent *entry;

	if (!fds)
		return -ENOENT;
	/* A process may end meanwhile: what cannot be listed has nothing, as what cannot be opened.
	 */
	while (fd_next_entry(fds, &entry) > 0) {
		if (!is_it(search, proc_fd, dirfd(fds), entry->d_name))
			continue;
		int fd = duplicate(atoi(pid), atoi(entry->d_name));

		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

int served_fd_take(enum served kind, uint32_t id)
{
	struct search search = { .kind = kind, .id = id };
	cleanup_dirp DIR *all = opendir("/proc");
	const struct dirent *entry;
	int fd = -ENOENT, more = 0;

	snprintf(search.pipe, sizeof(search.pipe), "pipe:[%u]", id);
	if (!all)
		return -ENOENT;
	while (fd < 0 && (more = fd_next_entry(all, &entry)) > 0)
		if (atoi(entry->d_name) > 0)
			fd = search_process(&search, dirfd(all), entry->d_name);
	return more < 0 ? more : fd;
}
