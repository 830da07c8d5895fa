// SPDX-License-Identifier: LGPL-2.1-or-later
/* The builder, as the caller sees it: begun, heard, judged, ended. */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "mnt/builder.h"
#include "mnt/handover.h"
#include "mnt/restore-internal.h"
#include "mnt/verify.h"

static int fill_descriptors(int **ret, uint32_t n)
{
	*ret = malloc((n + 1) * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		(*ret)[i] = -EBADF;
	return 0;
}

static struct target_mount *make_targets(const struct mount_tree *tree)
{
	struct target_mount *targets = calloc(tree->n, sizeof(*targets));

	for (uint32_t i = 0; i < tree->n && targets; i++)
		targets[i] =
			(struct target_mount){ .kind = tree->mounts[i].kind, .lender = MOUNT_NONE };
	return targets;
}

/* Of what the image tells; CRIU's does not. */
static uint64_t count_bytes(const struct mount_tree *tree)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].owner == MOUNT_INTERNAL && tree->mounts[i].contents)
			bytes += tree->mounts[i].contents->bytes;
	return bytes;
}

static int run_builder(struct restore *r, int caller_fd)
{
	struct build b = {
		.options = r->options,
		.tree = &r->tree,
		.callers = &r->callers,
		.plan = &r->plan,
		.sources = &r->sources,
		.idmaps = &r->idmaps,
		.ns_helper = r->ns_helper.pid ? &r->ns_helper : NULL,
		.ids = r->ids.uid ? &r->ids : NULL,
		.image_dir_fd = r->image_dir_fd,
		.caller_fd = caller_fd,
		.into_fd = r->into_fd,
		.copy_fd = r->copy_fd,
		.anew = r->anew,
		.progress = {
			.fn = r->options->on_progress,
			.sock = caller_fd,
			.doing = "mounting",
			.all_mounts = r->tree.n,
			.all_bytes = count_bytes(&r->tree),
		},
		.old_root_fd = -EBADF,
		.staging_fd = -EBADF,
		.early_root_fd = -EBADF,
		.overlays_sock = -EBADF,
		.ns_fd = -EBADF,
		.pin_dir_fd = -EBADF,
		.targets = make_targets(&r->tree),
		.cache = PATH_CACHE_NONE,
	};

	if (!b.targets || fill_descriptors(&b.fds, r->tree.n + r->plan.n_anchors) ||
	    fill_descriptors(&b.sb_root_fds, r->tree.n))
		return 1;
	return builder_main(&b, r->above);
}

static int start_builder(struct restore *r, pid_t *ret_pid, int *ret_sock)
{
	int sock;
	pid_t pid = child_fork_socket(&sock);

	if (pid == 0) {
		/* Those before must see it when the caller ends. */
		for (unsigned int i = 0; i < r->done; i++)
			fd_close(&r->result[i].builder_sock);
		_exit(run_builder(r, sock));
	}
	if (pid < 0)
		return log_error(pid, "cannot fork");
	*ret_pid = pid;
	*ret_sock = sock;
	return 0;
}

/* All namespaces of the plan must have come. */
static int judge_set(struct restore *r, const struct verify_input *input)
{
	cleanup_scan_set struct scan_set built = { 0 };
	uint32_t k = 0;

	tree_for_each_root(i, &r->tree)
	{
		uint32_t ns = r->tree.mounts[i].ns;
		int fd = k > r->n_members ? -EBADF : k ? r->members[k - 1].fd : r->ns_fd;
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		if (copy < 0 || scan_set_add(&built, copy, 0, ns) != 1)
			return log_error(-EPROTO, "cannot look at the new namespace %u", ns);
		built.list[k].is_built = true;
		built.list[k].root_fd = k ? r->members[k - 1].root_fd : r->root_fd;
		built.list[k].cgroup_pid = r->ns_helper.pid;
		if (k)
			r->members[k - 1].ns = ns;
		k++;
	}
	return verify_set(&built, input);
}

/* It stands: read it back, and say what we think of it. */
static int restore_build_judge(struct restore *r, pid_t pid, int sock, int *ns_fd)
{
	r->progress.doing = "comparing";
	progress_tell(&r->progress);
	r->ns_fd = fd_take(ns_fd);
	if (r->ns_fd < 0 || r->root_fd < 0)
		return log_error(-EPROTO, "cannot open the new namespace");
	struct verify_input input = {
		.ns_fd = r->ns_fd,
		.builder = pid,
		.ns_helper = r->ns_helper.pid,
		.reader = r->reader,
		.planned = &r->tree,
		.attributes = r->attributes,
		.differences = r->differences,
	};
	int err = tree_is_set(&r->tree) ? judge_set(r, &input) : verify_namespace(&input);

	if (err == -ESTALE)
		log_error(
			0,
			"the namespace that was built differs from the image; it was thrown away");
	if (!err)
		err = action_run(&r->action, "post-setup-namespaces",
				 r->ns_helper.pid ? r->ns_helper.pid : pid);
	int said =
		ipc_send(sock, (struct ipc_message){ .type = IPC_VERDICT, .value = err }, NULL, -1);

	return err ? err : said;
}

