// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/mount-info.h"

#include "model/tree.h"

int mount_info_find(const void *tree, int id, struct rebind_mount_info *info)
{
	const struct mount *m = tree_find(tree, (uint32_t)id);

	if (!m)
		return -ENOENT;
	*info = (struct rebind_mount_info){
		.size = info->size,
		.id = m->id,
		.parent_id = m->parent_id,
		.dev_major = MOUNT_DEV_MAJOR(m->dev),
		.dev_minor = MOUNT_DEV_MINOR(m->dev),
		.is_file = m->kind == MOUNT_KIND_UNKNOWN ? 2 : m->kind == MOUNT_KIND_FILE,
		.attributes = m->attributes,
		.mountpoint = mount_path(m),
		.root = m->root,
		.fstype = m->fstype,
		.source = m->source,
		.options = m->options,
		.sb_flags = m->sb_flags,
	};
	return 0;
}
