// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The child that reads contents. What is visible comes first, from the namespace itself. Whatever
 * is hidden comes from a copy of the namespace, made by a child of its own, the peeler: from the
 * top down, each mount is read when everything on it is gone, and then unmounted, so that what it
 * covered comes to light. Before the first umount all of the copy is private, and that is checked:
 * an umount that propagated would be one in the source.
 */
#include "mnt/contents.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "image/archive.h"
#include "image/image.h"
#include "mnt/contents-talk.h"
#include "mnt/deleted.h"
#include "mnt/libmount.h"
#include "mnt/progress.h"
#include "model/filesystem.h"

struct reader {
	const struct scan_target *target;
	const struct mount_tree *tree;
	int image_dir_fd, sock;
	int peeler_sock; /* in the peeler: to the reader */
	int proc_fd; /* in the peeler: its /proc/self, opened before the namespace was entered */
	uint32_t n_left; /* superblocks not read yet */
	struct progress progress;
	bool ask_sockets;
	bool *done;	     /* by first mount */
	struct table inodes; /* of deleted roots that were read; given back by the exit */
};

bool contents_is_first(const struct mount_tree *tree, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (deleted_is_ours(tree, m))
		return true;
	return m->owner == MOUNT_INTERNAL && fs && (fs->flags & FILESYSTEM_CONTENTS) &&
	       m->dev != tree->mounts[tree->root].dev &&
	       tree_first_of_superblock(tree, m) == tree_index(tree, m);
}

/* A file of huge pages, say: it can be mapped, and not written. */
static int check_data(const struct mount *m, const struct mount_contents *contents)
{
	if (!(filesystem_find(m->fstype)->flags & FILESYSTEM_NO_DATA) || !contents->bytes)
		return 0;
	return log_error(-EOPNOTSUPP,
			 "cannot keep the contents of mount %u '%s': files of a %s, %llu bytes of "
			 "them, cannot be written again (empty it, or declare the mount external)",
			 m->id, m->mountpoint, m->fstype, (unsigned long long)contents->bytes);
}

bool contents_any(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (contents_is_first(tree, &tree->mounts[i]))
			return true;
	return false;
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

/* @dir_fd: the root of the filesystem, or where a mount stands whose own root was deleted */
static int pack_contents(struct reader *r, uint32_t first, int dir_fd)
{
	const struct mount *m = &r->tree->mounts[first];
	cleanup(image_file_abort) struct image_file file = { .fd = -EBADF };
	cleanup(mount_contents_clear) struct mount_contents contents = { 0 };
	struct archive_fault fault = { "" };
	char name[64];

	/* Without an inventory the directory is no image: what a killed dump left is in the way. */
	unlinkat(r->image_dir_fd, image_contents_name(m, name), 0);
	int err = image_file_start(&file, r->image_dir_fd, name);

	if (err)
		return log_error(err, "cannot create '%s' in the image directory", name);
	err = m->deleted ? archive_pack_one(dir_fd, strrchr(m->mountpoint, '/') + 1, file.fd,
					    &contents, progress_bytes, &r->progress, &fault)
			 : archive_pack(dir_fd, file.fd, &contents, progress_bytes, &r->progress,
					&fault);
	if (err)
		return log_error(err, "cannot read the contents of mount %u '%s': %s", m->id,
				 m->mountpoint, fault.text);
	err = check_data(m, &contents);
	if (err)
		return err;
	err = image_file_finish(&file);
	if (!err)
		err = contents_tell(r->sock, first, &contents,
				    r->ask_sockets && !m->deleted ? dir_fd : -1);
	if (err)
		return log_error(err, "cannot write '%s'", name);
	return finish(r, first, contents.bytes);
}

static int pack(struct reader *r, uint32_t first, int dir_fd)
{
	const struct mount *m = &r->tree->mounts[first];

	if (m->deleted) {
		int elsewhere = deleted_tell(r->sock, r->tree, first, dir_fd, &r->inodes);

		if (elsewhere)
			return elsewhere < 0 ? elsewhere : finish(r, first, 0);
		return pack_contents(r, first, dir_fd);
	}
	int err = pack_contents(r, first, dir_fd);

	return err ? err : deleted_find_links(r->sock, r->tree, first, dir_fd);
}

/* Is the visible directory at the mount's path the root of its superblock? In a copy ids differ. */
static bool is_there(const struct mount *m, int fd)
{
	struct sys_mount_stat stat;

	return sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat) == 0 && stat.is_mount_root &&
	       stat.dev == m->dev;
}

