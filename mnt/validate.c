// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/validate.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "base/text.h"
#include "mnt/check/caller-mounts.h"
#include "mnt/check/preflight.h"
#include "mnt/check/privileges.h"
#include "mnt/check/unlinked-roots.h"
#include "mnt/check/user-ids.h"
#include "mnt/check/userns-limits.h"
#include "mnt/fs/fs.h"
#include "mnt/fs/overlay-check.h"
#include "mnt/ns/helper.h"
#include "model/advice.h"
#include "model/filesystem.h"
#include "model/served.h"

void validate_mounts(struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i];

		m->need_plugin = m->owner == MOUNT_UNDECIDED;
	}
}

/* The first name in the root of a mount that not every instance has: 1, 0, or a negative errno. */
static int find_file(const struct scan_target *target, const struct mount *m,
		     char name[NAME_MAX + 1])
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	cleanup_fd int path = path_open_in_root(scan_target_of(target, m)->root_fd, mount_path(m));
	cleanup_fd int fd = path < 0 ? path : openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int more;

	if (!dir)
		return path < 0 ? path : -errno;
	fd_take(&fd);
	while ((more = fd_next_entry(dir, &entry)) > 0) {
		if (filesystem_own_file(fs, entry->d_name))
			continue;
		snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
		return 1;
	}
	return more;
}

/* Its contents would be lost: pinned programs. */
static void check_no_files(const struct scan_target *target, const struct mount_tree *tree,
			   const struct mount *m, struct findings *findings)
{
	const struct mount *seen = advice_seen_whole(tree, tree_index(tree, m));
	cleanup_free char *help = advice_external(tree, m);
	char name[NAME_MAX + 1] = "";
	int found = seen ? find_file(target, seen, name) : -ENOENT;

	if (found > 0)
		findings_mount(findings, FINDING_CONTENTS, m, help,
			       "it holds '%s', and what a %s holds is not kept", name, m->fstype);
	else if (found < 0)
		findings_mount(findings, FINDING_CONTENTS, m, help,
			       "whether the %s holds anything, which would be lost, cannot be seen",
			       m->fstype);
}

static void check_idmap(const struct mount *m, struct findings *findings)
{
	if (!(m->attributes & MOUNT_ATTR_IDMAP) || m->owner == MOUNT_SKIPPED)
		return;
	if (!m->idmap || !m->idmap->n_uid || !m->idmap->n_gid)
		findings_mount(findings, FINDING_IDMAPPED, m, "use Linux 6.15 or later",
			       "it is id-mapped, and the kernel does not tell its maps here");
	else if (m->deleted && m->owner == MOUNT_INTERNAL)
		findings_mount(
			findings, FINDING_IDMAPPED, m, NULL,
			"it is id-mapped, and its root has been deleted: the owner of that cannot be read");
	else if (m->owner == MOUNT_PLUGIN)
		findings_mount(
			findings, FINDING_IDMAPPED, m, NULL,
			"it is id-mapped, and a plugin's mount cannot be, once it is attached");
}

/* @tree: where the mount is seen; NULL: it is of an image */
static void check_options(const struct mount_tree *tree, const struct mount *m,
			  const struct filesystem *fs, struct findings *findings)
{
	const char *options = m->options;
	struct filesystem_option option;

	if (fs->flags & FILESYSTEM_HOST_OPTIONS)
		return;
	while (filesystem_next_option(&options, &option) > 0) {
		cleanup_free char *help = NULL;

		if (!filesystem_allows(fs, option.name) && !filesystem_ignores(option.name)) {
			help = tree ? advice_external(tree, m) : NULL;
			findings_mount(findings, FINDING_UNKNOWN_OPTION, m, help,
				       "%s the %s option '%s', which is not on rebind's list",
				       tree ? "it has" : "the image asks for", fs->name,
				       option.name);
		}
		filesystem_free_option(&option);
	}
}

static void check_superblock(const struct scan_target *target, const struct mount_tree *tree,
			     const struct mount_tree *callers, const struct mount *m,
			     struct findings *findings)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (fs)
		check_options(tree, m, fs, findings);
	if (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_OVERLAY)
		overlay_check_layers(target, tree, m, findings);
	/* What the caller has mounted itself is the host's, and so is what it holds. */
	else if (fs && (fs->flags & FILESYSTEM_NO_FILES) &&
		 table_get(&callers->by_dev, m->dev) == TABLE_NONE)
		check_no_files(target, tree, m, findings);
}

/* Its mountpoint was renamed out of the mount below it: no record could say where it was. */
static void check_lost(const struct mount_tree *tree, const struct mount *m,
		       struct findings *findings)
{
	uint32_t lost = table_get(&tree->lost, m->id);
	cleanup_free char *help = NULL, *path = NULL;

	if (lost == TABLE_NONE || m->owner == MOUNT_SKIPPED)
		return;
	path = text_quoted("%s", m->mountpoint);
	if (path && asprintf(&help, "--skip-mnt %s", path) >= 0)
		findings_mount(findings, FINDING_UNREACHABLE, m, help,
			       "the directory that mount %u below it stands on was moved out of "
			       "it: no path leads there",
			       lost);
}

/* No path leads to a symlink's own mount, and no source can be one. */
static void check_symlink(const struct mount *m, struct findings *findings)
{
	cleanup_free char *help = NULL, *path = NULL;

	if (!m->is_symlink || m->owner == MOUNT_SKIPPED)
		return;
	path = text_quoted("%s", m->mountpoint);
	if (path && asprintf(&help, "--skip-mnt %s", path) >= 0)
		findings_mount(findings, FINDING_SYMLINK, m, help,
			       "it shows a symlink, '%s' of a %s, which rebind does not mount",
			       m->root, m->fstype);
}

