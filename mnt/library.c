// SPDX-License-Identifier: LGPL-2.1-or-later
/* rebind.h over the rooms: reports, trees, comparison. */
#include "include/rebind.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/log.h"
#include "hooks/hooks.h"
#include "image/image.h"
#include "mnt/compare-contents.h"
#include "mnt/dump.h"
#include "mnt/formats.h"
#include "mnt/kind.h"
#include "mnt/namespace.h"
#include "mnt/restore.h"
#include "mnt/privileges.h"
#include "mnt/scan.h"
#include "model/compare.h"
#include "model/filesystem.h"
#include "model/flags.h"
#include "model/visible.h"

struct rebind_report {
	struct findings findings;
	struct differences differences;
};

const char *rebind_version(void)
{
	return REBIND_VERSION;
}

/* ---- log ---- */

static rebind_log_fn log_fn;

static void pass_line(void *data, enum log_level level, const char *line)
{
	log_fn(data, (enum rebind_log_level)level, line);
}

void rebind_log_to(rebind_log_fn fn, void *data, enum rebind_log_level max)
{
	log_fn = fn;
	log_to(fn ? pass_line : NULL, data, (enum log_level)max);
}

/* ---- report ---- */

struct rebind_report *rebind_report_new(void)
{
	return calloc(1, sizeof(struct rebind_report));
}

void rebind_report_free(struct rebind_report *report)
{
	if (!report)
		return;
	findings_free(&report->findings);
	differences_free(&report->differences);
	free(report);
}

/* The public structs have the fields of the private ones, in their order. */
size_t rebind_report_findings(const struct rebind_report *report, const struct rebind_finding **ret)
{
	_Static_assert(sizeof(struct rebind_finding) == sizeof(struct finding), "the same fields");
	*ret = (const struct rebind_finding *)report->findings.list;
	return report->findings.n;
}

size_t rebind_report_differences(const struct rebind_report *report,
				 const struct rebind_difference **ret)
{
	_Static_assert(sizeof(struct rebind_difference) == sizeof(struct difference),
		       "the same fields");
	*ret = (const struct rebind_difference *)report->differences.list;
	return report->differences.n;
}

/* ---- dump and restore ---- */

int rebind_dump(const struct rebind_dump_options *options, struct rebind_report *report)
{
	struct rebind_dump_options own = { 0 };

	memcpy(&own, options, options->size < sizeof(own) ? options->size : sizeof(own));
	return dump_run(&own, &report->findings);
}

int rebind_restore(const struct rebind_restore_options *options, struct rebind_report *report,
		   struct rebind_namespace **ret)
{
	struct rebind_restore_options own = { 0 };
	struct restore_result result;

	memcpy(&own, options, options->size < sizeof(own) ? options->size : sizeof(own));
	int err = restore_run(&own, &report->findings, &report->differences, &result);

	return err || own.dry_run ? err : namespace_new(&result, ret);
}

/* ---- trees ---- */

struct rebind_tree {
	struct mount_tree tree;
	uint32_t *order;     /* pre-order, siblings by path */
	unsigned int *depth; /* by position in order */
	int ns_fd;	     /* a live namespace, or -EBADF */
	int image_dir_fd;    /* an image, or -EBADF */
};

void rebind_tree_free(struct rebind_tree *tree)
{
	if (!tree)
		return;
	tree_free(&tree->tree);
	fd_close(&tree->ns_fd);
	fd_close(&tree->image_dir_fd);
	free(tree->order);
	free(tree->depth);
	free(tree);
}

