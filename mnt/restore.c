// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * Three processes. The caller reads and checks the image, finds the sources, makes the plan, and
 * later reads the result back; it never changes its namespaces. The builder, its child, carries out
 * the plan in a mount namespace of its own. The plugin process, the builder's child, runs hooks,
 * and goes back to the caller's namespace before the new root is there. Each dies with its parent,
 * and a mount namespace dies with the last process in it: whatever fails or is killed, no mount
 * stays behind.
 *
 * Mountpoints in filesystems of others would stay. They are in a journal that the builder and the
 * caller both have: the caller removes them if the builder fails or dies, the builder if the caller
 * dies.
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
#include "mnt/restore-internal.h"

#include <fcntl.h>

#include "base/cancel.h"
#include "base/caps.h"
#include "base/child.h"
#include "base/log.h"
#include "image/criu-merge.h"
#include "image/image.h"
#include "mnt/check/caller-mounts.h"
#include "mnt/check/privileges.h"
#include "mnt/contents/contents.h"
#include "mnt/copy.h"
#include "mnt/owner-ids.h"
#include "mnt/scan/option-ids.h"
#include "mnt/settle.h"
#include "mnt/source/extent.h"
#include "mnt/source/host-groups.h"
#include "mnt/validate.h"
#include "mnt/usage.h"

void restore_members_free(struct restore_member **members, uint32_t *n)
{
	for (uint32_t i = 0; i < *n; i++) {
		fd_close(&(*members)[i].fd);
		fd_close(&(*members)[i].root_fd);
	}
	free(*members);
	*members = NULL;
	*n = 0;
}

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
	fd_close(&r->copy_fd);
	restore_members_free(&r->members, &r->n_members);
	free(r->attributes);
	free(r->anew);
}

static int read_namespaces(struct restore *r, struct image_info *info)
{
	const struct rebind_restore_options *o = r->options;
	uint32_t max = r->caller_mounts.max;

	if (o->ns_id || !o->set)
		return image_read_bounded(r->image_dir_fd, o->ns_id, max, &r->tree, info,
					  r->findings);
	return image_read_set(r->image_dir_fd,
			      o->set == REBIND_SET_ALL ? IMAGE_SET_ANY : IMAGE_SET_DUMPED, max,
			      &r->tree, info, r->findings);
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
	r->caller_mounts.max = callers_mount_max();
	int err = read_namespaces(r, &info);

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
	return validate_image(&r->tree, o, r->findings);
}

static int read_own(struct restore *r)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;
	struct caller_mounts *callers = &r->caller_mounts;
	int begun = caller_mounts_needed(&r->tree)
			    ? 0
			    : scan_begin_own(r->reader, &r->callers, &callers->n, &own.ns_id);
	int err = begun ? (begun < 0 ? begun : 0) : scan_open_own(&own);

	callers->tree = &r->callers;
	r->callers_ns = begun ? own.ns_id : 0;
	if (!err && !begun) {
		err = scan_read(&own, r->reader, &r->callers);
		callers->n = r->callers.n;
	}
	if (!err && r->options->for_pin)
		r->above = own.ns_id;
	return err ? scan_failed(err, "cannot read the caller's own mounts") : 0;
}

static int restore_settle(struct restore *r)
{
	struct source_input input = {
		.options = r->options,
		.tree = &r->tree,
		.callers = &r->callers,
		.callers_ns = r->callers_ns,
		.externals = &r->externals,
		.findings = r->findings,
	};

	return settle_mounts(&input, &r->sources);
}

static int validate(struct restore *r)
{
	const struct validate_input input = {
		.options = r->options,
		.tree = &r->tree,
		.callers = &r->caller_mounts,
		.sources = &r->sources,
		.image_dir_fd = r->image_dir_fd,
		.has_inside_ids = r->has_inside_ids,
		.findings = r->findings,
	};

	return validate_restore(&input);
}

static uint32_t host_group(void *sources, uint32_t i)
{
	return host_groups_of(sources, i);
}

