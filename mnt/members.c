// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/members.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "mnt/ns/unshare.h"

/* ---- made ---- */

/* In a child: the builder's credentials are not those of the user namespace that owns them. */
static int copy_staging(const struct build *b, uint64_t above, int proc_fd, int sock)
{
	int err = b->ns_helper ? ns_helper_enter_user(b->ns_helper) : 0;

	if (!err)
		err = unshare_mounts(above, proc_fd);
	if (err)
		return err;
	cleanup_fd int own = openat(proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return own < 0 ? -errno : fd_send(sock, "n", 1, own);
}

/* Return: nsfs, or a negative errno. */
static int make_copy(const struct build *b, uint64_t above, int proc_fd)
{
	cleanup_fd int sock = -EBADF;
	pid_t pid = child_fork_socket(&sock);
	int fd = -EBADF;
	char word;

	if (pid == 0)
		_exit(-copy_staging(b, above, proc_fd, sock));
	if (pid < 0)
		return pid;
	bool got = child_recv(pid, sock, &word, 1, &fd) == 1 && fd >= 0;
	int err = child_wait_errno(pid);

	return got ? fd : err ? err : -EIO;
}

int members_enter(struct build *b, uint32_t i)
{
	if (b->inside == i)
		return 0;
	if (setns(b->members[i].fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot enter the mount namespace %u of the set",
				 b->members[i].ns);
	b->inside = i;
	return 0;
}

static int make_member(struct build *b, uint32_t i, uint64_t above, int proc_fd)
{
	struct build_member *member = &b->members[i];

	member->fd = i ? make_copy(b, above, proc_fd) : fcntl(b->ns_fd, F_DUPFD_CLOEXEC, 3);
	if (member->fd < 0)
		return log_error(i ? member->fd : -errno, "cannot make the mount namespace %u",
				 member->ns);
	int err = members_enter(b, i);

	if (err)
		return err;
	member->staging_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return member->staging_fd < 0 ? log_error(-errno, "cannot open the staging root") : 0;
}

static int list_members(struct build *b)
{
	uint32_t n = 0;

	tree_for_each_root(i, b->tree) n++;
	b->members = calloc(n, sizeof(*b->members));
	if (!b->members)
		return log_error(-ENOMEM, "cannot make the namespaces of the set");
	tree_for_each_root(i, b->tree) b->members[b->n_members++] = (struct build_member){
		.ns = b->tree->mounts[i].ns,
		.fd = -EBADF,
		.staging_fd = -EBADF,
		.root_fd = -EBADF,
	};
	tree_for_each (i, b->tree) {
		uint32_t parent = b->tree->mounts[i].parent;
		uint32_t k = 0;

		while (parent == MOUNT_NONE && b->members[k].ns != b->tree->mounts[i].ns)
			k++;
		b->targets[i].member = parent == MOUNT_NONE ? k : b->targets[parent].member;
	}
	return 0;
}

int members_make(struct build *b, uint64_t above)
{
	if (!tree_is_set(b->tree))
		return 0;
	cleanup_fd int proc_fd = openat(b->old_root_fd, "proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err =
		proc_fd < 0 ? log_error(-errno, "cannot open the caller's /proc") : list_members(b);

	for (uint32_t i = 0; i < b->n_members && !err; i++) {
		/* Each is a copy of the first. */
		err = members_enter(b, 0);
		if (!err)
			err = make_member(b, i, above, proc_fd);
	}
	return err ? err : members_enter(b, 0);
}

/* ---- where a step is carried out ---- */

/* What others are cloned from stands in the yard of the first, or is the mount that was lent. */
static uint32_t place_of_clone(const struct build *b, uint32_t creator)
{
	uint32_t lender = b->targets[creator].lender;

	return lender == MOUNT_NONE || b->targets[lender].unplaceable ? 0
								      : b->targets[lender].member;
}

static uint32_t place_of(const struct build *b, const struct plan_step *step)
{
	bool is_anchor = step->mount >= b->tree->n;

	switch ((enum plan_op)step->op) {
	case PLAN_ATTACH:
	case PLAN_MOVE:
	case PLAN_RESERVE:
	case PLAN_SEAL:
	case PLAN_READONLY:
	case PLAN_PIVOT:
		return b->targets[step->mount].member;
	case PLAN_SHARE:
	case PLAN_JOIN:
	case PLAN_JOIN_HOST:
	case PLAN_SLAVE:
	case PLAN_UNBINDABLE:
		return is_anchor ? b->inside : b->targets[step->mount].member;
	case PLAN_ANCHOR:
		return b->targets[step->other].member;
	case PLAN_CLONE:
	case PLAN_ANCHOR_NEW:
		return place_of_clone(b, step->other);
	case PLAN_CLOSE:
	case PLAN_DROP:
		return b->inside;
	default:
		return 0;
	}
}

int members_enter_for(struct build *b, const struct plan_step *step)
{
	return b->n_members ? members_enter(b, place_of(b, step)) : 0;
}

int members_staging(const struct build *b, uint32_t mount)
{
	return b->n_members ? b->members[b->targets[mount].member].staging_fd : b->staging_fd;
}

int members_pivoted(struct build *b, uint32_t root)
{
	struct build_member *member = b->n_members ? &b->members[b->targets[root].member] : NULL;

	if (!member)
		return 0;
	/* It is the staging root no more, and would keep that. */
	fd_close(&member->staging_fd);
	member->root_fd = openat(b->fds[root], ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return member->root_fd < 0 ? log_error(-errno, "cannot open the new root") : 0;
}

int members_tell(const struct build *b)
{
	int err = 0;

	for (uint32_t i = 1; i < b->n_members && !err; i++) {
		const struct build_member *member = &b->members[i];
		struct ipc_message message = { .type = IPC_MEMBER_ROOT, .value = (int32_t)i };

		err = ipc_send(b->caller_fd, message, NULL, member->root_fd);
		message.type = IPC_MEMBER;
		if (!err)
			err = ipc_send(b->caller_fd, message, NULL, member->fd);
	}
	return err;
}