/* tree_link() chains children by descending path; a reader wants them ascending. */
static int put_in_order(struct rebind_tree *t)
{
	uint32_t n = t->tree.n, top = 0, done = 0;
	cleanup_free uint32_t *stack = malloc((n + 1) * sizeof(*stack));
	cleanup_free unsigned int *level = malloc((n + 1) * sizeof(*level));

	t->order = malloc((n + 1) * sizeof(*t->order));
	t->depth = malloc((n + 1) * sizeof(*t->depth));
	if (!stack || !level || !t->order || !t->depth)
		return -ENOMEM;
	stack[top] = t->tree.root;
	level[top++] = 0;
	while (top) {
		uint32_t i = stack[--top];
		unsigned int depth = level[top];

		t->order[done] = i;
		t->depth[done++] = depth;
		/* The chain's last child is pushed last, so it is taken first. */
		for (uint32_t c = t->tree.mounts[i].first_child; c != MOUNT_NONE;
		     c = t->tree.mounts[c].next) {
			stack[top] = c;
			level[top++] = depth + 1;
		}
	}
	return 0;
}

static int read_live(struct rebind_tree *t, pid_t pid, const char *reader_name)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_visible struct visible visible = { 0 };
	enum scan_reader reader;
	char without[CAPS_TEXT];
	int err = scan_reader_named(reader_name, &reader);

	if (!err)
		err = caps_raise();
	if (!err)
		err = scan_open(t->ns_fd, &target);
	if (!err)
		err = scan_from_root(&target, pid);
	if (!err && pid)
		err = scan_from_cgroup(&target, pid);
	if (!err)
		err = scan_read(&target, reader, &t->tree);
	if (!err)
		err = visible_find_all(&t->tree, &visible);
	if (err)
		return log_error(err, "cannot read the mount namespace%s",
				 caps_without(err, CAPS_ENTER, without));
	kind_find_all(&target, &t->tree);
	err = formats_look(&target, &t->tree);
	return err ? log_error(err, "cannot read the formats registered with binfmt_misc") : 0;
}

static int read_text(struct rebind_tree *t, int fd, const char *what, struct findings *findings)
{
	struct tree_fault fault;
	int err = scan_text(fd, &t->tree, &fault);

	if (err == -EBADMSG && !fault.id)
		findings_add(
			findings, "not-mountinfo", 0, what,
			"give a pid, a namespace file, an image directory or a copy of a mountinfo",
			"'%s' is not a saved mountinfo: %s", what, fault.reason);
	else if (err == -EBADMSG)
		findings_add(findings, "not-mountinfo", fault.id, what, NULL, "mount %u of '%s' %s",
			     fault.id, what, fault.reason);
	else if (err)
		log_error(err, "cannot read '%s'", what);
	return err ? err : formats_unknown(&t->tree);
}

static bool is_pid(const char *what)
{
	return *what && strspn(what, "0123456789") == strlen(what) && strlen(what) < 10;
}

static int read_what(struct rebind_tree *t, const char *what, uint32_t ns_id, const char *reader,
		     struct findings *findings)
{
	char without[CAPS_TEXT];
	struct image_info info;
	struct stat stat;
	uint64_t id;

	if (is_pid(what)) {
		int err = privileges_check_proc(findings);

		if (err)
			return err;
		caps_raise();
		t->ns_fd = scan_ns_of_pid(atoi(what));
		if (t->ns_fd < 0)
			return log_error(t->ns_fd,
					 "cannot open the mount namespace of process %s%s%s", what,
					 scan_of_zombie(atoi(what), t->ns_fd),
					 caps_without(t->ns_fd, CAPS_OPEN, without));
		return read_live(t, atoi(what), reader);
	}
	/* Of another user, or of a process with privileges: below its /proc nobody with fewer may
	 * open. */
	cleanup_fd int fd = caps_openat(AT_FDCWD, what, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &stat) < 0)
		return log_error(fd < 0 ? fd : -errno, "cannot open '%s'", what);
	if (S_ISDIR(stat.st_mode)) {
		t->image_dir_fd = fd_take(&fd);
		return image_read(t->image_dir_fd, ns_id, &t->tree, &info, findings);
	}
	if (sys_mntns_id(fd, &id) == 0) {
		t->ns_fd = fd_take(&fd);
		return read_live(t, 0, reader);
	}
	return read_text(t, fd, what, findings);
}

