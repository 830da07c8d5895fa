// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/settle.h"

#include "base/log.h"
#include "mnt/check/masks.h"
#include "mnt/fs/fs.h"
#include "mnt/source/host-groups.h"

int settle_mounts(struct source_input *input, struct sources *ret)
{
	const struct rebind_restore_options *o = input->options;
	struct mount_tree *tree = input->tree;

	int err = fs_labels_settle(tree, o->lsm_mount_context);

	if (err)
		return log_error(err, "cannot settle the labels of the image");
	err = masks_check(o, tree, input->findings);
	if (err)
		return log_error(err, "cannot look for the mountpoints in proc and sysfs");
	err = fs_cgroup_check(tree, o, input->findings);
	if (err)
		return log_error(err, "cannot look for the cgroups of the image");
	err = source_find_all(input, ret);
	if (err)
		return log_error(err, "cannot look for the sources");
	err = host_groups_decide(o->sharing, tree, ret, input->findings);
	return err ? log_error(err, "cannot decide about the peer groups of the host") : 0;
}
