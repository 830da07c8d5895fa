// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/check/caller-mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "mnt/ns/request.h"
#include "model/filesystem.h"

struct check {
	const struct rebind_restore_options *options;
	const struct mount_tree *tree;
	const struct caller_mounts *callers;
	struct findings *findings;
};

uint32_t callers_mount_max(void)
{
	cleanup_fd int fd = open("/proc/sys/fs/mount-max", O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	unsigned long max =
		fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 ? strtoul(text, NULL, 10) : 0;

	return max < UINT32_MAX ? (uint32_t)max : UINT32_MAX - 1;
}

/* Of a set each namespace is counted for itself. */
static uint32_t most_of_one(const struct mount_tree *tree)
{
	uint32_t most = 0, n = 0, ns = 0;

	for (uint32_t i = 0; i < tree->n; i++) {
		n = i && tree->mounts[i].ns == ns ? n + 1 : 1;
		ns = tree->mounts[i].ns;
		most = n > most ? n : most;
	}
	return most;
}

/* fs.mount-max counts the copy of the caller's mounts and the new ones together. */
static void check_count(const struct check *c)
{
	uint32_t max = c->callers->max, n = most_of_one(c->tree);

	/* The staging root is one more. */
	if (max && (uint64_t)c->callers->n + n + 1 > max)
		findings_add(
			c->findings, FINDING_TOO_MANY_MOUNTS, 0, NULL, "raise sysctl fs.mount-max",
			"%u mounts of the image and %u of the caller are more than fs.mount-max (%u)",
			n, c->callers->n, max);
}

/* The one sysfs of a network namespace, say: read-only as a whole in the image, and in use by the
 * caller. */
static void check_single(const struct check *c, const struct mount *m, const struct filesystem *fs)
{
	char help[64];

	if (!fs->namespace || ns_request_names(c->options, fs->namespace))
		return;
	for (uint32_t i = 0; i < c->callers->tree->n; i++) {
		const struct mount *own = &c->callers->tree->mounts[i];

		if (strcmp(own->fstype, m->fstype) != 0 || (own->sb_flags & MS_RDONLY) ||
		    (filesystem_type_of(m->fstype) == FILESYSTEM_TYPE_CGROUP &&
		     !filesystem_same_options(own->options, m->options)))
			continue;
		snprintf(help, sizeof(help), "--new-ns %s or --join-ns %s:PID", fs->namespace,
			 fs->namespace);
		findings_mount(
			c->findings, FINDING_SUPERBLOCK, m, help,
			"its %s was read-only as a whole, and that of the caller's %s namespace is not",
			m->fstype, fs->namespace);
		return;
	}
}

static bool is_readonly_single(const struct mount *m, const struct filesystem *fs)
{
	return m->owner == MOUNT_INTERNAL && (m->sb_flags & MS_RDONLY) && fs &&
	       (fs->flags & FILESYSTEM_SINGLE);
}

static void check_singles(const struct check *c)
{
	for (uint32_t i = 0; i < c->tree->n; i++) {
		const struct mount *m = &c->tree->mounts[i];
		const struct filesystem *fs = filesystem_find(m->fstype);

		if (is_readonly_single(m, fs) && tree_first_of_superblock(c->tree, m) == i)
			check_single(c, m, fs);
	}
}

bool caller_mounts_needed(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		const struct mount *m = &tree->mounts[i];
		const struct filesystem *fs = filesystem_find(m->fstype);

		if (is_readonly_single(m, fs) ||
		    (m->owner == MOUNT_INTERNAL && fs && (fs->flags & FILESYSTEM_HOST_OPTIONS)))
			return true;
	}
	return false;
}

void caller_mounts_check(const struct rebind_restore_options *options,
			 const struct mount_tree *tree, const struct caller_mounts *callers,
			 struct findings *findings)
{
	struct check check = { options, tree, callers, findings };

	check_count(&check);
	check_singles(&check);
}
