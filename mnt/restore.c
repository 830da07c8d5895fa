// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * Three processes. The caller reads and checks the image, finds the sources, makes the plan, and
 * later reads the result back; it never changes its namespaces. The builder, its child, carries out
 * the plan in a mount namespace of its own. The plugin process, the builder's child, runs hooks,
 * and goes back to the caller's namespace before the new root is there. Each dies with its parent,
 * and a mount namespace dies with the last process in it: whatever fails, or whoever is killed, no
 * mount stays behind.
 *
 * What is not of that kind, mountpoints made in filesystems of others, is in a journal that the
 * builder and the caller both keep: the caller takes them back when the builder fails or dies, the
 * builder when the caller dies.
 *
 *	caller   image, validate, sources, plan		all findings so far, before anything is done
 *	builder  clone the mounts that sources lie on	still in the caller's namespace
 *		 new mount namespace, all of it slave
 *		 plugins are loaded
 *		 staging root				pivot.c
 *		 premounts, plugin process leaves	premount.c
 *		 prepare and attach, parents first	prepare.c, attach.c
 *		 pivot into the new root		pivot.c
 *		 share					sharing.c
 *	caller   read back, compare			verify.c
 *	builder  POST_FORKING, exit of the plugins with the true result
 *	caller   holds a descriptor of the namespace; the builder is gone
 */
#include "mnt/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/child.h"
#include "base/log.h"
#include "image/image.h"
#include "mnt/builder.h"
#include "mnt/check/caller-mounts.h"
#include "mnt/contents/contents.h"
#include "mnt/fs/fs.h"
#include "mnt/handover.h"
#include "mnt/source/host-groups.h"
#include "mnt/check/masks.h"
#include "mnt/check/preflight.h"
#include "mnt/source/extent.h"
#include "mnt/check/privileges.h"
#include "mnt/check/unlinked-roots.h"
#include "mnt/check/userns-limits.h"
#include "mnt/validate.h"
#include "model/label.h"
#include "mnt/verify.h"
#include "image/criu-merge.h"
#include "mnt/owner-ids.h"
#include "mnt/scan/option-ids.h"

struct restore {
	const struct rebind_restore_options *options;
	struct findings *findings;
	struct differences *differences;
	struct restore_result *result;
	enum scan_reader reader;
	struct external_options externals;
	struct mount_tree tree, callers;
	struct sources sources;
	struct idmaps idmaps;
	struct plan plan;
	struct ns_helper ns_helper;
	bool has_inside_ids;	/* the image has the ids of the processes' user namespace */
	struct mount_idmap ids; /* then, of the one that is joined */
	struct journal journal;
	pid_t builder; /* waits for the handing over */
	int builder_sock;
	int into_fd; /* the caller's, or negative */
	int image_dir_fd, ns_fd, root_fd;
	struct progress progress;
	uint64_t above; /* the id that the namespace must be above, to be pinned */
	struct action action;
};

static void restore_free(struct restore *r)
{
	external_options_free(&r->externals);
	tree_free(&r->tree);
	tree_free(&r->callers);
	sources_free(&r->sources);
	idmaps_free(&r->idmaps);
	plan_free(&r->plan);
	ns_helper_stop(&r->ns_helper);
	option_ids_free_maps(&r->ids);
	child_kill(&r->builder);
	fd_close(&r->builder_sock);
	journal_undo(&r->journal);
	fd_close(&r->image_dir_fd);
	fd_close(&r->ns_fd);
	fd_close(&r->root_fd);
}

static int read_image(struct restore *r)
{
	const struct rebind_restore_options *o = r->options;
	struct image_info info;

	r->image_dir_fd = o->images_dir ? caps_openat(AT_FDCWD, o->images_dir,
						      O_RDONLY | O_DIRECTORY | O_CLOEXEC)
					: -EINVAL;
	if (r->image_dir_fd < 0)
		return log_error(r->image_dir_fd, "cannot open the image directory '%s'",
				 o->images_dir ? o->images_dir : "");
	int err = image_read_bounded(r->image_dir_fd, o->ns_id, callers_mount_max(), &r->tree,
				     &info, r->findings);

	if (err)
		return err;
	r->has_inside_ids = info.has_processes && criu_merge_has_user(r->image_dir_fd);
	for (uint32_t i = 0; i < r->tree.n; i++) {
		struct mount *m = &r->tree.mounts[i];

		/* CRIU's records do not tell the kind; a whole filesystem is a directory. */
		if (m->kind == MOUNT_KIND_UNKNOWN && m->owner == MOUNT_INTERNAL &&
		    mount_is_fsroot(m))
			m->kind = MOUNT_KIND_DIRECTORY;
	}
	return validate_image(&r->tree, o->enable_fs, o->n_enable_fs, r->findings);
}

