// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/builder.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "mnt/attach.h"
#include "mnt/copy.h"
#include "mnt/fs/served.h"
#include "mnt/fs/fs.h"
#include "mnt/handover.h"
#include "mnt/build/mountpoint.h"
#include "mnt/members.h"
#include "mnt/pivot.h"
#include "hooks/mount-info.h"
#include "mnt/premount.h"
#include "mnt/prepare.h"
#include "mnt/sharing.h"
#include "mnt/source/clone.h"
#include "mnt/staging.h"
#include "mnt/ns/unshare.h"

static void let_go(struct build *b, int *fd)
{
	/* The number will get another meaning. */
	if (b->cache.root_fd == *fd)
		path_cache_forget(&b->cache);
	fd_run_add(&b->done, fd);
}

/* A mount below an unplaceable one is unplaceable, too; it needs no finding of its own. */
static bool is_unplaceable(struct build *b, uint32_t i)
{
	uint32_t parent = i < b->tree->n ? b->tree->mounts[i].parent : MOUNT_NONE;

	/* Anchors come after all mounts. */
	if (i >= b->tree->n)
		return false;
	if (!b->targets[i].unplaceable && parent != MOUNT_NONE && b->targets[parent].unplaceable)
		b->targets[i].unplaceable = true;
	return b->targets[i].unplaceable;
}

static int seal(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	int err = fs_seal(m, b->fds[i]);

	return err ? log_error(err, "cannot make the superblock of mount %u '%s' read-only", m->id,
			       m->mountpoint)
		   : 0;
}

static int pivot_step(struct build *b, uint32_t root)
{
	int err = pivot_into_new_root(b, root);

	return err ? err : members_pivoted(b, root);
}

/* What a plugin has mounted stands in the first namespace. */
static int move_step(struct build *b, uint32_t i)
{
	int err = premount_bring(b, i);

	return err ? err : attach_mount(b, i);
}

static int carry_out(struct build *b, const struct plan_step *step)
{
	uint32_t i = step->mount;
	int err;

	if (step->op == PLAN_DROP) {
		let_go(b, &b->sb_root_fds[i]);
		return 0;
	}
	/* The superblock of an unplaceable mount is still created: others may be clones of it. */
	if (is_unplaceable(b, i) && step->op != PLAN_CREATE && step->op != PLAN_YARD)
		return 0;
	err = members_enter_for(b, step);
	if (err)
		return err;
	switch ((enum plan_op)step->op) {
	case PLAN_PREMOUNT:
		return b->tree->mounts[i].file_id ? served_make(b, i) : premount_make(b, i);
	case PLAN_CREATE:
		return prepare_create(b, i, step->other);
	case PLAN_YARD:
		return prepare_yard(b, i);
	case PLAN_SOURCE:
		return prepare_source(b, i);
	case PLAN_CLONE:
		return prepare_clone(b, i, step->other);
	case PLAN_TAKE:
		return prepare_take(b, i, step->other);
	case PLAN_LEND:
		return prepare_lend(b, i, step->other);
	case PLAN_RESERVE:
		return attach_reserve(b, i);
	case PLAN_ATTACH:
		return attach_mount(b, i);
	case PLAN_MOVE:
		return move_step(b, i);
	case PLAN_DELETE:
		return i == b->tree->root ? fs_unlinked_delete_in_root(b)
					  : fs_unlinked_delete(b, i);
	case PLAN_SEAL:
		return seal(b, i);
	case PLAN_READONLY:
		return prepare_readonly(b, i);
	case PLAN_PIVOT:
		return pivot_step(b, i);
	case PLAN_ANCHOR:
	case PLAN_ANCHOR_HOST:
	case PLAN_ANCHOR_NEW:
	case PLAN_SHARE:
	case PLAN_JOIN:
	case PLAN_JOIN_HOST:
	case PLAN_SLAVE:
	case PLAN_UNBINDABLE:
		return sharing_step(b, step);
	case PLAN_CLOSE:
	case PLAN_DROP:
		break;
	}
	return 0;
}

