// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/prepare.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/sys.h"
#include "mnt/build/mount-attributes.h"
#include "mnt/fs/fs.h"
#include "mnt/source/clone.h"
#include "mnt/source/yard.h"
#include "model/flags.h"

static uint32_t attributes_at_first(const struct build *b, const struct mount *m)
{
	return plan_turns_readonly(b->plan, b->tree, m) ? m->attributes & ~MOUNT_ATTR_RDONLY
							: m->attributes;
}

static int set_flags(struct build *b, uint32_t i, int fd, uint32_t has, bool known)
{
	const struct mount *m = &b->tree->mounts[i];
	struct mount now = *m;
	char text[96];

	now.attributes = attributes_at_first(b, m);
	int err = mount_attributes_set(&now, fd, has, known);

	if (err == -EPERM)
		return log_error(
			err, "mount %u '%s' cannot be '%s': a flag of its source is locked", m->id,
			m->mountpoint, flags_attr_text(m->attributes & ~MOUNT_ATTR_IDMAP, text));
	if (err)
		return log_error(err, "cannot set the attributes of mount %u '%s'", m->id,
				 m->mountpoint);
	return 0;
}

static int set_attributes(struct build *b, uint32_t i, int fd, uint32_t has, bool known)
{
	const struct mount *m = &b->tree->mounts[i];
	int err = set_flags(b, i, fd, has, known);

	/* A source that is id-mapped has the same maps: idmaps_check_source(). */
	if (err || !m->idmap || (has & MOUNT_ATTR_IDMAP))
		return err;
	err = idmaps_apply(b->idmaps, m, fd);
	return err ? log_error(err, "cannot map the ids of mount %u '%s', a %s", m->id,
			       m->mountpoint, m->fstype)
		   : 0;
}

int prepare_readonly(struct build *b, uint32_t i)
{
	int err = sys_mount_setattr(b->fds[i], 0, MOUNT_ATTR_RDONLY, 0, 0, -1);

	return err ? log_error(err, "cannot make mount %u '%s' read-only", b->tree->mounts[i].id,
			       b->tree->mounts[i].mountpoint)
		   : 0;
}

int prepare_create(struct build *b, uint32_t i, uint32_t first)
{
	int fd = fs_create(b, i);

	if (fd < 0)
		return fd;
	b->sb_root_fds[first] = fd;
	return 0;
}

int prepare_yard(struct build *b, uint32_t first)
{
	const struct mount *m = &b->tree->mounts[first];
	int err = yard_put(b->staging_fd, "from", first, b->sb_root_fds[first]);

	return err ? log_error(err, "cannot attach the %s of mount %u '%s' in the staging root",
			       m->fstype, m->id, m->mountpoint)
		   : 0;
}

static int unplaceable_source(struct build *b, uint32_t i, int err)
{
	build_unplaceable(b, i, FINDING_NO_SOURCE, NULL, "its source cannot be cloned: %s",
			  strerror(-err));
	return 0;
}

int prepare_root_early(struct build *b)
{
	b->early_root_fd = source_clone_early(b->sources, b->tree->root, b->staging_fd);
	return b->early_root_fd < 0 ? log_error(b->early_root_fd, "cannot clone the new root") : 0;
}

int prepare_source(struct build *b, uint32_t i)
{
	const struct source_group *group = &b->sources->groups[b->sources->of[i].group];
	const struct mount *m = &b->tree->mounts[i];
	cleanup_fd int fd = i == b->tree->root && b->early_root_fd >= 0
				    ? fd_take(&b->early_root_fd)
				    : source_clone(b->sources, i);

	if (fd < 0)
		return unplaceable_source(b, i, fd);
	if (m->kind == MOUNT_KIND_FILE) {
		struct sys_mount_stat stat;
		int err = sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

		/* A directory is checked by the attaching; a symlink would be taken for a file. */
		if (err || S_ISLNK(stat.mode))
			return unplaceable_source(b, i, err ? err : -ELOOP);
	}
	int err = set_attributes(b, i, fd, group->attributes, group->attributes_known);

	b->fds[i] = err ? -EBADF : fd_take(&fd);
	return err;
}

static int clone_part(struct build *b, uint32_t i, uint32_t from)
{
	const struct mount *m = &b->tree->mounts[i], *root = &b->tree->mounts[b->tree->root];
	cleanup_fd int part = -EBADF;

	if (from == b->tree->root)
		return source_clone_part(b->sources, from, path_rest_below(m->root, root->root));
	if (mount_is_fsroot(m))
		return sys_open_tree(b->sb_root_fds[from], "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	part = m->deleted ? fs_unlinked_open(b, i)
			  : path_open_beneath(b->sb_root_fds[from], m->root);
	return part < 0 ? part : sys_open_tree(part, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
}

/* A mount that was to be lent, and could not be placed, is lent in the yard. */
static int clone_from(struct build *b, uint32_t i, uint32_t from)
{
	int fd = clone_part(b, i, from);

	if (fd == -EINVAL && from != b->tree->root &&
	    yard_put(b->staging_fd, "from", from, b->sb_root_fds[from]) == 0)
		return clone_part(b, i, from);
	return fd;
}

int prepare_clone(struct build *b, uint32_t i, uint32_t from)
{
	const struct mount *m = &b->tree->mounts[i];
	int made = !m->deleted		   ? 0
		   : from == b->tree->root ? fs_unlinked_make_in_root(b, i)
					   : fs_unlinked_make(b, i);

	if (made || b->targets[i].unplaceable)
		return made;
	cleanup_fd int fd = clone_from(b, i, from);

	if (fd < 0) {
		build_unplaceable(b, i, FINDING_NO_SOURCE, NULL,
				  "what it shows, '%s' of a %s, cannot be opened: %s", m->root,
				  m->fstype, strerror(-fd));
		return 0;
	}
	bool of_root = from == b->tree->root;
	uint32_t has = of_root ? b->sources->groups[b->sources->of[from].group].attributes &
					 MOUNT_ATTR_IDMAP
			       : b->targets[from].lent;
	int err = set_attributes(b, i, fd, has, !of_root);

	b->fds[i] = err ? -EBADF : fd_take(&fd);
	return err;
}

int prepare_take(struct build *b, uint32_t i, uint32_t first)
{
	b->fds[i] = fd_take(&b->sb_root_fds[first]);
	return set_attributes(b, i, b->fds[i], 0, true);
}

int prepare_lend(struct build *b, uint32_t i, uint32_t first)
{
	const struct mount *m = &b->tree->mounts[i];

	b->fds[i] = fcntl(b->sb_root_fds[first], F_DUPFD_CLOEXEC, 0);
	if (b->fds[i] < 0)
		return log_error(-errno, "cannot keep the %s of mount %u '%s'", m->fstype, m->id,
				 m->mountpoint);
	b->targets[first].lent = attributes_at_first(b, m);
	b->targets[first].lender = i;
	return set_attributes(b, i, b->fds[i], 0, true);
}