static int read_own(struct restore *r)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;
	int err = scan_open_own(&own);

	if (!err)
		err = scan_read(&own, r->reader, &r->callers);
	if (!err && r->options->for_pin)
		r->above = own.ns_id;
	return err ? log_error(err, "cannot read the caller's own mounts") : 0;
}

static int find_sources(struct restore *r)
{
	struct source_input input = {
		.options = r->options,
		.tree = &r->tree,
		.callers = &r->callers,
		.externals = &r->externals,
		.findings = r->findings,
	};
	int err = source_find_all(&input, &r->sources);

	return err ? log_error(err, "cannot look for the sources") : 0;
}

static uint32_t host_group(void *sources, uint32_t i)
{
	return host_groups_of(sources, i);
}

static int make_plan(struct restore *r)
{
	cleanup_free struct plan_extent *extents = NULL;
	int err = host_groups_decide(r->options->sharing, &r->tree, &r->sources, r->findings);

	if (!err && !findings_any(r->findings))
		err = source_find_extents(&r->tree, &r->sources, &extents);
	struct plan_input input = {
		.tree = &r->tree,
		.extents = extents,
		.host_group = host_group,
		.data = &r->sources,
	};

	if (!err && !findings_any(r->findings))
		err = plan_build(&input, &r->plan, r->findings);
	if (err && err != -EINVAL)
		return log_error(err, "cannot make the plan");
	return findings_any(r->findings) ? -EINVAL : 0;
}

static void print_plan(const struct restore *r)
{
	for (uint32_t i = 0; i < r->plan.n && r->options->on_line; i++) {
		cleanup_free char *line = plan_text(&r->tree, &r->plan.steps[i]);

		if (line)
			r->options->on_line(r->options->on_line_data, line);
	}
}

/* ---- the builder, as the caller sees it ---- */

static int fill_descriptors(int **ret, uint32_t n)
{
	*ret = malloc((n + 1) * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		(*ret)[i] = -EBADF;
	return 0;
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
		.progress = {
			.fn = r->options->on_progress,
			.sock = caller_fd,
			.doing = "mounting",
			.all_mounts = r->tree.n,
		},
		.old_root_fd = -EBADF,
		.staging_fd = -EBADF,
		.early_root_fd = -EBADF,
		.overlays_sock = -EBADF,
		.ns_fd = -EBADF,
		.pin_dir_fd = -EBADF,
		.unplaceable = calloc(r->tree.n, sizeof(*b.unplaceable)),
		.cache = PATH_CACHE_NONE,
	};

	if (!b.unplaceable || fill_descriptors(&b.fds, r->tree.n + r->plan.n_anchors) ||
	    fill_descriptors(&b.sb_root_fds, r->tree.n))
		return 1;
	fd_raise_limit();
	return builder_main(&b, r->above);
}

static int start_builder(struct restore *r, pid_t *ret_pid, int *ret_sock)
{
	int pair[2];
	int err = fd_pair(pair);

	if (err)
		return log_error(err, "cannot make a socket");
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	pid_t pid = child_fork();

	if (pid == 0) {
		close(mine);
		_exit(run_builder(r, its));
	}
	if (pid < 0)
		return log_error(pid, "cannot fork");
	*ret_pid = pid;
	*ret_sock = fd_take(&mine);
	return 0;
}