/* Try the postponed ones again, in rounds, as long as each round makes at least one. */
static int run_postponed(struct build *b, uint32_t *steps, uint32_t n)
{
	while (n) {
		uint32_t left = 0;

		for (uint32_t k = 0; k < n; k++) {
			int err = carry_out(b, &b->plan->steps[steps[k]]);

			if (err && err != -EAGAIN)
				return err;
			if (err)
				steps[left++] = steps[k];
		}
		const struct mount *m = &b->tree->mounts[b->plan->steps[steps[0]].mount];

		if (left == n)
			return log_error(
				-EPROTO,
				"plugins: RESTORE_EXT_FILE for %u, of mount %u '%s', asks to be called "
				"again, but nothing else is left to do",
				m->file_id, m->id, m->mountpoint);
		n = left;
	}
	return 0;
}

/* They stand first in the plan; @ret_next is the step behind them. */
static int run_premounts(struct build *b, uint32_t *ret_next)
{
	const struct plan *plan = b->plan;
	uint32_t end = 0, n = 0;
	int err = 0;

	while (end < plan->n && plan->steps[end].op == PLAN_PREMOUNT)
		end++;
	progress_tell(&b->progress); /* from here on it counts how long it takes */
	cleanup_free uint32_t *postponed = malloc((end + 1) * sizeof(*postponed));

	if (!postponed)
		return log_error(-ENOMEM, "plugins");
	*ret_next = end;
	for (uint32_t k = 0; k < end && !err; k++) {
		err = carry_out(b, &plan->steps[k]);
		if (err == -EAGAIN && b->tree->mounts[plan->steps[k].mount].file_id) {
			postponed[n++] = k;
			err = 0;
		}
	}
	return err ? err : run_postponed(b, postponed, n);
}

int builder_step(struct build *b, const struct plan_step *step)
{
	int err = carry_out(b, step);

	if (err)
		return err;
	if (step->op == PLAN_ATTACH || step->op == PLAN_MOVE)
		b->progress.mounts++;
	progress_tell(&b->progress);
	if (step->and_close || step->op == PLAN_CLOSE)
		let_go(b, &b->fds[step->mount]);
	return 0;
}

static int run_steps(struct build *b, uint32_t from)
{
	for (uint32_t k = from; k < b->plan->n; k++) {
		const struct plan_step *step = &b->plan->steps[k];

		/* A descriptor that is still open is in the way of none of these. */
		if (step->op != PLAN_SOURCE && step->op != PLAN_CLONE && step->op != PLAN_ATTACH &&
		    step->op != PLAN_CLOSE)
			fd_run_close(&b->done);
		/* All unplaceable mounts are known now. */
		if (step->op == PLAN_PIVOT && findings_any(&b->findings))
			return ipc_send_findings(b->caller_fd, &b->findings);
		int err = builder_step(b, step);

		if (err)
			return err;
	}
	fd_run_close(&b->done);
	return 0;
}

static int check_plugins(struct build *b)
{
	for (uint32_t i = 0; i < b->tree->n; i++) {
		const struct mount *m = &b->tree->mounts[i];

		if (m->owner == MOUNT_PLUGIN && !hooks_has(b->host, hooks_of_mount(m)))
			findings_mount(&b->findings, FINDING_NO_PLUGIN, m, "-L DIR",
				       "a plugin's mount, and no plugin that restores %s is loaded",
				       m->file_id ? "such descriptors" : "mounts");
	}
	return ipc_send_findings(b->caller_fd, &b->findings);
}

static int start_plugins(struct build *b)
{
	struct hooks_options options = {
		.libdir = b->options->libdir,
		.stage = CR_PLUGIN_STAGE__RESTORE,
		.image_dir_fd = b->image_dir_fd,
		.timeout = b->options->plugin_timeout,
		.mount_info = mount_info_find,
		.data = b->tree,
	};
	int err = hooks_start(&options, &b->host);

	return err ? err : check_plugins(b);
}

