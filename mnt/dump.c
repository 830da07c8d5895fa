// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/dump.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/guard.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/tmpfs.h"
#include "base/path.h"
#include "hooks/hooks.h"
#include "image/image.h"
#include "mnt/ipc/action.h"
#include "image/criu-merge.h"
#include "mnt/fs/served.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/freezer.h"
#include "mnt/dump-target.h"
#include "mnt/external.h"
#include "mnt/fs/binfmt.h"
#include "mnt/scan/root-type.h"
#include "hooks/mount-info.h"
#include "mnt/check/privileges.h"
#include "mnt/owner-ids.h"
#include "mnt/scan/option-ids.h"
#include "mnt/undecided.h"
#include "mnt/usage.h"
#include "mnt/validate.h"

#define TRIES 3
#define NS_ID 1 /* of an image that is ours alone */

struct dump {
	unsigned int compress; /* archive_compress() */
	const struct rebind_dump_options *options;
	struct findings *findings;
	struct changes *changes;
	struct freezer freezer;
	struct external_options externals;
	enum scan_reader reader;
	int image_dir_fd;
	uint32_t ns_id; /* of the mountpoints file; of a set that of the first */
	struct scan_set set;
	struct mount_tree callers;
	struct visible callers_visible;
	struct hooks_host *host;
	bool started; /* the plugins, if there are any */
	struct progress progress;
	struct action action;
	struct mount_idmap ids; /* of the processes in CRIU's images beside ours */
};

static void dump_free(struct dump *d)
{
	freezer_free(&d->freezer);
	option_ids_free_maps(&d->ids);
	external_options_free(&d->externals);
	scan_set_free(&d->set);
	fd_close(&d->image_dir_fd);
	tree_free(&d->callers);
	visible_free(&d->callers_visible);
}

static int open_image(struct dump *d)
{
	const char *dir = d->options->images_dir;

	if (d->options->dry_run) {
		/* A plugin may write to the image; in a dry run this is discarded. */
		d->image_dir_fd = tmpfs_directory();
		return d->image_dir_fd < 0
			       ? log_error(d->image_dir_fd, "cannot make a scratch directory")
			       : 0;
	}
	d->image_dir_fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EINVAL;
	if (d->image_dir_fd < 0)
		return log_error(dir ? -errno : -EINVAL, "cannot open the image directory '%s'",
				 dir ? dir : "");
	/* Beside CRIU, the process that runs it holds the lock: CRIU writes there as well. */
	int err = d->options->processes ? 0 : image_lock(d->image_dir_fd);

	if (err)
		return log_error(err,
				 "another dump writes to the image directory '%s'; give each a "
				 "directory of its own",
				 dir);
	if (d->options->processes)
		return criu_merge_check(d->image_dir_fd, &d->ns_id, d->findings);
	int empty = image_is_empty(d->image_dir_fd);

	if (empty < 0)
		return log_error(empty, "cannot look into the image directory '%s'", dir);
	if (!empty)
		return findings_add(d->findings, FINDING_IMAGE_EXISTS, 0, dir,
				    "give an empty directory",
				    "the image directory '%s' holds an image already", dir);
	return 0;
}

static int read_own(struct dump *d)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;
	int err = scan_open_own(&own);

	if (!err)
		err = scan_read(&own, d->reader, &d->callers);
	if (!err)
		err = visible_find_all(&d->callers, &d->callers_visible);
	return err ? scan_failed(err, "cannot read the caller's own mounts") : 0;
}

