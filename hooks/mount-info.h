/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rebind_mount_info() for plugins, from the model. */
#ifndef REBIND_HOOKS_MOUNT_INFO_H
#define REBIND_HOOKS_MOUNT_INFO_H

#include "include/rebind-plugin.h"

/**
 * mount_info_find - answer rebind_mount_info()
 * @tree: a struct mount_tree
 */
int mount_info_find(const void *tree, int id, struct rebind_mount_info *info);

#endif