static int enter_namespace(struct build *b, uint64_t above)
{
	char name[64];

	if (b->into_fd >= 0)
		return setns(b->into_fd, CLONE_NEWNS) < 0
			       ? log_error(-errno, "cannot enter the mount namespace to build in")
			       : 0;
	if (!b->ns_helper || !b->ns_helper->has_user) {
		int err = unshare_mounts(above, -EBADF);

		return err ? log_error(err, "cannot make a mount namespace") : 0;
	}
	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", (int)b->ns_helper->pid);
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot enter the user namespace's mount namespace");
	return 0;
}

/* The plugins' part, before anything of the new root is visible. */
static int run_plugins(struct build *b, uint32_t *next, int callers_ns, int callers_root)
{
	int err = b->host ? hooks_call_simple(b->host, CR_PLUGIN_HOOK__RESTORE_INIT) : 0;

	if (!err && b->plan->n && b->plan->steps[0].op == PLAN_PREMOUNT)
		err = prepare_root_early(b);
	if (!err && b->host)
		staging_watch(b);
	if (!err)
		err = run_premounts(b, next);
	if (err || !b->host)
		return err;
	err = staging_look_again(b);
	if (!err)
		err = hooks_leave(b->host, callers_ns, callers_root);
	/* A plugin may have changed it, and MS_MOVE out of a shared mount is refused. */
	if (!err && sys_mount_setattr(b->staging_fd, 0, 0, 0, MS_PRIVATE, -1))
		err = log_error(-EINVAL, "a plugin has changed the staging root");
	return err;
}

static int builder_build(struct build *b, uint64_t above, int callers_ns)
{
	cleanup_fd int callers_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint32_t next = 0;

	if (callers_ns < 0 || callers_root < 0)
		return log_error(-errno, "cannot open the caller's namespace");
	/* Before the namespace is left: only here are clones in the caller's peer groups. */
	int err = source_clone_groups(b->sources, b->tree);

	if (!err)
		err = enter_namespace(b, above);
	if (!err)
		err = fs_binfmt_check_place(b);
	b->ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (!err && b->ns_fd < 0)
		err = log_error(-errno, "cannot open the new namespace");
	if (!err)
		err = start_plugins(b);
	if (!err)
		err = pivot_into_staging(b);
	if (!err)
		err = run_plugins(b, &next, callers_ns, callers_root);
	if (!err)
		err = source_settle_groups(b->sources, b->staging_fd);
	if (!err)
		err = members_make(b, above);
	return err ? err : run_steps(b, next);
}

/* Sent as descriptors: the caller may not be allowed to look into this process. */
static int tell_built(struct build *b)
{
	cleanup_fd int root = b->n_members ? fd_take(&b->members[0].root_fd)
					   : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = root < 0 ? -errno : members_tell(b);

	if (!err)
		err = ipc_send(b->caller_fd, (struct ipc_message){ .type = IPC_ROOT }, NULL, root);
	if (!err)
		err = ipc_send(b->caller_fd, (struct ipc_message){ .type = IPC_BUILT }, NULL,
			       b->ns_fd);
	return err;
}

static int await_verdict(struct build *b)
{
	int verdict = 0;
	int err = tell_built(b);

	if (!err)
		err = ipc_await(b->caller_fd, IPC_VERDICT, &verdict, NULL);
	return err ? err : verdict;
}

int builder_main(struct build *b, uint64_t above)
{
	cleanup_fd int callers_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	b->callers_ns_fd = callers_ns;
	/* Ctrl-C is for the caller: if that ends, the builder still has to clean up. */
	setsid();
	log_to(ipc_log_sink, &b->caller_fd, log_max());
	int err = b->copy_fd >= 0 ? copy_build(b, above) : builder_build(b, above, callers_ns);

	fs_overlay_end(b);
	if (!err)
		err = await_verdict(b);
	if (!err && b->host)
		err = hooks_call_simple(b->host, CR_PLUGIN_HOOK__POST_FORKING);
	int finished = hooks_finish(b->host, err);

	if (!err)
		err = finished;
	if (ipc_send(b->caller_fd, (struct ipc_message){ .type = IPC_DONE, .value = err }, NULL,
		     -1) ||
	    err || !handover_await(b))
		handover_take_back(b);
	return err ? 1 : 0;
}
