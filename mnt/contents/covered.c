// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Covered mounts are read from a copy of the namespace, which a child of its own makes, the uncover
 * process. From the top down, each mount is read when nothing covers it any more, and then moved
 * aside to uncover the next one. Before that, all mounts of the copy are made private, and this is
 * checked: otherwise an unmount would propagate to the namespace that is dumped.
 */
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/sys.h"
#include "mnt/contents/worker.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/unlinked.h"
#include "model/advice.h"

/*
 * How far the uncover process may be ahead of the reader: descriptors under way count against its
 * user.
 */
#define AHEAD_MAX 32

/* In the uncover process: until no more than that many mounts are unread. */
static int wait_for_reader(struct reader *r, unsigned int ahead)
{
	char word;

	for (; r->ahead > ahead; r->ahead--)
		if (fd_recv(r->uncover_sock, &word, 1, NULL) != 1)
			return -EPIPE;
	return 0;
}

/*
 * Let the reader read it, while we go on. To walk up a stack of mounts takes time in proportion to
 * its height, and much less if their structures lie side by side in the kernel's memory.
 */
static int hand_up(struct reader *r, uint32_t first, int dir_fd)
{
	int err = fd_send(r->uncover_sock, &first, sizeof(first), dir_fd);

	if (err)
		return err;
	r->done[first] = true;
	r->n_left--;
	return ++r->ahead < AHEAD_MAX ? 0 : wait_for_reader(r, AHEAD_MAX / 2);
}

/* What was stacked on the root is gone, and we with it: into what it covered. */
static int enter_again(const struct reader *r)
{
	cleanup_fd int own = openat(r->proc_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);

	return own < 0 || setns(own, CLONE_NEWNS) < 0 ? -errno : 0;
}

/* All that was on it is gone, as a rule: a clone would show nothing else. */
static int open_uncovered(const struct reader *r, uint32_t i, int place)
{
	const struct mount *m = &r->tree->mounts[i];

	if (r->stuck[i] || contents_is_mapped(r->tree, m))
		return contents_open_clean(r, m, place);
	/* As there: hidden or not, who has it open may put a device in the place of a file. */
	sys_mount_setattr(place, 0, MOUNT_ATTR_NODEV, 0, 0, -1);
	int dir = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir;
}

static int hand_up_if_ours(struct reader *r, uint32_t i, int place)
{
	const struct mount *m = &r->tree->mounts[i];
	uint32_t first = tree_first_of_superblock(r->tree, m);

	if (contents_is_first(r->tree, &r->tree->mounts[first]) && !r->done[first] &&
	    mount_is_fsroot(m) && place >= 0) {
		cleanup_fd int dir = open_uncovered(r, i, place);
		int err = dir < 0 ? 0 : hand_up(r, first, dir);

		if (err)
			return err;
	}
	if (unlinked_is_ours(r->tree, m) && !r->done[i]) {
		cleanup_fd int dir = unlinked_open_parent(m);
		int err = dir < 0 ? 0 : hand_up(r, i, dir);

		/* It is read by its name, where it stands. */
		return err ? err : wait_for_reader(r, 0);
	}
	return 0;
}

