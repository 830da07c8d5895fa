/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linux.cgroupsPath: the cgroup that a runtime shows a container of each hierarchy. */
#ifndef REBIND_RUNTIME_OCI_CGROUP_PATH_H
#define REBIND_RUNTIME_OCI_CGROUP_PATH_H

#include "include/rebind.h"
#include "runtime/oci/config.h"

/**
 * cgroup_path_take - words of --cgroup-root for the cgroup mounts of an image
 * @name: of the configuration, for messages
 * @words: "CONTROLLER:/PATH" is added for each hierarchy with a mount that shows another cgroup
 *
 * A runtime makes a mount of type "cgroup" as the whole hierarchy if the container has a cgroup
 * namespace, else as the container's cgroup of each hierarchy (of version 1: runc and crun). That
 * is cgroupsPath, if it is absolute. What a relative one and "SLICE:PREFIX:NAME" stand for is the
 * runtime's to know: these are named in a warning where they would have counted.
 *
 * Return: 0 or -ENOMEM.
 */
int cgroup_path_take(const struct config *config, const char *name, const struct rebind_tree *tree,
		     struct strings *words);

#endif
