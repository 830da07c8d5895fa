// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SELinux labels of an image. A kernel with SELinux shows those that a filesystem was mounted with,
 * and takes them again. Another kernel knows no such option: the filesystem is as well without, and
 * the caller is told.
 */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "mnt/fs/fs.h"
#include "model/filesystem.h"
#include "model/label.h"

/* selinuxfs is registered where SELinux runs; whether it is mounted does not matter. */
static bool has_selinux(void)
{
	cleanup_fd int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t size;

	return fd >= 0 && fd_slurp(fd, &text, &size) == 0 && strstr(text, "\tselinuxfs\n");
}

static int set_options(struct mount_tree *tree, struct mount *m, char *options)
{
	cleanup_free char *given = options;
	const char *kept = given ? arena_intern(&tree->strings, given, strlen(given)) : NULL;

	if (kept)
		m->options = kept;
	return kept ? 0 : -ENOMEM;
}

static void say(const struct mount *first, uint32_t n, const char *context, bool here)
{
	if (n && !here)
		log_warn("mount %u '%s'%s: SELinux labels are dropped: this kernel has no SELinux",
			 first->id, first->mountpoint, n > 1 ? " and others" : "");
	else if (!n && context)
		log_warn("--lsm-mount-context is not used: no filesystem of the image was mounted "
			 "with a context");
}

static bool has_labels(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (label_any(tree->mounts[i].options, NULL))
			return true;
	return false;
}

int fs_labels_settle(struct mount_tree *tree, const char *context)
{
	const struct mount *first = NULL;
	bool here = (context || has_labels(tree)) && has_selinux();
	uint32_t n = 0;
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct mount *m = &tree->mounts[i];

		if (m->owner != MOUNT_INTERNAL || !filesystem_find(m->fstype) ||
		    m->dev == tree->mounts[tree->root].dev ||
		    !label_any(m->options, here && context ? "context" : NULL))
			continue;
		if (!n++)
			first = m;
		if (!here)
			err = set_options(tree, m, label_drop_all(m->options));
		else if (context)
			err = set_options(tree, m, label_replace(m->options, context));
	}
	if (!err)
		say(first, n, context, here);
	return err;
}