/* One that is locked to its place stays; whatever it hides is missed below. */
static int remove_cover(struct reader *r, uint32_t i, int place, bool is_directory)
{
	const struct mount *m = &r->tree->mounts[i];
	bool is_root = !mount_path(m)[1];

	if (!is_root && place >= 0 && uncover_move(&r->uncovered, place, is_directory) == 0)
		return 0;
	/* Else it would be what is on top there. */
	if (is_root)
		uncover_drop(&r->uncovered);
	/* From inside, a directory's mount goes without another way up the stack that it is on. */
	bool inside = !is_root && place >= 0 && fchdir(place) == 0;

	if (umount2(inside ? "." : mount_path(m), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		r->stuck[m->parent] = true;
	else if (is_root)
		return enter_again(r);
	return 0;
}

/* What is on top at a mount's path, if it is that mount. */
static int open_place(const struct mount *m, bool *ret_is_directory)
{
	cleanup_fd int fd = open(mount_path(m), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint32_t mode;

	if (fd < 0 || !contents_is_there(m, fd, &mode))
		return -ENOENT;
	*ret_is_directory = S_ISDIR(mode);
	return fd_take(&fd);
}

/* In the copy, on our way down: everything on this mount is gone by now. */
static int read_and_remove(struct reader *r, uint32_t i)
{
	const struct mount *m = &r->tree->mounts[i];
	bool is_directory = false;
	cleanup_fd int place = open_place(m, &is_directory);
	int err = hand_up_if_ours(r, i, place);

	return err || m->parent == MOUNT_NONE ? err : remove_cover(r, i, place, is_directory);
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

static int uncover_all(struct reader *r)
{
	cleanup_free uint32_t *last = malloc(r->tree->n * sizeof(*last));
	cleanup_free uint32_t *before = last ? sorted_children(r->tree, last) : NULL;
	cleanup_free bool *stuck = calloc(r->tree->n, sizeof(*stuck));
	uint32_t i = tree_root_of(r->tree, r->target->ns);

	if (!before || !stuck)
		return -ENOMEM;
	r->stuck = stuck;
	while (r->n_left) {
		while (last[i] != MOUNT_NONE)
			i = last[i];
		int err = read_and_remove(r, i);

		if (err)
			return err;
		if (r->tree->mounts[i].parent == MOUNT_NONE)
			break;
		/* On with its next sibling; its parent's turn comes when none is left. */
		last[r->tree->mounts[i].parent] = before[i];
		i = r->tree->mounts[i].parent;
	}
	return wait_for_reader(r, 0);
}

/* What lies below a mount that is stacked on the root was not reached by MS_PRIVATE, but it is in
 * the tree. */
static int check_unreached(const struct mount_tree *tree, uint32_t ns)
{
	cleanup_free bool *reached = calloc(tree->n, sizeof(*reached));
	uint32_t top = tree_top(tree, tree_root_of(tree, ns));

	if (!reached)
		return -ENOMEM;
	tree_for_each (i, tree) {
		uint32_t parent = tree->mounts[i].parent;

		reached[i] = i == top || (parent != MOUNT_NONE && reached[parent]);
		if (!reached[i] && tree->mounts[i].ns == ns && tree->mounts[i].shared)
			return log_error(
				-EBUSY,
				"cannot read hidden contents: mount %u '%s' is shared and lies below what covers the root, where no path leads: to uncover it in a copy would uncover it here (unmount the cover, or make it private)",
				tree->mounts[i].id, tree->mounts[i].mountpoint);
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

	if (err)
		return log_error(err, "cannot read the mounts of the copied namespace");
	for (uint32_t i = 0; i < tree.n; i++)
		if (tree.mounts[i].shared)
			return log_error(
				-EBUSY,
				"cannot read hidden contents: in a copy of the namespace mount %u '%s' is still shared",
				tree.mounts[i].id, tree.mounts[i].mountpoint);
	return check_unreached(r->tree, r->target->ns);
}

/* A copy made with other credentials would have all its mounts locked together. */
static int enter_owner(struct reader *r)
{
	cleanup_fd int owner = ioctl(r->target->ns_fd, NS_GET_USERNS);

	if (owner < 0)
		return -errno;
	if (ns_is_own(owner, "user"))
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
		return err;
	return chdir("/") < 0 ? -errno : 0;
}

/* Where user namespaces are nested, the kernel has locked what came from an outer one. */
static int report_locked(const struct reader *r)
{
	int err = 0;

	for (uint32_t i = 0; i < r->tree->n; i++) {
		const struct mount *m = &r->tree->mounts[i];
		cleanup_free char *help = NULL;

		if (!contents_is_first(r->tree, m) || r->done[i])
			continue;
		help = advice_external(r->tree, m);
		err = log_error(-EBUSY,
				"cannot read the hidden contents of mount %u '%s': what covers it, "
				"or is mounted on it, is locked; pass %s",
				m->id, m->mountpoint, help ? help : "--external");
	}
	return err;
}

/*
 * The uncover process takes covers off a copy; it may belong to a user namespace, so it does not
 * read itself.
 */
static int run_uncover(struct reader *r)
{
	cleanup_fd int proc_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = proc_fd < 0 ? -errno : 0;

	r->proc_fd = proc_fd;
	if (!err)
		err = copy_namespace(r);
	if (!err)
		err = uncover_all(r);
	/* Of a set, the last may show what those before could not. */
	if (!err && !r->target->next)
		err = report_locked(r);
	return err;
}

static int pack_what_is_handed(struct reader *r, pid_t pid, int sock)
{
	uint32_t first;
	int fd, err = 0;

	while (!err && child_recv(pid, sock, &first, sizeof(first), &fd) == sizeof(first)) {
		cleanup_fd int dir = fd;

		err = first < r->tree->n && dir >= 0 ? contents_pack(r, first, dir) : -EPROTO;
		if (!err)
			err = fd_send(sock, "d", 1, -1);
	}
	return err;
}

int contents_read_hidden(struct reader *r)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);

	if (pid == 0) {
		r->uncover_sock = sock;
		_exit(run_uncover(r) ? 1 : 0);
	}
	if (pid < 0)
		return log_error(pid, "cannot fork");
	int err = pack_what_is_handed(r, pid, sock);

	if (err)
		return err;
	err = child_wait(pid, NULL);
	pid = 0;
	return err;
}
