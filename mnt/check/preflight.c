// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/check/preflight.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/names.h"
#include "base/path.h"
#include "hooks/hooks.h"
#include "archive/archive.h"
#include "image/image.h"
#include "mnt/contents/contents.h"
#include "mnt/contents/rules.h"
#include "mnt/build/mountpoint.h"
#include "model/filesystem.h"

/* Only what the caller's own tree shows now: below a source, not below what is still to be mounted.
 */
static void look_for_mountpoint(const struct rebind_restore_options *options,
				const struct mount_tree *tree, const struct sources *sources,
				const struct mount *m, struct findings *findings)
{
	const struct source *source = &sources->of[m->parent];

	if (source->group == MOUNT_NONE)
		return;
	cleanup_free char *path = path_join(source->rest, tree_relative(tree, m));
	int dir_fd = sources->groups[source->group].path_fd;
	cleanup_fd int fd = path ? path_open_beneath(dir_fd, path) : -ENOMEM;

	if (fd == -ELOOP && m->on_symlink)
		fd = path_open_link_beneath(dir_fd, path);

	if (fd == -ENOENT)
		findings_mount(
			findings, FINDING_NO_MOUNTPOINT, m, mountpoint_advice(options, tree, m),
			"its mountpoint does not exist%s", mountpoint_hint(options, tree, m));
	else if (fd == -ELOOP)
		findings_mount(
			findings, FINDING_SYMLINK, m, NULL,
			"its mountpoint is, or lies behind, a symlink, which is not followed");
}

static void look_for_mountpoints(const struct rebind_restore_options *options,
				 const struct mount_tree *tree, const struct sources *sources,
				 struct findings *findings)
{
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i], *parent = tree_parent(tree, m);

		if (parent && !options->create_mountpoints &&
		    (parent->owner == MOUNT_ROOT || parent->owner == MOUNT_EXTERNAL))
			look_for_mountpoint(options, tree, sources, m, findings);
	}
}

/* The path itself, and each directory above it but for "/". */
static int add_directories(struct names *names, const char *path)
{
	int err = 0;

	for (size_t n = 1; path[n - 1] && !err; n++)
		if (path[n] == '/' || !path[n])
			err = names_put(names, path, n, 0);
	return err;
}

/* Where directories will be made: for a mount, or on the way to one. */
static int find_to_be_made(const struct rebind_restore_options *options,
			   const struct mount_tree *tree, struct names *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && options->create_mountpoints && !err; i++)
		err = add_directories(ret, tree->mounts[i].mountpoint);
	return err;
}

/* @path: below the root, "" for that itself */
static bool is_to_be_made(const struct names *made, const char *path)
{
	return made->n && (!*path || names_get(made, path, strlen(path)) != TABLE_NONE);
}

/* What is bound from one place of the new root to another has to be there. */
static void look_for_parts(const struct rebind_restore_options *options,
			   const struct mount_tree *tree, const struct sources *sources,
			   struct findings *findings)
{
	const struct mount *root = &tree->mounts[tree->root];
	const struct source *source = &sources->of[tree->root];
	cleanup_names struct names made = { 0 };

	if (root->owner != MOUNT_ROOT || source->group == MOUNT_NONE)
		return;
	findings->lost |= find_to_be_made(options, tree, &made) != 0;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];
		bool of_root = m->owner == MOUNT_INTERNAL && m->dev == root->dev && !m->deleted;
		const char *rest = of_root ? path_rest_below(m->root, root->root) : NULL;
		cleanup_free char *path = rest ? path_join(source->rest, rest) : NULL;
		cleanup_fd int fd =
			path ? path_open_beneath(sources->groups[source->group].path_fd, path)
			     : -EBADF;

		if (fd == -ENOENT && !is_to_be_made(&made, rest))
			findings_mount(findings, FINDING_NO_SOURCE, m, NULL,
				       "what it shows, '%s' of the root, does not exist in the "
				       "new root",
				       *rest ? rest : "/");
	}
}

static void note_plugin(void *data, const struct hooks_plugin *plugin)
{
	*(uint32_t *)data |= plugin->hooks;
}

static void look_for_plugins(const struct rebind_restore_options *options,
			     const struct mount_tree *tree, struct findings *findings)
{
	uint32_t found = 0;
	bool asked = false;

	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];

		if (m->owner != MOUNT_PLUGIN)
			continue;
		if (!asked)
			hooks_list(options->libdir, note_plugin, &found);
		asked = true;
		if (!(found & UINT32_C(1) << hooks_of_mount(m)))
			findings_mount(findings, FINDING_NO_PLUGIN, m, "-L DIR",
				       "a plugin's mount, and no plugin that restores %s is there",
				       m->file_id ? "such descriptors" : "mounts");
	}
}

/* Return: 0, or -ELIBACC: nothing can be said of others either. */
static int look_at_contents(const struct rebind_restore_options *options, const struct mount *m,
			    int image_dir_fd, uint64_t *memory, struct findings *findings)
{
	struct archive_fault fault = { "" };
	struct mount_contents done = { 0 };
	char name[64];
	cleanup_fd int in = caps_openat(image_dir_fd, image_contents_name(m, name),
					O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	/* As fs_tmpfs_fill() has it. */
	if (in == -ENOENT && !m->contents && filesystem_type_of(m->fstype) != FILESYSTEM_TYPE_TMPFS)
		return 0;
	if (in < 0) {
		findings_mount(findings, FINDING_NO_CONTENTS, m, NULL,
			       "its contents '%s' cannot be opened: %s%s", name, strerror(-in),
			       image_of_symlink(in));
		return 0;
	}
	struct archive_rules rules = contents_rules(options, in, m, m->contents, memory);

	rules.policy = ARCHIVE_LIST_ONLY | ARCHIVE_ANY_DEVICES;
	int err = archive_unpack(in, -EBADF, &rules, &done, NULL, NULL, NULL, &fault);
	bool other = !err && m->contents && m->contents->has_digest &&
		     memcmp(m->contents->digest, done.digest, sizeof(done.digest)) != 0;

	if (err == -ELIBACC)
		findings_mount(findings, FINDING_NO_CONTENTS, m, NULL,
			       "its contents '%s' cannot be read: %s", name, fault.text);
	else if (err == -EFBIG)
		findings_mount(findings, FINDING_CONTENTS_SIZE, m,
			       strstr(fault.text, "--max-contents") &&
					       !(m->contents && m->contents->entries)
				       ? "--max-contents SIZE"
				       : NULL,
			       "its contents '%s' are too many: %s", name, fault.text);
	else if (err || other)
		findings_mount(findings, FINDING_BAD_CONTENTS, m, NULL,
			       "its contents '%s' are damaged: %s", name,
			       err ? fault.text : "not the file that was dumped");
	return err == -ELIBACC ? err : 0;
}

void preflight_check(const struct rebind_restore_options *options, const struct mount_tree *tree,
		     const struct sources *sources, int image_dir_fd, struct findings *findings)
{
	uint64_t memory = 0;
	int err = 0;

	look_for_mountpoints(options, tree, sources, findings);
	look_for_parts(options, tree, sources, findings);
	look_for_plugins(options, tree, findings);
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (contents_is_first(tree, &tree->mounts[i]) &&
		    !contents_are_elsewhere(&tree->mounts[i]))
			err = look_at_contents(options, &tree->mounts[i], image_dir_fd, &memory,
					       findings);
}
