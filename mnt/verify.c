// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/verify.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ns.h"
#include "mnt/fs/binfmt.h"
#include "model/format.h"
#include "model/visible.h"

/* The text as the builder sees it, if it is in the namespace and /proc shows it; or an errno. */
static int open_text(int ns_fd, pid_t builder)
{
	char name[64];
	cleanup_fd int there = ns_open(builder, "mnt");

	if (there < 0 || !fd_same_file(there, ns_fd))
		return there < 0 ? there : -ESTALE;
	snprintf(name, sizeof(name), "/proc/%d/mountinfo", (int)builder);
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* With statmount a namespace can be read without anyone entering it. */
static int open_target(int ns_fd, pid_t builder, enum scan_reader reader, bool to_enter,
		       struct scan_target *ret)
{
	if (!to_enter && reader != SCAN_MOUNTINFO && scan_has_statmount() &&
	    sys_mntns_id(ns_fd, &ret->ns_id) == 0) {
		ret->mountinfo_fd = open_text(ns_fd, builder);
		return 0;
	}
	int err = scan_open(ns_fd, ret);

	return err ? err : scan_from_root(ret, builder);
}

static bool has_formats(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (formats_any(tree->mounts[i].formats))
			return true;
	return false;
}

static int read_formats(const struct scan_target *target, struct mount_tree *built)
{
	cleanup_visible struct visible visible = { 0 };
	int err = visible_find_all(built, &visible);

	return err ? err : binfmt_look(target, built);
}

int verify_namespace(const struct verify_input *in)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_tree struct mount_tree built = { 0 };
	bool formats = has_formats(in->planned);
	int err = open_target(in->ns_fd, in->builder, in->reader, formats, &target);

	if (!err && in->ns_helper)
		err = scan_from_cgroup(&target, in->ns_helper);
	if (!err)
		err = scan_read(&target, in->reader, &built);
	if (!err && formats)
		err = read_formats(&target, &built);
	if (!err)
		err = compare_built(in->planned, in->attributes, &built, in->differences);
	if (err)
		return scan_failed(err, "cannot read the new namespace back");
	return in->differences->n ? -ESTALE : 0;
}

int verify_set(struct scan_set *set, const struct verify_input *in)
{
	cleanup_tree struct mount_tree built = { 0 };
	cleanup_visible struct visible visible = { 0 };
	int err = scan_set_open(set);

	if (!err)
		err = scan_set_read(set, in->reader, &built, &visible);
	if (!err && has_formats(in->planned))
		err = binfmt_look(scan_set_target(set), &built);
	if (!err)
		err = compare_built(in->planned, in->attributes, &built, in->differences);
	if (err)
		return scan_failed(err, "cannot read the new namespaces back");
	return in->differences->n ? -ESTALE : 0;
}