static int decide(struct dump *d, const struct scan_target *target, struct mount_tree *tree,
		  const struct visible *visible)
{
	const struct rebind_dump_options *o = d->options;
	struct external_input input = {
		.target = target,
		.tree = tree,
		.visible = visible,
		.callers = &d->callers,
		.callers_visible = &d->callers_visible,
		.options = &d->externals,
		.skip_mnt = o->skip_mnt,
		.n_skip_mnt = o->n_skip_mnt,
		.copy = o->copy,
		.n_copy = o->n_copy,
		.enable_fs = o->enable_fs,
		.n_enable_fs = o->n_enable_fs,
		.has_processes = o->processes,
		.findings = d->findings,
	};
	int err = external_decide(&input);

	if (err)
		return log_error(err, "cannot find out who owns the mounts");
	validate_mounts(tree);
	err = external_ask_plugins(tree, d->host);
	if (!err)
		err = served_ask_plugins(target, tree, d->host);
	if (err)
		return err;
	err = external_detect(&input);
	if (!err)
		err = external_mark_shared(&input);
	if (err)
		return log_error(err, "cannot look for the caller's own mounts");
	if (contents_any(tree, NULL))
		privileges_check(CAPS_PACK, d->findings);
	err = undecided_refuse(&input);
	if (err)
		return log_error(err, "cannot say what would help");
	err = binfmt_read(target, tree, &d->callers, d->findings);
	if (err)
		return log_error(err, "cannot read the formats registered with binfmt_misc");
	return validate_dump(target, tree, &d->callers, d->findings);
}

/* Its relation to peer groups outside of the namespace, which a restore must establish again. */
static void describe_sharing(const struct mount *m, const struct table *groups, char buf[64])
{
	buf[0] = '\0';
	if (m->host_shared)
		snprintf(buf, 64, ", in the caller's peer group %u", m->shared);
	else if (m->master && table_get(groups, m->master) == TABLE_NONE)
		snprintf(buf, 64, ", slave of peer group %u outside", m->master);
}

static void describe_mount(const struct dump *d, const struct mount *m, const struct table *groups)
{
	static const char *const owners[] = {
		[MOUNT_UNDECIDED] = "unclaimed", [MOUNT_ROOT] = "root",
		[MOUNT_INTERNAL] = "internal",	 [MOUNT_EXTERNAL] = "external",
		[MOUNT_PLUGIN] = "plugin",	 [MOUNT_SKIPPED] = "skipped",
	};
	const char *key = m->key ? m->key : m->parent_key;
	cleanup_free char *path = path_printable(mount_shown(m));
	cleanup_free char *line = NULL;
	char sharing[64];

	describe_sharing(m, groups, sharing);
	if (!path || asprintf(&line, "mount %u '%s' %s %s%s%s%s", m->id, path, m->fstype,
			      owners[m->owner], key ? " " : "", key ? key : "", sharing) < 0)
		return;
	if (d->options->dry_run && d->options->on_line)
		d->options->on_line(d->options->on_line_data, line);
	else if (*sharing)
		log_info("%s", line);
}

static void describe(const struct dump *d, const struct mount_tree *tree)
{
	cleanup_table struct table groups = { 0 };

	if (!d->options->dry_run && log_max() < LOG_INFO)
		return;
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].shared && table_put(&groups, tree->mounts[i].shared, i, NULL))
			return;
	tree_for_each (i, tree)
		describe_mount(d, &tree->mounts[i], &groups);
}

/* CLONE_NEW* of those namespaces of a process that are not the caller's: what a restore that makes
 * processes will have to make too. */
static int own_namespaces(pid_t pid, uint32_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < NS_KINDS; i++) {
		int differs = ns_differs(pid, ns_kinds[i].name);

		if (differs < 0)
			return differs;
		*ret |= differs ? (uint32_t)ns_kinds[i].flag : 0;
	}
	return 0;
}

static int write_inventory(struct dump *d)
{
	struct image_info info = { .version = 2 };
	struct image_set set = { .n = d->set.n > 1 ? d->set.n : 0 };

	for (uint32_t i = 0; i < set.n; i++)
		set.ids[i] = d->set.list[i].ns;
	info.set = &set;

	if (d->options->processes)
		return criu_merge_mark(d->image_dir_fd, d->findings);
	if (d->options->pid)
		info.has_namespaces = own_namespaces(d->options->pid, &info.namespaces) == 0;
	return image_write_inventory(d->image_dir_fd, &info);
}

