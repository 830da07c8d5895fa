/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that CRIU will dump, as /proc shows them: can rebind do their mounts? */
#ifndef REBIND_RUNTIME_CRIU_PROCESS_TREE_H
#define REBIND_RUNTIME_CRIU_PROCESS_TREE_H

#include <sys/types.h>

#include "base/text.h"

struct criu_tree {
	pid_t *pids; /* the root of the tree first, parents before children */
	size_t n;
};

/**
 * criu_tree_read - the process and all below it
 *
 * They continue to run: one that is forked meanwhile may be missing, one that ends is ignored.
 * Return: 0, -ESRCH: there is no such process, or another negative errno.
 */
int criu_tree_read(pid_t pid, struct criu_tree *ret);
void criu_tree_free(struct criu_tree *tree);

/**
 * criu_tree_removed - removed files that processes have open and that cannot be made again: sockets
 * @ret: a sentence for each is appended: which process, which file
 *
 * Return: 0 or -ENOMEM.
 */
int criu_tree_removed(const struct criu_tree *tree, struct strings *ret);

/**
 * criu_tree_namespaces - processes in another namespace of a kind than the root of the tree
 * @ns: "mnt", ...
 * @ret: a sentence for each is appended
 *
 * Return: 0 or -ENOMEM.
 */
int criu_tree_namespaces(const struct criu_tree *tree, const char *ns, struct strings *ret);

#endif
