// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel decides which files a proc or sysfs has: a new one, attached nowhere, tells
 * before anything is built whether a place will be there. Only what belongs to a process or to a
 * network device differs, and is left to the build.
 */
#include "mnt/check/masks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/names.h"
#include "base/path.h"
#include "base/sys.h"
#include "base/text.h"
#include "model/filesystem.h"

/* The filesystems in which the kernel alone makes names, and how each looks from here. */
static const struct {
	const char *fstype, *usual_place;
} kernels[] = {
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
};

struct search {
	const struct rebind_restore_options *options;
	const struct mount_tree *tree;
	struct findings *findings;
	int fds[ARRAY_SIZE(kernels)]; /* its root; -EBADF: not opened yet */
	struct names masked;	      /* of the paths */
	struct strings paths;
	bool *out;
	uint32_t n_out;
};

static void search_free(struct search *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++)
		fd_close(&s->fds[i]);
	names_free(&s->masked);
	strings_free(&s->paths);
	free(s->out);
}

/* Where a new one is refused, the caller's own has to do: it may hide things, and be covered. */
static int open_fresh(size_t kernel)
{
	cleanup_fd int fs = fsopen(kernels[kernel].fstype, FSOPEN_CLOEXEC);
	int fd = fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0
			 ? fsmount(fs, FSMOUNT_CLOEXEC, 0)
			 : -1;

	return fd >= 0 ? fd : open(kernels[kernel].usual_place, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static size_t kernel_of(const struct mount *m)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(kernels) && strcmp(kernels[i].fstype, m->fstype) != 0)
		i++;
	return i;
}

/* Does it differ between processes? @path: in the filesystem, with a leading slash */
static bool is_of_others(const char *path)
{
	return (path[1] >= '0' && path[1] <= '9') || path_rest_below(path, "/self") ||
	       path_rest_below(path, "/thread-self") || path_rest_below(path, "/net") ||
	       strstr(path, "/net/") || path_rest_below(path, "/fs/cgroup");
}

/* Is there nothing of that name in such a filesystem here? */
static bool is_missing(struct search *s, size_t kernel, const char *path)
{
	if (is_of_others(path))
		return false;
	if (s->fds[kernel] < 0)
		s->fds[kernel] = open_fresh(kernel);
	cleanup_fd int fd = s->fds[kernel] < 0 ? -EBADF : path_open_beneath(s->fds[kernel], path);

	return fd == -ENOENT;
}

static bool is_null(const struct mount *m)
{
	size_t n = strlen(m->root);

	return n >= 5 && strcmp(m->root + n - 5, "/null") == 0;
}

/* Nothing is lost with it where there is nothing to hide. */
static bool is_mask(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *first = &tree->mounts[tree_first_of_superblock(tree, m)];

	if (m->dev == tree->mounts[m->parent].dev || is_null(m) ||
	    (m->owner == MOUNT_EXTERNAL && m->kind == MOUNT_KIND_FILE))
		return true;
	return filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_TMPFS &&
	       ((m->attributes & MOUNT_ATTR_RDONLY) || (first->sb_flags & MS_RDONLY)) &&
	       (!first->contents || first->contents->entries <= 1);
}

/* The paths of --bundle's masks, as mountpoints are written. */
static int list_masked(struct search *s)
{
	const struct rebind_restore_options *o = s->options;
	int err = 0;

	for (size_t i = 0; i < o->n_masked && !err; i++) {
		cleanup_free char *path = path_normalize(o->masked[i]);

		err = path ? strings_print(&s->paths, "%s", path) : -ENOMEM;
		if (!err)
			err = names_put(&s->masked, s->paths.list[i], strlen(path), 1);
	}
	return err;
}

static bool is_listed(const struct search *s, const struct mount *m)
{
	return names_get(&s->masked, m->mountpoint, strlen(m->mountpoint)) != TABLE_NONE;
}

static void leave_out(struct search *s, uint32_t i)
{
	const struct mount *m = &s->tree->mounts[i];

	log_warn("mount %u '%s' is left out: it masks what this host does not have", m->id,
		 m->mountpoint);
	s->out[i] = true;
	s->n_out++;
}

static void look_at(struct search *s, uint32_t i)
{
	const struct mount *m = &s->tree->mounts[i], *parent = tree_parent(s->tree, m);
	size_t kernel = parent ? kernel_of(parent) : ARRAY_SIZE(kernels);

	if (kernel == ARRAY_SIZE(kernels) || parent->owner == MOUNT_PLUGIN)
		return;
	cleanup_free char *path = path_join(parent->root, tree_relative(s->tree, m));
	bool mask = is_mask(s->tree, m);

	if (!path || !is_missing(s, kernel, path))
		return;
	if ((mask && s->options->skip_missing_masks) || is_listed(s, m))
		leave_out(s, i);
	else
		findings_mount(s->findings, FINDING_NO_MOUNTPOINT, m,
			       mask ? "--skip-missing-masks to do without it" : NULL,
			       "its mountpoint does not exist in the %s of this host, and none can "
			       "be made there",
			       parent->fstype);
}

int masks_check(const struct rebind_restore_options *options, struct mount_tree *tree,
		struct findings *findings)
{
	cleanup(search_free) struct search s = {
		.options = options,
		.tree = tree,
		.findings = findings,
		.fds = { -EBADF, -EBADF },
		.out = calloc(tree->n + 1, sizeof(*s.out)),
	};

	int err = s.out ? list_masked(&s) : -ENOMEM;

	if (err)
		return err;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		/* A mount below one that is left out is left out, too. */
		if (m->parent != MOUNT_NONE && s.out[m->parent])
			s.out[i] = true;
		else
			look_at(&s, i);
	}
	return s.n_out ? tree_leave_out(tree, s.out) : 0;
}