int rebind_tree_open(const char *what, uint32_t ns_id, const char *reader,
		     struct rebind_report *report, struct rebind_tree **ret)
{
	cleanup_caps struct caps_state caps = caps_hold();
	struct rebind_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->tree.root = MOUNT_NONE;
	t->ns_fd = t->image_dir_fd = -EBADF;
	int err = read_what(t, what, ns_id, reader, &report->findings);

	if (!err)
		err = put_in_order(t);
	if (err)
		rebind_tree_free(t);
	else
		*ret = t;
	return err;
}

size_t rebind_tree_count(const struct rebind_tree *tree)
{
	return tree->tree.n;
}

void rebind_tree_get(const struct rebind_tree *tree, size_t index, struct rebind_mount *ret)
{
	static const enum rebind_owner owners[] = {
		[MOUNT_UNDECIDED] = REBIND_OWNER_UNKNOWN, [MOUNT_ROOT] = REBIND_OWNER_ROOT,
		[MOUNT_INTERNAL] = REBIND_OWNER_INTERNAL, [MOUNT_EXTERNAL] = REBIND_OWNER_EXTERNAL,
		[MOUNT_PLUGIN] = REBIND_OWNER_PLUGIN,	  [MOUNT_SKIPPED] = REBIND_OWNER_UNKNOWN,
	};
	const struct mount *m = &tree->tree.mounts[tree->order[index]];

	*ret = (struct rebind_mount){
		.id = m->id,
		.parent_id = m->parent_id,
		.unique_id = m->unique_id,
		.depth = tree->depth[index],
		.dev_major = MOUNT_DEV_MAJOR(m->dev),
		.dev_minor = MOUNT_DEV_MINOR(m->dev),
		.mountpoint = m->mountpoint,
		.root = m->root,
		.fstype = m->fstype,
		.source = m->source,
		.options = m->options,
		.key = m->key ? m->key : m->parent_key,
		.shared = m->shared,
		.master = m->master,
		.unbindable = m->unbindable,
		.is_file = m->kind == MOUNT_KIND_FILE,
		.idmapped = m->attributes & MOUNT_ATTR_IDMAP,
		.covered = tree_covering(&tree->tree, tree->order[index]) != MOUNT_NONE,
		.deleted = m->deleted,
		.owner = owners[m->owner],
	};
	flags_attr_text(m->attributes, ret->attributes);
	flags_sb_text(m->sb_flags, ret->sb_flags);
}

/* The public struct has the fields of the private one, in their order. */
size_t rebind_tree_formats(const struct rebind_tree *tree, size_t index,
			   const struct rebind_format **ret, bool *ret_disabled)
{
	const struct mount *m = &tree->tree.mounts[tree->order[index]];
	const struct mount_formats *formats =
		tree->tree.mounts[tree_first_of_superblock(&tree->tree, m)].formats;

	_Static_assert(sizeof(struct rebind_format) == sizeof(struct mount_format),
		       "the same fields");
	*ret = formats ? (const struct rebind_format *)formats->list : NULL;
	*ret_disabled = formats && formats->disabled;
	return formats ? formats->n : 0;
}

/* ---- comparison ---- */

/* A tree that neither a kernel nor an image can be asked about any more. */
static bool is_text(const struct rebind_tree *tree)
{
	return tree->ns_fd < 0 && tree->image_dir_fd < 0;
}

static bool has_idmaps(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].attributes & MOUNT_ATTR_IDMAP)
			return true;
	return false;
}

/* Mounts of which a mountinfo does not tell whether they are a directory or a file. */
static bool has_parts(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (i != tree->root && !mount_is_fsroot(&tree->mounts[i]))
			return true;
	return false;
}

static bool has_contents(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];
		const struct filesystem *fs = filesystem_find(m->fstype);

		if (fs && (fs->flags & FILESYSTEM_CONTENTS) && compare_is_internal(tree, m))
			return true;
	}
	return false;
}

/* What is registered with a binfmt_misc, and cannot be told of a text, nor where it is covered. */
static const struct mount *unknown_formats(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].formats && tree->mounts[i].formats->unknown)
			return &tree->mounts[i];
	return NULL;
}

