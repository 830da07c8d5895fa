/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peer groups of a tree: their members and their slaves. */
#ifndef REBIND_CMD_GROUPS_H
#define REBIND_CMD_GROUPS_H

#include "base/table.h"
#include "include/rebind.h"

struct group {
	uint32_t id;
	uint32_t master;   /* the group that this one is a slave of, or 0 */
	uint32_t n_peers;  /* mounts of the tree that are in it; 0: it is outside */
	uint32_t n_slaves; /* mounts of the tree that are its slaves */
	size_t first_peer; /* index in the tree */
	size_t first_slave;
};

/* All that the tree names, in the order in which it names them. */
struct groups {
	struct group *list;
	size_t n;
	struct table by_id;
};

/**
 * groups_find - look through a tree
 *
 * Return: 0 or -ENOMEM.
 */
int groups_find(const struct rebind_tree *tree, struct groups *ret);
void groups_free(struct groups *groups);
#define cleanup_groups cleanup(groups_free)

#endif
