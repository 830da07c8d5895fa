/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several namespaces as one tree (model/tree.h). Their numbers are those of an image's files,
 * mountpoints-<number>.img. The first keeps its paths; "2:/path" is one of another.
 */
#ifndef REBIND_MODEL_SET_H
#define REBIND_MODEL_SET_H

#include "model/tree.h"

#define SET_MAX 1024 /* namespaces of one set */

/**
 * set_name - put the number of a namespace that is not the first before a mountpoint: "2:/path"
 * @m: of @set; its mountpoint has a leading '/' and no number yet
 *
 * Return: 0 or -ENOMEM, the mount as it was.
 */
int set_name(struct mount_tree *set, struct mount *m, uint32_t ns);

/**
 * set_add - the mounts of one more namespace, the first of all being the first
 * @set: has to be linked when all are in
 * @member: linked. Its strings must live as long as @set; what is malloc()ed for a mount goes over.
 *
 * Return: 0 or -ENOMEM.
 */
int set_add(struct mount_tree *set, struct mount_tree *member, uint32_t ns);

/**
 * set_find_name - the name in a set of a path that a user gives: "/path", "2:/path"
 * @ret_ns: the number of the namespace; without a number in @path, that of the first
 *
 * Return: malloc()ed; or NULL: no memory. Without a set, or such a namespace in it, it is the path
 * as it was given, of the first.
 */
char *set_find_name(const struct mount_tree *set, const char *path, uint32_t *ret_ns);

#endif
