// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/clone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "mnt/source/yard.h"

/* Mounts that came into a user namespace from outside are locked to what they cover: cloned with
 * it, or not at all. */
static int clone_mount(int fd)
{
	int clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return clone != -EINVAL
		       ? clone
		       : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
}

static int clone_group(struct source_group *group, bool *need_anchor)
{
	group->clone_fd = clone_mount(group->path_fd);
	/* A detached mount, before 6.15: once it is in the yard. */
	if (group->clone_fd == -EINVAL && !group->attributes_known)
		return 0;
	if (group->clone_fd < 0)
		return group->clone_fd;
	if (*need_anchor && group->shared) {
		group->host_peer_fd = clone_mount(group->path_fd);
		if (group->host_peer_fd < 0)
			return group->host_peer_fd;
	}
	return sys_mount_setattr(group->clone_fd, AT_RECURSIVE, 0, 0, MS_PRIVATE, -1);
}

int source_clone_groups(struct sources *sources, const struct mount_tree *tree)
{
	cleanup_free bool *need_anchor = calloc(sources->n_groups + 1, sizeof(*need_anchor));

	if (!need_anchor)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n; i++)
		if (sources->of[i].group != MOUNT_NONE &&
		    (tree->mounts[i].master || tree->mounts[i].host_shared))
			need_anchor[sources->of[i].group] =
				need_anchor[sources->groups[sources->of[i].group].whole] = true;
	for (uint32_t i = 0; i < sources->n_groups; i++) {
		int err = clone_group(&sources->groups[i], &need_anchor[i]);

		if (err == -EINVAL)
			return log_error(
				err,
				"cannot clone a source: it is unbindable, locked, or not in the "
				"caller's mount namespace");
		if (err)
			return log_error(err, "cannot clone the mount of a source");
	}
	return 0;
}

/*
 * A detached tree that was handed in could not be cloned before 6.15. In the yard it can be; but it
 * has to be private there: when it goes, mounts of its peers would.
 */
static int attach_tree(const struct source_group *group, int staging_fd, uint32_t number)
{
	int err = sys_mount_setattr(group->path_fd, AT_RECURSIVE, 0, 0, MS_PRIVATE, -1);

	if (!err)
		err = yard_put(staging_fd, "tree", number, group->path_fd);
	/* A part of a tree comes with that. */
	return err == -EINVAL ? 0 : err;
}

static int attach_trees(struct sources *sources, int staging_fd)
{
	int err = 0;

	for (uint32_t i = 0; i < sources->n_groups && !err; i++)
		if (sources->groups[i].clone_fd < 0)
			err = attach_tree(&sources->groups[i], staging_fd, i);
	return err;
}

static int settle_group(struct source_group *group, int staging_fd, uint32_t number)
{
	int err = 0;

	if (group->clone_fd < 0) {
		group->clone_fd = clone_mount(group->path_fd);
		err = group->clone_fd < 0 ? group->clone_fd
					  : sys_mount_setattr(group->clone_fd, AT_RECURSIVE, 0, 0,
							      MS_PRIVATE, -1);
	}
	return err ? err : yard_put(staging_fd, "source", number, group->clone_fd);
}

int source_settle_groups(struct sources *sources, int staging_fd)
{
	int err = attach_trees(sources, staging_fd);

	for (uint32_t i = 0; i < sources->n_groups && !err; i++)
		err = settle_group(&sources->groups[i], staging_fd, i);
	return err ? log_error(err, "cannot attach the mount of a source in the staging root") : 0;
}

int source_clone_early(struct sources *sources, uint32_t mount, int staging_fd)
{
	struct source *source = &sources->of[mount];

	return yard_clone(staging_fd, &sources->groups[source->group].clone_fd, source->rest);
}

/* "a" and "/b" are "a/b"; nothing of it starts with a slash. */
static char *rest_path(const struct source *source, const char *rest)
{
	const char *first = source->rest + strspn(source->rest, "/");
	char *path;

	rest += strspn(rest, "/");
	return asprintf(&path, "%s%s%s", first, *first && *rest ? "/" : "", rest) < 0 ? NULL : path;
}

int source_open(const struct sources *sources, uint32_t mount, const char *rest)
{
	const struct source *source = &sources->of[mount];
	cleanup_free char *path = rest_path(source, rest);

	if (!path)
		return -ENOMEM;
	if (!*path)
		return fcntl(sources->groups[source->group].clone_fd, F_DUPFD_CLOEXEC, 3);
	return path_open_beneath(sources->groups[source->group].clone_fd, path);
}

int source_clone_mount(const struct sources *sources, uint32_t mount)
{
	return clone_mount(source_whole(sources, mount)->clone_fd);
}

int source_clone_part(const struct sources *sources, uint32_t mount, const char *rest)
{
	cleanup_fd int fd = source_open(sources, mount, rest);

	return fd < 0 ? fd : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
}

int source_clone(struct sources *sources, uint32_t mount)
{
	const struct source *source = &sources->of[mount];
	int group_fd = sources->groups[source->group].clone_fd;
	const char *name;

	if (!*source->rest)
		return sys_open_tree(group_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int dir_fd = path_cache_open(&sources->cache, group_fd, source->rest, &name);

	return dir_fd < 0 ? dir_fd
			  : sys_open_tree(dir_fd, name, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
}
