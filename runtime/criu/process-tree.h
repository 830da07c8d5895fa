/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that CRIU will dump, as /proc shows them: can rebind do their mounts? */
#ifndef REBIND_RUNTIME_CRIU_PROCESS_TREE_H
#define REBIND_RUNTIME_CRIU_PROCESS_TREE_H

#include "base/processes.h"
#include "base/text.h"

/**
 * criu_tree_removed - removed files that processes have open and that cannot be made again: sockets
 * @ret: a sentence for each is appended: which process, which file
 *
 * Return: 0 or -ENOMEM.
 */
int criu_tree_removed(const struct processes *tree, struct strings *ret);

/**
 * criu_tree_namespaces - processes in another namespace of a kind than the root of the tree
 * @ns: "mnt", ...
 * @ret: a sentence for each is appended
 *
 * Return: 0 or -ENOMEM.
 */
int criu_tree_namespaces(const struct processes *tree, const char *ns, struct strings *ret);

#endif