static uint32_t number_of(const struct dump *d, uint32_t i)
{
	return d->set.n > 1 ? d->set.list[i].ns : d->ns_id;
}

static int write_mounts(struct dump *d, const struct mount_tree *tree, uint32_t ns_id)
{
	char name[64];

	/* Remove what a killed dump has left, or CRIU's record of the mounts. */
	snprintf(name, sizeof(name), "mountpoints-%u.img", ns_id);
	unlinkat(d->image_dir_fd, name, 0);
	int err = image_write_mounts(d->image_dir_fd, tree, ns_id);

	return err ? log_error(err, "cannot write '%s'", name) : 0;
}

static int write_image(struct dump *d, const struct mount_tree *tree)
{
	int err = 0;

	for (uint32_t i = 0; i < d->set.n && !err; i++)
		err = write_mounts(d, tree, number_of(d, i));
	if (err)
		return err;
	err = action_run(&d->action, "post-dump", d->options->pid);
	if (err)
		return err;
	err = write_inventory(d);
	return err ? log_error(err, "cannot write 'inventory.img'") : 0;
}

/* An image on its way into its directory. */
struct half_done {
	const struct dump *dump;
	const struct mount_tree *tree;
};

/* An incomplete image is removed. The directory had no inventory, and is locked. */
static void dump_take_back(void *data, int image_dir_fd)
{
	const struct half_done *half = data;
	char name[64];

	unlinkat(image_dir_fd, "inventory.img", 0);
	for (uint32_t i = 0; i < half->dump->set.n; i++) {
		snprintf(name, sizeof(name), "mountpoints-%u.img", number_of(half->dump, i));
		unlinkat(image_dir_fd, name, 0);
	}
	contents_forget(half->tree, image_dir_fd);
}

/* exit() of the plugins, with the result; if they fail, so does the dump. */
static int end_plugins(struct dump *d, int err)
{
	struct hooks_host *host = d->host;

	d->host = NULL;
	int finished = hooks_finish(host, err);

	return err ? err : finished;
}

/* Files that changed while they were copied: a warning each, or, with --strict, a finding. */
static int judge_changes(struct dump *d)
{
	const struct changes *changes = d->changes;

	if (!d->options->strict)
		contents_warn(changes);
	for (size_t i = 0; i < changes->n && d->options->strict; i++)
		findings_add(d->findings, FINDING_CHANGED, changes->list[i].mount_id,
			     changes->list[i].path, "--freeze", "it changed while it was copied");
	return d->options->strict && changes->n ? -EINVAL : 0;
}

/* All of the namespace has been read. Later changes do not matter. */
static int finish_reading(struct dump *d, const struct mount_tree *tree)
{
	int same = dump_target_is_unchanged(d->options, &d->set, tree);

	if (same <= 0)
		return same < 0 ? same : -EAGAIN;
	int err = judge_changes(d);
	int thawed = freezer_thaw(&d->freezer);

	return err ? err : thawed;
}

/* Contents and image. Return: -EAGAIN if the namespace changed meanwhile. */
static int write_all(struct dump *d, struct mount_tree *tree)
{
	struct log_held held;

	log_hold(&held);
	int err = contents_dump(scan_set_target(&d->set), tree, d->image_dir_fd, &d->progress,
				d->host, d->changes, d->ids.uid ? &d->ids : NULL, d->compress);

	if (!err) {
		err = finish_reading(d, tree);
		if (!err && d->ids.uid)
			err = owner_ids_inside(&d->ids, tree);
		if (!err)
			err = write_image(d, tree);
	} else if (dump_target_is_unchanged(d->options, &d->set, tree) == 0) {
		/* What could not be read may have gone: start again, without the errors. */
		err = -EAGAIN;
	}
	log_let_go(&held, err != -EAGAIN);
	return err;
}