static int make_plan(struct restore *r)
{
	cleanup_free struct plan_extent *extents = NULL;
	int err = findings_any(r->findings) ? -EINVAL
					    : source_find_extents(&r->tree, &r->sources, &extents);
	struct plan_input input = {
		.tree = &r->tree,
		.extents = extents,
		.host_group = host_group,
		.data = &r->sources,
	};

	if (!err)
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

/* The builder's "/" will be another: what unpacking needs is loaded here. */
static int prepare_contents(struct restore *r)
{
	struct archive_fault fault = { "" };
	unsigned int writers = 0;
	int err = 0;

	contents_any(&r->tree, &writers);
	for (enum archive_writer writer = 0; writers >> writer && !err; writer++)
		if (writers & 1U << writer)
			err = archive_prepare(writer, &fault);

	return err ? log_error(err, "cannot unpack contents: %s", fault.text) : 0;
}

static void restore_hand_over(struct restore *r)
{
	r->result[r->done++] = (struct restore_result){
		.ns_fd = fd_take(&r->ns_fd),
		.root_fd = fd_take(&r->root_fd),
		.ns = r->tree.mounts[r->tree.root].ns,
		.members = r->members,
		.n_members = r->n_members,
		.ns_helper = r->ns_helper,
		.journal = r->journal,
		.builder = r->builder,
		.builder_sock = fd_take(&r->builder_sock),
		.action = { r->action.fn, r->action.data },
	};
	r->members = NULL;
	r->n_members = 0;
	r->ns_helper = NS_HELPER_NONE;
	r->journal = (struct journal){ 0 };
	r->builder = 0;
}

static int copy_all(struct restore *r)
{
	int err = 0;

	if (r->done == r->wanted)
		return 0;
	r->copy_fd = fcntl(r->result[0].ns_fd, F_DUPFD_CLOEXEC, 3);
	if (r->copy_fd < 0)
		return log_error(-errno, "cannot copy the first namespace");
	while (r->done < r->wanted && !err) {
		err = cancel_check();
		if (!err)
			err = restore_build(r);
		if (!err)
			restore_hand_over(r);
	}
	return err;
}

/* The image, and the caller; pre-restore may be what mounts the sources. */
static int restore_read_all(struct restore *r)
{
	if (!caps_has_admin()) {
		privileges_check(CAPS_BUILD, r->findings);
		return -EPERM;
	}
	int err = privileges_check_proc(r->findings);

	if (!err)
		err = read_image(r);
	/* With findings, and a tree to look for more in. */
	if (err && !(err == -EINVAL && r->tree.n))
		return err;
	err = caps_raise();
	if (err)
		return log_error(err, "cannot raise capabilities");
	if (!r->options->dry_run && !findings_any(r->findings))
		err = action_run(&r->action, "pre-restore", 0);
	return err ? err : read_own(r);
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

static int build_all(struct restore *r)
{
	const struct rebind_restore_options *o = r->options;
	int err = ns_helper_start(o->join_ns, o->n_join_ns, o->new_ns, r->above, &r->ns_helper,
				  r->findings);

	/* Every source is known now; with many mounts the options are a good part of the memory. */
	external_options_free(&r->externals);
	if (!err)
		err = settle_ids(r);
	if (!err)
		err = cancel_check();
	if (!err)
		err = action_run(&r->action, "setup-namespaces", r->ns_helper.pid);
	if (!err)
		err = idmaps_make(&r->tree, &r->idmaps);
	if (!err)
		err = prepare_contents(r);
	if (!err && r->wanted > 1)
		err = copy_plan(&r->tree, o, &r->anew);
	/* Where there is no way to copy it, this one is all. */
	if (!r->anew)
		r->wanted = 1;
	if (!err)
		err = restore_build(r);
	if (err)
		return err;
	restore_hand_over(r);
	return copy_all(r);
}

static int restore_all(struct restore *r)
{
	int err = cancel_check();

	if (!err)
		err = restore_read_all(r);
	if (!err)
		err = restore_settle(r);
	if (!err)
		err = cancel_check();
	if (!err)
		err = validate(r);
	if (!err)
		err = make_plan(r);
	if (!err)
		err = cancel_check();
	if (err || !r->options->dry_run)
		return err ? err : build_all(r);
	print_plan(r);
	return 0;
}

static int restore_do_run(const struct rebind_restore_options *options, const char *reader,
			  int into_fd, struct findings *findings, struct differences *differences,
			  unsigned int wanted, struct restore_result *ret, unsigned int *ret_done)
{
	cleanup(restore_free) struct restore r = {
		.wanted = wanted,
		.copy_fd = -EBADF,
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
		.sources = SOURCES_NONE,
		.progress = {
			.fn = options->on_progress,
			.data = options->on_progress_data,
			.sock = -EBADF,
		},
		.tree = { .root = MOUNT_NONE },
	};
	cleanup_caps struct caps_state caps = caps_hold();

	r.externals.lenient = options->lenient;
	int err = external_options_parse(EXTERNAL_OPTION_RESTORE, options->external,
					 options->n_external, &r.externals, findings);

	if (err)
		return err;
	/* The rest is looked at all the same: everything wrong is said at once. */
	usage_check_restore(options, reader, findings);
	scan_reader_named(reader, &r.reader);
	r.action = (struct action){ options->on_action, options->on_action_data, &caps, true };
	/* For our descriptors only: what the caller has and starts keeps its own limit. */
	cleanup_fd_limit struct fd_limit limit = fd_limit_raise();

	err = restore_all(&r);
	*ret_done = r.done;
	return err;
}

int restore_run(const struct rebind_restore_options *options, const char *reader, int into_fd,
		struct findings *findings, struct differences *differences,
		struct restore_result *ret)
{
	unsigned int done;

	return restore_do_run(options, reader, into_fd, findings, differences, 1, ret, &done);
}

int restore_copies(const struct rebind_restore_options *options, const char *reader,
		   struct findings *findings, struct differences *differences, unsigned int n,
		   struct restore_result *ret, unsigned int *ret_done)
{
	*ret_done = 0;
	return restore_do_run(options, reader, -EBADF, findings, differences, n, ret, ret_done);
}
