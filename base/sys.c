// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/sys.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#endif

#define RETRIES 32

int sys_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };

	for (int i = 0; i < RETRIES; i++) {
		long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		/* Seccomp profiles older than the call answer EPERM, which it never means itself.
		 */
		if (errno == EPERM)
			return -ENOSYS;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* struct mnt_id_req: 24 bytes in 6.8, 32 with the namespace's id in 6.11. */
struct id_request {
	uint32_t size, spare;
	uint64_t mnt_id, param, mnt_ns_id;
};

int sys_statmount(uint64_t mnt_id, uint64_t ns_id, uint64_t mask, struct sys_statmount *buf,
		  size_t size)
{
	struct id_request request = {
		.size = ns_id ? 32 : 24,
		.mnt_id = mnt_id,
		.param = mask,
		.mnt_ns_id = ns_id,
	};

	return syscall(SYS_statmount, &request, buf, size, 0) < 0 ? -errno : 0;
}

long sys_listmount(uint64_t mnt_id, uint64_t ns_id, uint64_t after, uint64_t *ids, size_t n)
{
	struct id_request request = {
		.size = ns_id ? 32 : 24,
		.mnt_id = mnt_id,
		.param = after,
		.mnt_ns_id = ns_id,
	};
	long got = syscall(SYS_listmount, &request, ids, n, 0);

	return got < 0 ? -errno : got;
}

int sys_pidfd_open(int pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int sys_pidfd_kill(int pidfd)
{
	return syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 ? -errno : 0;
}

#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(0xb7, 0x5, uint64_t)
#endif

int sys_mntns_id(int ns_fd, uint64_t *ret_id)
{
	return ioctl(ns_fd, NS_GET_MNTNS_ID, ret_id) < 0 ? -errno : 0;
}

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif
#define ATTR_MOUNT_ROOT 0x2000U /* STATX_ATTR_MOUNT_ROOT */

static void fill_stat(const struct statx *stx, struct sys_mount_stat *ret)
{
	*ret = (struct sys_mount_stat){
		.dev = stx->stx_dev_major << 20 | stx->stx_dev_minor,
		.inode = stx->stx_ino,
		.mode = stx->stx_mode,
		.rdev_major = stx->stx_rdev_major,
		.rdev_minor = stx->stx_rdev_minor,
		.is_mount_root = stx->stx_attributes & ATTR_MOUNT_ROOT,
	};
}

int sys_mount_stat(int dir_fd, const char *path, int flags, struct sys_mount_stat *ret)
{
	/* Debian 12's struct statx calls the field spare; its place is fixed. */
	union {
		struct statx stx;
		uint64_t words[32];
	} buf;
	unsigned int mask = STATX_TYPE | STATX_MODE | STATX_INO;

	mask |= flags & SYS_STAT_OLD_ID ? STATX_MNT_ID : STATX_MNT_ID | STATX_MNT_ID_UNIQUE;
	/* Take what the kernel knows: the server of a fuse or a network filesystem may hang. */
	flags = (flags & ~SYS_STAT_OLD_ID) | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	if (statx(dir_fd, path, flags, mask, &buf.stx) < 0)
		return -errno;
	fill_stat(&buf.stx, ret);
	if (buf.stx.stx_mask & STATX_MNT_ID_UNIQUE)
		ret->unique_id = buf.words[18];
	else if (buf.stx.stx_mask & STATX_MNT_ID)
		ret->old_id = (uint32_t)buf.words[18];
	return 0;
}

int sys_open_tree(int dir_fd, const char *path, unsigned int flags)
{
	int fd = open_tree(dir_fd, path, flags | OPEN_TREE_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

int sys_open_tree_attr(int dir_fd, const char *path, unsigned int flags, uint64_t clear)
{
	struct mount_attr attr = { .attr_clr = clear };
	long fd = syscall(SYS_open_tree_attr, dir_fd, path, flags | OPEN_TREE_CLOEXEC, &attr,
			  sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return move_mount(from_fd, from, to_fd, to, flags) < 0 ? -errno : 0;
}

int sys_mount_setattr(int fd, unsigned int flags, uint64_t set, uint64_t clear,
		      uint64_t propagation, int userns_fd)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation,
		.userns_fd = userns_fd >= 0 ? (uint64_t)userns_fd : 0,
	};

	return mount_setattr(fd, "", flags | AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old) < 0 ? -errno : 0;
}
