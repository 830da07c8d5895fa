// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/groups.h"

void groups_free(struct groups *groups)
{
	free(groups->list);
	table_free(&groups->by_id);
	*groups = (struct groups){ 0 };
}

/* Return: the group of this number, new or not, or NULL (no memory). */
static struct group *named(struct groups *groups, uint32_t id)
{
	uint32_t i = table_get(&groups->by_id, id);

	if (i != TABLE_NONE)
		return &groups->list[i];
	if (table_put(&groups->by_id, id, (uint32_t)groups->n, NULL))
		return NULL;
	groups->list[groups->n] = (struct group){ .id = id };
	return &groups->list[groups->n++];
}

static int groups_add(struct groups *groups, const struct rebind_mount *mount, size_t index)
{
	struct group *own = mount->shared ? named(groups, mount->shared) : NULL;

	if (mount->shared && !own)
		return -ENOMEM;
	if (own && !own->n_peers++) {
		own->first_peer = index;
		own->master = mount->master;
	}
	struct group *master = mount->master ? named(groups, mount->master) : NULL;

	if (mount->master && !master)
		return -ENOMEM;
	if (master && !master->n_slaves++)
		master->first_slave = index;
	return 0;
}

int groups_find(const struct rebind_tree *tree, struct groups *ret)
{
	cleanup_groups struct groups groups = { 0 };
	size_t n = rebind_tree_count(tree);

	/* A mount names two at the most. */
	groups.list = calloc(2 * n + 1, sizeof(*groups.list));
	if (!groups.list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		int err = groups_add(&groups, &mount, i);

		if (err)
			return err;
	}
	*ret = groups;
	groups = (struct groups){ 0 };
	return 0;
}
