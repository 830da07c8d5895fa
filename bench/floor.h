/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flat binds made by hand, nothing checked: what the kernel takes for them. */
#ifndef REBIND_BENCH_FLOOR_H
#define REBIND_BENCH_FLOOR_H

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int clone_mount(int dir, const char *name)
{
	int fd = open_tree(dir, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		err(1, "open_tree %s", name);
	return fd;
}

static void send_namespace(int sock)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char word = 'm';
	struct iovec iov = { .iov_base = &word, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "/proc/self/ns/mnt");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(sock, &msg, 0) < 0)
		err(1, "sendmsg");
}

static void make_mounts(const char *sources, int root, int n)
{
	int from = open(sources, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%d", i);
		int fd = clone_mount(from, name);

		if (move_mount(fd, "", root, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			err(1, "move_mount %s", name);
		close(fd);
	}
	close(from);
}

/* @sock: gets the namespace's descriptor; or negative */
static void floor_make(const char *sources, const char *root_path, int n, int sock)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		err(1, "unshare");
	int root = clone_mount(AT_FDCWD, root_path);

	if (move_mount(root, "", AT_FDCWD, root_path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		err(1, "move_mount %s", root_path);
	make_mounts(sources, root, n);
	if (sock >= 0)
		send_namespace(sock);
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0)
		err(1, "pivot_root");
	close(root);
}

#endif
