// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * While the tree is built every mount is private: a mount attached below a shared one would appear
 * at all its peers, also on the host. Propagation comes last, mostly after pivot_root, which
 * refuses a shared root. A group starts with mount_setattr(MS_SHARED) on one member; the others,
 * private so far, join with move_mount(MOVE_MOUNT_SET_GROUP), which gives them the group of that
 * member and its master. A slave first joins the group of its master and is then made a slave of it
 * (MS_SLAVE). For the only member of a group this would make it private, but at that point the
 * group has another member. If it is made shared again, it starts a group of its own below the same
 * master. model/plan-sharing.c decides the order of these steps.
 *
 * A master in the caller's namespace is the peer group of the mount's source. The builder clones
 * the source before it makes its own namespace a slave (MS_SLAVE): that clone is still a peer of
 * the source, so mounts can join its group.
 */
#include "mnt/sharing.h"

#include <fcntl.h>

#include "base/log.h"
#include "base/sys.h"
#include "mnt/source/clone.h"

static int sharing_join(struct build *b, uint32_t i, int host_peer_fd)
{
	return sys_move_mount(host_peer_fd, "", b->fds[i], "",
			      MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH |
				      MOVE_MOUNT_T_EMPTY_PATH);
}

static int make_anchor(struct build *b, const struct plan_step *step)
{
	const int *fds = step->op == PLAN_ANCHOR_NEW ? b->sb_root_fds : b->fds;
	int fd = step->op == PLAN_ANCHOR_HOST
			 ? source_clone_mount(b->sources, step->other)
			 : sys_open_tree(fds[step->other], "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	if (fd < 0)
		return fd;
	b->fds[step->mount] = fd;
	/* What it was cloned from may be shared already. */
	return sys_mount_setattr(fd, 0, 0, 0, MS_PRIVATE, -1);
}

static int change(struct build *b, const struct plan_step *step)
{
	int fd = b->fds[step->mount];

	switch (step->op) {
	case PLAN_ANCHOR:
	case PLAN_ANCHOR_HOST:
	case PLAN_ANCHOR_NEW:
		return make_anchor(b, step);
	case PLAN_SHARE:
		return sys_mount_setattr(fd, 0, 0, 0, MS_SHARED, -1);
	case PLAN_SLAVE:
		return sys_mount_setattr(fd, 0, 0, 0, MS_SLAVE, -1);
	case PLAN_UNBINDABLE:
		return sys_mount_setattr(fd, 0, 0, 0, MS_UNBINDABLE, -1);
	case PLAN_JOIN:
		return sharing_join(b, step->mount, b->fds[step->other]);
	default:
		return sharing_join(
			b, step->mount,
			step->mount < b->tree->n
				? b->sources->groups[b->sources->of[step->other].group].host_peer_fd
				: source_whole(b->sources, step->other)->host_peer_fd);
	}
}

int sharing_step(struct build *b, const struct plan_step *step)
{
	int err = change(b, step);
	cleanup_free char *text = err ? plan_text(b->tree, step) : NULL;
	bool joins = step->op == PLAN_JOIN || step->op == PLAN_JOIN_HOST;

	return err ? log_error(err, "cannot %s%s", text ? text : "set propagation",
			       err == -EINVAL && joins ? ": its source is no part of that one's"
						       : "")
		   : 0;
}
