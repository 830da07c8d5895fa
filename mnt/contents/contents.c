// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The child that reads contents: those of visible mounts first, from the namespace itself; those of
 * covered mounts then, from a copy of the namespace (covered.c).
 */
#include "mnt/contents/contents.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/child.h"
#include "base/log.h"
#include "base/new-file.h"
#include "base/path.h"
#include "base/sys.h"
#include "archive/archive.h"
#include "image/image.h"
#include "mnt/contents/worker.h"
#include "mnt/contents/report.h"
#include "mnt/contents/rules.h"
#include "mnt/contents/unlinked.h"
#include "mnt/scan/libmount.h"
#include "mnt/ipc/progress.h"
#include "model/advice.h"
#include "model/filesystem.h"

bool contents_is_first(const struct mount_tree *tree, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (unlinked_is_ours(tree, m))
		return true;
	return m->owner == MOUNT_INTERNAL && fs && (fs->flags & FILESYSTEM_CONTENTS) &&
	       m->dev != tree->mounts[tree->root].dev &&
	       tree_first_of_superblock(tree, m) == tree_index(tree, m);
}

/* A file of huge pages, say: it can be mapped, and not written. */
static int check_data(const struct mount *m, const struct mount_contents *contents)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	/* Deleted roots of the new root's filesystem are of any type. */
	if (!fs || !(fs->flags & FILESYSTEM_NO_DATA) || !contents->bytes)
		return 0;
	return log_error(-EOPNOTSUPP,
			 "cannot keep the contents of mount %u '%s': files of a %s, %llu bytes of "
			 "them, cannot be written again (empty it, or declare the mount external)",
			 m->id, m->mountpoint, m->fstype, (unsigned long long)contents->bytes);
}

bool contents_any(const struct mount_tree *tree, unsigned int *ret_writers)
{
	unsigned int writers = 0;
	bool any = false;

	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];

		if (!contents_is_first(tree, m))
			continue;
		any = true;
		if (!contents_are_elsewhere(m))
			writers |= 1U << contents_writer(m->contents);
	}
	if (ret_writers)
		*ret_writers = writers;
	return any;
}

static int finish(struct reader *r, uint32_t first, uint64_t bytes)
{
	r->done[first] = true;
	r->n_left--;
	r->progress.mounts++;
	r->progress.bytes += bytes;
	progress_tell(&r->progress);
	return 0;
}

static void note_progress(void *data, uint64_t bytes)
{
	progress_bytes(&((struct reader *)data)->progress, bytes);
}

static int note_change(void *data, const char *path)
{
	const struct reader *r = data;

	return contents_tell_change(r->sock, r->packing, path);
}

/* Libraries are looked up below the caller's root; the way back is to where files are read. */
static int load_outside(void *data)
{
	struct reader *r = data;
	struct archive_fault fault = { "" };
	cleanup_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (r->has_zlib)
		return 0;
	if (here < 0 || setns(r->outside_fd, CLONE_NEWNS) < 0 || fchdir(r->outside_root_fd) < 0 ||
	    chroot(".") < 0)
		return log_error(-errno, "cannot go back to the caller's namespace");
	int err = archive_prepare(ARCHIVE_OURS, &fault);

	if (err)
		return log_error(err, "cannot read contents: %s", fault.text);
	r->has_zlib = true;
	if (setns(r->target->ns_fd, CLONE_NEWNS) < 0 || fchdir(here) < 0)
		return log_error(-errno, "cannot enter the namespace");
	return 0;
}

