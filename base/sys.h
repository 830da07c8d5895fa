/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls that glibc 2.36 does not wrap, with the structs that Debian 12's kernel headers
 * (6.1) lack. Each returns a negative errno, not -1.
 */
#ifndef REBIND_BASE_SYS_H
#define REBIND_BASE_SYS_H

#include <linux/openat2.h>
#include <sys/mount.h>

#include "base/util.h"

/* openat2(2), since 5.6. Retries when a rename races with ".."; -ENOSYS also where seccomp says
 * EPERM. */
int sys_openat2(int dir_fd, const char *path, uint64_t flags, uint64_t resolve);

/* statmount(2), since 6.8. */
struct sys_statmount {
	uint32_t size, mnt_opts;
	uint64_t mask;
	uint32_t sb_dev_major, sb_dev_minor;
	uint64_t sb_magic;
	uint32_t sb_flags, fs_type;
	uint64_t mnt_id, mnt_parent_id;
	uint32_t mnt_id_old, mnt_parent_id_old;
	uint64_t mnt_attr, mnt_propagation, mnt_peer_group, mnt_master, propagate_from;
	uint32_t mnt_root, mnt_point;
	uint64_t mnt_ns_id;
	uint32_t fs_subtype, sb_source;
	uint32_t opt_num, opt_array, opt_sec_num, opt_sec_array;
	uint64_t supported_mask;
	uint32_t mnt_uidmap_num, mnt_uidmap, mnt_gidmap_num, mnt_gidmap;
	uint64_t spare[43];
	char str[];
};

enum {
	SYS_STATMOUNT_SB_BASIC = 0x1,
	SYS_STATMOUNT_MNT_BASIC = 0x2,
	SYS_STATMOUNT_MNT_ROOT = 0x8,
	SYS_STATMOUNT_MNT_POINT = 0x10,
	SYS_STATMOUNT_FS_TYPE = 0x20,
	SYS_STATMOUNT_MNT_OPTS = 0x80,
	SYS_STATMOUNT_FS_SUBTYPE = 0x100,
	SYS_STATMOUNT_SB_SOURCE = 0x200,
	SYS_STATMOUNT_SUPPORTED_MASK = 0x1000,
	SYS_STATMOUNT_MNT_UIDMAP = 0x2000,
	SYS_STATMOUNT_MNT_GIDMAP = 0x4000,
};

#define SYS_LSMT_ROOT UINT64_MAX /* listmount: the root of the namespace */

/**
 * sys_statmount - statmount(2)
 * @ns_id: namespace to look in (6.11), 0 for the caller's own
 *
 * Return: 0 or a negative errno; -EOVERFLOW: @size is too small.
 */
int sys_statmount(uint64_t mnt_id, uint64_t ns_id, uint64_t mask, struct sys_statmount *buf,
		  size_t size);

/**
 * sys_listmount - listmount(2): all mounts below @mnt_id, by ascending unique id
 * @after: the last id of the batch before, or 0
 *
 * Return: how many ids were written, or a negative errno.
 */
long sys_listmount(uint64_t mnt_id, uint64_t ns_id, uint64_t after, uint64_t *ids, size_t n);

/* pidfd_open(2), since 5.3. */
int sys_pidfd_open(int pid);

/* SIGKILL by pidfd_send_signal(2), since 5.1. Return: 0 or -errno. */
int sys_pidfd_kill(int pidfd);

/* ioctl NS_GET_MNTNS_ID (6.6 on nsfs): the id that listmount(2) takes. Return: 0 or -errno. */
int sys_mntns_id(int ns_fd, uint64_t *ret_id);

/* What statx tells about a mount. */
struct sys_mount_stat {
	uint64_t unique_id; /* 0 before 6.8, or when the old one was asked for */
	uint32_t old_id;    /* mountinfo's; 0 where there is a unique one */
	uint32_t dev;	    /* major << 20 | minor, of the file: for btrfs not that of the mount */
	uint64_t inode;
	uint32_t mode;
	uint32_t rdev_major, rdev_minor;
	bool is_mount_root;
};

/**
 * sys_mount_stat - which mount a descriptor or a path is on
 * @flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW; AT_NO_AUTOMOUNT is always set; SYS_STAT_OLD_ID for
 *         the id that mountinfo shows
 *
 * Return: 0 or a negative errno.
 */
#define SYS_STAT_OLD_ID 0x40000000
int sys_mount_stat(int dir_fd, const char *path, int flags, struct sys_mount_stat *ret);

/**
 * sys_same_place - are these one file of one mount
 */
static inline bool sys_same_place(const struct sys_mount_stat *left,
				  const struct sys_mount_stat *right)
{
	return left->unique_id == right->unique_id && left->old_id == right->old_id &&
	       left->inode == right->inode;
}

/* open_tree(2), move_mount(2), mount_setattr(2) with negative errno. */
int sys_open_tree(int dir_fd, const char *path, unsigned int flags);
/* open_tree_attr(2), 6.15: with mount_setattr(2) on the clone before anybody sees it. */
int sys_open_tree_attr(int dir_fd, const char *path, unsigned int flags, uint64_t clear);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int sys_mount_setattr(int fd, unsigned int flags, uint64_t set, uint64_t clear,
		      uint64_t propagation, int userns_fd);
int sys_pivot_root(const char *new_root, const char *put_old);

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

#endif