/* Names are made and removed in one namespace; where several show the filesystem, others would see
 * them come and go. */
static void check_deleted_in_set(const struct mount_tree *tree, const struct mount *m,
				 struct findings *findings)
{
	cleanup_free char *help = NULL;

	if (!tree_is_set(tree) || !m->deleted || m->owner != MOUNT_INTERNAL)
		return;
	help = advice_external(tree, m);
	findings_mount(findings, FINDING_DELETED, m, help,
		       "its root '%s' has been deleted, and of a set of namespaces that is not "
		       "kept",
		       m->root);
}

int validate_dump(const struct scan_target *target, const struct mount_tree *tree,
		  const struct mount_tree *callers, struct findings *findings)
{
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (m->owner == MOUNT_INTERNAL && tree_first_of_superblock(tree, m) == i)
			check_superblock(target, tree, callers, m, findings);
		check_idmap(m, findings);
		check_lost(tree, m, findings);
		check_symlink(m, findings);
		check_deleted_in_set(tree, m, findings);
	}
	int err = fs_cgroup_check_dump(target, tree, findings);

	err = err ? err : unlinked_check_dump(target, tree, findings);
	return err ? err : findings_any(findings) ? -EINVAL : 0;
}

static void check_internal(const struct mount_tree *tree, const struct mount *m,
			   const char *const *enable_fs, size_t n, struct findings *findings)
{
	const struct mount *root = &tree->mounts[tree->root];
	const struct filesystem *fs = filesystem_find(m->fstype);

	if (m->dev == root->dev) {
		if (!path_rest_below(m->root, root->root))
			findings_mount(findings, FINDING_NO_SOURCE, m, NULL,
				       "it shows '%s', which is outside of the root '%s'", m->root,
				       root->root);
		return;
	}
	if (!fs) {
		findings_mount(findings, FINDING_UNKNOWN_FILESYSTEM, m, NULL,
			       "the image asks for a new %s, which rebind does not create",
			       m->fstype);
		return;
	}
	if ((fs->flags & FILESYSTEM_ON_REQUEST) && !filesystem_is_among(fs->name, enable_fs, n)) {
		char help[64];

		snprintf(help, sizeof(help), "--enable-fs %s", fs->name);
		findings_mount(findings, FINDING_NOT_ENABLED, m, help,
			       "%s is only restored on request", fs->name);
	}
	if (!(fs->flags & FILESYSTEM_SINGLE) &&
	    !mount_is_fsroot(&tree->mounts[tree_first_of_superblock(tree, m)]) &&
	    !tree_is_all_deleted(tree, m))
		findings_mount(findings, FINDING_NO_SOURCE, m, NULL,
			       "it shows '%s' of a %s that no record shows whole", m->root,
			       m->fstype);
	check_options(NULL, m, fs, findings);
}

/* The filesystem behind a descriptor of a plugin's is created with options of the image. */
static void check_served(const struct mount *m, struct findings *findings)
{
	enum served kind = served_kind(m->fstype);
	const char *options = m->options;
	struct filesystem_option option;

	while (filesystem_next_option(&options, &option) > 0) {
		if (!served_sets(kind, option.name) && !served_ignores(kind, option.name))
			findings_mount(
				findings, FINDING_UNKNOWN_OPTION, m, NULL,
				"the image asks for the %s option '%s', which is not on rebind's list",
				m->fstype, option.name);
		filesystem_free_option(&option);
	}
}

static bool is_restorable(const struct mount_tree *tree, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	const struct mount *root = &tree->mounts[tree->root];
	const char *rest = m->dev == root->dev ? path_rest_below(m->root, root->root) : NULL;

	if (!m->deleted || m->dev != root->dev)
		return !m->deleted || (fs && (fs->flags & FILESYSTEM_CONTENTS));
	return rest && *rest && !root->deleted;
}

int validate_image(const struct mount_tree *tree, const struct rebind_restore_options *options,
		   struct findings *findings)
{
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		check_deleted_in_set(tree, m, findings);
		if (m->owner == MOUNT_INTERNAL && !is_restorable(tree, m))
			findings_mount(findings, FINDING_DELETED, m, NULL,
				       "its root '%s' had been deleted: it would have to be made "
				       "and deleted in a %s that is not rebind's",
				       m->root, m->fstype);
		else if (m->owner == MOUNT_INTERNAL)
			check_internal(tree, m, options->enable_fs, options->n_enable_fs, findings);
		else if (m->owner == MOUNT_PLUGIN && m->file_id)
			check_served(m, findings);
		check_idmap(m, findings);
	}
	privileges_check_restore(options->new_ns, tree, findings);
	return findings_any(findings) ? -EINVAL : 0;
}

int validate_restore(const struct validate_input *input)
{
	const struct rebind_restore_options *o = input->options;
	const struct mount_tree *tree = input->tree;
	struct findings *findings = input->findings;

	caller_mounts_check(o, tree, input->callers, findings);
	fs_binfmt_check(tree, o, findings);
	fs_tmpfs_check(tree, o, input->image_dir_fd, findings);
	unlinked_check_restore(tree, o, findings);
	int err = ns_helper_check(o->join_ns, o->n_join_ns, o->new_ns, findings);

	if (err)
		return err;
	userns_limits_check(o, tree, input->sources, findings);
	if (!input->has_inside_ids)
		user_ids_check(o, tree, input->image_dir_fd, findings);
	if (findings_any(findings) || o->dry_run)
		preflight_check(o, tree, input->sources, input->image_dir_fd, findings);
	return 0;
}