/* Whatever ends the dump early, nothing of the image stays: a guard ensures that, too. */
static int dump_keep(struct dump *d, struct mount_tree *tree)
{
	struct half_done half = { d, tree };
	cleanup(guard_end) struct guard guard = GUARD_NONE;
	int err = guard_start(&guard, GUARD_ALL_GONE, dump_take_back, &half, d->image_dir_fd);

	if (err)
		return err;
	err = write_all(d, tree);
	if (!err)
		err = end_plugins(d, 0);
	if (err)
		dump_take_back(&half, d->image_dir_fd);
	else if (d->options->on_complete)
		d->options->on_complete(d->options->on_complete_data);
	return err;
}

/* The plugin process answers rebind_mount_info() from its copy of the first tree that was read. */
static int start_plugins(struct dump *d, struct mount_tree *tree)
{
	struct hooks_options hooks = {
		.libdir = d->options->libdir,
		.stage = CR_PLUGIN_STAGE__DUMP,
		.image_dir_fd = d->image_dir_fd,
		.timeout = d->options->plugin_timeout,
		.mount_info = mount_info_find,
		.data = tree,
	};

	if (d->started)
		return 0;
	d->started = true;
	return hooks_start(&hooks, &d->host);
}

/* The view of a process in a chroot is another than that of its namespace, which is dumped. */
static int check_root_of(struct dump *d, const struct mount_tree *tree, pid_t pid)
{
	cleanup_free char *path = NULL;
	static const char help[] = "--root-of namespace to dump all that the namespace has";
	int other = scan_other_root(tree, pid, &path);

	if (other <= 0)
		return other;
	/* For a root that is in no tree any more, the kernel reports a path from itself. */
	if (strcmp(path, "/") == 0)
		findings_add(d->findings, FINDING_CHROOTED, 0, NULL, help,
			     "process %d has a root that is mounted no more, or is covered: it "
			     "sees other paths than a dump would have",
			     (int)pid);
	else
		findings_add(d->findings, FINDING_CHROOTED, 0, NULL, help,
			     "process %d has its root at '%s', which is not the root of its mount "
			     "namespace: it sees other paths than a dump would have",
			     (int)pid, path);
	return 0;
}

/* Of a set the process by which each namespace was found. */
static int check_roots(struct dump *d, const struct mount_tree *tree)
{
	const struct rebind_dump_options *o = d->options;
	/* CRIU knows the roots of the processes that it dumps. */
	bool asks = o->pid && !o->processes && !o->root_of_namespace;
	int err = 0;

	for (uint32_t i = 0; i < d->set.n && asks && !err; i++) {
		const struct scan_member *member = &d->set.list[i];

		err = check_root_of(d, d->set.n > 1 ? &member->tree : tree, member->pid);
	}
	return err;
}

/* Of a process tree the namespaces that it has now, when it is frozen, or after it has changed. */
static int list_again(struct dump *d)
{
	if (!d->options->all_mntns)
		return 0;
	scan_set_free(&d->set);
	return dump_target_open(d->options, &d->set, d->findings);
}

static int try_once(struct dump *d)
{
	cleanup_tree struct mount_tree tree = { 0 };
	cleanup_visible struct visible visible = { 0 };
	int err = list_again(d);

	if (err)
		return err;
	err = scan_set_open(&d->set);
	progress_tell(&d->progress);
	if (err)
		return log_error(err, "cannot enter the mount namespace");
	if (d->options->processes && !d->ids.uid)
		err = option_ids_read_of(d->options->pid, &d->ids);
	if (!err)
		err = scan_set_read(&d->set, d->reader, &tree, &visible);
	if (err)
		return err == -EAGAIN ? err
				      : scan_failed(err, "cannot read the mounts of the namespace");
	err = start_plugins(d, &tree);
	if (err)
		return err;
	err = check_roots(d, &tree);
	if (!err)
		err = decide(d, scan_set_target(&d->set), &tree, &visible);
	if (err == -EINVAL && dump_target_check_own(d->options, &d->set, d->findings))
		return -ENOMEM;
	describe(d, &tree);
	return err || d->options->dry_run ? err : dump_keep(d, &tree);
}

