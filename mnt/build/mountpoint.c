// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An entry is created under a unique name, examined, and renamed without replacing anything. So the
 * process that cleans up knows our entries by device and inode. The caller is told the unique name
 * before it exists, and the inode before it gets its real name: so it knows all of them, at
 * whatever moment the builder is killed.
 */
#include "mnt/build/mountpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "mnt/source/clone.h"
#include "model/filesystem.h"

static const char *unique_name(const char *name, char buf[64])
{
	snprintf(buf, 64, ".rebind-%d-%llx", (int)getpid(),
		 (unsigned long long)table_hash_bytes(name, strlen(name)));
	return buf;
}

static int make_entry(int dir_fd, const char *name, enum mount_kind kind)
{
	if (kind == MOUNT_KIND_DIRECTORY)
		return mkdirat(dir_fd, name, 0755) < 0 ? -errno : 0;
	cleanup_fd int fd =
		openat(dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

int mountpoint_list(struct build *b, int dir_fd, const char *name, const char *temporary)
{
	struct ipc_message message = { .type = IPC_MADE };
	int answer = 0;
	int err =
		ipc_send(b->caller_fd, message, (const char *const[4]){ name, temporary }, dir_fd);

	/* Not before the caller has it in its journal. */
	if (!err)
		err = ipc_await(b->caller_fd, IPC_ANSWER, &answer, NULL);
	if (!err)
		err = answer;
	if (!err)
		err = journal_add(&b->journal, dir_fd, name, temporary);
	/* From now on we must outlive our caller, to take back what we made; its end is heard by
	 * the socket. Before, nothing that we wait for, a plugin say, has to delay ours. */
	prctl(PR_SET_PDEATHSIG, 0);
	return err;
}

int mountpoint_put(struct build *b, int dir_fd, const char *name, const char *temporary)
{
	struct stat stat;

	if (fstatat(dir_fd, temporary, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	struct ipc_message message = {
		.type = IPC_MADE_AS,
		.inode = { stat.st_dev, stat.st_ino },
	};
	int err = ipc_send(b->caller_fd, message, NULL, -1);
	journal_made(&b->journal, stat.st_dev, stat.st_ino);
	if (!err && renameat2(dir_fd, temporary, dir_fd, name, RENAME_NOREPLACE) < 0)
		err = -errno;
	return err;
}

int mountpoint_make_listed(struct build *b, int dir_fd, const char *name, enum mount_kind kind)
{
	char temporary[64];
	int err = mountpoint_list(b, dir_fd, name, unique_name(name, temporary));

	if (!err)
		err = make_entry(dir_fd, temporary, kind);
	return err ? err : mountpoint_put(b, dir_fd, name, temporary);
}

/* Down the path from @dir_fd, making what is missing; the last component is of the mount's kind. */
static int make_path(struct build *b, int dir_fd, const char *path, enum mount_kind kind,
		     bool listed)
{
	cleanup_fd int at = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);

	for (path += strspn(path, "/"); at >= 0 && *path;) {
		size_t n = strcspn(path, "/");
		const char *rest = path + n + strspn(path + n, "/");
		cleanup_free char *name = strndup(path, n);
		enum mount_kind what = *rest ? MOUNT_KIND_DIRECTORY : kind;
		struct stat stat;
		int err = 0;

		if (!name)
			return -ENOMEM;
		if (fstatat(at, name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
			err = errno != ENOENT ? -errno
			      : listed	      ? mountpoint_make_listed(b, at, name, what)
					      : make_entry(at, name, what);
		if (err)
			return err;
		int next = path_open_beneath(at, name);

		fd_close(&at);
		at = next;
		path = rest;
	}
	return at < 0 ? at : 0;
}

/* Is it a superblock that is made for this restore alone, in which names can be made? */
static bool is_of_our_own(const struct mount_tree *tree, const struct mount *parent)
{
	const struct filesystem *fs = filesystem_find(parent->fstype);

	return parent->owner == MOUNT_INTERNAL && parent->dev != tree->mounts[tree->root].dev &&
	       fs && !(fs->flags & (FILESYSTEM_SINGLE | FILESYSTEM_OF_NAMESPACE));
}

/* A mount on the new root, where that is the caller's own. */
static bool is_in_callers_root(const struct rebind_restore_options *options,
			       const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *parent = tree_parent(tree, m);

	return !options->root && !options->root_fd && parent->dev == tree->mounts[tree->root].dev &&
	       (parent->owner == MOUNT_ROOT || parent->owner == MOUNT_INTERNAL);
}

const char *mountpoint_hint(const struct rebind_restore_options *options,
			    const struct mount_tree *tree, const struct mount *m)
{
	return is_in_callers_root(options, tree, m)
		       ? " in your own root, which is the new root without --root"
		       : "";
}

const char *mountpoint_advice(const struct rebind_restore_options *options,
			      const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *parent = tree_parent(tree, m);
	bool of_root = parent->owner == MOUNT_ROOT || parent->dev == tree->mounts[tree->root].dev;

	if (options->create_mountpoints || (parent->owner == MOUNT_INTERNAL && !of_root))
		return NULL;
	if (is_in_callers_root(options, tree, m))
		return "--root PATH, if another root than your own is meant; else "
		       "--create-mountpoints";
	return "--create-mountpoints";
}

int mountpoint_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const char *path = tree_relative(b->tree, m);
	enum mount_kind kind =
		b->targets[i].kind == MOUNT_KIND_FILE ? MOUNT_KIND_FILE : MOUNT_KIND_DIRECTORY;
	const struct mount *parent = &b->tree->mounts[m->parent];

	if (is_of_our_own(b->tree, parent))
		return make_path(b, b->fds[m->parent], path, kind, false);
	/* The host's, or the kernel's: a directory in a cgroup filesystem is a cgroup. */
	if (parent->owner == MOUNT_INTERNAL && parent->dev != b->tree->mounts[b->tree->root].dev)
		return -ENOENT;
	if (!b->options->create_mountpoints)
		return -ENOENT;
	if (parent->owner != MOUNT_ROOT && parent->owner != MOUNT_EXTERNAL)
		return make_path(b, b->fds[m->parent], path, kind, true);
	cleanup_fd int source = source_open(b->sources, m->parent, "");

	return source < 0 ? source : make_path(b, source, path, kind, true);
}
