// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In a user namespace the kernel allows less: some filesystems never, others only where the
 * namespace that they show is its own too; what was mounted from outside is locked, with its flags
 * and together with what is mounted on it. Nothing tells of it but the attempt.
 */
#include "mnt/check/userns-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ns.h"
#include "base/path.h"
#include "mnt/scan/option-ids.h"
#include "mnt/ns/request.h"
#include "mnt/build/mount-attributes.h"
#include "model/filesystem.h"

#define INITIAL_USER_NS 0xeffffffdU /* its inode: PROC_USER_INIT_INO of the kernel */

static bool has_all_ids(void)
{
	cleanup(option_ids_free_maps) struct mount_idmap maps = { 0 };
	struct stat st;

	/* The maps are longer to read. */
	if (stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL_USER_NS)
		return true;
	return option_ids_read_own(&maps) == 0 && maps.n_uid == 1 && maps.uid->count == UINT32_MAX;
}

/* As after `unshare --user` alone. */
static bool is_in_anothers_mounts(void)
{
	cleanup_fd int mounts = ns_open(0, "mnt");
	cleanup_fd int owner = mounts < 0 ? -EBADF : ioctl(mounts, NS_GET_USERNS);

	/* EPERM: it is not below ours. */
	return mounts >= 0 && (owner < 0 ? errno == EPERM : !ns_is_own(owner, "user"));
}

static int try_filesystem(const char *fstype)
{
	cleanup_fd int fs_fd = fsopen(fstype, FSOPEN_CLOEXEC);

	if (fs_fd < 0 || fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	cleanup_fd int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -errno : 0;
}

static void check_filesystem(const struct rebind_restore_options *options, const struct mount *m,
			     struct findings *findings)
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	char help[64] = "";

	/* One that is still to be made or joined cannot be tried. */
	if (!fs || (fs->flags & FILESYSTEM_LAYERS) ||
	    (fs->namespace && ns_request_names(options, fs->namespace)) ||
	    try_filesystem(m->fstype) != -EPERM)
		return;
	if (fs->namespace)
		snprintf(help, sizeof(help), "--new-ns %s", fs->namespace);
	findings_mount(findings, FINDING_NOT_PERMITTED, m, *help ? help : NULL,
		       "this user namespace may not mount a %s%s%s%s", m->fstype,
		       *help ? ": the " : "", *help ? fs->namespace : "",
		       *help ? " namespace is not its own" : "");
}

static int open_source(const struct sources *sources, const struct source *source)
{
	const struct source_group *group = &sources->groups[source->group];

	return *source->rest ? path_open_beneath(group->path_fd, source->rest)
			     : fcntl(group->path_fd, F_DUPFD_CLOEXEC, 3);
}

static void check_source(const struct sources *sources, uint32_t i, const struct mount *m,
			 struct findings *findings)
{
	const struct source *source = &sources->of[i];
	const struct source_group *group = &sources->groups[source->group];
	cleanup_fd int fd = open_source(sources, source);
	cleanup_fd int clone = fd < 0 ? fd : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	/* A descriptor of a detached mount is of use as it is. */
	if (clone == -EINVAL && group->attributes_known)
		findings_mount(
			findings, FINDING_LOCKED, m, NULL,
			"its source is unbindable, or mounts are locked to places below it, in this user namespace");
	else if (clone >= 0 && mount_attributes_set(m, clone, group->attributes,
						    group->attributes_known) == -EPERM)
		findings_mount(
			findings, FINDING_LOCKED, m, NULL,
			"it cannot have its flags: those of its source are locked in this user namespace");
}

void userns_limits_check(const struct rebind_restore_options *options,
			 const struct mount_tree *tree, const struct sources *sources,
			 struct findings *findings)
{
	uint32_t root_dev = tree->mounts[tree->root].dev;

	if (has_all_ids() || ns_request_names(options, "user"))
		return;
	if (is_in_anothers_mounts()) {
		findings_add(findings, FINDING_NOT_PERMITTED, 0, NULL,
			     "run it in a mount namespace of its own, as unshare --mount makes it",
			     "the caller's mount namespace does not belong to its user namespace: "
			     "nothing can be mounted there, and no source cloned");
		return;
	}
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (sources->of[i].group != MOUNT_NONE)
			check_source(sources, i, m, findings);
		else if (m->owner == MOUNT_INTERNAL && m->dev != root_dev &&
			 tree_first_of_superblock(tree, m) == i)
			check_filesystem(options, m, findings);
	}
}