/* Is any mount of this superblock id-mapped? Which one a path leads to is not known in a copy. */
static bool is_mapped(const struct mount_tree *tree, const struct mount *m)
{
	for (uint32_t i = tree_first_of_superblock(tree, m); i != MOUNT_NONE;
	     i = tree->mounts[i].sb_next)
		if (tree->mounts[i].attributes & MOUNT_ATTR_IDMAP)
			return true;
	return false;
}

static int open_place(const struct mount *m)
{
	int fd = open(m->mountpoint, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A clean view of the mount whose root this is, or a negative errno: it is another one. */
static int open_clean(const struct reader *r, const struct mount *m, int fd)
{
	if (fd < 0 || !is_there(m, fd))
		return -ENOENT;
	/* EINVAL: unbindable. In a copy of the namespace it is not. */
	unsigned int flags = OPEN_TREE_CLONE | AT_EMPTY_PATH;
	/* The files' own ids are kept, not those that an id-mapped mount shows. */
	cleanup_fd int clone = is_mapped(r->tree, m)
				       ? sys_open_tree_attr(fd, "", flags, MOUNT_ATTR_IDMAP)
				       : sys_open_tree(fd, "", flags);

	if (clone < 0)
		return clone;
	int dir = openat(clone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir;
}

/* What is hidden is not even looked for: the way up a stack costs its height. */
static int read_if_visible(struct reader *r, uint32_t first, const struct mount *m)
{
	if (!m->visible)
		return 0;
	cleanup_fd int place = open_place(m);
	cleanup_fd int dir = open_clean(r, m, place);

	return dir < 0 ? 0 : pack(r, first, dir);
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

		if (err || !m->visible || !deleted_is_ours(r->tree, m))
			continue;
		cleanup_fd int dir = deleted_open_place(m);

		err = dir < 0 ? 0 : pack(r, i, dir);
	}
	return err;
}

/* In the peeler: let the reader read it, and wait until it has. */
static int hand_up(struct reader *r, uint32_t first, int dir_fd)
{
	int err = fd_send(r->peeler_sock, &first, sizeof(first), dir_fd);
	char word;

	if (err)
		return err;
	if (fd_recv(r->peeler_sock, &word, 1, NULL) != 1)
		return -EPIPE;
	r->done[first] = true;
	r->n_left--;
	return 0;
}

/* What was stacked on the root is gone, and we with it: into what it covered. */
static int enter_again(const struct reader *r)
{
	cleanup_fd int own = openat(r->proc_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);

	return own < 0 || setns(own, CLONE_NEWNS) < 0 ? -errno : 0;
}

static int hand_up_if_ours(struct reader *r, uint32_t i, int place)
{
	const struct mount *m = &r->tree->mounts[i];
	uint32_t first = tree_first_of_superblock(r->tree, m);

	if (contents_is_first(r->tree, &r->tree->mounts[first]) && !r->done[first] &&
	    mount_is_fsroot(m)) {
		cleanup_fd int dir = open_clean(r, m, place);
		int err = dir < 0 ? 0 : hand_up(r, first, dir);

		if (err)
			return err;
	}
	if (deleted_is_ours(r->tree, m) && !r->done[i]) {
		cleanup_fd int dir = deleted_open_place(m);

		return dir < 0 ? 0 : hand_up(r, i, dir);
	}
	return 0;
}

/*
 * From inside, a directory's mount goes without another way up the stack that it is on. One that is
 * locked to its place stays; whatever it hides is missed below.
 */
static int remove_cover(const struct reader *r, const struct mount *m, int place)
{
	bool is_root = !m->mountpoint[1];
	bool inside = !is_root && place >= 0 && is_there(m, place) && fchdir(place) == 0;

	if (umount2(inside ? "." : m->mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 && is_root)
		return enter_again(r);
	return 0;
}

/* In the copy, on our way down: everything on this mount is gone by now. */
static int read_and_remove(struct reader *r, uint32_t i)
{
	const struct mount *m = &r->tree->mounts[i];
	cleanup_fd int place = open_place(m);
	int err = hand_up_if_ours(r, i, place);

	return err || m->parent == MOUNT_NONE ? err : remove_cover(r, m, place);
}

/* Children by ascending path: what is stacked on a mount goes first, then "/a", then "/a/b". */
static uint32_t *sorted_children(const struct mount_tree *tree, uint32_t *ret_last)
{
	uint32_t *before = malloc(tree->n * sizeof(*before));

	if (!before)
		return NULL;
	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t previous = MOUNT_NONE;

		for (uint32_t c = tree->mounts[i].first_child; c != MOUNT_NONE;
		     c = tree->mounts[c].next) {
			before[c] = previous;
			previous = c;
		}
		ret_last[i] = previous;
	}
	return before;
}

static int peel(struct reader *r)
{
	cleanup_free uint32_t *last = malloc(r->tree->n * sizeof(*last));
	cleanup_free uint32_t *before = last ? sorted_children(r->tree, last) : NULL;
	uint32_t i = r->tree->root;

	if (!before)
		return -ENOMEM;
	while (r->n_left) {
		while (last[i] != MOUNT_NONE)
			i = last[i];
		int err = read_and_remove(r, i);

		if (err || r->tree->mounts[i].parent == MOUNT_NONE)
			return err;
		/* On with its next sibling; its parent's turn comes when none is left. */
		last[r->tree->mounts[i].parent] = before[i];
		i = r->tree->mounts[i].parent;
	}
	return 0;
}

/* What lies below a mount that is stacked on the root was not reached by MS_PRIVATE, but it is in
 * the tree. */
static int check_unreached(const struct mount_tree *tree)
{
	cleanup_free bool *reached = calloc(tree->n, sizeof(*reached));
	uint32_t top = tree_top(tree, tree->root);

	if (!reached)
		return -ENOMEM;
	tree_for_each (i, tree) {
		uint32_t parent = tree->mounts[i].parent;

		reached[i] = i == top || (parent != MOUNT_NONE && reached[parent]);
		if (!reached[i] && tree->mounts[i].shared)
			return -EBUSY;
	}
	return 0;
}

/*
 * Is nothing of the copy shared? An umount would propagate to the namespace that is dumped.
 */
static int check_private(const struct reader *r)
{
	cleanup_fd int mountinfo = openat(r->proc_fd, "mountinfo", O_RDONLY | O_CLOEXEC);
	cleanup_tree struct mount_tree tree = { 0 };
	struct tree_fault fault;
	int err = mountinfo < 0 ? -errno : scan_text(mountinfo, &tree, &fault);

	for (uint32_t i = 0; i < tree.n && !err; i++)
		if (tree.mounts[i].shared)
			err = -EBUSY;
	return err ? err : check_unreached(r->tree);
}

/* A copy made with other credentials would have all its mounts locked together. */
static int enter_owner(struct reader *r)
{
	cleanup_fd int owner = ioctl(r->target->ns_fd, NS_GET_USERNS);
	cleanup_fd int own = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	struct stat left, right;

	if (owner < 0 || own < 0 || fstat(owner, &left) < 0 || fstat(own, &right) < 0)
		return -errno;
	if (left.st_dev == right.st_dev && left.st_ino == right.st_ino)
		return 0;
	return setns(owner, CLONE_NEWUSER) < 0 ? -errno : 0;
}

static int copy_namespace(struct reader *r)
{
	int err = enter_owner(r);

	if (err || setns(r->target->ns_fd, CLONE_NEWNS) < 0)
		return log_error(err ? err : -errno,
				 "cannot enter the namespace to read what is hidden in it");
	if (fchdir(r->target->root_fd) < 0 || chroot(".") < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return log_error(-errno, "cannot copy the namespace to read what is hidden in it");
	err = check_private(r);
	if (err)
		return log_error(
			err, "cannot read hidden mounts: the copy of the namespace is not private");
	return chdir("/") < 0 ? -errno : 0;
}

/* The peeler takes covers off a copy; it may belong to a user namespace, so it does not read
 * itself. */
static int run_peeler(struct reader *r)
{
	cleanup_fd int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = proc_fd < 0 ? -errno : 0;

	r->proc_fd = proc_fd;
	if (!err)
		err = copy_namespace(r);
	if (!err)
		err = peel(r);
	for (uint32_t i = 0; i < r->tree->n && !err; i++) {
		const struct mount *m = &r->tree->mounts[i];

		if (contents_is_first(r->tree, m) && !r->done[i])
			err = log_error(
				-EBUSY,
				"cannot read the hidden contents of mount %u '%s': what covers it is locked",
				m->id, m->mountpoint);
	}
	return err;
}

static int pack_what_is_handed(struct reader *r, int sock)
{
	uint32_t first;
	int fd, err = 0;

	while (!err && fd_recv(sock, &first, sizeof(first), &fd) == sizeof(first)) {
		cleanup_fd int dir = fd;

		err = first < r->tree->n && dir >= 0 ? pack(r, first, dir) : -EPROTO;
		if (!err)
			err = fd_send(sock, "d", 1, -1);
	}
	return err;
}

static int read_hidden(struct reader *r)
{
	int pair[2];
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	cleanup_child pid_t pid = child_fork();

	if (pid == 0) {
		close(mine);
		r->peeler_sock = its;
		_exit(run_peeler(r) ? 1 : 0);
	}
	fd_close(&its);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	err = pack_what_is_handed(r, mine);
	if (err)
		return err;
	err = child_wait(pid, NULL);
	pid = 0;
	return err;
}

/* What is visible is read inside; the peeler starts from outside again. */
static int read_all(struct reader *r)
{
	cleanup_fd int outside = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (outside < 0 || setns(r->target->ns_fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot enter the namespace");
	int err = read_visible(r);

	if (!err)
		err = read_visible_deleted(r);
	if (err || !r->n_left)
		return err;
	if (setns(outside, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot go back to the caller's namespace");
	return read_hidden(r);
}

/* ---- in the caller ---- */

static uint32_t count(const struct mount_tree *tree)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		n += contents_is_first(tree, &tree->mounts[i]);
	return n;
}

int contents_dump(const struct scan_target *target, struct mount_tree *tree, int image_dir_fd,
		  const struct progress *progress, struct hooks_host *host)
{
	struct reader r = {
		.ask_sockets = hooks_has(host, CR_PLUGIN_HOOK__DUMP_UNIX_SK),
		.target = target,
		.tree = tree,
		.image_dir_fd = image_dir_fd,
		.n_left = count(tree),
		.progress = *progress,
	};
	cleanup_free bool *done = r.n_left ? calloc(tree->n, sizeof(*done)) : NULL;
	struct archive_fault fault = { "" };
	int pair[2];

	if (!r.n_left)
		return 0;
	const char *reason;
	int err = deleted_look(target, tree);

	if (!err)
		err = archive_prepare(&fault);

	if (err)
		return log_error(err, "cannot read contents: %s", fault.text);
	/* The copy of the namespace is looked at from inside: no library is to be looked up there.
	 */
	err = libmount_load(&reason);
	if (err)
		return log_error(err, "libmount cannot be loaded: %s", reason);
	err = done ? fd_pair(pair) : -ENOMEM;

	if (err)
		return log_error(err, "cannot read contents");
	cleanup_fd int sock = pair[0];
	cleanup_fd int other = pair[1];

	r.done = done;
	r.sock = r.progress.sock = other;
	r.progress.doing = "reading contents";
	r.progress.all_mounts = r.n_left;
	pid_t pid = child_fork();

	if (pid == 0) {
		log_to(talk_log_sink, &r.sock, log_max());
		_exit(read_all(&r) ? 1 : 0);
	}
	if (pid < 0)
		return log_error(pid, "cannot fork");
	fd_close(&other);
	err = contents_hear(tree, sock, progress, host);
	fd_close(&sock);
	int ended = child_wait(pid, NULL);

	if (err || ended)
		return err ? err : -EIO;
	return deleted_settle(tree);
}

void contents_forget(const struct mount_tree *tree, int image_dir_fd)
{
	char name[64];

	for (uint32_t i = 0; i < tree->n; i++)
		if (contents_is_first(tree, &tree->mounts[i]) && tree->mounts[i].contents)
			unlinkat(image_dir_fd, image_contents_name(&tree->mounts[i], name), 0);
}
