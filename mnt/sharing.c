// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * While the tree is built every mount is private: a mount attached below a shared one would appear at all its
 * peers, also on the host. Propagation comes last, mostly after pivot_root, which refuses a shared
 * root. A group starts with mount_setattr(MS_SHARED) on one member; the others, private so far, join with
 * move_mount(MOVE_MOUNT_SET_GROUP), which gives them the giver's group and its master. A slave first joins
 * its master's group and is then made a slave of it (MS_SLAVE): from the only member of a group that would
 * make it private, but it never is the only one then. Made shared again, it starts a group of its own
 * below the same master. Which step comes when is the plan's business (model/plan-sharing.c).
 *
 * A master in the caller's namespace is the peer group of the mount's source: a clone of the source
 * made before the builder's namespace was left alone by MS_SLAVE is still a peer of it, and gives.
 */
#include "mnt/sharing.h"

#include "base/log.h"
#include "base/sys.h"

static int join(struct build *b, uint32_t i, int giver_fd)
{
	return sys_move_mount(giver_fd, "", b->fds[i], "",
			      MOVE_MOUNT_SET_GROUP | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int sharing_step(struct build *b, const struct plan_step *step)
{
	const struct mount *m = &b->tree->mounts[step->mount];
	int fd = b->fds[step->mount];
	int err;

	switch (step->op) {
	case PLAN_SHARE:
		err = sys_mount_setattr(fd, 0, 0, 0, MS_SHARED, -1);
		return err ? log_error(err, "cannot make mount %u '%s' shared", m->id, m->mountpoint) : 0;
	case PLAN_SLAVE:
		err = sys_mount_setattr(fd, 0, 0, 0, MS_SLAVE, -1);
		return err ? log_error(err, "cannot make mount %u '%s' a slave", m->id, m->mountpoint) : 0;
	case PLAN_UNBINDABLE:
		err = sys_mount_setattr(fd, 0, 0, 0, MS_UNBINDABLE, -1);
		return err ? log_error(err, "cannot make mount %u '%s' unbindable", m->id, m->mountpoint) :
			     0;
	case PLAN_JOIN:
		err = join(b, step->mount, b->fds[step->other]);
		return err ? log_error(err, "mount %u '%s' cannot join the peer group of mount %u '%s'", m->id,
				       m->mountpoint, b->tree->mounts[step->other].id,
				       b->tree->mounts[step->other].mountpoint) :
			     0;
	default:
		err = join(b, step->mount, b->sources->groups[b->sources->of[step->mount].group].giver_fd);
		return err ? log_error(err, "mount %u '%s' cannot join the peer group of its source", m->id,
				       m->mountpoint) :
			     0;
	}
}
