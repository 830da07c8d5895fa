// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/pivot.h"

#include <fcntl.h>
#include <limits.h>
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

int pivot_enter_true_root(int root_fd, int ns_fd)
{
	struct sys_mount_stat own, true_root;
	int err = sys_mount_stat(root_fd, "", AT_EMPTY_PATH, &own);

	if (err)
		return err;
	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	err = sys_mount_stat(AT_FDCWD, "/", 0, &true_root);
	if (err)
		return err;
	return own.is_mount_root && own.unique_id == true_root.unique_id &&
	       own.old_id == true_root.old_id;
}

/* ---- where "/" is the rootfs of the kernel ---- */

/* A line of mountinfo: a mount, its parent and its mountpoint. */
struct line {
	unsigned int id, parent;
	char path[PATH_MAX];
};

static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p;) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

/* @text moves on. Without a library: "/" may be a root that has others, or none. */
static bool next_line(const char **text, struct line *ret)
{
	const char *end = strchr(*text, '\n');

	if (sscanf(*text, "%u %u %*s %*s %4095s", &ret->id, &ret->parent, ret->path) != 3)
		return false;
	unescape(ret->path);
	*text = end ? end + 1 : "";
	return true;
}

static int read_own_mounts(int proc_self_fd, char **ret)
{
	cleanup_fd int fd = openat(proc_self_fd, "mountinfo", O_RDONLY | O_CLOEXEC);
	size_t size;

	return fd < 0 ? -errno : fd_slurp(fd, ret, &size);
}

/*
 * The rootfs of the kernel is the root of its namespace, and of each copy, for ever: it has no
 * parent but itself. Return: its id, or 0: another one is at "/".
 */
static unsigned int find_rootfs(const char *text)
{
	struct line line;

	while (next_line(&text, &line))
		if (line.id == line.parent)
			return line.id;
	return 0;
}

/* One layer of what stands on it; what a mount covers is seen in the next round. Return: how many,
 * or a negative errno: none, and there are some. */
static int take_off(const char *text, unsigned int rootfs)
{
	struct line line;
	int done = 0, err = 0;

	while (next_line(&text, &line)) {
		if (line.parent != rootfs || line.id == rootfs)
			continue;
		if (umount2(line.path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			done++;
		else if (!err)
			err = -errno;
	}
	return done ? done : err;
}

static int clear_rootfs(int proc_self_fd)
{
	int done;

	do {
		cleanup_free char *text = NULL;
		int err = read_own_mounts(proc_self_fd, &text);

		done = err ? err : take_off(text, find_rootfs(text));
	} while (done > 0);
	return done;
}

/*
 * pivot_root(2) is refused there: what cannot be replaced is emptied, and covered. What is pivoted
 * later is the staging root, which has the rootfs for its parent as any root of a host has.
 */
static int cover_rootfs(int root_fd, int proc_self_fd)
{
	int err = clear_rootfs(proc_self_fd);

	if (!err)
		err = sys_move_mount(root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (err)
		return err;
	return fchdir(root_fd) < 0 || chroot(".") < 0 ? -errno : 0;
}

static int replace_root(int root_fd)
{
	int err = sys_move_mount(root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (err || fchdir(root_fd) < 0)
		return err ? err : -errno;
	err = sys_pivot_root(".", ".");
	if (err || umount2(".", MNT_DETACH) < 0)
		return err ? err : -errno;
	return 0;
}

int pivot_replace_root(int root_fd, int proc_self_fd)
{
	int rootfs = pivot_is_rootfs(proc_self_fd);

	if (rootfs < 0)
		return rootfs;
	return rootfs ? cover_rootfs(root_fd, proc_self_fd) : replace_root(root_fd);
}

int pivot_is_rootfs(int proc_self_fd)
{
	cleanup_free char *text = NULL;
	int err = read_own_mounts(proc_self_fd, &text);

	return err ? err : find_rootfs(text) != 0;
}

/* The true root is "/" by now: show the caller's root by a clone of it. */
static int show_clone(struct build *b, int proc_self_fd)
{
	cleanup_fd int clone =
		sys_open_tree(b->old_root_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	int err = clone < 0 ? clone : pivot_replace_root(b->staging_fd, proc_self_fd);

	return err ? err
		   : sys_move_mount(clone, "", b->staging_fd, PIVOT_OLD_ROOT,
				    MOVE_MOUNT_F_EMPTY_PATH);
}

static bool is_rootfs(const struct mount_tree *tree)
{
	const struct mount *root = &tree->mounts[tree->root];

	return root->parent_id == root->id;
}

static int swap_roots(struct build *b, int proc_self_fd)
{
	/* A namespace that others have entered has a root that can be replaced. */
	if (b->into_fd < 0 && is_rootfs(b->callers))
		return show_clone(b, proc_self_fd);
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
	cleanup_fd int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int bottom = err && err != -EINVAL ? err : pivot_enter_true_root(b->old_root_fd, b->ns_fd);

	if (bottom < 0)
		return bottom;
	if (!bottom)
		err = make_slave();
	if (err)
		return err;
	b->staging_fd = tmpfs_directory();
	if (b->staging_fd < 0)
		return b->staging_fd;
	if (mkdirat(b->staging_fd, PIVOT_OLD_ROOT, 0755) < 0 ||
	    mkdirat(b->staging_fd, PIVOT_NEW_ROOT, 0700) < 0)
		return -errno;
	err = bottom ? swap_roots(b, self) : show_clone(b, self);
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

int pivot_into_new_root(struct build *b, uint32_t mount)
{
	int root = b->fds[mount];
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