/* It stands: read it back, and say what we think of it. */
static int judge(struct restore *r, pid_t pid, int sock, int *ns_fd)
{
	r->progress.doing = "comparing";
	progress_tell(&r->progress);
	r->ns_fd = fd_take(ns_fd);
	if (r->ns_fd < 0 || r->root_fd < 0)
		return log_error(-EPROTO, "cannot open the new namespace");
	int err = verify_namespace(r->ns_fd, pid, r->ns_helper.pid, r->reader, &r->tree,
				   r->differences);

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

/* The builder is trusted as we are; its findings carry the constant codes of our own text. */
static void take_finding(struct restore *r, const struct ipc_message *message, const char *texts[4])
{
	static const char *const codes[] = { "deleted",	    "no-mountpoint",   "symlink",
					     "other-mount", "mountpoint-kind", "not-attached",
					     "no-source",   "no-plugin" };
	const char *code = "build";

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (texts[0] && strcmp(texts[0], codes[i]) == 0)
			code = codes[i];
	findings_add(r->findings, code, (uint32_t)message->value, texts[1], texts[3], "%s",
		     texts[2] ? texts[2] : "");
}

static int take_message(struct restore *r, int sock, const struct ipc_message *message,
			const char *texts[4], int *fd)
{
	switch (message->type) {
	case IPC_PROGRESS:
		progress_pass(&r->progress, message, texts[0]);
		return 0;
	case IPC_FINDING:
		take_finding(r, message, texts);
		return 0;
	case IPC_MADE:
	case IPC_MADE_AS:
		return handover_take_made(&r->journal, sock, message, texts, *fd);
	case IPC_ROOT:
		fd_close(&r->root_fd);
		r->root_fd = fd_take(fd);
		return 0;
	case IPC_ATTRIBUTES:
		if ((uint32_t)message->value < r->tree.n)
			r->tree.mounts[message->value].attributes = (uint32_t)message->inode;
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
		int got = ipc_hear(sock, buf, &message, texts, &fd);

		if (got <= 0)
			return got ? log_error(got, "the builder cannot be heard") : -EPIPE;
		if (message.type == IPC_DONE)
			return verdict ? verdict : message.value;
		if (message.type == IPC_BUILT)
			verdict = judge(r, pid, sock, &fd);
		else
			err = take_message(r, sock, &message, texts, &fd);
	}
	return log_error(err, "the builder's message is not understood");
}

/* The builder's "/" will be another: what unpacking needs is loaded here. */
static int prepare_contents(struct restore *r)
{
	struct archive_fault fault = { "" };
	enum archive_writer writer;
	int err = contents_any(&r->tree, &writer) ? archive_prepare(writer, &fault) : 0;

	return err ? log_error(err, "cannot unpack contents: %s", fault.text) : 0;
}

static int build(struct restore *r)
{
	enum { PATIENCE = 10000 }; /* ms: for the exit hooks of plugins, and to take back */
	cleanup_fd int sock = -EBADF;
	int status = 0;
	int err = start_builder(r, &r->builder, &sock);

	if (err)
		return err;
	err = attend(r, r->builder, sock);
	if (!err) {
		r->builder_sock = fd_take(&sock);
		return 0;
	}
	if (err == -EPIPE) {
		child_wait(r->builder, &status);
		r->builder = 0;
		return log_error(err, "the builder ended (wait status 0x%x) before it was done",
				 status);
	}
	/* It sees the end of the connection, and ends. */
	fd_close(&sock);
	child_end(&r->builder, PATIENCE);
	return err;
}

static int hand_over(struct restore *r)
{
	*r->result = (struct restore_result){
		.ns_fd = fd_take(&r->ns_fd),
		.root_fd = fd_take(&r->root_fd),
		.ns_helper = r->ns_helper,
		.journal = r->journal,
		.builder = r->builder,
		.builder_sock = fd_take(&r->builder_sock),
		.action = { r->action.fn, r->action.data },
	};
	r->ns_helper = NS_HELPER_NONE;
	r->journal = (struct journal){ 0 };
	r->builder = 0;
	return 0;
}

static int settle_ids(struct restore *r)
{
	if (!r->has_inside_ids || !r->ns_helper.has_user)
		return 0;
	int err = option_ids_read_of(r->ns_helper.pid, &r->ids);

	if (!err && r->ids.uid)
		err = owner_ids_outside(&r->ids, &r->tree);
	return err ? log_error(err, "cannot settle who owns what in the user namespace") : 0;
}

static int restore_all(struct restore *r)
{
	const struct rebind_restore_options *o = r->options;

	if (!caps_has_admin()) {
		privileges_check(CAPS_BUILD, r->findings);
		return -EPERM;
	}
	int err = privileges_check_proc(r->findings);

	if (err)
		return err;
	err = read_image(r);
	if (err && !(err == -EINVAL && r->tree.n))
		return err;
	const char *fault = o->lsm_mount_context ? label_fault(o->lsm_mount_context) : NULL;

	if (fault)
		findings_add(r->findings, "usage", 0, NULL, NULL,
			     "'%s' is no context for --lsm-mount-context: %s", o->lsm_mount_context,
			     fault);
	if (fs_labels_settle(&r->tree, o->lsm_mount_context))
		return log_error(-ENOMEM, "cannot settle the labels of the image");
	privileges_check_restore(o->new_ns, &r->tree, r->findings);
	err = caps_raise();
	if (err)
		return log_error(err, "cannot raise capabilities");
	/* It may be what mounts the sources. */
	if (!o->dry_run && !findings_any(r->findings))
		err = action_run(&r->action, "pre-restore", 0);
	if (!err)
		err = read_own(r);
	if (err)
		return err;
	err = masks_check(o, &r->tree, r->findings);
	if (err)
		return log_error(err, "cannot look for the mountpoints in proc and sysfs");
	caller_mounts_check(o, &r->tree, &r->callers, r->findings);
	err = fs_cgroup_check(&r->tree, o, r->findings);
	if (err)
		return log_error(err, "cannot look for the cgroups of the image");
	fs_binfmt_check(&r->tree, o, r->findings);
	fs_tmpfs_check(&r->tree, o, r->image_dir_fd, r->findings);
	unlinked_check_restore(&r->tree, o, r->findings);
	err = find_sources(r);
	if (!err)
		err = ns_helper_check(o->join_ns, o->n_join_ns, o->new_ns, r->findings);
	if (!err)
		userns_limits_check(o, &r->tree, &r->sources, r->findings);
	if (!err && (findings_any(r->findings) || o->dry_run))
		preflight_check(o, &r->tree, &r->sources, r->image_dir_fd, r->findings);
	if (!err)
		err = make_plan(r);
	if (!err && o->dry_run)
		print_plan(r);
	if (err || o->dry_run)
		return err;
	/* Every source is known now; with many mounts the words are a good part of the memory. */
	external_options_free(&r->externals);
	err = ns_helper_start(o->join_ns, o->n_join_ns, o->new_ns, r->above, &r->ns_helper,
			      r->findings);
	if (!err)
		err = settle_ids(r);
	if (!err)
		err = action_run(&r->action, "setup-namespaces", r->ns_helper.pid);
	if (!err)
		err = idmaps_make(&r->tree, &r->idmaps);
	if (!err)
		err = prepare_contents(r);
	if (!err)
		err = build(r);
	return err ? err : hand_over(r);
}

int restore_run(const struct rebind_restore_options *options, int into_fd,
		struct findings *findings, struct differences *differences,
		struct restore_result *ret)
{
	cleanup(restore_free) struct restore r = {
		.options = options,
		.findings = findings,
		.differences = differences,
		.result = ret,
		.into_fd = into_fd,
		.image_dir_fd = -EBADF,
		.ns_fd = -EBADF,
		.root_fd = -EBADF,
		.builder_sock = -EBADF,
		.ns_helper = NS_HELPER_NONE,
		.progress = {
			.fn = options->on_progress,
			.data = options->on_progress_data,
			.sock = -EBADF,
		},
		.tree = { .root = MOUNT_NONE },
	};
	cleanup_caps struct caps_state caps = caps_hold();

	if (scan_reader_named(options->reader, &r.reader))
		return findings_add(findings, "usage", 0, NULL, NULL,
				    "no such reader of the mount table: '%s'", options->reader);
	r.externals.lenient = options->lenient;
	int err = external_options_parse(EXTERNAL_OPTION_RESTORE, options->external,
					 options->n_external, &r.externals, findings);

	struct rlimit limit;

	if (err)
		return err;
	/* For our descriptors only: what the caller has and starts keeps its own limit. */
	bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0;

	r.action = (struct action){ options->on_action, options->on_action_data, &caps,
				    known ? &limit : NULL };
	fd_raise_limit();
	err = restore_all(&r);
	if (known)
		setrlimit(RLIMIT_NOFILE, &limit);
	return err;
}