static int try_often(struct dump *d)
{
	for (int i = 0; i < TRIES; i++) {
		int err = try_once(d);

		if (err != -EAGAIN)
			return err;
		log_info("the namespace changed while it was dumped: again");
		/* Findings of the previous attempt may not apply any more. */
		findings_free(d->findings);
		changes_free(d->changes);
	}
	return log_error(-EAGAIN,
			 "the namespace kept changing while it was dumped (%d tries); "
			 "freeze its processes%s",
			 TRIES, d->options->pid && !d->options->processes ? " (--freeze)" : "");
}

static int try_frozen(struct dump *d)
{
	const struct rebind_dump_options *o = d->options;
	int err = o->freeze ? freezer_find(&d->freezer, o->pid, &d->callers, d->findings) : 0;

	if (!err && o->freeze && !o->dry_run)
		err = freezer_freeze(&d->freezer);
	if (!err)
		err = try_often(d);
	int thawed = freezer_thaw(&d->freezer);

	return err ? err : thawed;
}

static int dump_all(struct dump *d)
{
	int err = dump_target_open(d->options, &d->set, d->findings);

	if (!err)
		err = findings_any(d->findings) ? -EINVAL : open_image(d);
	if (!err && !d->options->dry_run)
		err = action_run(&d->action, "pre-dump", d->options->pid);
	if (!err)
		err = read_own(d);
	if (err)
		return err;
	return end_plugins(d, try_frozen(d));
}

/* CRIU freezes processes itself; and without one it is not known whom to freeze. */
static int check_freeze(const struct rebind_dump_options *o, struct findings *findings)
{
	if (!o->freeze || (o->pid && !o->processes))
		return 0;
	return findings_add(findings, FINDING_USAGE, 0, NULL, o->processes ? NULL : "-t PID",
			    o->processes ? "CRIU freezes the processes itself"
					 : "to freeze processes takes one of them");
}

int dump_run(const struct rebind_dump_options *options, struct findings *findings,
	     struct changes *changes)
{
	cleanup(dump_free) struct dump d = {
		.options = options,
		.findings = findings,
		.changes = changes,
		.freezer = FREEZER_NONE,
		.image_dir_fd = -EBADF,
		.ns_id = NS_ID,
		.progress = {
			.fn = options->on_progress,
			.data = options->on_progress_data,
			.sock = -EBADF,
			.doing = "reading the mounts",
		},
	};
	cleanup_caps struct caps_state caps = caps_hold();

	/* Each namespace of a set takes some. What the caller starts keeps its own limit. */
	cleanup_fd_limit struct fd_limit limit = { .is_raised = false };

	if (options->all_mntns || options->n_more_mntns)
		limit = fd_limit_raise();
	d.action = (struct action){ options->on_action, options->on_action_data, &caps,
				    limit.is_raised ? &limit.was : NULL };
	d.externals.lenient = options->lenient;
	int err = external_options_parse(EXTERNAL_OPTION_DUMP, options->external,
					 options->n_external, &d.externals, findings);

	usage_check_dump(options, findings);
	if (!err)
		err = check_freeze(options, findings);
	if (err)
		return err;
	scan_reader_named(options->reader, &d.reader);
	if (options->compress)
		archive_compress(options->compress, &d.compress);
	privileges_check(CAPS_ENTER, findings);
	if (findings_any(findings))
		return -EPERM;
	err = privileges_check_proc(findings);
	if (err)
		return err;
	err = caps_raise();
	return err ? log_error(err, "cannot raise capabilities") : dump_all(&d);
}
