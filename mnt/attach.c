// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/attach.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "mnt/build/mountpoint.h"
#include "mnt/members.h"
#include "mnt/pivot.h"
#include "mnt/premount.h"

#define BY_FD (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)

/* A finding that says why a mountpoint cannot be used. */
static int unplaceable_at(struct build *b, uint32_t i, int err)
{
	const struct mount *m = &b->tree->mounts[i];

	if (err == -ENOENT)
		build_unplaceable(
			b, i, FINDING_NO_MOUNTPOINT, mountpoint_advice(b->options, b->tree, m),
			"its mountpoint does not exist%s%s",
			mountpoint_hint(b->options, b->tree, m),
			b->options->create_mountpoints ? ", and cannot be made there" : "");
	else if (err == -ELOOP)
		build_unplaceable(
			b, i, FINDING_SYMLINK, NULL,
			"its mountpoint is, or lies behind, a symlink, which is not followed");
	else if (err == -EXDEV)
		build_unplaceable(b, i, FINDING_OTHER_MOUNT, NULL,
				  "its mountpoint lies on another mount than its parent's");
	else if (err == -EROFS)
		build_unplaceable(
			b, i, FINDING_NO_MOUNTPOINT, NULL,
			"its mountpoint does not exist, and cannot be made in a read-only filesystem");
	else
		build_unplaceable(b, i, FINDING_NO_MOUNTPOINT, NULL,
				  "its mountpoint cannot be opened: %s", strerror(-err));
	return 0;
}

/*
 * Move by descriptors, or by mount(2) with MS_MOVE if the newer call is denied; the source is then
 * attached somewhere. Return: -EINVAL also for a directory on a file, or the reverse.
 */
static int move_to(struct build *b, uint32_t i, int to_fd)
{
	int err = sys_move_mount(b->fds[i], "", to_fd, "", BY_FD);
	char from[64], to[64];

	if (err != -ENOSYS && err != -EPERM)
		return err;
	snprintf(from, sizeof(from), "/" PIVOT_OLD_ROOT "/proc/self/fd/%d", b->fds[i]);
	snprintf(to, sizeof(to), "/" PIVOT_OLD_ROOT "/proc/self/fd/%d", to_fd);
	return mount(from, to, NULL, MS_MOVE, NULL) < 0 ? err : 0;
}

static int lose_kind(struct build *b, uint32_t i, int to_fd)
{
	struct sys_mount_stat stat;
	enum mount_kind kind = b->targets[i].kind;
	int err = sys_mount_stat(to_fd, "", AT_EMPTY_PATH, &stat);

	if (err)
		return unplaceable_at(b, i, err);
	if (!S_ISDIR(stat.mode) != (kind == MOUNT_KIND_FILE))
		build_unplaceable(b, i, FINDING_MOUNTPOINT_KIND, NULL,
				  "it is a %s, but its mountpoint is a %s",
				  kind == MOUNT_KIND_FILE ? "file" : "directory",
				  S_ISDIR(stat.mode) ? "directory" : "file");
	else
		build_unplaceable(b, i, FINDING_NOT_ATTACHED, NULL,
				  "the kernel refuses to attach it (EINVAL)");
	return 0;
}

static int open_mountpoint(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const char *path = tree_relative(b->tree, m);
	int fd = path_open_beneath(b->fds[m->parent], path);

	/* The image says that the mountpoint was a symlink, and it still is: mount on the link. */
	if (fd == -ELOOP && m->on_symlink)
		return path_open_link_beneath(b->fds[m->parent], path);
	if (fd != -ENOENT)
		return fd;
	int err = mountpoint_make(b, i);

	return err ? err : path_open_beneath(b->fds[m->parent], path);
}

static int move_or_give_up(struct build *b, uint32_t i, int to_fd)
{
	const struct mount *m = &b->tree->mounts[i];
	int err = move_to(b, i, to_fd);

	if (err == -EINVAL)
		return lose_kind(b, i, to_fd);
	if (err == -ENOSPC)
		return log_error(
			err,
			"cannot attach mount %u '%s': fs.mount-max counts the caller's mounts too",
			m->id, m->mountpoint);
	return err ? log_error(err, "cannot attach mount %u '%s'", m->id, m->mountpoint) : 0;
}

/*
 * The fast way, for directories in a directory that is open already: by name. move_mount(2) follows
 * no symlink in the last component, and a directory cannot be put onto one (EINVAL); a file could
 * be. Return: 1 if it was attached, 0 if the slower way must find the reason, or a negative errno.
 */
static int attach_by_name(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const char *path = tree_relative(b->tree, m), *name;

	if (b->targets[i].kind != MOUNT_KIND_DIRECTORY || !path[1])
		return 0;
	int dir_fd = path_cache_open(&b->cache, b->fds[m->parent], path, &name);

	return dir_fd >= 0 &&
	       sys_move_mount(b->fds[i], "", dir_fd, name, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

static int attach_to_parent(struct build *b, uint32_t i)
{
	if (attach_by_name(b, i))
		return 0;
	cleanup_fd int place = open_mountpoint(b, i);

	return place < 0 ? unplaceable_at(b, i, place) : move_or_give_up(b, i, place);
}

static int attach_root(struct build *b, uint32_t i)
{
	int err = sys_move_mount(b->fds[i], "", members_staging(b, i), PIVOT_NEW_ROOT,
				 MOVE_MOUNT_F_EMPTY_PATH);

	return err ? log_error(err, "cannot attach the new root") : 0;
}

static int attach_held(struct build *b, uint32_t i, uint32_t held)
{
	cleanup_fd int place = (int)held;

	return move_or_give_up(b, i, place);
}

int attach_mount(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	uint32_t held = table_get(&b->reserved, i);
	int err;

	if (m->parent == MOUNT_NONE)
		err = attach_root(b, i);
	else if (held != TABLE_NONE)
		err = attach_held(b, i, held);
	else
		err = attach_to_parent(b, i);
	if (!err && !b->targets[i].unplaceable && m->owner == MOUNT_PLUGIN &&
	    b->targets[i].member == 0)
		err = premount_remove_point(b, i);
	return err;
}

int attach_reserve(struct build *b, uint32_t i)
{
	int fd = open_mountpoint(b, i);

	if (fd < 0)
		return unplaceable_at(b, i, fd);
	return table_put(&b->reserved, i, (uint32_t)fd, NULL);
}