static int take_finding(struct restore *r, const struct ipc_message *message, const char *texts[4])
{
	enum finding_code code = finding_code_of(texts[0]);

	if (code == FINDING_NONE || !texts[2])
		return -EPROTO;
	findings_add(r->findings, code, message->mount, texts[1], texts[3], "%s", texts[2]);
	return 0;
}

/* What a plugin's mount has to have: what was recorded stays as it is. */
static int take_attributes(struct restore *r, const struct ipc_message *message)
{
	uint32_t n = r->tree.n, *list = r->attributes;

	if (message->attributes.mount >= n)
		return -EPROTO;
	if (!list)
		list = malloc(n * sizeof(*list));
	for (uint32_t i = 0; i < n && list && !r->attributes; i++)
		list[i] = r->tree.mounts[i].attributes;
	if (!list)
		return -ENOMEM;
	r->attributes = list;
	list[message->attributes.mount] = message->attributes.bits;
	return 0;
}

/* Of a set, in the order of the roots; of each its root comes first. */
static int take_member(struct restore *r, const struct ipc_message *message, int *fd)
{
	bool is_root = message->type == IPC_MEMBER_ROOT;
	uint32_t k = (uint32_t)message->value;

	if (message->value < 1 || k != r->n_members + is_root || *fd < 0)
		return -EPROTO;
	if (!is_root) {
		r->members[k - 1].fd = fd_take(fd);
		return r->members[k - 1].root_fd >= 0 ? 0 : -EPROTO;
	}
	struct restore_member *list = realloc(r->members, k * sizeof(*list));

	if (!list)
		return -ENOMEM;
	r->members = list;
	list[r->n_members++] = (struct restore_member){ .fd = -EBADF, .root_fd = fd_take(fd) };
	return 0;
}

static int take_message(struct restore *r, int sock, const struct ipc_message *message,
			const char *texts[4], int *fd)
{
	switch (message->type) {
	case IPC_PROGRESS:
		progress_pass(&r->progress, message, texts[0]);
		return 0;
	case IPC_FINDING:
		return take_finding(r, message, texts);
	case IPC_ATTRIBUTES:
		return take_attributes(r, message);
	case IPC_MADE:
	case IPC_MADE_AS:
		return handover_take_made(&r->journal, sock, message, texts, *fd);
	case IPC_MEMBER_ROOT:
	case IPC_MEMBER:
		return take_member(r, message, fd);
	case IPC_ROOT:
		fd_close(&r->root_fd);
		r->root_fd = fd_take(fd);
		return 0;
	default:
		return -EPROTO;
	}
}

/* Listen until the builder is done or gone. */
static int attend(struct restore *r, pid_t pid, int sock)
{
	cleanup_free char *buf = malloc(IPC_MAX);
	struct ipc_message message;
	const char *texts[4];
	int verdict = 0, err = buf ? 0 : -ENOMEM;

	while (!err) {
		cleanup_fd int fd = -EBADF;
		/* The builder may wait for the helper. */
		int got = ipc_hear_child(r->ns_helper.pid, sock, buf, &message, texts, &fd);

		if (got <= 0)
			return got ? log_error(got, "the builder cannot be heard") : -EPIPE;
		if (message.type == IPC_DONE)
			return verdict ? verdict : message.value;
		if (message.type == IPC_BUILT)
			verdict = restore_build_judge(r, pid, sock, &fd);
		else
			err = take_message(r, sock, &message, texts, &fd);
	}
	return log_error(err, "the builder's message is not understood");
}

/* The last builder has its own; what is read back can have this memory. */
static void forget_plan(struct restore *r)
{
	sources_free(&r->sources);
	plan_free(&r->plan);
	tree_free(&r->callers);
	table_free(&r->tree.by_id);
	child_trim_heap(r->tree.n);
}

int restore_build(struct restore *r)
{
	enum { PATIENCE = 10000 }; /* ms: for the exit hooks of plugins, and to take back */
	cleanup_fd int sock = -EBADF;
	int status = 0;
	int err = start_builder(r, &r->builder, &sock);

	if (err)
		return err;
	if (r->done + 1 == r->wanted)
		forget_plan(r);
	err = attend(r, r->builder, sock);
	if (!err) {
		r->builder_sock = fd_take(&sock);
		return 0;
	}
	if (err == -EPIPE) {
		child_wait(r->builder, &status);
		r->builder = 0;
		if (WIFSIGNALED(status))
			log_error(0,
				  "the builder was killed by signal %d (%s): what it built is gone",
				  WTERMSIG(status), strsignal(WTERMSIG(status)));
		else
			log_error(0, "the builder ended before it was done, with status %d",
				  WEXITSTATUS(status));
		return err;
	}
	/* It sees the end of the connection, and ends. */
	fd_close(&sock);
	child_end(&r->builder, PATIENCE);
	return err;
}
