// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/pivot.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/tmpfs.h"

/* Mounts of the copy must not tell the caller's of what happens to them. */
static int make_slave(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -errno : 0;
}

int pivot_enter_true_root(int root_fd)
{
	struct sys_mount_stat own, true_root;
	cleanup_fd int ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	int err = sys_mount_stat(root_fd, "", AT_EMPTY_PATH, &own);

	/* Without /proc nothing can be entered; then it must be. */
	if (err || ns_fd < 0)
		return err ? err : own.is_mount_root ? 1 : -ENOENT;
	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	err = sys_mount_stat(AT_FDCWD, "/", 0, &true_root);
	if (err)
		return err;
	return own.is_mount_root && own.unique_id == true_root.unique_id &&
	       own.old_id == true_root.old_id;
}

/* The true root is "/" by now: show the caller's root by a clone of it. */
static int leave_chroot(struct build *b)
{
	cleanup_fd int clone =
		sys_open_tree(b->old_root_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	if (clone < 0)
		return clone;
	int err = sys_move_mount(b->staging_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (err || fchdir(b->staging_fd) < 0)
		return err ? err : -errno;
	err = sys_pivot_root(".", ".");
	if (err || umount2(".", MNT_DETACH) < 0)
		return err ? err : -errno;
	return sys_move_mount(clone, "", b->staging_fd, PIVOT_OLD_ROOT, MOVE_MOUNT_F_EMPTY_PATH);
}

static int swap_roots(struct build *b)
{
	int err = sys_move_mount(b->staging_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (err || fchdir(b->staging_fd) < 0)
		return err ? err : -errno;
	return sys_pivot_root(".", PIVOT_OLD_ROOT);
}

static bool is_ours(const char *name)
{
	return strcmp(name, PIVOT_OLD_ROOT) == 0 || strcmp(name, PIVOT_NEW_ROOT) == 0 ||
	       strncmp(name, PIVOT_PREMOUNT, strlen(PIVOT_PREMOUNT)) == 0;
}

/* Call @each for every entry of a directory that does not bear one of our names. */
static int each_entry(int dir_fd, int (*each)(struct build *b, const char *name), struct build *b)
{
	cleanup_dirp DIR *dir = fd_open_dir(dir_fd, ".");
	const struct dirent *entry;
	int err = 0, more;

	if (!dir)
		return -errno;
	while ((more = fd_next_entry(dir, &entry)) > 0 && !err)
		if (!is_ours(entry->d_name))
			err = each(b, entry->d_name);
	return err ? err : more;
}

static int link_entry(struct build *b, const char *name)
{
	char target[512];

	snprintf(target, sizeof(target), PIVOT_OLD_ROOT "/%s", name);
	return symlinkat(target, b->staging_fd, name) < 0 ? -errno : 0;
}

static int enter_staging(struct build *b)
{
	b->old_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->old_root_fd < 0)
		return -errno;
	/* While "/" is the caller's: what is stacked on the true root is not reached from there. A
	 * chroot need not be a mount point; then that is all.
	 */
	int err = make_slave();
	int bottom = err && err != -EINVAL ? err : pivot_enter_true_root(b->old_root_fd);

	if (bottom < 0)
		return bottom;
	if (!bottom)
		err = make_slave();
	if (err)
		return err;
	b->staging_fd = scratch_directory();
	if (b->staging_fd < 0)
		return b->staging_fd;
	if (mkdirat(b->staging_fd, PIVOT_OLD_ROOT, 0755) < 0 ||
	    mkdirat(b->staging_fd, PIVOT_NEW_ROOT, 0700) < 0)
		return -errno;
	err = bottom ? swap_roots(b) : leave_chroot(b);
	return err || chdir("/") < 0 ? (err ? err : -errno) : 0;
}

int pivot_into_staging(struct build *b)
{
	int err = enter_staging(b);

	if (err)
		return log_error(err, "cannot make the staging root");
	/* Only a plugin looks at them. */
	err = b->host ? each_entry(b->old_root_fd, link_entry, b) : 0;
	return err ? log_error(err, "cannot show the caller's root in the staging root") : 0;
}

int pivot_into_new_root(struct build *b)
{
	int root = b->fds[b->tree->root];
	int err = fchdir(root) < 0 ? -errno : sys_pivot_root(".", ".");

	if (err)
		return log_error(err, "cannot pivot into the new root");
	if (umount2(".", MNT_DETACH) < 0)
		return log_error(-errno, "cannot detach the old root");
	/* By descriptor: "." may by now be what is stacked on the root. */
	if (fchdir(root) < 0 || chroot(".") < 0)
		return log_error(-errno, "cannot enter the new root");
	return 0;
}