/* @dir_fd: the root of the filesystem, or where a mount stands whose own root was deleted */
static int pack_contents(struct reader *r, uint32_t first, int dir_fd)
{
	const struct mount *m = &r->tree->mounts[first];
	const struct archive_watch watch = {
		.progress = note_progress,
		.changed = note_change,
		.load = load_outside,
		.data = r,
		.ids = r->ids,
		.compress = r->compress,
	};
	cleanup(new_file_abort) struct new_file file = { .fd = -EBADF };
	cleanup(mount_contents_clear) struct mount_contents contents = { 0 };
	struct archive_fault fault = { "" };
	char name[64];

	/* Without an inventory the directory is no image: what a killed dump left is in the way. */
	unlinkat(r->image_dir_fd, image_contents_name(m, name), 0);
	int err = new_file_start(&file, r->image_dir_fd, name);

	if (err)
		return log_error(err, "cannot create '%s' in the image directory", name);
	r->packing = first;
	err = m->deleted ? archive_pack_one(dir_fd, strrchr(m->mountpoint, '/') + 1, file.fd,
					    &contents, &watch, &fault)
			 : archive_pack(dir_fd, file.fd, &contents, &watch, &fault);
	if (err == -ELIBACC)
		return err; /* said by whoever loaded it */
	/* No reading fails so. */
	if (err == -ENOSPC || err == -EDQUOT)
		return log_error(err, "cannot write '%s', the contents of mount %u '%s'", name,
				 m->id, m->mountpoint);
	if (err)
		return log_error(err, "cannot read the contents of mount %u '%s': %s", m->id,
				 m->mountpoint, fault.text);
	err = check_data(m, &contents);
	if (err)
		return err;
	err = new_file_finish(&file);
	if (!err)
		err = contents_tell(r->sock, first, &contents,
				    r->ask_sockets && !m->deleted ? dir_fd : -1);
	if (err)
		return log_error(err, "cannot write '%s'", name);
	return finish(r, first, contents.bytes);
}

int contents_pack(struct reader *r, uint32_t first, int dir_fd)
{
	const struct mount *m = &r->tree->mounts[first];

	if (m->deleted) {
		int elsewhere = unlinked_tell(r->sock, r->tree, first, dir_fd, &r->inodes);

		if (elsewhere)
			return elsewhere < 0 ? elsewhere : finish(r, first, 0);
		return pack_contents(r, first, dir_fd);
	}
	int err = pack_contents(r, first, dir_fd);

	return err ? err : unlinked_find_links(r->sock, r->tree, first, dir_fd);
}

bool contents_is_there(const struct mount *m, int fd, uint32_t *ret_mode)
{
	struct sys_mount_stat stat;

	if (sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat) || !stat.is_mount_root ||
	    stat.dev != m->dev)
		return false;
	*ret_mode = stat.mode;
	return true;
}

bool contents_is_mapped(const struct mount_tree *tree, const struct mount *m)
{
	for (uint32_t i = tree_first_of_superblock(tree, m); i != MOUNT_NONE;
	     i = tree->mounts[i].sb_next)
		if (tree->mounts[i].attributes & MOUNT_ATTR_IDMAP)
			return true;
	return false;
}

