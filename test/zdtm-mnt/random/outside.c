// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The process that stays outside: it clones what the namespace cannot see, and id-maps with the
 * host's privileges. The two share one table of descriptors, so an answer is a number.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "random.h"

struct request {
	bool clone, recursive;
	int tree;
	unsigned int first;
	char path[PATH_MAX];
};

static int write_map(pid_t pid, const char *name, unsigned int first)
{
	char path[64], map[64];
	int length = snprintf(map, sizeof(map), "0 %u 1000\n", first), fd;
	ssize_t written;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	written = write(fd, map, (size_t)length);
	close(fd);
	return written == length ? 0 : -EIO;
}

static int user_namespace(unsigned int first)
{
	char path[64], byte;
	int ready[2], fd = -1;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWUSER) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	if (read(ready[0], &byte, 1) == 1 && !write_map(pid, "uid_map", first) &&
	    !write_map(pid, "gid_map", first))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}

static int map_ids(int tree, unsigned int first)
{
	int userns = user_namespace(first), err = 0;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };

	if (userns < 0)
		return -EINVAL;
	attr.userns_fd = (unsigned int)userns;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		err = -errno;
	close(userns);
	return err;
}

static int answer(const struct request *request, int directory)
{
	int fd;

	if (!request->clone)
		return map_ids(request->tree, request->first);
	fd = open_tree(directory, request->path,
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			       (request->recursive ? AT_RECURSIVE : 0));
	return fd < 0 ? -errno : fd;
}

/* Until the other end of the socket is closed: the table is shared, so it says so. */
int outside_serve(int socket, const char *directory)
{
	int directory_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), result;
	struct request request;

	while (directory_fd >= 0 && recv(socket, &request, sizeof(request), 0) == sizeof(request)) {
		result = answer(&request, directory_fd);
		if (send(socket, &result, sizeof(result), 0) != sizeof(result))
			break;
	}
	return 0;
}

static int ask(const struct world *world, const struct request *request)
{
	int result;

	if (send(world->server, request, sizeof(*request), 0) != sizeof(*request) ||
	    recv(world->server, &result, sizeof(result), 0) != sizeof(result))
		return -EIO;
	return result;
}

int outside_clone(const struct world *world, const char *path, bool recursive)
{
	struct request request = { .clone = true, .recursive = recursive };

	snprintf(request.path, sizeof(request.path), "%s", path);
	return ask(world, &request);
}

int outside_map_ids(const struct world *world, int tree, unsigned int first)
{
	const struct request request = { .tree = tree, .first = first };

	return ask(world, &request);
}