static bool may_have_formats(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->mounts[i].formats)
			return true;
	return false;
}

static void say_what_is_covered(const struct rebind_tree *tree)
{
	const struct mount *m = is_text(tree) ? NULL : unknown_formats(&tree->tree);

	if (m)
		log_warn("mount %u '%s': what is registered in this binfmt_misc cannot be seen, "
			 "and is not compared",
			 m->id, m->mountpoint);
}

/* What a saved mountinfo does not tell, as far as these mounts have it: "equal" does not mean that.
 */
static void say_what_is_untold(const struct rebind_tree *left, const struct rebind_tree *right)
{
	const struct mount_tree *l = &left->tree, *r = &right->tree;
	const char *side = !is_text(right) ? "the left side is"
			   : is_text(left) ? "both sides are"
					   : "the right side is";
	char fields[192] = "";

	say_what_is_covered(left);
	say_what_is_covered(right);
	if (!is_text(left) && !is_text(right))
		return;
	if (has_contents(l) && has_contents(r))
		strcat(fields, ", the contents of tmpfs");
	if (has_idmaps(l) && has_idmaps(r))
		strcat(fields, ", the maps of id-mapped mounts");
	if (has_parts(l) && has_parts(r))
		strcat(fields, ", whether a mount is a directory or a file");
	if (may_have_formats(l) && may_have_formats(r))
		strcat(fields, ", the formats registered with binfmt_misc");
	if (*fields)
		log_warn("%s a saved mountinfo, which does not tell: %s", side, fields + 2);
}

static int compare_what_they_hold(const struct rebind_tree *left, const struct rebind_tree *right,
				  struct differences *differences)
{
	struct contents_side l = { &left->tree, left->ns_fd, left->image_dir_fd };
	struct contents_side r = { &right->tree, right->ns_fd, right->image_dir_fd };

	caps_raise();
	return compare_contents(&l, &r, differences);
}

int rebind_compare(const struct rebind_tree *left, const struct rebind_tree *right,
		   unsigned int flags, struct rebind_report *report)
{
	cleanup_caps struct caps_state caps = caps_hold();

	if ((flags & REBIND_COMPARE_CONTENTS) && (is_text(left) || is_text(right)))
		return log_error(
			-EINVAL,
			"contents cannot be compared: the %s side is a saved mountinfo, which has none",
			is_text(left) ? "left" : "right");
	say_what_is_untold(left, right);
	int err = compare_trees(&left->tree, &right->tree,
				flags & REBIND_COMPARE_SOURCES ? COMPARE_SOURCES : 0,
				&report->differences);

	if (!err && (flags & REBIND_COMPARE_CONTENTS))
		err = compare_what_they_hold(left, right, &report->differences);
	return err ? err : report->differences.n > 0;
}

/* ---- plugins ---- */

struct list_state {
	void (*each)(void *data, const struct rebind_plugin *plugin);
	void *data;
};

static void list_one(void *data, const struct hooks_plugin *plugin)
{
	const struct list_state *state = data;
	char version[32], hooks[512] = "";

	for (unsigned int i = 0; i < 32; i++) {
		size_t n = strlen(hooks);

		if (plugin->hooks & (1U << i))
			snprintf(hooks + n, sizeof(hooks) - n, "%s%s", n ? " " : "", hooks_name(i));
	}
	snprintf(version, sizeof(version), "%u.%u.%u", plugin->version >> 16,
		 (plugin->version >> 8) & 0xff, plugin->version & 0xff);
	struct rebind_plugin line = {
		.file = plugin->file,
		.name = plugin->name,
		.generation = plugin->generation_1 ? "0.1.0" : version,
		.max_hooks = plugin->max_hooks,
		.hooks = hooks,
	};

	state->each(state->data, &line);
}

int rebind_plugin_list(const char *libdir, void (*each)(void *data, const struct rebind_plugin *),
		       void *data)
{
	struct list_state state = { .each = each, .data = data };

	return hooks_list(libdir, list_one, &state);
}