int contents_open_clean(const struct reader *r, const struct mount *m, int fd)
{
	uint32_t mode;

	if (fd < 0 || !contents_is_there(m, fd, &mode))
		return -ENOENT;
	/* EINVAL: unbindable. In a copy of the namespace it is not. */
	unsigned int flags = OPEN_TREE_CLONE | AT_EMPTY_PATH;
	/* The files' own ids are kept, not those that an id-mapped mount shows. */
	cleanup_fd int clone = contents_is_mapped(r->tree, m)
				       ? sys_open_tree_attr(fd, "", flags, MOUNT_ATTR_IDMAP)
				       : sys_open_tree(fd, "", flags);

	if (clone < 0)
		return clone;
	/* A process may replace a file by a device, and opening a device can have effects. */
	sys_mount_setattr(clone, 0, MOUNT_ATTR_NODEV, 0, 0, -1);
	int dir = openat(clone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir;
}

/*
 * From the place before, if this one is below it: mounts are listed after those that they are on,
 * and the way down a chain costs its depth. Nothing is closed by who calls.
 */
static int open_visible(struct reader *r, const struct mount *m)
{
	const char *path = mount_path(m);
	const char *rest = r->near_fd >= 0 ? path_rest_below(path, r->near) : NULL;
	int flags = O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC;
	int fd = rest && *rest ? openat(r->near_fd, rest + 1, flags) : open(path, flags);

	if (fd < 0)
		return -errno;
	fd_close(&r->near_fd);
	r->near_fd = fd;
	r->near = path;
	return fd;
}

/* What is hidden is not even looked for: the way up a stack costs its height. */
static int read_if_visible(struct reader *r, uint32_t first, const struct mount *m)
{
	if (m->ns != r->target->ns || !m->visible ||
	    tree_covering(r->tree, tree_index(r->tree, m)) != MOUNT_NONE)
		return 0;
	cleanup_fd int dir = contents_open_clean(r, m, open_visible(r, m));

	return dir < 0 ? 0 : contents_pack(r, first, dir);
}

static int read_visible(struct reader *r)
{
	for (uint32_t i = 0; i < r->tree->n; i++) {
		if (!contents_is_first(r->tree, &r->tree->mounts[i]) || r->tree->mounts[i].deleted)
			continue;
		/* Any of its mounts that shows the whole filesystem will do. */
		for (uint32_t k = i; k != MOUNT_NONE && !r->done[i];
		     k = r->tree->mounts[k].sb_next) {
			if (!mount_is_fsroot(&r->tree->mounts[k]))
				break;
			int err = read_if_visible(r, i, &r->tree->mounts[k]);

			if (err)
				return err;
		}
	}
	return 0;
}

/* In the order of paths: by the first one that shows it a deleted root is kept, on every side. */
static int read_visible_deleted(struct reader *r)
{
	int err = 0;

	tree_for_each (i, r->tree) {
		const struct mount *m = &r->tree->mounts[i];

		if (err || m->ns != r->target->ns || !m->visible || !unlinked_is_ours(r->tree, m))
			continue;
		cleanup_fd int dir = unlinked_open_parent(m);

		err = dir < 0 ? 0 : contents_pack(r, i, dir);
	}
	return err;
}

/*
 * Back to the caller's namespace. The copy of the other one is looked at from inside: what is
 * needed for that is loaded here, below the caller's own root, and no library is looked up there.
 */
static int go_outside(struct reader *r, int ns_fd, int root_fd)
{
	struct archive_fault fault = { "" };
	const char *reason;

	if (setns(ns_fd, CLONE_NEWNS) < 0 || fchdir(root_fd) < 0 || chroot(".") < 0)
		return log_error(-errno, "cannot go back to the caller's namespace");
	int err = libmount_load(&reason);

	if (err)
		return log_error(err, "libmount, which reads mount tables, cannot be loaded: %s",
				 reason);
	err = archive_prepare(ARCHIVE_OURS, &fault);
	if (err)
		return log_error(err, "cannot read contents: %s", fault.text);
	r->has_zlib = true;
	return setns(ns_fd, CLONE_NEWNS) < 0
		       ? log_error(-errno, "cannot go back to the caller's namespace")
		       : 0;
}

/* About: by the pages that are in use, without what is covered. Only for who asked. */
static void count_bytes(struct reader *r)
{
	for (uint32_t i = 0; i < r->tree->n && r->progress.fn; i++) {
		const struct mount *m = &r->tree->mounts[i];
		struct statvfs vfs;

		if (m->ns == r->target->ns && contents_is_first(r->tree, m) &&
		    advice_is_seen(r->tree, m) && statvfs(mount_path(m), &vfs) == 0)
			r->progress.all_bytes +=
				(uint64_t)(vfs.f_blocks - vfs.f_bfree) * vfs.f_frsize;
	}
}

/* In the namespace. */
static int read_inside(struct reader *r)
{
	if (setns(r->target->ns_fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot enter the namespace");
	count_bytes(r);
	int err = read_visible(r);

	fd_close(&r->near_fd);
	return err ? err : read_visible_deleted(r);
}

/* Of a set, one namespace after the other. */
static int read_each(struct reader *r, int (*read)(struct reader *r))
{
	const struct scan_target *first = r->target;
	int err = 0;

	for (; r->target && r->n_left && !err; r->target = r->target->next)
		err = read(r);
	r->target = first;
	return err;
}

/* What is visible is read inside; the uncover process starts from outside again. */
static int contents_read_all(struct reader *r)
{
	cleanup_fd int outside = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (outside < 0 || root < 0)
		return log_error(-errno, "cannot open the caller's namespace");
	r->outside_fd = outside;
	r->outside_root_fd = root;
	int err = read_each(r, read_inside);

	if (err || !r->n_left)
		return err;
	err = go_outside(r, outside, root);
	return err ? err : read_each(r, contents_read_hidden);
}

static int read_and_say(struct reader *r)
{
	int err = contents_read_all(r);

	return err ? err : ipc_send(r->sock, (struct ipc_message){ .type = IPC_DONE }, NULL, -1);
}

/* ---- in the caller ---- */

static uint32_t contents_count(const struct mount_tree *tree)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		n += contents_is_first(tree, &tree->mounts[i]);
	return n;
}

int contents_dump(const struct scan_target *target, struct mount_tree *tree, int image_dir_fd,
		  const struct progress *progress, struct hooks_host *host, struct changes *changes,
		  const struct mount_idmap *ids, unsigned int compress)
{
	struct reader r = {
		.ask_sockets = hooks_has(host, CR_PLUGIN_HOOK__DUMP_UNIX_SK),
		.target = target,
		.tree = tree,
		.image_dir_fd = image_dir_fd,
		.ids = ids,
		.compress = compress,
		.near_fd = -EBADF,
		.uncovered = ASIDE_NONE,
		.n_left = contents_count(tree),
		.progress = *progress,
	};
	cleanup_free bool *done = r.n_left ? calloc(tree->n, sizeof(*done)) : NULL;
	cleanup_fd int sock = -EBADF;

	if (!r.n_left)
		return 0;
	int err = unlinked_look(target, tree);

	if (err)
		return log_error(err, "cannot read contents");
	if (!done)
		return log_error(-ENOMEM, "cannot read contents");
	r.done = done;
	r.progress.doing = "reading contents";
	r.progress.all_mounts = r.n_left;
	pid_t pid = child_fork_socket(&sock);

	if (pid == 0) {
		r.sock = r.progress.sock = sock;
		child_keep_heap();
		log_to(ipc_log_sink, &r.sock, log_max());
		_exit(read_and_say(&r) ? 1 : 0);
	}
	if (pid < 0)
		return log_error(pid, "cannot fork");
	err = contents_hear(tree, sock, progress, host, changes);
	fd_close(&sock);
	if (cancel_is_seen())
		child_kill(&pid);
	int status = 0, ended = pid ? child_wait(pid, &status) : 0;

	if (!err && ended && WIFSIGNALED(status))
		return log_error(ended, "cannot read contents");
	if (err || ended)
		return err ? err : -EIO;
	return unlinked_settle(tree);
}

#define WARNINGS_MAX 100

void contents_warn(const struct changes *changes)
{
	for (size_t i = 0; i < changes->n && i < WARNINGS_MAX; i++)
		log_warn("mount %u: '%s' changed while it was copied", changes->list[i].mount_id,
			 changes->list[i].path);
	if (changes->n > WARNINGS_MAX)
		log_warn("and %zu more files changed while they were copied",
			 changes->n - WARNINGS_MAX);
}

void contents_forget(const struct mount_tree *tree, int image_dir_fd)
{
	char name[64];

	for (uint32_t i = 0; i < tree->n; i++)
		/* Also where it was not told: the message may be what was lost. */
		if (contents_is_first(tree, &tree->mounts[i]))
			unlinkat(image_dir_fd, image_contents_name(&tree->mounts[i], name), 0);
}
