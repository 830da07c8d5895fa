// SPDX-License-Identifier: LGPL-2.1-or-later
/* The mounts that sources lie on: one group for each. */
#include "mnt/source/resolve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "model/flags.h"

static struct source_group *add_group(struct finder *f)
{
	struct sources *out = f->out;

	if (out->n_groups == f->room) {
		uint32_t room = f->room ? f->room * 2 : 8;
		struct source_group *groups = realloc(out->groups, room * sizeof(*groups));

		if (!groups) {
			f->err = -ENOMEM;
			return NULL;
		}
		out->groups = groups;
		f->room = room;
	}
	struct source_group *group = &out->groups[out->n_groups++];

	*group = (struct source_group){ .path_fd = -EBADF,
					.clone_fd = -EBADF,
					.host_peer_fd = -EBADF,
					.whole = out->n_groups - 1 };
	return group;
}

/* What is not known yet is read when it is asked for. Return: an index or TABLE_NONE. */
static uint32_t add_mount(struct finder *f, uint64_t unique_id)
{
	struct mount_tree *callers = f->in->callers;
	uint32_t index = callers->n;
	int err = f->in->callers_ns ? scan_add(f->in->callers_ns, unique_id, callers) : -ENOENT;

	if (!err)
		err = table_put(&f->by_unique, unique_id, index, NULL);
	if (err && err != -ENOENT)
		f->err = err;
	return err ? TABLE_NONE : index;
}

const struct mount *finder_callers_mount(struct finder *f, const struct sys_mount_stat *stat)
{
	if (!stat->unique_id)
		return tree_find(f->in->callers, stat->old_id);
	uint32_t index = table_get(&f->by_unique, stat->unique_id);

	if (index == TABLE_NONE)
		index = add_mount(f, stat->unique_id);
	return index == TABLE_NONE ? NULL : &f->in->callers->mounts[index];
}

static void describe_group(struct source_group *group, const struct mount *host)
{
	struct statvfs vfs;

	if (host) {
		group->attributes = host->attributes;
		group->shared = host->shared;
		group->dev = host->dev;
		group->attributes_known = true;
		return;
	}
	/* A detached mount, or one of another namespace: statvfs tells the restrictions at least.
	 */
	if (fstatvfs(group->path_fd, &vfs) == 0)
		group->attributes = flags_attr_from_ms((uint32_t)vfs.f_flag & FLAGS_MS_ATTRIBUTES) &
				    FLAGS_RESTRICTIONS;
}

/* Linux 6.15 clones also what is attached nowhere. */
static bool clones_detached(void)
{
	cleanup_fd int one = sys_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE);
	cleanup_fd int two =
		one < 0 ? one : sys_open_tree(one, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return two >= 0;
}

bool finder_is_elsewhere(int fd, bool by_path)
{
	cleanup_fd int clone = sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return clone == -EINVAL && (by_path || clones_detached());
}

uint32_t finder_single_group(struct finder *f, int *fd, const struct mount *host)
{
	struct source_group *group = add_group(f);

	if (!group)
		return MOUNT_NONE;
	group->path_fd = fd_take(fd);
	describe_group(group, host);
	return f->out->n_groups - 1;
}

uint32_t finder_mount_group(struct finder *f, const struct mount *host)
{
	uint64_t id = host->unique_id ? host->unique_id : host->id;
	uint32_t found = table_get(&f->out->by_mount, id);
	struct sys_mount_stat stat;

	if (found != TABLE_NONE)
		return found;
	cleanup_fd int fd = open(host->mountpoint, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 ||
	    sys_mount_stat(fd, "", AT_EMPTY_PATH | scan_stat_flags(f->in->callers), &stat) ||
	    !scan_is_mount(host, &stat))
		return MOUNT_NONE;
	uint32_t group = finder_single_group(f, &fd, host);

	if (group == MOUNT_NONE)
		return group;
	f->out->groups[group].root = host->deleted ? NULL : host->root;
	if (table_put(&f->out->by_mount, id, group, NULL))
		f->err = -ENOMEM;
	return group;
}

void finder_find_whole(struct finder *f, uint32_t single, const struct mount *host)
{
	cleanup_free char *name = path_of_fd(f->out->groups[single].path_fd);
	const char *rest = name && !host->deleted ? path_rest_below(name, host->mountpoint) : NULL;
	uint32_t whole = rest ? finder_mount_group(f, host) : MOUNT_NONE;
	cleanup_free char *root = whole == MOUNT_NONE ? NULL : path_join(host->root, rest);

	if (!root)
		return;
	f->out->groups[single].root = arena_copy(&f->out->strings, root, strlen(root));
	f->out->groups[single].whole = whole;
}
