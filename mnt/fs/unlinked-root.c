// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A mount of the new root's filesystem can show a directory or a file that was deleted there. That
 * filesystem is not ours: what is made in it stands in the journal, as mountpoints do, and is taken
 * back with them. It gets the name that it had, which has to be free; directories on the way that
 * are gone as well are made likewise. When all mounts of them stand they are deleted, the last one
 * first: the journal remembers names and inodes, and an inode that is gone is nothing to undo.
 *
 * The data of a file are unpacked in a directory of its own, and listed before that begins.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/build/mountpoint.h"
#include "mnt/contents/contents.h"
#include "mnt/fs/fs.h"
#include "mnt/source/clone.h"

static const char *rest_of(const struct build *b, const struct mount *m)
{
	return path_rest_below(m->root, b->tree->mounts[b->tree->root].root);
}

static int make_directory(struct build *b, const struct mount *kept, int at, const char *name)
{
	int err = mountpoint_make_listed(b, at, name, MOUNT_KIND_DIRECTORY);
	cleanup_fd int fd = err || !kept ? err : path_open_beneath(at, name);

	if (err || !kept)
		return err;
	return fd < 0 ? fd : fs_unpack(b, kept, kept->contents, fd, NULL);
}

static int make_file(struct build *b, const struct mount *kept, int at, const char *name)
{
	char room[64], one[96];

	if (!kept)
		return mountpoint_make_listed(b, at, name, MOUNT_KIND_FILE);
	snprintf(room, sizeof(room), ".rebind-deleted-%d-%u", (int)getpid(), kept->id);
	snprintf(one, sizeof(one), "%s/" ARCHIVE_ONE_NAME, room);
	int err = mountpoint_make_listed(b, at, room, MOUNT_KIND_DIRECTORY);

	if (!err)
		err = mountpoint_list(b, at, name, one);
	cleanup_fd int fd = err ? err : path_open_beneath(at, room);

	if (fd < 0)
		return fd;
	err = fs_unpack(b, kept, kept->contents, fd, NULL);
	if (!err)
		err = mountpoint_put(b, at, name, one);
	return err ? err : unlinkat(at, room, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* The directory in which its name is to be, with what is missing on the way. */
static int open_directory(struct build *b, const char *path, const char **ret_name)
{
	cleanup_fd int at = source_open(b->sources, b->tree->root, "");

	for (path += strspn(path, "/"); at >= 0 && strchr(path, '/');) {
		size_t n = strcspn(path, "/");
		cleanup_free char *name = strndup(path, n);
		int next = name ? path_open_beneath(at, name) : -ENOMEM;

		if (next == -ENOENT) {
			int err = mountpoint_make_listed(b, at, name, MOUNT_KIND_DIRECTORY);

			next = err ? err : path_open_beneath(at, name);
		}
		fd_close(&at);
		at = next;
		path += n + strspn(path + n, "/");
	}
	*ret_name = path;
	return fd_take(&at);
}

static int unlinked_root_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const struct mount *kept = NULL;
	int err = fs_unlinked_kept_by(b, m, &kept);
	const char *name;

	if (err)
		return err;
	cleanup_fd int at = open_directory(b, rest_of(b, m), &name);
	struct stat stat;

	if (at < 0)
		return at;
	if (fstatat(at, name, &stat, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return m->kind == MOUNT_KIND_FILE ? make_file(b, kept, at, name)
					  : make_directory(b, kept, at, name);
}

int fs_unlinked_make_in_root(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	size_t from = b->journal.n, n = strlen(m->root);
	bool is_made = names_get(&b->unlinked.in_root, m->root, n) != TABLE_NONE;
	int err = names_put(&b->unlinked.in_root, m->root, n, i);

	if (!err && !is_made)
		err = unlinked_root_make(b, i);
	for (size_t k = from; k < b->journal.n; k++)
		b->journal.list[k].to_delete = true;
	if (!err)
		return 0;
	if (err != -EEXIST && err != -EROFS && err != -ENOTDIR)
		return log_error(err, "cannot make '%s', the deleted root of mount %u '%s'",
				 m->root, m->id, m->mountpoint);
	build_unplaceable(b, i, FINDING_DELETED, NULL,
			  "its root '%s' had been deleted, and cannot be made: %s", m->root,
			  err == -EROFS ? "the new root's filesystem is read-only"
					: "something else has that name in the new root");
	return 0;
}

int fs_unlinked_delete_in_root(struct build *b)
{
	for (size_t i = b->journal.n; i-- > 0;) {
		const struct journal_entry *entry = &b->journal.list[i];
		struct stat stat;

		if (!entry->to_delete || !entry->inode ||
		    fstatat(entry->dir_fd, entry->name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
		    stat.st_ino != entry->inode || stat.st_dev != entry->device)
			continue;
		if (unlinkat(entry->dir_fd, entry->name, S_ISDIR(stat.st_mode) ? AT_REMOVEDIR : 0) <
		    0)
			return log_error(-errno, "cannot delete '%s' of the new root again",
					 entry->name);
	}
	return 0;
}
